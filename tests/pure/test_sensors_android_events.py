"""LineSplitter of Android's event log, in the shapes in which Android 8 to 15 print them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from detector.sensors.android_events import (
    COMMAND,
    TAGS,
    AndroidEvent,
    AppResumed,
    KeyguardToggled,
    LineSplitter,
    ScreenToggled,
    parse_line,
)

AT = datetime(2025, 12, 9, 16, 50, 49, 274000, tzinfo=UTC)
HEAD = " 1765299049.274  1000   832  5443 I "
CANARY = "com.example.canary"


def of(said: str) -> AndroidEvent | None:
    return parse_line(HEAD + said)


@pytest.mark.parametrize(
    "line",
    [
        f"{HEAD}wm_set_resumed_activity: [0,{CANARY}/.Camera,resumeTopActivity]",
        f"1765299049.274   832  5443 I wm_set_resumed_activity: [0,{CANARY}/.Camera,resumeTopActivity]",
        f" 1765299049.274 system   832  5443 I wm_set_resumed_activity: [0,{CANARY}/.Camera,resumeTopActivity]\r",
        f" 1765299049.274 u0_a187   832  5443 I wm_set_resumed_activity: [0,{CANARY}/x.Y$Z,positionChildAt]",
        f" 1765299049.274000  1000  832  5443 I wm_set_resumed_activity:[0,{CANARY}/.Camera,resumed, again]",
        f"  1765299049.274  1000 12832 15443 I wm_set_resumed_activity : [0,{CANARY}/.Camera,reason] ",
    ],
)
def test_an_app_comes_to_the_front(line: str) -> None:
    assert parse_line(line) == AppResumed(at=AT, user=0, package=CANARY)


def test_android_10_and_before_use_an_older_tag() -> None:
    older = of(f"am_set_resumed_activity: [0,{CANARY}/.Main,minimalResumeActivityLocked]")
    assert older == AppResumed(at=AT, user=0, package=CANARY, is_older=True)


def test_the_user_number_is_parsed() -> None:
    assert of(f"wm_set_resumed_activity: [10,{CANARY}/.Main,reason]") == AppResumed(at=AT, user=10, package=CANARY)


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ("screen_toggled: 0", ScreenToggled(at=AT, is_on=False)),
        ("screen_toggled: 1", ScreenToggled(at=AT, is_on=True)),
        ("screen_toggled: [1]", ScreenToggled(at=AT, is_on=True)),
        ("screen_toggled: 2", KeyguardToggled(at=AT, is_shown=True)),
        ("power_screen_state: [0,2,0,0]", ScreenToggled(at=AT, is_on=False, is_echo=True)),
        ("power_screen_state: [0,2,0,0,350]", ScreenToggled(at=AT, is_on=False, is_echo=True)),
        ("power_screen_state: [1,0,0,0,412]", ScreenToggled(at=AT, is_on=True, is_echo=True)),
    ],
)
def test_the_screen_goes_on_and_off_in_two_formats(said: str, event: AndroidEvent) -> None:
    assert of(said) == event


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[1,0,0,setKeyguardShown]", True),  # Android 11: no display
        ("[0,1,0,setKeyguardShown]", False),
        ("[0,1,0,0,setKeyguardShown]", True),  # Android 12: the display goes ahead
        ("[0,0,1,0,setKeyguardShown]", False),
        ("[0,1,0,0,1,setKeyguardShown]", True),  # Android 13 and later: and whether it is covered
        ("[0,0,0,0,0,keyguardGoingAway]", False),
    ],
)
def test_the_lock_screen_of_each_version(said: str, *, shown: bool) -> None:
    assert of(f"wm_set_keyguard_shown: {said}") == KeyguardToggled(at=AT, is_shown=shown)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("am_set_keyguard_shown: [1,0,0,setKeyguardShown]", True),  # Android 9 and 10: no display
        ("am_set_keyguard_shown: [0,1,0,setKeyguardShown]", False),
        ("am_set_keyguard_shown: [1,0,1,keyguardGoingAway]", False),
        ("wm_set_keyguard_shown: [1,0,1,keyguardGoingAway]", False),
        ("wm_set_keyguard_shown: [0,1,0,1,keyguardGoingAway]", False),
        ("wm_set_keyguard_shown: [0,1,0,1,0,keyguardGoingAway]", False),
    ],
)
def test_the_lock_screen_of_android_10_is_read_and_going_away_is_gone(said: str, *, shown: bool) -> None:
    assert of(said) == KeyguardToggled(at=AT, is_shown=shown)


def test_the_lock_screen_of_another_display_is_ignored() -> None:
    assert of("wm_set_keyguard_shown: [2,1,0,0,0,setKeyguardShown]") is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "--------- beginning of events",
        "--------- switch to events",
        f"{HEAD}wm_on_resume_called: [0,{CANARY}/.Main,reason]",
        f"{HEAD}wm_set_resumed_activity: [0,{CANARY}",
        f"{HEAD}wm_set_resumed_activity: [0,{CANARY}/.Main",
        f"{HEAD}wm_set_resumed_activity: [0,{CANARY}/.Main,",
        f"{HEAD}wm_set_resumed_activity: [0,null,reason]",
        f"{HEAD}wm_set_resumed_activity: [-1,{CANARY}/.Main,reason]",
        f"{HEAD}wm_set_keyguard_shown: [0,1",
        f"{HEAD}wm_set_keyguard_shown: [0,1,1",
        f"{HEAD}wm_set_keyguard_shown: []",
        f"{HEAD}wm_set_keyguard_shown: [0,{'9' * 5000},0,0,x]",
        f"{HEAD}power_screen_state: [{'1' * 5000},2,0,0]",
        f"99999999999{HEAD.strip()[10:]} screen_toggled: 1",
        f"{HEAD}screen_toggled: 3",
        f"{HEAD}screen_toggled: [1",
        f"{HEAD}screen_toggled:",
        f"{HEAD}power_screen_state: [7,2,0,0]",
        "12-09 17:50:49.274  1000   832  5443 I screen_toggled: 1",
        " 17652990492746661.1  1000   832  5443 I screen_toggled: 1",
        " ١٧٦٥٢٩٩٠٤٩.274  1000   832  5443 I screen_toggled: 1",
        "read: unexpected EOF!",
        "\x00\ufffd\x1b[31m",
    ],
)
def test_a_torn_or_strange_line_or_another_tag_yields_nothing(line: str) -> None:
    assert parse_line(line) is None


def test_the_activity_class_is_dropped_and_the_package_is_in_no_repr() -> None:
    event = of(f"wm_set_resumed_activity: [0,{CANARY}/.SecretClass,reason-why]")
    assert event is not None
    fields = [getattr(event, name) for name in ("at", "user", "package", "is_older")]
    assert not any("SecretClass" in str(value) or "reason" in str(value) for value in fields)
    assert "canary" not in repr(event)


def test_lines_are_put_together_from_chunks() -> None:
    lines = LineSplitter()
    assert lines.feed(b"one\r\ntw") == ["one"]
    assert lines.feed(b"o\n\nth") == ["two", ""]
    assert lines.feed(b"ree") == []
    assert lines.feed(b"\n") == ["three"]


def test_an_overlong_line_is_dropped_and_the_next_one_is_complete() -> None:
    lines = LineSplitter()
    for _ in range(100):
        assert lines.feed(b"x" * 1000) == []
    assert len(lines._torn) <= 5096
    assert lines.feed(b"tail\nnext\n") == ["next"]
    assert lines.feed(b"y" * 9000 + b"\nagain\n") == ["again"]


def test_logcat_is_asked_for_six_tags_only() -> None:
    assert COMMAND.partition(" -s ")[2].split() == list(TAGS)
    assert set(TAGS) == {
        "wm_set_resumed_activity",
        "am_set_resumed_activity",
        "screen_toggled",
        "power_screen_state",
        "wm_set_keyguard_shown",
        "am_set_keyguard_shown",
    }
