"""Requests to start, stop and extend partner time: an impossible one changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.control import requests
from detector.partner_time.schedule import OccurrenceOverrides, Schedule
from detector.store.store import Store
from tests.rig.examples import examples

NOW = datetime(2026, 11, 23, 18, 30, 0, 250_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = Store.in_memory() if request.param == "memory" else Store.open(tmp_path / "kept" / "t.sqlite")
    yield made
    made.close()


def kept(store: Store) -> tuple[object, ...]:
    return store.plans.partner_times(), dict(store.plans.ended_early()), dict(store.plans.extended())


def test_start_works_only_where_none_is_under_way(store: Store) -> None:
    begun = requests.start(store, NOW, 30 * MINUTE, "Tea")
    assert begun is not None
    assert (begun.title, begun.begins, begun.ends) == (
        "Tea",
        NOW.replace(microsecond=0),
        NOW.replace(microsecond=0) + 30 * MINUTE,
    )
    before = kept(store)
    assert requests.start(store, NOW, 30 * MINUTE, "Tea") is None
    assert requests.start(store, begun.ends - timedelta.resolution, MINUTE, "Walk") is None
    assert kept(store) == before
    after = requests.start(store, begun.ends, MINUTE, "Walk")
    assert after is not None
    assert after.title == "Walk"


def test_stop_and_extend_change_nothing_where_nothing_is_under_way(store: Store) -> None:
    assert requests.stop(store, NOW) == ()
    assert requests.extend(store, NOW, MINUTE) is None
    assert kept(store) == ([], {}, {})


def test_an_extension_adds_to_the_end_and_a_second_one_adds_to_that(store: Store) -> None:
    begun = requests.start(store, NOW, 30 * MINUTE, "Tea")
    assert begun is not None
    for times in (1, 2):
        longer = requests.extend(store, NOW + MINUTE, 10 * MINUTE)
        assert longer is not None
        assert (longer.id, longer.begins, longer.ends) == (begun.id, begun.begins, begun.ends + times * 10 * MINUTE)
    assert [one.ends for one in requests.stop(store, begun.ends + MINUTE)] == [begun.ends + 20 * MINUTE]
    assert requests.extend(store, begun.ends + MINUTE, MINUTE) is None


def test_extend_reaches_24_hours_at_most(store: Store) -> None:
    begun = requests.start(store, NOW, 23 * 60 * MINUTE, "Sunday")
    assert begun is not None
    longer = requests.extend(store, NOW, 90 * MINUTE)
    assert longer is not None
    assert longer.ends == begun.begins + DAY
    before = kept(store)
    assert requests.extend(store, NOW, MINUTE) is None
    assert kept(store) == before


ASK = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from detector.control import requests
from detector.partner_time.schedule import OccurrenceOverrides, Schedule
from detector.store.store import Store
now, longer = datetime.now(UTC), timedelta(minutes=5)
with Store.open(Path(sys.argv[1])) as store:
    done = [requests.start(store, now, longer, "Tea"), requests.extend(store, now, longer), *requests.stop(store, now)]
print(len(done), all(done), sorted({"sqlite_utils", "asyncio"} & set(sys.modules)))
"""


def test_requests_of_a_phone_import_nothing_heavy(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", ASK, str(tmp_path / "kept" / "t.sqlite")]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "3 True []\n"


wished = st.tuples(st.sampled_from(["start", "stop", "extend"]), st.integers(1, 1440), st.integers(0, 600))


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(wished, max_size=25))
def test_whatever_is_requested_at_most_one_is_under_way_for_at_most_a_day(
    some: list[tuple[str, int, int]],
) -> None:
    store, now, stopped = Store.in_memory(), NOW, set[str]()
    for what, length, later in some:
        if what == "start":
            requests.start(store, now, length * MINUTE, "Tea")
        elif what == "extend":
            requests.extend(store, now, length * MINUTE)
        else:
            stopped |= {one.id for one in requests.stop(store, now)}
            assert requests.stop(store, now) == ()
        schedule = Schedule(
            store.plans.partner_times(), OccurrenceOverrides(store.plans.ended_early(), store.plans.extended())
        )
        holding, plan = schedule.under_way(now), schedule.at(now)
        assert len(holding) <= 1
        assert [one.id for one in holding] == ([plan.current.id] if plan.current else [])
        assert all(one.ends - one.begins <= DAY and one.id not in stopped for one in holding)
        now += later * MINUTE
