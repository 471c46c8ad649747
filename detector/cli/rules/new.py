"""`turntoward rules new`: a rule of one's own, or another threshold for a built-in one, without knowing the language.

Rule 1: it asks only where a person can answer; scripts say everything by options, and miss nothing.
"""

from __future__ import annotations

import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from detector.cli.rules.writing import (
    SIGNS,
    WHY,
    WRONG,
    Draft,
    free_code,
    joined,
    length_in,
    needs_of,
    new_says,
    new_when,
    with_exception,
    with_length,
)
from detector.errors import UserError
from detector.i18n import _
from rules.features import CATEGORIES
from rules.lengths import parse_length, say_length

if TYPE_CHECKING:
    from detector.rulebook.loading import RuleFile
    from rules.model import Condition, Rule

COLUMNS: Final = 80
PAGE: Final = ("notices", "why", "wrong", "needs", "example")


class _Length(click.ParamType[timedelta]):
    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse_length(str(value))
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)


@click.command("new", epilog="Example: turntoward rules new --from F101 --after 90s")
@click.option("--from", "origin", metavar="CODE", help="Start from a rule in force; yours then replaces it.")
@click.option("--category", type=click.Choice(["distraction", *CATEGORIES]), metavar="WORD", help="What it is about.")
@click.option("--after", type=_Length(), metavar="LENGTH", help="After how long, such as 90s or 10min.")
@click.option("--sign", type=click.Choice(list(SIGNS)), help="By what it is noticed.")
@click.option("--except", "exempt", metavar="CONDITION", help="When it is fine, such as 'came_from is together'.")
@click.option("--when", metavar="CONDITION", help="The whole condition, in the words of docs/rules.md.")
@click.option("--name", help="What heads its page; at most 60 characters.")
@click.option("--code", help="One to four capital letters and digits; otherwise the next of X101, X102 …")
@click.option("--file", type=click.Path(path_type=Path), help="Where to write it; otherwise own.toml among your rules.")
@click.option("--dry-run", is_flag=True, help="Show the rule, and write nothing.")
def new(
    *,
    origin: str | None,
    category: str | None,
    after: timedelta | None,
    sign: str | None,
    exempt: str | None,
    when: str | None,
    name: str | None,
    code: str | None,
    file: Path | None,
    dry_run: bool,
) -> None:
    """Write a rule of your own, or change a built-in one. It asks for what no option says.

    The rule is checked and added to what is in the file. Give --file to try it with `backtest` before it speaks.
    """
    from detector.paths import rules_dir  # noqa: PLC0415 - only when used
    from detector.rulebook.editing import OWN  # noqa: PLC0415 - only when used
    from detector.rulebook.loading import load_rules  # noqa: PLC0415 - only when used

    loaded = load_rules(rules_dir())
    by_code = {rule.code: rule for rule in loaded.rules}
    if origin is None and code is not None and code.upper() in by_code and when is None and category is None:
        origin = code
    asks = _asks() and not (when or category or (origin and (after or exempt)))
    if asks and origin is None:
        click.echo("A rule of your own. Ctrl-C leaves, and nothing is written.\n")
        origin = click.prompt(
            "Change a rule in force? Its code, or Enter for a new one", default="", show_default=False
        )
    if origin:
        draft = _changed(_known(origin, by_code), after, exempt, when, name, asks=asks)
    else:
        taken = {*by_code, *loaded.broken}
        draft = _made(
            category=category,
            after=after,
            sign=sign,
            exempt=exempt,
            when=when,
            name=name,
            code=code or free_code(taken),
            asks=asks,
        )
    _write(draft, file or rules_dir() / OWN, dry_run=dry_run, is_own=file is None)


def _asks() -> bool:
    return sys.stdin.isatty()


def _known(code: str, by_code: dict[str, Rule]) -> Rule:
    from rules.language.problems import did_you_mean, shown  # noqa: PLC0415 - only on a mistake

    rule = by_code.get(code.strip().upper())
    if rule is None:
        hint = did_you_mean(code.upper(), list(by_code), "`turntoward rules` lists the rules.")
        raise UserError(f"There is no rule '{shown(code)}' to start from. {hint}")
    return rule


def _changed(
    rule: Rule, after: timedelta | None, exempt: str | None, when: str | None, name: str | None, *, asks: bool
) -> Draft:
    from detector.rulebook.editing import copy_of  # noqa: PLC0415 - only when used

    text, now = rule.condition.text.strip(), length_in(rule.condition.text)
    if asks:
        click.echo(f"\n{rule.code}  {rule.name}\n{textwrap.indent(text, '  ')}\n")
        if now is not None:
            after = click.prompt("After how long", type=_Length(), default=say_length(now))
        said = click.prompt(
            "Fine when (a condition such as 'came_from is together'; Enter: never)", default="", show_default=False
        )
        exempt = said or None
        name = click.prompt("Name", default=rule.name)
    changes = []
    if when is not None:
        text, changes = when, ["with a condition of your own"]
    if after is not None and after != now:
        changed = with_length(text, after)
        if changed is None:
            raise UserError(
                f"{rule.code} does not ask once for how long something is in front, so --after has no one place.\n"
                f"  Give the whole condition with --when. It is now:\n{textwrap.indent(text, '    ')}"
            )
        text = changed
        changes.append(f"after {say_length(after)}" + (f" rather than {say_length(now)}" if now else ""))
    if exempt is not None:
        text = with_exception(text, _compiled(exempt, "--except"))
        changes.append(f"except when {exempt.strip()}")
    _compiled(text, "--when")
    kept = copy_of(rule)
    page = {key: " ".join(str(kept[key]).split()) for key in PAGE}
    more = {key: value for key, value in kept.items() if key not in {"code", "name", "when", *PAGE}}
    whose = "the built-in rule" if rule.source == "built-in" else f"the one in {rule.source}"
    how = ", ".join(changes) or "copied for you to edit"
    if changes:
        page["notices"] += f" Changed by you: {how}."
        page["example"] = f"Before your change: {page['example']}"
    return Draft(
        code=rule.code,
        name=name or rule.name,
        when=text,
        says=f"replaces {whose}: {how}",
        comment=f"From {rule.code} ({rule.source}), {how}. Delete this rule, and the one from there holds again.",
        more=more,
        **page,
    )


