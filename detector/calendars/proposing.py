"""Update proposals from a new copy of a calendar, and declare partner time by accepting them.

Invariant 1: a calendar proposes. The person accepts once, or from now on; the latter covers new events, and changes of accepted
ones, but no series, title or length over 6 h that nobody accepted yet. A proposal that waits for an answer goes on waiting.
Invariant 2: what was removed from the calendar or cancelled in it is no longer declared, at once.
Invariant 3: what was declined stays declined, unless its event changed.
Invariant 4: past events are not proposed and not stored.
Invariant 5: unreadable events and instances, and missing ones of a copy that was cut off, change nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.calendars.model import EventProblem, ParsedCalendar, ProposedEvent
from detector.calendars.values import EventTime
from detector.partner_time.edit_migration import migrate_edit
from detector.partner_time.model import PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import parse_rrule, split_rrule
from detector.partner_time.schedule import OccurrenceOverrides
from detector.partner_time.wall_clock import LATEST
from detector.store.model import Calendar, CalendarProblem, Proposal
from detector.store.store import Store

MAX_UNASKED_LENGTH: Final = timedelta(hours=6)
"""Longer partner time is never accepted without a question, whatever was accepted "from now on"."""

_DAY: Final = timedelta(days=1)
_MAX_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalChanges:
    """The changes that a new copy made."""

    waiting: tuple[Proposal, ...] = ()  # new or changed, and waiting for an answer
    accepted: tuple[Proposal, ...] = ()  # accepted at once: the calendar accepts from now on
    gone: tuple[Proposal, ...] = ()  # removed from the calendar, and what they had declared with them
    shortened: tuple[Proposal, ...] = ()  # accepted, and single occurrences were cancelled
    over: int = 0  # how many events of the calendar are past

    def __bool__(self) -> bool:
        return bool(self.waiting or self.accepted or self.gone or self.shortened)


def apply_copy(
    store: Store, calendar: Calendar, parsed: ParsedCalendar, now: datetime, *, is_confirmed: bool = False
) -> ProposalChanges:
    """Store what the new copy of this calendar proposes, and take back what it no longer does; all of it or nothing.

    `is_confirmed`: the person was shown this very copy, and accepted it. The caller stores the calendar itself, and wakes the daemon if something changed.
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
        agreed = _Agreed(proposals.values(), declared)
        for event in ahead:
            before = proposals.get(event.uid)
            if before is None:
                proposal = Proposal(calendar=calendar.number, uid=event.uid, partner_time=event.partner_time)
                saved = store.calendars.save_proposal(proposal)
            else:
                event = _with_accepted_exceptions(before.partner_time, event)  # noqa: PLW2901 - the same event
                saved = _update(store, before, event.partner_time, now)
            if saved.decided == "accepted":
                if before is not None and _only_cancels(before.partner_time, event.partner_time, now):
                    _declare(store, saved, now, declared)
                    shortened.append(saved)
            elif saved.decided == "declined":
                continue
            # What was accepted before may change by itself; what waits for an answer goes on waiting (invariant 1).
            elif (
                calendar.auto_accepts
                and (before is None or saved.accepted_as is not None)
                and (is_confirmed or agreed.covers(saved, declared.get(saved.accepted_as or 0)))
            ):
                agreed.note(saved)
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
            is_gone = uid in past or (parsed.is_complete and not parsed.cancelled)
            if starts := parsed.cancelled.get(uid):
                shortened += _cancel_instances(store, proposal, starts, now, declared)
            elif uid not in staying and (is_gone or uid in parsed.cancelled) and proposal.number is not None:
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
    ends = [at + partner_time.lasts for at in (partner_time.begins, *partner_time.additional)]
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
    after = replace(proposed, number=before.number, do_not_disturb=before.do_not_disturb, instead_of=before.instead_of)
    if after.is_floating:
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


def to_stored(problems: Iterable[EventProblem]) -> tuple[CalendarProblem, ...]:
    """Return what is kept of the problems, until they are gone from the calendar or past."""
    return tuple(CalendarProblem(text=str(each), until=each.until) for each in problems)[:_MAX_PROBLEMS]


def _titles(partner_time: PartnerTime) -> set[str]:
    return {partner_time.title, *(moved.title for moved in partner_time.moved if moved.title is not None)}


def _max_length(partner_time: PartnerTime) -> timedelta:
    return max(partner_time.lasts, *(moved.lasts for moved in partner_time.moved), timedelta())


class _Agreed:
    """What is accepted without asking, if the person accepts from now on: accepted titles, and 6 h on a day."""

    def __init__(self, proposals: Iterable[Proposal], declared: Mapping[int, PartnerTime]) -> None:
        self._titles: set[str] = set()
        self._by_day: dict[date, dict[str, timedelta]] = defaultdict(dict)
        for proposal in proposals:
            accepted = declared.get(proposal.accepted_as or 0)
            if accepted is not None:
                self._titles |= _titles(accepted)
                self.note(proposal)

    def note(self, proposal: Proposal) -> None:
        """Count this accepted proposal among what its day has."""
        self._by_day[proposal.partner_time.begins.date()][proposal.uid] = proposal.partner_time.lasts

    def covers(self, proposal: Proposal, accepted: PartnerTime | None) -> bool:
        """Return whether nobody needs to be asked about it. `accepted`: as which it was accepted before."""
        proposed, max_length = proposal.partner_time, _max_length(proposal.partner_time)
        if not _titles(proposed) <= self._titles:
            return False
        if max_length > MAX_UNASKED_LENGTH and (accepted is None or max_length > _max_length(accepted)):
            return False
        if accepted is None:
            others = self._by_day[proposed.begins.date()]
            is_series = bool(proposed.recurrence or proposed.additional or proposed.moved)
            return not is_series and sum(others.values(), proposed.lasts) <= MAX_UNASKED_LENGTH
        if not set(proposed.additional) <= {*accepted.additional, accepted.begins}:
            return False
        return proposed.recurrence == accepted.recurrence or _ends_earlier(accepted, proposed)


