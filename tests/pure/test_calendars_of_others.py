"""Calendars as other programs really write them: their zones, days, charsets, and recurrences (docs/dev/faults.md, C)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.calendars import zones
from detector.calendars.charset import to_utf8
from detector.calendars.limits import MAX_OWN_ZONES
from detector.calendars.model import ParsedCalendar
from detector.calendars.reading import read_calendar
from detector.partner_time.describe import format_partner_time
from detector.partner_time.occurrences import occurrences
from detector.store.model import EventFilter
from tests.rig.ics import HERE, NOW, calendar, dinner, event, read, why

FRIDAY = datetime(2026, 12, 4, 19)
WEEKLY = "RRULE:FREQ=WEEKLY"


def vtimezone(name: str, winter: str = "+0100", summer: str = "+0200", months: tuple[int, int] = (3, 10)) -> list[str]:
    """Return a VTIMEZONE as Outlook writes it: from 1601, the last Sundays of two months."""
    return [
        "BEGIN:VTIMEZONE",
        "TZID:" + name.strip('"').replace(",", "\\,"),
        "BEGIN:STANDARD",
        "DTSTART:16010101T030000",
        f"TZOFFSETFROM:{summer}",
        f"TZOFFSETTO:{winter}",
        f"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH={months[1]}",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:16010101T020000",
        f"TZOFFSETFROM:{winter}",
        f"TZOFFSETTO:{summer}",
        f"RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH={months[0]}",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
    ]


def in_zone(name: str, *lines: str, head: Iterable[str] = (), behind: bool = False) -> ParsedCalendar:
    """Return a calendar with the Friday dinner in that zone, whose definition stands before or behind it."""
    when = (f"DTSTART;TZID={name}:20261204T190000", f"DTEND;TZID={name}:20261204T210000")
    blocks = [list(head), event(*when, *lines)]
    return read(calendar(*(reversed(blocks) if behind else blocks)))


def starts(reading: ParsedCalendar, days: int = 35, after: datetime = NOW) -> list[str]:
    """Return when all of it takes place, by the clocks of Berlin."""
    assert why(reading) == []
    proposed = [replace(each.partner_time, number=number) for number, each in enumerate(reading.events)]
    found = [one for each in proposed for one in occurrences(each, after, after + timedelta(days=days))]
    return [f"{one.begins.astimezone(ZoneInfo(HERE)):%m-%d %H:%M}" for one in sorted(found, key=lambda one: one.begins)]


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "W. Europe Standard Time 1",
        "Customized Time Zone",
        "Western/Central Europe",
        "Mitteleuropäische Zeit",
        '"tzone://Microsoft/Custom"',
        '"(UTC+01:00) Amsterdam, Berlin"',
        "Europe/Berlin2",
        "1",
    ],
)
def test_a_zone_of_whatever_name_means_what_its_vtimezone_says(name: str, behind: bool) -> None:
    reading = in_zone(name, WEEKLY, head=vtimezone(name), behind=behind)
    assert starts(reading) == ["12-04 19:00", "12-11 19:00", "12-18 19:00", "12-25 19:00"]
    assert [each.partner_time.zone for each in reading.events] == ["Europe/Berlin"]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("w. europe standard time", "Europe/Berlin"),
        ("EASTERN STANDARD TIME", "America/New_York"),
        ("Eastern Standard Time 1", "America/New_York"),
        ("europe/berlin", "Europe/Berlin"),
        ("US-Eastern", "US/Eastern"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("UTC-05", "Etc/GMT+5"),
        ("GMT+0100", "Etc/GMT-1"),
        ("(UTC+01:00)", "Etc/GMT-1"),
        ("+05:30", "Asia/Calcutta"),
        ("UTC+00:00", "UTC"),
    ],
)
def test_a_zone_without_a_definition_is_known_in_any_case_with_a_number_or_as_offset(name: str, zone: str) -> None:
    (found,) = in_zone(f'"{name}"', WEEKLY).events
    assert found.partner_time.zone == zone


def test_of_two_definitions_of_one_zone_the_first_that_can_be_read_counts() -> None:
    broken = [line for line in vtimezone("Ours", "-0500", "-0400") if "TZOFFSETTO" not in line]
    reading = in_zone("Ours", WEEKLY, head=[*broken, *vtimezone("Ours"), *vtimezone("Ours", "+0900", "+1000")])
    assert [each.partner_time.zone for each in reading.events] == ["Europe/Berlin"]


def test_a_known_name_means_what_it_means_everywhere_whatever_the_file_says() -> None:
    reading = in_zone("Europe/Berlin", WEEKLY, head=vtimezone("Europe/Berlin", "-0500", "-0400"))
    assert [each.partner_time.zone for each in reading.events] == ["Europe/Berlin"]


def test_clock_changes_that_no_zone_has_are_taken_as_instants() -> None:
    ours = vtimezone("Ours", "+0100", "+0200", months=(5, 8))
    recurring = "RRULE:FREQ=MONTHLY;UNTIL=20271231T180000Z"
    gone = "EXDATE;TZID=Ours:20270204T190000"
    reading = in_zone("Ours", recurring, gone, "RDATE;TZID=Ours:20270401T200000", head=ours)
    (found,) = reading.events
    assert (found.partner_time.zone, found.partner_time.recurrence) == ("UTC", None)
    # From April to May and from September to October the clocks of Berlin are an hour ahead of theirs.
    assert starts(reading, days=400) == [
        "12-04 19:00",
        "01-04 19:00",
        "03-04 19:00",
        "04-01 21:00",
        "04-04 20:00",
        "05-04 20:00",
        "06-04 19:00",
        "07-04 19:00",
        "08-04 19:00",
        "09-04 20:00",
        "10-04 20:00",
        "11-04 19:00",
        "12-04 19:00",
    ]


def _lines_of(name: str, *lines: str) -> tuple[str, ...]:
    return f"DTSTART;TZID={name}:20261204T190000", f"DTEND;TZID={name}:20261204T210000", *lines


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;INTERVAL=2",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=1,2,3",
        "FREQ=YEARLY;UNTIL=99999999",
        "garbage",
        "FREQ=DAILY",
    ],
)
def test_a_hostile_definition_of_a_zone_is_no_definition(rule: str) -> None:
    hostile = [line if "RRULE" not in line else f"RRULE:{rule}" for line in vtimezone("Bomb")]
    reading = in_zone("Bomb", head=hostile)
    assert (reading.events, why(reading)) == ((), ["there is no zone 'Bomb'"])


def test_no_more_zones_than_the_maximum_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    monkeypatch.setattr(zones, "_same_zone", lambda *values: computed.append(values))
    own = [vtimezone(f"Own {number}") for number in range(MAX_OWN_ZONES + 9)]
    events = [event(*_lines_of(f"Own {number}"), uid=str(number)) for number in range(MAX_OWN_ZONES + 9)]
    reading = read(calendar(*own, *events))
    assert (len(computed), len(reading.problems)) == (MAX_OWN_ZONES, 9)


def test_one_bad_date_costs_that_date_and_not_the_series() -> None:
    bad = (
        "EXDATE;TZID=Nowhere:20261211T190000",
        "EXDATE:never,20261218T180000Z",
        "RDATE;TZID=Mars/Base:20261205T100000",
    )
    reading = in_zone("Europe/Berlin", WEEKLY, *bad)
    assert why(reading) == ["there is no zone 'Mars/Base'; all else of the event counts"]
    (found,) = reading.events
    assert (found.partner_time.excluded, found.is_unsure) == ((datetime(2026, 12, 18, 19),), True)
    good = in_zone("Europe/Berlin", WEEKLY, "EXDATE;TZID=Own:20261211T190000", head=vtimezone("Own"))
    assert starts(good) == ["12-04 19:00", "12-18 19:00", "12-25 19:00"]


@pytest.mark.parametrize(
    ("lines", "unread", "is_unsure"),
    [
        (["RECURRENCE-ID:20261211T180000Z", "DTSTART;TZID=Nowhere:20261211T203000", "DURATION:PT2H"], True, False),
        (["RECURRENCE-ID;TZID=Nowhere:20261211T190000", "DTSTART:20261211T193000Z", "DURATION:PT2H"], False, True),
    ],
)
def test_an_unreadable_instance_is_named_and_what_it_would_change_is_known(
    lines: list[str], unread: bool, is_unsure: bool
) -> None:
    reading = read(calendar(event(*_lines_of("Europe/Berlin", WEEKLY)), event(*lines)))
    assert why(reading) == ["there is no zone 'Nowhere'"]
    (found,) = reading.events
    assert (found.unread, found.is_unsure) == ((datetime(2026, 12, 11, 19),) if unread else (), is_unsure)


LATER = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261211T190000"


def changed(
    *lines: str, rule: str = WEEKLY, summary: str = "Dinner #us", more: Iterable[list[str]] = ()
) -> ParsedCalendar:
    """Return the Friday dinner, changed from 11 December on."""
    return read(calendar(event(*_lines_of("Europe/Berlin", rule)), event(LATER, *lines, summary=summary), *more))


def test_this_and_all_later_ones_are_moved_together() -> None:
    reading = changed("DTSTART;TZID=Europe/Berlin:20261211T200000", "DURATION:PT3H", summary="Supper #us")
    assert starts(reading) == ["12-04 19:00", "12-11 20:00", "12-18 20:00", "12-25 20:00"]
    first, second = (each.partner_time for each in reading.events)
    assert (first.title, second.title, second.lasts) == ("Dinner", "Supper", timedelta(hours=3))
    assert [each.uid for each in reading.events] == ["1", "1 20261211T190000"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("RRULE:FREQ=WEEKLY;BYDAY=FR", ["12-04 19:00", "12-12 20:00", "12-19 20:00", "12-26 20:00"]),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU", ["12-04 19:00", "12-06 19:00", "12-19 20:00", "12-21 20:00"]),
        ("RRULE:FREQ=WEEKLY;COUNT=3", ["12-04 19:00", "12-12 20:00", "12-19 20:00"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261218T180000Z", ["12-04 19:00", "12-12 20:00", "12-19 20:00"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261218", ["12-04 19:00", "12-12 20:00", "12-19 20:00"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=1FR,2FR", ["12-04 19:00", "12-12 20:00"]),
    ],
)
def test_this_and_all_later_ones_are_moved_to_another_day(rule: str, expected: list[str]) -> None:
    assert starts(changed("DTSTART;TZID=Europe/Berlin:20261212T200000", "DURATION:PT2H", rule=rule)) == expected


def test_later_ones_keep_their_own_exceptions_and_may_be_changed_again_or_end() -> None:
    own = event(
        "RECURRENCE-ID;TZID=Europe/Berlin:20261218T190000",
        "DTSTART;TZID=Europe/Berlin:20261219T120000",
        "DURATION:PT1H",
        summary="Lunch #us",
    )
    again = event(LATER.replace("1211", "1225"), "DTSTART;TZID=Europe/Berlin:20261225T170000", "DURATION:PT2H")
    moved = ("DTSTART;TZID=Europe/Berlin:20261211T200000", "DURATION:PT2H")
    reading = changed(*moved, rule=WEEKLY, more=[own, again])
    assert starts(reading, days=50) == [
        "12-04 19:00",
        "12-11 20:00",
        "12-19 12:00",
        "12-25 17:00",
        "01-01 17:00",
        "01-08 17:00",
    ]
    ended = event(LATER.replace("1211", "1225"), "STATUS:CANCELLED", "DTSTART:20261225T180000Z")
    assert starts(changed(*moved, more=[ended]), days=50) == ["12-04 19:00", "12-11 20:00", "12-18 20:00"]
    renamed = event(LATER.replace("1211", "1225"), "DTSTART:20261225T180000Z", "DURATION:PT1H", summary="Dentist")
    assert starts(changed(*moved, more=[renamed]), days=50) == ["12-04 19:00", "12-11 20:00", "12-18 20:00"]


def test_a_change_of_all_later_ones_that_cannot_be_read_leaves_the_whole_event_as_it_was() -> None:
    reading = changed("DTSTART:soon", "DURATION:PT1H")
    assert (reading.events, why(reading)) == ((), ["DTSTART 'soon' is not a date"])


def whole_day(*lines: str) -> ParsedCalendar:
    return read(calendar(event("DTSTART;VALUE=DATE:20261205", *lines)))


@pytest.mark.parametrize(
    "gone",
    [
        "EXDATE;TZID=GMT Standard Time:20261212T000000",
        "EXDATE;TZID=America/New_York:20261212T000000",
        "EXDATE:20261212T000000Z",
        "EXDATE;VALUE=DATE:20261212",
        "EXDATE:20261212T000000",
    ],
)
def test_an_exception_of_whole_days_is_the_day_on_its_own_clock(gone: str) -> None:
    assert starts(whole_day("DURATION:P1D", WEEKLY, gone))[:2] == ["12-05 00:00", "12-19 00:00"]


@pytest.mark.parametrize("until", ["20261219T000000Z", "20261219T000000", "20261219T235959Z", "20261219"])
def test_the_last_of_whole_days_is_the_day_on_its_own_clock(until: str) -> None:
    assert starts(whole_day("DURATION:P1D", f"{WEEKLY};UNTIL={until}")) == ["12-05 00:00", "12-12 00:00", "12-19 00:00"]


def test_a_moved_whole_day_is_named_by_the_day_on_its_own_clock() -> None:
    instance = event("RECURRENCE-ID;TZID=America/New_York:20261212T000000", "DTSTART;VALUE=DATE:20261213")
    reading = read(calendar(event("DTSTART;VALUE=DATE:20261205", WEEKLY), instance))
    assert starts(reading, days=25) == ["12-05 00:00", "12-13 00:00"]


@pytest.mark.parametrize("lines", [["DTEND;VALUE=DATE:20261205"], ["DURATION:PT0S"], ["DURATION:P0D"], []])
def test_a_whole_day_without_a_length_is_one_day(lines: list[str]) -> None:
    (found,) = whole_day(*lines).events
    assert found.partner_time.lasts == timedelta(days=1)


@pytest.mark.parametrize("gone", ["20261211T000000", "20261211T120000", "20261212T190000"])
def test_only_what_is_left_out_is_said_to_be(gone: str) -> None:
    reading = in_zone("Europe/Berlin", WEEKLY, f"EXDATE;TZID=Europe/Berlin:{gone}")
    (found,) = reading.events
    assert "except" not in format_partner_time(found.partner_time, NOW, ZoneInfo(HERE))
    assert "12-11 19:00" in starts(reading)


def test_what_is_still_to_come_is_told_before_what_is_past() -> None:
    past = [event("DTSTART;VALUE=DATE:20190110", "DTEND;VALUE=DATE:20190113", uid=f"p{number}") for number in range(12)]
    over = event("DTSTART:20200110T100000", "RRULE:FREQ=HOURLY;UNTIL=20200111T000000Z", "DURATION:PT1H", uid="over")
    endless = event("DTSTART:20200110T100000", "RRULE:FREQ=HOURLY", "DURATION:PT1H", uid="endless")
    ahead = event(*_lines_of("Nowhere"), uid="ahead")
    problems = read(calendar(*past, over, endless, ahead)).problems
    assert [each.uid for each in problems[:3]] == ["endless", "ahead", "p0"]
    assert [each.until is None or each.until > NOW for each in problems] == [True] * 2 + [False] * 13


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=FR;BYHOUR=19;BYMINUTE=0;BYSECOND=0",
        "FREQ=WEEKLY;BYDAY=FR;X-NAME=foo",
        "RSCALE=GREGORIAN;FREQ=WEEKLY;BYDAY=FR",
        "RSCALE=GREGORIAN;FREQ=WEEKLY;BYDAY=FR;SKIP=OMIT",
        "RSCALE=GREGORIAN;FREQ=WEEKLY;BYDAY=FR;SKIP=FORWARD",
    ],
)
def test_parts_of_a_recurrence_that_change_nothing_are_harmless(rule: str) -> None:
    (found,) = in_zone("Europe/Berlin", f"RRULE:{rule}").events
    assert found.partner_time.recurrence == "FREQ=WEEKLY;BYDAY=FR"


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;BYHOUR=20", "FREQ=WEEKLY;BYHOUR=19,20", "RSCALE=HEBREW;FREQ=YEARLY"])
def test_parts_of_a_recurrence_that_would_change_something_are_named(rule: str) -> None:
    reading = in_zone("Europe/Berlin", f"RRULE:{rule}")
    assert reading.events == ()
    assert len(reading.problems) == 1


def test_a_day_that_a_month_does_not_have_is_skipped_as_the_recurrence_says() -> None:
    def months(rule: str, begins: str = "20261231") -> list[str]:
        lines = (f"DTSTART;TZID=Europe/Berlin:{begins}T190000", "DURATION:PT2H", f"RRULE:{rule}")
        return [each[:5] for each in starts(read(calendar(event(*lines))), days=190)]

    plain = ["12-31", "01-31", "03-31", "05-31"]
    assert months("FREQ=MONTHLY") == months("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT") == plain
    backward = ["12-31", "01-31", "02-28", "03-31", "04-30", "05-31"]
    assert months("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD") == backward
    assert months("RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD") == backward
    leap = months("RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD", begins="20240229")
    assert leap == ["02-28"]
    reading = in_zone("Europe/Berlin", "RRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD")
    assert "SKIP" in why(reading)[0]


def test_two_recurrences_are_their_union_and_no_time_comes_twice() -> None:
    both = ("RRULE:FREQ=WEEKLY;BYDAY=FR", "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,11", "RRULE:FREQ=WEEKLY;BYDAY=FR")
    for rules in (both, reversed(both)):
        reading = in_zone("Europe/Berlin", *rules)
        assert starts(reading, days=41) == [
            "12-04 19:00",
            "12-11 19:00",
            "12-18 19:00",
            "12-25 19:00",
            "01-01 19:00",
        ]
        assert len(reading.events) == 1


def test_an_instance_that_is_older_than_its_series_does_not_bring_back_what_that_leaves_out() -> None:
    gone = "EXDATE;TZID=Europe/Berlin:20261211T190000"
    instance = ("RECURRENCE-ID;TZID=Europe/Berlin:20261211T190000", "DTSTART:20261211T190000Z", "DURATION:PT2H")

    def both(series: int, of_instance: int) -> list[str]:
        master = event(*_lines_of("Europe/Berlin", WEEKLY, gone, f"SEQUENCE:{series}"))
        return starts(read(calendar(master, event(*instance, f"SEQUENCE:{of_instance}"))))

    assert both(2, 1) == ["12-04 19:00", "12-18 19:00", "12-25 19:00"]
    assert both(1, 1) == both(1, 2) == ["12-04 19:00", "12-11 20:00", "12-18 19:00", "12-25 19:00"]
    # The series was moved to another hour since: it has no such start any more.
    later = event(*(line.replace("T19", "T18") for line in _lines_of("Europe/Berlin", WEEKLY, "SEQUENCE:3")))
    assert starts(read(calendar(later, event(*instance)))) == [
        "12-04 18:00",
        "12-11 18:00",
        "12-18 18:00",
        "12-25 18:00",
    ]


def test_a_message_that_cancels_names_what_it_cancels_and_proposes_nothing() -> None:
    whole = read(calendar(event(*_lines_of("Europe/Berlin", WEEKLY)), head=["METHOD:CANCEL"]))
    assert (whole.events, dict(whole.cancelled), why(whole)) == ((), {"1": ()}, [])
    instance = event("RECURRENCE-ID:20261211T180000Z", "DTSTART:20261211T180000Z", summary="Cancelled: Dinner")
    one = read(calendar(instance, head=["METHOD:cancel"]))
    assert [each.local for each in one.cancelled["1"]] == [datetime(2026, 12, 11, 18)]
    request = read(calendar(event(*_lines_of("Europe/Berlin", WEEKLY)), head=["METHOD:REQUEST"]))
    assert (len(request.events), dict(request.cancelled)) == (1, {})


TEXT = "BEGIN:VCALENDAR\r\nSUMMARY:Dîner à deux\r\nSUMMARY:Frühstück für zwei\r\nEND:VCALENDAR"


@pytest.mark.parametrize(
    ("charset", "declared", "mark"),
    [
        ("utf-8", None, b""),
        ("utf-8", None, b"\xef\xbb\xbf"),
        ("utf-8", "iso-8859-1", b""),
        ("utf-8", "no-such-charset", b""),
        ("latin-1", None, b""),
        ("latin-1", "ISO-8859-1", b""),
        ("latin-1", "utf-8", b""),
        ("latin-1", "punycode", b""),
        ("cp437", '"cp437"', b""),
        ("utf-16-le", None, b"\xff\xfe"),
        ("utf-16-be", None, b"\xfe\xff"),
        ("utf-16-le", "utf-8", b"\xff\xfe"),
        ("utf-16-le", None, b""),
        ("utf-16-be", None, b""),
        ("utf-16-le", "utf-16-le", b""),
        ("utf-32-le", None, b"\xff\xfe\0\0"),
    ],
)
def test_a_charset_is_taken_from_its_mark_or_its_server_or_is_guessed(
    charset: str, declared: str | None, mark: bytes
) -> None:
    assert to_utf8(mark + TEXT.encode(charset), declared).decode() == TEXT


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("cp1251", "Ужин вдвоём, каждый четверг"),
        ("koi8-r", "Ужин вдвоём, каждый четверг"),
        ("shift_jis", "二人の夕食"),
        ("cp1250", "Wspólna kolacja, żółć"),
        ("latin-1", "Cena às sextas, não é?"),
    ],
)
def test_a_charset_is_guessed_from_few_words(charset: str, text: str) -> None:
    assert to_utf8(f"BEGIN:VCALENDAR\r\nSUMMARY:{text}\r\n".encode(charset)).decode().split(":")[-1].strip() == text


def test_a_charset_of_seven_bits_is_taken_from_the_server() -> None:
    assert to_utf8("SUMMARY:二人の夕食".encode("iso-2022-jp"), "ISO-2022-JP").decode() == "SUMMARY:二人の夕食"


def test_one_broken_byte_does_not_change_the_charset_of_all_others() -> None:
    copy = calendar(dinner(summary="Dîner à deux #us"), dinner(uid="2", summary="Tea #us"))
    broken = copy.replace(b"Tea #us", b"Tea \xff #us")
    assert [each.partner_time.title for each in read(broken).events] == ["Dîner à deux", "Tea �"]


def test_a_calendar_in_another_charset_is_read() -> None:
    for copy in (
        calendar(dinner(summary="Dîner #us")).decode().encode("latin-1"),
        b"\xff\xfe" + calendar(dinner(summary="Dîner #us")).decode().encode("utf-16-le"),
    ):
        assert [each.partner_time.title for each in read(copy).events] == ["Dîner"]


def test_the_same_calendar_a_year_later_proposes_the_same() -> None:
    """What is dated, one by one, is computed for whole decades: nobody is asked each time that a calendar is read."""
    ours = vtimezone("Ours", months=(5, 8))
    copy = calendar(
        ours,
        event(*_lines_of("Ours", "RRULE:FREQ=DAILY"), uid="1"),
        event(*_lines_of("Europe/Berlin", WEEKLY, "RRULE:FREQ=MONTHLY;BYMONTHDAY=1"), uid="2"),
    )
    one, other = (
        read_calendar(copy, choice=EventFilter(), zone=HERE, now=now, monotonic=lambda: 0.0)
        for now in (NOW, datetime(2028, 2, 1, tzinfo=UTC))
    )
    assert one.events == other.events
    assert len(one.events) == 2
