"""The main job, by the installed program: partner time, a feed, one gentle notification, its answer, and the report."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from detector.notifier.texts import titles
from tests.endtoend.conftest import PROGRAMS
from tests.endtoend.evening import Evening
from tests.rig.bus import SeenNotification
from tests.rig.processes import needs, until

pytestmark = pytest.mark.real

# The least that may be set; an outcome is decided 60 s + idle_after + 2 s after the nudge.
SOON = '[attention]\nidle_after = "5 s"\n[notifications]\nexpires = "5 s"\n'
CONCLUDED = 67
ANSWERS = {"Put it away", "This is for both of us", "I need this"}


def age(moment: dict[str, Any]) -> float:
    """Return how many seconds ago a moment was decided."""
    return datetime.now(UTC).timestamp() - moment["decided_at"] / 1e6


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    needs(*PROGRAMS)
    with ExitStack() as running:
        yield running


@pytest.fixture(scope="module")
def put_away(stack: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evening, SeenNotification]:
    """Return an evening in which the nudge was answered "put it away" and the feed was closed; it goes on meanwhile."""
    evening = Evening(stack, tmp_path_factory.mktemp("put-away") / "person", config=SOON)
    evening.run()
    evening.begin()
    evening.read_greeting()
    feed = evening.feed()
    evening.scroll_until_nudged()
    nudge = evening.answer("put_away")
    feed.close()
    until(lambda: evening.moments("answer = 'put_away' AND ended IS NOT NULL"), what="the answer and the use's end")
    return evening, nudge


@pytest.fixture(scope="module")
def ignored(stack: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """Return an evening in which the nudge expires while the scrolling goes on; it does so meanwhile."""
    evening = Evening(stack, tmp_path_factory.mktemp("ignored") / "person", config=SOON)
    evening.run()
    evening.begin()
    evening.feed()
    evening.scroll_until_nudged()
    evening.scroll_for(CONCLUDED + 20)
    return evening


def test_a_feed_is_nudged_and_the_answer_is_stored(put_away: tuple[Evening, SeenNotification]) -> None:
    evening, nudge = put_away
    assert nudge.urgency == "low"
    assert nudge.appname == "Turntoward"
    assert 0 < len(nudge.summary.split()) <= 12
    assert nudge.body.startswith("Social media, 2 s.")
    (moment,) = evening.moments()
    assert (moment["rule"], moment["category"], moment["name"]) == ("F101", "social", None)
    assert (moment["decided"], moment["shown_by"], moment["answer"]) == ("nudged", "freedesktop", "put_away")
    assert moment["began"] <= moment["answered_at"]


def test_stored_files_are_readable_by_the_person_alone(put_away: tuple[Evening, SeenNotification]) -> None:
    evening, _ = put_away
    assert stat.S_IMODE(evening.store.parent.stat().st_mode) == 0o700
    kept = list(evening.store.parent.iterdir())
    assert evening.store in kept
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stat.S_IMODE(evening.lock.stat().st_mode) == 0o600


def test_a_nudge_expires_and_replaces_the_start_notification(ignored: Evening) -> None:
    until(lambda: ignored.moments("answer = 'expired'"), what="the nudge expires")
    until(lambda: ignored.dunst.displayed() == 0, what="nothing stands on the screen")
    # The greeting had not been closed: had the nudge not taken its place, there would be two.
    seen = ignored.dunst.history()
    assert len({one.id for one in seen}) == 1
    assert seen[0].urgency == "low"


@pytest.mark.thorough
def test_a_minute_of_scrolling_with_the_built_in_rules(stack: ExitStack, tmp_path_factory: Any) -> None:
    """The flagship: nothing set, nothing replaced, a minute of real scrolling, and one notification that says why."""
    evening = Evening(stack, tmp_path_factory.mktemp("flagship") / "person", rules="")
    assert "not running" in evening.run_command("now", "30min")
    daemon = evening.run()
    greeting = evening.read_greeting()
    assert greeting.summary.startswith("Turntoward: Partner time until ")
    assert (greeting.urgency, evening.dunst.offered()) == ("low", [])
    until(evening.is_sensed, what="everything is sensed")
    feed = evening.feed()
    evening.scroll_for(70)
    until(lambda: evening.moments("shown_by IS NOT NULL"), what="the nudge after a minute")

    nudge = evening.answer("put_away")
    feed.close()
    assert nudge.urgency == "low"
    assert nudge.summary.removeprefix("Turntoward: ") in titles()["F101"]
    assert nudge.body.startswith("Social media, 1 min.")
    offered = evening.dunst.offered()
    # dunst lists them in an order of its own.
    assert {line.removeprefix("#").partition(" (")[0] for line in offered} == ANSWERS
    until(lambda: evening.moments("answer = 'put_away' AND ended IS NOT NULL"), what="the answer and the use's end")

    (moment,) = evening.moments("decided = 'nudged'")
    assert (moment["rule"], moment["category"], moment["shown_by"]) == ("F101", "social", "freedesktop")
    (use,) = (row for row in evening.rows("SELECT * FROM uses") if row["number"] == moment["use"])
    assert moment["decided_at"] - use["began"] == 60_000_000
    # Nobody is waited for: the end of partner time settles the outcome.
    evening.over()
    assert [row["outcome"] for row in evening.moments("decided = 'nudged'")] == ["put_away_30"]
    assert evening.rows("SELECT end_reason FROM occurrences") == [{"end_reason": "stopped"}]
    report = evening.run_command("report")
    assert "Scrolling in a feed" in report
    assert max(map(len, report.splitlines())) <= 80
    parsed = json.loads(evening.run_command("report", "--json"))
    assert [(each["name"], each["moments"]) for each in parsed["by_category"]] == [("social media", 1)]
    daemon.terminate()
    assert daemon.wait(2) == 0


def test_the_outcome_is_stored_when_its_time_is_over(put_away: tuple[Evening, SeenNotification]) -> None:
    evening, _ = put_away
    (moment,) = until(lambda: evening.moments("outcome IS NOT NULL"), within=2 * CONCLUDED, what="the outcome")
    assert moment["outcome"] == "put_away_30"
    assert age(moment) >= CONCLUDED
    parsed = json.loads(evening.run_command("report", "--json"))
    assert parsed["nudges"]["within_30"] == 1


def test_a_nudge_without_reaction_is_ignored(ignored: Evening) -> None:
    (moment,) = until(lambda: ignored.moments("outcome IS NOT NULL"), within=2 * CONCLUDED, what="the outcome")
    assert (moment["answer"], moment["outcome"]) == ("expired", "ignored")
    assert len(ignored.moments("decided = 'nudged'")) == 1