def _ends_earlier(before: PartnerTime, after: PartnerTime) -> bool:
    """Return whether the recurrence is the same, but over sooner."""
    if before.recurrence is None or after.recurrence is None or before.recurrence == after.recurrence:
        return False
    kept, earlier = parse_rrule(before.recurrence), parse_rrule(after.recurrence)
    if replace(kept, until=None, count=None) != replace(earlier, until=None, count=None):
        return False
    if earlier.until is None and earlier.count is None:
        return False
    if kept.until is None and kept.count is None:
        return True
    return _last_start(after) <= _last_start(before)


def _last_start(partner_time: PartnerTime) -> datetime:
    # A recurrence with an end: UNTIL itself, because all before it is the same; COUNT has 9,999 starts at most.
    rule = parse_rrule(partner_time.recurrence or "")
    if rule.until is not None and rule.count is None:
        return rule.until.replace(tzinfo=None)
    starts = local_starts(replace(partner_time, excluded=(), additional=()), partner_time.begins, LATEST)
    return max(starts, default=partner_time.begins)


def _with_accepted_exceptions(before: PartnerTime, event: ProposedEvent) -> ProposedEvent:
    """Return the event with those exceptions that were known before, and of which this copy says nothing readable."""
    new = event.partner_time
    if not (event.unread or event.is_unsure) or (before.begins.time(), before.zone) != (new.begins.time(), new.zone):
        return event
    starts = set(event.unread)
    if event.is_unsure:
        starts |= {*before.excluded, *before.additional, *(moved.original_start for moved in before.moved)}
        starts -= {*new.additional, *(moved.original_start for moved in new.moved)}
    moved = [each for each in new.moved if each.original_start not in starts]
    moved += [each for each in before.moved if each.original_start in starts]
    without = {at for at in new.excluded if at not in starts or not event.unread or at not in event.unread}
    without |= starts & set(before.excluded)
    kept = replace(
        new,
        moved=tuple(sorted(moved, key=lambda each: each.original_start)),
        excluded=tuple(sorted(without - {each.original_start for each in moved})),
        additional=tuple(sorted({*new.additional, *(starts & set(before.additional))})),
    )
    return replace(event, partner_time=kept)


def _cancel_instances(
    store: Store, proposal: Proposal, starts: Iterable[EventTime], now: datetime, declared: Mapping[int, PartnerTime]
) -> list[Proposal]:
    before = proposal.partner_time
    called_off = {
        datetime.combine(at.local.date(), before.begins.time()) if at.is_day else at.local_in(before.zone)
        for at in starts
    }
    after = replace(before, excluded=tuple(sorted({*before.excluded, *called_off})))
    after = replace(after, moved=tuple(each for each in before.moved if each.original_start not in called_off))
    saved = _update(store, proposal, after, now)
    if saved.decided != "accepted" or saved.partner_time == before:
        return []
    _declare(store, saved, now, declared)
    return [saved]


def _as_proposed(partner_time: PartnerTime) -> PartnerTime:
    """Return what the calendar says of it. A floating time has the zone of the device, which is no change when it moves."""
    zone = "" if partner_time.is_floating else partner_time.zone
    return replace(partner_time, number=None, proposal=None, do_not_disturb=False, instead_of=None, zone=zone)


def _upcoming(partner_time: PartnerTime, now: datetime) -> PartnerTime:
    """Return it without the exceptions that are past, so that calendars may drop those without a question."""
    since = now.astimezone(UTC).replace(tzinfo=None) - 2 * _DAY
    upcoming = (moved for moved in partner_time.moved if max(moved.original_start, moved.begins) >= since)
    return replace(
        _as_proposed(partner_time),
        excluded=tuple(sorted(at for at in partner_time.excluded if at >= since)),
        additional=tuple(sorted(at for at in partner_time.additional if at >= since)),
        moved=tuple(sorted(upcoming, key=lambda moved: moved.original_start)),
    )


def _only_cancels(before: PartnerTime, after: PartnerTime, now: datetime) -> bool:
    """Return whether the calendar changed nothing but to cancel single occurrences that were to come."""
    before, after = _upcoming(before, now), _upcoming(after, now)
    if _ends_earlier(before, after):
        before = _without_later_exceptions(before, after)
        if before == after:
            return True
    cancelled = set(after.excluded) - set(before.excluded)
    moved = tuple(start for start in before.moved if start.original_start not in cancelled)
    return bool(cancelled) and replace(before, excluded=after.excluded, moved=moved) == after


def _without_later_exceptions(before: PartnerTime, after: PartnerTime) -> PartnerTime:
    """Return it as it is when its recurrence ends as that of `after` does, without the exceptions that lie behind that."""
    last = _last_start(after)
    return replace(
        before,
        recurrence=after.recurrence,
        excluded=tuple(at for at in before.excluded if at <= last or at in after.excluded),
        additional=tuple(at for at in before.additional if at <= last or at in after.additional),
        moved=tuple(each for each in before.moved if each.original_start <= last or each in after.moved),
    )
