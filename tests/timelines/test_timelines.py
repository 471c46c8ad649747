"""Every timeline in this folder, through the real core and the built-in rules."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import pytest

from detector.backtest.timelines import Timeline
from detector.backtest.timelines import differs as differs_from
from detector.core.effects import Outcome
from detector.errors import UserError
from detector.rulebook.loading import load_rules
from rules.model import Reason, Rule
from tests.timelines.reading import play, read

FOLDER = Path(__file__).parent
TIMELINES = [(path.stem, timeline) for path in sorted(FOLDER.glob("*.txt")) for timeline in read(path)]
RULES = load_rules(None).rules
RULES_BY_CODE = {rule.code: rule for rule in RULES}
SELDOM_NUDGES = {"F107", "F109", "R901"}
"""Rules that mostly hold shortly after a nudge."""
MAX_LINES = 15
"""Lines of a timeline that can still be read at a glance."""


def differs(timeline: Timeline) -> str | None:
    """Return what stands where something else was expected, to be read by a person; None where all is as expected."""
    return differs_from(timeline, play(timeline.observations, RULES))


@pytest.mark.parametrize(
    "timeline", [pytest.param(timeline, id=f"{stem}: {timeline.name}") for stem, timeline in TIMELINES]
)
def test_timeline(timeline: Timeline) -> None:
    wrong = differs(timeline)
    if wrong:
        pytest.fail(wrong, pytrace=False)


def named(rule: str, how: str) -> list[Timeline]:
    return [timeline for _, timeline in TIMELINES if timeline.name.startswith(f"{rule} {how}: ")]


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_every_built_in_rule_has_timelines_in_which_it_holds_and_in_which_it_nearly_does(code: str) -> None:
    holding, nearly = named(code, "holds"), named(code, "nearly")
    assert holding
    assert len(nearly) >= 2
    # What comes after a nudge, or is for the report, holds without a nudge.
    expected = f" nudged {code}" if RULES_BY_CODE[code].may_nudge and code not in SELDOM_NUDGES else f" {code}"
    assert all(any(expected in line for line in timeline.expected) for timeline in holding)
    assert not any(f" {code}" in line for timeline in nearly for line in timeline.expected)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_example_on_a_rules_page_is_a_timeline_and_comes_out_as_the_page_says(rule: Rule) -> None:
    code, example = rule.code, rule.page.example
    instant = re.search(r"\bAt (\d\d:\d\d(?::\d\d)?)[, ]", example)
    assert instant, f"{code}: the example says at which instant the rule holds, 'At HH:MM:SS'"
    at = instant[1] if instant[1].count(":") == 2 else f"{instant[1]}:00"
    as_on_page = [timeline for timeline in named(code, "holds") if timeline.name.endswith("as its page says")]
    how = "(nudged|suppressed)" if not rule.may_nudge or code in SELDOM_NUDGES else "nudged"
    assert [bool(re.match(f"{at} {how} {code}", timeline.expected[-1])) for timeline in as_on_page] == [True]


def test_timelines_are_short_enough_to_be_read() -> None:
    lengths = [len(timeline.text) for _, timeline in TIMELINES]
    assert median(lengths) <= MAX_LINES / 2
    assert max(lengths) <= MAX_LINES
    names = [(stem, timeline.name) for stem, timeline in TIMELINES]
    assert len(set(names)) == len(names)


def test_every_reason_and_every_outcome_comes_up_in_some_timeline() -> None:
    decided = {word for _, timeline in TIMELINES for line in timeline.expected for word in line.split()}
    came_of_it = {word for _, timeline in TIMELINES for line in timeline.outcomes for word in line.split()}
    # What was imported was not decided here, and what is always for both is a setting: tests/pure/test_policy.py.
    assert set(Reason) - {Reason.IMPORTED, Reason.FOR_BOTH} <= decided
    assert set(Outcome) <= came_of_it


def test_a_difference_is_shown_side_by_side_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(
        "# a mail, counted wrongly\n"
        "18:30:00   partner time until 20:00\n"
        "19:00:00   mail\n"
        "19:00:40   => nudged M302\n"
        "19:01:30   desktop\n"
        "19:20:00   shopping\n"
        "19:21:30   => nudged O701\n"
        "19:25:00   => nudged O701\n"
        "end        => 1 put_away_30\n"
    )
    assert differs(read(path)[0]) == (
        "wrong.txt:1: a mail, counted wrongly\n"
        "    expected                 decided\n"
        "    19:00:40 nudged M302  x  19:00:45 nudged M302\n"
        "    19:21:30 nudged O701  |  19:21:30 nudged O701\n"
        "    19:25:00 nudged O701  x  19:59:00 suppressed T951 report_only\n"
        "  At the end:\n"
        "    expected          decided\n"
        "    1 put_away_30  x  1 put_away_60\n"
        "                   >  2 ignored"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("18:40:00  soziales", "wrong.txt:3:11: a timeline does not know 'soziales'.*Did you mean 'social'"),
        ("18:29:00  social", "wrong.txt:3:1: time moves back"),
        ("quarter to seven, social", "wrong.txt:3:1: not a line of a timeline"),
    ],
)
def test_an_invalid_line_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(f"# wrong\n18:30:00   partner time until 20:00\n{line}\n")
    with pytest.raises(UserError, match=f"(?s){message}"):
        read(path)
