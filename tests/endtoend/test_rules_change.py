"""A rule file is changed during a session: it counts from the next partner time on, and `status` says so."""

from __future__ import annotations

import json
import signal

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import NO_LIMITS, PAGE, QUICK, Evening

pytestmark = [pytest.mark.real, pytest.mark.thorough]

CHANGED = "The rule files changed; that counts from the next partner time on."
SLOW = QUICK.replace("dwell >= 2 s", "dwell >= 10 min")
ANOTHER = f'\n[[rule]]\ncode = "X101"\nname = "A feed at all"\nwhen = "category is social and dwell >= 3 s"\n{PAGE}'


def scrolled_for(evening: Evening) -> float:
    """Return the seconds from the first sight of the feed to the last input that is kept."""
    kept = evening.observations()
    feed = [at for _, at, kind, fields in kept if kind == "Focused" and "social" in fields]
    counts = [at for _, at, kind, _ in kept if kind == "InputCounted"]
    if not feed or not counts:
        return 0.0
    return (counts[-1] - feed[0]) / 1_000_000


def test_a_changed_rule_file_counts_from_the_next_partner_time_on_and_status_says_so(evening_with: Begin) -> None:
    evening = evening_with(rules=SLOW, config=NO_LIMITS)
    daemon = evening.run()
    evening.begin()
    evening.read_greeting()
    assert CHANGED not in evening.run_command("status")
    file = evening.settings / "rules/quick.toml"
    file.write_text(SLOW + ANOTHER)
    assert CHANGED in evening.run_command("status").replace("\n  ", " ")
    assert json.loads(evening.run_command("status", "--json"))["rules_changed"] is True
    daemon.send_signal(signal.SIGHUP)
    evening.feed()
    evening.scroll_until(
        lambda: scrolled_for(evening) >= 5, what="the feed is used for longer than the new rule allows"
    )
    assert not evening.moments("1"), "the session goes on with the rules it began with"
    assert "RulesChanged" not in evening.kinds()
    evening.over()
    assert CHANGED not in evening.run_command("status"), "no session runs"
    evening.begin()
    assert CHANGED not in evening.run_command("status")
    evening.scroll_until_nudged()
    assert {moment["rule"] for moment in evening.moments("shown_by IS NOT NULL")} == {"X101"}
    evening.over()
