"""`turntoward extend`: the partner time under way goes on longer than it was planned."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward extend 30min")
@click.argument("length")
def command(length: str) -> None:
    """Let the partner time under way go on for LENGTH longer, this once: 30min, 1h.

    It lasts at most 24 h in all. `turntoward stop` still ends it at any time.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.control import requests  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.partner_time.parse_times import parse_duration  # noqa: PLC0415 - not for --help

    by = parse_duration(length, argument="LENGTH")
    with declared.opened() as store:
        before = declared.read(store)
        extended = requests.extend(store, before.now, by)
        after = declared.read(store)
    if extended is None:
        current = before.plan.current
        if current is None:
            raise UserError("No partner time is under way; nothing was changed.\n  `turntoward now 30min` begins one.")
        raise UserError(
            f"{current.title} is under way until {before.clock(current.ends)}; nothing was changed.\n"
            "  Partner time lasts 24 h at the longest."
        )
    planned = before.under_way[0].ends
    less = "; 24 h are the longest" if extended.ends < planned + by else ""
    sentences = [
        f"{extended.title} goes on until {after.clock(extended.ends)} instead of {before.clock(planned)}{less}.",
        *after.what_follows(),
        *after.what_pauses(),
    ]
    declared.conclude(sentences)
