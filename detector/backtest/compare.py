"""Play stored evenings through the current and the candidate rules, and compare the moments of each rule.

Invariant 1: both sides are played. The original decisions, perhaps by other rules or settings, are not compared.
Invariant 2: evenings are played one after another: one is in memory, and the counts and changes of the others.
Invariant 3: the outcome of a nudge that was never shown is not known, so outcomes are not compared.
Invariant 4: usual values come from the evenings in the 28 days before an evening, as in the daemon; neither the evening
    itself nor a later one counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, TypeAlias

from detector.backtest.evening import EveningReplay
from detector.core.attention.baselines import MAX_AGE, MIN_SESSIONS, baseline_keys, measured_key, percentile
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment
from detector.core.observations import Observation, PartnerTimeBegan
from detector.store.model import StoredOccurrence
from rules.engine import features_used
from rules.model import FeatureKey, Rule, Value
from rules.policy import PolicySettings

# When an evening began, and the maximum of each feature on it.
EveningMaxima: TypeAlias = tuple[datetime, Mapping[FeatureKey, Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOccurrence:
    """One stored occurrence: its observations in order, and its original moments.

    `baselines`: the usual values when it began, for the rules that compare with them.
    """

    occurrence: StoredOccurrence
    observations: Iterator[Observation]
    moments: Sequence[Moment]
    baselines: Mapping[FeatureKey, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCounts:
    """Number of moments, and of those with a nudge."""

    moments: int = 0
    nudges: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleComparison:
    """The counts of one rule on both sides; None: it is not on that side. `changed`: the sides decide differently."""

    code: str
    name: str
    current: RuleCounts | None
    candidate: RuleCounts | None
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningChange:
    """One evening with different results: the nudges that appear, and those that vanish.

    Without either, only moments without a nudge changed.
    """

    occurrence: StoredOccurrence
    appear: tuple[Moment, ...]
    vanish: tuple[Moment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The results of all evenings. `current` and `candidate`: all rules together; None: there is no such side.

    `empty`: number of evenings without stored observations; `evenings` does not count them.
    """

    evenings: int = 0
    empty: int = 0
    observations: int = 0
    rules: tuple[RuleComparison, ...] = ()
    current: RuleCounts | None = None
    candidate: RuleCounts | None = None
    changed: tuple[EveningChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedEvening:
    """The result of one evening: for each side, the number of moments and of nudges by the code of the rule."""

    observations: int
    moments: tuple[Counter[str], ...]
    nudges: tuple[Counter[str], ...]
    changed: EveningChange | None


def play_evening(
    evening: RecordedOccurrence,
    current: Sequence[Rule],
    candidate: Sequence[Rule] | None,
    *,
    policy: PolicySettings,
    attention: AttentionSettings,
) -> PlayedEvening:
    """Play one evening through both sets of rules; `candidate` None: only through the current ones."""
    sides = [
        EveningReplay(rules, policy, attention, evening.moments, evening.baselines)
        for rules in (current, candidate)
        if rules is not None
    ]
    # Observations are read once and fed to both sides, so an evening is never completely in memory.
    first, count = next(evening.observations, None), 0
    for observation in chain(_with_beginning(evening.occurrence, first), evening.observations) if first else ():
        for side in sides:
            side.feed(observation)
        count += 1
    results = [side.moments.values() for side in sides]
    return PlayedEvening(
        observations=count,
        moments=tuple(Counter(moment.rule for moment in moments) for moments in results),
        nudges=tuple(Counter(moment.rule for moment in moments if moment.decided == "nudged") for moments in results),
        changed=_change(evening.occurrence, sides[0], sides[1]) if len(sides) > 1 else None,
    )


def add_up(
    played: Iterable[PlayedEvening],
    current: Sequence[Rule],
    candidate: Sequence[Rule] | None,
    progress: Callable[[int, int], None] = lambda _evening, _observations: None,
) -> Comparison:
    """Add up the results. `progress` is called after each evening with the evenings and the observations so far."""
    moments, nudges = (Counter[str](), Counter[str]()), (Counter[str](), Counter[str]())
    changed: list[EveningChange] = []
    evenings = empty = observations = 0
    for evening in played:
        if not evening.observations:
            empty += 1
            continue
        evenings += 1
        observations += evening.observations
        # With one side only, the counts of the second stay empty.
        for side in range(len(evening.moments)):
            moments[side].update(evening.moments[side])
            nudges[side].update(evening.nudges[side])
        changed += [evening.changed] if evening.changed else []
        progress(evenings, observations)

    def counts(side: int, code: str) -> RuleCounts:
        return RuleCounts(moments=moments[side][code], nudges=nudges[side][code])

    before, after = {rule.code: rule for rule in current}, {rule.code: rule for rule in candidate or ()}
    rules = [
        RuleComparison(
            code=code,
            name=(after.get(code) or before[code]).name,
            current=counts(0, code) if code in before else None,
            candidate=counts(1, code) if code in after else None,
            changed=candidate is not None and _identity(before.get(code)) != _identity(after.get(code)),
        )
        for code in sorted({*before, *after})
    ]
    totals = [RuleCounts(moments=moments[side].total(), nudges=nudges[side].total()) for side in (0, 1)]
    return Comparison(
        evenings=evenings,
        empty=empty,
        observations=observations,
        rules=tuple(rules),
        current=totals[0],
        candidate=None if candidate is None else totals[1],
        changed=tuple(changed),
    )


def compared_baselines(*rules: Sequence[Rule] | None) -> frozenset[FeatureKey]:
    return baseline_keys(features_used([rule for side in rules for rule in side or ()]))


def baselines_before(
    began: datetime, evenings: Iterable[EveningMaxima], keys: Iterable[FeatureKey]
) -> Mapping[FeatureKey, Value]:
    """Return the usual values at `began`; keys with a value on too few evenings before are left out."""
    before = [values for other, values in evenings if began - MAX_AGE <= other < began]
    usual: dict[FeatureKey, Value] = {}
    for key in keys:
        maxima: list[Any] = [values[measured_key(key)] for values in before if measured_key(key) in values]
        if len(maxima) >= MIN_SESSIONS:
            usual[key] = percentile(sorted(maxima), key.part)
    return usual


def _with_beginning(occurrence: StoredOccurrence, first: Observation) -> tuple[Observation, ...]:
    if isinstance(first, PartnerTimeBegan):
        return (first,)
    # `forget` may have deleted the beginning; it is made again from the occurrence, which is kept.
    began = PartnerTimeBegan(
        at=min(occurrence.began, first.at), occurrence=occurrence.id, title=occurrence.title, ends=occurrence.ends
    )
    return began, first


def _change(occurrence: StoredOccurrence, current: EveningReplay, candidate: EveningReplay) -> EveningChange | None:
    # Numbers of moments differ between the sides, so nudges are matched by rule, device and instant.
    before, after = _nudges(current), _nudges(candidate)
    appear = tuple(moment for key, moment in after.items() if key not in before)
    vanish = tuple(moment for key, moment in before.items() if key not in after)
    if not appear and not vanish and _all_moments(current) == _all_moments(candidate):
        return None
    return EveningChange(occurrence=occurrence, appear=appear, vanish=vanish)


def _nudges(evening: EveningReplay) -> dict[tuple[str, str, datetime], Moment]:
    nudged = [moment for moment in evening.moments.values() if moment.decided == "nudged"]
    return {(moment.rule, moment.device, moment.decided_at): moment for moment in nudged}


def _all_moments(evening: EveningReplay) -> list[tuple[str, str, datetime]]:
    return sorted((moment.rule, moment.device, moment.began) for moment in evening.moments.values())


def _identity(rule: Rule | None) -> tuple[str, bool, bool] | None:
    # Everything on which decisions depend; not the name and the page.
    return None if rule is None else (" ".join(rule.condition.text.split()), rule.after_grace, rule.may_nudge)
