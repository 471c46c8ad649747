"""`turntoward list`: what is declared, with the next three times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from detector.cli.plan.context import Declared
    from detector.partner_time.model import Occurrence, PartnerTime


@click.command(name="list", epilog="Example: turntoward list --json")
@click.option("--all", "everything", is_flag=True, help="Also what is over and does not return.")
@click.option(
    "--week", metavar="[DATE]", is_flag=False, flag_value="today", help="This week, or the one with DATE, as a picture."
)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def command(*, everything: bool, week: str | None, as_json: bool) -> None:
    """Show what is declared, each with its next three times.

    '>' marks the one under way, '-' one that was skipped or cancelled.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.plan.confirm import with_skipped  # noqa: PLC0415 - not for --help

    known = declared.read_only()
    if week is not None:
        from detector.cli.plan.week_listing import list_week  # noqa: PLC0415 - not for --help

        list_week(week, known, as_json=as_json)
        return
    rows = [(partner_time, with_skipped(partner_time, known)) for partner_time in known.partner_times]
    shown = [row for row in rows if everything or row[1]]
    if as_json:
        _write_json(shown, known)
        return
    for partner_time, coming in shown:
        _write(partner_time, coming, known)
    if not shown:
        declared.say(declared.NOTHING_DECLARED)
    hidden = len(rows) - len(shown)
    if hidden:
        declared.say(f"{hidden} that {'is' if hidden == 1 else 'are'} over: `turntoward list --all`.")
    if known.paused_until is not None:
        declared.say(f"You paused until {known.clock(known.paused_until)}; `turntoward resume` ends the pause.")


def _write(partner_time: PartnerTime, coming: list[Occurrence], known: Declared) -> None:
    from detector.cli.plan.context import say  # noqa: PLC0415 - not for --help
    from detector.partner_time.describe import say_partner_time  # noqa: PLC0415 - not for --help

    words = say_partner_time(partner_time, known.now, known.zone)
    say(words, first=f"{partner_time.number:>3}  ", later="     ")
    current = known.plan.current
    for occurrence in coming:
        if current is not None and current.id == occurrence.id:
            say(f"under way until {known.clock(occurrence.ends)}", first="   > ", later="     ")
        elif (why := known.does_not_take_place(occurrence)) is not None:
            say(f"{known.say(occurrence)}, {why}", first="   - ", later="     ")
        elif partner_time.recurrence is not None or occurrence.begins <= known.now:
            say(known.say(occurrence), first="     ", later="     ")
    if not coming:
        say("is over and does not return", first="     ", later="     ")


def _write_json(rows: list[tuple[PartnerTime, list[Occurrence]]], known: Declared) -> None:
    import json  # noqa: PLC0415 - not for --help

    current = known.plan.current
    written: dict[str, Any] = {
        "now": known.now.isoformat(),
        "paused_until": known.paused_until.isoformat() if known.paused_until else None,
        "partner_times": [
            {
                **known.plain(partner_time),
                "next": [
                    {
                        "id": occurrence.id,
                        "begins": occurrence.begins.isoformat(),
                        "ends": occurrence.ends.isoformat(),
                        "under_way": current is not None and current.id == occurrence.id,
                        "skipped": occurrence.id in known.skipped,
                    }
                    for occurrence in coming
                ],
            }
            for partner_time, coming in rows
        ],
    }
    click.echo(json.dumps(written, ensure_ascii=False, indent=2))
