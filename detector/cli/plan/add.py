"""`turntoward add`: declare partner time."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward add Dinner --every weekday --from 18:30 --to 20:00")
@click.argument("title")
@click.option(
    "--every",
    metavar="DAYS",
    help="weekday, mon,wed, 'other friday', 'third week', 'first friday', 'month on 15', '24 december'; see the docs.",
)
@click.option("--from", "begins", metavar="TIME", help="18:30, 18.30 or 6:30pm")
@click.option("--to", "ends", metavar="TIME", help="As --from; at or before it means the next day. 24:00 is midnight.")
@click.option("--for", "lasts", metavar="LENGTH", help="Instead of --to: 90min, 1h30min; at most 24 h.")
@click.option("--on", metavar="DATE", help="Once, on 2026-12-24; with --every: from that day on.")
@click.option("--until", metavar="DATE", help="The last day on which it may be.")
@click.option("--except", "without", metavar="DATE", multiple=True, help="Not on this day; may be given again.")
@click.option("--zone", metavar="ZONE", help="Whose clock it goes by, such as Europe/Berlin; else where you are.")
@click.option("--quiet", is_flag=True, help="The desktop keeps quiet in it.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def command(
    title: str,
    *,
    every: str | None,
    begins: str | None,
    ends: str | None,
    lasts: str | None,
    on: str | None,
    until: str | None,
    without: tuple[str, ...],
    zone: str | None,
    quiet: bool,
    yes: bool,
) -> None:
    """Declare partner time that returns, or that is once.

    What was understood is said back, with the next three times, before anything is kept. It goes by the clock on the
    wall, also when that clock is changed. If it is under way already, it begins now.
    """
    from detector.cli.plan import confirm as understood  # noqa: PLC0415 - not for --help
    from detector.cli.plan import context as declared  # noqa: PLC0415
    from detector.cli.quiet_week.quiet_week import HINT  # noqa: PLC0415 - not for --help
    from detector.partner_time.declaration import PlanArguments, parse_declaration  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.zone import system_zone  # noqa: PLC0415 - not for --help

    before = declared.read_only()
    asked = PlanArguments(
        title=title,
        every=every,
        begins=begins,
        ends=ends,
        lasts=lasts,
        on=on,
        until=until,
        without=without,
        zone=zone,
        quiet=quiet,
    )
    wanted = parse_declaration(asked, before.now, before.zone)
    understood.say_understood(wanted, before)
    if zone is None and system_zone() is None:
        declared.say("Your system names no time zone, so the times are UTC; --zone says another.")
    if not understood.agree("Declare it?", yes=yes, nothing="Nothing was declared", remedy="declare it"):
        return
    with declared.opened() as store:
        kept = store.plans.add(wanted)
        after = declared.read(store)
        is_new_here = quiet_week.should_offer(store)
    sentences = [f"Declared as number {kept.number}."]
    own = next((occurrence for occurrence in after.under_way if occurrence.partner_time == kept.number), None)
    current, upcoming = after.plan.current, after.plan.upcoming
    if own is not None and current is not None and current.id != own.id:
        sentences += [
            f"{current.title} is under way until {after.clock(current.ends)}.",
            f"{kept.title} follows it, until {after.clock(own.ends)}.",
            *after.what_pauses(),
        ]
    elif current is None and upcoming and upcoming[0].partner_time == kept.number:
        sentences += after.what_pauses()
    else:
        sentences += after.what_holds()
    declared.conclude([*sentences, *([HINT] if is_new_here else [])])
