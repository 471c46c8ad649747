"""Recordings: observations as JSON Lines, to replay, to test with, to send with a report of a bug.

Invariant 1: the first line is the heading, every other one an observation, in order of time.
Invariant 2: reading is a stream: a long recording or a long line does not take much memory.
Invariant 3: every problem is named with its place; after the first one no observation is yielded.
Invariant 4: a recording may be given away, so it contains no title, not even that of the partner time.
"""

from __future__ import annotations

import json
import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TextIO

from detector.core.observations import LAPTOP, Observation, PartnerTimeBegan
from detector.errors import Problem, UserError, printable
from detector.files import open_regular
from detector.i18n import _
from detector.partner_time.model import DEFAULT_TITLE
from detector.store.codec import TEXT, InvalidObservation

VERSION: Final = 1
MAX_LINE_BYTES: Final = 65_536
MAX_PROBLEMS: Final = 20
"""Maximum number of problems that are listed; the rest is counted."""

_MAX_SOURCE: Final = 240
_EXAMPLE: Final = '{"turntoward": "recording", "version": 1, "device": "laptop", "note": ""}'


def write_recording(
    target: Path | TextIO, observations: Iterable[Observation], *, device: str = LAPTOP, note: str = ""
) -> int:
    """Write a recording, return how many observations are in it. A new file is 0600 and appears when it is whole."""

    def write(file: IO[str]) -> int:
        heading = {"turntoward": "recording", "version": VERSION, "device": device, "note": note}
        file.write(json.dumps(heading, ensure_ascii=False) + "\n")
        written = 0
        for observation in observations:
            began = isinstance(observation, PartnerTimeBegan)
            plain = TEXT.write(observation) | ({"title": DEFAULT_TITLE} if began else {})
            file.write(json.dumps(plain, ensure_ascii=False) + "\n")
            written += 1
        return written

    if not isinstance(target, Path):
        return write(target)
    # Beside the target and renamed at the end: a recording that breaks off half way must not look like a whole one.
    # The process id, for two processes may write the same recording.
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            written = write(file)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return written


def read_recording(source: Path | BinaryIO, name: str | None = None) -> Iterator[Observation]:
    """Yield the observations of a recording, in order; `name` is how problems call the source.

    The observations before the first problem are valid. A caller that must not start before all of it is checked reads it
    twice. Raises `UserError` with every problem, each with its place; beyond `MAX_PROBLEMS` they are
    counted.
    """
    name = name or (str(source) if isinstance(source, Path) else "recording")
    problems = _RecordingProblems(name)
    with _opened(source, name) as file:
        yield from _observations(file, problems)
    problems.raise_if_any()


def shift(observations: Iterable[Observation], by: timedelta) -> Iterator[Observation]:
    for observation in observations:
        moved: dict[str, Any] = {name: getattr(observation, name) + by for name in TEXT.instants_of(observation)}
        yield replace(observation, **moved)


def _observations(file: BinaryIO, problems: _RecordingProblems) -> Iterator[Observation]:
    import msgspec  # noqa: PLC0415 - only when a recording is read

    decode, line, number, device, last = msgspec.json.Decoder().decode, b"", 0, LAPTOP, None
    for number, line in enumerate(_lines(file), start=1):
        if len(line) > MAX_LINE_BYTES:
            problems.add(number, _("the line is longer than {count} bytes").format(count=f"{MAX_LINE_BYTES:,}"))
            continue
        try:
            plain = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if number == 1 or line.strip():
                problems.add(number, *_no_json(line))
            continue
        if number == 1:
            device = _heading(plain, line, problems)
            continue
        try:
            observation = _observation(plain, device)
        except InvalidObservation as error:
            problems.add(number, str(error), line, _column(line, error.field), error.hint)
            continue
        if last is not None and observation.at < last:
            at = TEXT.write(observation)["at"]
            message = _("{instant} is earlier than what stands above it").format(instant=at)
            problems.add(number, message, line, _column(line, "at"))
            continue
        last = observation.at
        # Reading goes on after the first problem, to find the others, but nothing more is handed out (invariant 3).
        if not problems.count:
            yield observation
    if not number:
        problems.add(1, _("the file is empty; a recording begins with its heading"), hint=_example())


