"""`turntoward rules`: the rules in force, one rule's page, and the check of files of one's own."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from detector.cli.output import attributes, columns, cut, print_json, wrap
from detector.clock import SystemClock
from detector.doctor.checks import unusable_here
from detector.errors import EXIT_DONE, EXIT_INPUT, Problem, UserError
from detector.i18n import _
from detector.paths import rules_dir
from detector.rulebook.loading import RulesInForce, load_rules, read_rule_file
from detector.rulebook.unusable import summarize
from detector.spelling import did_you_mean
from rules.language.problems import shown
from rules.model import Rule

NAME_COLUMNS: Final = 40
SECTIONS: Final = {
    "notices": _("Notices"),
    "why": _("Why it may matter"),
    "wrong": _("When it is wrong"),
    "needs": _("Needs"),
    "example": _("Example"),
}


def list_rules(*, as_json: bool) -> None:
    loaded = load_rules(rules_dir())
    unusable = asyncio.run(unusable_here(loaded.rules, SystemClock()))
    if as_json:
        print_json(
            {
                "rules": [_rule_as_json(rule, loaded) for rule in loaded.rules],
                "problems": [_problem_as_json(problem) for problem in loaded.problems],
                "asleep": unusable,
            }
        )
        return
    click.echo(_row(_("CODE"), _("NAME"), _("FROM")))
    for rule in loaded.rules:
        # The file is enough in a table; the page of the rule has the whole path.
        origin = rule.source.rpartition("/")[2]
        replaces = rule.code in loaded.replaced
        click.echo(_row(rule.code, rule.name, _("{origin}, replaces").format(origin=origin) if replaces else origin))
    for sentence in summarize(unusable):
        text = _("It cannot hold here: {rules} `turntoward doctor` says more.").format(rules=sentence)
        click.echo("\n" + "\n".join(wrap(text, width=columns())))
    click.echo("\n" + _("`turntoward rules CODE` shows a rule's page."))
    if loaded.problems:
        # To the standard error, so that the table itself can be piped.
        click.echo("\n" + _("Not all of your own rules could be used:") + "\n", err=True)
        for problem in loaded.problems:
            click.echo(str(problem), err=True)


def show_rule(code: str, *, as_json: bool) -> None:
    loaded = load_rules(rules_dir())
    # Codes are written in capital letters, but nobody has to type them so.
    rule = next((rule for rule in loaded.rules if rule.code == code.upper()), None)
    if rule is None:
        raise UserError(_no_such_rule(code, loaded))
    if as_json:
        print_json(_rule_as_json(rule, loaded) | {key: getattr(rule.page, key) for key in SECTIONS})
    else:
        click.echo("\n".join(_page_lines(rule, loaded)))


def check_files(files: Sequence[Path], *, as_json: bool) -> int:
    """Check the packs and write what is wrong with them; return the exit code."""
    read = [(click.format_filename(path), read_rule_file(path)) for path in files]
    problems = [problem for _name, file in read for problem in file.problems]
    if as_json:
        listed = [
            {
                "file": name,
                "rules": [rule.code for rule in file.rules],
                "broken": list(file.broken),
                "problems": [_problem_as_json(problem) for problem in file.problems],
            }
            for name, file in read
        ]
        # In JSON the problems are data, and the exit code reports that there are any.
        print_json({"files": listed})
        return EXIT_INPUT if problems else EXIT_DONE
    for name, file in read:
        if not file.problems:
            click.echo("\n".join(wrap(f"{name}: {_format_all_fine(file.rules)}", later="  ", width=columns())))
    if problems:
        raise UserError(problems)
    return EXIT_DONE


def _no_such_rule(code: str, loaded: RulesInForce) -> str:
    if code.upper() in loaded.broken:
        text = _("The rule {code} is not in force, because it is broken. `turntoward rules` says where.")
        return text.format(code=code.upper())
    otherwise = _("`turntoward rules` lists the rules; `turntoward rules check` checks a file.")
    hint = did_you_mean(code, [rule.code for rule in loaded.rules], otherwise)
    return _("There is no rule '{code}'. {hint}").format(code=shown(code), hint=hint)


def _format_all_fine(rules: Sequence[Rule]) -> str:
    codes = ", ".join(rule.code for rule in rules)
    if len(rules) == 1:
        return _("the rule {code} is fine.").format(code=codes)
    return _("the {count} rules {codes} are fine.").format(count=len(rules), codes=codes)


def _row(code: str, name: str, origin: str) -> str:
    return cut(f"{code:<8}  {cut(name, NAME_COLUMNS):<{NAME_COLUMNS}}  {origin}", columns())


def _page_lines(rule: Rule, loaded: RulesInForce) -> Iterator[str]:
    yield f"{rule.code}  {rule.name}"
    yield ""
    for line in rule.condition.text.strip().splitlines():
        yield f"  {line.strip()}"
    if rule.after_grace:
        yield from ("", _("  (waits for the grace at the start of partner time to pass)"))
    if not rule.may_nudge:
        yield from ("", _("  (is for the report only, without nudges)"))
    for key, title in SECTIONS.items():
        yield from ("", title)
        yield from wrap(" ".join(getattr(rule.page, key).split()), "  ", "  ", width=columns())
    yield ""
    yield _("From: {source}").format(source=rule.source)
    if rule.code in loaded.replaced:
        text = _("Replaces the rule of the same code from: {source}")
        yield text.format(source=loaded.replaced[rule.code])


def _rule_as_json(rule: Rule, loaded: RulesInForce) -> dict[str, Any]:
    return (
        attributes(rule, "code", "name")
        | {"when": rule.condition.text.strip()}
        | {"after_grace": rule.after_grace, "speaks": rule.may_nudge, "source": rule.source}
        | {"replaces": loaded.replaced.get(rule.code)}
    )


def _problem_as_json(problem: Problem) -> dict[str, Any]:
    return attributes(problem, "message", "file", "line", "column", "hint")
