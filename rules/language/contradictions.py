"""Parts of one `and` that can never hold at once.

Rule 1: only what is certain is refused: two parts that exclude each other whatever is measured.
Rule 2: one part is refused once, at the later of the two places.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rules.features import CATEGORIES
from rules.language.condition_tree import (
    IN_FRONT,
    And,
    AndOr,
    Category,
    Compare,
    CompareUsual,
    Flag,
    Known,
    Lasts,
    Node,
    SourceSpan,
)
from rules.language.problems import Problems, shown
from rules.model import FeatureKey

Atom = Compare | CompareUsual | Category | Flag | Known


def refuse_contradictions(node: Node, problems: Problems) -> None:
    """Note every part that excludes one before it."""
    for group in _groups(node):
        refused: set[SourceSpan] = set()
        in_order = sorted(group, key=lambda atom: atom.source.at)
        for first, second in combinations(in_order, 2):
            if second.source not in refused and first.source not in refused and _exclude(first, second):
                refused.add(second.source)
                said = f"'{_said(first, problems)}' and '{_said(second, problems)}' never hold at once."
                problems.refuse(second.source, said)
        if not refused:
            _refuse_no_category(in_order, problems)


def _groups(node: Node) -> Iterator[list[Atom]]:
    """Yield the atoms that must hold together, for every `and` of the condition."""
    match node:
        case Lasts():
            yield from _groups(node.part)
        case And():
            yield [atom for part in node.parts for atom in _together(part)]
            for part in node.parts:
                # The parts of what lasts are among those above already.
                inner = part.part if isinstance(part, Lasts) else part
                for deeper in inner.parts if isinstance(inner, And) else (inner,):
                    yield from _groups(deeper)
        case AndOr():
            for part in node.parts:
                yield from _groups(part)


def _together(node: Node) -> Iterator[Atom]:
    match node:
        case Lasts():
            yield from _together(node.part)
        case And():
            for part in node.parts:
                yield from _together(part)
        case Compare() | CompareUsual() | Category() | Flag() | Known():
            yield node


def _exclude(first: Atom, second: Atom) -> bool:
    one, other = _allowed(first), _allowed(second)
    if one is not None and other is not None and one[0] == other[0]:
        return not one[1] & other[1]
    match first, second:
        case (Known(), Known()):
            return first.key == second.key and first.wanted != second.wanted
        case (Known(), _):
            return not first.wanted and bool({first.key} & second.keys())
        case (_, Known()):
            return not second.wanted and bool({second.key} & first.keys())
        case (Flag(), Flag()):
            return first.key == second.key and first.wanted != second.wanted
        case (Compare(), Compare()):
            return first.key == second.key and _apart(first, second)
        case (CompareUsual(), CompareUsual()):
            return first.key == second.key and (_crossed(first, second) or _crossed(second, first))
        case _:
            return False


def _allowed(atom: Atom) -> tuple[FeatureKey, frozenset[str]] | None:
    """Return the categories that the atom allows, and of what."""
    if isinstance(atom, Category):
        return atom.key, atom.words if atom.wanted else frozenset(CATEGORIES) - atom.words
    return None if atom.categories is None else (IN_FRONT, atom.categories)


def _apart(first: Compare, second: Compare) -> bool:
    """Return whether no number passes both comparisons."""
    for low, high in ((first, second), (second, first)):
        if low.operator in {">", ">=", "=="} and high.operator in {"<", "<=", "=="}:
            least, most = low.value, high.value
            if isinstance(least, int) and isinstance(most, int):
                least, most = least + (low.operator == ">"), most - (high.operator == "<")
                if least > most:
                    return True
            elif least > most or (least == most and (low.operator == ">" or high.operator == "<")):  # type: ignore[operator]
                return True
        if low.operator == "==" and high.operator == "!=" and low.value == high.value:
            return True
    return False


def _crossed(low: CompareUsual, high: CompareUsual) -> bool:
    """Return whether the number is to lie above one percentile and below one that is no higher."""
    if low.operator not in {">", ">="} or high.operator not in {"<", "<="}:
        return False
    return low.usual.part >= high.usual.part and (low.operator, high.operator) != (">=", "<=")


def _refuse_no_category(atoms: list[Atom], problems: Problems) -> None:
    left: dict[FeatureKey, frozenset[str]] = {}
    for atom in atoms:
        allowed = _allowed(atom)
        if allowed is not None:
            key, words = allowed
            left[key] = left.get(key, frozenset(CATEGORIES)) & words
            if not left[key]:
                problems.refuse(atom.source, "This never holds: no category is left.")
                return


def _said(atom: Atom, problems: Problems) -> str:
    written = atom.source
    words = " ".join(problems.text[written.at : written.at + written.width].split())
    return shown(f"not {words}" if written.negated else words)
