"""What Android kept while the link was broken."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from detector.core.observations import Focused, LaidDown, LitUp, PickedUp
from detector.sensors.android_events import AppPaused, AppResumed, KeyguardToggled, PhoneShutDown, ScreenToggled
from detector.sensors.android_state import AndroidSnapshot, AndroidState
from detector.sensors.android_usagestats import COMMAND, parse_dump, parse_zone, replay
from detector.sensors.model import AppFocused

CET = timezone(timedelta(hours=1))
FEED, CHAT = "com.instagram.android", "com.whatsapp"
WHOLE = """\
user=0
  Last 24 hour events (timeRange="22.11.2026, 19:30 – 23.11.2026, 19:30" )
    time="2026-11-23 19:05:00" type=ACTIVITY_RESUMED package=com.example.before class=com.example.before.Main instanceId=1 flags=0x0
    time="2026-11-23 19:18:19" type=SCREEN_INTERACTIVE package=android flags=0x0
    time="2026-11-23 19:18:20" type=KEYGUARD_HIDDEN package=android flags=0x0
    time="2026-11-23 19:18:21" type=ACTIVITY_RESUMED package=com.instagram.android class=com.instagram.Secret instanceId=12 taskRootPackage=com.instagram.android taskRootClass=com.instagram.Secret flags=0x0
    time="2026-11-23 19:18:21" type=ACTIVITY_PAUSED package=com.example.before class=com.example.before.Main instanceId=1 flags=0x0
    time="2026-11-23 19:18:22" type=NOTIFICATION_SEEN package=com.example.secret flags=0x0
    time="2026-11-23 19:18:22" type=ACTIVITY_STOPPED package=com.example.before class=com.example.before.Main instanceId=1 flags=0x0
    time="2026-11-23 19:20:00" type=SCREEN_NON_INTERACTIVE package=android flags=0x0
    time="2026-11-23 19:20:00" type=KEYGUARD_SHOWN package=android flags=0x0
  In-memory daily stats
    packages
      package=com.example.sum totalTimeUsed="10:00" lastTimeUsed="2026-11-23 19:20:00"
    time="2026-11-23 19:21:00" type=ACTIVITY_RESUMED package=com.example.sum class=x instanceId=1 flags=0x0
user=10
  Last 24 hour events (timeRange="22.11.2026, 19:30 – 23.11.2026, 19:30" )
    time="2026-11-23 19:19:00" type=ACTIVITY_RESUMED package=com.example.work class=x instanceId=1 flags=0x0
"""
GAME = """\
user=0
  Last 24 hour events (timeRange="11/22/2026, 19:30 – 11/23/2026, 19:30" )
    time="2026-11-23 19:18:19" type=SCREEN_INTERACTIVE package=android flags=0x0
    time="2026-11-23 19:18:20" type=KEYGUARD_HIDDEN package=android flags=0x0
    time="2026-11-23 19:18:21" type=ACTIVITY_RESUMED package=com.example.game class=com.example.game.Menu instanceId=11 taskRootPackage=com.example.game taskRootClass=com.example.game.Menu flags=0x0
    time="2026-11-23 19:18:30" type=ACTIVITY_PAUSED package=com.example.game class=com.example.game.Menu instanceId=11 taskRootPackage=com.example.game taskRootClass=com.example.game.Menu flags=0x0
    time="2026-11-23 19:18:31" type=ACTIVITY_RESUMED package=com.example.game class=com.example.game.Level instanceId=12 taskRootPackage=com.example.game taskRootClass=com.example.game.Menu flags=0x0
    time="2026-11-23 19:18:34" type=ACTIVITY_STOPPED package=com.example.game class=com.example.game.Menu instanceId=11 taskRootPackage=com.example.game taskRootClass=com.example.game.Menu flags=0x0
