"""The command line: the table of commands, each imported only when it is named.

Invariant 1: `detector/cli/<topic>/commands.py` defines the commands of a topic: options, arguments, help. Importing it must be
    cheap, since `--help` does.
Invariant 2: what a command does stands in a module of its own, whose imports stand at its top. The definition imports that
    module when the command runs: one import inside the function, then one call.
Invariant 3: an error's text is written where the error is raised; here it only gets its exit code.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from detector import errors
from detector.i18n import _
from detector.spelling import did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# A shell sets this environment variable to ask what Tab may complete.
COMPLETION_VARIABLE: Final = "_TURNTOWARD_COMPLETE"


class CommandEntry(NamedTuple):
    """A command: its name, the group under which `--help` lists it, the folder of its `commands.py`, its summary."""

    name: str
    group: str
    folder: str
    summary: str


# Every command, in the order of `--help`. `load_command` finds `now` as `now_command` in `detector/cli/plan/commands.py`.
COMMANDS: Final = (
    CommandEntry("now", "Partner time", "plan", "begin partner time now"),
    CommandEntry("add", "Partner time", "plan", "declare partner time, once or for good"),
    CommandEntry("edit", "Partner time", "plan", "change a declared partner time"),
    CommandEntry("list", "Partner time", "plan", "list declared partner times, or draw a week"),
    CommandEntry("show", "Partner time", "plan", "show everything about one partner time"),
    CommandEntry("next", "Partner time", "plan", "show the partner time that comes next"),
    CommandEntry("remove", "Partner time", "plan", "remove a declared partner time"),
    CommandEntry("extend", "Partner time", "plan", "make the partner time under way longer"),
    CommandEntry("answer", "Partner time", "plan", "answer the last nudge: away, both or need"),
    CommandEntry("stop", "Partner time", "plan", "end the partner time under way"),
    CommandEntry("pause", "Partner time", "plan", "sense nothing for a while"),
    CommandEntry("resume", "Partner time", "plan", "end the pause"),
    CommandEntry("skip", "Partner time", "plan", "skip one occurrence"),
    CommandEntry("cancel", "Partner time", "plan", "cancel one occurrence, and choose a new date"),
    CommandEntry("calendar", "Partner time", "calendar", "calendars that propose partner time"),
    CommandEntry("together", "Partner time", "plan", "categories that are always for both of you"),
    CommandEntry("report", "Looking back", "history", "show presence, moments, and what helped"),
    CommandEntry("backtest", "Looking back", "history", "try rules on your own past evenings"),
    CommandEntry("why", "Looking back", "history", "explain why a nudge came, or why none did"),
    CommandEntry("replay", "Looking back", "history", "play a recording"),
    CommandEntry("forget", "Looking back", "history", "delete the last minutes, or everything"),
    CommandEntry("export", "Looking back", "history", "write out everything that is kept"),
    CommandEntry(
        "quiet-week", "Rules and activities", "quiet_week", "no nudges for seven evenings, then proposals for you"
    ),
    CommandEntry(
        "rules", "Rules and activities", "rules", "show the rules or one of them; check, write and test your own"
    ),
    CommandEntry("what", "Rules and activities", "what", "show how the window in front is classified"),
    CommandEntry("phone", "Devices", "phone", "pair your phone, see which are paired, test or remove one"),
    CommandEntry("import", "Devices", "importing", "import the history of ActivityWatch"),
    CommandEntry("doctor", "Devices", "program", "show what can be sensed here, and how to fix the rest"),
    CommandEntry("try", "The program", "program", "play the bundled evening, without a desktop"),
    CommandEntry("run", "The program", "program", "run the daemon in the foreground"),
    CommandEntry("status", "The program", "program", "show what the program is doing now"),
    CommandEntry("config", "The program", "program", "show the settings in force, or a commented sample"),
    CommandEntry("completion", "The program", "program", "set up shell completion"),
    CommandEntry("service", "The program", "program", "install or remove the systemd user service"),
)
_BY_NAME: Final = {entry.name: entry for entry in COMMANDS}
# Names of other programs' commands, and what they are called here.
_OTHER_NAMES: Final = {
    **dict.fromkeys(("start", "begin"), "now"),
    **dict.fromkeys(("delete", "rm"), "remove"),
    **dict.fromkeys(("schedule", "plan", "ls"), "list"),
    **dict.fromkeys(("history", "stats", "log"), "report"),
    **dict.fromkeys(("set", "settings", "get"), "config sample --write"),
    "undo": "skip --undo",
    "proposal": "calendar proposals",
}


@cache
def load_command(name: str) -> click.Command:
    module = import_module(f"detector.cli.{_BY_NAME[name].folder}.commands")
    command: click.Command = getattr(module, f"{name.replace('-', '_')}_command")
    _translate(command)
    return command


def _translate(command: click.Command) -> None:
    # The texts of click are docstrings and decorators' arguments, which are written without `_()`.
    for name in ("help", "short_help", "epilog"):
        if text := getattr(command, name):
            setattr(command, name, _(cleandoc(text)))
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _translate(inner)


class Commands(click.Group):
    """A group that knows its commands by name and imports each only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_BY_NAME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        return load_command(cmd_name) if cmd_name in _BY_NAME else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for a shell that asks

        matching = (entry for entry in COMMANDS if entry.name.startswith(incomplete))
        return [CompletionItem(entry.name, help=_(entry.summary)) for entry in matching]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; refuse an unknown one with the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in _BY_NAME:
            hint = _elsewhere(args[0]) or did_you_mean(args[0], _BY_NAME, _("`turntoward --help` lists the commands."))
            raise click.UsageError(_("There is no command '{name}'. {hint}").format(name=args[0], hint=hint), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        for group in dict.fromkeys(entry.group for entry in COMMANDS):
            with formatter.section(_(group)):
                formatter.write_dl([(entry.name, _(entry.summary)) for entry in COMMANDS if entry.group == group])


def _elsewhere(name: str) -> str | None:
    """Return a hint at the commands that do what the name says, such as `calendar accept` for `accept`."""
    if name in _OTHER_NAMES:
        commands = [_OTHER_NAMES[name]]
    else:
        groups = [(entry.name, load_command(entry.name)) for entry in COMMANDS]
        commands = [
            f"{title} {name}" for title, group in groups if isinstance(group, click.Group) and name in group.commands
        ]
    if not commands:
        return None
    return _("Write {commands}.").format(commands=_(" or ").join(f"`turntoward {command}`" for command in commands))


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Example: turntoward now 90min",
)
@click.version_option(package_name="turntoward", prog_name="turntoward")
def turntoward() -> None:
    """Notice the small moments in which you turn to a screen instead of to the person beside you.

    You declare partner time; during it, and only then, a quiet notification tells you when a screen takes you away.
    Everything stays on this device.
    """


