"""Load the rules in force: the built-in pack, replaced and extended by the person's own packs.

Invariant 1: a rule replaces an earlier one of the same code; files count in the order of their names.
Invariant 2: a broken rule is not in force, and neither is the rule that it replaces.
Invariant 3: a problem in a file does not affect other rules, and its text says which rules are in force.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from detector.errors import Problem
from detector.files import open_regular
from detector.i18n import _
from detector.rulebook.fingerprint import MAX_BYTES, pack_paths
from rules.model import Rule
from rules.pack import Pack, read_pack

BUILT_IN: Final = "built-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesInForce:
    """The rules in force, in the order of their codes, and the problems of the files.

    `replaced`: for the code of a rule in force, the source of the rule that it replaced. `broken`: the codes that are not
    in force because the rule is broken.
    """

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    replaced: Mapping[str, str] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """The rules and problems of one file, and the codes of the rules that were left out."""

    rules: tuple[Rule, ...]
    problems: tuple[Problem, ...]
    broken: tuple[str, ...]


def load_rules(folder: Path | None, *, exclude: Sequence[Path] = (), extra: Sequence[Path] = ()) -> RulesInForce:
    """Return the built-in rules, replaced and extended by the `*.toml` packs in `folder`; None: only the built-in ones.

    A folder that does not exist counts as empty. `exclude`: packs of the folder that are left out. `extra`: packs that
    count after those of the folder. The contents of the files never raise an exception.
    """
    packs, problem = find_packs(folder)
    excluded = {path.resolve() for path in exclude}
    chosen = [*(path for path in packs if not excluded or path.resolve() not in excluded), *extra]
    return combine_rules(map(read_rule_file, chosen), problem)


def combine_rules(rule_files: Iterable[RuleFile], folder_problem: Problem | None = None) -> RulesInForce:
    """Return the rules in force with these files, in this order, after the built-in pack."""
    rules = {rule.code: rule for rule in built_in_pack().rules}
    problems: list[Problem] = [folder_problem] if folder_problem else []
    replaced: dict[str, str] = {}
    broken: dict[str, None] = {}
    for file in rule_files:
        broken |= dict.fromkeys(file.broken)
        # A broken rule also takes the earlier rule of its code out of force (invariant 2).
        lost = {code: rules.pop(code) for code in file.broken if code in rules}
        problems += [replace(problem, hint=_hint(problem, file, lost)) for problem in file.problems]
        for rule in file.rules:
            if rule.code in rules:
                replaced[rule.code] = rules[rule.code].source
            rules[rule.code] = rule
    # The last file with a code decides whether it is in force.
    return RulesInForce(
        rules=tuple(sorted(rules.values(), key=lambda rule: rule.code)),
        problems=tuple(problems),
        replaced=MappingProxyType({code: source for code, source in replaced.items() if code in rules}),
        broken=tuple(code for code in broken if code not in rules),
    )


def built_in_pack() -> Pack:
    text = files("rules.packs").joinpath("builtin.toml").read_text(encoding="utf-8")
    return read_pack(text, BUILT_IN)


def find_packs(folder: Path | None) -> tuple[list[Path], Problem | None]:
    """Return the packs in the folder, in the order in which they count, and the problem of the folder itself."""
    if folder is None:
        return [], None
    try:
        return pack_paths(folder), None
    except FileNotFoundError:
        return [], None
    except OSError as error:
        message = _("The folder of your rules cannot be read: {reason}.").format(reason=error.strerror)
        return [], Problem(file=_as_text(folder), message=message, hint=_("The built-in rules are in force."))


def read_rule_file(path: Path) -> RuleFile:
    text = read_text(path)
    return RuleFile(rules=(), problems=(text,), broken=()) if isinstance(text, Problem) else parse_rule_file(text, path)


def parse_rule_file(text: str, path: Path) -> RuleFile:
    pack = read_pack(text, _as_text(path))
    # `rules` does not import `detector`, so it has its own class of problems, with the same fields.
    problems = tuple(Problem(**asdict(problem)) for problem in pack.problems)
    return RuleFile(rules=pack.rules, problems=problems, broken=pack.broken)


def read_text(path: Path, *, what: str = _("pack of rules")) -> str | Problem:
    """Return the text of a person's own file, or why it cannot be read; `what`: the kind of file that is expected."""
    file = _as_text(path)
    try:
        with open_regular(path) as stream:
            # One byte more than allowed, to detect a larger file.
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Problem(file=file, message=_("It cannot be read: {reason}.").format(reason=error.strerror))
    except ValueError:  # a NUL character in the path
        return Problem(file=file, message=_("This is not the name of a file."))
    if len(content) > MAX_BYTES:
        message = _("It is larger than {size} KiB, so it is no {what}.")
        return Problem(file=file, message=message.format(size=MAX_BYTES // 1024, what=what))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        return Problem(file=file, line=line, column=column, message=_("It is not UTF-8 text."))


def _as_text(path: Path) -> str:
    # A file name may be any bytes, but problems are printed or sent as JSON.
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _hint(problem: Problem, file: RuleFile, lost: Mapping[str, Rule]) -> str | None:
    """Return the hint, with the rules in force added for the last problem of a file."""
    if problem is not file.problems[-1]:
        return problem.hint
    hints = [problem.hint] if problem.hint else []
    if file.broken:
        hints.append(_("Not in force until this is put right: {codes}.").format(codes=", ".join(file.broken)))
    if lost:
        text = _("Nor is the rule that it was to replace: {codes}.")
        if all(rule.source == BUILT_IN for rule in lost.values()):
            text = _("Nor is the built-in rule that it was to replace: {codes}.")
        hints.append(text.format(codes=", ".join(lost)))
    if file.rules:
        codes = ", ".join(rule.code for rule in file.rules)
        hints.append(_("In force from this file: {codes}.").format(codes=codes))
    elif not file.broken:
        hints.append(_("Nothing of this file is in force; the other rules are."))
    return "\n  ".join(hints)
