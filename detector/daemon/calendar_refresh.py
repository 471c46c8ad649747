"""Ask one calendar anew and keep what it proposes: `python -m detector.daemon.calendar_refresh NUMBER`, a short-lived child.

Rule 1: what fails leaves all as it was, but for when it was tried and why it failed: the last good copy stays in force.
Rule 2: a copy is taken over whole, in one transaction, or not at all; a kill in the middle leaves the one before.
Rule 3: a calendar that suddenly holds no event at all is not believed by itself, for that is how many servers fail.
Rule 4: whatever hangs, the child ends: its own alarm ends it, also where nobody is left who would.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detector.calendars.connection import FetchFailed, Network
from detector.calendars.fetching import FetchedCalendar, FetchLimits, fetch
from detector.errors import EXIT_FAILED, EXIT_INPUT, StoreError, UserError
from detector.partner_time.proposals import Calendar
from detector.store.store import Store
from detector.zone import local_zone_name

if TYPE_CHECKING:
    from detector.calendars.model import ParsedCalendar
    from detector.calendars.proposing import ProposalChanges
    from detector.clock import Clock

LONGEST: Final = 50
"""Seconds of the child's own life; whoever started it waits for 60."""
MEMORY: Final = 512 << 20
"""Bytes that the child may ask for; it imports and reads in less than a third of that."""
MOST: Final = 500
"""Events ahead that may propose partner time. To change so many takes up to 2 s; nobody else can write then, and waits 5."""
TOO_MANY: Final = f"more than {MOST:,} of its events are meant as partner time; choose fewer, with --tag or --category"
EMPTY: Final = "there is no event in it any more, which is not believed; `turntoward calendar refresh` can"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What became of asking: the calendar as it is kept now, or None if it was removed meanwhile.

    `changes` and `reading` are there if a new copy was taken over. `wait`: for how long its server wants to be left alone.
    """

    calendar: Calendar | None
    changes: ProposalChanges | None = None
    reading: ParsedCalendar | None = None
    wait: timedelta | None = None


def refresh(
    store: Store,
    calendar: Calendar,
    clock: Clock,
    *,
    budget: FetchLimits | None = None,
    network: Network | None = None,
    believes: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Refreshed:
    """Ask the calendar, and keep what it proposes now. `believes`: also if there is no event in it any more.

    Raises:
        StoreError: if the store cannot be read or written; nothing is half kept.
    """
    try:
        fetched = fetch(calendar, budget, network)
    except FetchFailed as failed:
        return Refreshed(calendar=_tried(store, calendar, clock.now(), failed.why), wait=failed.wait)
    if fetched is None:
        return Refreshed(calendar=_tried(store, calendar, clock.now(), None))
    from detector.calendars.reading import read_calendar  # noqa: PLC0415 - what reads is not needed where nothing changed

    try:
        reading = read_calendar(
            fetched.content,
            choice=calendar.choice,
            zone=local_zone_name(),
            monotonic=clock.monotonic,
            progress=progress,
        )
    except UserError as wrong:
        return Refreshed(calendar=_tried(store, calendar, clock.now(), _clause(wrong)))
    if not reading.event_count and not believes and store.calendars.proposals(calendar.number):
        return Refreshed(calendar=_tried(store, calendar, clock.now(), EMPTY), reading=reading)
    if has_too_many(reading, clock.now()):
        return Refreshed(calendar=_tried(store, calendar, clock.now(), TOO_MANY), reading=reading)
    return take_over(store, calendar, fetched, reading, clock.now())


def has_too_many(reading: ParsedCalendar, now: datetime) -> bool:
    """Return whether more of the calendar's events are ahead, and meant as partner time, than anybody has evenings."""
    from detector.calendars.proposing import is_over  # noqa: PLC0415 - not needed where nothing changed

    if len(reading.events) <= MOST:
        return False
    ahead = (event for event in reading.events if not is_over(event.partner_time, now))
    return next(islice(ahead, MOST, None), None) is not None


def take_over(
    store: Store, calendar: Calendar, fetched: FetchedCalendar, reading: ParsedCalendar, now: datetime
) -> Refreshed:
    """Keep a copy as the last good one, and what it proposes; of a new calendar, itself as well. All of it or nothing.

    Raises:
        StoreError: if it cannot be kept.
    """
    from detector.calendars.proposing import apply_copy  # noqa: PLC0415 - what proposes is not needed where nothing changed

    with store.transaction():
        known = calendar if calendar.number is None else _as_now(store, calendar)
        if known is None:
            return Refreshed(calendar=None)
        kept = store.calendars.save(
            replace(known, etag=fetched.etag, modified=fetched.modified, refreshed=now, tried=now, why=None)
        )
        return Refreshed(calendar=kept, changes=apply_copy(store, kept, reading, now), reading=reading)


def _tried(store: Store, calendar: Calendar, now: datetime, why: str | None) -> Calendar | None:
    """Keep that it was asked, and what went wrong; return it as it is kept now, unless it was removed meanwhile."""
    with store.transaction():
        known = _as_now(store, calendar)
        if known is None:
            return None
        return store.calendars.save(replace(known, tried=now, why=why))


def _as_now(store: Store, calendar: Calendar) -> Calendar | None:
    found = (each for each in store.calendars.all() if each.number == calendar.number)
    return next((each for each in found if (each.place, each.choice) == (calendar.place, calendar.choice)), None)


def _clause(wrong: UserError) -> str:
    """Return the first sentence of what is wrong with a whole calendar, as it goes on after "it was asked, and"."""
    first = wrong.problems[0].message.partition(". ")[0].rstrip(".")
    return first[:1].lower() + first[1:]


def main() -> int:
    """Ask the calendar of the number on the command line, and write one line of JSON: `changed`, and seconds to `wait`."""
    signal.alarm(LONGEST)
    _keep_small()
    from detector.clock import SystemClock  # noqa: PLC0415 - bounded first
    from detector.paths import store_path  # noqa: PLC0415 - likewise

    try:
        number = int(sys.argv[1])
    except (IndexError, ValueError):
        return EXIT_INPUT
    try:
        with Store.open(store_path()) as store:
            calendar = next((each for each in store.calendars.all() if each.number == number), None)
            done = Refreshed(calendar=None) if calendar is None else refresh(store, calendar, SystemClock())
    except (StoreError, MemoryError):
        return EXIT_FAILED
    wait = None if done.wait is None else done.wait.total_seconds()
    sys.stdout.write(json.dumps({"changed": bool(done.changes), "wait": wait}) + "\n")
    return 0


def _keep_small() -> None:
    """Bound the memory where that is allowed, and be the first to go where it runs short, before the daemon."""
    import resource  # noqa: PLC0415 - the child alone needs it

    # As a service it may not bound itself; there the whole service is bounded, and this child is what goes first.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
