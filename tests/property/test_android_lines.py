"""Android's event log, torn anywhere and mixed with anything, says the same; and never says what it must not."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detector.core.observations import Focused, LaidDown, LitUp, PickedUp
from detector.sensors import android_query, android_usagestats
from detector.sensors.adb_client import NoAdbServer, TextSplitter, parse_devices
from detector.sensors.android_events import TAGS, AndroidEvent, AppResumed, LineSplitter, parse_line
from detector.sensors.android_query import PhoneClock
from detector.sensors.android_state import AndroidSnapshot, AndroidState
from detector.sensors.model import AppFocused

AT = datetime(2026, 11, 23, 19, tzinfo=UTC)
PACKAGES = st.sampled_from(["com.instagram.android", "com.whatsapp", "com.miui.home", "com.android.systemui", "a.b"])
HEADS = st.builds(
    "{}17652990{:02d}.{:03d} {} {}  5443 I ".format,
    st.sampled_from(["", " ", "  "]),
    st.integers(10, 99),
    st.integers(0, 999),
    st.sampled_from(["", " 1000", "system", "u0_a12"]),
    st.integers(1, 32768),
)
SAID = st.one_of(
    st.builds(
        "{}: [{},{}/.X,r]".format, st.sampled_from([TAGS[0], TAGS[1]]), st.sampled_from([0, 0, 0, 10, 150]), PACKAGES
    ),
    st.builds("screen_toggled: {}".format, st.sampled_from(["0", "1", "2", "[0]", "[1]"])),
    st.builds("power_screen_state: [{},2,0,0,9]".format, st.integers(0, 1)),
    st.builds("wm_set_keyguard_shown: [0,{},0,0,0,x]".format, st.integers(0, 1)),
    st.builds("wm_set_keyguard_shown: [{},0,0,x]".format, st.integers(0, 1)),
)
GOOD = st.builds("{}{}".format, HEADS, SAID)
NOISE = st.one_of(
    st.text(st.characters(blacklist_characters="\r\n"), max_size=60),
    st.just("--------- beginning of events"),
    st.builds("{}am_kill: [0,1,com.example,2,why]".format, HEADS),
    st.builds(lambda line, cut: line[:cut], GOOD, st.integers(0, 40)),
)
ENDS = st.sampled_from(["\n", "\r\n"])


def read_all(pieces: list[bytes]) -> list[AndroidEvent]:
    lines = LineSplitter()
    return [event for piece in pieces for line in lines.feed(piece) if (event := parse_line(line)) is not None]


@given(st.lists(st.tuples(GOOD, ENDS), max_size=12), st.lists(st.integers(0, 2000), max_size=20))
def test_lines_torn_at_any_byte_are_parsed_the_same(lines: list[tuple[str, str]], cuts: list[int]) -> None:
    whole = "".join(line + end for line, end in lines).encode()
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    torn = [whole[start:end] for start, end in itertools.pairwise(places)]
    said = read_all(torn)
    assert said == read_all([bytes([byte]) for byte in whole])
    # Every line of the shapes that are known says something.
    assert len(said) == len(lines)


@given(st.lists(st.tuples(GOOD, NOISE, ENDS), max_size=10))
def test_noise_between_lines_changes_nothing(lines: list[tuple[str, str, str]]) -> None:
    alone = read_all(["".join(f"{good}\n" for good, _, _ in lines).encode()])
    mixed = read_all(["".join(f"{noise}{end}{good}{end}" for good, noise, end in lines).encode()])
    assert mixed == alone


@given(st.lists(st.binary(max_size=400), max_size=20))
@example([b"\xff\xfe\x00", b"\n\n\r\r\n", b"1" * 9000])
def test_bytes_of_any_kind_break_nothing(pieces: list[bytes]) -> None:
    assert read_all(pieces) == []


@given(st.text(max_size=300))
@example("1765299049. 1 1 I screen_toggled: 1")
@example("99999999999.999 1 1 I wm_set_keyguard_shown: [" + "9" * 4000 + ",1]")
def test_texts_of_any_kind_break_no_parser(text: str) -> None:
    parse_line(text)
    android_usagestats.parse_dump(f"Last 24 hour events\n{text}\n", users={0}, local=UTC)
    android_usagestats.parse_zone(text)
    android_query.parse_phone_state(text)
    parse_devices(text)
    clock = PhoneClock(text, asked=AT, answered=AT)
    for event in android_usagestats.parse_dump(f"Last 24 hour events\n{text}\n", users={0}, local=UTC):
        clock.convert(event.at)


@pytest.mark.parametrize("seconds", ["1" * 20, "9" * 20, "9" * 5000, "0" * 5000, "9999999999", "100000000"])
@pytest.mark.parametrize("year", ["0001", "1970", "2285", "9999"])
def test_a_clock_of_any_length_and_a_day_of_any_year_overflow_nothing(seconds: str, year: str) -> None:
    clock = PhoneClock(f"{seconds}.5", asked=AT, answered=AT)
    assert (clock.convert(AT) == AT) == (len(seconds) > 10), "what is no clock changes nothing"
    line = f'time="{year}-01-01 00:00:00" type=KEYGUARD_SHOWN package=android'
    for event in android_usagestats.parse_dump(f"Last 24 hour events\n{line}\n", users={0}, local=UTC):
        clock.convert(event.at)
        clock.convert_live(event.at, AT)


@pytest.mark.parametrize("number", ["9" * 20, "9" * 5000])
def test_a_user_of_any_number_of_digits_breaks_no_parser(number: str) -> None:
    front = f"topResumedActivity=ActivityRecord{{1 u{number} com.example.app"
    state = android_query.parse_phone_state(f"user={number}\nsdk={number}\n{front}\nUserInfo{{{number}\n:{number}}}\n")
    assert state == android_query.parse_phone_state("")
    assert android_usagestats.parse_dump(f"user={number}\n Last 24 hour events\n", users={0}, local=UTC) == []
    assert parse_line(f"1765299049.274  1  1 I wm_set_resumed_activity: [{number},a.b/.X,r]") is None


@given(
    st.text(alphabet="0123456789-: ", min_size=19, max_size=19),
    st.text(alphabet="٠١٢٣٤٥٦٧٨٩०१२३४५६७८९", min_size=14, max_size=14),
)
def test_times_of_any_kind_break_no_parser(time: str, digits: str) -> None:
    local = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]} {digits[8:10]}:{digits[10:12]}:{digits[12:]}"
    for told in (time, local):
        line = f'time="{told}" type=KEYGUARD_SHOWN package=android'
        android_usagestats.parse_dump(f"Last 24 hour events\n{line}\n", users={0}, local=UTC)


@given(st.sampled_from([b"-142", b"+142", b"0x1f", b"1_00", b" 142", b"\xef\xbc\x911"]), st.binary(max_size=400))
def test_a_length_is_four_hexadecimal_digits_and_nothing_else(length: bytes, rest: bytes) -> None:
    with pytest.raises(NoAdbServer):
        TextSplitter().feed(length + rest)


@given(st.lists(st.binary(min_size=1, max_size=1 << 13), max_size=30))
@example([b"ffff", *[b"x" * 9000] * 20])
def test_what_waits_for_the_rest_of_a_text_is_bounded(pieces: list[bytes]) -> None:
    lists = TextSplitter()
    with suppress(NoAdbServer):
        for piece in pieces:
            lists.feed(piece)
            assert len(lists._buffered) < 4 + (1 << 16)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_any_tracker_output_yields_lists_or_no_adb_server(said: bytes, cuts: list[int]) -> None:
    counted = b"%04x" % len(said) + said + b"0000"
    places = [0, *sorted(min(cut, len(counted)) for cut in cuts), len(counted)]
    lists = TextSplitter()
    got = [text for start, end in itertools.pairwise(places) for text in lists.feed(counted[start:end])]
    assert got == [said.decode(errors="replace"), ""]
    try:
        TextSplitter().feed(said)
    except NoAdbServer:
        assert not re.fullmatch(rb"[0-9a-fA-F]{4}.*", said, re.DOTALL)


@given(st.lists(GOOD, max_size=40), st.booleans(), st.sampled_from([None, True, False]), st.sampled_from([None, True]))
def test_nothing_is_yielded_twice_and_no_app_unless_the_phone_is_in_use(
    lines: list[str], logs_keyguard: bool, on: bool | None, locked: bool | None
) -> None:
    state = AndroidState("my phone", logs_keyguard=logs_keyguard)
    said = state.start(AndroidSnapshot(is_on=on, is_locked=locked), AT)
    in_use: bool | None = None
    front: str | None = "nothing yet"
    lit = False
    events = [event for line in lines if (event := parse_line(line)) is not None]
    steps = [(None, said), *((event, state.update(event, AT + timedelta(seconds=n))) for n, event in enumerate(events))]
    for event, sayings in steps:
        for saying in sayings:
            match saying:
                case PickedUp():
                    assert in_use is not True
                    in_use, front = True, "nothing yet"
                case LaidDown():
                    assert lit or in_use is not False
                    lit = False
                    in_use, front = False, "nothing yet"
                case AppFocused(app=app):
                    assert app not in {"com.miui.home", "com.android.systemui"}
                    assert in_use is not False
                    assert front != app
                    assert not saying.opened or isinstance(event, AppResumed)
                    in_use, front = True, app
                case Focused():
                    assert front is not None
                    front = None
                    in_use = True
                case LitUp():
                    assert in_use is not True
                    lit = True
        if isinstance(event, AppResumed) and event.user != 0:
            assert not any(isinstance(saying, AppFocused | PickedUp) for saying in sayings)
