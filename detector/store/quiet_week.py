"""The quiet week: its state in the store, and its progress. For seven evenings the rules decide and nothing is notified.

Invariant 1: only the person starts it; it ends after seven evenings, or when the person stops it.
Invariant 2: an evening is all partner time that began on one day. It counts once it is over and 20 min of it are known.
Invariant 3: the first observation of an evening records that it was quiet, so that a replay decides in the same way.
Invariant 4: every function raises `StoreError` if the store cannot be read or written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from detector.core.attention.time_split import split_time
from detector.core.observations import PartnerTimeBegan
from detector.partner_time.occurrences import MAX_LENGTH
from detector.store.microseconds import to_instant, to_microseconds
from detector.store.model import StoredOccurrence
from detector.store.store import Store

EVENINGS: Final = 7
MIN_KNOWN: Final = timedelta(minutes=20)
_KEY: Final = "quiet_week"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWeek:
    """The state of the quiet week, as it is stored."""

    since: datetime | None = None  # None: it was never started
    stopped: bool = False
    offered: bool = False  # the person was asked about it
    declined: tuple[str, ...] = ()  # the codes of the rules whose proposal the person declined


def load(store: Store) -> QuietWeek:
    stored = store.state.get(_KEY)
    if not isinstance(stored, Mapping):
        return QuietWeek()
    # Each value is checked: an older version, or a person with an editor, may have written something else.
    since, declined = stored.get("since"), stored.get("declined")
    return QuietWeek(
        since=to_instant(since) if type(since) is int else None,
        stopped=stored.get("stopped") is True,
        offered=stored.get("offered") is True,
        declined=tuple(code for code in declined if isinstance(code, str)) if isinstance(declined, list) else (),
    )


def save(store: Store, week: QuietWeek) -> None:
    stored = {"stopped": week.stopped, "offered": week.offered, "declined": list(week.declined)}
    store.state.set(_KEY, stored if week.since is None else {"since": to_microseconds(week.since), **stored})


def start(store: Store, now: datetime) -> QuietWeek:
    """Start it with the next evening, even if there was one before."""
    save(store, week := QuietWeek(since=now, offered=True))
    return week


def stop(store: Store) -> QuietWeek:
    save(store, week := replace(load(store), stopped=True))
    return week


def evenings(store: Store, week: QuietWeek, zone: tzinfo | None = None) -> list[Sequence[StoredOccurrence]]:
    """Return the evenings that count, in order, each as its occurrences. `zone` None: the system's own."""
    if week.since is None:
        return []
    # An occurrence may have begun before the week was started and end in it.
    since, earliest = week.since, week.since - MAX_LENGTH
    began = store.history.observations_by_kind([PartnerTimeBegan], since=earliest)
    quiet = {id_ for id_, event in began if isinstance(event, PartnerTimeBegan) and event.quiet}
    coverage = store.history.coverage(since=earliest)
    days: dict[date, list[StoredOccurrence]] = {}
    known: dict[date, timedelta] = {}
    for occurrence in store.history.occurrences(since=earliest):
        if occurrence.id not in quiet or occurrence.ended is None or occurrence.ended < since:
            continue
        day = occurrence.began.astimezone(zone).date()
        covered = [interval.coverage for interval in coverage if interval.occurrence == occurrence.id]
        days.setdefault(day, []).append(occurrence)
        totals = split_time((), covered, occurrence.began, occurrence.ended).totals
        known[day] = known.get(day, timedelta()) + totals.known
    return [days[day] for day in sorted(days) if known[day] >= MIN_KNOWN]


def is_requested(store: Store) -> bool:
    """Return whether the person started it and did not stop it; it may be over already."""
    week = load(store)
    return week.since is not None and not week.stopped


def has_just_ended(store: Store, zone: tzinfo | None = None) -> bool:
    """Return whether all its evenings are over, and no occurrence began since."""
    week = load(store)
    past = evenings(store, week, zone) if not week.stopped else []
    last = past[-1][-1].ended if len(past) >= EVENINGS else None
    return last is not None and not store.history.occurrences(since=last)


def current_evening(store: Store, zone: tzinfo | None = None) -> int | None:
    """Return the number of the evening that is next or under way, from 1; None outside the quiet week."""
    week = load(store)
    if week.since is None or week.stopped:
        return None
    past = len(evenings(store, week, zone))
    return past + 1 if past < EVENINGS else None


def decline(store: Store, code: str) -> None:
    """Save that the person does not want the proposal for the rule."""
    week = load(store)
    save(store, replace(week, declined=tuple(sorted({*week.declined, code}))))


def undecline(store: Store, code: str) -> None:
    """Save that the person may be shown a proposal for the rule again."""
    week = load(store)
    save(store, replace(week, declined=tuple(declined for declined in week.declined if declined != code)))


def should_offer(store: Store) -> bool:
    """Return whether the person was not asked about it, did not start it, and no occurrence is stored yet."""
    week = load(store)
    return week.since is None and not week.offered and not store.history.occurrences()
