"""A rule file is changed while partner time is under way: it counts from then on, and nothing of the evening is lost."""

from __future__ import annotations

import signal

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import PAGE, QUICK, SPEAKS_FREELY
from tests.rig.x11 import until

pytestmark = pytest.mark.real

SLOW = QUICK.replace("dwell >= 2 s", "dwell >= 10 min")
ANOTHER = f'\n[[rule]]\ncode = "X101"\nname = "A feed at all"\nwhen = "category is social and dwell >= 3 s"\n{PAGE}'


def test_a_changed_file_counts_without_a_restart_and_a_broken_one_leaves_the_old_in_force(evening_with: Begin) -> None:
    evening = evening_with(rules=SLOW, config=SPEAKS_FREELY)
    daemon = evening.run()
    evening.begin()
    evening.read_greeting()
    evening.feed()
    until(lambda: "social" in str(evening.rows("SELECT fields FROM observations")), what="the feed is seen")
    file = evening.settings / "rules/quick.toml"
    file.write_text(SLOW + ANOTHER)
    daemon.send_signal(signal.SIGHUP)
    until(lambda: "RulesChanged" in evening.kinds(), what="the change is noticed")
    evening.scroll_until_nudged()
    (nudge,) = evening.moments("shown_by IS NOT NULL")
    assert nudge["rule"] == "X101"
    assert len(evening.rows("SELECT id FROM occurrences")) == 1, "the same partner time goes on"
    file.write_text(SLOW + ANOTHER.replace("dwell >= 3 s", "dwel >= 3 s"))
    daemon.send_signal(signal.SIGHUP)
    until(lambda: "dwel" in evening.said(), what="the mistake is said")
    assert "dwel" in evening.say("status")
    assert evening.kinds().count("RulesChanged") == 1, "what the file said before stays in force"
    evening.over()
    assert evening.rows("SELECT * FROM uses WHERE category = 'social' AND trusted = 1")
