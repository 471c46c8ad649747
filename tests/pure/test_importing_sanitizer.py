"""Which events of ActivityWatch are read, which are named as invalid, and that no title gets any further."""

from __future__ import annotations

import gc
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from detector.core.observations import Activity
from detector.importing.model import MAX_PROBLEMS, ImportReport
from detector.importing.sanitizer import EventSanitizer
from detector.importing.tracks import NOTHING, EventTracks
from detector.sensors.activitywatch_events import BROWSERS, EVENT_TYPES, browser_for, bucket_kind
from tests.rig.activitywatch_history import CANARY_TITLE, CANARY_URL, History, days, event, utc
from tests.rig.importing import BEGAN, NOW, after_seconds, catalogue, sanitize_history

AT = BEGAN.isoformat()


def categories(history: History, kind: str, device: str = "laptop") -> list[Activity]:
    tracks, _ = sanitize_history(history)
    host = next(host for (name, _), host in tracks.hosts.items() if name == device)
    track = next(iter(host.tabs.values())) if kind == "tab" else host.tracks[kind]  # type: ignore[index]
    return [tracks.activities[index] for index in track.activity_index if index != NOTHING]


@pytest.mark.parametrize(
    ("name", "type_", "kind"),
    [
        ("aw-watcher-window_desk", "currentwindow", "focus"),
        ("aw-watcher-window-wayland_desk", "currentwindow", "focus"),
        ("aw-watcher-afk_desk", "afkstatus", "idle"),
        ("aw-watcher-web-firefox", "web.tab.current", "tab"),
        ("aw-watcher-android-test", "currentwindow", "app"),
        ("aw-watcher-android-real_pixel", "currentwindow", "app"),
        ("aw-watcher-android", "", "app"),
        ("aw-watcher-android-unlock", "os.lockscreen.unlocks", "unlock"),
        ("aw-watcher-android-web-chrome", "web.tab.current", None),
        ("aw-watcher-vim_desk", "app.editor.activity", None),
        ("aw-watcher-input_desk", "os.hid.input", None),
    ],
)
def test_the_kind_of_a_bucket_comes_from_its_type_and_of_a_phones_from_its_name(
    name: str, type_: str, kind: str | None
) -> None:
    assert bucket_kind(name, type_) == kind


def test_an_unused_bucket_is_skipped_and_named() -> None:
    history = History()
    history.add("aw-watcher-vim_desk", "app.editor.activity", "desk", event(BEGAN, 5, file="x"))
    tracks, report = sanitize_history(history)
    assert (tracks.hosts, report.skipped_buckets, report.problem_count) == ({}, ["aw-watcher-vim_desk"], 0)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"timestamp": "yesterday", "duration": 1, "data": {"app": "a"}}, "timestamp is not what it should be"),
        ({"duration": 1, "data": {"app": "a"}}, "it is not what an event should be"),
        ({"timestamp": AT, "duration": -1, "data": {"app": "a"}}, "below zero"),
        ({"timestamp": AT, "duration": 32 * 86400, "data": {"app": "a"}}, "longer than a month"),
        ({"timestamp": AT, "duration": "long", "data": {"app": "a"}}, "duration is not"),
        ({"timestamp": AT, "duration": 1, "data": {"app": 7, "title": CANARY_TITLE}}, "data.app is not"),
        ({"timestamp": AT, "duration": 1, "data": [CANARY_TITLE]}, "data is not"),
        ({"timestamp": AT, "duration": 1}, "it is not what an event should be"),
        ({"timestamp": (NOW + timedelta(minutes=11)).isoformat(), "data": {}}, "future"),
        ({"timestamp": "1999-12-31T23:59:59Z", "data": {"app": "a"}}, "before the year 2000"),
        ({"timestamp": "0001-01-01T00:00:00+14:00", "data": {}}, "before the year 2000"),
        ({"timestamp": "9999-12-31T23:59:59-14:00", "data": {}}, "future"),
        (CANARY_TITLE, "it is not what an event should be"),
        (None, "it is not what an event should be"),
    ],
)
def test_an_invalid_event_is_named_by_its_number_and_the_others_are_read(wrong: Any, words: str) -> None:
    history = History()
    good = event(BEGAN, 5, app="firefox", title="x")
    history.front(good, wrong, event(after_seconds(10), 5, app="firefox", title="x"))
    tracks, report = sanitize_history(history)
    (problem,) = report.problems
    assert problem.startswith("aw-watcher-window_desk, event 2: ")
    assert words in problem
    assert CANARY_TITLE not in problem
    assert len(tracks.track("laptop", "desk", "focus")) == 2
    assert (report.counts("laptop").read, report.counts("laptop").invalid) == (3, 1)


