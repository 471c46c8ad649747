"""Requests of commands, the session bus and the phone's page: change partner time, or answer a nudge.

Invariant 1: a request does the same wherever it comes from; an impossible one changes nothing.
Invariant 2: only the request is stored. The daemon acts on it when it next reconciles, and the caller wakes the daemon.
Invariant 3: an occurrence that has started is changed only by stop, skip, cancel, extend and remove.

Every function raises `StoreError` if the store cannot be read or written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, get_args

from detector.core.effects import Moment
from detector.core.observations import Answer
from detector.partner_time.edit_migration import migrate_edit
from detector.partner_time.model import Occurrence, PartnerTime, belongs_to, partner_time_from_now
from detector.partner_time.occurrences import occurrences_from
from detector.partner_time.schedule import latest_end
from detector.store.schedule import read_schedule, started_occurrences
from detector.store.store import Store

_ANSWER: Final = "answer_requested"
MAX_PAUSE: Final = timedelta(hours=24)
NEXT_HORIZON: Final = timedelta(days=366 * 9)
"""How far ahead the next occurrence is looked for: 29 February may come only once in eight years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditResult:
    """What became of an edit. `goes_on`: the occurrence that is under way as it started, if there is one.

    `left_out`: new occurrences that do not take place beside it. `unmatched`: earlier occurrences that were skipped, cancelled,
    stopped or extended, and have no occurrence on their day any more.
    """

    goes_on: Occurrence | None
    left_out: tuple[Occurrence, ...]
    unmatched: tuple[Occurrence, ...]


def start(store: Store, now: datetime, lasts: timedelta, title: str) -> Occurrence | None:
    """Declare partner time from `now` on, once, for one minute to 24 h, and return it.

    None where one is under way already.
    """
    if _under_way(store, now):
        return None
    store.plans.add(partner_time_from_now(title, lasts, now))
    return read_schedule(store, now).at(now).current


def stop(store: Store, now: datetime) -> tuple[Occurrence, ...]:
    """Stop all that is under way, and return it as it was planned, the current one first."""
    ending = _under_way(store, now)
    for occurrence in ending:
        store.plans.stop(occurrence.id, now)
    return ending


def extend(store: Store, now: datetime, by: timedelta) -> Occurrence | None:
    """Extend the current one by so much, up to 24 h in all, and return it with its later end.

    None where nothing is under way, or where it has the latest end already.
    """
    before = _under_way(store, now)
    if not before:
        return None
    ends = min(before[0].ends + by, latest_end(before[0]))
    if ends <= before[0].ends:
        return None
    store.plans.extend(before[0].id, ends)
    return _under_way(store, now)[0]


def current_or_next(store: Store, now: datetime, number: int | None = None) -> Occurrence | None:
    """Return the occurrence of this partner time, or of any, that is under way, else the next to come.

    None where there is none within `NEXT_HORIZON`, or where all of them are skipped or cancelled.
    """
    schedule = read_schedule(store, now)
    current = [occurrence for occurrence in schedule.under_way(now) if number in {None, occurrence.partner_time}]
    if current:
        return current[0]
    partner_times = [partner_time for partner_time in schedule.partner_times if number in {None, partner_time.number}]
    firsts = (
        next(schedule.upcoming_of(partner_time, now, within=NEXT_HORIZON), None) for partner_time in partner_times
    )
    upcoming = (occurrence for occurrence in firsts if occurrence is not None)
    return min(upcoming, key=lambda occurrence: occurrence.begins, default=None)


def skip(store: Store, now: datetime, number: int | None = None) -> Occurrence | None:
    """Skip the one under way, else the next one, of this partner time or of any, and return it.

    None where there is none to come.
    """
    # Found and skipped in one transaction, so that nobody can change the plan in between.
    with store.transaction():
        skipped = current_or_next(store, now, number)
        if skipped is not None:
            store.plans.skip(skipped.id, now)
        return skipped


