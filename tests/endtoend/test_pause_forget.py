"""The person can pause, resume and delete at once, also during a session."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import NO_LIMITS, Evening, x_clients
from tests.rig.processes import until

pytestmark = [pytest.mark.real, pytest.mark.thorough]
OF_THE_EVENING = ("observations", "uses", "coverage", "moments")


def counted(evening: Evening, *tables: str) -> dict[str, int]:
    return {table: evening.rows(f"SELECT count(*) AS rows FROM {table}")[0]["rows"] for table in tables}  # noqa: S608 - names of the test's own


def test_a_pause_disconnects_from_the_display_and_resume_reconnects(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS)
    pid = evening.run().pid
    evening.begin()
    feed = evening.feed()
    evening.scroll_until_nudged()
    assert "Paused until" in evening.run_command("pause", "30min")
    until(lambda: not evening.senses(), what="nothing is sensed")
    until(lambda: pid not in x_clients(evening.desktop.display), what="the display is let go of")
    until(lambda: evening.dunst.displayed() == 0, what="the nudge is taken away")
    assert evening.kinds()[-1] == "Paused"
    before = evening.rows("SELECT * FROM observations")
    evening.desktop.xterm("a terminal")
    feed.activate()
    evening.desktop.scroll(10)
    assert "Paused until" in evening.run_command("status")
    assert evening.rows("SELECT * FROM observations") == before

    assert "The pause is over." in evening.run_command("resume")
    until(evening.is_sensed, what="everything is sensed again")
    assert pid in x_clients(evening.desktop.display)
    evening.scroll_until_nudged(2)
    kinds = evening.kinds()
    assert kinds[kinds.index("Paused") + 1] == "Resumed"
    assert len(evening.rows("SELECT id FROM occurrences")) == 1


def test_a_pause_survives_a_kill(evening: Evening) -> None:
    daemon = evening.run()
    evening.begin()
    evening.run_command("pause", "30min")
    until(lambda: not evening.senses(), what="nothing is sensed")
    evening.kill(daemon)
    pid = evening.run().pid
    assert evening.status()["paused_until"] is not None
    assert pid not in x_clients(evening.desktop.display)
    evening.run_command("resume")
    until(evening.is_sensed, what="everything is sensed")


def test_the_last_minutes_are_forgotten_and_the_session_goes_on(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS)
    daemon = evening.run()
    evening.begin()
    other, feed = evening.desktop.xterm("a terminal"), evening.feed()
    evening.scroll_until_nudged()
    evening.answer("put_away")
    until(lambda: evening.moments("answer = 'put_away'"), what="the answer")
    last = evening.observations()[-1][1]
    output = evening.run_command("forget", "15min")
    assert "Forgotten: the last 15 min" in output
    assert "Partner time goes on" in output
    assert [at for _, at, _, _ in evening.observations() if at <= last] == []
    assert counted(evening, "moments", "occurrences") == {"moments": 0, "occurrences": 1}
    other.activate()
    feed.activate()
    moment = evening.scroll_until_nudged()
    assert moment["began"] > last

    # What is left is whole: the next start goes on with it, and the end is kept.
    evening.kill(daemon)
    evening.run()
    until(evening.is_sensed, what="everything is sensed again")
    evening.over()
    assert [row["end_reason"] for row in evening.rows("SELECT end_reason FROM occurrences")] == ["stopped"]
    assert json.loads(evening.run_command("report", "--json"))["nudges"]["shown"] == 1
    assert "Traceback" not in evening.daemon_output()


def test_everything_is_forgotten_during_a_session(evening: Evening) -> None:
    daemon = evening.run()
    evening.begin()
    evening.feed()
    evening.scroll_until_nudged()
    output = evening.run_command("forget", "--all", "--yes")
    assert "Everything is forgotten" in output
    assert "no partner time declared" in output
    until(lambda: not evening.senses() and not evening.status().get("partner_time"), what="partner time is over")
    until(lambda: daemon.pid not in x_clients(evening.desktop.display), what="the display is let go of")
    assert sum(counted(evening, *OF_THE_EVENING, "occurrences", "partner_times").values()) == 0
    assert "Nothing is kept" in evening.run_command("report") or "run it here" in evening.run_command("report")
    # It can begin again at once.
    evening.begin()
    evening.scroll_until_nudged()
    assert daemon.poll() is None
    assert "Traceback" not in evening.daemon_output()


def test_partner_time_declared_after_forgetting_is_stored_though_it_began_before(evening: Evening) -> None:
    evening.run()
    evening.begin("1min")
    evening.over()
    evening.run_command("forget", "--all", "--yes")
    # A zone in which it is about noon, so that ten minutes ago was today.
    now = datetime.now(UTC)
    begun = now + timedelta(hours=12 - now.hour, minutes=-10)
    zone = f"Etc/GMT{now.hour - 12:+d}"
    evening.run_command(
        "add", "Dinner", "--every", "day", "--from", f"{begun:%H:%M}", "--for", "3h", "--zone", zone, "--yes"
    )
    until(evening.is_sensed, what="everything is sensed")
    evening.feed()
    evening.scroll_until_nudged()
    (kept,) = evening.rows("SELECT * FROM occurrences")
    assert (kept["title"], kept["began"] >= now.timestamp() * 1e6 - 60e6) == ("Dinner", True)
    assert evening.kinds()[:2] == ["PartnerTimeBegan", "Gap"]
    assert json.loads(evening.run_command("report", "--json"))["nudges"]["shown"] == 1