def _made(
    *,
    category: str | None,
    after: timedelta | None,
    sign: str | None,
    exempt: str | None,
    when: str | None,
    name: str | None,
    code: str,
    asks: bool,
) -> Draft:
    if asks:
        click.echo(f"\nWhat is it about? One of: distraction, {', '.join(CATEGORIES)}.")
        category = click.prompt("Category", type=click.Choice(["distraction", *CATEGORIES]), show_choices=False)
        click.echo("\n".join(["", "By what is it noticed?", *(f"  {word:<10} {what}" for word, what in SIGNS.items())]))
        sign = click.prompt("Sign", type=click.Choice(list(SIGNS)), show_choices=False, default="time")
        after = click.prompt("After (or within) how long", type=_Length(), default="90 s")
        name = click.prompt("Name", default=f"My rule {code}")
    if when is None:
        missing = [option for option, value in (("--category", category), ("--after", after)) if value is None]
        if category is None or after is None:
            raise UserError(f"A new rule needs {' and '.join(missing)}, or --when with a whole condition.")
        if sign == "again" and category == "distraction":
            raise UserError("--sign again counts one category; name it with --category, or take --sign looks.")
        text, says = new_when(category, sign or "time", after), new_says(category, sign or "time", after)
    else:
        text, says = when, f"holds when this does: {' '.join(when.split())}"
    _compiled(text, "--when" if when is not None else "--after")
    if exempt is not None:
        text = with_exception(text, _compiled(exempt, "--except"))
        says += f", except when {exempt.strip()}"
    from detector.core.attention.attention import INPUT_FEATURES  # noqa: PLC0415 - only when a rule is written

    condition = _compiled(text, "--when")
    said = f"{code} {says}."
    return Draft(
        code=code,
        name=name or f"My rule {code}",
        when=text,
        notices=f"It {says}.",
        why=WHY,
        wrong=WRONG,
        needs=needs_of(condition, INPUT_FEATURES),
        example=said,
        comment="Written by `turntoward rules new`.",
        says=says,
    )


def _compiled(text: str, option: str) -> Condition:
    from detector.errors import Problem  # noqa: PLC0415 - only when a rule is written
    from rules.language import RuleError, compile_condition  # noqa: PLC0415 - only when a rule is written

    try:
        return compile_condition(text)
    except RuleError as wrong:
        flat = " ".join(text.splitlines())
        raise UserError(
            [
                Problem(
                    message=each.message,
                    file=option,
                    column=each.offset + 1,
                    width=each.width,
                    source=flat,
                    hint=each.hint,
                )
                for each in wrong.problems
            ]
        ) from None


def _write(draft: Draft, path: Path, *, dry_run: bool, is_own: bool) -> None:
    from detector.errors import Problem  # noqa: PLC0415 - only when used
    from detector.rulebook.editing import write_whole  # noqa: PLC0415 - only when used
    from detector.rulebook.fingerprint import LARGEST  # noqa: PLC0415 - only when used
    from detector.rulebook.loading import load_rules, rules_of, text_of  # noqa: PLC0415 - only when used

    before = text_of(path) if path.exists() or path.is_symlink() else None
    if isinstance(before, Problem):
        raise UserError([before])
    text = joined(before, draft.as_toml())
    _refuse(draft, path, rules_of(before, path) if before else None, rules_of(text, path))
    if len(text.encode()) > LARGEST:
        raise UserError(f"{click.format_filename(path)} would be too long to be read; give another --file.")
    shown = click.format_filename(path)
    if dry_run:
        click.echo(draft.as_toml())
        _echo(f"{draft.code} {draft.says}. Nothing was written.")
        return
    if (text_of(path) if path.exists() else None) != before:
        raise UserError(f"{shown} was changed meanwhile. Nothing was written; once more, please.")
    write_whole(path, text)
    _echo(f"{draft.code} is in {shown}: it {draft.says}.")
    if is_own:
        in_force = {rule.code: rule.source for rule in load_rules(path.parent).rules}.get(draft.code)
        if in_force != str(path):
            _echo(f"It is not in force: the rule of the same code in {in_force} counts later. Delete one of the two.")
        else:
            _echo(_("It is in force from the next partner time on."))
    _echo("What it would have done on your own past evenings:")
    click.echo(f"  turntoward backtest --rules {shown}")


def _refuse(draft: Draft, path: Path, before: RuleFile | None, after: RuleFile) -> None:
    """Raise what is wrong with the file as it would be; what was wrong with a rule before is no reason."""
    shown = click.format_filename(path)
    if before is not None and draft.code in {*before.broken, *(rule.code for rule in before.rules)}:
        raise UserError(f"{shown} has a rule {draft.code} already. Change it there, or give another --file or --code.")
    if before is not None and before.problems and not before.rules:
        raise UserError([*before.problems])
    if draft.code not in {rule.code for rule in after.rules}:
        known = {str(problem) for problem in before.problems} if before else set()
        raise UserError([problem for problem in after.problems if str(problem) not in known] or [*after.problems])


def _echo(text: str) -> None:
    click.echo(textwrap.fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False))
