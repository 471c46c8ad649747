"""Ask the calendars that the person subscribed to anew, now and then: when, how seldom, and in a child of its own.

Rule 1: without a subscription nothing is planned, nothing is started and nothing is asked.
Rule 2: not when the daemon starts, and not when the device wakes up: some minutes later, and not every device at once.
Rule 3: what fails is asked again after 10, 20, 40 minutes and so on, and no sooner than its server wants to be.
Rule 4: what strangers wrote is read in a child that is killed when it takes too long; here only its end is seen.
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
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from detector.clock import Clock
from detector.daemon.clock_watch import ClockWatch
from detector.partner_time.proposals import Calendar
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.daemon.scheduler import Action

FIRST: Final = timedelta(minutes=5)
"""How long after the start, and after the device woke up, the first is asked."""
RETRY: Final = timedelta(minutes=10)
SPREAD: Final = 0.1
"""By up to this share of the interval each is asked later than it could be, so that not all devices ask at once."""
PATIENCE: Final = 60.0
"""Seconds that the child gets for one calendar: it fetches for at most 20 s."""
TOO_LONG: Final = "reading it took too long, or more memory than it may have"

_JOB: Final = "calendars"
_ROOT: Final = str(Path(__file__).resolve().parents[2])

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of asking: whether what is declared changed, and for how long its server wants to be left alone."""

    changed: bool = False
    wait: timedelta | None = None


Ask: TypeAlias = Callable[[int], Awaitable[Done | None]]
"""Asks the calendar of this number; None if that came to no end."""


class Planning(Protocol):
    """What is needed of the scheduler."""

    def set_job(self, name: str, at: datetime | None, action: Action) -> None:
        """Call `action` once at `at`."""


class CalendarRefresher:
    """Asks what is due, one after another. `changed` is called when something else is declared than before."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        scheduler: Planning,
        interval: Callable[[], timedelta],
        changed: Callable[[], None],
        ask: Ask | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._scheduler = scheduler
        self._interval = interval
        self._changed = changed
        self._ask = ask or in_a_child
        self._clock_watch = ClockWatch(clock)
        self._not_before = clock.now() + FIRST
        self._failed: dict[int, int] = {}
        self._waits: dict[int, timedelta] = {}
        self._asking = False
        self._planned: datetime | None = None

    def update(self) -> None:
        """Plan the next asking by what is subscribed to now. Idempotent, and cheap: it comes after every look."""
        self._check_clock()
        if not self._asking:
            self._plan(min((self.due(each) for each in self._subscribed()), default=None))

    def due(self, calendar: Calendar) -> datetime:
        """Return when the calendar is to be asked again."""
        interval, now, number = self._interval(), self._clock.now(), calendar.number or 0
        if calendar.tried is None or calendar.tried > now:  # the clock was set back
            return self._not_before
        after = interval
        if calendar.why is not None:
            tries = max(1, self._failed.get(number, 1))
            after = max(min(interval, RETRY * 2 ** min(tries - 1, 16)), self._waits.get(number, timedelta()))
        return max(self._not_before, calendar.tried + after + after * SPREAD * _share(calendar))

    async def refresh(self) -> None:
        """Ask every calendar that is due by now, and plan the next asking.

        Raises:
            StoreError: if the store cannot be read or written.
        """
        self._planned = None
        self._check_clock()
        if self._asking:
            return
        self._asking = True
        try:
            for calendar in self._subscribed():
                if self.due(calendar) <= self._clock.now():
                    await self._refresh(calendar)
        finally:
            self._asking = False
        self.update()

    async def _refresh(self, calendar: Calendar) -> None:
        number = calendar.number or 0
        done = await self._ask(number)
        if done is None:
            self._note_failure(number)
        after = next((each for each in self._store.calendars.all() if each.number == number), None)
        if after is None:  # removed meanwhile
            return
        self._waits.pop(number, None)
        if after.why is None:
            self._failed.pop(number, None)
        else:
            self._failed[number] = self._failed.get(number, 0) + 1
            if done is not None and done.wait is not None:
                self._waits[number] = done.wait
        if after.why is not None and calendar.why is None:
            logger.warning("calendar %d could not be refreshed: %s", number, after.why)
        elif after.why is None and calendar.why is not None:
            logger.info("calendar %d is refreshed again", number)
        if done is not None and done.changed:
            self._changed()

    def _check_clock(self) -> None:
        if self._clock_watch.check() is not None:  # the device slept, or its clock was set
            self._not_before = self._clock.now() + FIRST

    def _note_failure(self, number: int) -> None:
        with self._store.transaction():
            for each in self._store.calendars.all():
                if each.number == number:
                    self._store.calendars.save(replace(each, tried=self._clock.now(), why=TOO_LONG))

    def _subscribed(self) -> Sequence[Calendar]:
        found = [each for each in self._store.calendars.all() if each.subscribed]
        for gone in {*self._failed, *self._waits}.difference(each.number for each in found):
            self._failed.pop(gone, None)
            self._waits.pop(gone, None)
        return found

    def _plan(self, at: datetime | None) -> None:
        if at != self._planned:
            self._planned = at
            self._scheduler.set_job(_JOB, at, self.refresh)


async def in_a_child(number: int) -> Done | None:
    """Ask the calendar in a child, which keeps what it found; return what became of it, or None if it was killed."""
    paths = [_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "detector.daemon.calendar_refresh",
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
        async with asyncio.timeout(PATIENCE):
            said, _ = await child.communicate()
    except TimeoutError:
        return None
    finally:
        with suppress(ProcessLookupError):
            child.kill()
    return _read(said) if child.returncode == 0 else None


def _read(said: bytes) -> Done | None:
    try:
        told = json.loads(said)
        wait = told["wait"]
        return Done(changed=told["changed"] is True, wait=None if wait is None else timedelta(seconds=float(wait)))
    except (ValueError, KeyError, TypeError):
        return None


def _share(calendar: Calendar) -> float:
    """Return a number from 0 up to 1 that is another one each time, and the same however often it is asked for."""
    seed = f"{calendar.number}{calendar.name}{calendar.tried}".encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:4], "big") / (1 << 32)