"""
"""A game from its menu to its first level; what comes after it decides when its use ends."""
SINCE = datetime(2026, 11, 23, 18, 10, tzinfo=UTC)
UNTIL = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)


def laid_down() -> AndroidState:
    state = AndroidState("my phone")
    state.start(AndroidSnapshot(is_on=False, is_locked=True, package="com.example.before"), SINCE)
    return state


def at(minute: int, second: int) -> datetime:
    return datetime(2026, 11, 23, 18, minute, second, tzinfo=UTC)


def filtered(place: Path, dump: str) -> str:
    """Return what the real filter, run in a real shell, lets through."""
    (place / "dumpsys").write_text(f"#!/bin/sh\ncat {place}/dump\n")
    (place / "dumpsys").chmod(0o755)
    (place / "dump").write_text(dump)
    return subprocess.run(
        ["/bin/sh", "-c", COMMAND], env={"PATH": f"{place}:/usr/bin:/bin"}, capture_output=True, text=True, check=True
    ).stdout


def test_the_filter_on_the_phone_lets_nothing_else_through(tmp_path: Path) -> None:
    left = filtered(tmp_path, WHOLE)
    assert "Secret" not in left
    assert "secret" not in left
    assert "class=" not in left
    assert parse_dump(left, users={0}, local=CET) == parse_dump(WHOLE, users={0}, local=CET)


def test_only_the_last_day_of_the_current_user_counts(tmp_path: Path) -> None:
    events = parse_dump(filtered(tmp_path, WHOLE), users={0}, local=CET)
    assert [event.package for event in events if isinstance(event, AppResumed)] == ["com.example.before", FEED]
    work = parse_dump(WHOLE, users={10}, local=CET)
    assert [event.package for event in work if isinstance(event, AppResumed)] == ["com.example.work"]
    assert parse_dump(WHOLE, users={11}, local=CET) == []
    assert parse_dump(WHOLE, users={0, 10}, local=CET) == sorted([*events, *work], key=lambda event: event.at)


def test_a_break_is_filled_in_for_the_last_two_hours_at_most() -> None:
    until = SINCE + timedelta(hours=5)
    back = until - timedelta(hours=2)
    events = [
        ScreenToggled(at=SINCE + timedelta(minutes=1), is_on=True),
        KeyguardToggled(at=SINCE + timedelta(minutes=1), is_shown=False),
        AppResumed(at=SINCE + timedelta(minutes=2), user=0, package=CHAT),
        AppResumed(at=back + timedelta(minutes=3), user=0, package=FEED),
    ]
    missed, state = replay(events, laid_down(), since=SINCE, until=until, convert=lambda theirs: theirs)
    assert [(type(each), each.at) for each in missed] == [(AppFocused, back + timedelta(minutes=3))]
    assert state.snapshot.package == FEED, "what is too long ago decides in which state the phone is"


def test_missed_events_are_replayed_in_order_and_nothing_from_before() -> None:
    state = laid_down()
    said, left = replay(
        parse_dump(WHOLE, users={0}, local=CET), state, since=SINCE, until=UNTIL, convert=lambda theirs: theirs
    )
    assert [(type(each), each.at) for each in said] == [
        (LitUp, at(18, 19)),
        (PickedUp, at(18, 20)),
        (AppFocused, at(18, 20)),
        (AppFocused, at(18, 21)),
        (LaidDown, at(20, 0)),
    ]
    assert [each.app for each in said if isinstance(each, AppFocused)] == ["com.example.before", FEED]
    assert left.snapshot == AndroidSnapshot(is_on=False, is_locked=True, package=FEED)
    assert state.snapshot == AndroidSnapshot(is_on=False, is_locked=True, package="com.example.before"), (
        "it is left as it was"
    )


def test_events_before_the_break_are_dropped() -> None:
    dump = (
        "Last 24 hour events (\n"
        'time="2026-11-23 19:08:00" type=SCREEN_INTERACTIVE package=android\n'
        'time="2026-11-23 19:08:01" type=KEYGUARD_HIDDEN package=android\n'
        f'time="2026-11-23 19:08:02" type=ACTIVITY_RESUMED package={CHAT}\n'
    )
    events = parse_dump(dump, users={0}, local=CET)
    assert len(events) == 3
    said, left = replay(events, laid_down(), since=SINCE, until=UNTIL, convert=lambda theirs: theirs)
    assert said == []
    assert left.snapshot == laid_down().snapshot


def test_without_missed_events_the_state_stays() -> None:
    said, left = replay([], laid_down(), since=SINCE, until=UNTIL, convert=lambda theirs: theirs)
    assert said == []
    assert left.snapshot == laid_down().snapshot


def test_a_wrong_clock_is_corrected_and_future_events_are_dropped() -> None:
    events = parse_dump(WHOLE, users={0}, local=CET)
    said, _ = replay(
        events, laid_down(), since=SINCE, until=UNTIL, convert=lambda theirs: theirs + timedelta(minutes=11)
    )
    assert [type(each) for each in said] == [LitUp, PickedUp, AppFocused, AppFocused]
    assert all(SINCE <= each.at <= UNTIL for each in said)


def test_android_9_uses_another_event_name() -> None:
    dump = (
        '  Last 24 hour events (timeRange="x" )\n'
        f'    time="2026-11-23 19:18:20" type=MOVE_TO_FOREGROUND package={FEED} class=x flags=0x0\n'
        f'    time="2026-11-23 19:19:20" type=MOVE_TO_BACKGROUND package={FEED} class=x flags=0x0\n'
        f'    time="2026-11-23 19:19:20" type=MOVE_TO_FOREGROUND package={CHAT}\n'
    )
    found = parse_dump(dump, users={0}, local=CET)
    assert [(event.at, event.package) for event in found if isinstance(event, AppResumed)] == [
        (at(18, 20), FEED),
        (at(19, 20), CHAT),
    ]


def test_digits_of_another_language_are_read() -> None:
    dump = 'Last 24 hour events (\ntime="٢٠٢٦-١١-٢٣ ١٩:١٨:٢٠" type=KEYGUARD_HIDDEN package=android\n'
    assert parse_dump(dump, users={0}, local=CET) == [KeyguardToggled(at=at(18, 20), is_shown=False)]


@pytest.mark.parametrize(
    "line",
    [
        'time="2026-13-23 19:18:20" type=KEYGUARD_HIDDEN package=android',
        'time="0000-00-00 00:00:00" type=KEYGUARD_HIDDEN package=android',
        'time="0001-01-01 00:00:00" type=KEYGUARD_HIDDEN package=android',
        'time="1764" type=KEYGUARD_HIDDEN package=android',
        'time="2026-11-23 19:18:20" type=KEYGUARD_HIDDEN',
        'time="2026-11-23 19:18:20" type=ACTIVITY_PAUSED package=com.example.app',
        "Permission Denial: can't dump usagestats",
    ],
)
def test_what_cannot_be_read_is_left_out(line: str) -> None:
    dump = f'Last 24 hour events (\n{line}\ntime="2026-11-23 19:18:20" type=SCREEN_INTERACTIVE package=android\n'
    assert parse_dump(dump, users={0}, local=CET) == [ScreenToggled(at=at(18, 20), is_on=True)]


GAME_EVENTS = [(LitUp, at(18, 19)), (PickedUp, at(18, 20)), (AppFocused, at(18, 20)), (AppFocused, at(18, 21))]
LEVEL = "package=com.example.game class=com.example.game.Level instanceId=12 taskRootPackage=com.example.game flags=0x0"
MENU = "package=com.example.game class=com.example.game.Menu instanceId=11 taskRootPackage=com.example.game flags=0x0"
ANDROID = "package=android flags=0x0"
CHAT_OPENED = f"package={CHAT} class=com.whatsapp.Main instanceId=13 flags=0x0"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], [], id="still played"),
        pytest.param([("19:20:00", "DEVICE_SHUTDOWN", ANDROID)], [(LaidDown, at(20, 0))], id="switched off"),
        pytest.param(
            [("19:20:00", "ACTIVITY_PAUSED", LEVEL), ("19:20:01", "DEVICE_SHUTDOWN", ANDROID)],
            [(LaidDown, at(20, 1))],
            id="paused and switched off",
        ),
        pytest.param([("19:20:00", "ACTIVITY_PAUSED", LEVEL)], [(Focused, at(20, 0))], id="paused"),
        pytest.param([("19:20:00", "ACTIVITY_STOPPED", LEVEL)], [(Focused, at(20, 0))], id="crashed"),
        pytest.param(
            [("19:20:00", "ACTIVITY_PAUSED", LEVEL), ("19:20:05", "ACTIVITY_STOPPED", LEVEL)],
            [(Focused, at(20, 0))],
            id="paused and stopped",
        ),
        pytest.param(
            [("19:20:00", "ACTIVITY_PAUSED", LEVEL), ("19:20:01", "ACTIVITY_RESUMED", LEVEL)], [], id="resumed at once"
        ),
        pytest.param(
            [("19:20:00", "ACTIVITY_PAUSED", LEVEL), ("19:20:03", "ACTIVITY_RESUMED", LEVEL)],
            [(Focused, at(20, 0)), (AppFocused, at(20, 3))],
            id="resumed later",
        ),
        pytest.param(
            [("19:20:00", "ACTIVITY_PAUSED", LEVEL), ("19:20:01", "ACTIVITY_RESUMED", CHAT_OPENED)],
            [(AppFocused, at(20, 1))],
            id="another app",
        ),
        pytest.param(
            [("19:20:00", "ACTIVITY_RESUMED", CHAT_OPENED), ("19:20:00", "ACTIVITY_PAUSED", LEVEL)],
            [(AppFocused, at(20, 0))],
            id="another app before the pause",
        ),
        pytest.param(
            [("19:20:00", "ACTIVITY_RESUMED", MENU), ("19:20:00", "ACTIVITY_PAUSED", LEVEL)],
            [],
            id="another screen of it",
        ),
        pytest.param(
            [
                ("19:20:00", "ACTIVITY_PAUSED", LEVEL),
                ("19:20:00", "SCREEN_NON_INTERACTIVE", ANDROID),
                ("19:20:03", "ACTIVITY_STOPPED", LEVEL),
                ("19:21:00", "SCREEN_INTERACTIVE", ANDROID),
            ],
            [(LaidDown, at(20, 0)), (LitUp, at(21, 0)), (PickedUp, at(21, 0)), (AppFocused, at(21, 0))],
            id="beneath a dark screen",
        ),
        pytest.param(
            [
                ("19:20:00", "DEVICE_SHUTDOWN", ANDROID),
                ("19:22:00", "DEVICE_STARTUP", ANDROID),
                ("19:22:00", "SCREEN_INTERACTIVE", ANDROID),
                ("19:22:09", "ACTIVITY_RESUMED", CHAT_OPENED),
            ],
            [(LaidDown, at(20, 0)), (LitUp, at(22, 0)), (PickedUp, at(22, 0)), (AppFocused, at(22, 9))],
            id="restarted",
        ),
    ],
)
def test_a_shutdown_and_a_pause_that_nothing_follows_end_the_use_in_front(
    lines: list[tuple[str, str, str]], expected: list[tuple[type, datetime]], tmp_path: Path
) -> None:
    dump = GAME + "".join(f'    time="2026-11-23 {time}" type={kind} {rest}\n' for time, kind, rest in lines)
    left = filtered(tmp_path, dump)
    assert "class" not in left
    assert "Level" not in left
    events = parse_dump(left, users={0}, local=CET)
    assert events == parse_dump(dump, users={0}, local=CET)
    missed, _ = replay(events, laid_down(), since=SINCE, until=UNTIL, convert=lambda theirs: theirs)
    assert [(type(event), event.at) for event in missed] == GAME_EVENTS + expected
    assert all(event.activity is None for event in missed if isinstance(event, Focused))


def test_a_pause_before_android_10_names_no_screen() -> None:
    dump = (
        '  Last 24 hour events (timeRange="x" )\n'
        f'    time="2026-11-23 19:18:20" type=MOVE_TO_FOREGROUND package={FEED} class=x flags=0x0\n'
        f'    time="2026-11-23 19:19:20" type=MOVE_TO_BACKGROUND package={FEED} class=x flags=0x0\n'
        '    time="2026-11-23 19:19:30" type=DEVICE_SHUTDOWN package=android flags=0x0\n'
    )
    assert parse_dump(dump, users={0}, local=CET) == [
        AppResumed(at=at(18, 20), user=0, package=FEED),
        AppPaused(at=at(19, 20), user=0, package=FEED),
        PhoneShutDown(at=at(19, 30)),
    ]


def test_the_zone_of_the_phone_is_read() -> None:
    assert parse_zone("+0530\r\n").utcoffset(None) == timedelta(hours=5, minutes=30)
    assert parse_zone("-0930").utcoffset(None) == -timedelta(hours=9, minutes=30)
    assert parse_zone("+9900") is UTC
    assert parse_zone("") is UTC
