"""`turntoward remove`: take a declared partner time back."""

from __future__ import annotations

from detector.cli.output import confirm
from detector.cli.plan import context
from detector.cli.plan.selection import choose
from detector.i18n import _
from detector.partner_time.describe import say_partner_time


def remove_partner_time(which: str, *, yes: bool) -> None:
    """Remove the partner time of this number or title, once the person agrees."""
    with context.open_store() as store:
        before = context.read(store)
        chosen = choose(before.partner_times, which)
        words = say_partner_time(chosen, before.now, before.zone)
        if not confirm(
            _("Remove number {number}, {words}?").format(number=chosen.number, words=words),
            yes=yes,
            unchanged=_("Nothing was removed."),
            with_yes=_("Add --yes to remove\n  {words}").format(words=words),
        ):
            return
        if chosen.number is not None:
            store.plans.remove(chosen.number)
        after = context.read(store)
    sentences = [_("Removed: {words}.").format(words=words)]
    if any(occurrence.partner_time == chosen.number for occurrence in before.under_way):
        sentences.append(_("It was under way and ends now."))
    context.conclude([*sentences, *after.state_sentences()])
