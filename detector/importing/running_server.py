"""A running aw-server as a source: asked for one stretch of time after another.

Rule 1: memory stays flat however much there is: a stretch whose answer is too large is asked for in halves.
Rule 2: what cannot be read of one bucket is named, and the others are read.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec

from detector.errors import TurntowardError
from detector.importing.door import Bucket, Door
from detector.importing.model import Account, Progress
from detector.importing.timeline import as_integer
from detector.sensors.activitywatch_server import ActivityWatchError, ActivityWatchServer, AnswerTooLarge

STRETCH: Final = timedelta(days=7)
SHORTEST: Final = timedelta(minutes=10)
_HINT: Final = "Is it running, and there? It answers at http://127.0.0.1:5600 unless it was told otherwise."


class SourceFailed(TurntowardError):
    """The aw-server could not be read: nothing of it was kept."""


def read_server(
    server: ActivityWatchServer, door: Door, account: Account, *, since: datetime, until: datetime, progress: Progress
) -> None:
    """Let every event of the server from `since` on in through the door.

    Raises:
        SourceFailed: if nobody answers there, or nobody who is an aw-server.
    """
    with asyncio.Runner() as runner:
        try:
            said = runner.run(server.buckets())
            for name in sorted(said):
                type_, host = said[name].get("type"), said[name].get("hostname")
                bucket = door.admit(
                    name, type_ if isinstance(type_, str) else "", host if isinstance(host, str) else None
                )
                if bucket is not None:
                    reading = _Reading(
                        bucket, runner=runner, server=server, door=door, account=account, progress=progress
                    )
                    reading.read(since, until)
        except ActivityWatchError as failure:
            raise SourceFailed(f"{server.url}: ActivityWatch {failure}.\n  {_HINT}") from None


class _Reading:
    """The reading of one bucket."""

    def __init__(
        self,
        bucket: Bucket,
        *,
        runner: asyncio.Runner,
        server: ActivityWatchServer,
        door: Door,
        account: Account,
        progress: Progress,
    ) -> None:
        self._runner = runner
        self._server = server
        self._door = door
        self._account = account
        self._bucket = bucket
        self._progress = progress
        self._number = 0
        self._decoder = msgspec.json.Decoder(list[msgspec.Raw])

    def read(self, since: datetime, until: datetime) -> None:
        at, goes_on_from = since, None
        while at < until:
            ends = min(at + STRETCH, until)
            self._progress(f"{self._bucket.name}, {at:%Y-%m-%d}")
            self._stretch(at, ends, goes_on_from)
            at, goes_on_from = ends, as_integer(ends)

    def _stretch(self, at: datetime, ends: datetime, goes_on_from: int | None) -> None:
        try:
            events = self._decoder.decode(self._runner.run(self._server.between(self._bucket.name, at, ends)))
        except AnswerTooLarge:
            if ends - at <= SHORTEST:
                self._account.say(f"{self._bucket.name}: too much is told of {at:%Y-%m-%d %H:%M}")
                return
            middle = at + (ends - at) / 2
            self._stretch(at, middle, goes_on_from)
            self._stretch(middle, ends, as_integer(middle))
            return
        except (msgspec.DecodeError, RecursionError):
            self._account.say(f"{self._bucket.name}: what is told of {at:%Y-%m-%d} is no list of events")
            return
        for event in events:
            self._number += 1
            self._door.take(self._bucket, self._number, event, goes_on_from=goes_on_from)