def _observation(plain: Any, device: str) -> Observation:
    # `msgspec` makes plain dicts and nothing else of JSON's objects.
    if type(plain) is not dict:
        raise InvalidObservation(_("a line holds one object in braces"))
    if "kind" not in plain:
        raise InvalidObservation(_("'kind' is missing"))
    if "device" not in plain:
        plain["device"] = device
    observation = TEXT.read(plain.pop("kind"), plain)
    if "since" in plain and getattr(observation, "since", observation.at) > observation.at:
        raise InvalidObservation(_("'since' is later than 'at'"), "since")
    if "ends" in plain and getattr(observation, "ends", observation.at) < observation.at:
        raise InvalidObservation(_("'ends' is earlier than 'at'"), "ends")
    return observation


def _heading(plain: Any, line: bytes, problems: _RecordingProblems) -> str:
    if not isinstance(plain, dict) or plain.get("turntoward") != "recording":
        problems.add(1, _("this is no recording: its first line must be the heading"), line, hint=_example())
        return LAPTOP
    if plain.get("version") != VERSION:
        message = _("only version {version} of recordings is known here")
        if isinstance(plain.get("version"), int):
            message = _("only version {version} of recordings is known here; update turntoward to read it")
        problems.add(1, message.format(version=VERSION), line, _column(line, "version"))
    for unknown in sorted(plain.keys() - {"turntoward", "version", "device", "note"}):
        message = _("the heading has no field {field}").format(field=repr(unknown[:80]))
        problems.add(1, message, line, _column(line, unknown))
    for name in ("device", "note"):
        if not isinstance(plain.get(name, ""), str):
            problems.add(1, _("'{field}' must be text").format(field=name), line, _column(line, name))
    device = plain.get("device")
    return device if isinstance(device, str) and device else LAPTOP


def _lines(file: BinaryIO) -> Iterator[bytes]:
    # A line without an end must not fill the memory: what is too long is cut, and its rest skipped. Editors on Windows
    # put a byte order mark before the first line.
    mark = BOM_UTF8
    while line := file.readline(MAX_LINE_BYTES + 1):
        yield line.removeprefix(mark)
        mark = b""
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES + 1)


def _no_json(line: bytes) -> tuple[str, bytes, int]:
    # `msgspec` is fast, but names no column: the line is read once more by the parser that does.
    try:
        json.loads(line.decode())
    except json.JSONDecodeError as error:
        reason = f"{error.msg[0].lower()}{error.msg[1:]}"
        return _("this is no JSON: {reason}").format(reason=reason), line, error.colno
    except UnicodeDecodeError as error:
        return _("this is no UTF-8 text"), line, len(line[: error.start].decode()) + 1
    except (ValueError, RecursionError):
        pass
    return _("this is no JSON that a recording may hold"), line, 1


def _column(line: bytes, name: str | None) -> int:
    # The line is known to be JSON here, so that the first match is nearly always the field itself.
    match = name and re.search(re.escape(f'"{name}"') + r"\s*:\s*", line.decode("utf-8", "replace"))
    return match.end() + 1 if match else 1


@contextmanager
def _opened(source: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = open_regular(source, allow_pipe=True)
    except OSError as error:
        message = _("cannot be read: {reason}").format(reason=error.strerror)
        raise UserError([Problem(message=message, file=name)]) from None
    with file:
        yield file


@dataclass
class _RecordingProblems:
    """The problems found so far, and how many there are."""

    file: str
    shown: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, number: int, message: str, line: bytes = b"", column: int = 1, hint: str | None = None) -> None:
        self.count += 1
        if self.count <= MAX_PROBLEMS:
            # Somebody else may have written the line: control characters could move the cursor or colour the screen.
            text = printable(_text(line))
            source = text if 0 < len(text) <= _MAX_SOURCE else None
            place = Problem(message=message, file=self.file, line=number, column=column, source=source, hint=hint)
            self.shown.append(place)

    def raise_if_any(self) -> None:
        if self.count:
            unlisted = self.count - len(self.shown)
            message = _("and {count} more").format(count=f"{unlisted:,}")
            rest = [Problem(message=message, file=self.file)] if unlisted else []
            raise UserError([*self.shown, *rest])


def _example() -> str:
    return _("It looks like this: {example}").format(example=_EXAMPLE)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
