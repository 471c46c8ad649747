"""Read an export of ActivityWatch from a file: all buckets, or a single one.

Invariant 1: the file is read in place, event by event; memory holds no more of it than four integers an event.
Invariant 2: a file that is no export is refused with the place of the problem, before anything is stored.
"""

import mmap
from pathlib import Path
from typing import Final

import msgspec

from detector.errors import Problem, UserError
from detector.files import open_regular
from detector.i18n import _
from detector.importing.model import ImportReport, ProgressCallback
from detector.importing.sanitizer import EventSanitizer

MAX_BYTES: Final = 1 << 30
"""Ten years of a busy desktop."""
_PROGRESS_INTERVAL: Final = 20_000
_HINT: Final = _(
    'An export begins with {"buckets": …; ActivityWatch writes one under "Raw Data", "Export all buckets".'
)


class _ExportedBucket(msgspec.Struct):
    # Raw: the events stay where they are in the file until each is decoded.
    events: list[msgspec.Raw]
    id: str | None = None
    type: str | None = None
    hostname: str | None = None


class _ExportFile(msgspec.Struct):
    buckets: dict[str, msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    id: str | msgspec.UnsetType = msgspec.UNSET


def read_export(path: Path, sanitizer: EventSanitizer, report: ImportReport, progress: ProgressCallback) -> None:
    """Pass every event of the file to the sanitizer.

    Raises `UserError` if it cannot be read, is too large, or is no export, with the place.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            if size > MAX_BYTES:
                hint = _("Export the buckets one by one, or let it read from the running ActivityWatch with --url.")
                raise _export_error(path, _("is larger than 1 GB"), hint)
            if size == 0:
                raise _export_error(path, _("is empty"))
            # Never closed here: the raw events point into it, and it goes with the last of them.
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        message = _("cannot be read: {why}").format(why=error.strerror)
        raise UserError([Problem(file=str(path), message=message)]) from None
    for name, raw in _buckets(path, whole).items():
        _read_bucket(name, raw, sanitizer, report, progress)


def _buckets(path: Path, whole: mmap.mmap) -> dict[str, msgspec.Raw]:
    # Windows tools save JSON with a byte order mark, which is no JSON.
    content = memoryview(whole)
    if whole[:3] == b"\xef\xbb\xbf":
        content = content[3:]
    try:
        export = msgspec.json.decode(content, type=_ExportFile)
    except msgspec.ValidationError:
        raise _export_error(path, _("is no export of ActivityWatch")) from None
    except UnicodeDecodeError:
        raise _export_error(path, _("is no export of ActivityWatch: the name of a bucket is not text")) from None
    except msgspec.DecodeError as error:
        raise UserError([_not_json(path, whole, str(error))]) from None
    except RecursionError:
        raise _export_error(path, _("is nested too deeply to be an export")) from None
    if export.buckets is not msgspec.UNSET:
        return export.buckets
    if export.id is not msgspec.UNSET:
        return {export.id: msgspec.Raw(content)}
    raise _export_error(path, _("is no export of ActivityWatch"))


def _read_bucket(
    name: str, raw: msgspec.Raw, sanitizer: EventSanitizer, report: ImportReport, progress: ProgressCallback
) -> None:
    try:
        exported = msgspec.json.decode(raw, type=_ExportedBucket)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        report.add_problem(_("{bucket}: it is not what a bucket should be").format(bucket=name))
        return
    bucket = sanitizer.accept_bucket(name, exported.type or "", exported.hostname)
    if bucket is None:
        return
    for number, event in enumerate(exported.events, start=1):
        if number % _PROGRESS_INTERVAL == 0:
            activity = _("{bucket}, event {number} of {count}")
            progress(activity.format(bucket=name, number=f"{number:,}", count=f"{len(exported.events):,}"))
        sanitizer.add(bucket, number, event)


def _export_error(path: Path, message: str, hint: str = _HINT) -> UserError:
    return UserError([Problem(file=str(path), message=message, hint=hint)])


def _not_json(path: Path, whole: mmap.mmap, error: str) -> Problem:
    """Return where the file ceases to be JSON. Nothing of what stands there is shown: it may be a title."""
    place = error.rpartition("(byte ")[2].rstrip(")")
    at = int(place) if place.isdigit() else len(whole)
    before = whole[:at]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    message = _("is not JSON: it ends too early") if "truncated" in error else _("is not JSON from here on")
    return Problem(file=str(path), line=line, column=column, message=message, hint=_HINT)