def unskip(store: Store, now: datetime, number: int | None = None) -> Occurrence | None:
    """Let the one that was skipped or cancelled last take place after all, and return it; its replacement is removed.

    None where none is skipped that could still begin: what has begun and was ended does not come back.
    """
    with store.transaction():
        skipped = _skipped(store, now, number)
        if skipped is None:
            return None
        instead = next((each.instead for each in store.plans.cancelled() if each.occurrence == skipped.id), None)
        # A replacement that has started took place, and stays.
        if instead is not None and not any(
            each.occurrence.partner_time == instead for each in started_occurrences(store, now)
        ):
            store.plans.remove(instead)
        store.plans.unskip(skipped.id)
        return skipped


def cancel(
    store: Store, now: datetime, occurrence: Occurrence, instead: PartnerTime | None
) -> tuple[bool, PartnerTime | None]:
    """Cancel the occurrence and declare its replacement; return whether there was anything to cancel, and the replacement."""
    with store.transaction():
        if occurrence.id in store.plans.ended_early() or any(
            known.is_over for known in started_occurrences(store, now) if known.occurrence.id == occurrence.id
        ):
            return False, None
        made = None if instead is None else replace(instead, instead_of=occurrence.id)
        return True, store.plans.cancel(occurrence, now, made)


def edit(store: Store, now: datetime, changed: PartnerTime) -> EditResult | None:
    """Store it in place of the one with its number, all or nothing; return what became of it, None where there is none.

    Skipped, cancelled, stopped and extended occurrences to come stay so, by their local day. What is under way goes on as
    it started.
    """
    with store.transaction():
        schedule = read_schedule(store, now)
        before = next((known for known in schedule.partner_times if known.number == changed.number), None)
        if before is None:
            return None
        goes_on = schedule.still_running(changed.number, now)
        migration = migrate_edit(before, changed, now, schedule.exceptions, goes_on)
        store.plans.change(changed, migration.renamed)
        for occurrence in migration.left_out:
            store.plans.skip(occurrence.id, now)
        # A skip that has no day any more is forgotten, but not a cancellation: the report still tells of it.
        cancelled = {each.occurrence for each in store.plans.cancelled()}
        for occurrence in migration.unmatched:
            if occurrence.id not in cancelled:
                store.plans.unskip(occurrence.id)
        current = next((each for each in _under_way(store, now) if each.partner_time == changed.number), None)
    # The edit may itself have begun an occurrence: only what was under way before it goes on as it started.
    continued = current if current is not None and any(each.id == current.id for each in goes_on) else None
    return EditResult(goes_on=continued, left_out=migration.left_out, unmatched=migration.unmatched)


def request_answers(store: Store, moment: Moment, answers: Sequence[Answer]) -> None:
    """Let the daemon take these answers to the nudge, one after the other, as if its notification had been answered."""
    store.state.set(_ANSWER, [moment.occurrence, moment.number, *answers])


def take_answers(store: Store, occurrence: str) -> tuple[int, Sequence[Answer]] | None:
    """Return the nudge of this occurrence whose answers were requested, with them, and forget the request."""
    match store.state.get(_ANSWER):
        case [str(id_), int(nudge), *answers]:
            store.state.set(_ANSWER, None)
            known = [answer for answer in get_args(Answer) if answer in answers]
            return (nudge, known) if id_ == occurrence and known else None
    return None


def _skipped(store: Store, now: datetime, number: int | None) -> Occurrence | None:
    skipped, stopped_at = store.plans.skipped(), store.plans.ended_early()
    started = {known.occurrence.id for known in started_occurrences(store, now)}
    found = [
        each
        for known in store.plans.partner_times()
        if number in {None, known.number} and any(belongs_to(id_, known.number) for id_ in skipped)
        for each in occurrences_from(known, now, NEXT_HORIZON)
        if each.id in skipped and each.ends > now and each.id not in started
    ]
    return max(found, key=lambda each: (stopped_at[each.id], each.begins), default=None)


def _under_way(store: Store, now: datetime) -> tuple[Occurrence, ...]:
    return read_schedule(store, now).under_way(now)
