"""`turntoward next`: the partner time that comes next, and how long until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import timedelta

    from detector.cli.plan.context import Declared
    from detector.partner_time.model import Occurrence


@click.command(name="next", epilog="Example: turntoward next 5")
@click.argument("many", metavar="[COUNT]", type=click.IntRange(1, 100), default=1)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def command(many: int, *, as_json: bool) -> None:
    """Show the next partner time, or the next COUNT of them: what, when, and how long until then."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help

    known = declared.read_only()
    found = _next(known, many)
    if as_json:
        _write_json(found, known)
        return
    for occurrence in found:
        until = (
            f"under way until {known.clock(occurrence.ends)}"
            if occurrence.begins <= known.now
            else f"in {_say_wait(occurrence.begins - known.now)}"
        )
        declared.say(f"{occurrence.title}, {known.say(occurrence)}, {until}.", later="  ")
    if not found:
        declared.say("No partner time is to come." if known.partner_times else declared.NOTHING_DECLARED)
    for sentence in known.what_pauses():
        declared.say(sentence)


def _next(known: Declared, many: int) -> list[Occurrence]:
    from heapq import merge  # noqa: PLC0415 - not for --help
    from itertools import islice  # noqa: PLC0415 - not for --help

    from detector.cli.plan.confirm import all_following  # noqa: PLC0415 - not for --help

    series = (all_following(partner_time, known) for partner_time in known.partner_times)
    return list(islice(merge(*series, key=lambda each: (each.begins, each.partner_time)), many))


def _say_wait(wait: timedelta) -> str:
    """Return "30 min", "2 h 5 min", "3 days": no finer than matters."""
    minutes = -(-int(wait.total_seconds()) // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        rest = f" {minutes % 60} min" if minutes % 60 else ""
        return f"{minutes // 60} h{rest}"
    days, hours = minutes // (24 * 60), minutes // 60 % 24
    rest = f" {hours} h" if hours and days < 7 else ""
    return f"{days} {'day' if days == 1 else 'days'}{rest}"


def _write_json(found: list[Occurrence], known: Declared) -> None:
    import json  # noqa: PLC0415 - not for --help

    written = {
        "now": known.now.isoformat(),
        "paused_until": known.paused_until.isoformat() if known.paused_until else None,
        "next": [
            {
                "id": occurrence.id,
                "number": occurrence.partner_time,
                "title": occurrence.title,
                "begins": occurrence.begins.isoformat(),
                "ends": occurrence.ends.isoformat(),
                "under_way": occurrence.begins <= known.now,
                "begins_in_seconds": max(0, int((occurrence.begins - known.now).total_seconds())),
            }
            for occurrence in found
        ],
    }
    click.echo(json.dumps(written, ensure_ascii=False, indent=2))
