"""Which rules begin to hold, and when to look again.

Rule 1: a match is the instant at which a rule begins to hold; while it goes on holding it is the same match.
Rule 2: looking more often than `turn` changes nothing; looking at `turn` misses nothing.
Rule 3: where nothing is in use, nothing holds: there is no moment without a use.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rules.model import FeatureKey, FeatureSet, Rule, Value

NEVER: Final = datetime.max.replace(tzinfo=UTC)


def needs(rules: Sequence[Rule]) -> frozenset[FeatureKey]:
    """Return every feature that some rule declares."""
    return frozenset(key for rule in rules for key in rule.condition.needs)


def evidence(rule: Rule, features: FeatureSet) -> tuple[tuple[FeatureKey, Value], ...]:
    """Return the values of the rule's known features, in an order that does not depend on chance."""
    found = ((key, features.get(key)) for key in sorted(rule.condition.needs, key=repr))
    return tuple((key, value) for key, value in found if value is not None)


class Watch:
    """Which rules hold on one device, and the next instant at which time alone may change that."""

    def __init__(self, rules: Sequence[Rule], touched_by_input: frozenset[str]) -> None:
        self._rules = tuple(rules)
        self._touched_by_input = touched_by_input
        self._held = [False] * len(self._rules)
        self._turns = [NEVER] * len(self._rules)
        self._concerned: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self.turn = NEVER

    def after_observation(self, features: FeatureSet, category: str) -> list[Rule]:
        """Look at every rule that can hold while `category` is in front; return those that begin to hold."""
        concerned = self._concerning(category)[0]
        # The rules that are not concerned no longer hold.
        held = [False] * len(self._rules)
        for index in concerned:
            held[index] = self._held[index]
        self._held, self._turns = held, [NEVER] * len(self._rules)
        return self._look(concerned, features)

    def after_input(self, features: FeatureSet, category: str) -> list[Rule]:
        """Look at the rules that input can change; return those that begin to hold."""
        by_input = self._concerning(category)[1]
        return self._look(by_input, features) if by_input else []

    def at_turn(self, features: FeatureSet) -> list[Rule]:
        """Look at the rules that time alone may have changed by now; return those that begin to hold."""
        at = features.at
        return self._look([index for index, turn in enumerate(self._turns) if turn <= at], features)

    def rest(self) -> None:
        """Nothing is in use: nothing holds, and time alone changes nothing."""
        if self.turn is not NEVER or any(self._held):
            self._held = [False] * len(self._rules)
            self._turns = [NEVER] * len(self._rules)
            self.turn = NEVER

    def _concerning(self, category: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        found = self._concerned.get(category)
        if found is None:
            every = tuple(
                index
                for index, rule in enumerate(self._rules)
                if rule.condition.categories is None or category in rule.condition.categories
            )
            by_input = tuple(
                index
                for index in every
                if any(key.name in self._touched_by_input for key in self._rules[index].condition.needs)
            )
            found = self._concerned[category] = (every, by_input)
        return found

    def _look(self, indices: Sequence[int], features: FeatureSet) -> list[Rule]:
        begun: list[Rule] = []
        held, turns, rules = self._held, self._turns, self._rules
        for index in indices:
            condition = rules[index].condition
            if condition.look is None:
                holds, turn = condition.holds(features), condition.turns(features)
            else:
                holds, turn = condition.look(features)
            if holds and not held[index]:
                begun.append(rules[index])
            held[index] = holds
            turns[index] = NEVER if turn is None else turn
        self.turn = min(turns, default=NEVER)
        return begun
