"""What is known of a device from ActivityWatch's events, and above all what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from detector.core.observations import (
    CameBack,
    Focused,
    Gap,
    GapReason,
    LaidDown,
    Observation,
    PickedUp,
    SensorStarted,
    WentIdle,
)
from detector.importing.timeline import from_microseconds, known_length, known_states, observations, to_microseconds
from detector.importing.tracks import EventTracks, SourceHost
from tests.rig.activitywatch_history import History, event
from tests.rig.importing import BEGAN, after_seconds, only_host, sanitize_history

HOUR = 3600
INSTAGRAM = "x • Instagram — Mozilla Firefox"
PLAIN = "x — Mozilla Firefox"


def seen(history: History, device: str = "laptop", lasts: float = HOUR) -> list[Observation]:
    host, tracks = only_host(history, device)
    begins, ends = to_microseconds(BEGAN), to_microseconds(after_seconds(lasts))
    return list(observations(host, known_states(host, begins, ends), begins, ends, tracks.activities))


def told(history: History, device: str = "laptop", lasts: float = HOUR) -> list[tuple[float, str]]:
    """Return seconds and what was said then: a category, or the kind of observation."""
    found = []
    for each in seen(history, device, lasts):
        if isinstance(each, Focused):
            what = each.activity.category if each.activity else "nothing"
        else:
            what = type(each).__name__
        found.append(((each.at - BEGAN).total_seconds(), what))
    return found


def front(*rows: tuple[float, float, str]) -> History:
    history = History()
    history.front(*(event(after_seconds(at), lasted, app="firefox", title=title) for at, lasted, title in rows))
    return history


def there(history: History, *rows: tuple[float, float, str]) -> History:
    history.afk(*(event(after_seconds(at), lasted, status=status) for at, lasted, status in rows))
    return history


def apps(*rows: tuple[float, float, str]) -> History:
    history = History()
    history.apps(*(event(after_seconds(at), lasted, app="X", package=package) for at, lasted, package in rows))
    return history


HOME_SCREEN = "com.google.android.apps.nexuslauncher"
GRAM, CHAT, CLOCK = "com.instagram.android", "com.whatsapp", "com.google.android.deskclock"


def test_the_activity_in_front_at_the_start_is_known_from_the_start() -> None:
    assert told(front((-100, 200, INSTAGRAM))) == [
        (0, "SensorStarted"),
        (0, "social"),
        (100, "Gap"),
    ]


def test_a_missed_poll_is_bridged_and_a_longer_hole_is_a_gap_from_the_last_event() -> None:
    history = front((0, 100, INSTAGRAM), (115, 100, PLAIN), (230.001, 5, PLAIN))
    assert told(history) == [
        (0, "SensorStarted"),
        (0, "social"),
        (115, "unknown"),
        (215, "Gap"),
        (230.001, "SensorStarted"),
        (230.001, "unknown"),
        (235.001, "Gap"),
    ]
    gap = next(each for each in seen(history) if isinstance(each, Gap))
    assert (gap.since, gap.at, gap.reason, gap.sense) == (
        after_seconds(215),
        after_seconds(215),
        GapReason.SILENT,
        "focus",
    )


def test_nobody_is_there_while_the_lock_screen_is_in_front() -> None:
    history = front((0, 100, INSTAGRAM), (200, 100, INSTAGRAM))
    history.front(event(after_seconds(100), 100, app="LockApp.exe", title="Windows Default Lock Screen"))
    assert (100, "nothing") in told(history)


def test_outside_the_span_nothing_is_observed() -> None:
    history = front((-50, 10, INSTAGRAM), (HOUR, 100, INSTAGRAM))
    assert told(history) == []
    assert told(front((HOUR - 1, 100, INSTAGRAM))) == [(HOUR - 1, "SensorStarted"), (HOUR - 1, "social")]


def test_an_event_without_a_length_is_closed_by_the_next() -> None:
    assert told(front((0, 0, INSTAGRAM), (599, 10, PLAIN)))[:3] == [
        (0, "SensorStarted"),
        (0, "social"),
        (599, "unknown"),
    ]
    assert told(apps((0, 0, GRAM), (600, 10, CHAT)), "phone") == [
        (0, "SensorStarted"),
        (0, "social"),
        (600, "messaging"),
        (610, "Gap"),
    ]


def test_an_event_without_a_length_and_without_a_next_one_in_time_is_unknown_from_the_start() -> None:
    assert told(apps((0, 0, GRAM), (601, 10, CHAT)), "phone") == [
        (601, "SensorStarted"),
        (601, "messaging"),
        (611, "Gap"),
    ]
    assert told(front((0, 0, INSTAGRAM), (601, 10, PLAIN)))[0] == (601, "SensorStarted")
    assert told(front((0, 0, INSTAGRAM))) == []


def test_a_use_before_a_gap_is_no_evidence() -> None:
    assert told(apps((0, 20, GRAM), (20, 0, CHAT), (1000, 5, GRAM)), "phone") == [
        (0, "SensorStarted"),
        (0, "social"),
        (20, "Gap"),
        (1000, "SensorStarted"),
        (1000, "social"),
        (1005, "Gap"),
    ]


def test_a_silent_phone_is_laid_down_if_it_reports_again_within_half_a_day() -> None:
    twelve = 12 * HOUR
    assert told(apps((-100, 50, GRAM), (twelve - 50, 5, GRAM)), "phone") == [(0, "SensorStarted"), (0, "LaidDown")]
    assert told(apps((-100, 50, GRAM), (twelve - 49, 5, GRAM)), "phone") == []


PERMISSION, PICKER = "com.google.android.permissioncontroller", "com.android.intentresolver"


def test_a_dialog_of_the_system_lies_over_a_use_and_does_not_end_it() -> None:
    over = apps((0, 30, CHAT), (30.01, 2, PERMISSION), (32.02, 3, PICKER), (35.03, 20, CHAT), (500, 5, GRAM))
    assert told(over, "phone")[:4] == [(0, "SensorStarted"), (0, "messaging"), (55.03, "LaidDown"), (500, "social")]
    # Over the launcher, a dialog is no use.
    alone = apps((0, 30, HOME_SCREEN), (30, 20, PERMISSION), (50, 5, HOME_SCREEN), (500, 5, GRAM))
    assert told(alone, "phone")[:3] == [(0, "SensorStarted"), (0, "LaidDown"), (500, "social")]


def test_pieces_of_one_app_with_less_than_a_second_between_them_are_one_use() -> None:
    pieces = apps(*((at, 9.98, GRAM) for at in range(0, 600, 10)), (900, 5, CHAT))
    assert told(pieces, "phone")[:3] == [(0, "SensorStarted"), (0, "social"), (599.98, "LaidDown")]
    apart = apps((0, 10, GRAM), (11, 10, GRAM), (900, 5, CHAT))
    assert told(apart, "phone")[1:5] == [(0, "social"), (10, "LaidDown"), (11, "social"), (21, "LaidDown")]


def test_a_later_event_ends_the_one_before_it() -> None:
    assert told(front((0, 1000, INSTAGRAM), (60, 100, PLAIN))) == [
        (0, "SensorStarted"),
        (0, "social"),
        (60, "unknown"),
        (160, "Gap"),
    ]


def test_afk_is_idle_and_not_afk_is_not() -> None:
    history = there(front((0, 3000, INSTAGRAM)), (0, 60, "not-afk"), (60, 240, "afk"), (300, 3000, "not-afk"))
    found = seen(history)
    assert [(type(each), each.at) for each in found if isinstance(each, WentIdle | CameBack)] == [
        (WentIdle, after_seconds(60)),
        (CameBack, after_seconds(300)),
    ]
    assert next(each.since for each in found if isinstance(each, WentIdle)) == after_seconds(60)
    assert {each.sense for each in found if isinstance(each, SensorStarted)} == {"focus", "idle"}


def test_without_events_of_the_afk_watcher_nothing_is_known() -> None:
    history = there(front((0, 3000, INSTAGRAM)), (0, 60, "not-afk"), (361, 100, "not-afk"))
    assert [row for row in told(history) if row[1] in {"Gap", "social"}] == [
        (0, "social"),
        (60, "Gap"),
        (361, "social"),
        (461, "Gap"),
    ]
    bridged = there(front((0, 3000, INSTAGRAM)), (0, 60, "not-afk"), (360, 100, "not-afk"))
    assert [row for row in told(bridged) if row[1] == "Gap"] == [(460, "Gap")]


@pytest.mark.parametrize(
    ("hole", "status", "is_known"),
    [(300, "not-afk", True), (301, "not-afk", False), (2000, "afk", True)],
)
def test_a_hole_is_known_during_afk_or_briefly_as_an_empty_desktop(hole: float, status: str, is_known: bool) -> None:
    history = there(front((0, 100, INSTAGRAM), (100 + hole, 1000, PLAIN)), (0, 3500, status))
    gaps = [row for row in told(history) if row == (100, "Gap")]
    assert bool(gaps) is not is_known
    if is_known:
        assert (100, "nothing") in told(history)


def test_the_open_tab_classifies_the_browser() -> None:
    history = front((0, 100, PLAIN), (100, 100, INSTAGRAM), (200, 100, PLAIN))
    history.tabs(event(after_seconds(50), 250, title="Cats - YouTube", url="https://www.youtube.com/watch"))
    assert told(history) == [
        (0, "SensorStarted"),
        (0, "unknown"),
        (50, "video"),
        (100, "social"),
        (200, "video"),
        (300, "Gap"),
    ]


def test_a_tab_counts_only_while_its_own_browser_is_in_front() -> None:
    history = front((0, 100, PLAIN))
    history.front(event(after_seconds(100), 100, app="org.gnome.Maps", title="x"))
    history.tabs(event(after_seconds(0), 300, title="Cats - YouTube", url=""), browser="chrome")
    assert "video" not in {what for _, what in told(history)}


@pytest.mark.parametrize(
    ("app", "bucket"),
    [
        ("firefox", "firefox"),
        ("msedge.exe", "chrome"),
        ("vivaldi-stable", "chrome"),
        ("Microsoft Edge", "edge"),
        ("zen", "firefox"),
        ("firefox", ""),
    ],
)
def test_tabs_belong_to_the_toplevels_of_their_browser_although_their_host_is_unknown(app: str, bucket: str) -> None:
    history = History()
    history.front(event(after_seconds(0), 200, app=app, title="no brand"))
    history.front(event(after_seconds(0), 200, app="org.gnome.Maps", title="x"), host="other")
    name = f"aw-watcher-web-{bucket}" if bucket else "web"
    history.add(name, "web.tab.current", "unknown", event(after_seconds(0), 200, title="Cats - YouTube", url=""))
    host, tracks = laptop_tracks(history)
    assert activities_in_front(host, tracks) == ["video"]


def test_tabs_of_chrome_belong_to_chrome_if_it_runs_or_the_other_browser_has_its_own() -> None:
    history = History()
    history.front(
        event(after_seconds(0), 100, app="google-chrome", title="x"),
        event(after_seconds(100), 100, app="microsoft-edge", title="x"),
    )
    cats = event(after_seconds(0), 200, title="Cats - YouTube", url="")
    history.add("aw-watcher-web-chrome", "web.tab.current", "unknown", cats)
    assert activities_in_front(*laptop_tracks(history)) == ["video", "unknown"]
    own = History()
    own.front(event(after_seconds(0), 200, app="microsoft-edge", title="x"))
    own.add("aw-watcher-web-chrome", "web.tab.current", "unknown", cats)
    page = event(after_seconds(0), 200, title="x • Instagram", url="")
    own.add("aw-watcher-web-edge_my-chromebook", "web.tab.current", "desk", page)
    assert activities_in_front(*laptop_tracks(own)) == ["social"]


def test_two_browsers_that_run_at_once_each_keep_their_own_tab() -> None:
    history = History()
    history.front(
        event(after_seconds(0), 100, app="firefox", title="x"),
        event(after_seconds(100), 100, app="google-chrome", title="x"),
        event(after_seconds(200), 100, app="firefox", title="x"),
    )
    for browser, at, title in (("firefox", 0, "Cats - YouTube"), ("chrome", 5, "x • Instagram")):
        history.add(
            f"aw-watcher-web-{browser}",
            "web.tab.current",
            "unknown",
            *(event(after_seconds(at + minute), 60, title=title, url="") for minute in range(0, 300, 60)),
        )
    assert activities_in_front(*laptop_tracks(history)) == ["video", "social", "video"]


def laptop_tracks(history: History) -> tuple[SourceHost, EventTracks]:
    tracks, _ = sanitize_history(history)
    return tracks.hosts["laptop", "desk"], tracks


def activities_in_front(host: SourceHost, tracks: EventTracks) -> list[str]:
    states = known_states(host, to_microseconds(BEGAN), to_microseconds(after_seconds(HOUR)))
    return [tracks.activities[each.activity_index].category for each in states if each.activity_index >= 0]


def test_an_old_tab_no_longer_counts() -> None:
    history = front((0, 1000, PLAIN))
    history.tabs(
        event(after_seconds(0), 10, title="Cats - YouTube"), event(after_seconds(140), 10, title="Cats - YouTube")
    )
    assert (10, "unknown") in told(history)
    near = front((0, 1000, PLAIN))
    near.tabs(
        event(after_seconds(0), 10, title="Cats - YouTube"), event(after_seconds(130), 10, title="Cats - YouTube")
    )
    assert [row for row in told(near) if row[1] == "unknown"] == [(140, "unknown")]


def test_the_url_of_a_tab_is_used_when_its_title_is_unknown() -> None:
    history = front((0, 100, PLAIN))
    history.tabs(event(after_seconds(0), 100, title="…", url="https://www.instagram.com/p/1"))
    assert (0, "social") in told(history)


def test_an_unlock_is_a_pick_up_only_while_the_phone_is_known() -> None:
    history = apps((10, 50, GRAM), (100, 5, CLOCK))
    history.unlocks(*(event(after_seconds(at), 0) for at in (5, 30, 99, 2000)))
    assert [row for row in told(history, "phone") if row[1] == "PickedUp"] == [(30, "PickedUp"), (99, "PickedUp")]
    assert not any(each.blind for each in seen(history, "phone") if isinstance(each, PickedUp))
    assert any(isinstance(each, LaidDown) for each in seen(history, "phone"))


def test_instants_never_decrease_and_lie_within() -> None:
    history = apps((-5, 50, GRAM), (100, 0, CLOCK), (100, 7, CHAT), (3599, 50, GRAM))
    history.unlocks(*(event(after_seconds(at), 0) for at in (0, 100, 100, 3599.5)))
    instants = [each.at for each in seen(history, "phone")]
    assert instants == sorted(instants)
    assert min(instants) >= BEGAN
    assert max(instants) < after_seconds(HOUR)


def test_known_length_is_counted() -> None:
    host, _ = only_host(front((0, 100, INSTAGRAM), (1000, 50, PLAIN)))
    begins, ends = to_microseconds(BEGAN), to_microseconds(after_seconds(HOUR))
    assert known_length(known_states(host, begins, ends), ends) == 150_000_000
    assert from_microseconds(ends) - BEGAN == timedelta(hours=1)
