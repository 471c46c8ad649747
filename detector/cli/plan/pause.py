"""`turntoward pause`: sense nothing for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from detector.cli.plan import context
from detector.errors import Problem, UserError
from detector.i18n import _
from rules.lengths import parse_length, say_length

MAX_PAUSE: Final = timedelta(hours=24)


def pause_for(length: str) -> None:
    """Pause for the length."""
    try:
        lasts = parse_length(length)
    except ValueError as wrong:
        message, _separator, hint = str(wrong).partition("; ")
        raise UserError([Problem(message=message, file="LENGTH", hint=hint or None)]) from None
    if lasts > MAX_PAUSE:
        message = _("a pause lasts at most 24 h, not {length}").format(length=say_length(lasts))
        hint = _("for longer, `turntoward service uninstall` or `turntoward remove`")
        raise UserError([Problem(message=message, file="LENGTH", hint=hint)])
    with context.open_store() as store:
        store.plans.pause_until(context.CLOCK.now() + lasts)
        after = context.read(store)
    until = after.describe_instant(after.paused_until) if after.paused_until else _("now")
    context.conclude(
        [
            _("Paused until {time}: nothing is sensed or kept; then it goes on by itself.").format(time=until),
            _("`turntoward resume` ends the pause sooner."),
            after.state_sentences()[0],
        ]
    )
