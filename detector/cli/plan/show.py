"""`turntoward show`: everything about one partner time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from detector.cli.output import attributes, print_json, print_text
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext, choose_partner_time
from detector.cli.stored import open_stored
from detector.i18n import _, format_clock
from detector.partner_time.describe import format_day, format_interval, format_schedule
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.wall_clock import instant_of, interval_of
from detector.store.model import CancelledOccurrence
from detector.store.store import Store

MAX_TIMES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Details:
    """Its next occurrences with the skipped ones; cancellations by occurrence; and the calendar it came from."""

    partner_time: PartnerTime
    plan: PlanContext
    following: list[Occurrence]
    cancelled: dict[str, CancelledOccurrence]
    calendar: str | None


def show_partner_time(name: str, *, as_json: bool) -> None:
    plan = context.load_plan()
    partner_time = choose_partner_time(plan.partner_times, name)
    with open_stored() as store:
        details = _find(partner_time, plan, store)
    if as_json:
        print_json(_to_json(details))
        return
    for sentence in _sentences(details):
        print_text(sentence)
    for mark, words in _times(details):
        print_text(words, first=f"   {mark} ", later="     ")
    for sentence in plan.pause_sentences():
        print_text(sentence)


def _find(partner_time: PartnerTime, plan: PlanContext, store: Store) -> _Details:
    names = {calendar.number: calendar.name for calendar in store.calendars.all()}
    proposals = {proposal.number: proposal for proposal in store.calendars.proposals()}
    proposal = None if partner_time.proposal is None else proposals.get(partner_time.proposal)
    return _Details(
        partner_time=partner_time,
        plan=plan,
        following=plan.following_and_skipped(partner_time, MAX_TIMES),
        cancelled={cancellation.occurrence: cancellation for cancellation in store.plans.cancelled()},
        calendar=None if proposal is None else names.get(proposal.calendar),
    )


def _sentences(details: _Details) -> Iterator[str]:
    plan, partner_time = details.plan, details.partner_time
    when = format_schedule(partner_time, plan.now, plan.zone)
    yield _("{title}, number {number}: {when}.").format(title=partner_time.title, number=partner_time.number, when=when)
    if partner_time.is_floating:
        yield _("It goes by the clock where you are, now {zone}.").format(zone=partner_time.zone)
    else:
        yield _("It goes by the clock of {zone}, wherever you are.").format(zone=partner_time.zone)
    if partner_time.do_not_disturb:
        yield _("The desktop is to keep quiet in it.")
    if details.calendar is not None:
        yield _("It came from the calendar {name}, and follows it.").format(name=details.calendar)
    replaced = details.cancelled.get(partner_time.instead_of or "")
    if replaced is not None:
        day = format_day(replaced.begins, plan.now, plan.zone)
        yield _("It replaces {title} of {day}, which was cancelled.").format(title=replaced.title, day=day)
    yield _("Next:") if details.following else _("It is over and does not return.")


def _times(details: _Details) -> Iterator[tuple[str, str]]:
    """Yield the mark and the words of each line about a single time."""
    plan, partner_time = details.plan, details.partner_time
    own = ZoneInfo(partner_time.zone)

    def day(local: datetime) -> str:
        return format_day(instant_of(local, own), plan.now, plan.zone)

    for occurrence in details.following:
        yield _following(occurrence, details)
    # These are stored in local time of its own zone; the reader may be in another.
    for moved in sorted(partner_time.moved, key=lambda change: change.original_start):
        begins, ends = (at.astimezone(plan.zone) for at in interval_of(moved.begins, moved.lasts, own))
        if ends > plan.now:
            to = f"{format_day(begins, plan.now, plan.zone)} {format_interval(begins, ends)}"
            yield "~", _("{day} is moved to {when}").format(day=day(moved.original_start), when=to)
    for local in sorted(partner_time.excluded):
        if instant_of(local, own) > plan.now:
            yield "-", _("{day}, excepted").format(day=day(local))
    for local in sorted(partner_time.additional):
        if instant_of(local, own) > plan.now:
            yield "+", _("{day} {time}, as well").format(day=day(local), time=format_clock(local))


def _following(occurrence: Occurrence, details: _Details) -> tuple[str, str]:
    plan = details.plan
    words = plan.describe(occurrence)
    if (skip := plan.describe_skip(occurrence)) is not None:
        cancelled = details.cancelled.get(occurrence.id)
        instead = None if cancelled is None else cancelled.instead
        made = next((partner_time for partner_time in plan.partner_times if partner_time.number == instead), None)
        if made is None:
            return "-", f"{words}, {skip}"
        when = format_schedule(made, plan.now, plan.zone)
        text = _("{occurrence}, {skip}; instead {when} (number {number})")
        return "-", text.format(occurrence=words, skip=skip, when=when, number=made.number)
    if occurrence.begins <= plan.now:
        return ">", plan.fill(_("under way until {end}"), occurrence)
    if occurrence.id in plan.schedule.exceptions.extended:
        return " ", _("{occurrence}, extended").format(occurrence=words)
    return " ", words


def _to_json(details: _Details) -> dict[str, Any]:
    plan, partner_time = details.plan, details.partner_time
    return {
        "now": plan.now,
        **plan.to_json(partner_time),
        "calendar": details.calendar,
        "instead_of": partner_time.instead_of,
        "excepted": partner_time.excluded,
        "as_well": partner_time.additional,
        "moved": [
            {
                **attributes(change, "of", "begins"),
                "lasts_seconds": int(change.lasts.total_seconds()),
                "title": change.title,
            }
            for change in partner_time.moved
        ],
        "next": [
            {
                **attributes(occurrence, "id", "begins", "ends"),
                "under_way": occurrence.begins <= plan.now and occurrence.id not in plan.skipped,
                "skipped": occurrence.id in plan.skipped,
                "cancelled": occurrence.id in details.cancelled,
                "instead": details.cancelled[occurrence.id].instead if occurrence.id in details.cancelled else None,
            }
            for occurrence in details.following
        ],
    }
