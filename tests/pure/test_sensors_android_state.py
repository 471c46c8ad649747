"""The state of an Android phone: what its events amount to."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.core.observations import Focused, LaidDown, LitUp, PickedUp
from detector.sensors import android_query
from detector.sensors.android_events import AndroidEvent, AppResumed, KeyguardToggled, ScreenToggled
from detector.sensors.android_query import PhoneClock
from detector.sensors.android_state import AndroidSnapshot, AndroidState
from detector.sensors.model import AppFocused, SensorEvent

AT = datetime(2026, 11, 23, 19, tzinfo=UTC)
TEN_SECONDS = timedelta(seconds=10)
FEED, CHAT, HOME = "com.instagram.android", "com.whatsapp", "com.example.home"
IN_USE = AndroidSnapshot(is_on=True, is_locked=False, package=HOME)


def phone(snapshot: AndroidSnapshot = IN_USE, **said: bool) -> AndroidState:
    made = AndroidState("my phone", home=HOME, **said)
    made.start(snapshot, AT)
    return made


def front(app: str, user: int = 0, *, older: bool = False) -> AppResumed:
    return AppResumed(at=AT, user=user, package=app, is_older=older)


def screen(*, on: bool, echo: bool = False) -> ScreenToggled:
    return ScreenToggled(at=AT, is_on=on, is_echo=echo)


def locked(*, shown: bool) -> KeyguardToggled:
    return KeyguardToggled(at=AT, is_shown=shown)


def words(said: list[SensorEvent]) -> list[str]:
    found = []
    for each in said:
        assert each.device == "my phone"
        match each:
            case AppFocused():
                found.append(f"{'opened' if each.opened else 'seen'} {each.app}")
            case Focused():
                assert each.activity is None
                found.append("nothing")
            case LitUp() | PickedUp() | LaidDown():
                found.append({LitUp: "lit", PickedUp: "picked", LaidDown: "down"}[type(each)])
                assert not getattr(each, "blind", False)
            case _:
                pytest.fail(f"not expected: {type(each).__name__}")
    return found


def activities_of(made: AndroidState, *events: AndroidEvent) -> list[str]:
    # Ten seconds apart: what is in front for less than two was only passed over.
    return [
        word for number, event in enumerate(events) for word in words(made.update(event, AT + number * TEN_SECONDS))
    ]


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (AndroidSnapshot(is_on=True, is_locked=False, package=FEED), [f"seen {FEED}"]),
        (AndroidSnapshot(is_on=True, is_locked=False, package=HOME), ["nothing"]),
        (AndroidSnapshot(is_on=True, is_locked=False, package="com.android.systemui"), ["nothing"]),
        (AndroidSnapshot(is_on=True, is_locked=False, package=FEED, user=10), ["nothing"]),
        (AndroidSnapshot(is_on=True, is_locked=True, package=FEED), ["down"]),
        (AndroidSnapshot(is_on=False, is_locked=False, package=FEED), ["down"]),
        (AndroidSnapshot(is_on=False, is_locked=None, package=FEED), ["down"]),
        (AndroidSnapshot(is_on=True, is_locked=None, package=FEED), []),
        (AndroidSnapshot(is_on=None, is_locked=None, package=FEED), []),
        (AndroidSnapshot(is_on=True, is_locked=False), []),
    ],
)
def test_the_present_state_is_yielded_at_start_where_it_is_known(snapshot: AndroidSnapshot, said: list[str]) -> None:
    assert words(AndroidState("my phone", home=HOME).start(snapshot, AT)) == said


def test_an_app_is_opened_once_whatever_its_own_pages_do() -> None:
    assert activities_of(phone(), front(FEED), front(FEED), front(CHAT), front(FEED)) == [
        f"opened {FEED}",
        f"opened {CHAT}",
        f"opened {FEED}",
    ]


def test_the_app_in_front_at_start_is_not_opened_by_its_next_page() -> None:
    made = phone(AndroidSnapshot(is_on=True, is_locked=False, package=FEED))
    assert activities_of(made, front(FEED), front(HOME), front(FEED)) == ["nothing", f"opened {FEED}"]


@pytest.mark.parametrize("launcher", [HOME, "com.sec.android.app.launcher", "com.google.android.apps.nexuslauncher"])
def test_a_launcher_is_nothing_in_front(launcher: str) -> None:
    assert activities_of(phone(), front(FEED), front(launcher), front(launcher)) == [f"opened {FEED}", "nothing"]


def test_a_dialog_of_the_system_lies_over_an_app_and_does_not_end_its_use() -> None:
    dialog, installer = "com.google.android.permissioncontroller", "com.android.packageinstaller"
    assert activities_of(phone(), front(FEED), front(dialog), front(installer), front(FEED)) == [f"opened {FEED}"]
    assert activities_of(phone(), front(FEED), front(dialog), front(HOME), front(FEED)) == [
        f"opened {FEED}",
        "nothing",
        f"opened {FEED}",
    ]
    assert activities_of(phone(), front(FEED), front(dialog), front(CHAT)) == [f"opened {FEED}", f"opened {CHAT}"]
    # Over the launcher it is no use.
    assert activities_of(phone(), front(dialog), front(FEED)) == [f"opened {FEED}"]


@pytest.mark.parametrize(("seconds", "word"), [(1.9, "seen"), (2, "opened")])
def test_an_app_from_which_somebody_only_looked_at_the_launcher_is_not_opened_again(seconds: float, word: str) -> None:
    made = phone()
    activities_of(made, front(FEED), front(CHAT), front(HOME))
    back = made.update(front(CHAT), AT + 2 * TEN_SECONDS + timedelta(seconds=seconds))
    assert words(back) == [f"{word} {CHAT}"]
    activities_of(made, front(HOME))
    assert words(made.update(front(FEED), AT)) == [f"opened {FEED}"]


def test_another_users_app_is_nothing_in_front_and_no_pick_up() -> None:
    made = phone()
    assert activities_of(made, front(CHAT, 10)) == []
    assert activities_of(made, front(FEED), front(CHAT, 10), front(CHAT, 10)) == [f"opened {FEED}", "nothing"]
    assert activities_of(made, screen(on=False), screen(on=True)) == ["down", "lit", "nothing"]
    assert activities_of(made, front(FEED)) == [f"opened {FEED}"]


def test_the_profiles_of_the_current_user_are_the_same_person() -> None:
    made = AndroidState("my phone", home=HOME, users=frozenset({0, 10, 999}))
    made.start(IN_USE, AT)
    assert activities_of(made, front(CHAT, 999), front(FEED, 10), front(FEED, 0)) == [
        f"opened {CHAT}",
        f"opened {FEED}",
    ]
    assert activities_of(made, screen(on=False), front(CHAT, 999), screen(on=True)) == [
        "down",
        "lit",
        "picked",
        f"seen {CHAT}",
    ]
    assert activities_of(made, front(FEED, 11)) == ["nothing"], "another user is not"


def test_profiles_are_told_from_other_users_by_their_flags_and_names_stay_on_the_phone(tmp_path: Path) -> None:
    users = (
        "Users:\n\tUserInfo{0:Anna Canary:4c13} running\n\tUserInfo{10:Work: profile:1030} running\n"
        "\tUserInfo{11:Ben :30}:410} running\n\tUserInfo{12:Old work profile:30} running\n"
        "\tUserInfo{150:Secure Folder:10061030} running\n\tUserInfo{999:XSpace:800010} running\n"
    )
    (tmp_path / "cmd").write_text(f"#!/bin/sh\ncat <<'E'\n{users}E\n")
    (tmp_path / "cmd").chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    asked = subprocess.run(
        ["/bin/sh", "-c", android_query.COMMAND], env=path, capture_output=True, text=True, check=True
    )
    output = asked.stdout[asked.stdout.index("UserInfo") :]
    assert not {"Anna", "Work", "Ben", "Secure"} & set(output.replace(":", " ").split())
    assert {0, 10, 12, 150, 999} <= android_query.parse_phone_state(output).users
    assert 11 not in android_query.parse_phone_state(output).users


def test_a_phone_of_android_10_that_logs_its_lock_screen_is_believed() -> None:
    made = phone(logs_keyguard=False)
    assert activities_of(made, screen(on=False), locked(shown=True), screen(on=True), locked(shown=False)) == [
        *("down", "lit", "picked", "nothing")
    ]
    # From here on an app that is resumed beneath the lock screen does not mean that it is gone.
    assert activities_of(made, screen(on=False), locked(shown=True), screen(on=True), front(FEED, older=True)) == [
        "down",
        "lit",
    ]
    assert activities_of(made, locked(shown=False)) == ["picked", f"seen {FEED}"]


def test_the_current_user_may_be_another_than_the_first() -> None:
    made = AndroidState("my phone", users=frozenset({11}))
    made.start(AndroidSnapshot(is_on=True, is_locked=False), AT)
    assert activities_of(made, front(FEED, 11), front(CHAT, 0)) == [f"opened {FEED}", "nothing"]


def test_the_screen_goes_off_and_the_app_beneath_is_in_front_again_once_it_is_unlocked() -> None:
    made = phone()
    activities_of(made, front(FEED))
    assert activities_of(made, screen(on=False), locked(shown=True)) == ["down"]
    assert activities_of(made, screen(on=True)) == ["lit"]
    assert activities_of(made, locked(shown=False)) == ["picked", f"seen {FEED}"]
    assert activities_of(made, front(FEED)) == []


def test_a_screen_that_goes_on_without_a_lock_screen_is_picked_up_at_once() -> None:
    made = phone()
    activities_of(made, front(FEED))
    assert activities_of(made, screen(on=False), screen(on=True)) == ["down", "lit", "picked", f"seen {FEED}"]


def test_unlocking_by_fingerprint_before_the_screen_is_on_is_a_pick_up() -> None:
    made = phone(AndroidSnapshot(is_on=False, is_locked=True, package=FEED))
    assert activities_of(made, locked(shown=False), screen(on=True)) == ["lit", "picked", f"seen {FEED}"]


def test_a_screen_that_lights_up_by_itself_is_no_pick_up() -> None:
    made = phone(AndroidSnapshot(is_on=False, is_locked=True, package=FEED))
    assert activities_of(made, screen(on=True), screen(on=False)) == ["lit", "down"]
    assert activities_of(made, screen(on=True), locked(shown=True), screen(on=False)) == ["lit", "down"]


def test_a_screen_change_logged_in_both_formats_counts_once() -> None:
    made = phone()
    assert activities_of(made, screen(on=False), screen(on=False, echo=True)) == ["down"]
    assert activities_of(made, screen(on=True), screen(on=True, echo=True)) == ["lit", "picked", "nothing"]
    # Both, in a hurry: the second format is late.
    quick = [screen(on=False), screen(on=True), screen(on=False, echo=True), screen(on=True, echo=True)]
    assert activities_of(made, *quick) == ["down", "lit", "picked", "nothing"]


def test_a_phone_that_logs_only_the_second_format_is_understood() -> None:
    assert activities_of(phone(), screen(on=False, echo=True), screen(on=True, echo=True)) == [
        "down",
        "lit",
        "picked",
        "nothing",
    ]


def test_an_app_resumed_while_the_screen_is_off_or_locked_is_not_in_front() -> None:
    made = phone()
    assert activities_of(made, screen(on=False), front(FEED), front(CHAT)) == ["down"]
    assert activities_of(made, locked(shown=True), screen(on=True), front(FEED)) == ["lit"]
    assert activities_of(made, locked(shown=False)) == ["picked", f"seen {FEED}"]


def test_locking_with_the_screen_on_lays_the_phone_down_once() -> None:
    made = phone()
    activities_of(made, front(FEED))
    assert activities_of(made, locked(shown=True), screen(on=False)) == ["down"]


def test_a_pick_up_without_a_known_app_can_be_laid_down_again() -> None:
    made = phone(AndroidSnapshot(is_on=True, is_locked=True))
    assert activities_of(made, locked(shown=False), screen(on=False)) == ["picked", "down"]


def test_on_android_10_an_app_resumed_while_the_screen_is_on_means_unlocked() -> None:
    made = phone(logs_keyguard=False)
    activities_of(made, front(FEED, older=True))
    assert activities_of(made, screen(on=False), screen(on=True)) == ["down", "lit"]
    assert activities_of(made, screen(on=False), screen(on=True), front(FEED, older=True)) == [
        "down",
        "lit",
        "picked",
        f"seen {FEED}",
    ]
    assert activities_of(made, front(CHAT, older=True)) == [f"opened {CHAT}"]


def test_an_unknown_state_becoming_known_is_no_pick_up() -> None:
    made = phone(AndroidSnapshot())
    assert activities_of(made, front(FEED)) == [f"seen {FEED}"]
    assert activities_of(phone(AndroidSnapshot(is_on=True, package=FEED)), locked(shown=False)) == [f"seen {FEED}"]


def test_no_package_is_in_a_repr() -> None:
    made = phone(AndroidSnapshot(is_on=True, is_locked=False, package=FEED))
    said = made.start(made.snapshot, AT)
    assert "instagram" not in f"{made!r} {made.snapshot!r} {said!r} {said[0]}"


ANSWERS = {
    "Android 8": (
        (
            "user=0\nsdk=26\nzone=+0100\nhome=com.example.home\nmWakefulness=Awake\n"
            "mResumedActivity: ActivityRecord{5d1e4b3 u0 com.example.below\n"
            "ResumedActivity: ActivityRecord{4c1e4b3 u0 com.example.app\nKeyguardShowing=false\n"
        ),
        AndroidSnapshot(is_on=True, is_locked=False, package="com.example.app"),
        False,
    ),
    "Android 11, asleep": (
        (
            "user=0\nsdk=30\nzone=-0330\nhome=\nmWakefulness=Dozing\n"
            "mResumedActivity: ActivityRecord{5d1e4b3 u0 com.example.app\nKeyguardShowing=true\n"
        ),
        AndroidSnapshot(is_on=False, is_locked=True, package="com.example.app"),
        True,
    ),
    "Android 15": (
        (
            "user=10\r\nsdk=35\r\nzone=+0530\r\nhome=com.example.home\r\nmWakefulness=Awake\r\n"
            "topResumedActivity=ActivityRecord{5d1e4b3 u10 com.example.app\r\n"
            "ResumedActivity: ActivityRecord{4c1e4b3 u10 com.example.below\r\nKeyguardShowing=false\r\n"
        ),
        AndroidSnapshot(is_on=True, is_locked=False, user=10, package="com.example.app"),
        True,
    ),
    "a screensaver": (
        "sdk=34\nmWakefulness=Dreaming\ntopResumedActivity=ActivityRecord{5d1e4b3 u0 com.example.app\n",
        AndroidSnapshot(is_on=True),
        True,
    ),
    "nothing": ("", AndroidSnapshot(), True),
    "noise": ("user=ten\nsdk=REL\nsh: am: inaccessible or not found\nmWakefulness=\n\x00", AndroidSnapshot(), True),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_of_each_android_version_is_parsed(name: str) -> None:
    text, snapshot, logs_keyguard = ANSWERS[name]
    facts = android_query.parse_phone_state(text)
    assert facts.snapshot == snapshot
    assert facts.logs_keyguard is logs_keyguard
    assert snapshot.user in facts.users


def test_the_phones_zone_and_launcher_are_parsed() -> None:
    facts = android_query.parse_phone_state(ANSWERS["Android 15"][0])
    assert facts.local.utcoffset(None) == timedelta(hours=5, minutes=30)
    assert facts.home == HOME
    assert android_query.parse_phone_state("zone=-0330\n").local.utcoffset(None) == timedelta(hours=-3, minutes=-30)
    assert android_query.parse_phone_state("zone=CET\n").local is UTC


def clock(told: str, *, took: float = 0.1) -> PhoneClock:
    return PhoneClock(told, asked=AT, answered=AT + timedelta(seconds=took))


def test_a_wrong_phone_clock_is_corrected() -> None:
    ahead = timedelta(hours=3, minutes=7)
    its = clock(f"{(AT + ahead).timestamp() + 0.05:.3f}\n")
    assert its.convert_live(AT + ahead + timedelta(seconds=9), AT + timedelta(seconds=9)) == AT + timedelta(seconds=9)
    behind = clock(f"{(AT - ahead).timestamp() + 0.05:.3f}\r\n")
    assert behind.convert(AT - ahead) == AT


def test_a_phone_clock_of_whole_seconds_is_right_within_half_a_second() -> None:
    for told in ("N", "%N", ""):
        its = clock(f"{int(AT.timestamp()) + 60}.{told}\n")
        assert abs(its.convert(AT + timedelta(seconds=60)) - AT) <= timedelta(seconds=0.5)
        assert its.error >= timedelta(seconds=0.5)


def test_the_delay_of_asking_is_not_taken_for_a_clock_difference() -> None:
    assert clock(f"{AT.timestamp() + 0.1:.3f}", took=0.4).convert(AT) == AT


def test_a_phone_without_a_clock_answer_is_taken_to_be_right_and_never_ahead() -> None:
    its = clock("date: bad format\n")
    assert its.convert(AT) == AT
    assert its.convert_live(AT + timedelta(milliseconds=30), AT) == AT


def test_a_phone_clock_that_is_set_meanwhile_is_followed() -> None:
    its = clock(f"{AT.timestamp() + 0.05:.6f}")
    assert its.convert_live(AT + timedelta(seconds=10), AT + timedelta(seconds=10.1)) == AT + timedelta(seconds=10)
    back = its.convert_live(AT - timedelta(hours=1), AT + timedelta(seconds=20))
    assert back == AT + timedelta(seconds=20)
    assert its.convert_live(AT - timedelta(hours=1, seconds=-5), AT + timedelta(seconds=25)) == AT + timedelta(
        seconds=25
    )
    ahead = its.convert_live(AT + timedelta(hours=5), AT + timedelta(seconds=30))
    assert ahead == AT + timedelta(seconds=30)
    assert its.convert_live(AT + timedelta(hours=5, seconds=2), AT + timedelta(seconds=32)) == AT + timedelta(
        seconds=32
    )
