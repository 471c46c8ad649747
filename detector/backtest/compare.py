"""Play kept evenings through the rules in force and through others, and compare what each rule finds.

Rule 1: both sides are played. What was decided then, perhaps by other rules or settings, is not compared.
Rule 2: evenings are played one after another: memory holds one, and of the others only counts and what changed.
Rule 3: what would have come of a nudge that never was is not known, so outcomes are not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from detector.backtest.evening import EveningReplay
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment
from detector.core.observations import Observation, PartnerTimeBegan
from detector.store.model import StoredOccurrence
from rules.model import FeatureKey, Rule, Value
from rules.policy import PolicySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvening:
    """One evening as it is kept: what was observed, in its order, and the moments that were decided then.

    `usuals`: what was usual when it began, where a rule compares with it.
    """

    occurrence: StoredOccurrence
    observations: Iterator[Observation]
    moments: Sequence[Moment]
    usuals: Mapping[FeatureKey, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCounts:
    """How many moments there were, and how many of them were nudges."""

    moments: int = 0
    nudges: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleComparison:
    """What one rule found on both sides; None: it is not on that side. `changed`: its condition is not the same on both."""

    code: str
    name: str
    now: RuleCounts | None
    then: RuleCounts | None
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningChange:
    """One evening that comes out differently: the nudges that appear, and those that vanish.

    Where there are none of either, only moments without a nudge changed.
    """

    occurrence: StoredOccurrence
    appear: tuple[Moment, ...]
    vanish: tuple[Moment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was found over all evenings. `now` and `then`: all rules together; `then` None: there is only one side.

    `empty`: evenings of which no observation is kept; `evenings` does not count them.
    """

    evenings: int
    empty: int
    observations: int
    rules: tuple[RuleComparison, ...]
    now: RuleCounts
    then: RuleCounts | None
    changed: tuple[EveningChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningPlayed:
    """What one evening gave: how often each rule had a moment and a nudge, by its code, for each side."""

    observations: int
    moments: tuple[Counter[str], ...]
    nudges: tuple[Counter[str], ...]
    changed: EveningChange | None


def play_evening(
    evening: KeptEvening,
    now: Sequence[Rule],
    then: Sequence[Rule] | None,
    *,
    policy: PolicySettings,
    attention: AttentionSettings,
) -> EveningPlayed:
    """Play one evening through both sets of rules; `then` None: through the one alone."""
    sides = [
        EveningReplay(rules, policy, attention, evening.moments, evening.usuals)
        for rules in (now, then)
        if rules is not None
    ]
    # Observations are read once and fed to both sides, so that an evening is never in memory as a whole (rule 2).
    first, seen = next(evening.observations, None), 0
    for observation in chain(_with_beginning(evening.occurrence, first), evening.observations) if first else ():
        for side in sides:
            side.feed(observation)
        seen += 1
    found = [side.moments.values() for side in sides]
    return EveningPlayed(
        observations=seen,
        moments=tuple(Counter(moment.rule for moment in moments) for moments in found),
        nudges=tuple(Counter(moment.rule for moment in moments if moment.decided == "nudged") for moments in found),
        changed=_change(evening.occurrence, sides[0], sides[1]) if len(sides) > 1 else None,
    )


def gather(
    played: Iterable[EveningPlayed],
    now: Sequence[Rule],
    then: Sequence[Rule] | None,
    progress: Callable[[int, int], None] = lambda _evening, _observations: None,
) -> Comparison:
    """Add up what the evenings gave. `progress` is called after each with the evenings and the observations so far."""
    found = (_SideCounts(), _SideCounts())
    changed: list[EveningChange] = []
    seen = evenings = empty = 0
    for evening in played:
        if not evening.observations:
            empty += 1
            continue
        evenings += 1
        seen += evening.observations
        # With one side only, the second counts stay empty.
        for counts, moments, nudges in zip(found, evening.moments, evening.nudges, strict=False):
            counts.moments += moments
            counts.nudges += nudges
        changed += [evening.changed] if evening.changed else []
        progress(evenings, seen)
    one, other = found
    return Comparison(
        evenings=evenings,
        empty=empty,
        observations=seen,
        rules=_by_rule(now, then, one, other),
        now=one.all(),
        then=None if then is None else other.all(),
        changed=tuple(changed),
    )


class _SideCounts:
    def __init__(self) -> None:
        self.moments: Counter[str] = Counter()
        self.nudges: Counter[str] = Counter()

    def of(self, code: str) -> RuleCounts:
        return RuleCounts(moments=self.moments[code], nudges=self.nudges[code])

    def all(self) -> RuleCounts:
        return RuleCounts(moments=self.moments.total(), nudges=self.nudges.total())


def _with_beginning(occurrence: StoredOccurrence, first: Observation) -> tuple[Observation, ...]:
    if isinstance(first, PartnerTimeBegan):
        return (first,)
    # `forget` may have deleted the beginning; the occurrence itself is kept, so the beginning can be made anew.
    began = PartnerTimeBegan(
        at=min(occurrence.began, first.at), occurrence=occurrence.id, title=occurrence.title, ends=occurrence.ends
    )
    return began, first


def _change(occurrence: StoredOccurrence, now: EveningReplay, then: EveningReplay) -> EveningChange | None:
    # Numbers of moments differ between the sides, so nudges are matched by rule, device and instant.
    before, after = _nudges(now), _nudges(then)
    appear = tuple(moment for key, moment in after.items() if key not in before)
    vanish = tuple(moment for key, moment in before.items() if key not in after)
    if not appear and not vanish and _all_moments(now) == _all_moments(then):
        return None
    return EveningChange(occurrence=occurrence, appear=appear, vanish=vanish)


def _nudges(evening: EveningReplay) -> dict[tuple[str, str, datetime], Moment]:
    nudged = [moment for moment in evening.moments.values() if moment.decided == "nudged"]
    return {(moment.rule, moment.device, moment.decided_at): moment for moment in nudged}


def _all_moments(evening: EveningReplay) -> list[tuple[str, str, datetime]]:
    return sorted((moment.rule, moment.device, moment.began) for moment in evening.moments.values())


def _by_rule(
    now: Sequence[Rule], then: Sequence[Rule] | None, one: _SideCounts, other: _SideCounts
) -> tuple[RuleComparison, ...]:
    before, after = {rule.code: rule for rule in now}, {rule.code: rule for rule in then or ()}
    return tuple(
        RuleComparison(
            code=code,
            name=(after.get(code) or before[code]).name,
            now=one.of(code) if code in before else None,
            then=other.of(code) if code in after else None,
            changed=then is not None and _identity(before.get(code)) != _identity(after.get(code)),
        )
        for code in sorted({*before, *after})
    )


def _identity(rule: Rule | None) -> tuple[str, bool, bool] | None:
    # What makes a rule decide as it does; its name and its page may change without any effect.
    return None if rule is None else (" ".join(rule.condition.text.split()), rule.after_grace, rule.speaks)
