"""Kept evenings through the rules in force and through others: what each rule would have found, and what changes.

Rule 1: both sides are played; what was decided then, perhaps by other rules or settings, is not what is compared.
Rule 2: evenings go by one after another: memory holds one, and of the others only counts and what changed.
Rule 3: what came of a nudge that never was is not known, so outcomes are not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from detector.attention.settings import AttentionSettings
from detector.backtest.evening import Evening
from detector.effects import Moment
from detector.observations import Observation, PartnerTimeBegan
from detector.store.model import KeptOccurrence
from rules.model import Rule
from rules.policy import PolicySettings

STEP = 20_000
"""Observations after which progress is told within a long evening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvening:
    """One evening as it is kept: what was observed, in its order, and the moments that were decided then."""

    occurrence: KeptOccurrence
    observations: Iterator[Observation]
    moments: Sequence[Moment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many moments there were, and how many of them were said."""

    moments: int = 0
    nudges: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCompared:
    """One rule on both sides; `then` None: there is only one side. `changed`: its condition is not the same on both."""

    code: str
    name: str
    now: Found | None
    then: Found | None
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningChanged:
    """One evening that comes out differently: the nudges that appear, and those that vanish.

    Where there are none of either, only moments changed that were kept and not said.
    """

    occurrence: KeptOccurrence
    appear: tuple[Moment, ...]
    vanish: tuple[Moment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was found over all evenings. `now` and `then`: all rules together; `then` None: there is only one side."""

    evenings: int
    empty: int
    observations: int
    rules: tuple[RuleCompared, ...]
    now: Found
    then: Found | None
    changed: tuple[EveningChanged, ...]


def compare(
    evenings: Iterable[KeptEvening],
    now: Sequence[Rule],
    then: Sequence[Rule] | None,
    *,
    policy: PolicySettings,
    attention: AttentionSettings,
    progress: Callable[[int, int], None] = lambda _evening, _observations: None,
) -> Comparison:
    """Play every evening through both sets of rules. `progress` is told evenings and observations so far.

    An evening of which no observation is kept is counted as empty, and says nothing.
    """
    found = (_Counts(), _Counts())
    changed: list[EveningChanged] = []
    seen = played = empty = 0
    for evening in evenings:
        first = next(evening.observations, None)
        if first is None:
            empty += 1
            continue
        played += 1
        sides = [Evening(rules, policy, attention, evening.moments) for rules in (now, then) if rules is not None]
        for observation in chain(_begun(evening.occurrence, first), evening.observations):
            for side in sides:
                side.feed(observation)
            seen += 1
            if seen % STEP == 0:
                progress(played, seen)
        for counts, side in zip(found, sides, strict=False):
            counts.add(side.moments.values())
        if len(sides) > 1:
            changed += _changes(evening.occurrence, sides[0], sides[1])
        progress(played, seen)
    one, other = found
    return Comparison(
        evenings=played, empty=empty, observations=seen, rules=_by_rule(now, then, one, other), now=one.all(),
        then=None if then is None else other.all(), changed=tuple(changed),
    )  # fmt: skip


class _Counts:
    def __init__(self) -> None:
        self.moments: Counter[str] = Counter()
        self.nudges: Counter[str] = Counter()

    def add(self, moments: Iterable[Moment]) -> None:
        for moment in moments:
            self.moments[moment.rule] += 1
            self.nudges[moment.rule] += moment.decided == "nudged"

    def of(self, code: str) -> Found:
        return Found(moments=self.moments[code], nudges=self.nudges[code])

    def all(self) -> Found:
        return Found(moments=self.moments.total(), nudges=self.nudges.total())


def _begun(occurrence: KeptOccurrence, first: Observation) -> tuple[Observation, ...]:
    if isinstance(first, PartnerTimeBegan):
        return (first,)
    # Its first word was forgotten; that it was partner time is kept.
    began = PartnerTimeBegan(
        at=min(occurrence.began, first.at), occurrence=occurrence.id, title=occurrence.title, ends=occurrence.ends
    )
    return began, first


def _changes(occurrence: KeptOccurrence, now: Evening, then: Evening) -> list[EveningChanged]:
    before, after = _nudges(now), _nudges(then)
    appear = tuple(moment for key, moment in after.items() if key not in before)
    vanish = tuple(moment for key, moment in before.items() if key not in after)
    if not appear and not vanish and _held(now) == _held(then):
        return []
    return [EveningChanged(occurrence=occurrence, appear=appear, vanish=vanish)]


def _nudges(evening: Evening) -> dict[tuple[str, str, datetime], Moment]:
    said = [moment for moment in evening.moments.values() if moment.decided == "nudged"]
    return {(moment.rule, moment.device, moment.decided_at): moment for moment in said}


def _held(evening: Evening) -> list[tuple[str, str, datetime]]:
    return sorted((moment.rule, moment.device, moment.began) for moment in evening.moments.values())


def _by_rule(
    now: Sequence[Rule], then: Sequence[Rule] | None, one: _Counts, other: _Counts
) -> tuple[RuleCompared, ...]:
    before, after = {rule.code: rule for rule in now}, {rule.code: rule for rule in then or ()}
    return tuple(
        RuleCompared(
            code=code,
            name=(after.get(code) or before[code]).name,
            now=one.of(code) if code in before else None,
            then=other.of(code) if code in after else None,
            changed=then is not None and _said(before.get(code)) != _said(after.get(code)),
        )
        for code in sorted({*before, *after})
    )


def _said(rule: Rule | None) -> tuple[str, bool, bool] | None:
    return None if rule is None else (" ".join(rule.condition.text.split()), rule.after_grace, rule.speaks)
