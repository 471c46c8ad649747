"""The commands about partner time: their options, arguments and help.

The options of `add` and `edit` are the fields of `detector.partner_time.declaration.PlanArguments`.
"""

from typing import Any

import click

from detector.cli.lazy_completers import titles
from detector.cli.parameters import Subcommands, WordsCommand
from detector.partner_time.model import DEFAULT_TITLE


@click.command(epilog="Example: turntoward now 90min")
@click.argument("length", nargs=-1)
@click.option("--title", default=DEFAULT_TITLE, show_default=True, help="What to call it.")
def now_command(length: tuple[str, ...], *, title: str) -> None:
    """Begin partner time now, for LENGTH: 90min, 2 hours, until 22:00; without one for 90 min. It ends by itself.

    A number alone is minutes. It lasts 24 h at the most.
    """
    from detector.cli.plan.now import start_now

    start_now(length, title)


@click.command(cls=WordsCommand, epilog="Example: turntoward add Dinner --every weekday --from 18:30 --to 20:00")
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
@click.option("--except", "excluded", metavar="DATE", multiple=True, help="Not on this day; may be given again.")
@click.option("--zone", metavar="ZONE", help="The time zone, such as Europe/Berlin; by default the one where you are.")
@click.option("--quiet", "do_not_disturb", is_flag=True, help="The desktop keeps quiet in it.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def add_command(*, yes: bool, **options: Any) -> None:
    """Declare partner time, once or with a recurrence.

    What was understood is shown with the next three times before anything is stored. Times are local time, also when the
    clocks change. If it is under way already, it begins now.
    """
    from detector.cli.plan.declare import add_partner_time

    add_partner_time(options, yes=yes)


@click.command(cls=WordsCommand, epilog="Example: turntoward edit dinner --from 19:00")
@click.argument("name", metavar="NUMBER|TITLE", shell_complete=titles)
@click.option("--title", metavar="TITLE", help="What it is called from now on.")
@click.option("--every", metavar="DAYS", help="As `turntoward add` takes them: weekday, mon,wed, 'other friday'.")
@click.option("--from", "begins", metavar="TIME", help="It begins then, and lasts as long as before.")
@click.option("--to", "ends", metavar="TIME", help="It ends then; at or before its beginning means the next day.")
@click.option("--for", "lasts", metavar="LENGTH", help="It lasts so long: 90min, 1h30min.")
@click.option("--on", metavar="DATE", help="Its day; with --every the first day on which it may be.")
@click.option("--until", metavar="DATE", help="The last day on which it may be; `never` for none.")
@click.option("--except", "excluded", metavar="DATE", multiple=True, help="Not on this day; may be given again.")
@click.option("--include", "included", metavar="DATE", multiple=True, help="On this day after all; may be given again.")
@click.option("--zone", metavar="ZONE", help="The time zone; `here` for the one where you are.")
@click.option("--quiet/--no-quiet", "do_not_disturb", default=None, help="Whether the desktop keeps quiet in it.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def edit_command(name: str, *, yes: bool, **options: Any) -> None:
    """Change a declared partner time, by its number or title: only what you name, everything else stays.

    The old and the new version are shown before anything is changed. One that is under way goes on as it began.
    """
    from detector.cli.plan.declare import edit_partner_time

    edit_partner_time(name, options, yes=yes)


@click.command(epilog="Example: turntoward list --json")
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
@click.option(
    "--week", metavar="[DATE]", is_flag=False, flag_value="today", help="This week, or the one with DATE, as a picture."
)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def list_command(*, everything: bool, week: str | None, as_json: bool) -> None:
    """Show what is declared, each with its next three times.

    '>' marks the one under way, '-' one that was skipped or cancelled.
    """
    from detector.cli.plan.list import list_partner_times

    list_partner_times(everything=everything, week=week, as_json=as_json)


@click.command(cls=WordsCommand, epilog="Example: turntoward show dinner")
@click.argument("name", metavar="NUMBER|TITLE", shell_complete=titles)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def show_command(name: str, *, as_json: bool) -> None:
    """Show everything about one partner time, by its number or title: its next five times, and what is different."""
    from detector.cli.plan.show import show_partner_time

    show_partner_time(name, as_json=as_json)


@click.command(epilog="Example: turntoward next 5")
@click.argument("count", metavar="[COUNT]", type=click.IntRange(1, 100), default=1)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def next_command(count: int, *, as_json: bool) -> None:
    """Show the next partner time, or the next COUNT of them: what, when, and how long until then."""
    from detector.cli.plan.list import show_next

    show_next(count, as_json=as_json)


@click.command(cls=WordsCommand, epilog="Example: turntoward remove Dinner")
@click.argument("name", metavar="NUMBER|TITLE", shell_complete=titles)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def remove_command(name: str, *, yes: bool) -> None:
    """Remove a declared partner time, by its number or title.

    If it is under way it ends. What was recorded stays; `turntoward forget` deletes that.
    """
    from detector.cli.plan.declare import remove_partner_time

    remove_partner_time(name, yes=yes)


@click.command(epilog="Example: turntoward extend 30min")
@click.argument("length", nargs=-1, required=True)
def extend_command(length: tuple[str, ...]) -> None:
    """Make the partner time under way longer by LENGTH, only this time: 30min, 1h, until 22:00.

    It lasts at most 24 h in all. `turntoward stop` still ends it at any time.
    """
    from detector.cli.plan.now import extend_current

    extend_current(length)


@click.command(epilog="Example: turntoward answer need --for 5min")
@click.argument("answer", type=click.Choice(["away", "both", "need"]))
@click.option("--for", "length", type=click.Choice(["1min", "5min", "15min"]), help="With `need`: for how long.")
def answer_command(answer: str, *, length: str | None) -> None:
    """Answer the last nudge, as its buttons do: away (Put it away), both (This is for both of us), need (I need this).

    A nudge can be answered until its outcome is known: for about a minute and a half. An answer cannot be changed.
    """
    from detector.cli.plan.answer import answer_nudge

    answer_nudge(answer, length)


@click.command(epilog="Example: turntoward stop")
def stop_command() -> None:
    """End the partner time under way; later occurrences stay as planned.

    Where several overlap, all of them end. Nobody is notified.
    """
    from detector.cli.plan.now import stop_current

    stop_current()


@click.command(epilog="Example: turntoward pause 30min")
@click.argument("length", nargs=-1, required=True)
def pause_command(length: tuple[str, ...]) -> None:
    """Sense and keep nothing for LENGTH: 30min, 2h, until 21:00, at most 24 h. The pause ends by itself.

    A second pause replaces the first. Partner time itself goes on: to end it, use `turntoward stop`.
    """
    from detector.cli.plan.now import pause_for

    pause_for(length)


@click.command(epilog="Example: turntoward resume")
def resume_command() -> None:
    """End the pause, and show what is under way."""
    from detector.cli.plan.now import end_pause

    end_pause()


@click.command(cls=WordsCommand, epilog="Example: turntoward skip dinner")
@click.argument("name", metavar="[NUMBER|TITLE]", required=False, shell_complete=titles)
@click.option("--undo", is_flag=True, help="Restore what was skipped or cancelled last.")
def skip_command(name: str | None, *, undo: bool) -> None:
    """Skip the occurrence under way, else the next one. Later occurrences stay as planned.

    Without a number or title it is the first of all. `turntoward cancel` asks for a new date as well.
    """
    from detector.cli.plan.cancel import skip_next

    skip_next(name, undo=undo)


@click.command(cls=WordsCommand, epilog='Example: turntoward cancel dinner --instead "sun 11:00"')
@click.argument("name", metavar="[NUMBER|TITLE]", required=False, shell_complete=titles)
@click.option("--instead", metavar="WHEN", help='The new date: "sun 11:00", "tomorrow 19:00", "2026-12-24 18:00".')
@click.option("--no-new-date", is_flag=True, help="Cancel without a new date.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def cancel_command(name: str | None, *, instead: str | None, no_new_date: bool, yes: bool) -> None:
    """Cancel the occurrence under way, else the next one, and choose a new date.

    The new one lasts as long; `turntoward report` shows later which cancelled ones were held later. Without a number or
    title it is the first of all. `turntoward skip --undo` undoes it.
    """
    from detector.cli.plan.cancel import cancel_next

    cancel_next(name, instead=instead, no_new_date=no_new_date, yes=yes)


@click.group("together", cls=Subcommands, invoke_without_command=True, epilog="Example: turntoward together add video")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
@click.pass_context
def together_command(context: click.Context, *, as_json: bool) -> None:
    """Show or change the categories that are always for both of you: there are no nudges about them.

    For a single time there is a button on the nudge. Moments of these categories are recorded and not counted. The list
    is [policy] for_both in the config, and counts from the next partner time on.
    """
    if context.invoked_subcommand is None:
        from detector.cli.plan.together import show_categories

        show_categories(as_json=as_json)


@together_command.command("add", epilog="Example: turntoward together add video")
@click.argument("category")
def together_add_command(category: str) -> None:
    """Make CATEGORY always for both of you."""
    from detector.cli.plan.together import add_category

    add_category(category)


@together_command.command("remove", epilog="Example: turntoward together remove video")
@click.argument("category")
def together_remove_command(category: str) -> None:
    """Remove CATEGORY: nudges may name it again."""
    from detector.cli.plan.together import remove_category

    remove_category(category)


@together_command.command("decline", epilog="Example: turntoward together decline video")
@click.argument("category")
def together_decline_command(category: str) -> None:
    """Do not offer CATEGORY any more."""
    from detector.cli.plan.together import decline_category

    decline_category(category)
