"""`turntoward now`: partner time begins now, for a while."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward now 90min")
@click.argument("length")
@click.option("--title", default="Partner time", show_default=True, help="What to call it.")
def command(length: str, *, title: str) -> None:
    """Begin partner time now, for LENGTH: 90min, 1h30min, at most 24 h. It ends by itself."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.control import requests  # noqa: PLC0415 - not for --help
    from detector.errors import Problem, UserError  # noqa: PLC0415 - not for --help
    from detector.partner_time.parse_times import parse_duration, parse_title  # noqa: PLC0415 - not for --help

    problems: list[Problem] = []
    lasts = name = None
    try:
        lasts = parse_duration(length, argument="LENGTH")
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
        begun = requests.start(store, before.now, lasts, name)
        after = declared.read(store)
    current = before.plan.current
    if begun is None and current is not None:
        raise UserError(
            f"{current.title} is under way until {before.clock(current.ends)}; nothing was changed.\n"
            "  `turntoward extend` lets it go on longer; `turntoward stop` ends it."
        )
    sentences = after.what_holds()
    sentences[1:1] = after.what_follows()
    declared.conclude(sentences)
