"""What a new copy of a calendar changes in its proposals, and what an answer changes in what is declared.

Invariant 1: a calendar proposes. The person accepts once, or from now on; the latter covers new events, and changes of accepted
ones. A proposal that waits for an answer goes on waiting.
Invariant 2: what was removed from the calendar or cancelled in it is no longer declared, at once.
Invariant 3: what was declined stays declined, unless its event changed.
Invariant 4: past events are neither proposed nor kept.
Invariant 5: unreadable events, and missing ones of a copy that was cut off, change nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.calendars.model import ParsedCalendar
from detector.partner_time.edit_migration import migrate_edit
from detector.partner_time.model import PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import split_rrule
from detector.partner_time.schedule import OccurrenceOverrides
from detector.partner_time.wall_clock import LATEST
from detector.store.model import Calendar, Proposal
from detector.store.store import Store

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalChanges:
    """What a new copy changed."""

    waiting: tuple[Proposal, ...] = ()  # new or changed, and waiting for an answer
    accepted: tuple[Proposal, ...] = ()  # accepted at once: the calendar accepts from now on
    gone: tuple[Proposal, ...] = ()  # removed from the calendar, and what they had declared with them
    shortened: tuple[Proposal, ...] = ()  # accepted, and single occurrences were cancelled
    over: int = 0  # how many events of the calendar are past

    def __bool__(self) -> bool:
        return bool(self.waiting or self.accepted or self.gone or self.shortened)


def apply_copy(store: Store, calendar: Calendar, parsed: ParsedCalendar, now: datetime) -> ProposalChanges:
    """Store what the new copy of this calendar proposes, and take back what it no longer does; all of it or nothing.

    The caller stores the calendar itself, and wakes the daemon if something changed.
    """
    if calendar.number is None:
        raise ValueError("a calendar proposes once it is kept and has a number")
    waiting: list[Proposal] = []
    accepted: list[Proposal] = []
    gone: list[Proposal] = []
    shortened: list[Proposal] = []
    # One transaction: a copy that is half applied would take back what is in its other half.
    with store.transaction():
        proposals = {proposal.uid: proposal for proposal in store.calendars.proposals(calendar.number)}
        ahead = [event for event in parsed.events if not is_over(event.partner_time, now)]
        declared = _by_number(store) if any(proposal.accepted_as is not None for proposal in proposals.values()) else {}
        for event in ahead:
            before = proposals.get(event.uid)
            if before is None:
                proposal = Proposal(calendar=calendar.number, uid=event.uid, partner_time=event.partner_time)
                saved = store.calendars.save_proposal(proposal)
            else:
                saved = _update(store, before, event.partner_time, now)
            if saved.decided == "accepted":
                if before is not None and _only_cancels(before.partner_time, event.partner_time, now):
                    _declare(store, saved, now, declared)
                    shortened.append(saved)
            elif saved.decided == "declined":
                continue
            # What was accepted before may change by itself; what waits for an answer goes on waiting (invariant 1).
            elif calendar.accepts and (before is None or saved.accepted_as is not None):
                accepted.append(_accept(store, saved, now, declared))
            elif before is None or saved.partner_time != before.partner_time:
                waiting.append(saved)
        staying = {event.uid for event in ahead}
        past = {event.uid for event in parsed.events} - staying
        unreadable = {problem.uid for problem in parsed.problems}
        for uid, proposal in proposals.items():
            # Invariant 5. An instance that stands alone has its event's uid, with its beginning behind that.
            if unreadable & {uid, uid.rpartition(" ")[0]}:
                continue
            if uid not in staying and (parsed.is_complete or uid in past) and proposal.number is not None:
                store.calendars.remove_proposal(proposal.number)
                gone.append(proposal)
    return ProposalChanges(
        waiting=tuple(waiting), accepted=tuple(accepted), gone=tuple(gone), shortened=tuple(shortened), over=len(past)
    )


def accept(store: Store, proposals: Iterable[Proposal], now: datetime) -> list[Proposal]:
    """Declare what these propose, or change what they declared before; all or nothing. Return them as stored."""
    with store.transaction():
        declared = _by_number(store)
        return [_accept(store, proposal, now, declared) for proposal in proposals]


def decline(store: Store, proposals: Iterable[Proposal]) -> list[Proposal]:
    """Store that these are declined, and take back what was declared by accepting them; all of it or nothing."""
    declined = []
    with store.transaction():
        for proposal in proposals:
            if proposal.accepted_as is not None:
                store.plans.remove(proposal.accepted_as)
            declined.append(store.calendars.save_proposal(replace(proposal, decided="declined", accepted_as=None)))
    return declined


def is_over(partner_time: PartnerTime, now: datetime) -> bool:
    """Return whether nothing of it is under way at `now` or comes later."""
    zone = ZoneInfo(partner_time.zone)
    ends = [at + partner_time.lasts for at in (partner_time.begins, *partner_time.also)]
    ends += [moved.begins + moved.lasts for moved in partner_time.moved]
    if any(_latest_instant(end, zone) > now for end in ends):
        return False
    if partner_time.recurrence is None:
        return True
    parts = split_rrule(partner_time.recurrence)
    if "UNTIL" not in parts and "COUNT" not in parts:
        return False
    # Only near occurrences are looked at: COUNT may lie thousands of occurrences ahead.
    # Two days before and after: `near` is in UTC, and the beginnings are local times of any zone.
    near = now.astimezone(UTC).replace(tzinfo=None) - partner_time.lasts - 2 * _DAY
    for at in local_starts(partner_time, near, LATEST):
        if _latest_instant(at + partner_time.lasts, zone) > now:
            return False
        if at > near + partner_time.lasts + 4 * _DAY:
            break
    return True


def _latest_instant(local: datetime, zone: ZoneInfo) -> datetime:
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _by_number(store: Store) -> dict[int, PartnerTime]:
    return {planned.number: planned for planned in store.plans.partner_times() if planned.number is not None}


def _update(store: Store, before: Proposal, proposed: PartnerTime, now: datetime) -> Proposal:
    """Store the proposal as it is now; open where it proposes something else than was answered."""
    # Most events of most copies: nothing is written for them.
    if _as_proposed(before.partner_time) == _as_proposed(proposed):
        return before
    same = _upcoming(before.partner_time, now) == _upcoming(proposed, now)
    only_cancels = before.decided == "accepted" and _only_cancels(before.partner_time, proposed, now)
    decided = before.decided if same or only_cancels else "open"
    return store.calendars.save_proposal(replace(before, partner_time=proposed, decided=decided))


def _accept(store: Store, proposal: Proposal, now: datetime, declared: Mapping[int, PartnerTime]) -> Proposal:
    number = _declare(store, proposal, now, declared)
    return store.calendars.save_proposal(replace(proposal, decided="accepted", accepted_as=number))


def _declare(store: Store, proposal: Proposal, now: datetime, declared: Mapping[int, PartnerTime]) -> int | None:
    proposed = replace(proposal.partner_time, number=None, proposal=proposal.number)
    before = None if proposal.accepted_as is None else declared.get(proposal.accepted_as)
    if before is None:
        return store.plans.add(proposed).number
    after = replace(proposed, number=before.number, quiet=before.quiet, instead_of=before.instead_of)
    if after.floats:
        after = replace(after, zone=before.zone)
    # What is under way goes on as it began, and its day gets no second occurrence.
    under_way = occurrences(before, now, now + timedelta.resolution)
    migration = migrate_edit(
        before, after, now, OccurrenceOverrides(store.plans.ended_early(), store.plans.extended()), under_way
    )
    store.plans.change(after, migration.renamed)
    for occurrence in migration.left_out:
        store.plans.skip(occurrence.id, now)
    return before.number


def _as_proposed(partner_time: PartnerTime) -> PartnerTime:
    """Return what the calendar says of it. A floating time has the zone of the device, which is no change when it moves."""
    zone = "" if partner_time.floats else partner_time.zone
    return replace(partner_time, number=None, proposal=None, quiet=False, instead_of=None, zone=zone)


def _upcoming(partner_time: PartnerTime, now: datetime) -> PartnerTime:
    """Return it without the exceptions that are past, so that calendars may drop those without a question."""
    since = now.astimezone(UTC).replace(tzinfo=None) - 2 * _DAY
    upcoming = (moved for moved in partner_time.moved if max(moved.original_start, moved.begins) >= since)
    return replace(
        _as_proposed(partner_time),
        without=tuple(sorted(at for at in partner_time.without if at >= since)),
        also=tuple(sorted(at for at in partner_time.also if at >= since)),
        moved=tuple(sorted(upcoming, key=lambda moved: moved.original_start)),
    )


def _only_cancels(before: PartnerTime, after: PartnerTime, now: datetime) -> bool:
    """Return whether the calendar changed nothing but to cancel single occurrences that were to come."""
    before, after = _upcoming(before, now), _upcoming(after, now)
    cancelled = set(after.without) - set(before.without)
    moved = tuple(start for start in before.moved if start.original_start not in cancelled)
    return bool(cancelled) and replace(before, without=after.without, moved=moved) == after