def test_of_many_invalid_events_the_first_are_shown_and_all_are_counted() -> None:
    history = History()
    history.afk(*(event(BEGAN, 1, status="asleep") for _ in range(50)))
    _, report = sanitize_history(history)
    assert (len(report.problems), report.problem_count) == (MAX_PROBLEMS, 50)


def test_an_event_without_an_app_and_a_deeply_nested_one_are_invalid() -> None:
    tracks, report = EventTracks(), ImportReport()
    sanitizer = EventSanitizer(catalogue(), tracks, report, phone="phone", now=NOW)
    bucket = sanitizer.accept_bucket("aw-watcher-android-test", "currentwindow", None)
    assert bucket is not None
    sanitizer.add(bucket, 1, msgspec.Raw(json.dumps(event(BEGAN, 1, classname="x")).encode()))
    deep = b'{"timestamp": "2026-11-20T18:00:00Z", "data": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    sanitizer.add(bucket, 2, msgspec.Raw(deep))
    assert report.problems[0] == "aw-watcher-android-test, event 1: it names no app"
    assert report.problem_count == 2


def test_a_time_without_a_zone_is_utc_and_nanoseconds_are_accepted() -> None:
    history = History()
    history.front({"timestamp": "2026-11-20T18:00:00.123456789", "duration": 1, "data": {"app": "a"}})
    tracks, report = sanitize_history(history)
    assert report.problem_count == 0
    assert tracks.track("laptop", "desk", "focus").began[0] % 10_000_000 == 123_457


def test_only_categories_are_kept() -> None:
    history = History()
    history.front(event(BEGAN, 5, app="firefox", title="x • Instagram — Mozilla Firefox"))
    history.apps(event(BEGAN, 5, app="Instagram", package="com.instagram.android"))
    assert categories(history, "focus") == [Activity(category="social")]
    assert categories(history, "app", "phone") == [Activity(category="social")]


@pytest.mark.parametrize("odd", [b'"firefox \xf7"', b'"\xff\xfe"', b'"\xc3("'])
def test_an_event_with_a_stray_byte_is_named_and_the_others_are_read(odd: bytes) -> None:
    tracks, report = EventTracks(), ImportReport()
    sanitizer = EventSanitizer(catalogue(), tracks, report, phone="phone", now=NOW)
    bucket = sanitizer.accept_bucket("aw-watcher-window_desk", "currentwindow", "desk")
    assert bucket is not None
    good = json.dumps(event(BEGAN, 1, app="a")).encode()
    sanitizer.add(bucket, 1, msgspec.Raw(good.replace(b'"a"', odd)))
    sanitizer.add(bucket, 2, msgspec.Raw(good))
    assert report.problems == ["aw-watcher-window_desk, event 1: a character in it is broken"]
    assert len(tracks.track("laptop", "desk", "focus")) == 1


def test_a_program_named_with_exe_is_the_same_program() -> None:
    history = History()
    history.front(event(BEGAN, 5, app="firefox.exe", title="x • Instagram — Mozilla Firefox"))
    assert categories(history, "focus") == [Activity(category="social")]


