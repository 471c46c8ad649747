"""Which rules begin to hold, and when to look again.

Rule 1: a match is the instant at which a rule begins to hold; while it goes on holding it is the same match.
Rule 2: looking more often than `deadline` changes nothing; looking at `deadline` misses nothing.
Rule 3: where nothing is in use, nothing holds: there is no moment without a use. What a rule remembers is let go of then,
and wherever something is in front that it can not hold for.
Rule 4: a rule with `until` goes on holding until that certainly holds; then it must cease to hold before it holds anew.
What `until` remembers begins with each holding.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rules.model import Condition, FeatureKey, FeatureSet, Memory, Rule, Value

NEVER: Final = datetime.max.replace(tzinfo=UTC)


def needs(rules: Sequence[Rule]) -> frozenset[FeatureKey]:
    """Return every feature that some rule declares."""
    return frozenset(key for rule in rules for key in rule.needs)


def evidence(rule: Rule, features: FeatureSet) -> tuple[tuple[FeatureKey, Value], ...]:
    """Return the values of the rule's known features, in an order that does not depend on chance."""
    said = (part for part in rule.because_parts if isinstance(part, FeatureKey))
    found = ((key, features.get(key)) for key in sorted(rule.condition.needs.union(said), key=_in_order))
    return tuple((key, value) for key, value in found if value is not None)


class _OverTime:
    """A rule whose condition remembers, or that goes on until. `spent`: it has held, and not ceased to hold since."""

    __slots__ = ("_condition", "_memory", "_spent", "_until", "_until_memory")

    def __init__(self, rule: Rule) -> None:
        self._condition = rule.condition
        self._until = rule.until
        self.reset()

    @property
    def memory(self) -> tuple[datetime | None, ...]:
        """Since when each part of the condition that must last has held."""
        return tuple(self._memory)

    def reset(self) -> None:
        """Let go of everything."""
        self._memory: list[datetime | None] = [None] * self._condition.memory_size
        self._until_memory: list[datetime | None] = []
        self._spent = False

    def evaluate(self, features: FeatureSet, *, was_held: bool) -> tuple[bool, datetime | None]:
        """Return whether the rule holds, and when that may turn; looking twice at one instant is looking once."""
        condition, until = self._condition, self._until
        holds, turn = _look(condition, features, self._memory)
        if until is None:
            return holds, turn
        if not was_held:
            self._spent = self._spent and holds
            if self._spent or not holds:
                return False, turn
            self._until_memory = [None] * until.memory_size
        is_over, over = _look(until, features, self._until_memory)
        if is_over and was_held:
            self._spent = holds
            return False, turn
        if not is_over and not condition.memory_size:
            return True, over
        # It would begin, and waits for `until` to be over itself; or it holds, and its parts must go on being watched.
        return not is_over, min((each for each in (turn, over) if each is not None), default=None)


class RuleWatch:
    """Which rules hold on one device, and the next instant at which time alone may change that."""

    def __init__(self, rules: Sequence[Rule], touched_by_input: frozenset[str]) -> None:
        self._rules = tuple(rules)
        self._touched_by_input = touched_by_input
        self._held = [False] * len(self._rules)
        self._turns = [NEVER] * len(self._rules)
        self._over_time = {
            index: _OverTime(rule)
            for index, rule in enumerate(self._rules)
            if rule.until is not None or rule.condition.memory_size
        }
        self._concerned: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[_OverTime, ...]]] = {}
        # Those that can hold for what is in front: no other turns.
        self._in_question: tuple[int, ...] = ()
        self.deadline = NEVER

    def holding_since(self, code: str) -> tuple[datetime | None, ...]:
        """Return since when each part that must last has held, for who explains; empty where nothing must last."""
        found = next((index for index, rule in enumerate(self._rules) if rule.code == code), None)
        over_time = None if found is None else self._over_time.get(found)
        return () if over_time is None else over_time.memory

    def after_observation(self, features: FeatureSet, category: str) -> list[Rule]:
        """Look at every rule that can hold while `category` is in front; return those that begin to hold."""
        concerned, _, others = self._concerning(category)
        # The rules that are not concerned no longer hold.
        held = [False] * len(self._rules)
        for index in concerned:
            held[index] = self._held[index]
        for over_time in others:
            over_time.reset()
        self._held, self._turns = held, [NEVER] * len(self._rules)
        self._in_question = concerned
        return self._look(concerned, features)

    def after_input(self, features: FeatureSet, category: str) -> list[Rule]:
        """Look at the rules that input can change; return those that begin to hold."""
        by_input = self._concerning(category)[1]
        return self._look(by_input, features) if by_input else []

    def on_deadline(self, features: FeatureSet) -> list[Rule]:
        """Look at the rules that time alone may have changed by now; return those that begin to hold."""
        at, turns = features.at, self._turns
        return self._look([index for index in self._in_question if turns[index] <= at], features)

    def reset(self) -> None:
        """Nothing is in use: nothing holds, and time alone changes nothing."""
        for over_time in self._over_time.values():
            over_time.reset()
        if self.deadline is not NEVER or any(self._held):
            self._held = [False] * len(self._rules)
            self._turns = [NEVER] * len(self._rules)
            self.deadline = NEVER

    def _concerning(self, category: str) -> tuple[tuple[int, ...], tuple[int, ...], tuple[_OverTime, ...]]:
        found = self._concerned.get(category)
        if found is None:
            every = tuple(
                index
                for index, rule in enumerate(self._rules)
                if rule.condition.categories is None or category in rule.condition.categories
            )
            by_input = tuple(index for index in every if self._is_touched(self._rules[index]))
            others = tuple(over_time for index, over_time in self._over_time.items() if index not in every)
            found = self._concerned[category] = (every, by_input, others)
        return found

    def _is_touched(self, rule: Rule) -> bool:
        asked = rule.condition.needs | (rule.until.needs if rule.until else frozenset())
        return any(key.name in self._touched_by_input for key in asked)

    def _look(self, indices: Sequence[int], features: FeatureSet) -> list[Rule]:
        begun: list[Rule] = []
        held, turns, rules, over_time = self._held, self._turns, self._rules, self._over_time
        for index in indices:
            if index in over_time:
                holds, turn = over_time[index].evaluate(features, was_held=held[index])
            else:
                condition = rules[index].condition
                look = condition.evaluate
                holds, turn = _look(condition, features, ()) if look is None else look(features)
            if holds and not held[index]:
                begun.append(rules[index])
            held[index] = holds
            turns[index] = NEVER if turn is None else turn
        self.deadline = min(map(turns.__getitem__, self._in_question), default=NEVER)
        return begun


def _look(condition: Condition, features: FeatureSet, memory: Memory) -> tuple[bool, datetime | None]:
    if condition.evaluate is not None:
        return condition.evaluate(features, memory) if memory else condition.evaluate(features)
    if memory:
        return condition.holds(features, memory), condition.deadline(features, memory)
    return condition.holds(features), condition.deadline(features)


def _in_order(key: FeatureKey) -> tuple[str, ...]:
    which = key.which and (sorted(key.which.categories or ()), key.which.shorter, key.which.longer)
    steps = [sorted(step) for step in key.steps]
    return key.name, repr(key.span), repr(key.category), key.scope, repr(which), repr(steps), repr(key.part)
