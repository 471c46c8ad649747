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
from typing import TYPE_CHECKING, Final

import click

from detector.errors import (
    EXIT_BUG,
    EXIT_FAILED,
    EXIT_INPUT,
    EXIT_NOT_RUNNING,
    DaemonNotRunning,
    TurntowardError,
    UserError,
)
from detector.i18n import _
from detector.spelling import did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Every command, grouped as `--help` shows them, with its line there.
COMMANDS: Final[dict[str, dict[str, str]]] = {
    "Partner time": {
        "now": "partner time begins now, for a while",
        "add": "declare partner time, once or for good",
        "edit": "change a declared partner time: only what you name",
        "list": "show what is declared, or a week of it as a picture",
        "show": "show everything about one partner time",
        "next": "show the partner time that comes next",
        "remove": "take a declared partner time back",
        "extend": "the partner time under way goes on longer",
        "stop": "end the partner time under way",
        "pause": "sense nothing for a while",
        "resume": "end the pause",
        "skip": "one partner time does not take place, this once",
        "cancel": "cancel one partner time, and have it at another time",
        "calendar": "calendars that propose partner time",
        "together": "what is always for both of you",
    },
    "Looking back": {
        "report": "what happened, how often, and what helped",
        "backtest": "try rules on your own past evenings before they speak",
        "why": "why a nudge came, or why none did",
        "replay": "play a recording through the same core",
        "forget": "delete the last minutes, or everything",
        "export": "write out everything that is kept",
    },
    "Rules and activities": {
        "quiet-week": "keep quiet for seven evenings, then propose what suits you",
        "rules": "show the rules or one of them; check, write and test your own",
        "what": "show what the program makes of the toplevel in front",
    },
    "Devices": {
        "phone": "pair your phone, see which are paired, test or remove one",
        "import": "take in history that ActivityWatch kept",
        "doctor": "say what can be sensed here, and what to do about the rest",
    },
    "The program": {
        "try": "play the bundled evening: see it work without a desktop",
        "run": "run the daemon in the foreground",
        "status": "say what the program is doing right now",
        "config": "show the settings in force, or a commented sample",
        "completion": "let Tab write commands and your own titles",
        "service": "install or remove the systemd user service",
    },
}

# Which folder under `detector/cli/` defines each command, in its `commands.py`.
_TOPICS: Final[dict[str, str]] = {
    "plan": "now add edit list show next remove extend stop pause resume skip cancel together",
    "calendar": "calendar",
    "phone": "phone",
    "importing": "import",
    "rules": "rules",
    "what": "what",
    "quiet_week": "quiet-week",
    "history": "report why forget export backtest replay",
    "program": "try run status doctor config completion service",
}


@cache
def load_command(name: str) -> click.Command:
    topic = next(topic for topic, names in _TOPICS.items() if name in names.split())
    module = import_module(f"detector.cli.{topic}.commands")
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


# A shell sets this environment variable to ask what Tab may complete.
COMPLETION_VARIABLE: Final = "_TURNTOWARD_COMPLETE"


class Commands(click.Group):
    """A group that knows its commands by name and imports each only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for group in COMMANDS.values() for name in group]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None if there is none of that name."""
        return load_command(cmd_name) if cmd_name in self.list_commands(ctx) else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for a shell that asks

        known = (row for group in COMMANDS.values() for row in group.items())
        return [CompletionItem(name, help=_(line)) for name, line in known if name.startswith(incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; refuse an unknown one with the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            hint = did_you_mean(args[0], self.list_commands(ctx), _("`turntoward --help` lists the commands."))
            raise click.UsageError(_("There is no command '{name}'. {hint}").format(name=args[0], hint=hint), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups from the table, importing nothing."""
        del ctx
        for group, commands in COMMANDS.items():
            with formatter.section(_(group)):
                formatter.write_dl([(name, _(line)) for name, line in commands.items()])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Example: turntoward now 90min",
)
@click.version_option(package_name="turntoward", prog_name="turntoward")
def turntoward() -> None:
    """Notice the small moments in which you turn to a screen instead of to the person beside you.

    You declare partner time; during it, and only then, a screen that takes you away is said to you once, gently.
    Everything stays on this device.
    """


_translate(turntoward)


def main() -> None:
    """Run the command line; the exit codes are 0 done, 1 failed, 2 your input, 3 no daemon, 70 a bug."""
    try:
        if COMPLETION_VARIABLE in os.environ:
            import_module("detector.cli.shells").register()
        # Without click's standalone mode an exit code that a command sets is returned, and errors are raised.
        code = turntoward.main(prog_name="turntoward", standalone_mode=False)
        if isinstance(code, int) and code:
            sys.exit(code)
    except click.exceptions.Abort:
        # 128 + SIGINT, as a shell reports Ctrl-C.
        sys.exit(130)
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_INPUT)
    except TurntowardError as error:
        click.echo(str(error), err=True)
        failed = EXIT_NOT_RUNNING if isinstance(error, DaemonNotRunning) else EXIT_FAILED
        sys.exit(EXIT_INPUT if isinstance(error, UserError) else failed)
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a bug, and must end with the code of a bug
        sys.excepthook(type(error), error, error.__traceback__)
        click.echo(_("This is a bug in turntoward; what stands above says where."), err=True)
        sys.exit(EXIT_BUG)
