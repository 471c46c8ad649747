"""The evenings of the corpus, decided_moments through with rules, and compared with what a fair observer said.

Invariant 1: what nobody judged should be quiet; a nudge there is as false as in a stretch that says so.
Invariant 2: nobody judges to the second: a nudge up to 60 s before or after a stretch is of that stretch, unless it lies in
one that should be quiet.
Invariant 3: what only the distance between nudges kept back is not missed: it is counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect, Moment, Notify, Record
from detector.core.observations import Shown
from detector.core.pipeline import Pipeline
from rules.model import Reason, Rule
from rules.policy import PolicySettings
from tests.corpus.evenings import Evening, Judgement

NEAR: Final = timedelta(seconds=60)
DISTANCE: Final = frozenset({Reason.COOL_DOWN, Reason.RULE_COOL_DOWN, Reason.BUDGET, Reason.SAME_USE})


@dataclass(slots=True, kw_only=True)
class Compared:
    """Nudges and judgements side by side; `false`, `missed` and `kept_back` are named to be found again."""

    hits: int = 0
    found: int = 0
    false: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    kept_back: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Return the part of all nudges about which the observers have an opinion that they would have given, too."""
        return self.hits / max(1, self.hits + len(self.false))

    @property
    def recall(self) -> float:
        """Return the part of the stretches in which something should be said in which something was said."""
        return self.found / max(1, self.found + len(self.missed))

    def add(self, other: Compared) -> None:
        """Count the other in."""
        self.hits += other.hits
        self.found += other.found
        self.false += other.false
        self.missed += other.missed
        self.kept_back += other.kept_back


def decided_moments(evening: Evening, rules: Sequence[Rule]) -> list[Moment]:
    """Return every decided moment of the evening as it came out at last, each nudge being shown at once."""
    pipeline = Pipeline(rules, PolicySettings(), AttentionSettings())
    moments: dict[int, Moment] = {}

    def take(effects: Sequence[Effect], at: datetime) -> None:
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.item, Moment):
                moments[effect.item.number] = effect.item
            elif isinstance(effect, Notify):
                take(pipeline.feed(Shown(at=at, nudge=effect.moment.number, by="corpus")), at)

    for seen in evening.observations:
        while pipeline.deadline is not None and pipeline.deadline <= seen.at:
            turn = pipeline.deadline
            take(pipeline.advance(turn), turn)
        take(pipeline.feed(seen), seen.at)
    while (turn := pipeline.deadline) is not None:
        take(pipeline.advance(turn), turn)
    return list(moments.values())


def compare(evening: Evening, moments: Sequence[Moment]) -> Compared:
    """Compare what was said with what the observer would have said."""
    result = Compared()
    nudges = [moment for moment in moments if moment.decided == "nudged"]
    for nudge in nudges:
        stretch = _stretch(evening, nudge.decided_at)
        if stretch is None or stretch.should == "should keep quiet":
            result.false.append(f"{evening.name}: {nudge.decided_at:%H:%M:%S} {nudge.rule}")
        elif stretch.should == "should speak":
            result.hits += 1
    for judgement in evening.judgements:
        if judgement.should != "should speak":
            continue
        within = [moment for moment in moments if _stretch(evening, moment.decided_at) is judgement]
        named = f"{evening.name}: {judgement.begins:%H:%M:%S}"
        if any(moment.decided == "nudged" for moment in within):
            result.found += 1
        elif any(moment.decided == "suppressed" and moment.reason in DISTANCE for moment in within):
            result.kept_back.append(named)
        else:
            result.missed.append(named)
    return result


def _stretch(evening: Evening, at: datetime) -> Judgement | None:
    """Return the judgement of an instant: one that it lies in comes before one that is near, in time or a little early."""
    for near in (timedelta(0), NEAR):
        for judgement in evening.judgements:
            tolerance = timedelta(0) if judgement.should == "should keep quiet" else near
            if judgement.begins - tolerance <= at <= judgement.until + tolerance:
                return judgement
    return None
