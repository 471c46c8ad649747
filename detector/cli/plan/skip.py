"""`turntoward skip`: one occurrence does not take place, this once."""

from __future__ import annotations

from detector.cli.plan import context
from detector.cli.plan.context import PlanContext
from detector.cli.plan.selection import choose
from detector.control import requests
from detector.errors import UserError
from detector.i18n import _
from detector.store.store import Store


def skip_next(which: str | None, *, undo: bool) -> None:
    """Skip what is under way, else the next occurrence, of this partner time or of any; or undo the last such change."""
    with context.open_store() as store:
        before = context.read(store)
        number = None if which is None else choose(before.partner_times, which).number
        sentences = _undo(store, before, number) if undo else _skip(store, before, number)
        after = context.read(store)
    state = after.state_sentences()
    if not undo and len(sentences) == 1:
        again = "" if which is None else f" {which}"
        state.append(_("`turntoward skip{which} --undo` takes that back.").format(which=again))
    context.conclude([*sentences, *state])


def _skip(store: Store, before: PlanContext, number: int | None) -> list[str]:
    skipped = requests.skip(store, before.now, number)
    if skipped is None:
        raise nothing_comes(before, number)
    sentence = before.fill(_("Skipped, this once: {title}, {when}."), skipped)
    return [sentence, *([] if skipped.begins > before.now else [_("It was under way and ends now.")])]


def _undo(store: Store, before: PlanContext, number: int | None) -> list[str]:
    known = {partner_time.number: partner_time for partner_time in before.partner_times}
    back = requests.unskip(store, before.now, number)
    if back is None:
        if number is None:
            message = _("No partner time is skipped or cancelled; nothing was changed.")
        else:
            message = _("No {title} to come is skipped or cancelled; nothing was changed.")
            message = message.format(title=known[number].title)
        hint = _("What had begun does not come back: `turntoward now 45min` begins partner time.")
        raise UserError(f"{message}\n  {hint}")
    left = {partner_time.number for partner_time in store.plans.partner_times()}
    gone = [partner_time.title for of, partner_time in known.items() if of not in left]
    taken_back = _("{title}, which was to be in its place, is taken back.")
    return [
        before.fill(_("{title}, {when}, takes place after all."), back),
        *(taken_back.format(title=title) for title in gone),
    ]


def nothing_comes(before: PlanContext, number: int | None) -> UserError:
    """Return the error where there is no occurrence to skip or to cancel."""
    title = next((known.title for known in before.partner_times if known.number == number), None)
    if title is None and not before.partner_times:
        return UserError(context.NOTHING_DECLARED)
    message = _("{title} does not come any more; nothing was changed.").format(title=title or _("Partner time"))
    return UserError(f"{message}\n  {_('`turntoward list --all` shows what is declared.')}")
