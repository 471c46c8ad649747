"""Check the syntax tree (names, units, possible values), and build the condition tree.

Invariant 1: every problem of the whole condition is noted; one does not hide another.
Invariant 2: a comparison that is always or never true is a problem.
"""

import re
from typing import Final

import rules.language.syntax_tree as syntax
from rules.features import DEVICE_KINDS, MAX_SPAN, Feature, Unit
from rules.language.condition_tree import Category, Compare, CompareUsual, Flag, Known, Lasts, Node, SourceSpan, join
from rules.language.name_resolver import NameResolver, example_of
from rules.language.problems import Problems, did_you_mean, shown
from rules.language.quantities import bounds_of, refusal, value_for, zero_of
from rules.language.tokenizer import Token
from rules.model import FeatureKey

PERCENTILE: Final = re.compile("p([1-9][0-9]?)")


class TypeChecker:
    """The check of one condition."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._names = NameResolver(problems)

    def check(self, expr: syntax.Expr) -> Node | None:
        """Return the node of the expression, or None where a problem was noted."""
        match expr:
            case syntax.AndOrExpr():
                # Every part, even after a problem: all of them are reported.
                parts = [self.check(part) for part in expr.parts]
                whole = [part for part in parts if part is not None]
                return join(expr.by, whole) if len(whole) == len(parts) else None
            case syntax.NotExpr():
                return self._check_not(expr)
            case syntax.ForExpr():
                return self._check_for(expr)
            case syntax.SequenceExpr():
                return self._check_sequence(expr)
            case syntax.HopExpr():
                return self._check_hop(expr)
            case syntax.FlagExpr():
                return self._check_flag(expr)
            case syntax.CompareExpr():
                return self._check_comparison(expr)
            case syntax.InExpr():
                return self._check_membership(expr)
            case syntax.InvalidExpr():
                return None

    def _check_not(self, expr: syntax.NotExpr) -> Node | None:
        part = self.check(expr.part)
        # Any break in the part would make the opposite true at once, which is never meant.
        lasting = _for_parts(expr.part)
        for part_with_for in lasting:
            hint = "Say what is to hold instead, such as '(not put_away) for 20 s'."
            self._problems.refuse(part_with_for, "What is to hold 'for' a while cannot stand under 'not'.", hint)
        return None if part is None or lasting else part.negated()

    def _check_for(self, expr: syntax.ForExpr) -> Node | None:
        part = self.check(expr.part)
        length = self._names.length(expr.length, "What follows 'for'")
        return None if part is None or length is None else Lasts(part, length)

    def _check_sequence(self, expr: syntax.SequenceExpr) -> Node | None:
        scope = self._names.scope(expr.scope)
        meant = [self._names.categories(step, "in", negated=False) for step in expr.steps]
        within = self._names.length(expr.within, "What follows 'within'", MAX_SPAN)
        steps = tuple(step for step in meant if step is not None)
        if scope is None or within is None or len(steps) < len(meant):
            return None
        return Flag(FeatureKey("followed", within, None, scope, None, steps), source=_span(expr))

    def _check_hop(self, expr: syntax.HopExpr) -> Node | None:
        for word in (expr.origin, expr.goal):
            if word.text not in DEVICE_KINDS:
                hint = did_you_mean(word.text, DEVICE_KINDS, "Write laptop, phone or any.")
                self._problems.refuse(word, f"'{shown(word.text)}' is no kind of device.", hint)
        within = self._names.length(expr.within, "What follows 'within'", MAX_SPAN)
        if within is None or expr.origin.text not in DEVICE_KINDS or expr.goal.text not in DEVICE_KINDS:
            return None
        if expr.origin.text == expr.goal.text == "laptop":
            self._problems.refuse(
                expr, "This never holds: there is one laptop.", "Write 'hop from any to laptop within 60 s'."
            )
            return None
        steps = (DEVICE_KINDS[expr.origin.text], DEVICE_KINDS[expr.goal.text])
        return Flag(FeatureKey("hopped", within, steps=steps), source=_span(expr))

    def _check_flag(self, expr: syntax.FlagExpr) -> Node | None:
        resolved = self._names.feature(expr.feature)
        if resolved is None:
            return None
        feature, key = resolved
        if feature.unit is Unit.FLAG:
            return key and Flag(key, source=_span(expr.feature))
        self._problems.refuse(expr.feature, f"{feature.name} alone is neither true nor false.", example_of(feature))
        return None

    def _check_comparison(self, expr: syntax.CompareExpr) -> Node | None:
        resolved = self._names.feature(expr.feature)
        if resolved is None:
            return None
        feature, key = resolved
        if feature.unit in {Unit.FLAG, Unit.CATEGORY}:
            # A single '=' has been refused already, with the same hint.
            if expr.sign.width == len(expr.sign.text):
                kind = "yes or no" if feature.unit is Unit.FLAG else "a word"
                message = f"{feature.name} is {kind}, and is not compared with '{expr.sign.text}'."
                self._problems.refuse(expr.sign, message, example_of(feature))
            return None
        if isinstance(expr.quantity, syntax.UsualExpr):
            return self._check_usual(expr, expr.quantity, feature, key)
        if isinstance(expr.quantity, Token):
            message = f"{feature.name} is compared with a number, not with '{shown(expr.quantity.text)}'."
            self._problems.refuse(expr.quantity, message, example_of(feature))
            return None
        value = value_for(feature, expr.quantity, self._problems)
        if value is None or isinstance(value, str):
            return None
        problem = refusal(feature, expr.operator, value, bounds_of(feature, key and key.span))
        if problem is not None:
            self._problems.refuse(expr.quantity, *problem)
            return None
        return key and Compare(key, expr.operator, value, source=_span(expr))

    def _check_usual(
        self, expr: syntax.CompareExpr, usual: syntax.UsualExpr, feature: Feature, key: FeatureKey | None
    ) -> Node | None:
        part = PERCENTILE.fullmatch(usual.part.text)
        if part is None:
            hint = "p1 to p99, such as usual(p75): three quarters of your evenings stay below it."
            self._problems.refuse(usual.part, f"'{shown(usual.part.text)}' is no percentile.", hint)
        if not feature.has_usual:
            self._problems.refuse(usual, f"{feature.name} runs the same way on every evening: nothing of it is usual.")
        if expr.operator in {"==", "!="}:
            self._problems.refuse(expr.sign, "Hardly anything is ever just as usual.", "Write <, <=, > or >=.")
        if part is None or key is None or not feature.has_usual or expr.operator in {"==", "!="}:
            return None
        other = key._replace(name="usual", steps=(frozenset({key.name}),), part=int(part[1]))
        return CompareUsual(key, expr.operator, other, source=_span(expr))

    def _check_membership(self, expr: syntax.InExpr) -> Node | None:
        resolved = self._names.feature(expr.feature)
        if expr.by == "is" and expr.words[0].text in {"known", "unknown"}:
            if resolved is None:
                return None
            feature, key = resolved
            wanted = (expr.words[0].text == "known") != expr.negated
            return key and Known(key, feature.unit, zero_of(feature.unit), wanted=wanted, source=_span(expr))
        if resolved is not None and resolved[0].unit is not Unit.CATEGORY:
            feature = resolved[0]
            message = f"{feature.name} is not a category; '{expr.by}' goes with categories, 'known' and 'unknown'."
            self._problems.refuse(expr.words[0], message, example_of(feature))
            return None
        words = self._names.categories(expr.words, expr.by, negated=expr.negated)
        if resolved is None or resolved[1] is None or words is None:
            return None
        return Category(resolved[1], words=words, wanted=not expr.negated, source=_span(expr))


def _span(
    expr: syntax.CompareExpr | syntax.InExpr | syntax.FeatureExpr | syntax.SequenceExpr | syntax.HopExpr,
) -> SourceSpan:
    return SourceSpan(expr.offset, expr.width)


def _for_parts(expr: syntax.Expr) -> list[syntax.ForExpr]:
    match expr:
        case syntax.ForExpr():
            return [expr]
        case syntax.AndOrExpr():
            return [found for part in expr.parts for found in _for_parts(part)]
        case _:
            # A further `not` is checked by itself.
            return []
