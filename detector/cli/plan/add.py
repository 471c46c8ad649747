"""`turntoward add`: declare partner time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from detector.cli.output import confirm, say
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext
from detector.cli.plan.preview import write_preview
from detector.cli.quiet_week.quiet_week import HINT
from detector.i18n import _
from detector.partner_time.declaration import PlanArguments, parse_declaration
from detector.partner_time.model import PartnerTime
from detector.store import quiet_week
from detector.zone import system_zone


def add_partner_time(given: Mapping[str, Any], *, yes: bool) -> None:
    """Declare what the options describe, once the person agrees; `given`: the fields of `PlanArguments`."""
    before = context.load()
    arguments = PlanArguments(**given)
    wanted = parse_declaration(arguments, before.now, before.zone)
    write_preview(wanted, before)
    if arguments.zone is None and system_zone() is None:
        say(_("Your system names no time zone, so the times are UTC; --zone says another."))
    if not confirm(
        _("Declare it?"),
        yes=yes,
        unchanged=_("Nothing was declared."),
        with_yes=_("Add --yes to declare it."),
        default=True,
    ):
        return
    with context.open_store() as store:
        kept = store.plans.add(wanted)
        after = context.read(store)
        hints = [HINT] if quiet_week.should_offer(store) else []
    declared = _("Declared as number {number}.").format(number=kept.number)
    context.conclude([declared, *_state_sentences(kept, after), *hints])


def _state_sentences(kept: PartnerTime, after: PlanContext) -> list[str]:
    """Return what is under way or comes next, unless the preview has just shown that."""
    own = next((occurrence for occurrence in after.under_way if occurrence.partner_time == kept.number), None)
    current, upcoming = after.plan.current, after.plan.upcoming
    if own is not None and current is not None and current.id != own.id:
        follows = after.fill(_("{title} follows it, until {end}."), own)
        return [after.under_way_sentence(current), follows, *after.pause_sentences()]
    if current is None and upcoming and upcoming[0].partner_time == kept.number:
        return after.pause_sentences()
    return after.state_sentences()
