"""The phone tracker turns events of phones into observations, notices their silence, and answers waiting phones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.core.effects import Moment
from detector.core.observations import (
    Activity,
    Focused,
    Gap,
    GapReason,
    LaidDown,
    LitUp,
    Notified,
    PickedUp,
    PutAway,
)
from detector.daemon.phone_tracker import EVENT_TIMEOUT, PhoneTracker
from detector.devices import Phone
from detector.notifier.model import NotificationText
from detector.phone_api.model import EventName, PhoneEvent
from detector.sensors.model import AppFocused, SensorEvent
from tests.rig.moments import nudged_moment

AT = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
PHONE = "my phone"
APPS = {"com.instagram.android": "social", "com.whatsapp": "messaging"}
WORDS = NotificationText(title="A minute of scrolling", body="Social media on my phone.")


class Timer(asyncio.TimerHandle):
    """A timer that is due when the test says so."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self.seconds, self.call, self.is_off = seconds, call, False

    def cancel(self) -> None:
        self.is_off = True


class TrackerRig:
    """A tracker, with all that it says and all that it waits for."""

    def __init__(self, *, sees_apps: bool = False) -> None:
        self.clock = ManualClock(AT)
        self.put: list[SensorEvent] = []
        self.timers: list[Timer] = []
        self.tracker = PhoneTracker(
            put=self.put.append,
            clock=self.clock,
            sees_apps=lambda _: sees_apps,
            later=self.later,
            classify=lambda app: Activity(category=app.category or APPS.get(app.app, "other")),
        )

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(seconds, call))
        return self.timers[-1]

    def tell(self, event: EventName, *, after: float = 0, **fields: object) -> None:
        self.clock.at += timedelta(seconds=after)
        self.tracker.receive(PHONE, PhoneEvent(event=event, **fields))  # type: ignore[arg-type]

    @property
    def waiting(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.is_off]


def nothing_in_front(at: datetime) -> Focused:
    return Focused(at=at, device=PHONE, activity=None)


def test_app_open_becomes_app_focused_with_opened_set() -> None:
    rig = TrackerRig()
    rig.tell("app_open", app="com.whatsapp")
    rig.tell("app_open", category="social", after=5)
    assert rig.put == [
        AppFocused(at=AT, device=PHONE, app="com.whatsapp", opened=True),
        AppFocused(at=AT + timedelta(seconds=5), device=PHONE, category="social", opened=True),
    ]


def test_an_app_in_front_that_is_told_again_at_once_is_not_opened_again() -> None:
    rig = TrackerRig()
    for _ in range(3):
        rig.tell("app_open", app="com.whatsapp", after=3)
    assert len(rig.put) == 1
    rig.tell("app_open", app="com.instagram.android", after=3)
    rig.tell("app_open", app="com.whatsapp", after=3)
    rig.tell("app_close", app="com.whatsapp", after=1)
    rig.tell("app_open", app="com.whatsapp", after=1)
    rig.tell("unlock", after=1)
    rig.tell("app_open", app="com.whatsapp", after=1)
    rig.tell("app_open", app="com.whatsapp", after=40)
    assert sum(isinstance(each, AppFocused) for each in rig.put) == 6


def test_the_instant_sent_by_the_phone_is_used() -> None:
    rig = TrackerRig()
    rig.tell("unlock", at=AT - timedelta(minutes=3))
    assert rig.put == [PickedUp(at=AT - timedelta(minutes=3), device=PHONE, blind=True)]


@pytest.mark.parametrize(
    ("opened", "closed", "closes"),
    [
        ({"app": "com.whatsapp"}, {"app": "com.whatsapp"}, True),
        ({"app": "com.whatsapp"}, {"category": "messaging"}, True),
        ({"category": "messaging"}, {"app": "com.whatsapp"}, True),
        ({"category": "social"}, {"category": "social"}, True),
        ({"app": "com.instagram.android"}, {"app": "com.whatsapp"}, False),
        ({"category": "social"}, {"app": "com.whatsapp"}, False),
        ({"app": "com.instagram.android"}, {"category": "messaging"}, False),
    ],
)
def test_app_close_ends_only_the_app_that_was_opened(
    opened: dict[str, str], closed: dict[str, str], *, closes: bool
) -> None:
    rig = TrackerRig()
    rig.tell("app_open", **opened)
    rig.tell("app_close", after=10, **closed)
    assert rig.put[1:] == ([nothing_in_front(AT + timedelta(seconds=10))] if closes else [])
    assert bool(rig.waiting) is not closes


def test_app_close_without_app_open_means_nothing_is_in_front() -> None:
    rig = TrackerRig()
    rig.tell("app_close", category="social")
    assert rig.put == [nothing_in_front(AT)]


def test_screen_unlock_and_put_away_events() -> None:
    rig = TrackerRig()
    for event in ("screen_on", "unlock", "screen_off", "put_away"):
        rig.tell(event)
    assert rig.put == [
        LitUp(at=AT, device=PHONE),
        PickedUp(at=AT, device=PHONE, blind=True),
        LaidDown(at=AT, device=PHONE),
        PutAway(at=AT, device=PHONE),
    ]


