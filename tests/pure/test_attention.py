"""Uses, glances and trailing numbers, on evenings small enough to reckon by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from detector.attention.attention import Attention
from detector.attention.device import UseState
from detector.attention.settings import AttentionSettings
from detector.observations import (
    Activity,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    Locked,
    Observation,
    Paused,
    SensorStarted,
    Suspended,
    Unlocked,
    WentIdle,
)
from rules.model import FeatureKey, Value

BEGAN = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
TEN = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
GLANCES, ALL_GLANCES = FeatureKey("glances", TEN), FeatureKey("glances", TEN, scope="all")
MESSAGES = FeatureKey("uses", TEN, "messaging")
TIME = FeatureKey("time", MINUTE, "social")
ALL_TIME = FeatureKey("time", TEN, "social", "all")
SCROLLS, SCROLL_RATE = FeatureKey("scrolls", MINUTE), FeatureKey("scroll_rate", MINUTE)
SWITCHES = FeatureKey("switches", TEN)
DWELL, CATEGORY, CAME_FROM = FeatureKey("dwell"), FeatureKey("category"), FeatureKey("came_from")
PUT_AWAY, SHARE, SINCE_INPUT = FeatureKey("put_away"), FeatureKey("share"), FeatureKey("since_input")
ALL_SHARE = FeatureKey("share", scope="all")
KEYS = (
    GLANCES, ALL_GLANCES, MESSAGES, TIME, ALL_TIME, SCROLLS, SCROLL_RATE, SWITCHES, DWELL, CATEGORY, CAME_FROM,
    PUT_AWAY, SHARE, SINCE_INPUT, ALL_SHARE,
)  # fmt: skip


class Evening:
    """An attention that is told seconds since the beginning."""

    def __init__(self) -> None:
        self.attention = Attention(KEYS, BEGAN, BEGAN + timedelta(minutes=90), AttentionSettings())
        self.attention.device("laptop")

    def see(self, second: float, kind: type[Observation], **fields: Any) -> Evening:
        for name in ("since",):
            if name in fields:
                fields[name] = BEGAN + timedelta(seconds=fields[name])
        self.attention.observe(kind(at=BEGAN + timedelta(seconds=second), **fields))
        return self

    def focus(self, second: float, category: str | None, device: str = "laptop") -> Evening:
        return self.see(second, Focused, activity=category and Activity(category=category), device=device)

    def get(self, second: float, key: FeatureKey, device: str = "laptop") -> Value | None:
        return self.attention.view(device, BEGAN + timedelta(seconds=second)).get(key)

    def uses(self) -> list[tuple[str, float, float, bool]]:
        return [self.said(use) for _, use in self.attention.closed()]

    def said(self, use: UseState) -> tuple[str, float, float, bool]:
        assert use.ended is not None
        began, ended = ((instant - BEGAN).total_seconds() for instant in (use.began, use.ended))
        return use.activity.category, began, ended, use.trusted


def test_unknown_is_not_zero() -> None:
    evening = Evening()
    assert [evening.get(30, key) for key in (GLANCES, MESSAGES, TIME, SCROLLS, DWELL, CATEGORY, SHARE)] == [None] * 7
    evening.focus(31, "other").see(31, SensorStarted, sense="input", sensor="test")
    assert [evening.get(40, key) for key in (GLANCES, MESSAGES, SCROLLS, SHARE)] == [0, 0, 0, 0.0]


def test_idleness_ends_a_use_at_the_last_input() -> None:
    evening = Evening().focus(10, "social").see(70, WentIdle, since=40)
    assert evening.uses() == [("social", 10, 40, True)]
    assert evening.get(70, DWELL) is None
    evening.see(100, CameBack)
    assert evening.get(105, DWELL) == timedelta(seconds=5)


def test_what_changed_by_itself_after_the_last_input_was_nobodys_use() -> None:
    evening = Evening().focus(0, "social").focus(50, "video")
    assert evening.uses() == [("social", 0, 50, True)]
    evening.see(70, WentIdle, since=40)
    assert evening.uses() == [("social", 0, 40, True)]


def test_a_use_broken_off_for_a_fleeting_moment_goes_on() -> None:
    evening = Evening().focus(0, "social").focus(20, "other").focus(21, "social")
    assert evening.get(30, DWELL) == timedelta(seconds=30)
    assert evening.get(30, SWITCHES) == 0
    evening.focus(40, "mail")
    assert evening.uses()[-1] == ("social", 0, 40, True)
    assert evening.get(43, SWITCHES) == 1


def test_glances_are_looks_under_thirty_seconds_that_began_in_the_span() -> None:
    evening = Evening()
    for second, category in [
        (0, "messaging"),
        (10, "other"),
        (60, "news"),
        (89, "other"),
        (200, "social"),
        (231, "other"),
    ]:
        evening.focus(second, category)
    assert evening.get(240, GLANCES) == 2
    evening.focus(300, "mail")
    assert [evening.get(second, GLANCES) for second in (301, 302, 329, 330)] == [2, 3, 3, 2]
    assert [evening.get(second, GLANCES) for second in (599, 600, 659, 660)] == [2, 1, 1, 0]


def test_the_count_of_uses_takes_the_one_under_way_once_it_is_no_passing_over() -> None:
    evening = Evening().focus(0, "messaging").focus(20, "other").focus(100, "messaging")
    assert [evening.get(second, MESSAGES) for second in (101, 102, 400)] == [1, 2, 2]
    evening.focus(105, "other").focus(106, "messaging")
    assert evening.get(107, MESSAGES) == 2


def test_time_in_a_category_over_a_span_and_over_all_devices_counts_once() -> None:
    evening = Evening().focus(0, "social").focus(30, "other").focus(50, "social")
    assert evening.get(60, TIME) == timedelta(seconds=40)
    assert evening.get(80, TIME) == timedelta(seconds=40)
    evening.focus(60, "social", device="phone").focus(100, "other").focus(120, None, device="phone")
    assert evening.get(130, ALL_TIME) == timedelta(seconds=30 + 70)
    assert evening.get(150, ALL_SHARE) == 100 / 150


def test_counts_leave_the_span_and_are_unknown_without_the_sensor() -> None:
    evening = Evening().focus(0, "social").see(0, SensorStarted, sense="input", sensor="test")
    for second in (1, 2, 3):
        evening.see(second, InputCounted, scrolls=second)
    assert [evening.get(second, SCROLLS) for second in (3, 60, 61, 62, 63)] == [6, 6, 5, 3, 0]
    assert evening.get(63, SINCE_INPUT) == timedelta(seconds=60)
    evening.see(64, InputCounted, scrolls=4).see(65, Gap, since=65, reason=GapReason.SENSOR_LOST, sense="input")
    assert evening.get(66, SCROLLS) is None
    assert evening.get(66, SINCE_INPUT) is None
    evening.see(70, SensorStarted, sense="input", sensor="test")
    assert evening.get(71, SCROLL_RATE) == 0.0
    assert evening.get(71, DWELL) == timedelta(seconds=71)


def test_a_gap_closes_the_use_without_a_trusted_end_and_it_is_no_evidence() -> None:
    evening = Evening().focus(0, "messaging").see(300, Gap, since=20, reason=GapReason.SUSPEND)
    assert evening.uses() == [("messaging", 0, 20, False)]
    [(_, covered)] = evening.attention.covered()
    assert ((covered.began - BEGAN).total_seconds(), (covered.ended - BEGAN).total_seconds()) == (0, 20)
    assert evening.get(301, CATEGORY) is None
    evening.focus(310, "social")
    assert evening.get(320, MESSAGES) == 0
    assert evening.get(320, GLANCES) == 1
    assert evening.get(320, CAME_FROM) is None


def test_without_the_idle_sensor_nobody_knows_whether_the_device_is_used() -> None:
    evening = Evening().focus(0, "social").see(20, Gap, since=20, reason=GapReason.SENSOR_LOST, sense="idle")
    assert evening.get(30, DWELL) is None
    evening.focus(35, "social")
    assert evening.get(40, DWELL) is None
    evening.see(50, SensorStarted, sense="idle", sensor="test")
    assert evening.get(60, DWELL) == timedelta(seconds=10)


def test_lock_suspend_and_pause_end_uses_where_they_stand() -> None:
    evening = Evening().focus(0, "social").see(10, Locked).see(50, Unlocked).see(60, Suspended)
    assert evening.uses() == [("social", 0, 10, True), ("social", 50, 60, True)]
    evening.focus(100, "mail").see(110, Paused)
    assert evening.uses() == [("mail", 100, 110, True)]


def test_put_away_is_sixty_seconds_alone_counted_from_the_last_input() -> None:
    evening = Evening().focus(0, "social").see(35, WentIdle, since=5).see(64, CameBack)
    assert evening.get(64, PUT_AWAY) is False
    evening.see(100, WentIdle, since=70).see(130, CameBack)
    assert evening.get(130, PUT_AWAY) is True


def test_where_one_came_from_is_forgotten_after_a_minute() -> None:
    evening = Evening().focus(0, "messaging").focus(30, None).focus(90, "social")
    assert evening.get(95, CAME_FROM) == "messaging"
    evening.focus(100, None).focus(161, "social")
    assert evening.get(170, CAME_FROM) is None
