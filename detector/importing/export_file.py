"""An export of ActivityWatch, from a file: all buckets, or a single one.

Rule 1: the file is looked at in place, event by event; memory holds no more of it than three integers an event.
Rule 2: a file that is none is refused with its place, before anything is kept.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final

import msgspec

from detector.errors import Problem, UserError
from detector.importing.door import Door
from detector.importing.model import Account, Progress

LARGEST: Final = 1 << 30
"""Bytes: ten years of a busy desktop."""
_STEP: Final = 20_000
_HINT: Final = 'An export begins with {"buckets": …; ActivityWatch writes one under "Raw Data", "Export all buckets".'


class _Bucket(msgspec.Struct):
    events: list[msgspec.Raw]
    id: str | None = None
    type: str | None = None
    hostname: str | None = None


class _Export(msgspec.Struct):
    buckets: dict[str, msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    id: str | msgspec.UnsetType = msgspec.UNSET


def read_export(path: Path, door: Door, account: Account, progress: Progress) -> None:
    """Let every event of the file in through the door.

    Raises:
        UserError: if it cannot be read, is too large, or is no export, with the place.
    """
    if path.is_fifo() or path.is_socket():
        raise UserError([Problem(file=str(path), message="is no plain file", hint=_HINT)])
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size > LARGEST:
                hint = "Export the buckets one by one, or let it read from the running ActivityWatch with --url."
                raise UserError([Problem(file=str(path), message="is larger than 1 GB", hint=hint)])
            if size == 0:
                raise UserError([Problem(file=str(path), message="is empty", hint=_HINT)])
            # Closed with the last that is cut out of it: whoever still holds a piece holds it open.
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as failure:
        raise UserError([Problem(file=str(path), message=f"cannot be read: {failure.strerror}")]) from None
    for name, raw in _buckets(path, whole).items():
        _read_bucket(name, raw, door, account, progress)


def _buckets(path: Path, whole: mmap.mmap) -> dict[str, msgspec.Raw]:
    content = memoryview(whole)
    if whole[:3] == b"\xef\xbb\xbf":
        content = content[3:]
    try:
        export = msgspec.json.decode(content, type=_Export)
    except msgspec.ValidationError:
        raise UserError([Problem(file=str(path), message="is no export of ActivityWatch", hint=_HINT)]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise UserError([_not_json(path, whole, str(wrong))]) from None
    except RecursionError:
        raise UserError([Problem(file=str(path), message="is nested too deeply to be an export", hint=_HINT)]) from None
    if export.buckets is not msgspec.UNSET:
        return export.buckets
    if export.id is not msgspec.UNSET:
        return {export.id: msgspec.Raw(content)}
    raise UserError([Problem(file=str(path), message="is no export of ActivityWatch", hint=_HINT)])


def _read_bucket(name: str, raw: msgspec.Raw, door: Door, account: Account, progress: Progress) -> None:
    try:
        bucket = msgspec.json.decode(raw, type=_Bucket)
    except (msgspec.DecodeError, RecursionError):
        account.say(f"{name}: it is not what a bucket should be")
        return
    admitted = door.admit(name, bucket.type or "", bucket.hostname)
    if admitted is None:
        return
    for number, event in enumerate(bucket.events, start=1):
        if number % _STEP == 0:
            progress(f"{name}, event {number:,} of {len(bucket.events):,}")
        door.take(admitted, number, event)


def _not_json(path: Path, whole: mmap.mmap, words: str) -> Problem:
    """Say where the file ceases to be JSON. Nothing of what stands there is shown: it may be a title."""
    _, _, place = words.rpartition("(byte ")
    at = int(place.rstrip(")")) if place.rstrip(")").isdigit() else len(whole)
    before = whole[:at]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    ends = "truncated" in words
    message = "is not JSON: it ends too early" if ends else "is not JSON from here on"
    return Problem(file=str(path), line=line, column=column, message=message, hint=_HINT)