@pytest.mark.parametrize("browser", [each.word for each in BROWSERS])
def test_a_page_is_classified_in_every_browser_as_its_own_title_would_be(browser: str) -> None:
    history = History()
    history.tabs(event(BEGAN, 5, title="Cats - YouTube", url=""), browser=browser)
    assert categories(history, "tab") == [Activity(category="video")]
    assert browser_for(f"aw-watcher-web-{browser}") == next(each for each in BROWSERS if each.word == browser)


@pytest.mark.parametrize(
    ("url", "category"),
    [
        ("https://www.youtube.com/watch?v=1", "video"),
        ("http://instagram.com", "social"),
        ("https://user:pw@m.facebook.com:443/x", "social"),
        ("https://[::1]:8/", None),
        ("youtube", None),
        ("https://evil.example/?https://www.youtube.com", None),
        ("about:blank", None),
        ("https://.../", None),
    ],
)
def test_a_site_is_recognized_by_its_host_alone(url: str, category: str | None) -> None:
    history = History()
    history.tabs(event(BEGAN, 5, title="", url=url))
    assert [each.category for each in categories(history, "tab")] == ([category] if category else [])


def test_no_title_and_no_url_gets_past_the_sanitizer() -> None:
    history = days(utc(2026, 11, 20), 1)
    tracks, report = sanitize_history(history)
    seen: set[int] = set()
    waiting: list[Any] = [tracks, report]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, str | bytes):
            assert CANARY_TITLE not in str(each)
            assert CANARY_URL not in str(each)
        elif not isinstance(each, type):
            waiting += gc.get_referents(each)
    assert len(seen) > 50


def test_no_title_is_in_the_repr_of_an_event() -> None:
    for shape in EVENT_TYPES.values():
        content = {"title": CANARY_TITLE, "url": CANARY_URL, "app": CANARY_TITLE, "package": "x", "status": "afk"}
        read = msgspec.convert({"timestamp": AT, "duration": 1, "data": content}, shape)
        assert CANARY_TITLE not in repr(read)


def test_duplicate_events_are_kept_once_and_counted() -> None:
    history = History()
    once = event(BEGAN, 5, app="firefox", title="x")
    history.front(
        once, once, event(BEGAN, 9, app="firefox", title="x"), event(after_seconds(20), 5, app="firefox", title="x")
    )
    tracks, report = sanitize_history(history)
    track = tracks.track("laptop", "desk", "focus")
    assert [ended - began for began, ended in zip(track.began, track.ended, strict=True)] == [9_000_000, 5_000_000]
    assert (report.counts("laptop").read, report.counts("laptop").duplicate) == (4, 2)


def test_an_event_split_at_the_edge_of_a_request_is_one_event() -> None:
    tracks, report = EventTracks(), ImportReport()
    sanitizer = EventSanitizer(catalogue(), tracks, report, phone="phone", now=NOW)
    bucket = sanitizer.accept_bucket("aw-watcher-window_desk", "currentwindow", "desk")
    assert bucket is not None
    edge = round(after_seconds(100).timestamp() * 1_000_000)
    sanitizer.add(bucket, 1, msgspec.Raw(json.dumps(event(BEGAN, 100.001, app="a")).encode()))
    sanitizer.add(bucket, 2, msgspec.Raw(json.dumps(event(after_seconds(100), 50, app="a")).encode()), split_at=edge)
    tracks.finish()
    track = tracks.track("laptop", "desk", "focus")
    assert [ended - began for began, ended in zip(track.began, track.ended, strict=True)] == [150_000_000]
    assert (report.counts("laptop").read, track.duplicates) == (1, 0)


def test_unlocks_under_another_host_name_belong_to_the_only_phone() -> None:
    history = History()
    history.apps(event(BEGAN, 5, app="X", package="com.whatsapp"), host="pixel")
    history.unlocks(event(BEGAN, 0), host="unknown")
    tracks, _ = sanitize_history(history)
    assert set(tracks.hosts["phone", "pixel"].tracks) == {"app", "unlock"}
