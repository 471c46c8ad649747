"""Refuse parts of one `and` that can never hold at once.

Invariant 1: only certain contradictions are refused: two parts that exclude each other for all values.
Invariant 2: of two such parts the later one is refused, and only once.
"""

from collections.abc import Iterator
from itertools import combinations

import rules.language.condition_tree as tree
from rules.features import CATEGORIES
from rules.language.problems import Problems, shown
from rules.model import FeatureKey

Comparison = tree.Compare | tree.CompareUsual | tree.Category | tree.Flag | tree.Known


def refuse_contradictions(node: tree.Node, problems: Problems) -> None:
    """Note a problem for every part that excludes an earlier one."""
    for group in _groups(node):
        excluded: set[tree.SourceSpan] = set()
        in_order = sorted(group, key=lambda comparison: comparison.source.offset)
        for first, second in combinations(in_order, 2):
            if second.source not in excluded and first.source not in excluded and _exclude(first, second):
                excluded.add(second.source)
                message = f"'{_words(first, problems)}' and '{_words(second, problems)}' never hold at once."
                problems.refuse(second.source, message)
        # Three categories may exclude each other together where no two of them do.
        if not excluded:
            _refuse_no_category(in_order, problems)


def _groups(node: tree.Node) -> Iterator[list[Comparison]]:
    """Yield the comparisons that must hold together, for every `and` of the condition."""
    match node:
        case tree.Lasts():
            yield from _groups(node.part)
        case tree.And():
            yield [comparison for part in node.parts for comparison in _together(part)]
            for part in node.parts:
                # The comparisons under a `for` are included above; those of deeper groups are not.
                inner = part.part if isinstance(part, tree.Lasts) else part
                for deeper in inner.parts if isinstance(inner, tree.And) else (inner,):
                    yield from _groups(deeper)
        case tree.AndOr():
            for part in node.parts:
                yield from _groups(part)


def _together(node: tree.Node) -> Iterator[Comparison]:
    match node:
        case tree.Lasts():
            yield from _together(node.part)
        case tree.And():
            for part in node.parts:
                yield from _together(part)
        case tree.Compare() | tree.CompareUsual() | tree.Category() | tree.Flag() | tree.Known():
            yield node


def _exclude(first: Comparison, second: Comparison) -> bool:
    # The last step of a sequence bounds the category in front as well.
    one, other = _allowed(first), _allowed(second)
    if one is not None and other is not None and one[0] == other[0]:
        return not one[1] & other[1]
    match first, second:
        case (tree.Known(), tree.Known()):
            return first.key == second.key and first.wanted != second.wanted
        case (tree.Known(), _):
            # No comparison holds for an unknown value.
            return not first.wanted and bool({first.key} & second.keys())
        case (_, tree.Known()):
            return not second.wanted and bool({second.key} & first.keys())
        case (tree.Flag(), tree.Flag()):
            return first.key == second.key and first.wanted != second.wanted
        case (tree.Compare(), tree.Compare()):
            return first.key == second.key and _disjoint(first, second)
        case (tree.CompareUsual(), tree.CompareUsual()):
            return first.key == second.key and (_above_and_below(first, second) or _above_and_below(second, first))
        case _:
            return False


def _allowed(comparison: Comparison) -> tuple[FeatureKey, frozenset[str]] | None:
    """Return the feature whose category the comparison bounds, and the categories that it allows."""
    if isinstance(comparison, tree.Category):
        return comparison.key, comparison.words if comparison.wanted else frozenset(CATEGORIES) - comparison.words
    return None if comparison.categories is None else (tree.IN_FRONT, comparison.categories)


def _disjoint(first: tree.Compare, second: tree.Compare) -> bool:
    for low, high in ((first, second), (second, first)):
        if low.operator in {">", ">=", "=="} and high.operator in {"<", "<=", "=="}:
            # Of counts, "more than 3 and less than 4" leaves nothing; of lengths it leaves something.
            lower, upper = low.value, high.value
            if isinstance(lower, int) and isinstance(upper, int):
                lower, upper = lower + (low.operator == ">"), upper - (high.operator == "<")
                if lower > upper:
                    return True
            elif lower > upper or (lower == upper and (low.operator == ">" or high.operator == "<")):  # type: ignore[operator]
                return True
        if low.operator == "==" and high.operator == "!=" and low.value == high.value:
            return True
    return False


def _above_and_below(low: tree.CompareUsual, high: tree.CompareUsual) -> bool:
    """Return whether the number must lie above one percentile and below another that is not higher."""
    if low.operator not in {">", ">="} or high.operator not in {"<", "<="}:
        return False
    return low.usual.part >= high.usual.part and (low.operator, high.operator) != (">=", "<=")


def _refuse_no_category(comparisons: list[Comparison], problems: Problems) -> None:
    left: dict[FeatureKey, frozenset[str]] = {}
    for comparison in comparisons:
        allowed = _allowed(comparison)
        if allowed is not None:
            key, words = allowed
            left[key] = left.get(key, frozenset(CATEGORIES)) & words
            if not left[key]:
                problems.refuse(comparison.source, "This never holds: no category is left.")
                return


def _words(comparison: Comparison, problems: Problems) -> str:
    written = comparison.source
    words = " ".join(problems.text[written.offset : written.offset + written.width].split())
    return shown(f"not {words}" if written.negated else words)
