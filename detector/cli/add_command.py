"""`turntoward add`: declare partner time that returns."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward add Dinner --days mon-fri --from 18:30 --to 20:00")
@click.argument("title")
@click.option("--days", metavar="DAYS", help="mon-fri, mon,wed,fri, daily, weekdays, weekend")
@click.option("--from", "begins", metavar="TIME", help="18:30, 18.30 or 6:30pm")
@click.option("--to", "ends", metavar="TIME", help="As --from; at or before it means the next day. 24:00 is midnight.")
@click.option("--for", "lasts", metavar="LENGTH", help="Instead of --to: 90min, 1h30min; at most 24 h.")
@click.option("--zone", metavar="ZONE", help="Whose clock it goes by, such as Europe/Berlin; else your system's.")
def command(
    title: str, *, days: str | None, begins: str | None, ends: str | None, lasts: str | None, zone: str | None
) -> None:
    """Declare partner time that returns every week.

    It goes by the clock on the wall, also when that clock is changed. If it is under way already, it begins now.
    """
    from detector.cli import declared  # noqa: PLC0415 - not for --help
    from detector.cli.quiet_week_said import HINT  # noqa: PLC0415 - not for --help
    from detector.partner_time.spoken import parse_partner_time  # noqa: PLC0415 - not for --help
    from detector.partner_time.words import say_partner_time  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone, system_zone  # noqa: PLC0415 - not for --help

    now = declared.CLOCK.now()
    wanted = parse_partner_time(
        title=title, days=days, begins=begins, ends=ends, lasts=lasts, zone=zone or reader_zone().key, now=now
    )
    with declared.opened() as store:
        kept = store.add_partner_time(wanted)
        after = declared.read(store)
        is_new_here = quiet_week.is_to_be_offered(store)
    sentences = [f"{say_partner_time(kept, now, after.zone)}. Declared as number {kept.number}."]
    if zone is None and system_zone() is None:
        sentences.append("Your system names no time zone, so the times are UTC; --zone says another.")
    upcoming = after.plan.upcoming
    first = next((occurrence for occurrence in upcoming if occurrence.partner_time == kept.number), None)
    if first is not None and first is not upcoming[0]:
        sentences.append(f"It first begins {after.say(first)}.")
    conclusion = after.what_holds()
    own = next((occurrence for occurrence in after.under_way if occurrence.partner_time == kept.number), None)
    if own is not None and (after.plan.current is None or after.plan.current.id != own.id):
        conclusion.insert(1, f"{kept.title} follows it, until {after.clock(own.ends)}.")
    declared.conclude([*sentences, *conclusion, *([HINT] if is_new_here else [])])
