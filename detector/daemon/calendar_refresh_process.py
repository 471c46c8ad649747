"""Fetch one calendar and store what it proposes. `python -m detector.daemon.calendar_refresh_process NUMBER` is the daemon's child.

Invariant 1: what fails changes nothing but when it was tried and why it failed: the last good copy stays in use.
Invariant 2: a copy is stored whole, in one transaction, or not at all; a kill in the middle leaves the one before.
Invariant 3: a calendar that suddenly has no event at all is not believed by itself, for that is how many servers fail.
Invariant 4: whatever hangs, the child ends: its own alarm ends it, even if the daemon is gone.
"""

from __future__ import annotations

import json
import resource
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
from detector.clock import Clock, SystemClock
from detector.errors import EXIT_FAILED, EXIT_INPUT, StoreError, UserError
from detector.i18n import _
from detector.paths import store_path
from detector.store.model import Calendar
from detector.store.store import Store
from detector.zone import local_zone_name

if TYPE_CHECKING:
    from detector.calendars.model import ParsedCalendar
    from detector.calendars.proposing import ProposalChanges

# After so long the child ends itself; the daemon waits for 60 s.
MAX_SECONDS: Final = 50
# Bytes that the child may use; it imports and reads in less than a third of that.
MAX_MEMORY: Final = 512 << 20
# Future events that may propose partner time. Storing so many takes up to 2 s, in which all others wait to write, up to 5 s.
MAX_EVENTS: Final = 500
TOO_MANY: Final = _(
    "more than {count} of its events are meant as partner time; choose fewer, with --tag or --category"
).format(count=f"{MAX_EVENTS:,}")
EMPTY: Final = _("it has no events any more, which is probably a mistake; `turntoward calendar refresh` can confirm it")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult:
    """What became of a refresh: the calendar as it is stored now, or None if it was removed meanwhile.

    `changes` and `reading`: of a new copy, if there was one. `wait`: how long its server wants not to be asked again.
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
    accept_empty: bool = False,
    progress: Callable[[str], None] | None = None,
) -> RefreshResult:
    """Fetch the calendar, and store what it proposes now. `accept_empty`: also if it has no event any more."""
    try:
        fetched = fetch(calendar, budget, network)
    except FetchFailed as failed:
        return RefreshResult(calendar=_store_attempt(store, calendar, clock.now(), failed.why), wait=failed.wait)
    if fetched is None:
        return RefreshResult(calendar=_store_attempt(store, calendar, clock.now(), None))
    from detector.calendars.reading import read_calendar  # noqa: PLC0415 - start-up: most fetches say that nothing changed, and 0.1 s is saved

    try:
        reading = read_calendar(
            fetched.content,
            choice=calendar.choice,
            zone=local_zone_name(),
            now=clock.now(),
            monotonic=clock.monotonic,
            progress=progress,
        )
    except UserError as wrong:
        return RefreshResult(calendar=_store_attempt(store, calendar, clock.now(), _as_clause(wrong)))
    if not reading.event_count and not accept_empty and store.calendars.proposals(calendar.number):
        return RefreshResult(calendar=_store_attempt(store, calendar, clock.now(), EMPTY), reading=reading)
    if has_too_many(reading, clock.now()):
        return RefreshResult(calendar=_store_attempt(store, calendar, clock.now(), TOO_MANY), reading=reading)
    return store_copy(store, calendar, fetched, reading, clock.now())


def has_too_many(reading: ParsedCalendar, now: datetime) -> bool:
    from detector.calendars.proposing import is_over  # noqa: PLC0415 - as in `refresh`

    if len(reading.events) <= MAX_EVENTS:
        return False
    ahead = (event for event in reading.events if not is_over(event.partner_time, now))
    return next(islice(ahead, MAX_EVENTS, None), None) is not None


def store_copy(
    store: Store,
    calendar: Calendar,
    fetched: FetchedCalendar,
    reading: ParsedCalendar,
    now: datetime,
    *,
    is_confirmed: bool = False,
) -> RefreshResult:
    """Store the copy as the last good one, what it proposes, and the calendar itself if it is new. All of it or nothing.

    `is_confirmed`: the person was shown this copy.
    """
    from detector.calendars.proposing import apply_copy, to_stored  # noqa: PLC0415 - as in `refresh`

    with store.transaction():
        known = calendar if calendar.number is None else _current(store, calendar)
        if known is None:
            return RefreshResult(calendar=None)
        kept = store.calendars.save(
            replace(
                known,
                etag=fetched.etag,
                modified=fetched.modified,
                refreshed=now,
                tried=now,
                why=None,
                problems=to_stored(reading.problems),
            )
        )
        changes = apply_copy(store, kept, reading, now, is_confirmed=is_confirmed)
        return RefreshResult(calendar=kept, changes=changes, reading=reading)


def _store_attempt(store: Store, calendar: Calendar, now: datetime, why: str | None) -> Calendar | None:
    # None: the calendar was removed, or got another address, while it was fetched.
    with store.transaction():
        known = _current(store, calendar)
        if known is None:
            return None
        return store.calendars.save(replace(known, tried=now, why=why))


def _current(store: Store, calendar: Calendar) -> Calendar | None:
    # The person may have changed its address or its choice of events while it was fetched; then the copy is not of it.
    found = (known for known in store.calendars.all() if known.number == calendar.number)
    return next(
        (known for known in found if (known.location, known.choice) == (calendar.location, calendar.choice)), None
    )


def _as_clause(wrong: UserError) -> str:
    # It goes on after "it was asked, and".
    first = wrong.problems[0].message.partition(". ")[0].rstrip(".")
    return first[:1].lower() + first[1:]


def main() -> int:
    """Refresh the calendar with the number on the command line; write one line of JSON: `changed`, and seconds to `wait`."""
    signal.alarm(MAX_SECONDS)
    _limit_memory()
    try:
        number = int(sys.argv[1])
    except (IndexError, ValueError):
        return EXIT_INPUT
    try:
        with Store.open(store_path()) as store:
            calendar = next((known for known in store.calendars.all() if known.number == number), None)
            done = RefreshResult(calendar=None) if calendar is None else refresh(store, calendar, SystemClock())
    except (StoreError, MemoryError):
        return EXIT_FAILED
    wait = None if done.wait is None else done.wait.total_seconds()
    sys.stdout.write(json.dumps({"changed": bool(done.changes), "wait": wait}) + "\n")
    return 0


def _limit_memory() -> None:
    # Where memory runs short this process shall be killed, not the daemon.
    # The unit forbids setrlimit; there systemd limits the whole service, and the kernel kills this process first.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
