"""Killed in the middle of a moment, and restarted: everything is stored once, and no nudge is repeated."""

from __future__ import annotations

import json

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import NO_LIMITS, Evening
from tests.rig.processes import until

pytestmark = pytest.mark.real
ONCE = NO_LIMITS.replace("budget = 20", "budget = 1")


@pytest.mark.parametrize(("config", "reason"), [("", "cool_down"), (ONCE, "budget")], ids=["cool-down", "budget"])
def test_a_kill_while_a_nudge_is_shown_loses_nothing_and_repeats_no_nudge(
    evening_with: Begin, config: str, reason: str
) -> None:
    evening = evening_with(config=config)
    daemon = evening.run()
    evening.begin()
    evening.feed()
    evening.scroll_until_nudged()
    assert evening.dunst.displayed() == 1
    before, (moment,) = evening.observations(), evening.moments()
    assert before[-1][2] in ("Shown", "InputCounted")
    evening.kill(daemon)
    # The second under way when the first look was taken may have been kept since.
    first_look, before = before, evening.observations()
    assert before[: len(first_look)] == first_look

    evening.run()
    until(evening.is_sensed, what="everything is sensed again")
    evening.scroll_until(lambda: evening.moments("decided = 'suppressed'"), what="the rule holds once more")
    after = evening.observations()
    assert after[: len(before)] == before
    beyond = after[len(before) :]
    assert "PartnerTimeBegan" not in {kind for _, _, kind, _ in beyond}
    assert (beyond[0][2], json.loads(beyond[0][3])["reason"]) == ("Gap", "restart")
    again, unsaid = evening.moments()
    # Nobody was there to see whether the device was put away.
    assert again == moment | {"ended": again["ended"], "outcome": "unknown"}
    assert again["ended"] is not None
    assert (unsaid["decided"], unsaid["reason"], unsaid["shown_by"]) == ("suppressed", reason, None)
    assert unsaid["use"] != moment["use"]
    # The one that stood when the daemon was killed is the only nudge that ever was.
    stood = evening.dunst.shown()
    assert stood.body.startswith("Social media, 2 s.")
    assert evening.dunst.history() == [stood]

    evening.over()
    assert len(evening.rows("SELECT id FROM occurrences")) == 1
    parsed = json.loads(evening.run_command("report", "--json"))
    assert (parsed["partner_times"]["all"], parsed["nudges"]["shown"]) == (1, 1)
    assert [each["reason"] for each in parsed["unsaid"]] == [reason]
    assert "Traceback" not in evening.daemon_output()


def test_an_answer_to_a_nudge_from_before_the_kill_does_no_harm(evening: Evening) -> None:
    daemon = evening.run()
    evening.begin()
    evening.feed()
    evening.scroll_until_nudged()
    evening.kill(daemon)
    daemon = evening.run()
    until(evening.is_sensed, what="everything is sensed again")
    evening.dunst.answer("together")
    evening.dunst.shown()
    evening.scroll_until(lambda: evening.moments("decided = 'suppressed'"), what="the rule holds once more")
    assert [(row["answer"], row["reason"]) for row in evening.moments()] == [(None, None), (None, "cool_down")]
    assert daemon.poll() is None


def test_repeated_kills_leave_one_session(evening: Evening) -> None:
    daemon = evening.run()
    evening.begin()
    evening.feed()
    for _ in range(3):
        evening.scroll_until(lambda: evening.kinds()[-1] == "InputCounted", what="input is kept")
        kept = evening.observations()
        evening.kill(daemon)
        daemon = evening.run()
        until(evening.is_sensed, what="everything is sensed again")
        assert evening.observations()[: len(kept)] == kept
    assert evening.kinds().count("PartnerTimeBegan") == 1
    assert len(evening.rows("SELECT id FROM occurrences")) == 1
    daemon.terminate()
    assert daemon.wait(2) == 0
    assert json.loads(evening.run_command("report", "--json"))["partner_times"]["all"] == 1
