"""`turntoward pause`: sense nothing for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click

LONGEST: Final = timedelta(hours=24)


@click.command(epilog="Example: turntoward pause 30min")
@click.argument("length")
def command(length: str) -> None:
    """Sense and keep nothing for LENGTH: 30min, 2h, at most 24 h. It goes on by itself afterwards.

    A second pause takes the place of the first. Partner time itself goes on: to end it, use `turntoward stop`.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.errors import Problem, UserError  # noqa: PLC0415 - not for --help
    from rules.lengths import parse_length, say_length  # noqa: PLC0415 - not for --help

    try:
        lasts = parse_length(length)
    except ValueError as wrong:
        said, _, hint = str(wrong).partition("; ")
        raise UserError([Problem(message=said, file="LENGTH", hint=hint or None)]) from None
    if lasts > LONGEST:
        hint = "for longer, `turntoward service uninstall` or `turntoward remove`"
        message = f"a pause lasts at most 24 h, not {say_length(lasts)}"
        raise UserError([Problem(message=message, file="LENGTH", hint=hint)])
    with declared.opened() as store:
        store.plans.pause_until(declared.CLOCK.now() + lasts)
        after = declared.read(store)
    until = after.clock(after.paused_until) if after.paused_until else "now"
    declared.conclude(
        [
            f"Paused until {until}: nothing is sensed or kept; then it goes on by itself.",
            "`turntoward resume` ends the pause sooner.",
            *after.what_holds()[:1],
        ]
    )
