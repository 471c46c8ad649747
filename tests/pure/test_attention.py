"""Uses, glances and trailing numbers, on evenings small enough to compute by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from detector.core.attention.attention import Attention
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.time_split import split_time
from detector.core.effects import Coverage, Use
from detector.core.observations import (
    Activity,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    LaidDown,
    LitUp,
    Locked,
    Notified,
    Observation,
    Paused,
    PickedUp,
    PutAway,
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
OPENS, ALL_OPENS, PICK_UPS = (
    FeatureKey("opens", TEN),
    FeatureKey("opens", TEN, scope="all"),
    FeatureKey("pick_ups", TEN),
)
LED, OWN = FeatureKey("led_pick_ups", TEN), FeatureKey("own_pick_ups", TEN)
KEYS = (
    GLANCES,
    ALL_GLANCES,
    MESSAGES,
    TIME,
    ALL_TIME,
    SCROLLS,
    SCROLL_RATE,
    SWITCHES,
    DWELL,
    CATEGORY,
    CAME_FROM,
    PUT_AWAY,
    SHARE,
    SINCE_INPUT,
    ALL_SHARE,
    OPENS,
    ALL_OPENS,
    PICK_UPS,
    LED,
    OWN,
)


class Evening:
    """An attention whose observations are given in seconds since the beginning."""

    def __init__(self) -> None:
        self.attention = Attention(KEYS, BEGAN, BEGAN + timedelta(minutes=90), AttentionSettings())
        self.attention.device("laptop")

    def observe(self, second: float, kind: type[Observation], **fields: Any) -> Evening:
        for name in ("since",):
            if name in fields:
                fields[name] = BEGAN + timedelta(seconds=fields[name])
        self.attention.observe(kind(at=BEGAN + timedelta(seconds=second), **fields))
        return self

    def focus(self, second: float, category: str | None, device: str = "laptop") -> Evening:
        return self.observe(second, Focused, activity=category and Activity(category=category), device=device)

    def opens(self, second: float, category: str, device: str = "phone") -> Evening:
        return self.observe(second, Focused, activity=Activity(category=category), device=device, opened=True)

    def picks_up(self, second: float, device: str = "phone", *, blind: bool = True) -> Evening:
        return self.observe(second, PickedUp, device=device, blind=blind)

    def phone(self, second: float, key: FeatureKey) -> Value | None:
        return self.get(second, key, "phone")

    def get(self, second: float, key: FeatureKey, device: str = "laptop") -> Value | None:
        return self.attention.view(device, BEGAN + timedelta(seconds=second)).get(key)

    def uses(self) -> list[tuple[str, float, float, bool]]:
        closed = self.attention.pop_closed()
        self.coverage = [each for each in closed if isinstance(each, Coverage)]
        return [self.as_seconds(each) for each in closed if isinstance(each, Use)]

    def as_seconds(self, use: Use) -> tuple[str, float, float, bool]:
        assert use.ended is not None
        began, ended = ((instant - BEGAN).total_seconds() for instant in (use.began, use.ended))
        return use.activity.category, began, ended, use.trusted


def test_unknown_is_not_zero() -> None:
    evening = Evening()
    assert [evening.get(30, key) for key in (GLANCES, MESSAGES, TIME, SCROLLS, DWELL, CATEGORY, SHARE)] == [None] * 7
    evening.focus(31, "other").observe(31, SensorStarted, sense="input", sensor="test")
    assert [evening.get(40, key) for key in (GLANCES, MESSAGES, SCROLLS, SHARE)] == [0, 0, 0, 0.0]


def test_idleness_ends_a_use_at_the_last_input() -> None:
    evening = Evening().focus(10, "social").observe(70, WentIdle, since=40)
    assert evening.uses() == [("social", 10, 40, True)]
    assert evening.get(70, DWELL) is None
    evening.observe(100, CameBack)
    assert evening.get(105, DWELL) == timedelta(seconds=5)


def test_changes_after_the_last_input_are_no_use() -> None:
    evening = Evening().focus(0, "social").focus(50, "video")
    assert evening.uses() == [("social", 0, 50, True)]
    evening.observe(70, WentIdle, since=40)
    assert evening.uses() == [("social", 0, 40, True)]


def test_a_use_goes_on_after_a_fleeting_interruption() -> None:
    evening = Evening().focus(0, "social").focus(20, "other").focus(21, "social")
    assert evening.get(30, DWELL) == timedelta(seconds=30)
    assert evening.get(30, SWITCHES) == 0
    evening.focus(40, "mail")
    assert evening.uses()[-1] == ("social", 0, 40, True)
    assert evening.get(43, SWITCHES) == 1


def test_glances_are_uses_under_thirty_seconds_that_began_in_the_span() -> None:
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


def test_an_open_use_is_counted_once_it_is_no_longer_fleeting() -> None:
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
    evening = Evening().focus(0, "social").observe(0, SensorStarted, sense="input", sensor="test")
    for second in (1, 2, 3):
        evening.observe(second, InputCounted, scrolls=second)
    assert [evening.get(second, SCROLLS) for second in (3, 60, 61, 62, 63)] == [6, 6, 5, 3, 0]
    assert evening.get(63, SINCE_INPUT) == timedelta(seconds=60)
    evening.observe(64, InputCounted, scrolls=4).observe(65, Gap, since=65, reason=GapReason.SENSOR_LOST, sense="input")
    assert evening.get(66, SCROLLS) is None
    assert evening.get(66, SINCE_INPUT) is None
    evening.observe(70, SensorStarted, sense="input", sensor="test")
    assert evening.get(71, SCROLL_RATE) == 0.0
    assert evening.get(71, DWELL) == timedelta(seconds=71)


def test_a_gap_closes_the_use_without_a_trusted_end_and_it_is_no_evidence() -> None:
    evening = Evening().focus(0, "messaging").observe(300, Gap, since=20, reason=GapReason.SUSPEND)
    assert evening.uses() == [("messaging", 0, 20, False)]
    [covered] = evening.coverage
    assert ((covered.began - BEGAN).total_seconds(), (covered.ended - BEGAN).total_seconds()) == (0, 20)
    assert evening.get(301, CATEGORY) is None
    evening.focus(310, "social")
    assert evening.get(320, MESSAGES) == 0
    assert evening.get(320, GLANCES) == 1
    assert evening.get(320, CAME_FROM) is None


def test_without_the_idle_sensor_nobody_knows_whether_the_device_is_used() -> None:
    evening = Evening().focus(0, "social").observe(20, Gap, since=20, reason=GapReason.SENSOR_LOST, sense="idle")
    assert evening.get(30, DWELL) is None
    evening.focus(35, "social")
    assert evening.get(40, DWELL) is None
    evening.observe(50, SensorStarted, sense="idle", sensor="test")
    assert evening.get(60, DWELL) == timedelta(seconds=10)


def test_lock_suspend_and_pause_end_uses_at_once() -> None:
    evening = Evening().focus(0, "social").observe(10, Locked).observe(50, Unlocked).observe(60, Suspended)
    assert evening.uses() == [("social", 0, 10, True), ("social", 50, 60, True)]
    evening.focus(100, "mail").observe(110, Paused)
    assert evening.uses() == [("mail", 100, 110, True)]


def test_a_device_is_put_away_sixty_seconds_after_the_last_input() -> None:
    evening = Evening().focus(0, "social").observe(35, WentIdle, since=5).observe(64, CameBack)
    assert evening.get(64, PUT_AWAY) is False
    evening.observe(100, WentIdle, since=70).observe(130, CameBack)
    assert evening.get(130, PUT_AWAY) is True


def test_came_from_is_unset_a_minute_after_the_previous_use() -> None:
    evening = Evening().focus(0, "messaging").focus(30, None).focus(90, "social")
    assert evening.get(95, CAME_FROM) == "messaging"
    evening.focus(100, None).focus(161, "social")
    assert evening.get(170, CAME_FROM) is None


def test_opening_the_same_app_again_begins_a_use_and_the_previous_one_has_no_length() -> None:
    evening = Evening().opens(0, "social").opens(40, "social").focus(50, None, "phone")
    assert evening.uses() == [("social", 0, 0, False), ("social", 40, 50, True)]
    assert [evening.phone(60, key) for key in (OPENS, ALL_OPENS, GLANCES, TIME)] == [2, 2, 2, timedelta(seconds=10)]
    assert evening.get(60, OPENS) is None
    assert evening.get(60, ALL_OPENS) == 2


def test_an_opened_use_counts_however_short_it_is() -> None:
    evening = Evening().opens(0, "messaging")
    assert evening.phone(0, GLANCES) == 1
    evening.focus(1, None, "phone").focus(1.5, "messaging", "phone")
    assert evening.phone(2, MESSAGES) == 1
    assert evening.phone(2, DWELL) == timedelta(seconds=2)
    evening.opens(2.5, "messaging")
    assert evening.phone(3, MESSAGES) == 2


def test_opening_another_app_ends_the_previous_use_and_is_a_switch() -> None:
    evening = Evening().opens(0, "messaging").opens(20, "social")
    assert evening.uses() == [("messaging", 0, 20, True)]
    assert evening.phone(21, CAME_FROM) == "messaging"
    assert evening.phone(21, SWITCHES) == 1


def test_opens_counts_only_distracting_openings_within_the_span() -> None:
    evening = Evening().opens(0, "together").opens(10, "work")
    assert [evening.phone(second, OPENS) for second in (10, 609.9, 610)] == [1, 1, 0]


def test_unlocking_opening_an_app_and_closing_it_is_one_glance_and_no_switch() -> None:
    evening = Evening().picks_up(0)
    assert [evening.phone(second, GLANCES) for second in (1, 2, 4)] == [0, 1, 1]
    evening.opens(4, "social")
    assert evening.phone(4, GLANCES) == 1
    evening.focus(10, None, "phone")
    assert evening.phone(15, GLANCES) == 1
    assert evening.phone(15, CATEGORY) == "phone"
    evening.observe(20, LaidDown, device="phone")
    assert [evening.phone(21, key) for key in (GLANCES, SWITCHES, PICK_UPS)] == [1, 0, 1]
    assert evening.uses() == [("phone", 0, 4, True), ("social", 4, 10, True), ("phone", 10, 20, True)]


def test_no_use_follows_from_the_home_screen() -> None:
    evening = Evening().picks_up(0).opens(3, "messaging").focus(20, None, "phone").opens(45, "social")
    assert evening.phone(46, CAME_FROM) == "messaging"
    evening.focus(60, None, "phone").observe(130, LaidDown, device="phone").picks_up(135).opens(140, "news")
    assert evening.phone(141, CAME_FROM) is None


def test_a_fleeting_app_between_two_apps_still_makes_it_a_switch() -> None:
    evening = Evening().picks_up(0).opens(3, "messaging").focus(20, None, "phone").opens(21, "social")
    assert evening.phone(22, SWITCHES) == 1
    evening.focus(30, None, "phone").opens(33, "news")
    assert evening.phone(34, SWITCHES) == 1


def test_two_reports_of_one_unlocking_count_once_and_make_no_use_where_apps_are_reported() -> None:
    evening = Evening().picks_up(0, blind=False).picks_up(2.9, blind=False)
    assert [evening.phone(5, key) for key in (PICK_UPS, CATEGORY, GLANCES)] == [1, None, 0]
    evening.picks_up(5.9, blind=False)
    assert evening.phone(6, PICK_UPS) == 2


def test_unlocking_closes_the_open_use_with_an_unknown_end() -> None:
    evening = Evening().opens(0, "social").picks_up(60)
    assert evening.uses() == [("social", 0, 0, False)]
    assert evening.phone(70, CATEGORY) == "phone"
    assert evening.phone(70, CAME_FROM) is None
    late = Evening().opens(0, "social").picks_up(2)
    assert late.phone(3, CATEGORY) == "social"


def test_lighting_up_makes_a_phone_known_and_is_no_use() -> None:
    evening = Evening().observe(10, LitUp, device="phone")
    assert [evening.phone(40, key) for key in (CATEGORY, GLANCES, PICK_UPS)] == [None, 0, None]
    evening.observe(90, LitUp, device="phone")
    assert evening.phone(90, PUT_AWAY) is False


def test_put_away_is_reported_or_after_a_minute_and_unknown_for_a_phone_observed_late() -> None:
    assert Evening().observe(10, PutAway, device="phone").phone(11, PUT_AWAY) is True
    evening = Evening().observe(10, LaidDown, device="phone").observe(50, LitUp, device="phone")
    assert evening.phone(50, PUT_AWAY) is False
    assert evening.picks_up(70).phone(70, PUT_AWAY) is True
    again = (
        Evening().observe(10, LaidDown, device="phone").picks_up(30).observe(40, LaidDown, device="phone").picks_up(99)
    )
    assert again.phone(99, PUT_AWAY) is False
    assert Evening().opens(59, "social").phone(100, PUT_AWAY) is False
    assert Evening().opens(60, "social").phone(100, PUT_AWAY) is None


def test_a_silent_phone_is_unknown_from_its_last_report_to_the_next() -> None:
    evening = Evening().opens(5, "social")
    evening.observe(620, Gap, since=20, device="phone", reason=GapReason.SILENT, sense="focus")
    assert evening.uses() == [("social", 5, 20, False)]
    [covered] = evening.coverage
    assert (covered.device, (covered.ended - BEGAN).total_seconds()) == ("phone", 20)
    assert [evening.phone(621, key) for key in (CATEGORY, GLANCES, OPENS, PUT_AWAY)] == [None] * 4
    evening.observe(630, LitUp, device="phone")
    assert [evening.phone(631, key) for key in (CATEGORY, GLANCES)] == [None, 0]
    assert evening.opens(640, "news").phone(641, CAME_FROM) is None


def test_a_phone_that_is_not_sensed_does_not_become_put_away_by_time() -> None:
    evening = Evening().observe(10, LaidDown, device="phone")
    evening.observe(40, Gap, since=40, device="phone", reason=GapReason.SENSOR_LOST, sense="focus").picks_up(300)
    assert evening.phone(300, PUT_AWAY) is False


def test_a_use_on_one_device_follows_from_a_use_on_another() -> None:
    evening = Evening().focus(0, "messaging").focus(20, None).opens(70, "social")
    assert evening.phone(71, CAME_FROM) == "messaging"
    assert evening.phone(71, FeatureKey("switches", TEN)) == 0
    evening.focus(75, "together").opens(80, "news")
    assert evening.phone(81, CAME_FROM) in {"social", "together"}
    evening.focus(100, None, "phone").focus(100, None).opens(161, "shopping")
    assert evening.phone(162, CAME_FROM) is None


def test_no_use_follows_from_one_before_a_gap_whose_end_was_not_reported() -> None:
    evening = (
        Evening().focus(0, "messaging").observe(10, Suspended).observe(11, Gap, since=10, reason=GapReason.SUSPEND)
    )
    evening.observe(40, WentIdle, since=11).observe(41, CameBack).focus(42, "social")
    assert evening.get(45, CAME_FROM) is None


def test_an_app_reopened_at_once_counts_as_two_openings() -> None:
    evening = Evening().opens(0, "messaging").focus(1, None, "phone").opens(1.5, "messaging")
    assert [evening.phone(3, key) for key in (MESSAGES, DWELL)] == [2, timedelta(seconds=1.5)]


def test_no_use_on_the_laptop_follows_from_a_phone_in_the_hand() -> None:
    evening = Evening().focus(0, "messaging").picks_up(15).focus(20, None).focus(30, "social")
    assert evening.get(31, CAME_FROM) == "messaging"


def test_the_deadline_of_opens_is_when_the_oldest_leaves_the_span() -> None:
    evening = Evening().opens(10, "social").opens(30, "news")
    view = evening.attention.view("phone", BEGAN + timedelta(seconds=40))
    assert view.deadline(OPENS, 2) == BEGAN + timedelta(seconds=10) + TEN
    assert evening.attention.view("laptop", view.at).deadline(PICK_UPS, 2) is None


def test_a_screen_that_goes_on_closes_the_open_use_with_an_unknown_end() -> None:
    evening = Evening().opens(0, "social").observe(60, LitUp, device="phone")
    assert evening.uses() == [("social", 0, 0, False)]
    assert evening.phone(61, CATEGORY) is None
    late = Evening().opens(0, "social").observe(2, LitUp, device="phone")
    assert late.phone(3, CATEGORY) == "social"
    in_hand = Evening().picks_up(0).observe(60, LitUp, device="phone")
    assert in_hand.phone(61, CATEGORY) is None


def shares(evening: Evening, seconds: float) -> list[float]:
    """Return the seconds of presence, distraction and the unknown once partner time ended."""
    evening.attention.end(BEGAN + timedelta(seconds=seconds))
    closed = evening.attention.pop_closed()
    uses = [each for each in closed if isinstance(each, Use)]
    covered = [each for each in closed if isinstance(each, Coverage)]
    share = split_time(uses, covered, BEGAN, BEGAN + timedelta(seconds=seconds)).totals
    return [length.total_seconds() for length in (share.presence, share.distraction, share.unknown)]


def test_a_feed_before_a_screen_that_goes_on_is_unknown_and_so_is_what_comes_after() -> None:
    evening = Evening().observe(0, LaidDown, device="phone").opens(2, "social").observe(100, LitUp, device="phone")
    assert shares(evening, 120) == [2, 0, 118]


def test_openings_without_a_close_are_unknown_up_to_the_next() -> None:
    evening = Evening().opens(0, "social").opens(40, "social").opens(80, "social").focus(140, None, "phone")
    assert shares(evening, 140) == [0, 60, 80]


def test_a_page_that_is_not_known_has_no_category_and_came_from_none() -> None:
    evening = Evening().focus(0, "unknown").focus(30, "social")
    assert evening.get(31, CAME_FROM) is None
    evening.focus(60, "unknown")
    assert (evening.get(61, CATEGORY), evening.get(61, CAME_FROM)) == (None, "social")
    assert evening.get(120, SHARE) == 30 / 120
    assert shares(evening, 120) == [0, 30, 90]


def test_a_pick_up_is_prompted_by_a_notification_of_the_last_30_seconds_on_the_same_phone() -> None:
    evening = Evening().observe(0, PickedUp, device="phone", blind=True).observe(20, LaidDown, device="phone")
    told = [evening.attention.view("phone", BEGAN + timedelta(seconds=20)).get(key) for key in (PICK_UPS, LED, OWN)]
    assert told == [1, None, None]
    evening.observe(60, Notified, device="phone").observe(90, PickedUp, device="phone", blind=True)
    evening.observe(100, LaidDown, device="phone").observe(120, Notified, device="phone").observe(
        150, Notified, device="laptop"
    )
    evening.observe(151, PickedUp, device="phone", blind=True).observe(152, PickedUp, device="phone", blind=True)
    told = [evening.attention.view("phone", BEGAN + timedelta(seconds=160)).get(key) for key in (PICK_UPS, LED, OWN)]
    assert told == [3, 1, 2]
    # Each leaves the span by itself.
    told = [evening.attention.view("phone", BEGAN + timedelta(seconds=690)).get(key) for key in (PICK_UPS, LED, OWN)]
    assert told == [1, 0, 1]
