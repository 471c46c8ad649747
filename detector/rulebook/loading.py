"""Which rules are in force: the built-in pack, and over it the person's own packs.

Rule 1: a rule of the same code replaces the one before it; files count in the order of their names.
Rule 2: a broken rule is out, and so is the one that it was to replace: what was put aside does not come back unasked.
Rule 3: whatever is wrong with a file, the rest runs, and the problem says what is in force.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from detector.errors import Problem
from detector.rulebook.fingerprint import LARGEST, pack_paths
from rules.model import Rule
from rules.pack import Pack, PackProblem, read_pack

BUILT_IN: Final = "built-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesInForce:
    """The rules that run, in the order of their codes, and what is wrong with the files.

    `replaced`: by the code of a rule in force, from where the rule came that it replaced. `broken`: the codes that are
    not in force because the rule is broken.
    """

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    replaced: Mapping[str, str] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """What one file gave: its rules, its problems, and the codes of the rules that were left out."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    broken: tuple[str, ...]


def load_rules(folder: Path | None, *, without: Sequence[Path] = (), more: Sequence[Path] = ()) -> RulesInForce:
    """Return the built-in rules, replaced and added to by the `*.toml` packs in `folder`; None: the built-in alone.

    A folder that does not exist is an empty one. `without` leaves packs of the folder out; `more` are packs that count
    after those of the folder. Raises nothing over what the files hold.
    """
    packs, problem = packs_in(folder)
    left_out = {path.resolve() for path in without}
    chosen = [*(path for path in packs if not left_out or path.resolve() not in left_out), *more]
    return put_in_force(map(read_rule_file, chosen), problem)


def put_in_force(files: Iterable[RuleFile], problem: Problem | None = None, pack: Pack | None = None) -> RulesInForce:
    """Return what is in force where the files count in this order, after `pack` (None: the built-in one).

    `problem`: what was wrong with their folder.
    """
    rules = {rule.code: rule for rule in (pack or built_in()).rules}
    problems: list[Problem] = [problem] if problem else []
    replaced: dict[str, str] = {}
    broken: dict[str, None] = {}
    for file in files:
        broken |= dict.fromkeys(file.broken)
        lost = {code: rules.pop(code) for code in file.broken if code in rules}
        problems += [replace(each, hint=_hint(each, file, lost)) for each in file.problems]
        for rule in file.rules:
            if rule.code in rules:
                replaced[rule.code] = rules[rule.code].source
            rules[rule.code] = rule
    ordered = tuple(sorted(rules.values(), key=lambda rule: rule.code))
    kept = {code: source for code, source in replaced.items() if code in rules}
    return RulesInForce(
        rules=ordered,
        problems=tuple(problems),
        replaced=MappingProxyType(kept),
        broken=tuple(code for code in broken if code not in rules),
    )


def built_in() -> Pack:
    """Return the pack that comes with the program."""
    from importlib.resources import files  # noqa: PLC0415 - not needed to check a file

    text = files("rules.packs").joinpath("builtin.toml").read_text(encoding="utf-8")
    return read_pack(text, BUILT_IN)


def packs_in(folder: Path | None) -> tuple[list[Path], Problem | None]:
    """Return the packs in the folder, in the order in which they count, and what is wrong with the folder itself."""
    if folder is None:
        return [], None
    try:
        return pack_paths(folder), None
    except FileNotFoundError:
        return [], None
    except OSError as failure:
        return [], Problem(
            file=_shown(folder),
            message=f"The folder of your rules cannot be read: {failure.strerror}.",
            hint="The built-in rules are in force.",
        )


def read_rule_file(path: Path) -> RuleFile:
    """Return what the file holds; one that cannot be read is a problem."""
    text = text_of(path)
    return RuleFile(rules=(), problems=(text,), broken=()) if isinstance(text, Problem) else rules_of(text, path)


def rules_of(text: str, path: Path) -> RuleFile:
    """Return what the text of the file at `path` holds."""
    pack = read_pack(text, _shown(path))
    return RuleFile(rules=pack.rules, problems=tuple(map(_problem, pack.problems)), broken=pack.broken)


def text_of(path: Path, *, what: str = "pack of rules") -> str | Problem:
    """Return the text of a file of a person's own, or why it cannot be read; `what` it ought to be."""
    shown = _shown(path)
    try:
        # Opening a pipe would wait for somebody to write to it.
        if not stat.S_ISREG(path.stat().st_mode):
            return Problem(file=shown, message="This is not a file.")
        with path.open("rb") as file:
            given = file.read(LARGEST + 1)
    except OSError as failure:
        return Problem(file=shown, message=f"It cannot be read: {failure.strerror}.")
    except ValueError:
        return Problem(file=shown, message="This is not the name of a file.")
    if len(given) > LARGEST:
        return Problem(file=shown, message=f"It is larger than {LARGEST // 1024} KiB, so it is no {what}.")
    try:
        return given.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = given.count(b"\n", 0, failure.start) + 1
        column = len(given[given.rfind(b"\n", 0, failure.start) + 1 : failure.start].decode("utf-8", "replace")) + 1
        return Problem(file=shown, line=line, column=column, message="It is not UTF-8 text.")


def _shown(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _problem(problem: PackProblem) -> Problem:
    return Problem(
        message=problem.message,
        file=problem.file,
        line=problem.line,
        column=problem.column,
        width=problem.width,
        source=problem.source,
        hint=problem.hint,
    )


def _hint(problem: Problem, file: RuleFile, lost: Mapping[str, Rule]) -> str | None:
    """Say once for each file, at its last problem, what is in force."""
    if problem is not file.problems[-1]:
        return problem.hint
    said = [problem.hint] if problem.hint else []
    if file.broken:
        said.append(f"Not in force until this is put right: {', '.join(file.broken)}.")
    if lost:
        whose = "built-in rule" if all(rule.source == BUILT_IN for rule in lost.values()) else "rule"
        said.append(f"Nor is the {whose} that it was to replace: {', '.join(lost)}.")
    if file.rules:
        said.append(f"In force from this file: {', '.join(rule.code for rule in file.rules)}.")
    elif not file.broken:
        said.append("Nothing of this file is in force; the other rules are.")
    return "\n  ".join(said)
