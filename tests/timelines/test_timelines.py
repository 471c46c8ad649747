"""Every timeline in this folder, through the real core and the built-in rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from detector.config.rules_in_force import load_rules

from tests.timelines.reading import Timeline, decisions, play, read

FOLDER = Path(__file__).parent
TIMELINES = [(path.stem, timeline) for path in sorted(FOLDER.glob("*.txt")) for timeline in read(path)]
RULES = load_rules(None).rules


@pytest.mark.parametrize(
    "timeline", [pytest.param(timeline, id=f"{stem}: {timeline.name}") for stem, timeline in TIMELINES]
)
def test_timeline(timeline: Timeline) -> None:
    decided, outcomes = decisions(play(timeline.observations, RULES))
    assert decided == timeline.expected
    assert [outcome for outcome in outcomes if outcome in timeline.outcomes or timeline.outcomes] == timeline.outcomes


def test_every_built_in_rule_has_a_timeline_in_which_it_holds_and_one_in_which_it_nearly_does() -> None:
    names = [timeline.name for _, timeline in TIMELINES]
    for rule in RULES:
        assert any(name.startswith(f"{rule.code} holds") for name in names), rule.code
        assert any(name.startswith(f"{rule.code} nearly") for name in names), rule.code
        holding = [timeline for _, timeline in TIMELINES if timeline.name.startswith(f"{rule.code} holds")]
        assert all(any(f" {rule.code}" in line for line in timeline.expected) for timeline in holding), rule.code
        nearly = [timeline for _, timeline in TIMELINES if timeline.name.startswith(f"{rule.code} nearly")]
        assert not any(any(f" {rule.code}" in line for line in timeline.expected) for timeline in nearly), rule.code