@pytest.mark.parametrize("opening", ["app_open", "unlock"])
def test_ten_minutes_of_silence_are_a_gap_since_the_last_event(opening: EventName) -> None:
    rig = TrackerRig()
    rig.tell(opening, **({"category": "social"} if opening == "app_open" else {}))
    rig.tell("screen_on", after=60)
    (timer,) = rig.waiting
    assert timer.seconds == EVENT_TIMEOUT.total_seconds() == 600
    rig.clock.at += EVENT_TIMEOUT
    timer.call()
    last = AT + timedelta(seconds=60)
    assert rig.put[-1] == Gap(at=last + EVENT_TIMEOUT, since=last, device=PHONE, reason=GapReason.SILENT, sense="focus")
    rig.tell("app_close", category="messaging", after=1)
    assert rig.put[-1] == nothing_in_front(rig.clock.at), "what was open before the silence is forgotten"


def test_a_notification_does_not_end_the_silence() -> None:
    rig = TrackerRig()
    rig.tell("notified")
    assert rig.put == [Notified(at=AT, device=PHONE)]
    assert not rig.waiting
    assert rig.tracker.heard_from == {PHONE}
    rig.tell("app_open", category="social")
    opened = rig.clock.at
    rig.tell("notified", after=300)
    (timer,) = rig.waiting
    rig.clock.at = opened + EVENT_TIMEOUT
    timer.call()
    assert rig.put[-1] == Gap(
        at=opened + EVENT_TIMEOUT, since=opened, device=PHONE, reason=GapReason.SILENT, sense="focus"
    )


@pytest.mark.parametrize("ending", ["screen_off", "put_away", "app_close"])
def test_silence_of_a_phone_that_is_not_in_use_is_no_gap(ending: EventName) -> None:
    rig = TrackerRig()
    rig.tell("app_open", category="social")
    rig.tell(ending, **({"category": "social"} if ending == "app_close" else {}))
    assert not rig.waiting


def test_silence_of_a_phone_in_the_hand_is_a_gap_even_without_an_app() -> None:
    rig = TrackerRig()
    rig.tell("unlock")
    rig.tell("app_open", category="social")
    rig.tell("app_close", category="social")
    assert len(rig.waiting) == 1


def test_silence_after_a_screen_lit_up_is_no_gap() -> None:
    rig = TrackerRig()
    rig.tell("screen_on")
    assert not rig.waiting


def test_while_adb_senses_the_apps_app_events_are_ignored() -> None:
    rig = TrackerRig(sees_apps=True)
    rig.tell("app_open", category="social")
    rig.tell("app_close", category="social")
    rig.tell("unlock")
    assert rig.put == [PickedUp(at=AT, device=PHONE, blind=False)]


def moment(device: str) -> Moment:
    return nudged_moment(AT, rule="G202", device=device)


async def test_a_waiting_phone_is_answered_with_its_nudge_once() -> None:
    rig = TrackerRig()
    me = Phone(name=PHONE, number=1, shows_nudges=True)
    asked = asyncio.ensure_future(rig.tracker.receive_and_wait(me, PhoneEvent(event="app_open", category="social")))
    await asyncio.sleep(0)
    assert len(rig.put) == 1, "it is heard before it is answered"
    assert not rig.tracker.show_nudge(moment("laptop"), WORDS)
    assert not rig.tracker.show_nudge(moment("her phone"), WORDS)
    assert rig.tracker.show_nudge(moment(PHONE), WORDS)
    assert not rig.tracker.show_nudge(moment(PHONE), WORDS)
    assert await asked == "A minute of scrolling — Social media on my phone."


async def test_two_waiting_requests_get_one_nudge_each() -> None:
    rig = TrackerRig()
    me = Phone(name=PHONE, number=1, shows_nudges=True)
    asked = [asyncio.ensure_future(rig.tracker.receive_and_wait(me, PhoneEvent(event="screen_on"))) for _ in range(2)]
    await asyncio.sleep(0)
    assert [rig.tracker.show_nudge(moment(PHONE), WORDS) for _ in range(3)] == [True, True, False]
    assert None not in await asyncio.gather(*asked)


@pytest.mark.parametrize("how", ["release_waiting_phones", "close"])
async def test_no_request_waits_once_all_is_decided(how: str) -> None:
    rig = TrackerRig()
    me = Phone(name=PHONE, number=1, shows_nudges=True)
    asked = [asyncio.ensure_future(rig.tracker.receive_and_wait(me, PhoneEvent(event="screen_on"))) for _ in range(3)]
    await asyncio.sleep(0)
    getattr(rig.tracker, how)()
    assert await asyncio.gather(*asked) == [None, None, None]
    assert not rig.tracker.show_nudge(moment(PHONE), WORDS)


@pytest.mark.parametrize("how", ["close", "forget"])
def test_no_timer_is_left_after_close_or_forget(how: str) -> None:
    rig = TrackerRig()
    rig.tell("unlock")
    rig.tracker.close() if how == "close" else rig.tracker.forget(PHONE)
    assert not rig.waiting
