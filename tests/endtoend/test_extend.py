"""Extended while it runs: the same session goes on beyond its planned end, and after a kill."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.endtoend.evening import Evening
from tests.rig.processes import until

pytestmark = [pytest.mark.real, pytest.mark.thorough]
SECOND = timedelta(seconds=1)


def ends_at(evening: Evening) -> datetime:
    return datetime.fromisoformat(evening.status()["until"])


def declare_one_that_ends_in(seconds: int, evening: Evening) -> datetime:
    """Declare partner time that began a minute ago, shorter than anybody could by a command; return its end."""
    ends = datetime.now(UTC).replace(microsecond=0) + (seconds + 1) * SECOND
    lasts = timedelta(minutes=1)
    with Store.open(evening.store) as store:
        store.plans.add(PartnerTime(title="Tea", begins=(ends - lasts).replace(tzinfo=None), lasts=lasts, zone="UTC"))
    return ends


def test_an_extended_session_goes_on_beyond_its_planned_end(evening: Evening) -> None:
    planned = declare_one_that_ends_in(8, evening)
    daemon = evening.run()
    until(evening.is_sensed, what=f"everything is sensed; its output: {evening.daemon_output()}")
    assert ends_at(evening) == planned
    before = evening.status()["occurrence"]
    output = evening.run_command("extend", "5min")
    later = planned + 300 * SECOND
    assert re.search(rf"Tea goes on until (\w+, )?{later:%H:%M} instead of (\w+, )?{planned:%H:%M}\.", output)
    until(lambda: ends_at(evening) == planned + 300 * SECOND, what="the daemon goes by the later end")
    until(lambda: datetime.now(UTC) > planned + SECOND, what="the planned end has passed")
    seen = len(evening.observations())
    evening.feed()
    until(lambda: "Focused" in evening.kinds()[seen:], what="what is in front is still sensed")
    assert evening.status()["occurrence"] == before
    kinds = evening.kinds()
    assert (kinds.count("PartnerTimeBegan"), kinds.count("PartnerTimeExtended")) == (1, 1)
    assert len(evening.rows("SELECT id FROM occurrences")) == 1
    senses = [json.loads(fields)["sense"] for _, _, kind, fields in evening.observations() if kind == "SensorStarted"]
    assert len(senses) == len(set(senses)), "a sensor was started again"
    assert daemon.poll() is None

    evening.over()
    (kept,) = evening.rows("SELECT ends, ended, end_reason FROM occurrences")
    assert kept["end_reason"] == "stopped"
    assert planned.timestamp() * 1e6 < kept["ended"] < kept["ends"] == (planned + 300 * SECOND).timestamp() * 1e6


@pytest.mark.parametrize("heard", [True, False], ids=["before the kill", "while nobody ran"])
def test_an_extended_session_is_resumed_after_a_kill_across_its_planned_end(evening: Evening, *, heard: bool) -> None:
    planned = declare_one_that_ends_in(6, evening)
    daemon = evening.run()
    until(evening.is_sensed, what=f"everything is sensed; its output: {evening.daemon_output()}")
    if heard:
        evening.run_command("extend", "5min")
        until(lambda: "PartnerTimeExtended" in evening.kinds(), what="the extension is kept")
    evening.kill(daemon)
    if not heard:
        assert "Turntoward is not running" in evening.run_command("extend", "5min")
    kept = evening.observations()
    until(lambda: datetime.now(UTC) > planned + SECOND, what="the planned end has passed")
    evening.run()
    until(evening.is_sensed, what="everything is sensed again")
    assert ends_at(evening) == planned + 300 * SECOND
    after = evening.observations()
    assert after[: len(kept)] == kept
    kinds = evening.kinds()
    assert kinds[len(kept) :][: 1 if heard else 2] == (["Gap"] if heard else ["PartnerTimeExtended", "Gap"])
    assert (kinds.count("PartnerTimeBegan"), kinds.count("PartnerTimeExtended")) == (1, 1)
    assert len(evening.rows("SELECT id FROM occurrences")) == 1
    assert "Traceback" not in evening.daemon_output()
