"""The command `quiet-week` and those inside it: their options and help."""

import click

from detector.cli.parameters import Subcommands


@click.group(cls=Subcommands, invoke_without_command=True, epilog="Example: turntoward quiet-week start")
@click.option("--json", "as_json", is_flag=True, help="Write how far it is as JSON.")
@click.pass_context
def quiet_week_command(ctx: click.Context, *, as_json: bool) -> None:
    """Show no nudges for seven evenings, and then propose settings that suit you.

    The rules are on, and what they find is recorded, but no nudge is shown. Then thresholds are proposed from your own
    evenings, to be accepted one by one. Without a command it shows how far it is.
    """
    ctx.obj = as_json  # `quiet-week --json propose` means the same as `quiet-week propose --json`
    if ctx.invoked_subcommand is None:
        from detector.cli.quiet_week.quiet_week import write_status

        write_status(as_json=as_json)


@quiet_week_command.command(epilog="Example: turntoward quiet-week start")
def start() -> None:
    """Begin with the next partner time; it ends by itself after seven evenings."""
    from detector.cli.quiet_week.quiet_week import start_week

    start_week()


@quiet_week_command.command(epilog="Example: turntoward quiet-week status --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Show how many of the seven evenings are done."""
    from detector.cli.quiet_week.quiet_week import write_status

    write_status(as_json=as_json or bool(ctx.obj))


@quiet_week_command.command(epilog="Example: turntoward quiet-week stop")
def stop() -> None:
    """End it early: nudges are shown from now on."""
    from detector.cli.quiet_week.quiet_week import stop_week

    stop_week()


@quiet_week_command.command(epilog="Example: turntoward quiet-week propose --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
@click.pass_context
def propose(ctx: click.Context, *, as_json: bool) -> None:
    """Show which thresholds would suit you, and what each would have done.

    They come from your own seven evenings, and only make a rule hold later. Nothing changes until you accept one.
    """
    from detector.cli.quiet_week.proposing import write_proposals

    write_proposals(as_json=as_json or bool(ctx.obj))


@quiet_week_command.command(epilog="Example: turntoward quiet-week accept F101")
@click.argument("code", metavar="CODE")
def accept(code: str) -> None:
    """Accept the proposal for the rule CODE: it becomes a rule of your own."""
    from detector.cli.quiet_week.proposing import accept_proposal

    accept_proposal(code)


@quiet_week_command.command(epilog="Example: turntoward quiet-week decline F101")
@click.argument("code", metavar="CODE")
def decline(code: str) -> None:
    """Leave the rule CODE as it is; its proposal is not made again."""
    from detector.cli.quiet_week.proposing import decline_proposal

    decline_proposal(code)
