"""`turntoward add`, `edit`, `remove`: declare, change and remove partner time.

Each first shows what it understood: the partner time in a sentence, its next times, what it overlaps.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from detector.cli.output import choose_reading, confirm, print_text
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext, choose_partner_time
from detector.cli.quiet_week.quiet_week import HINT
from detector.control import requests
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.declaration import PlanArguments, parse_declaration, parse_edit
from detector.partner_time.describe import format_partner_time
from detector.partner_time.edit_migration import migrate_edit
from detector.partner_time.model import PartnerTime
from detector.partner_time.schedule import overlaps
from detector.store import quiet_week
from detector.store.store import Store
from detector.zone import system_zone

MAX_SHOWN: Final = 3
MARGIN: Final = "     "
_FIELDS: Final = {"--from": "begins", "--to": "ends", "--for": "lasts"}


def add_partner_time(options: Mapping[str, Any], *, yes: bool) -> None:
    before = context.load_plan()
    arguments = PlanArguments(**options)
    new = _read(arguments, lambda options_read: parse_declaration(options_read, before.now, before.zone))
    _write_preview(new, before)
    if arguments.zone is None and system_zone() is None:
        print_text(_("Your system names no time zone, so the times are UTC; --zone says another."))
    unchanged, with_yes = _("Nothing was declared."), _("Add --yes to declare it.")
    if not confirm(_("Declare it?"), yes=yes, unchanged=unchanged, with_yes=with_yes, default=True):
        return
    with context.open_store() as store:
        added = store.plans.add(new)
        after = context.read_plan(store)
        hints = [HINT] if quiet_week.should_offer(store) else []
    declared = _("Declared as number {number}.").format(number=added.number)
    context.wake_and_report([declared, *_state_sentences(added, after), *hints])


def edit_partner_time(name: str, options: Mapping[str, Any], *, yes: bool) -> None:
    before = context.load_plan()
    old = choose_partner_time(before.partner_times, name)
    arguments = PlanArguments(**options)
    if arguments == PlanArguments():
        hint = _("Write for example --from 19:00, or --every 'other friday'.")
        raise UserError(f"{_('It does not say what is to change.')}\n  {hint}")
    # The store is closed while the person is asked.
    new = _read(arguments, lambda options_read: parse_edit(old, options_read, before.now, before.zone))
    if new == old:
        print_text(_("That is how it is already; nothing was changed."))
        return
    print_text(_("Until now:"))
    _write_preview(old, before, with_overlaps=False)
    print_text(_("From now on:"))
    _write_preview(new, _as_edited(before, old, new))
    if old.proposal is not None and new.proposal is None:
        print_text(_("It came from a calendar, and does not follow that any more."))
    unchanged, with_yes = _("Nothing was changed."), _("Add --yes to change it.")
    if not confirm(_("Change it?"), yes=yes, unchanged=unchanged, with_yes=with_yes, default=True):
        return
    with context.open_store() as store:
        # The edit and the answer to the calendar's proposal are stored together, or not at all.
        with store.transaction():
            edited = requests.edit(store, context.CLOCK.now(), new)
            if new.proposal is None:
                _decline_proposals(store, old)
        after = context.read_plan(store)
    if edited is None:
        raise UserError(_("{title} was removed meanwhile; nothing was changed.").format(title=old.title))
    changed = _("Changed; it stays number {number}.").format(number=old.number)
    context.wake_and_report([changed, *_consequences(edited, before, after), *after.state_sentences()])


def remove_partner_time(name: str, *, yes: bool) -> None:
    with context.open_store() as store:
        before = context.read_plan(store)
        chosen = choose_partner_time(before.partner_times, name)
        words = format_partner_time(chosen, before.now, before.zone)
        question = _("Remove number {number}, {words}?").format(number=chosen.number, words=words)
        with_yes = _("Add --yes to remove\n  {words}").format(words=words)
        if not confirm(question, yes=yes, unchanged=_("Nothing was removed."), with_yes=with_yes):
            return
        if chosen.number is not None:
            store.plans.remove(chosen.number)
        after = context.read_plan(store)
    sentences = [_("Removed: {words}.").format(words=words)]
    if any(occurrence.partner_time == chosen.number for occurrence in before.under_way):
        sentences.append(_("It was under way and ends now."))
    context.wake_and_report([*sentences, *after.state_sentences()])


def _read(arguments: PlanArguments, read: Callable[[PlanArguments], PartnerTime]) -> PartnerTime:
    """Return what `read` returns for the arguments; where one has two readings, the person at a terminal chooses."""
    try:
        return read(arguments)
    except UserError as error:
        changes: dict[str, Any] = {}
        for problem in error.problems:
            # A word that another option took, such as the time in `--on "tomorrow 7"`, cannot be replaced here.
            name = _FIELDS.get(problem.file or "", "title")
            reading = choose_reading(problem) if getattr(arguments, name) == problem.source else None
            if reading is None:
                raise
            changes[name] = reading
    return _read(replace(arguments, **changes), read)


def _state_sentences(added: PartnerTime, after: PlanContext) -> list[str]:
    own = next((occurrence for occurrence in after.under_way if occurrence.partner_time == added.number), None)
    current, upcoming = after.current, after.upcoming
    if own is not None and current is not None and current.id != own.id:
        follows = after.fill(_("{title} follows it, until {end}."), own)
        return [after.under_way_sentence(current), follows, *after.pause_sentences()]
    # The preview has just shown the next time of what was added.
    if current is None and upcoming and upcoming[0].partner_time == added.number:
        return after.pause_sentences()
    return after.state_sentences()


def _as_edited(before: PlanContext, old: PartnerTime, new: PartnerTime) -> PlanContext:
    # The preview shows the result: with the exceptions of single occurrences carried over.
    schedule, exceptions = before.schedule, before.schedule.exceptions
    migration = migrate_edit(old, new, before.now, exceptions, schedule.still_running(old.number, before.now))
    return replace(before, schedule=replace(schedule, exceptions=migration.migrate(exceptions, before.now)))


def _decline_proposals(store: Store, old: PartnerTime) -> None:
    # An open proposal would bring the same partner time a second time when the calendar is read again.
    for proposal in store.calendars.proposals():
        if proposal.accepted_as == old.number:
            store.calendars.save_proposal(replace(proposal, decided="declined", accepted_as=None))


def _consequences(edited: requests.EditResult, before: PlanContext, after: PlanContext) -> Iterator[str]:
    if edited.goes_on is not None:
        yield after.fill(_("What is under way goes on as it began, until {end}."), edited.goes_on)
    for occurrence in edited.left_out:
        yield after.fill(_("Beside that, {when} does not take place."), occurrence)
    for occurrence in edited.unmatched:
        if occurrence.id in before.skipped:
            text = _("{when} was skipped or cancelled; it is on no such day any more, so that is forgotten.")
        else:
            text = _("{when} was changed; it is on no such day any more, so that is forgotten.")
        yield text.format(when=after.describe(occurrence).capitalize())


def _write_preview(partner_time: PartnerTime, plan: PlanContext, *, with_overlaps: bool = True) -> None:
    print_text(f"{format_partner_time(partner_time, plan.now, plan.zone)}.")
    if partner_time.recurrence is not None:
        next_times = list(islice(plan.following(partner_time), MAX_SHOWN))
        for occurrence in next_times:
            print_text(plan.describe(occurrence), first=MARGIN, later=MARGIN)
        if len(next_times) < MAX_SHOWN and any(name in partner_time.recurrence for name in ("UNTIL=", "COUNT=")):
            print_text(_("and that is all") if next_times else _("it does not come again"), first=MARGIN, later=MARGIN)
    if partner_time.do_not_disturb:
        print_text(_("The desktop is to keep quiet in it."))
    for sentence in _overlap_sentences(partner_time, plan) if with_overlaps else ():
        print_text(sentence)


def _overlap_sentences(partner_time: PartnerTime, plan: PlanContext) -> Iterator[str]:
    # A new one has no number yet, and the store gives no 0.
    overlapping = overlaps(replace(partner_time, number=partner_time.number or 0), plan.schedule, plan.now)
    for overlap in overlapping[:MAX_SHOWN]:
        if overlap.count > 1:
            text = _("It overlaps {title} (number {number}), first {when}.")
        else:
            text = _("It overlaps {title} (number {number}), {when}.")
        yield text.format(title=overlap.other.title, number=overlap.other.number, when=plan.describe(overlap.first))
    if len(overlapping) > MAX_SHOWN:
        yield _("It overlaps {count} more.").format(count=len(overlapping) - MAX_SHOWN)
    if overlapping:
        yield _("Where two overlap, the one that begins first goes on until its end, and then the other.")
