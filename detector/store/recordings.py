"""Recordings: observations as JSON Lines, to replay, to test with, to send with a report of a bug.

Rule 1: the first line is the heading, every other one observation, in order of time.
Rule 2: reading is a stream: memory stays flat however long the recording is, and so does a line.
Rule 3: every problem is named with its place; once there is one, nothing more is yielded.
Rule 4: a recording may be given away, so no title is in it, not even that of the partner time.
"""

from __future__ import annotations

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
from detector.errors import Problem, UserError
from detector.store.codec import TEXT, NotAnObservation

VERSION: Final = 1
LONGEST_LINE: Final = 65_536
SHOWN: Final = 20
"""Problems that are listed; the rest is counted."""

TITLE: Final = "Partner time"
_SOURCE: Final = 240
_LIKE: Final = 'It looks like this: {"turntoward": "recording", "version": 1, "device": "laptop", "note": ""}'


def write_recording(
    target: Path | TextIO, observations: Iterable[Observation], *, device: str = LAPTOP, note: str = ""
) -> int:
    """Write a recording and return how many observations are in it; a new file is 0600 and appears when it is whole.

    `device` is the one that recorded, `note` what a reader should know of the recording.
    """
    import json  # noqa: PLC0415 - reading does without it

    def write(file: IO[str]) -> int:
        heading = {"turntoward": "recording", "version": VERSION, "device": device, "note": note}
        file.write(json.dumps(heading, ensure_ascii=False) + "\n")
        written = 0
        for observation in observations:
            told = replace(observation, title=TITLE) if isinstance(observation, PartnerTimeBegan) else observation
            file.write(json.dumps(TEXT.write(told), ensure_ascii=False) + "\n")
            written += 1
        return written

    if not isinstance(target, Path):
        return write(target)
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

    What was yielded before the first problem is fit for use; whoever must not begin before the whole is known to be
    good goes over it twice.

    Raises:
        UserError: with every problem, each with its place; beyond `SHOWN` they are counted.
    """
    called = name or (str(source) if isinstance(source, Path) else "recording")
    problems = _Problems(called)
    with _opened(source, called) as file:
        yield from _observations(file, problems)
    problems.speak()


def shift(observations: Iterable[Observation], by: timedelta) -> Iterator[Observation]:
    """Yield the observations with every instant in them moved by `by`."""
    for observation in observations:
        moved: dict[str, Any] = {name: getattr(observation, name) + by for name in TEXT.instants_of(observation)}
        yield replace(observation, **moved)


def _observations(file: BinaryIO, problems: _Problems) -> Iterator[Observation]:
    import msgspec  # noqa: PLC0415 - only when a recording is read

    decode, line, number, device, last = msgspec.json.Decoder().decode, b"", 0, LAPTOP, None
    for number, line in enumerate(_lines(file), start=1):
        if len(line) > LONGEST_LINE:
            problems.add(number, f"the line is longer than {LONGEST_LINE:,} bytes")
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
        except NotAnObservation as wrong:
            problems.add(number, str(wrong), line, _column(line, wrong.field), wrong.hint)
            continue
        if last is not None and observation.at < last:
            at = TEXT.write(observation)["at"]
            problems.add(number, f"{at} is earlier than what stands above it", line, _column(line, "at"))
            continue
        last = observation.at
        if not problems.count:
            yield observation
    if not number:
        problems.add(1, "the file is empty; a recording begins with its heading", hint=_LIKE)


def _observation(plain: Any, device: str) -> Observation:
    if type(plain) is not dict:
        raise NotAnObservation("a line holds one object in braces")
    if "kind" not in plain:
        raise NotAnObservation("'kind' is missing")
    if "device" not in plain:
        plain["device"] = device
    observation = TEXT.read(plain.pop("kind"), plain)
    if "since" in plain and getattr(observation, "since", observation.at) > observation.at:
        raise NotAnObservation("'since' is later than 'at'", "since")
    if "ends" in plain and getattr(observation, "ends", observation.at) < observation.at:
        raise NotAnObservation("'ends' is earlier than 'at'", "ends")
    return observation


def _heading(plain: Any, line: bytes, problems: _Problems) -> str:
    if not isinstance(plain, dict) or plain.get("turntoward") != "recording":
        problems.add(1, "this is no recording: its first line must be the heading", line, hint=_LIKE)
        return LAPTOP
    if plain.get("version") != VERSION:
        newer = "; update turntoward to read it" if isinstance(plain.get("version"), int) else ""
        problems.add(1, f"only version {VERSION} of recordings is known here{newer}", line, _column(line, "version"))
    for unknown in sorted(plain.keys() - {"turntoward", "version", "device", "note"}):
        problems.add(1, f"the heading has no field {unknown[:80]!r}", line, _column(line, unknown))
    for name in ("device", "note"):
        if not isinstance(plain.get(name, ""), str):
            problems.add(1, f"'{name}' must be text", line, _column(line, name))
    device = plain.get("device")
    return device if isinstance(device, str) and device else LAPTOP


def _lines(file: BinaryIO) -> Iterator[bytes]:
    # A line without end must not fill the memory: what is too long is cut, and skipped up to its end.
    begin = BOM_UTF8
    while line := file.readline(LONGEST_LINE + 1):
        yield line.removeprefix(begin) if begin else line
        begin = b""
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE + 1)


def _no_json(line: bytes) -> tuple[str, bytes, int]:
    import json  # noqa: PLC0415 - only on a mistake

    try:
        json.loads(line.decode())
    except json.JSONDecodeError as wrong:
        return f"this is no JSON: {wrong.msg[0].lower()}{wrong.msg[1:]}", line, wrong.colno
    except UnicodeDecodeError as wrong:
        return "this is no UTF-8 text", line, len(line[: wrong.start].decode()) + 1
    except (ValueError, RecursionError):
        pass
    return "this is no JSON that a recording may hold", line, 1


def _column(line: bytes, name: str | None) -> int:
    """Return where the value of the field stands, or 1."""
    found = name and re.search(re.escape(f'"{name}"') + r"\s*:\s*", line.decode("utf-8", "replace"))
    return found.end() + 1 if found else 1


@contextmanager
def _opened(source: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = source.open("rb")
    except OSError as refused:
        raise UserError([Problem(message=f"cannot be read: {refused.strerror}", file=name)]) from None
    with file:
        yield file


@dataclass
class _Problems:
    """What was found wrong so far, and how often."""

    file: str
    shown: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, number: int, message: str, line: bytes = b"", column: int = 1, hint: str | None = None) -> None:
        self.count += 1
        if self.count <= SHOWN:
            # Others wrote the line: what could move the cursor or colour the screen is not passed on.
            text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in _text(line))
            source = text if 0 < len(text) <= _SOURCE else None
            place = Problem(message=message, file=self.file, line=number, column=column, source=source, hint=hint)
            self.shown.append(place)

    def speak(self) -> None:
        """Raise what was found, if anything was."""
        if self.count:
            more = self.count - len(self.shown)
            rest = [Problem(message=f"and {more:,} more", file=self.file)] if more else []
            raise UserError([*self.shown, *rest])


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
