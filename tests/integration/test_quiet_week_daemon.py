"""The quiet week in the daemon: a real store, the real core and reconciler, and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from detector.core.observations import Activity, Focused, InputCounted, Observation, PartnerTimeBegan
from detector.daemon.session import Session
from detector.partner_time.declaration import PlanArguments, parse_declaration
from detector.partner_time.model import Occurrence
from detector.store import quiet_week
from rules.model import Reason
from tests.integration import test_daemon_reconciler as daemon

BEFORE = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
BEGAN = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
ENDS = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


class Evening(daemon.Evening):
    """A daemon that asks for the quiet week when partner time begins, as the real one does."""

    def open_session(self, occurrence: Occurrence, stored_id: str) -> Session:
        """Make what partner time needs."""
        under_way = super().open_session(occurrence, stored_id)
        under_way.in_quiet_week = quiet_week.current_evening(self.store, UTC) is not None
        return under_way


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    made = Evening(tmp_path / "kept.sqlite", BEFORE)
    made.store.plans.add(
        parse_declaration(
            PlanArguments(title="Dinner", every="day", begins="18:30", ends="20:00", zone="UTC"),
            BEFORE,
            ZoneInfo("UTC"),
        )
    )
    quiet_week.start(made.store, BEFORE)
    yield made
    made.store.close()


def again(evening: Evening, at: datetime) -> Evening:
    """Return a second daemon on the same store, as after a restart."""
    return Evening(evening.store.path, at)


def feed(at: datetime) -> list[Observation]:
    """Return a feed that is taken up then, and scrolled for 70 s."""
    taken_up = Focused(at=at, activity=Activity(category="social"))
    return [taken_up, *(InputCounted(at=at + timedelta(seconds=second), scrolls=3) for second in range(1, 71))]


async def scroll(evening: Evening, at: datetime) -> None:
    await evening.at(at + timedelta(seconds=71), *feed(at))
    away = at + timedelta(seconds=90)
    await evening.at(away, Focused(at=away, activity=None))


def decided(evening: Evening) -> list[tuple[str, Reason | None]]:
    return [(moment.decided, moment.reason) for moment in evening.store.history.moments()]


def began(evening: Evening) -> list[bool]:
    return [
        seen.quiet
        for _, seen in evening.store.history.observations_by_kind([PartnerTimeBegan])
        if isinstance(seen, PartnerTimeBegan)
    ]


async def test_a_quiet_evening_shows_its_start_and_nothing_else(evening: Evening) -> None:
    await evening.at(BEGAN)
    await scroll(evening, BEGAN + timedelta(minutes=20))
    assert began(evening) == [True]
    assert decided(evening) == [("suppressed", Reason.QUIET_WEEK)]
    assert evening.senders[-1].shown == [0], "the greeting, and nothing else"


async def test_a_restart_leaves_the_evening_quiet(evening: Evening) -> None:
    await evening.at(BEGAN)
    await scroll(evening, BEGAN + timedelta(minutes=20))
    other = again(evening, BEGAN + timedelta(minutes=30))
    await other.at(BEGAN + timedelta(minutes=30))
    await scroll(other, BEGAN + timedelta(minutes=40))
    assert decided(other) == [("suppressed", Reason.QUIET_WEEK)] * 2
    # Only that partner time goes on: the person who is there now may not have seen it begin.
    assert other.senders[-1].shown == [0]
    other.store.close()


async def test_a_quiet_week_requested_during_a_session_does_not_make_it_quiet_after_a_restart(evening: Evening) -> None:
    quiet_week.stop(evening.store)
    await evening.at(BEGAN)
    quiet_week.start(evening.store, BEGAN + timedelta(minutes=10))
    other = again(evening, BEGAN + timedelta(minutes=30))
    await other.at(BEGAN + timedelta(minutes=30))
    await scroll(other, BEGAN + timedelta(minutes=40))
    assert began(other) == [False]
    assert decided(other) == [("nudged", None)]
    other.store.close()


async def test_after_the_quiet_week_was_ended_the_next_moment_is_shown(evening: Evening) -> None:
    await evening.at(BEGAN)
    await scroll(evening, BEGAN + timedelta(minutes=20))
    quiet_week.stop(evening.store)
    evening.loop.request_reconcile()
    await evening.at(BEGAN + timedelta(minutes=30))
    assert evening.kinds(evening.under_way.stored_id).count("QuietWeekEnded") == 1
    await scroll(evening, BEGAN + timedelta(minutes=40))
    assert decided(evening) == [("suppressed", Reason.QUIET_WEEK), ("nudged", None)]
    other = again(evening, BEGAN + timedelta(minutes=50))
    await other.at(BEGAN + timedelta(minutes=50))
    await scroll(other, BEGAN + timedelta(minutes=60))
    assert decided(other)[2:] == [("nudged", None)]
    other.store.close()


async def test_a_quiet_week_ended_while_the_daemon_was_away_is_over_after_the_restart(evening: Evening) -> None:
    await evening.at(BEGAN)
    quiet_week.stop(evening.store)
    other = again(evening, BEGAN + timedelta(minutes=30))
    await other.at(BEGAN + timedelta(minutes=30))
    await scroll(other, BEGAN + timedelta(minutes=40))
    assert other.kinds(other.under_way.stored_id).count("QuietWeekEnded") == 1
    assert decided(other) == [("nudged", None)]
    other.store.close()


async def test_the_eighth_evening_is_not_quiet(evening: Evening) -> None:
    for day in range(8):
        at = BEGAN + timedelta(days=day)
        await evening.at(at)
        await scroll(evening, at + timedelta(minutes=20))
        await evening.at(ENDS + timedelta(days=day, minutes=1))
    assert began(evening) == [True] * 7 + [False]
    assert decided(evening) == [("suppressed", Reason.QUIET_WEEK)] * 7 + [("nudged", None)]
