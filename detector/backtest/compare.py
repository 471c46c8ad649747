"""Play kept evenings through the rules in force and through others, and compare what each rule finds.

Invariant 1: both sides are played. What was decided then, perhaps by other rules or settings, is not compared.
Invariant 2: evenings are played one after another: memory holds one, and of the others only counts and what changed.
Invariant 3: what would have come of a nudge that never was is not known, so outcomes are not compared.
Invariant 4: what was usual when an evening began comes from the evenings in the 28 days before it, as the daemon computes it:
    neither the evening itself nor a later one counts.
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

# When an evening began, and the greatest value of each feature on it.
Greatest: TypeAlias = tuple[datetime, Mapping[FeatureKey, Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOccurrence:
    """One occurrence as it is stored: its observations in order, and the moments that were decided then.

    `baselines`: what was usual when it began, where a rule compares with it.
    """

    occurrence: StoredOccurrence
    observations: Iterator[Observation]
    moments: Sequence[Moment]
    baselines: Mapping[FeatureKey, Value] = field(default_factory=dict)


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
    """What was found over all evenings. `now` and `then`: all rules together; None: there is no such side.

    `empty`: evenings of which no observation is kept; `evenings` does not count them.
    """

    evenings: int = 0
    empty: int = 0
    observations: int = 0
    rules: tuple[RuleComparison, ...] = ()
    now: RuleCounts | None = None
    then: RuleCounts | None = None
    changed: tuple[EveningChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningPlayed:
    """What one evening gave: how often each rule had a moment and a nudge, by its code, for each side."""

    observations: int
    moments: tuple[Counter[str], ...]
    nudges: tuple[Counter[str], ...]
    changed: EveningChange | None


def play_evening(
    evening: RecordedOccurrence,
    now: Sequence[Rule],
    then: Sequence[Rule] | None,
    *,
    policy: PolicySettings,
    attention: AttentionSettings,
) -> EveningPlayed:
    """Play one evening through both sets of rules; `then` None: through the one alone."""
    sides = [
        EveningReplay(rules, policy, attention, evening.moments, evening.baselines)
        for rules in (now, then)
        if rules is not None
    ]
    # Observations are read once and fed to both sides, so that an evening is never in memory as a whole (invariant 2).
    first, count = next(evening.observations, None), 0
    for observation in chain(_with_beginning(evening.occurrence, first), evening.observations) if first else ():
        for side in sides:
            side.feed(observation)
        count += 1
    found = [side.moments.values() for side in sides]
    return EveningPlayed(
        observations=count,
        moments=tuple(Counter(moment.rule for moment in moments) for moments in found),
        nudges=tuple(Counter(moment.rule for moment in moments if moment.decided == "nudged") for moments in found),
        changed=_change(evening.occurrence, sides[0], sides[1]) if len(sides) > 1 else None,
    )


def add_up(
    played: Iterable[EveningPlayed],
    now: Sequence[Rule],
    then: Sequence[Rule] | None,
    progress: Callable[[int, int], None] = lambda _evening, _observations: None,
) -> Comparison:
    """Add up what the evenings gave. `progress` is called after each with the evenings and the observations so far."""
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

    before, after = {rule.code: rule for rule in now}, {rule.code: rule for rule in then or ()}
    rules = [
        RuleComparison(
            code=code,
            name=(after.get(code) or before[code]).name,
            now=counts(0, code) if code in before else None,
            then=counts(1, code) if code in after else None,
            changed=then is not None and _identity(before.get(code)) != _identity(after.get(code)),
        )
        for code in sorted({*before, *after})
    ]
    totals = [RuleCounts(moments=moments[side].total(), nudges=nudges[side].total()) for side in (0, 1)]
    return Comparison(
        evenings=evenings,
        empty=empty,
        observations=observations,
        rules=tuple(rules),
        now=totals[0],
        then=None if then is None else totals[1],
        changed=tuple(changed),
    )


def compared_baselines(*rules: Sequence[Rule] | None) -> frozenset[FeatureKey]:
    return baseline_keys(features_used([rule for each in rules for rule in each or ()]))


def baselines_before(
    began: datetime, evenings: Iterable[Greatest], keys: Iterable[FeatureKey]
) -> Mapping[FeatureKey, Value]:
    """Return what was usual at `began`; a key is left out where too few evenings before had a value for it."""
    before = [values for other, values in evenings if began - MAX_AGE <= other < began]
    usual: dict[FeatureKey, Value] = {}
    for key in keys:
        known: list[Any] = [values[measured_key(key)] for values in before if measured_key(key) in values]
        if len(known) >= MIN_SESSIONS:
            usual[key] = percentile(sorted(known), key.part)
    return usual


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


def _identity(rule: Rule | None) -> tuple[str, bool, bool] | None:
    # What makes a rule decide as it does; its name and its page may change without any effect.
    return None if rule is None else (" ".join(rule.condition.text.split()), rule.after_grace, rule.may_nudge)