_translate(turntoward)


def main() -> None:
    """Run the command line; the exit codes are 0 done, 1 failed, 2 your input, 3 no daemon, 70 a bug."""
    try:
        if COMPLETION_VARIABLE in os.environ:
            import_module("detector.cli.completion_scripts").register()
        # Without click's standalone mode an exit code that a command sets is returned, and errors are raised.
        code = turntoward.main(prog_name="turntoward", standalone_mode=False)
        if isinstance(code, int) and code:
            sys.exit(code)
    except click.exceptions.Abort:
        # 128 + SIGINT, as a shell reports Ctrl-C.
        sys.exit(130)
    # `--help` and commands that end early raise this; it is no error.
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(errors.EXIT_INPUT)
    # The texts of these errors are complete sentences.
    except errors.TurntowardError as error:
        click.echo(str(error), err=True)
        failed = errors.EXIT_NOT_RUNNING if isinstance(error, errors.DaemonNotRunning) else errors.EXIT_FAILED
        sys.exit(errors.EXIT_INPUT if isinstance(error, errors.UserError) else failed)
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe.
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a bug, and must end with the code of a bug
        sys.excepthook(type(error), error, error.__traceback__)
        click.echo(_("This is a bug in turntoward; see the traceback above."), err=True)
        sys.exit(errors.EXIT_BUG)
