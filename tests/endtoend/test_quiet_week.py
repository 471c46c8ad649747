"""An evening of the quiet week by the installed program: only its start is shown, moments are stored with their reason."""

from __future__ import annotations

import json

import pytest

from detector.store.recordings import write_recording
from detector.store.store import Store
from tests.endtoend.conftest import Begin
from tests.endtoend.evening import NO_LIMITS, Evening
from tests.rig.processes import until

pytestmark = [pytest.mark.real, pytest.mark.thorough]


def is_noticed(evening: Evening, times: int) -> bool:
    return len(evening.moments("reason = 'quiet_week'")) >= times


def test_no_nudge_is_shown_until_the_person_ends_the_quiet_week(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS)
    assert "For seven evenings no nudges are shown" in evening.run_command("quiet-week", "start")
    daemon = evening.run()
    evening.begin()
    greeting = evening.read_greeting()
    assert greeting.summary.startswith("Turntoward: Partner time until ")
    assert "Quiet week, evening 1 of 7: moments are recorded, and no nudges are shown." in greeting.body

    feed = evening.feed()
    evening.scroll_until(lambda: is_noticed(evening, 1), what="the moment is kept")
    feed.close()
    # A restart in the middle of it changes nothing, and the start is shown again: the person who is there now may not have seen it.
    evening.kill(daemon)
    evening.run()
    until(evening.is_sensed, what="everything is sensed again")
    assert evening.read_greeting().summary == greeting.summary
    feed = evening.feed()
    evening.scroll_until(lambda: is_noticed(evening, 2), what="the second moment is kept")
    assert [(each["decided"], each["shown_by"]) for each in evening.moments()] == [("suppressed", None)] * 2
    assert [seen.summary for seen in evening.dunst.history()] == [greeting.summary] * 2
    assert evening.dunst.displayed() == 0
    report = " ".join(evening.run_command("report").split())
    assert "No nudge was shown for these moments: the quiet week, 0 of 7." in report

    assert "from now on nudges are shown." in evening.run_command("quiet-week", "stop")
    until(lambda: "QuietWeekEnded" in evening.kinds(), what="the evening under way hears of it")
    feed.close()
    # What is said belongs to a use; the same feed, left and taken up within the same instant, would be the same use.
    until(
        lambda: ("Focused", '{"activity":null}') in [each[2:] for each in evening.observations()[-3:]],
        what="it is left",
    )
    evening.feed()
    moment = evening.scroll_until_nudged()
    assert (moment["rule"], moment["decided"], moment["reason"]) == ("F101", "nudged", None)
    assert evening.dunst.displayed() == 1

    # What was recorded decides again exactly as it did.
    evening.over()
    decided = [(each["rule"], each["decided"], each["reason"]) for each in evening.moments()]
    recording = evening.home / "evening.jsonl"
    with Store.open(evening.store, read_only=True) as store:
        (kept,) = store.history.occurrences()
        write_recording(recording, store.history.observations(kept.id))
    again = json.loads(evening.run_command("replay", str(recording), "--json"))["moments"]
    assert [(each["rule"], each["decided"], each["reason"]) for each in again] == decided
