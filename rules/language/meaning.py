"""Ask of every form whether it makes sense: known names, fitting units, possible values. Forms become nodes.

Rule 1: every problem of the whole condition is found; one does not hide another.
Rule 2: a comparison that is always true, or never, is a mistake.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from rules.features import CATEGORIES, FEATURES, LONGEST_SPAN, SETS, Feature, Span, Unit
from rules.language.problems import Problems, did_you_mean, shown
from rules.language.quantities import bounds_of, length_of, refusal, value_for, zero_of
from rules.language.syntax import Alone, Among, Broken, Compared, Form, Joined, Named, Negated, Quantity
from rules.language.tokens import Token
from rules.language.tree import Category, Compare, Flag, Known, Node, joined
from rules.lengths import say_length
from rules.model import FeatureKey

EXAMPLES: Final = {
    Span.NONE: "{name}",
    Span.SPAN: "{name}(10 min)",
    Span.CATEGORY_AND_SPAN: "{name}(social, 10 min)",
}


class Meaning:
    """The meaning of one condition's forms."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def of(self, form: Form) -> Node | None:
        """Return the node of the form, or None where a problem was noted."""
        match form:
            case Joined():
                parts = [self.of(part) for part in form.parts]
                whole = [part for part in parts if part is not None]
                return joined(form.by, whole) if len(whole) == len(parts) else None
            case Negated():
                part = self.of(form.part)
                return None if part is None else part.negated()
            case Alone():
                return self._alone(form)
            case Compared():
                return self._compared(form)
            case Among():
                return self._among(form)
            case Broken():
                return None

    def _alone(self, form: Alone) -> Node | None:
        named = self._feature(form.feature)
        if named is None:
            return None
        feature, key = named
        if feature.unit is Unit.FLAG:
            return key and Flag(key)
        self._refuse(form.feature, f"{feature.name} alone is neither true nor false.", _example(feature))
        return None

    def _compared(self, form: Compared) -> Node | None:
        named = self._feature(form.feature)
        if named is None:
            return None
        feature, key = named
        if feature.unit in {Unit.FLAG, Unit.CATEGORY}:
            # A single '=' has been refused already, with this very hint.
            if form.sign.width == len(form.sign.text):
                kind = "yes or no" if feature.unit is Unit.FLAG else "a word"
                self.problems.add(
                    f"{feature.name} is {kind}, and is not compared with '{form.sign.text}'.",
                    form.sign.at,
                    form.sign.width,
                    _example(feature),
                )
            return None
        if isinstance(form.quantity, Token):
            self.problems.add(
                f"{feature.name} is compared with a number, not with '{shown(form.quantity.text)}'.",
                form.quantity.at,
                form.quantity.width,
                _example(feature),
            )
            return None
        value = value_for(feature, form.quantity, self.problems)
        if value is None or isinstance(value, str):
            return None
        refused = refusal(feature, form.operator, value, bounds_of(feature, key and key.span))
        if refused is not None:
            self.problems.add(refused[0], form.quantity.at, form.quantity.width, refused[1])
            return None
        return key and Compare(key, form.operator, value)

    def _among(self, form: Among) -> Node | None:
        named = self._feature(form.feature)
        if form.by == "is" and form.words[0].text in {"known", "unknown"}:
            if named is None:
                return None
            feature, key = named
            return key and Known(
                key, (form.words[0].text == "known") != form.negated, feature.unit, zero_of(feature.unit)
            )
        if named is not None and named[0].unit is not Unit.CATEGORY:
            feature = named[0]
            word = form.words[0]
            self.problems.add(
                f"{feature.name} is not a category; '{form.by}' goes with categories, 'known' and 'unknown'.",
                word.at,
                word.width,
                _example(feature),
            )
            return None
        words: set[str] = set()
        complete = True
        for word in form.words:
            meant = self._words(word, form)
            complete = complete and meant is not None
            words |= meant or frozenset()
        if named is None or named[1] is None or not complete:
            return None
        return Category(named[1], frozenset(words), not form.negated)

    def _words(self, word: Token, form: Among) -> frozenset[str] | None:
        if word.text in CATEGORIES:
            return frozenset({word.text})
        if word.text in SETS and form.by == "in":
            return SETS[word.text]
        if word.text in SETS:
            hint: str | None = f"'{word.text}' is a set of categories: write '{'not in' if form.negated else 'in'}'."
        else:
            near = [*CATEGORIES, *SETS] if form.by == "in" else [*CATEGORIES, "known", "unknown"]
            hint = did_you_mean(word.text, near, f"The categories: {', '.join(CATEGORIES)}.")
        self.problems.add(f"There is no category '{shown(word.text)}'.", word.at, word.width, hint)
        return None

    def _feature(self, named: Named) -> tuple[Feature, FeatureKey | None] | None:
        """Return the feature, and its key unless scope or arguments are wrong; every problem is noted."""
        name = named.name
        feature = FEATURES.get(name.text)
        if feature is None:
            self._unknown(name)
            return None
        scope = self._scope(named, feature)
        arguments = self._arguments(named, feature)
        if scope is None or arguments is None:
            return feature, None
        category, span = arguments
        return feature, FeatureKey(feature.name, span, category, scope)

    def _unknown(self, name: Token) -> None:
        if name.text in CATEGORIES:
            hint: str | None = f"It is a category: write 'category is {name.text}', or 'category in (…, {name.text})'."
        elif name.text in SETS:
            hint = f"It is a set of categories: write 'category in {name.text}'."
        else:
            hint = did_you_mean(name.text, FEATURES, "docs/rules.md lists the features.")
        self.problems.add(f"There is no feature '{shown(name.text)}'.", name.at, name.width, hint)

    def _scope(self, named: Named, feature: Feature) -> str | None:
        scope = named.scope
        if scope is None:
            return "device"
        if scope.text != "all":
            hint = (
                "Leave it out: a feature is of the device." if scope.text == "device" else "Only 'all.' can stand here."
            )
            self.problems.add(f"There is no '{shown(scope.text)}.' before features.", scope.at, scope.width, hint)
            return None
        if not feature.for_all:
            self.problems.add(
                f"{feature.name} is known of one device only.", scope.at, scope.width, "Leave 'all.' out."
            )
            return None
        return "all"

    def _arguments(self, named: Named, feature: Feature) -> tuple[str | None, timedelta | None] | None:
        given = named.arguments
        example = f"Write {EXAMPLES[feature.span].format(name=feature.name)}."
        if feature.span is Span.NONE:
            if given is None:
                return None, None
            self._refuse(named, f"{feature.name} takes no span.", example)
            return None
        wanted = 1 if feature.span is Span.SPAN else 2
        if given is None or len(given) != wanted:
            what = "a span" if wanted == 1 else "a category and a span"
            self._refuse(named, f"{feature.name} needs {what}.", example)
            return None
        if wanted == 2 and isinstance(given[0], Quantity) and isinstance(given[1], Token):
            self.problems.add("The category comes first.", given[0].at, given[0].width, example)
            return None
        span = self._span(given[-1], example)
        if wanted == 1:
            return None if span is None else (None, span)
        category = self._category(given[0], example)
        return None if span is None or category is None else (category, span)

    def _span(self, given: Token | Quantity, example: str) -> timedelta | None:
        if isinstance(given, Token) or given.measure != "length":
            self.problems.add("A span is a length of time.", given.at, given.width, example)
            return None
        span = length_of(given, self.problems)
        if span is None:
            return None
        if not timedelta(0) < span <= LONGEST_SPAN:
            self.problems.add(
                f"A span is longer than 0 s and at most {say_length(LONGEST_SPAN)}.", given.at, given.width
            )
            return None
        return span

    def _category(self, given: Token | Quantity, example: str) -> str | None:
        if isinstance(given, Token) and given.text in CATEGORIES:
            return given.text
        if isinstance(given, Quantity):
            self.problems.add("A category is a word.", given.at, given.width, example)
        else:
            hint = "Name one category." if given.text in SETS else did_you_mean(given.text, CATEGORIES, example)
            self.problems.add(f"There is no category '{shown(given.text)}'.", given.at, given.width, hint)
        return None

    def _refuse(self, named: Named, message: str, hint: str) -> None:
        self.problems.add(message, named.at, named.width, hint)


def _example(feature: Feature) -> str:
    name = EXAMPLES[feature.span].format(name=feature.name)
    wanted = {
        Unit.LENGTH: f"{name} >= 30 s",
        Unit.COUNT: f"{name} >= 3",
        Unit.RATE: f"{name} >= 12 / min",
        Unit.SHARE: f"{name} >= 10 %",
        Unit.CATEGORY: f"{name} is social",
        Unit.FLAG: f"{name}' or 'not {name}",
    }
    return f"Write for example '{wanted[feature.unit]}'."
