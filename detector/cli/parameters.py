"""What several commands take: lengths as options, and words that need no quotes."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any, Final

import click

from detector.i18n import _
from detector.spelling import did_you_mean


class LengthType(click.ParamType[timedelta]):
    """A length such as `90s` or `10min`."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length; what cannot be read is refused with the reason."""
        if isinstance(value, timedelta):
            return value
        from detector.errors import UserError  # noqa: PLC0415 - `--help` imports this module, and reads no length
        from detector.partner_time.parse_times import read_length  # noqa: PLC0415 - as above

        try:
            return read_length(str(value), argument=self.name)
        except UserError as error:
            wrong = error.problems[0]
            self.fail("; ".join(filter(None, (wrong.message, wrong.hint))), param, ctx)


LENGTH: Final = LengthType()


class WordsCommand(click.Command):
    """A command that takes a title, a day or a time of several words without quotes: `add Date night --from 7 pm`.

    Words before the first option are one argument. So are the words between an option and the next one, unless there are no
    words before the options: then the title may be among them, and needs its quotes.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        valued = {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}
        joined = _up_to_option(args)
        rest, arguments = args[len(joined) :], [" ".join(joined)] if joined else []
        while rest:
            name = rest.pop(0)
            words = _up_to_option(rest) if joined and name in valued else []
            arguments += [name, " ".join(words)] if words else [name]
            del rest[: len(words)]
        return super().parse_args(ctx, arguments)


class Subcommands(click.Group):
    """A group that refuses an unknown command and lists its commands; `others`: hints for names that people look for."""

    def __init__(self, *args: Any, others: Mapping[str, str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.others = others or {}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; refuse an unknown one with the nearest name, or with the names there are."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            commands = ", ".join(f"`{ctx.command_path} {name}`" for name in self.commands)
            hint = did_you_mean(args[0], self.commands, _("There are {commands}.").format(commands=commands))
            hint = self.others.get(args[0], hint)
            raise click.UsageError(_("There is no command '{name}'. {hint}").format(name=args[0], hint=hint), ctx)
        return super().resolve_command(ctx, args)


def _up_to_option(words: Sequence[str]) -> list[str]:
    return list(takewhile(lambda word: not word.startswith("-") or word == "-", words))
