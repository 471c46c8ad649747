"""`turntoward extend`: the partner time under way goes on longer than it was planned."""

from __future__ import annotations

from detector.cli.plan import context
from detector.control import requests
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.parse_times import parse_duration


def extend_current(length: str) -> None:
    """Extend the current occurrence by the length."""
    by = parse_duration(length, argument="LENGTH")
    with context.open_store() as store:
        before = context.read(store)
        extended = requests.extend(store, before.now, by)
        after = context.read(store)
    if extended is None:
        current = before.plan.current
        if current is None:
            message = _("No partner time is under way; nothing was changed.")
            raise UserError(f"{message}\n  {_('`turntoward now 30min` begins one.')}")
        raise UserError(f"{before.unchanged_sentence(current)}\n  {_('Partner time lasts 24 h at the longest.')}")
    planned = before.under_way[0].ends
    if extended.ends < planned + by:
        text = _("{title} goes on until {end} instead of {planned}; 24 h are the longest.")
    else:
        text = _("{title} goes on until {end} instead of {planned}.")
    sentence = after.fill(text, extended, planned=before.describe_instant(planned))
    context.conclude([sentence, *after.following_sentences(), *after.pause_sentences()])
