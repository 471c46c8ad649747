"""Resolve a feature's name, scope, span and filters to its key.

Invariant 1: every problem is noted at its own place; then there is no key.
"""

from datetime import timedelta
from typing import Final

from rules.features import CATEGORIES, CATEGORY_SETS, FEATURES, MAX_SPAN, SCOPES, ArgumentKind, Feature, Unit
from rules.language.problems import Problems, did_you_mean, shown
from rules.language.quantities import MAX_CONSTANT, length_of
from rules.language.syntax_tree import Argument, CategoryFilter, FeatureExpr, LengthFilter, Quantity, SinceStart
from rules.language.tokenizer import Token
from rules.lengths import format_length
from rules.model import FeatureKey, Filter

EXAMPLES: Final = {
    ArgumentKind.NONE: "{name}",
    ArgumentKind.SPAN: "{name}(10 min)",
    ArgumentKind.CATEGORY_AND_SPAN: "{name}(social, 10 min)",
}
FILTER_EXAMPLES: Final = {
    "category": "{name}(category is news, 10 min)",
    "length": "{name}(category is social, shorter than 30 s, 10 min)",
}
_NO_SCOPE: Final = "Leave it out: a feature is of the device."


class NameResolver:
    """Resolves the names of one condition."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def feature(self, named: FeatureExpr) -> tuple[Feature, FeatureKey | None] | None:
        """Return the feature, and its key if scope and arguments are right; None: there is no such feature."""
        name = named.name
        feature = FEATURES.get(name.text)
        if feature is None:
            self._refuse_unknown(name)
            return None
        # Both are checked, so that a wrong scope does not hide a wrong span.
        scope = self._check_scope(named, feature)
        arguments = self._check_arguments(named, feature)
        if scope is None or arguments is None:
            return feature, None
        category, span, which = arguments
        return feature, FeatureKey(feature.name, span, category, scope, which)

    def scope(self, word: Token | None) -> str | None:
        """Return the scope of the word before a dot, or None with the problem noted."""
        if word is None:
            return "device"
        scope = SCOPES.get(word.text)
        if scope is None:
            hint = did_you_mean(word.text, SCOPES, "Only 'all.', 'any.', 'laptop.' and 'phone.' can stand here.")
            self._problems.refuse(
                word,
                f"There is no '{shown(word.text)}.' before features.",
                _NO_SCOPE if word.text == "device" else hint,
            )
        return scope

    def categories(
        self, words: tuple[Token, ...], by: str, *, negated: bool, plain: bool = True
    ) -> frozenset[str] | None:
        """Return the named categories, or None with the problem noted. `plain`: they are not in a filter."""
        meant = [self._category_or_set(word, by, negated=negated, plain=plain) for word in words]
        whole = [categories for categories in meant if categories is not None]
        return frozenset().union(*whole) if len(whole) == len(meant) else None

    def span(self, given: Argument, example: str) -> timedelta | None:
        """Return the span, or None with the problem noted."""
        if isinstance(given, SinceStart):
            # A span never begins before partner time, so the longest span is all of it.
            return MAX_SPAN
        if not isinstance(given, Quantity) or given.measure != "length":
            self._problems.refuse(given, "A span is a length of time.", example)
            return None
        return self.length(given, "A span", MAX_SPAN)

    def length(self, given: Quantity, what: str, longest: timedelta = MAX_CONSTANT) -> timedelta | None:
        """Return a length greater than zero, or None with the problem noted."""
        if given.measure != "length":
            self._problems.refuse(given, f"{what} is a length of time.", "Write it with its unit, such as 60 s.")
            return None
        length = length_of(given, self._problems)
        if length is not None and not timedelta(0) < length <= longest:
            self._problems.refuse(given, f"{what} is longer than 0 s and at most {format_length(longest)}.")
            return None
        return length

    def _category_or_set(self, word: Token, by: str, *, negated: bool, plain: bool) -> frozenset[str] | None:
        if word.text in CATEGORIES:
            return frozenset({word.text})
        # `is distraction` would read as one category, so a set needs `in`.
        if word.text in CATEGORY_SETS and by == "in":
            return CATEGORY_SETS[word.text]
        if word.text in CATEGORY_SETS:
            hint: str | None = f"'{word.text}' is a set of categories: write '{'not in' if negated else 'in'}'."
        else:
            near = (
                [*CATEGORIES, *CATEGORY_SETS] if by == "in" else [*CATEGORIES, *(("known", "unknown") if plain else ())]
            )
            hint = did_you_mean(word.text, near, f"The categories: {', '.join(CATEGORIES)}.")
        self._problems.refuse(word, f"There is no category '{shown(word.text)}'.", hint)
        return None

    def _refuse_unknown(self, name: Token) -> None:
        if name.text in CATEGORIES:
            hint: str | None = f"It is a category: write 'category is {name.text}', or 'category in (…, {name.text})'."
        elif name.text in CATEGORY_SETS:
            hint = f"It is a set of categories: write 'category in {name.text}'."
        elif name.text == "usual":
            hint = "'usual' stands to the right of a comparison, as in 'glances(10 min) > usual(p75)'."
        else:
            hint = did_you_mean(name.text, FEATURES, "docs/rules.md lists the features.")
        self._problems.refuse(name, f"There is no feature '{shown(name.text)}'.", hint)

    def _check_scope(self, named: FeatureExpr, feature: Feature) -> str | None:
        scope = self.scope(named.scope)
        if scope is not None and named.scope is not None and not feature.has_scopes:
            hint = f"Leave '{named.scope.text}.' out."
            self._problems.refuse(named.scope, f"{feature.name} is known of one device only.", hint)
            return None
        return scope

    def _check_arguments(
        self, named: FeatureExpr, feature: Feature
    ) -> tuple[str | None, timedelta | None, Filter | None] | None:
        given = named.arguments
        example = f"Write {EXAMPLES[feature.arguments].format(name=feature.name)}."
        if feature.arguments is ArgumentKind.NONE:
            if given is None:
                return None, None, None
            self._problems.refuse(named, f"{feature.name} takes no span.", example)
            return None
        filters = [each for each in given or () if isinstance(each, CategoryFilter | LengthFilter)]
        if given is not None and filters:
            return self._check_filters(named, feature, given, filters)
        wanted = 1 if feature.arguments is ArgumentKind.SPAN else 2
        if given is None or len(given) != wanted:
            if feature.filters == "category" and len(given or ()) == 2:
                example = f"Write {FILTER_EXAMPLES['category'].format(name=feature.name)}."
            what = "a span" if wanted == 1 else "a category and a span"
            self._problems.refuse(named, f"{feature.name} needs {what}.", example)
            return None
        # `uses(10 min, social)`: a better message than two wrong arguments.
        if wanted == 2 and isinstance(given[0], Quantity | SinceStart) and isinstance(given[1], Token):
            self._problems.refuse(given[0], "The category comes first.", example)
            return None
        span = self.span(given[-1], example)
        if wanted == 1:
            return None if span is None else (None, span, None)
        category = self._check_category(given[0], feature, example)
        return None if span is None or category is None else (category, span, None)

    def _check_category(self, given: Argument, feature: Feature, example: str) -> str | None:
        if isinstance(given, Token) and given.text in CATEGORIES:
            return given.text
        if not isinstance(given, Token):
            self._problems.refuse(given, "A category is a word.", example)
            return None
        hint = did_you_mean(given.text, CATEGORIES, example)
        if given.text in CATEGORY_SETS:
            hint = f"Name one category, or write {feature.name}(category in {given.text}, 10 min)."
        self._problems.refuse(given, f"There is no category '{shown(given.text)}'.", hint)
        return None

    def _check_filters(
        self,
        named: FeatureExpr,
        feature: Feature,
        given: tuple[Argument, ...],
        filters: list[CategoryFilter | LengthFilter],
    ) -> tuple[str | None, timedelta | None, Filter | None] | None:
        example = f"Write for example {FILTER_EXAMPLES[feature.filters or 'length'].format(name=feature.name)}."
        if not feature.filters:
            hint = "uses(…), time(…) and opens(…) do; for example uses(category is social, shorter than 30 s, 10 min)."
            self._problems.refuse(filters[0], f"{feature.name} takes no filter.", hint)
            return None
        *before, last = given
        if isinstance(last, CategoryFilter | LengthFilter | Token):
            self._problems.refuse(named, "The span comes last.", example)
            return None
        found: dict[str, frozenset[str] | timedelta] = {}
        for each in before:
            kind, value = self._check_filter(each, feature, example)
            if kind in found:
                self._problems.refuse(each, "This is said twice.", example)
            elif value is not None:
                found[kind] = value
        span = self.span(last, example)
        if span is None:
            return None
        # The keys are those of `Filter`: categories, shorter, longer.
        which = Filter(**found)  # type: ignore[arg-type]
        return (None, span, which) if self._is_satisfiable(which, feature, span, filters[-1]) else None

    def _check_filter(
        self, each: Argument, feature: Feature, example: str
    ) -> tuple[str, frozenset[str] | timedelta | None]:
        match each:
            case LengthFilter() if feature.filters != "length":
                self._problems.refuse(each, "An opening has no length.", example)
                return each.by, None
            case LengthFilter():
                return each.by, self.length(each.quantity, f"What a use is {each.by} than")
            case CategoryFilter():
                meant = self.categories(each.words, each.by, negated=each.negated, plain=False)
                return "categories", frozenset(CATEGORIES) - meant if meant and each.negated else meant
            case Token() if feature.arguments is ArgumentKind.CATEGORY_AND_SPAN:
                category = self._check_category(each, feature, example)
                return "categories", None if category is None else frozenset({category})
            case _:
                self._problems.refuse(each, "This is neither a filter nor, at the end, the span.", example)
                return "", None

    def _is_satisfiable(
        self, which: Filter, feature: Feature, span: timedelta, last: CategoryFilter | LengthFilter
    ) -> bool:
        message = None
        if which.categories is not None and not which.categories:
            message = "No category is left."
        elif which.shorter is not None and which.longer is not None and which.longer >= which.shorter:
            message = (
                f"No use is longer than {format_length(which.longer)} and shorter than {format_length(which.shorter)}."
            )
        elif feature.unit is Unit.COUNT and which.longer is not None and which.longer >= span:
            began = f"No use that began in the last {format_length(span)}"
            message = f"{began} is longer than {format_length(which.longer)}."
        if message:
            self._problems.refuse(last, message)
        return message is None


def example_of(feature: Feature) -> str:
    """Return a condition over the feature, as a hint."""
    name = EXAMPLES[feature.arguments].format(name=feature.name)
    wanted = {
        Unit.LENGTH: f"{name} >= 30 s",
        Unit.COUNT: f"{name} >= 3",
        Unit.RATE: f"{name} >= 12 / min",
        Unit.SHARE: f"{name} >= 10 %",
        Unit.CATEGORY: f"{name} is social",
        Unit.FLAG: f"{name}' or 'not {name}",
    }
    return f"Write for example '{wanted[feature.unit]}'."
