"""`turntoward now`: partner time begins now, for a while."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward now 90min")
@click.argument("length")
@click.option("--title", default="Partner time", show_default=True, help="What to call it.")
def command(length: str, *, title: str) -> None:
    """Begin partner time now, for LENGTH: 90min, 1h30min, at most 24 h. It ends by itself."""
    from detector.cli import declared  # noqa: PLC0415 - not for --help
    from detector.errors import Problem, UserError  # noqa: PLC0415 - not for --help
    from detector.partner_time.spoken import begin_now, parse_lasting, parse_title  # noqa: PLC0415 - not for --help

    problems: list[Problem] = []
    lasts = name = None
    try:
        lasts = parse_lasting(length, argument="LENGTH")
    except UserError as wrong:
        problems += wrong.problems
    try:
        name = parse_title(title, argument="--title")
    except UserError as wrong:
        problems += wrong.problems
    if lasts is None or name is None:
        raise UserError(problems)
    with declared.opened() as store:
        before = declared.read(store)
        current = before.plan.current
        if current is not None:
            raise UserError(
                f"{current.title} is under way until {before.clock(current.ends)}; nothing was changed.\n"
                "  `turntoward stop` ends it; then `turntoward now` begins anew."
            )
        store.add_partner_time(begin_now(name, lasts, before.now))
        after = declared.read(store)
    plan = after.plan
    sentences = after.what_holds()
    if plan.current is not None and plan.upcoming:
        following = plan.upcoming[0]
        joined = following.begins == plan.current.ends
        until = f"goes on from there until {after.clock(following.ends)}" if joined else after.say(following)
        sentences.insert(1, f"{following.title} {until}." if joined else f"Next: {following.title}, {until}.")
    declared.conclude(sentences)
