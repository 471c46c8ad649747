"""The one writer of `own.toml`, the pack in which the program keeps the rules that the person lets it change.

Rule 1: what else stands in the file, comments among it, stays as it is.
Rule 2: nothing is written that the reader of packs refuses, and nothing into a file that it refuses already.
Rule 3: whoever reads the file finds it as it was or as it will be.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from detector.errors import Problem, TurntowardError, UserError
from detector.rulebook.loading import load_rules, rules_of, text_of
from rules.model import Rule

if TYPE_CHECKING:
    from tomlkit.items import Table

OWN: Final = "own.toml"
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_HEAD: Final = (
    "# Rules of yours. A rule here stands in for the built-in one of the same code;",
    "# take it out again, from its [[rule]] on, and the built-in one is back.",
)


def copy_of(rule: Rule) -> dict[str, Any]:
    """Return what stands in a pack for the rule: its keys, in their order, fit to be changed and written."""
    kept: dict[str, Any] = {"code": rule.code, "name": rule.name, "when": rule.condition.text.strip()}
    if rule.until is not None:
        kept["until"] = rule.until.text.strip()
    if rule.because is not None:
        kept["because"] = rule.because
    if rule.after_grace:
        kept["after_grace"] = True
    if not rule.speaks:
        kept["speaks"] = False
    page = rule.page
    return kept | {
        "notices": page.notices,
        "why": page.why,
        "wrong": page.wrong,
        "needs": page.needs,
        "example": page.example,
    }


def write_rule(folder: Path, rule: Mapping[str, Any], comment: str = "") -> Path:
    """Write the rule into `own.toml`, instead of the one of its code there; return the file's path.

    `rule`: as `copy_of` returns it. `comment`: one line to stand beside its code.

    Raises:
        UserError: if the file, or the rule, is refused by the reader of packs, or another file comes after it and has
            the same code; nothing is changed then.
        TurntowardError: if the file cannot be written.
    """
    path = folder / OWN
    before = _text(path)
    refused = rules_of(before, path).problems if before.strip() and _has_rules(before) else ()
    if refused:
        raise UserError([*refused, Problem(file=str(path), message="Nothing was written: put this right first.")])
    code = str(rule["code"])
    later = _taken_later(folder, path, code)
    if later:
        raise UserError(f"{later} has a rule {code} of its own, which comes after {OWN}; nothing was changed.")
    after = _with(before, rule, comment)
    read = rules_of(after, path)
    if read.problems or code not in {each.code for each in read.rules}:
        raise UserError(read.problems or [Problem(file=str(path), message=f"The rule {code} could not be read back.")])
    write_whole(path, after)
    return path


def _text(path: Path) -> str:
    if not path.exists() and not path.is_symlink():
        return ""
    text = text_of(path)
    if isinstance(text, Problem):
        raise UserError([text])
    return text


def _has_rules(text: str) -> bool:
    # A file of nothing but comments is no pack yet, and may become one.
    return any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())


def _taken_later(folder: Path, path: Path, code: str) -> str | None:
    loaded = load_rules(folder, without=[path])
    found = next((rule.source for rule in loaded.rules if rule.code == code), None)
    if found is None or found not in {str(each) for each in folder.glob("*.toml")}:
        return None
    return found if Path(found).name > OWN else None


def _with(before: str, rule: Mapping[str, Any], comment: str) -> str:
    import tomlkit  # noqa: PLC0415 - only where something is written

    document = tomlkit.parse(before)
    if not before.strip():
        for line in _HEAD:
            document.add(tomlkit.comment(line.removeprefix("# ")))
        document.add(tomlkit.nl())
    rules = document.get("rule")
    if rules is None:
        rules = tomlkit.aot()
        document.append("rule", rules)
    table = _table(rule, comment)
    place = next((at for at, each in enumerate(rules) if each.get("code") == rule["code"]), None)
    if place is None:
        rules.append(table)
    else:
        _fill(rules[place], rule, comment)
    return tomlkit.dumps(document)


def _table(rule: Mapping[str, Any], comment: str) -> Table:
    import tomlkit  # noqa: PLC0415 - only where something is written

    table = tomlkit.table()
    _fill(table, rule, comment)
    table.add(tomlkit.nl())
    return table


def _fill(table: Any, rule: Mapping[str, Any], comment: str) -> None:
    import tomlkit  # noqa: PLC0415 - only where something is written

    for key in [key for key in table if key not in rule]:
        del table[key]
    for key, value in rule.items():
        table[key] = tomlkit.string(value, multiline="\n" in value) if isinstance(value, str) else value
    if comment:
        table["code"].comment(comment)


def write_whole(path: Path, content: str) -> None:
    """Write the file so that whoever reads it meanwhile finds the old text or the new one; its mode stays.

    Raises:
        TurntowardError: if it cannot be written; nothing is changed then.
    """
    # A name with a dot in front is no pack to who reads the folder meanwhile.
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        with os.fdopen(os.open(beside, _NEW, mode), "w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as failed:
        with suppress(OSError):
            beside.unlink()
        raise TurntowardError(f"{path} could not be written: {failed.strerror}.") from failed
