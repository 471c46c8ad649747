"""Which rules begin to hold, and when to evaluate them again.

Invariant 1: a match is the instant at which a rule begins to hold; while it continues to hold there is no further match.
Invariant 2: evaluating more often than at `deadline` changes nothing; evaluating at every `deadline` misses nothing.
Invariant 3: no rule holds while nothing is in use. The memory of a rule is reset then, and while a category is in front for
which it cannot hold.
Invariant 4: a rule with `until` holds until that is certainly true. Then its condition must be false once before it holds
again. The memory of `until` is reset each time the rule begins to hold.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from rules.model import FeatureKey, FeatureSet, Rule, Value

NEVER: Final = datetime.max.replace(tzinfo=UTC)


def features_used(rules: Sequence[Rule]) -> frozenset[FeatureKey]:
    """Return every feature that some rule declares."""
    return frozenset(key for rule in rules for key in rule.features_used)


def evidence(rule: Rule, features: FeatureSet) -> tuple[tuple[FeatureKey, Value], ...]:
    """Return the values of the rule's known features, sorted by their keys."""
    # Features of the sentence as well: a notification is worded from the moment alone.
    in_sentence = (part for part in rule.because_parts if isinstance(part, FeatureKey))
    keys = sorted(rule.condition.features_used.union(in_sentence), key=_sort_key)
    return tuple((key, value) for key in keys if (value := features.get(key)) is not None)


class _StatefulRule:
    """A rule with an `until`, or with a `for` in its condition."""

    __slots__ = ("_condition", "_memory", "_until", "_until_memory", "_waits_for_false")

    def __init__(self, rule: Rule) -> None:
        self._condition = rule.condition
        self._until = rule.until
        self.reset()

    @property
    def memory(self) -> tuple[datetime | None, ...]:
        return tuple(self._memory)

    def reset(self) -> None:
        self._memory: list[datetime | None] = [None] * self._condition.memory_size
        self._until_memory: list[datetime | None] = []
        # After `until` ended it, the condition must be false once before the rule may hold again.
        self._waits_for_false = False

    def evaluate(self, features: FeatureSet, *, held_before: bool) -> tuple[bool, datetime | None]:
        """Return whether the rule holds, and when that may change; evaluating twice at one instant equals once."""
        condition, until = self._condition, self._until
        holds, deadline = condition.evaluate(features, self._memory)
        if until is None:
            return holds, deadline
        if not held_before:
            self._waits_for_false = self._waits_for_false and holds
            if self._waits_for_false or not holds:
                return False, deadline
            # The rule begins to hold.
            self._until_memory = [None] * until.memory_size
        is_over, until_deadline = until.evaluate(features, self._until_memory)
        if is_over and held_before:
            self._waits_for_false = holds
            return False, deadline
        # While it holds, only `until` can end it; a condition with memory still needs its own deadlines.
        if not is_over and not condition.memory_size:
            return True, until_deadline
        # Either it waits for `until` to become false before it begins, or it holds and its parts are still being timed.
        deadlines = [instant for instant in (deadline, until_deadline) if instant is not None]
        return not is_over, min(deadlines, default=None)


class _Relevant(NamedTuple):
    """The indices of the rules that can hold for a category and of those that input can change; the other stateful rules."""

    rules: tuple[int, ...]
    by_input: tuple[int, ...]
    others: tuple[_StatefulRule, ...]


