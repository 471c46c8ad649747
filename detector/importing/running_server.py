"""Read the history of a running aw-server, one span of time after another.

Invariant 1: memory stays flat however much there is: a span whose response is too large is requested in halves.
Invariant 2: what cannot be read of one bucket is named, and the others are read.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec

from detector.errors import TurntowardError
from detector.i18n import _
from detector.importing.model import ImportReport, ProgressCallback
from detector.importing.sanitizer import EventSanitizer, SourceBucket
from detector.importing.timeline import to_microseconds
from detector.sensors.activitywatch_server import ActivityWatchError, ActivityWatchServer, AnswerTooLarge

REQUESTED_SPAN: Final = timedelta(days=7)
MIN_SPAN: Final = timedelta(minutes=10)
_HINT: Final = _("Is it running, and at this address? Its default is http://127.0.0.1:5600.")


class ServerUnreadable(TurntowardError):
    """The aw-server could not be read: nothing of it was stored."""


def read_server(
    server: ActivityWatchServer,
    sanitizer: EventSanitizer,
    report: ImportReport,
    *,
    since: datetime,
    until: datetime,
    progress: ProgressCallback,
) -> None:
    """Pass every event of the server from `since` on to the sanitizer.

    Raises `ServerUnreadable` if there is no aw-server at the address.
    """
    with asyncio.Runner() as runner:
        try:
            found = runner.run(server.buckets())
            for name in sorted(found):
                type_, host = found[name].get("type"), found[name].get("hostname")
                bucket = sanitizer.accept_bucket(
                    name, type_ if isinstance(type_, str) else "", host if isinstance(host, str) else None
                )
                if bucket is not None:
                    reader = _BucketReader(bucket, runner, server, sanitizer, report)
                    reader.read(since, until, progress)
        except ActivityWatchError as error:
            problem = _("{url}: ActivityWatch {problem}.").format(url=server.url, problem=error)
            raise ServerUnreadable(f"{problem}\n  {_HINT}") from None


class _BucketReader:
    def __init__(
        self,
        bucket: SourceBucket,
        runner: asyncio.Runner,
        server: ActivityWatchServer,
        sanitizer: EventSanitizer,
        report: ImportReport,
    ) -> None:
        self._bucket = bucket
        self._runner = runner
        self._server = server
        self._sanitizer = sanitizer
        self._report = report
        # Counted over all spans, so that a problem names the same event however the spans were split.
        self._number = 0
        self._decoder = msgspec.json.Decoder(list[msgspec.Raw])

    def read(self, since: datetime, until: datetime, progress: ProgressCallback) -> None:
        at, split_at = since, None
        while at < until:
            ends = min(at + REQUESTED_SPAN, until)
            progress(f"{self._bucket.name}, {at:%Y-%m-%d}")
            self._read_span(at, ends, split_at)
            at, split_at = ends, to_microseconds(ends)

    def _read_span(self, at: datetime, ends: datetime, split_at: int | None) -> None:
        name = self._bucket.name
        try:
            events = self._decoder.decode(self._runner.run(self._server.between(name, at, ends)))
        except AnswerTooLarge:
            if ends - at <= MIN_SPAN:
                problem = _("{bucket}: too many events around {time}")
                self._report.add_problem(problem.format(bucket=name, time=f"{at:%Y-%m-%d %H:%M}"))
                return
            # An event that reaches over the middle comes in both halves, cut there: hence the split point.
            middle = at + (ends - at) / 2
            self._read_span(at, middle, split_at)
            self._read_span(middle, ends, to_microseconds(middle))
            return
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            problem = _("{bucket}: the response for {day} is not a list of events")
            self._report.add_problem(problem.format(bucket=name, day=f"{at:%Y-%m-%d}"))
            return
        for event in events:
            self._number += 1
            self._sanitizer.add(self._bucket, self._number, event, split_at=split_at)
