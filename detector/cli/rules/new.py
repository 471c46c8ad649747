"""`turntoward rules new`: write a rule of one's own, or change a threshold, without writing its condition.

Invariant 1: it asks questions only on a terminal; a script can say everything by options.
"""

import textwrap
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from detector.cli.output import columns, is_interactive, wrap
from detector.cli.parameters import LENGTH
from detector.cli.rules import writing
from detector.core.attention.attention import INPUT_FEATURES
from detector.errors import Problem, UserError
from detector.i18n import _
from detector.paths import rules_dir
from detector.rulebook.editing import OWN_FILE, as_table, replace_text
from detector.rulebook.fingerprint import MAX_BYTES
from detector.rulebook.loading import RuleFile, load_rules, parse_rule_file, read_text
from detector.spelling import did_you_mean
from rules.features import CATEGORIES
from rules.language import RuleError, compile_condition
from rules.language.problems import shown
from rules.lengths import format_length
from rules.model import Condition, Rule

# What a new rule may be about.
ABOUT: Final = ("distraction", *CATEGORIES)


def new_rule(
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
    loaded = load_rules(rules_dir())
    by_code = {rule.code: rule for rule in loaded.rules}
    if origin is None and code is not None and code.upper() in by_code and when is None and category is None:
        origin = code
    # No questions where the options already define the rule.
    asks = is_interactive() and not (when or category or (origin and (after or exempt)))
    if asks and origin is None:
        click.echo(_("A rule of your own. Ctrl-C leaves, and nothing is written.") + "\n")
        question = _("Change a rule in force? Its code, or Enter for a new one")
        origin = click.prompt(question, default="", show_default=False)
    if origin:
        rule = _find(origin, by_code)
        if asks:
            after, exempt, name = _ask_for_change(rule, after)
        draft = _change(rule, after, exempt, when, name)
    else:
        code = code or writing.free_code({*by_code, *loaded.broken})
        if asks:
            category, sign, after, name = _ask_for_new(code)
        draft = _make(category=category, after=after, sign=sign, exempt=exempt, when=when, name=name, code=code)
    _write(draft, file or rules_dir() / OWN_FILE, dry_run=dry_run, is_own=file is None)


def _find(code: str, by_code: Mapping[str, Rule]) -> Rule:
    rule = by_code.get(code.strip().upper())
    if rule is None:
        hint = did_you_mean(code, by_code, _("`turntoward rules` lists the rules."))
        message = _("There is no rule '{code}' to start from. {hint}")
        raise UserError(message.format(code=shown(code), hint=hint))
    return rule


def _ask_for_change(rule: Rule, after: timedelta | None) -> tuple[timedelta | None, str | None, str]:
    text, now = rule.condition.text.strip(), writing.length_in(rule.condition.text)
    click.echo(f"\n{rule.code}  {rule.name}\n{textwrap.indent(text, '  ')}\n")
    if now is not None:
        after = click.prompt(_("After how long"), type=LENGTH, default=format_length(now))
    question = _("Fine when (a condition such as 'came_from is together'; Enter: never)")
    exempt = click.prompt(question, default="", show_default=False)
    return after, exempt or None, click.prompt(_("Name"), default=rule.name)


def _ask_for_new(code: str) -> tuple[str, str, timedelta, str]:
    click.echo("\n" + _("What is it about? One of: {categories}.").format(categories=", ".join(ABOUT)))
    category = click.prompt(_("Category"), type=click.Choice(ABOUT), show_choices=False)
    signs = (f"  {word:<10} {meaning}" for word, meaning in writing.SIGNS.items())
    click.echo("\n".join(["", _("By what is it noticed?"), *signs]))
    sign = click.prompt(_("Sign"), type=click.Choice(list(writing.SIGNS)), show_choices=False, default="time")
    after = click.prompt(_("After (or within) how long"), type=LENGTH, default="90 s")
    return category, sign, after, click.prompt(_("Name"), default=_("My rule {code}").format(code=code))


def _change(
    rule: Rule, after: timedelta | None, exempt: str | None, when: str | None, name: str | None
) -> writing.Draft:
    text, now = rule.condition.text.strip(), writing.length_in(rule.condition.text)
    changes = []
    if when is not None:
        text, changes = when, [_("with a condition of your own")]
    if after is not None and after != now:
        changed = writing.with_length(text, after)
        if changed is None:
            message = _(
                "{code} does not ask once for how long something is in front, so --after has no one place.\n"
                "  Give the whole condition with --when. It is now:\n{condition}"
            )
            raise UserError(message.format(code=rule.code, condition=textwrap.indent(text, "    ")))
        text = changed
        words = _("after {length} rather than {before}") if now else _("after {length}")
        changes.append(words.format(length=format_length(after), before=format_length(now) if now else ""))
    if exempt is not None:
        text = writing.with_exception(text, _compile(exempt, "--except"))
        changes.append(_("except when {condition}").format(condition=exempt.strip()))
    _compile(text, "--when")
    copy = as_table(rule)
    # A page may be folded over several lines in its pack; here each text is one line.
    page = {key: " ".join(str(copy[key]).split()) for key in writing.PAGE_KEYS}
    more = {key: value for key, value in copy.items() if key not in {"code", "name", "when", *writing.PAGE_KEYS}}
    how = ", ".join(changes) or _("copied for you to edit")
    if changes:
        page["notices"] += " " + _("Changed by you: {changes}.").format(changes=how)
        page["example"] = _("Before your change: {example}").format(example=page["example"])
    replaces = (
        _("replaces the built-in rule: {changes}")
        if rule.source == "built-in"
        else _("replaces the one in {file}: {changes}")
    )
    comment = _("From {code} ({file}), {changes}. Delete this rule, and the one from there holds again.")
    return writing.Draft(
        code=rule.code,
        name=name or rule.name,
        when=text,
        says=replaces.format(file=rule.source, changes=how),
        comment=comment.format(code=rule.code, file=rule.source, changes=how),
        more=more,
        **page,
    )


def _make(
    *,
    code: str,
    category: str | None,
    sign: str | None,
    after: timedelta | None,
    exempt: str | None,
    when: str | None,
    name: str | None,
) -> writing.Draft:
    if when is not None:
        text, says = when, _("holds when this does: {condition}").format(condition=" ".join(when.split()))
    elif category is None or after is None:
        missing = [option for option, value in (("--category", category), ("--after", after)) if value is None]
        message = _("A new rule needs {options}, or --when with a whole condition.")
        raise UserError(message.format(options=_(" and ").join(missing)))
    elif sign == "again" and category == "distraction":
        raise UserError(_("--sign again counts one category; name it with --category, or take --sign looks."))
    else:
        text = writing.new_condition(category, sign or "time", after)
        says = writing.format_condition(category, sign or "time", after)
    # Compiled before the exemption is added, so that a problem is shown in the option that holds it.
    _compile(text, "--when" if when is not None else "--after")
    if exempt is not None:
        text = writing.with_exception(text, _compile(exempt, "--except"))
        says += ", " + _("except when {condition}").format(condition=exempt.strip())
    return writing.Draft(
        code=code,
        name=name or _("My rule {code}").format(code=code),
        when=text,
        notices=_("It {says}.").format(says=says),
        why=writing.WHY,
        wrong=writing.WRONG,
        needs=writing.needs_of(_compile(text, "--when"), INPUT_FEATURES),
        example=f"{code} {says}.",
        comment=_("Written by `turntoward rules new`."),
        says=says,
    )


def _compile(text: str, option: str) -> Condition:
    try:
        return compile_condition(text)
    except RuleError as error:
        # On one line each character keeps its place, so the caret stands under the word that the problem is about.
        source = " ".join(text.splitlines())
        problems = [
            Problem(
                message=problem.message,
                file=option,
                column=problem.offset + 1,
                width=problem.width,
                source=source,
                hint=problem.hint,
            )
            for problem in error.problems
        ]
        raise UserError(problems) from None


def _write(draft: writing.Draft, path: Path, *, dry_run: bool, is_own: bool) -> None:
    before = read_text(path) if path.exists() or path.is_symlink() else None
    if isinstance(before, Problem):
        raise UserError([before])
    # The whole file is parsed before it is written: a valid rule may have a code that is taken.
    text = writing.append_rule(before, draft.as_toml())
    file = click.format_filename(path)
    _refuse(draft, file, parse_rule_file(before, path) if before else None, parse_rule_file(text, path))
    if len(text.encode()) > MAX_BYTES:
        raise UserError(_("{file} would be too long to be read; give another --file.").format(file=file))
    if dry_run:
        click.echo(draft.as_toml())
        _echo(_("{code} {says}. Nothing was written.").format(code=draft.code, says=draft.says))
        return
    # Somebody may have edited the file while questions were answered.
    if (read_text(path) if path.exists() else None) != before:
        raise UserError(_("{file} was changed meanwhile. Nothing was written; try again.").format(file=file))
    replace_text(path, text)
    _echo(_("{code} is in {file}: it {says}.").format(code=draft.code, file=file, says=draft.says))
    if is_own:
        source = {rule.code: rule.source for rule in load_rules(path.parent).rules}.get(draft.code)
        if source != str(path):
            not_used = _("It is not in force: the rule of the same code in {file} counts later. Delete one of the two.")
            _echo(not_used.format(file=source))
        else:
            _echo(_("It is in force from the next partner time on."))
    _echo(_("What it would have done on your own past evenings:"))
    click.echo(f"  turntoward backtest --rules {file}")


def _refuse(draft: writing.Draft, file: str, before: RuleFile | None, after: RuleFile) -> None:
    # Problems that the file had before are not caused by this rule.
    if before is not None and draft.code in {*before.broken, *(rule.code for rule in before.rules)}:
        message = _("{file} has a rule {code} already. Change it there, or give another --file or --code.")
        raise UserError(message.format(file=file, code=draft.code))
    if before is not None and before.problems and not before.rules:
        raise UserError(before.problems)
    if draft.code not in {rule.code for rule in after.rules}:
        earlier = {str(problem) for problem in before.problems} if before else set()
        raise UserError([problem for problem in after.problems if str(problem) not in earlier] or after.problems)


def _echo(text: str) -> None:
    click.echo("\n".join(wrap(text, width=columns())))
