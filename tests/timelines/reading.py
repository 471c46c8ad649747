"""Timelines, read by the reader that `turntoward rules test` uses, and played here with whatever wake-ups a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from detector.backtest.timelines import Timeline, read_timelines
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect
from detector.core.observations import Gap, Observation
from detector.core.pipeline import Pipeline
from rules.model import Rule
from rules.policy import PolicySettings


def read(path: Path) -> list[Timeline]:
    """Return the timelines of a file; its form stands in `detector.backtest.timelines`."""
    return read_timelines(path.read_text(encoding="utf-8"), path.name)


def play(
    observations: Sequence[Observation],
    rules: Sequence[Rule],
    *,
    wakes: Sequence[datetime] = (),
    policy: PolicySettings | None = None,
) -> list[Effect]:
    """Feed the observations, waking in between at `wakes`, and let the evening run out; return every effect."""
    pipeline = Pipeline(rules, policy or PolicySettings(), AttentionSettings())
    effects: list[Effect] = []
    # Where a gap says that nobody was awake, nobody wakes.
    asleep = [(seen.since, seen.at) for seen in observations if isinstance(seen, Gap) and seen.sense is None]
    waking = sorted(at for at in wakes if not any(since < at <= until for since, until in asleep))
    for seen in observations:
        while waking and waking[0] <= seen.at:
            effects += pipeline.advance(waking.pop(0))
        effects += pipeline.feed(seen)
    while pipeline.deadline is not None:
        effects += pipeline.advance(pipeline.deadline)
    return effects


def shift(observations: Sequence[Observation], by: timedelta) -> list[Observation]:
    """Move every instant of every observation."""
    moved = []
    for seen in observations:
        instants = {name: getattr(seen, name) + by for name in ("at", "since", "ends") if hasattr(seen, name)}
        moved.append(replace(seen, **instants))
    return moved
