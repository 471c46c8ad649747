"""The installed program in a day: a session skipped, edited and killed while it runs, and a pause that ends by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.endtoend.evening import Evening
from tests.rig.processes import until

pytestmark = pytest.mark.real


def declare_tea(evening: Evening) -> datetime:
    """Declare partner time that began a minute ago and returns daily; return its end."""
    begins = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)
    lasts = timedelta(minutes=30)
    with Store.open(evening.store) as store:
        store.plans.add(
            PartnerTime(
                title="Tea",
                begins=begins.replace(tzinfo=None),
                lasts=lasts,
                zone="UTC",
                recurrence="FREQ=DAILY",
                is_floating=True,
            )
        )
    return begins + lasts


def test_skip_ends_the_running_session_at_once(evening: Evening) -> None:
    declare_tea(evening)
    evening.run()
    until(evening.is_sensed, what=f"everything is sensed; its output: {evening.daemon_output()}")
    assert "It was under way and ends now." in evening.run_command("skip", "tea").replace("\n", " ")
    until(lambda: evening.status().get("partner_time") is None, what="partner time is over")
    until(
        lambda: evening.rows("SELECT end_reason FROM occurrences") == [{"end_reason": "stopped"}], what="it is kept so"
    )
    assert not evening.senses()
    assert "is skipped or cancelled; nothing was changed" in evening.run_command("skip", "--undo", code=2)


def test_the_running_session_goes_on_as_it_started_after_an_edit_and_a_kill(evening: Evening) -> None:
    ends = declare_tea(evening)
    daemon = evening.run()
    until(evening.is_sensed, what=f"everything is sensed; its output: {evening.daemon_output()}")
    before = evening.status()
    evening.run_command("edit", "tea", "--title", "Supper", "--for", "2h", "--yes")
    until(lambda: "Supper" in evening.run_command("list"), what="the edit is kept")
    assert evening.status()["occurrence"] == before["occurrence"]
    assert evening.status()["until"] == before["until"]
    evening.kill(daemon)
    evening.run()
    until(evening.is_sensed, what=f"everything is sensed again; its output: {evening.daemon_output()}")
    after = evening.status()
    assert (after["occurrence"], datetime.fromisoformat(after["until"])) == (before["occurrence"], ends)
    kept = evening.rows("SELECT id, title, ended FROM occurrences")
    assert kept == [{"id": before["occurrence"], "title": "Tea", "ended": None}]
    assert evening.kinds().count("PartnerTimeBegan") == 1


def test_a_pause_that_ends_by_itself_is_notified(evening: Evening) -> None:
    evening.run()
    evening.begin()
    evening.read_greeting()
    evening.run_command("pause", "3s")
    until(lambda: "Resumed" in evening.kinds(), what=f"it goes on by itself; its output: {evening.daemon_output()}")
    said = evening.read_greeting()
    ends = datetime.fromisoformat(evening.status()["until"])
    # Before midnight the day is named as well.
    assert re.fullmatch(rf"Turntoward: Partner time goes on until (\w+, )?{ends:%H:%M}", said.summary)
    until(evening.is_sensed, what="everything is sensed again")
    evening.run_command("pause", "30min")
    until(lambda: not evening.senses(), what="nothing is sensed")
    evening.run_command("resume")
    until(evening.is_sensed, what="everything is sensed again")
    assert evening.dunst.displayed() == 0, "who ended it knows"
