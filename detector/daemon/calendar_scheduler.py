"""Refresh the subscribed calendars now and then, each in a child process.

Invariant 1: without a subscription no job is planned, no process started and no server asked.
Invariant 2: nothing is fetched when the daemon starts or the device wakes up, but some minutes later, and not at the same time on
all devices.
Invariant 3: what fails is tried again after 10, 20, 40 minutes and so on, and no sooner than its server allows.
Invariant 4: text by strangers is read in a child process, which is killed when it takes too long; the daemon sees only its result.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from detector.clock import Clock
from detector.daemon.clock_watch import ClockWatch
from detector.i18n import _
from detector.store.model import Calendar
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.daemon.scheduler import Scheduler

# How long after the start, and after the device woke up, the first is fetched.
FIRST_WAIT: Final = timedelta(minutes=5)
RETRY: Final = timedelta(minutes=10)
# By up to this share of the interval each is fetched later than it could be, so that not all devices do so at once.
SPREAD: Final = 0.1
# Seconds for one calendar, of which at most 20 s go to fetching it.
CHILD_TIMEOUT: Final = 60.0
TOO_LONG: Final = _("reading it took too long, or more memory than it may have")

_JOB: Final = "calendars"
_ROOT: Final = str(Path(__file__).resolve().parents[2])

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildResult:
    """What became of a refresh: whether what is declared changed, and how long its server wants not to be asked again."""

    changed: bool = False
    wait: timedelta | None = None


# Refreshes the calendar with this number; returns None if that failed to end.
Refresh: TypeAlias = Callable[[int], Awaitable[ChildResult | None]]


class CalendarScheduler:
    """Refreshes the calendars that are due, one after another. `changed` is called when partner times were changed by that."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        scheduler: Scheduler,
        interval: Callable[[], timedelta],
        changed: Callable[[], None],
        refresh: Refresh | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._scheduler = scheduler
        self._interval = interval
        self._changed = changed
        self._refresh_one = refresh or refresh_in_child
        self._clock_watch = ClockWatch(clock)
        self._not_before = clock.now() + FIRST_WAIT
        self._failed: dict[int, int] = {}
        self._waits: dict[int, timedelta] = {}
        self._is_refreshing = False
        self._planned: datetime | None = None

    def update(self) -> None:
        """Plan the next refresh. Idempotent, and cheap: it is called after every reconciliation."""
        self._check_clock()
        if not self._is_refreshing:
            self._plan(min((self.due(calendar) for calendar in self._subscribed()), default=None))

    def due(self, calendar: Calendar) -> datetime:
        interval, now, number = self._interval(), self._clock.now(), calendar.number or 0
        if calendar.tried is None or calendar.tried > now:  # the clock was set back
            return self._not_before
        after = interval
        if calendar.why is not None:
            # The power is bounded: after weeks of failures it would have hundreds of digits.
            tries = max(1, self._failed.get(number, 1))
            after = max(min(interval, RETRY * 2 ** min(tries - 1, 16)), self._waits.get(number, timedelta()))
        return max(self._not_before, calendar.tried + after + after * SPREAD * _spread(calendar))

    async def refresh(self) -> None:
        """Refresh every calendar that is due, and plan the next refresh."""
        self._planned = None
        self._check_clock()
        if self._is_refreshing:
            return
        self._is_refreshing = True
        try:
            for calendar in self._subscribed():
                if self.due(calendar) <= self._clock.now():
                    await self._refresh(calendar)
        finally:
            self._is_refreshing = False
        self.update()

    async def _refresh(self, calendar: Calendar) -> None:
        number = calendar.number or 0
        result = await self._refresh_one(number)
        if result is None:
            self._note_failure(number)
        # Read again: the child stored what came of it, and the person may have removed the calendar meanwhile.
        after = next((known for known in self._store.calendars.all() if known.number == number), None)
        if after is None:  # removed meanwhile
            return
        self._waits.pop(number, None)
        if after.why is None:
            self._failed.pop(number, None)
        else:
            self._failed[number] = self._failed.get(number, 0) + 1
            if result is not None and result.wait is not None:
                self._waits[number] = result.wait
        if after.why is not None and calendar.why is None:
            logger.warning("calendar %d could not be refreshed: %s", number, after.why)
        elif after.why is None and calendar.why is not None:
            logger.info("calendar %d is refreshed again", number)
        if result is not None and result.changed:
            self._changed()

    def _check_clock(self) -> None:
        # After a sleep all calendars are due at once, and the network may not be up yet.
        if self._clock_watch.check() is not None:
            self._not_before = self._clock.now() + FIRST_WAIT

    def _note_failure(self, number: int) -> None:
        with self._store.transaction():
            for calendar in self._store.calendars.all():
                if calendar.number == number:
                    self._store.calendars.save(replace(calendar, tried=self._clock.now(), why=TOO_LONG))

    def _subscribed(self) -> Sequence[Calendar]:
        found = [calendar for calendar in self._store.calendars.all() if calendar.subscribed]
        for gone in {*self._failed, *self._waits}.difference(calendar.number for calendar in found):
            self._failed.pop(gone, None)
            self._waits.pop(gone, None)
        return found

    def _plan(self, at: datetime | None) -> None:
        # Setting a job wakes the scheduler, and this is called once a minute.
        if at != self._planned:
            self._planned = at
            self._scheduler.set_job(_JOB, at, self.refresh)


async def refresh_in_child(number: int) -> ChildResult | None:
    """Refresh the calendar in a child process, which stores what it found; return its result, None if it was killed."""
    paths = [_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        child = await asyncio.create_subprocess_exec(
            # -P: a file in the working directory must not take the place of a module.
            sys.executable,
            "-P",
            "-m",
            "detector.daemon.calendar_refresh_process",
            str(number),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=1 << 12,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(CHILD_TIMEOUT):
            output, _errors = await child.communicate()
    except TimeoutError:
        return None
    finally:
        with suppress(ProcessLookupError):
            child.kill()
    return _parse(output) if child.returncode == 0 else None


def _parse(output: bytes) -> ChildResult | None:
    try:
        read = json.loads(output)
        wait = read["wait"]
        return ChildResult(
            changed=read["changed"] is True, wait=None if wait is None else timedelta(seconds=float(wait))
        )
    except (ValueError, KeyError, TypeError):
        return None


def _spread(calendar: Calendar) -> float:
    # `update` computes the instant again each minute, so the spread must not be random each time.
    seed = f"{calendar.number}{calendar.name}{calendar.tried}".encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:4], "big") / (1 << 32)
