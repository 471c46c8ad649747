"""Until somebody could see that partner time has begun, nothing is sensed and stored but the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from detector.core.observations import (
    Activity,
    CameBack,
    Focused,
    Gap,
    GapReason,
    Locked,
    PartnerTimeEnded,
    Unlocked,
    WentIdle,
)
from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.integration.test_daemon_reconciler import BEGINS, ENDS, THIS, Evening, minutes

ALL_DAY = timedelta(hours=24)
SOCIAL = Activity(category="social")


def declared(path: Path, lasts: timedelta) -> Evening:
    with Store.open(path) as store:
        store.plans.add(PartnerTime(title="Dinner", begins=BEGINS.replace(tzinfo=None), lasts=lasts, zone="UTC"))
    return Evening(path, BEGINS)


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    made = declared(tmp_path / "kept" / "turntoward.sqlite", ENDS - BEGINS)
    yield made
    made.store.close()


@pytest.fixture
def long_evening(tmp_path: Path) -> Iterator[Evening]:
    made = declared(tmp_path / "kept" / "turntoward.sqlite", ALL_DAY)
    yield made
    made.store.close()


def gaps(evening: Evening) -> list[Gap]:
    return [seen for seen in evening.store.history.observations(THIS) if isinstance(seen, Gap)]


async def test_nothing_is_stored_but_the_beginning_until_it_was_shown(evening: Evening) -> None:
    evening.is_broken = True
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(1), Focused(at=BEGINS + minutes(1), activity=SOCIAL))
    assert evening.kinds(THIS) == ["PartnerTimeBegan"]
    assert (evening.sensors[0].running, evening.sensors[0].watched) == (False, "nobody's")
    assert evening.under_way.why_nothing_is_sensed == "it is broken"
    assert evening.under_way.deadline is not None
    evening.is_broken = False
    await evening.at(evening.under_way.deadline + minutes(5))
    assert evening.sensors[0].running
    assert evening.under_way.why_nothing_is_sensed is None
    (gap,) = gaps(evening)
    assert (gap.since, gap.reason, gap.sense) == (BEGINS, GapReason.NOT_SHOWN, None)


async def test_what_was_never_shown_is_unknown_to_its_end(evening: Evening) -> None:
    evening.is_broken = True
    await evening.at(BEGINS)
    await evening.at(ENDS + timedelta(seconds=1))
    assert evening.kinds(THIS) == ["PartnerTimeBegan", "Gap", "PartnerTimeEnded"]
    (gap,) = gaps(evening)
    assert (gap.since, gap.reason) == (BEGINS, GapReason.NOT_SHOWN)
    ended = list(evening.store.history.observations(THIS))[-1]
    assert isinstance(ended, PartnerTimeEnded)
    assert evening.store.history.coverage() == []


async def test_an_evening_away_from_the_device_is_known(evening: Evening) -> None:
    evening.finds = [WentIdle(at=BEGINS, since=BEGINS - minutes(9))]
    await evening.at(BEGINS)
    assert (evening.sensors[0].running, evening.sensors[0].watched) == (False, "phones")
    assert evening.senders[0].texts[-1].expires == timedelta(0)
    assert evening.under_way.sensing == "presence"
    await evening.at(BEGINS + minutes(40), CameBack(at=BEGINS + minutes(40)))
    assert evening.sensors[0].running
    assert evening.senders[0].shown == [0, 0]
    assert evening.senders[0].texts[-1].expires > timedelta(0)
    assert gaps(evening) == []


async def test_a_pause_before_it_was_shown_ends_with_showing_it(evening: Evening) -> None:
    evening.is_broken = True
    await evening.at(BEGINS)
    evening.store.plans.pause_until(BEGINS + minutes(20))
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(1))
    evening.is_broken = False
    await evening.at(BEGINS + minutes(10))
    assert evening.senders[0].shown == []
    await evening.at(BEGINS + minutes(20))
    assert evening.senders[0].shown == [0]
    assert evening.sensors[0].running
    assert evening.kinds(THIS)[:4] == ["PartnerTimeBegan", "Gap", "Paused", "Resumed"]


async def test_after_a_long_absence_in_a_long_partner_time_it_has_to_be_shown_again(long_evening: Evening) -> None:
    evening = long_evening
    await evening.at(BEGINS)
    left, back = BEGINS + minutes(10), BEGINS + minutes(300)
    await evening.at(left, Locked(at=left))
    await evening.at(back, Unlocked(at=back))
    assert evening.senders[0].shown == [0, 0]
    assert "Partner time until Tuesday, 18:30" in evening.senders[0].texts[-1].title
    again = back + minutes(120)
    await evening.at(back + minutes(10), Locked(at=back + minutes(10)))
    evening.is_broken = True
    await evening.at(again, Unlocked(at=again), Focused(at=again, activity=SOCIAL))
    assert not evening.sensors[0].running
    assert evening.under_way.sensing == "nothing"
    assert gaps(evening)[-1].reason is GapReason.NOT_SHOWN


async def test_a_later_end_is_shown(evening: Evening) -> None:
    await evening.at(BEGINS)
    evening.store.plans.extend(THIS, ENDS + minutes(60))
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(30))
    assert [text.title for text in evening.senders[0].texts] == ["Partner time until 20:00", "Partner time until 21:00"]


async def test_a_device_without_a_screen_announces_nothing_and_has_its_phones_heard(evening: Evening) -> None:
    evening.is_broken, evening.has_screen = True, False
    await evening.at(BEGINS)
    assert evening.sensors[0].running
    assert (evening.under_way.sensing, evening.under_way.why_nothing_is_sensed) == ("all", None)
    assert evening.senders[0].shown == []
