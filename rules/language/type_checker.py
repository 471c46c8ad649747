"""Ask of every form whether it makes sense: known names, fitting units, possible values. Forms become nodes.

Rule 1: every problem of the whole condition is found; one does not hide another.
Rule 2: a comparison that is always true, or never, is a mistake.
"""

from __future__ import annotations

import re
from typing import Final

from rules.features import DEVICE_KINDS, MAX_SPAN, Feature, Unit
from rules.language.condition_tree import Category, Compare, CompareUsual, Flag, Known, Lasts, Node, SourceSpan, join
from rules.language.name_resolver import NameResolver, example_of
from rules.language.problems import Problems, did_you_mean, shown
from rules.language.quantities import bounds_of, refusal, value_for, zero_of
from rules.language.syntax_tree import (
    AndOrExpr,
    CompareExpr,
    Expr,
    FeatureExpr,
    FlagExpr,
    ForExpr,
    HopExpr,
    InExpr,
    InvalidExpr,
    NotExpr,
    SequenceExpr,
    UsualExpr,
)
from rules.language.tokenizer import Token
from rules.model import FeatureKey

PERCENTILE: Final = re.compile("p([1-9][0-9]?)")


class TypeChecker:
    """The meaning of one condition's forms."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.naming = NameResolver(problems)

    def check(self, form: Expr) -> Node | None:
        """Return the node of the form, or None where a problem was noted."""
        match form:
            case AndOrExpr():
                parts = [self.check(part) for part in form.parts]
                whole = [part for part in parts if part is not None]
                return join(form.by, whole) if len(whole) == len(parts) else None
            case NotExpr():
                return self._negated(form)
            case ForExpr():
                return self._lasting(form)
            case SequenceExpr():
                return self._followed(form)
            case HopExpr():
                return self._hopped(form)
            case FlagExpr():
                return self._alone(form)
            case CompareExpr():
                return self._compared(form)
            case InExpr():
                return self._among(form)
            case InvalidExpr():
                return None

    def _negated(self, form: NotExpr) -> Node | None:
        part = self.check(form.part)
        lasting = _lasting_in(form.part)
        for each in lasting:
            hint = "Say what is to hold instead, such as '(not put_away) for 20 s'."
            self.problems.refuse(each, "What is to hold 'for' a while cannot stand under 'not'.", hint)
        return None if part is None or lasting else part.negated()

    def _lasting(self, form: ForExpr) -> Node | None:
        part = self.check(form.part)
        length = self.naming.length(form.length, "What stands behind 'for'")
        return None if part is None or length is None else Lasts(part, length)

    def _followed(self, form: SequenceExpr) -> Node | None:
        scope = self.naming.scope(form.scope)
        meant = [self.naming.words(step, "in", negated=False) for step in form.steps]
        within = self.naming.length(form.within, "What stands behind 'within'", MAX_SPAN)
        steps = tuple(step for step in meant if step is not None)
        if scope is None or within is None or len(steps) < len(meant):
            return None
        return Flag(FeatureKey("followed", within, None, scope, None, steps), source=_span(form))

    def _hopped(self, form: HopExpr) -> Node | None:
        for word in (form.origin, form.goal):
            if word.text not in DEVICE_KINDS:
                hint = did_you_mean(word.text, DEVICE_KINDS, "Write laptop, phone or any.")
                self.problems.refuse(word, f"'{shown(word.text)}' is no kind of device.", hint)
        within = self.naming.length(form.within, "What stands behind 'within'", MAX_SPAN)
        if within is None or form.origin.text not in DEVICE_KINDS or form.goal.text not in DEVICE_KINDS:
            return None
        if form.origin.text == form.goal.text == "laptop":
            self.problems.refuse(
                form, "This never holds: there is one laptop.", "Write 'hop from any to laptop within 60 s'."
            )
            return None
        steps = (DEVICE_KINDS[form.origin.text], DEVICE_KINDS[form.goal.text])
        return Flag(FeatureKey("hopped", within, steps=steps), source=_span(form))

    def _alone(self, form: FlagExpr) -> Node | None:
        named = self.naming.feature(form.feature)
        if named is None:
            return None
        feature, key = named
        if feature.unit is Unit.FLAG:
            return key and Flag(key, source=_span(form.feature))
        self.problems.refuse(form.feature, f"{feature.name} alone is neither true nor false.", example_of(feature))
        return None

    def _compared(self, form: CompareExpr) -> Node | None:
        named = self.naming.feature(form.feature)
        if named is None:
            return None
        feature, key = named
        if feature.unit in {Unit.FLAG, Unit.CATEGORY}:
            # A single '=' has been refused already, with this very hint.
            if form.sign.width == len(form.sign.text):
                kind = "yes or no" if feature.unit is Unit.FLAG else "a word"
                message = f"{feature.name} is {kind}, and is not compared with '{form.sign.text}'."
                self.problems.refuse(form.sign, message, example_of(feature))
            return None
        if isinstance(form.quantity, UsualExpr):
            return self._compared_with_usual(form, form.quantity, feature, key)
        if isinstance(form.quantity, Token):
            message = f"{feature.name} is compared with a number, not with '{shown(form.quantity.text)}'."
            self.problems.refuse(form.quantity, message, example_of(feature))
            return None
        value = value_for(feature, form.quantity, self.problems)
        if value is None or isinstance(value, str):
            return None
        refused = refusal(feature, form.operator, value, bounds_of(feature, key and key.span))
        if refused is not None:
            self.problems.refuse(form.quantity, *refused)
            return None
        return key and Compare(key, form.operator, value, _span(form))

    def _compared_with_usual(
        self, form: CompareExpr, usual: UsualExpr, feature: Feature, key: FeatureKey | None
    ) -> Node | None:
        part = PERCENTILE.fullmatch(usual.part.text)
        if part is None:
            hint = "p1 to p99, such as usual(p75): three quarters of your evenings stay below it."
            self.problems.refuse(usual.part, f"'{shown(usual.part.text)}' is no percentile.", hint)
        if not feature.has_usual:
            self.problems.refuse(usual, f"{feature.name} runs the same way on every evening: nothing of it is usual.")
        if form.operator in {"==", "!="}:
            self.problems.refuse(form.sign, "Hardly anything is ever just as usual.", "Write <, <=, > or >=.")
        if part is None or key is None or not feature.has_usual or form.operator in {"==", "!="}:
            return None
        other = key._replace(name="usual", steps=(frozenset({key.name}),), part=int(part[1]))
        return CompareUsual(key, form.operator, other, _span(form))

    def _among(self, form: InExpr) -> Node | None:
        named = self.naming.feature(form.feature)
        if form.by == "is" and form.words[0].text in {"known", "unknown"}:
            if named is None:
                return None
            feature, key = named
            wanted = (form.words[0].text == "known") != form.negated
            return key and Known(key, wanted, feature.unit, zero_of(feature.unit), _span(form))
        if named is not None and named[0].unit is not Unit.CATEGORY:
            feature = named[0]
            message = f"{feature.name} is not a category; '{form.by}' goes with categories, 'known' and 'unknown'."
            self.problems.refuse(form.words[0], message, example_of(feature))
            return None
        words = self.naming.words(form.words, form.by, negated=form.negated)
        if named is None or named[1] is None or words is None:
            return None
        return Category(named[1], words, not form.negated, _span(form))


def _span(form: CompareExpr | InExpr | FeatureExpr | SequenceExpr | HopExpr) -> SourceSpan:
    return SourceSpan(form.at, form.width)


def _lasting_in(form: Expr) -> list[ForExpr]:
    match form:
        case ForExpr():
            return [form]
        case AndOrExpr():
            return [each for part in form.parts for each in _lasting_in(part)]
        case _:
            # What stands under a further `not` is refused there.
            return []
