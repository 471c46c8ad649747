"""The quiet week: rules on, voice off for seven evenings. What is kept of that wish, and how far it has come.

Rule 1: the person begins it, and nobody else; it ends after seven evenings, or when the person says so.
Rule 2: an evening is what began on one day; it counts once it is over and at least 20 min of it are known.
Rule 3: whether an evening was quiet is said by its own beginning, so that a replay decides as the day did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from detector.core.attention.time_split import split_time
from detector.core.observations import PartnerTimeBegan
from detector.store.microseconds import to_instant, to_microseconds
from detector.store.model import StoredOccurrence
from detector.store.store import Store

EVENINGS: Final = 7
MIN_KNOWN: Final = timedelta(minutes=20)
_KEY: Final = "quiet_week"
_MAX_LENGTH: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWeek:
    """What the person wished. `since` None: it never began. `stopped`: ended early. `offered`: asked about once.

    `declined`: the codes of the rules whose proposal they do not want.
    """

    since: datetime | None = None
    stopped: bool = False
    offered: bool = False
    declined: tuple[str, ...] = ()


def load(store: Store) -> QuietWeek:
    """Return what is kept of it.

    Raises:
        StoreError: if the store cannot be read.
    """
    kept = store.state.get(_KEY)
    if not isinstance(kept, Mapping):
        return QuietWeek()
    since, declined = kept.get("since"), kept.get("declined")
    return QuietWeek(
        since=to_instant(since) if type(since) is int else None,
        stopped=kept.get("stopped") is True,
        offered=kept.get("offered") is True,
        declined=tuple(code for code in declined if isinstance(code, str)) if isinstance(declined, list) else (),
    )


def save(store: Store, week: QuietWeek) -> None:
    """Keep it, instead of what was kept before.

    Raises:
        StoreError: if the store cannot be written.
    """
    kept = {"stopped": week.stopped, "offered": week.offered, "declined": list(week.declined)}
    store.state.set(_KEY, kept if week.since is None else {"since": to_microseconds(week.since), **kept})


def start(store: Store, now: datetime) -> QuietWeek:
    """Let it begin with the next evening, anew where there was one before; return it.

    Raises:
        StoreError: if the store cannot be written.
    """
    week = QuietWeek(since=now, offered=True)
    save(store, week)
    return week


def stop(store: Store) -> QuietWeek:
    """End it early; return it.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    week = replace(load(store), stopped=True)
    save(store, week)
    return week


def evenings(store: Store, week: QuietWeek, zone: tzinfo | None = None) -> list[Sequence[StoredOccurrence]]:
    """Return the evenings that count, in order, each as its partner times. `zone` None: the system's own.

    Raises:
        StoreError: if the store cannot be read.
    """
    if week.since is None:
        return []
    since, earliest = week.since, week.since - _MAX_LENGTH
    began = store.history.observations_of([PartnerTimeBegan], since=earliest)
    quiet = {name for name, seen in began if isinstance(seen, PartnerTimeBegan) and seen.quiet}
    coverage = store.history.coverage(since=earliest)
    days: dict[date, list[StoredOccurrence]] = {}
    known: dict[date, timedelta] = {}
    for kept in store.history.occurrences(since=earliest):
        if kept.id not in quiet or kept.ended is None or kept.ended < since:
            continue
        day = kept.began.astimezone(zone).date()
        covered = [each.coverage for each in coverage if each.occurrence == kept.id]
        days.setdefault(day, []).append(kept)
        known[day] = known.get(day, timedelta()) + split_time((), covered, kept.began, kept.ended).share.known
    return [days[day] for day in sorted(days) if known[day] >= MIN_KNOWN]


def is_requested(store: Store) -> bool:
    """Return whether the person wants it still; whether it is over already is not looked at.

    Raises:
        StoreError: if the store cannot be read.
    """
    week = load(store)
    return week.since is not None and not week.stopped


def has_just_ended(store: Store, zone: tzinfo | None = None) -> bool:
    """Return whether all its evenings are over, and nothing was kept since.

    Raises:
        StoreError: if the store cannot be read.
    """
    week = load(store)
    done = evenings(store, week, zone) if not week.stopped else []
    last = done[-1][-1].ended if len(done) >= EVENINGS else None
    return last is not None and not store.history.occurrences(since=last)


def current_evening(store: Store, zone: tzinfo | None = None) -> int | None:
    """Return which evening of it comes next or is under way, counted from 1; None where nothing is to be quiet.

    Raises:
        StoreError: if the store cannot be read.
    """
    week = load(store)
    if week.since is None or week.stopped:
        return None
    done = len(evenings(store, week, zone))
    return done + 1 if done < EVENINGS else None


def decline(store: Store, code: str, *, wanted: bool = False) -> None:
    """Keep that the proposal for the rule is not wanted, or that it is `wanted` after all.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    week = load(store)
    others = tuple(other for other in week.declined if other != code)
    save(store, replace(week, declined=others if wanted else tuple(sorted((*others, code)))))


def should_offer(store: Store) -> bool:
    """Return whether the person has not been asked about it, has not begun it, and nothing was kept yet.

    Raises:
        StoreError: if the store cannot be read.
    """
    week = load(store)
    return week.since is None and not week.offered and not store.history.occurrences()