class RuleWatch:
    """Which rules hold on one device. `deadline`: the next instant at which time alone may change that."""

    def __init__(self, rules: Sequence[Rule], input_features: frozenset[str]) -> None:
        self.deadline = NEVER
        self._rules = tuple(rules)
        self._input_features = input_features
        self._holds = [False] * len(self._rules)
        self._deadlines = [NEVER] * len(self._rules)
        self._stateful = {
            index: _StatefulRule(rule)
            for index, rule in enumerate(self._rules)
            if rule.until is not None or rule.condition.memory_size
        }
        # By category: most rules name their categories, and need not be evaluated for others.
        self._relevant: dict[str, _Relevant] = {}
        self._active: tuple[int, ...] = ()

    def holding_since(self, code: str) -> tuple[datetime | None, ...]:
        """Return since when each part of the rule with a `for` has held; empty if there is none."""
        index = next((index for index, rule in enumerate(self._rules) if rule.code == code), None)
        stateful = None if index is None else self._stateful.get(index)
        return () if stateful is None else stateful.memory

    def after_observation(self, features: FeatureSet, category: str) -> list[Rule]:
        """Evaluate every rule that can hold while `category` is in front; return those that begin to hold."""
        relevant = self._relevant_for(category)
        holds = [False] * len(self._rules)
        # A rule that cannot hold for this category ceases to hold.
        for index in relevant.rules:
            holds[index] = self._holds[index]
        for stateful in relevant.others:
            stateful.reset()
        self._holds, self._deadlines = holds, [NEVER] * len(self._rules)
        self._active = relevant.rules
        return self._evaluate(relevant.rules, features)

    def after_input(self, features: FeatureSet, category: str) -> list[Rule]:
        """Evaluate the rules that input can change; return those that begin to hold."""
        by_input = self._relevant_for(category).by_input
        return self._evaluate(by_input, features) if by_input else []

    def on_deadline(self, features: FeatureSet) -> list[Rule]:
        """Evaluate the rules whose deadlines have come; return those that begin to hold."""
        at, deadlines = features.at, self._deadlines
        return self._evaluate([index for index in self._active if deadlines[index] <= at], features)

    def reset(self) -> None:
        """Note that nothing is in use: no rule holds, and there is no deadline."""
        for stateful in self._stateful.values():
            stateful.reset()
        # Called at every observation while nothing is in use; mostly there is nothing to clear.
        if self.deadline is not NEVER or any(self._holds):
            self._holds = [False] * len(self._rules)
            self._deadlines = [NEVER] * len(self._rules)
            self.deadline = NEVER

    def _relevant_for(self, category: str) -> _Relevant:
        relevant = self._relevant.get(category)
        if relevant is None:
            every = tuple(
                index
                for index, rule in enumerate(self._rules)
                if rule.condition.categories is None or category in rule.condition.categories
            )
            by_input = tuple(index for index in every if self._is_changed_by_input(self._rules[index]))
            others = tuple(stateful for index, stateful in self._stateful.items() if index not in every)
            relevant = self._relevant[category] = _Relevant(every, by_input, others)
        return relevant

    def _is_changed_by_input(self, rule: Rule) -> bool:
        keys = rule.condition.features_used | (rule.until.features_used if rule.until else frozenset())
        return any(key.name in self._input_features for key in keys)

    def _evaluate(self, indices: Sequence[int], features: FeatureSet) -> list[Rule]:
        # The hot path of a replay, hence the local names.
        started: list[Rule] = []
        held, deadlines, rules, stateful = self._holds, self._deadlines, self._rules, self._stateful
        for index in indices:
            if index in stateful:
                holds, deadline = stateful[index].evaluate(features, held_before=held[index])
            else:
                holds, deadline = rules[index].condition.evaluate(features)
            if holds and not held[index]:
                started.append(rules[index])
            held[index] = holds
            deadlines[index] = NEVER if deadline is None else deadline
        self.deadline = min(map(deadlines.__getitem__, self._active), default=NEVER)
        return started


def _sort_key(key: FeatureKey) -> tuple[str, ...]:
    # Sets are sorted first, because their own order differs between processes.
    which = key.which and (sorted(key.which.categories or ()), key.which.shorter, key.which.longer)
    steps = [sorted(step) for step in key.steps]
    return key.name, repr(key.span), repr(key.category), key.scope, repr(which), repr(steps), repr(key.part)
