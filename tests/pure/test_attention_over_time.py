"""Filtered uses, sequences, hops and nudges, at the instants where they turn."""

from __future__ import annotations

from datetime import timedelta

from detector.core.attention.attention import Attention
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Activity, CallStarted, Focused, InputCounted, MediaStarted, Paused, SensorStarted
from rules.model import FeatureKey, Filter, Value
from tests.property.evenings import BEGAN, ENDS

TEN, SECOND, TICK = timedelta(minutes=10), timedelta(seconds=1), timedelta(microseconds=1)
SHORT = FeatureKey("uses", TEN, None, "device", Filter(frozenset({"social"}), shorter=30 * SECOND))
LONG = FeatureKey("uses", TEN, None, "device", Filter(frozenset({"social"}), longer=10 * SECOND))
LONG_TIME = FeatureKey("time", TEN, None, "all", Filter(None, longer=10 * SECOND))
SLIDE = FeatureKey("followed", 60 * SECOND, steps=(frozenset({"messaging"}), frozenset({"social"})))
SLIDE_ANYWHERE = SLIDE._replace(scope="all")
SLIDE_ON_LAPTOP = SLIDE._replace(scope="laptop")
SCROLLS = FeatureKey("scrolls", 60 * SECOND)
HOP = FeatureKey("hopped", 60 * SECOND, steps=(frozenset({"laptop"}), frozenset({"phone"})))
NUDGED, REOPENED = FeatureKey("since_nudge"), FeatureKey("reopened_after")
PLAYING, CALL = FeatureKey("playing", scope="all"), FeatureKey("in_call")


class Evening:
    def __init__(self) -> None:
        keys = (
            SHORT,
            LONG,
            LONG_TIME,
            SLIDE,
            SLIDE_ANYWHERE,
            SLIDE_ON_LAPTOP,
            SCROLLS,
            HOP,
            NUDGED,
            REOPENED,
            PLAYING,
            CALL,
        )
        self.attention = Attention(keys, BEGAN, ENDS, AttentionSettings())
        self.attention.device("laptop")

    def focus(self, second: float, category: str | None, device: str = "laptop") -> Evening:
        activity = Activity(category=category) if category else None
        self.attention.observe(Focused(at=BEGAN + second * SECOND, device=device, activity=activity))
        return self

    def get(
        self, second: float, key: FeatureKey, device: str = "laptop", later: timedelta = 0 * SECOND
    ) -> Value | None:
        return self.attention.view(device, BEGAN + second * SECOND + later).get(key)


def test_an_open_use_counts_by_how_long_it_has_lasted_so_far() -> None:
    evening = Evening().focus(0, "social")
    assert [evening.get(second, SHORT) for second in (1, 2, 29)] == [0, 1, 1]
    assert [evening.get(10, LONG), evening.get(10, LONG, later=TICK)] == [0, 1]
    assert [evening.get(30, SHORT, later=-TICK), evening.get(30, SHORT)] == [1, 0]
    assert evening.focus(40, "mail").get(50, LONG) == 1


def test_a_use_that_becomes_long_enough_counts_from_its_beginning() -> None:
    evening = Evening().focus(0, "social")
    assert [evening.get(10, LONG_TIME), evening.get(10, LONG_TIME, later=TICK)] == [0 * SECOND, 10 * SECOND + TICK]
    view = evening.attention.view("laptop", BEGAN + 5 * SECOND)
    assert view.deadline(LONG_TIME, 60 * SECOND) == BEGAN + 10 * SECOND + TICK
    assert view.deadline(LONG, 1) == BEGAN + 10 * SECOND + TICK


def test_a_sequence_spans_the_end_of_the_first_use_to_the_beginning_of_the_last() -> None:
    assert Evening().focus(0, "messaging").focus(20, "other").focus(80, "social").get(500, SLIDE) is True
    assert Evening().focus(0, "messaging").focus(20, "other").focus(80.1, "social").get(81, SLIDE) is False
    assert Evening().focus(0, "messaging").focus(20, None).get(30, SLIDE) is None


def test_each_step_of_a_sequence_ends_before_the_next_begins_on_any_device() -> None:
    evening = Evening().focus(0, "messaging").focus(20, "social", "phone").focus(50, "other")
    assert [evening.get(60, key, "phone") for key in (SLIDE, SLIDE_ANYWHERE)] == [False, False]
    evening.focus(70, None, "phone").focus(75, "social", "phone")
    assert [evening.get(80, key, "phone") for key in (SLIDE, SLIDE_ANYWHERE, SLIDE_ON_LAPTOP)] == [False, True, False]


def test_a_hop_goes_to_another_device_and_a_switch_on_one_device_is_none() -> None:
    evening = Evening().focus(0, "social").focus(20, "video", "phone")
    assert evening.get(21, HOP, "phone") is True
    assert evening.get(21, HOP) is False
    assert evening.focus(30, "news", "phone").get(31, HOP, "phone") is False


def test_reopened_after_is_known_only_for_a_later_use_of_the_category_of_the_nudge() -> None:
    evening = Evening().focus(0, "social")
    assert evening.get(9, NUDGED) is None
    evening.attention.record_nudge(BEGAN + 10 * SECOND, "social")
    assert [evening.get(15, NUDGED), evening.get(15, REOPENED)] == [5 * SECOND, None]
    assert evening.focus(20, "mail").get(21, REOPENED) is None
    assert evening.focus(40, "social").get(50, REOPENED) == 30 * SECOND


def test_playing_and_in_call_are_unknown_before_a_sensor_starts_and_after_a_pause() -> None:
    evening = Evening().focus(0, "video")
    assert [evening.get(1, key) for key in (PLAYING, CALL)] == [None, None]
    for sense in ("media", "call"):
        evening.attention.observe(SensorStarted(at=BEGAN + SECOND, sense=sense, sensor="test"))
    assert [evening.get(2, key) for key in (PLAYING, CALL)] == [False, False]
    evening.attention.observe(MediaStarted(at=BEGAN + 3 * SECOND))
    evening.attention.observe(CallStarted(at=BEGAN + 3 * SECOND))
    assert [evening.get(4, key) for key in (PLAYING, CALL)] == [True, True]
    evening.attention.observe(Paused(at=BEGAN + 5 * SECOND))
    assert [evening.get(6, key) for key in (PLAYING, CALL)] == [None, None]


def test_a_use_of_unknown_length_is_shorter_only_by_its_latest_end_and_never_longer() -> None:
    evening = Evening()
    for second in (0, 40, 60):
        seen = Focused(at=BEGAN + second * SECOND, device="phone", activity=Activity(category="social"), opened=True)
        evening.attention.observe(seen)
    # The first was over by 40 s, the second by 20 s; the third is under way.
    assert [evening.get(61, key, "phone") for key in (SHORT, LONG)] == [2, 0]


def test_the_deadline_of_a_sum_is_when_it_falls_to_the_limit_and_none_below_it() -> None:
    evening = Evening().focus(0, "social")
    evening.attention.observe(SensorStarted(at=BEGAN, sense="input", sensor="test"))
    for second in (1, 2, 3):
        evening.attention.observe(InputCounted(at=BEGAN + second * SECOND, scrolls=2))
    view = evening.attention.view("laptop", BEGAN + 4 * SECOND)
    turns = [view.deadline(SCROLLS, against) for against in (7, 6, 5, 4, 3, 2, 0)]
    assert [turn and (turn - BEGAN) // SECOND for turn in turns] == [None, 61, 61, 61, 62, 62, 63]
