"""The rules that are in force during one partner time, and what becomes of them when a file of theirs changes.

Rule 1: a change is laid ready in the core before it is told through the inbox: docs/decisions/rules-change-in-an-evening.md.
Rule 2: what is usual is reckoned only where a rule asks for it: from the kept evenings of the last 28 days.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from detector.clock import Clock
from detector.core.attention.baselines import SINCE, asked_for, usuals
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import RulesChanged
from detector.daemon.rule_files import RuleFiles
from detector.errors import Problem
from detector.rulebook.loading import RulesInForce
from detector.store.model import Keeping
from rules.engine import needs
from rules.model import FeatureKey, Rule, Value

logger = logging.getLogger("turntoward")


class Takes(Protocol):
    """Who takes rules: the core."""

    def take_rules(
        self, rules: Sequence[Rule], usuals: Mapping[FeatureKey, Value] | None = None, *, digest: str
    ) -> None:
        """Lay rules ready."""


class RulesNow:
    """The rules of one partner time; `by_code` follows them, and so does whoever holds it."""

    def __init__(self, folder: Path, *, store: Keeping, clock: Clock, attention: AttentionSettings) -> None:
        self._files = RuleFiles(folder)
        self._store = store
        self._clock = clock
        self._attention = attention
        self.by_code = {rule.code: rule for rule in self._files.in_force.rules}

    @property
    def in_force(self) -> RulesInForce:
        """The rules, and what is wrong with the files."""
        return self._files.in_force

    def usuals(self) -> Mapping[FeatureKey, Value]:
        """Return what is usual of what the rules compare with it.

        Raises:
            StoreError: if the kept evenings cannot be read.
        """
        keys = asked_for(needs(self._files.in_force.rules))
        if not keys:
            return {}
        now = self._clock.now()
        over = [kept for kept in self._store.occurrences(since=now - SINCE, until=now) if kept.ended is not None]
        evenings = (sorted(self._store.observations(kept.id), key=lambda seen: seen.at) for kept in over)
        return usuals(evenings, keys, self._attention)

    def look(self, core: Takes, tell: Callable[[RulesChanged], None]) -> Sequence[Problem] | None:
        """Look whether a file changed; if so, have the core take the rules, and return what is wrong with them now.

        Raises:
            StoreError: if the kept evenings cannot be read.
        """
        before = self._files.in_force.rules
        found = self._files.changed()
        if found is None:
            return None
        if found.rules != before:
            digest = _digest(found.rules)
            core.take_rules(found.rules, self.usuals(), digest=digest)
            self.by_code.clear()
            self.by_code.update((rule.code, rule) for rule in found.rules)
            tell(RulesChanged(at=self._clock.now(), digest=digest))
            logger.info("a rule file was changed; %d rules are in force", len(found.rules))
        return found.problems


def _digest(rules: Sequence[Rule]) -> str:
    said = "\n".join(f"{rule.code} {rule.condition.text} {rule.until.text if rule.until else ''}" for rule in rules)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
