"""The only writer of `own.toml`, the pack in which the program writes rules for the person.

Invariant 1: the rest of the file, including comments, is not changed.
Invariant 2: nothing is written that the reader of packs refuses, and nothing to a file that it refuses already.
Invariant 3: the file is replaced atomically.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import Table

from detector.errors import Problem, TurntowardError, UserError
from detector.files import replace_own_file
from detector.i18n import _
from detector.rulebook.loading import load_rules, parse_rule_file, read_text
from rules.knobs import KNOBS
from rules.language.formatter import length_literal
from rules.model import Rule, RuleTemplate

OWN_FILE: Final = "own.toml"
_HEAD: Final = (
    _("Rules of yours. A rule here stands in for the built-in one of the same code;"),
    _("take it out again, from its [[rule]] on, and the built-in one is back."),
)


def as_table(rule: Rule) -> dict[str, Any]:
    """Return the rule as a table of a pack, with the keys in their order."""
    plain = RuleTemplate(
        when=rule.condition.text, notices=rule.page.notices, until=rule.until.text if rule.until is not None else None
    )
    # With its knobs a rule is written as its pack has it, so that they can still be set.
    template = rule.template or plain
    table: dict[str, Any] = {"code": rule.code, "name": rule.name}
    for name in KNOBS:
        value = getattr(rule.knobs, name)
        if value is not None:
            table[name] = length_literal(value) if isinstance(value, timedelta) else value
    table["when"] = template.when.strip()
    if template.until is not None:
        table["until"] = template.until.strip()
    if rule.because is not None:
        table["because"] = rule.because
    if rule.after_grace:
        table["after_grace"] = True
    if not rule.may_nudge:
        table["speaks"] = False
    if rule.not_before is not None:
        table["not_before"] = length_literal(rule.not_before)
    page = {name: getattr(rule.page, name) for name in ("notices", "why", "wrong", "needs", "example")}
    return table | page | {"notices": template.notices}


def write_rule(folder: Path, rule: Mapping[str, Any], comment: str = "") -> Path:
    """Write the rule into `own.toml`, in place of the one of its code there; return the file's path.

    `rule`: as `as_table` returns it. `comment`: one line to stand beside its code.

    Raises:
        UserError: if the file, or the rule, is refused by the reader of packs, or another file comes after it and has
            the same code; nothing is changed then.
        TurntowardError: if the file cannot be written.
    """
    path = folder / OWN_FILE
    before = _read_or_empty(path)
    problems = parse_rule_file(before, path).problems if _has_rules(before) else ()
    if problems:
        message = _("Nothing was written: put this right first.")
        raise UserError([*problems, Problem(file=str(path), message=message)])
    code = str(rule["code"])
    later = _later_definition(folder, path, code)
    if later:
        message = _("{file} has a rule {code} of its own, which comes after {own}; nothing was changed.")
        raise UserError(message.format(file=later, code=code, own=OWN_FILE))
    after = _edit_document(before, rule, comment)
    # Read back as the daemon will read it.
    result = parse_rule_file(after, path)
    if result.problems or code not in {rule.code for rule in result.rules}:
        message = _("The rule {code} could not be read back.").format(code=code)
        raise UserError(result.problems or [Problem(file=str(path), message=message)])
    replace_text(path, after)
    return path


def replace_text(path: Path, text: str) -> None:
    """Replace the text of a rule file; its folder is made if necessary, a link is followed, the mode stays.

    Raises:
        TurntowardError: if it cannot be written; nothing is changed then.
    """
    try:
        replace_own_file(path, text.encode())
    except OSError as error:
        message = _("{path} could not be written: {reason}.").format(path=path, reason=error.strerror)
        raise TurntowardError(message) from error


def _read_or_empty(path: Path) -> str:
    if not path.exists() and not path.is_symlink():
        return ""
    text = read_text(path)
    if isinstance(text, Problem):
        raise UserError([text])
    return text


def _has_rules(text: str) -> bool:
    # A file with only comments is not a pack yet.
    return any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())


def _later_definition(folder: Path, path: Path, code: str) -> str | None:
    """Return the file after `path` that defines the code as well and would win over `path`; None: there is none."""
    loaded = load_rules(folder, exclude=[path])
    source = next((rule.source for rule in loaded.rules if rule.code == code), None)
    if source is None or source not in {str(pack) for pack in folder.glob("*.toml")}:
        return None
    return source if Path(source).name > OWN_FILE else None


def _edit_document(before: str, rule: Mapping[str, Any], comment: str) -> str:
    document = tomlkit.parse(before)
    if not before.strip():
        for line in _HEAD:
            document.add(tomlkit.comment(line))
        document.add(tomlkit.nl())
    rules = document.get("rule")
    if rules is None:
        rules = tomlkit.aot()
        document.append("rule", rules)
    existing = next((table for table in rules if table.get("code") == rule["code"]), None)
    if existing is None:
        table = tomlkit.table()
        _set_keys(table, rule, comment)
        table.add(tomlkit.nl())
        rules.append(table)
    else:
        _set_keys(existing, rule, comment)
    return tomlkit.dumps(document)


def _set_keys(table: Table, rule: Mapping[str, Any], comment: str) -> None:
    # Key by key, so that the person's comments beside the keys stay.
    for key in [key for key in table if key not in rule]:
        del table[key]
    for key, value in rule.items():
        table[key] = tomlkit.string(value, multiline="\n" in value) if isinstance(value, str) else value
    if comment:
        table["code"].comment(comment)
