"""Reading a calendar: which events count, and which partner time each means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from detector.calendars.values import clean_title, has_tag, without_tag
from detector.errors import UserError
from detector.partner_time.model import Moved, PartnerTime
from detector.store.model import EventFilter
from tests.rig.ics import calendar, dinner, event, read, why

BEGINS = datetime(2026, 11, 24, 18, 30)
LASTS = timedelta(minutes=90)
WEEKLY = "RRULE:FREQ=WEEKLY;BYDAY=TU"
AT = "RECURRENCE-ID;TZID=Europe/Berlin:20261201T183000"


def only(*lines: str) -> PartnerTime:
    """Return the partner time of the dinner with these lines beside it."""
    reading = read(calendar(dinner(*lines)))
    assert why(reading) == []
    (found,) = reading.events
    return found.partner_time


def timed(*lines: str) -> PartnerTime:
    """Return the partner time of an event of these lines alone."""
    reading = read(calendar(event(*lines)))
    assert why(reading) == []
    (found,) = reading.events
    return found.partner_time


def refused(*lines: str) -> str:
    reading = read(calendar(event(*lines)))
    assert reading.events == ()
    (wrong,) = reading.problems
    assert wrong.what == "Dinner"
    return wrong.why


def test_an_event_becomes_partner_time_without_its_tag() -> None:
    expected = PartnerTime(title="Dinner", begins=BEGINS, lasts=LASTS, zone="Europe/Berlin", as_rfc=True)
    assert only() == expected


@pytest.mark.parametrize(
    ("title", "counts"),
    [
        ("Dinner #us", True),
        ("#US dinner", True),
        ("(#us)", True),
        ("Dinner #us, at home", True),
        ("#us", True),
        ("Dinner\\n#us", True),
        ("#usa trip", False),
        ("Dinner us", False),
        ("status#us", False),
        ("##us", False),
        ("", False),
        ("#us_", False),
    ],
)
def test_the_tag_is_matched_as_a_word_in_any_case(title: str, counts: bool) -> None:
    reading = read(calendar(dinner(summary=title)))
    assert (len(reading.events), reading.event_count, reading.chosen_count) == (int(counts), 1, int(counts))


def test_a_category_chooses_where_a_title_does_not() -> None:
    here, there = (
        dinner("CATEGORIES:Home,Us\\, two", uid="1", summary="A"),
        dinner("CATEGORIES:Us", uid="2", summary="B"),
    )
    copy = calendar(here, there, dinner(uid="3", summary="C us"))
    assert [each.partner_time.title for each in read(copy, EventFilter(tag=None, category="us")).events] == ["B"]
    assert [each.partner_time.title for each in read(copy, EventFilter(tag=None, category="US, TWO")).events] == ["A"]
    everything = read(copy, EventFilter(tag=None, everything=True))
    assert [each.partner_time.title for each in everything.events] == ["A", "B", "C us"]


def test_the_tag_is_removed_from_titles_with_every_filter() -> None:
    for choice in (EventFilter(tag=None, everything=True), EventFilter(tag=None, category="home")):
        (found,) = read(calendar(dinner("CATEGORIES:Home")), choice).events
        assert found.partner_time.title == "Dinner"


def test_nothing_of_an_event_that_does_not_count_is_kept() -> None:
    copy = calendar(dinner(uid="canary-uid", summary="Canary dentist"), event("DTSTART:nonsense", summary="Canary"))
    reading = read(copy)
    assert (reading.events, reading.problems, reading.event_count) == ((), (), 2)
    assert "anary" not in repr(reading)


def test_of_a_chosen_event_only_title_and_times_are_kept() -> None:
    private = ["DESCRIPTION:canary", "LOCATION:canary", "ATTENDEE;CN=canary:mailto:canary@x", "X-OTHER:canary"]
    alarm = ["BEGIN:VALARM", "SUMMARY:canary", "DTSTART:20200101T000000Z", "END:VALARM"]
    assert "canary" not in repr(read(calendar(dinner(*private, *alarm))))
    assert only(*private, *alarm) == only()


@pytest.mark.parametrize(
    ("start", "zone", "floats", "begins"),
    [
        ("DTSTART;TZID=Europe/Berlin:20261124T183000", "Europe/Berlin", False, BEGINS),
        ('DTSTART;TZID="Europe/Berlin":20261124T183000', "Europe/Berlin", False, BEGINS),
        ("DTSTART;TZID=W. Europe Standard Time:20261124T183000", "Europe/Berlin", False, BEGINS),
        ("DTSTART;TZID=/freeassociation.sourceforge.net/Asia/Tokyo:20261124T183000", "Asia/Tokyo", False, BEGINS),
        ("DTSTART;TZID=/x/y/America/Argentina/Salta:20261124T183000", "America/Argentina/Salta", False, BEGINS),
        ("DTSTART:20261124T173000Z", "UTC", False, datetime(2026, 11, 24, 17, 30)),
        ("DTSTART;TZID=Asia/Tokyo:20261124T173000Z", "UTC", False, datetime(2026, 11, 24, 17, 30)),
        ("DTSTART:20261124T183000", "Europe/Berlin", True, BEGINS),
        ("dtstart;value=date-time;tzid=Europe/Berlin:20261124t183000", "Europe/Berlin", False, BEGINS),
    ],
)
def test_a_start_is_read_in_its_zone(start: str, zone: str, floats: bool, begins: datetime) -> None:
    found = timed(start, "DURATION:PT1H")
    assert (found.begins, found.zone, found.is_floating) == (begins, zone, floats)


def test_a_custom_zone_is_resolved_by_its_location() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:Ours", "X-LIC-LOCATION:Europe/Paris", "END:VTIMEZONE"]
    copy = calendar(event("DTSTART;TZID=Ours:20261124T183000", "DURATION:PT1H"), head=zone)
    assert read(copy).events[0].partner_time.zone == "Europe/Paris"


@pytest.mark.parametrize(
    "zone", ["Ours", "../../etc/passwd", "localtime", "Factory", "Europe", "Europe/Berlin2", "x" * 999]
)
def test_an_unknown_zone_is_named(zone: str) -> None:
    assert refused(f"DTSTART;TZID={zone}:20261124T183000", "DURATION:PT1H").startswith("there is no zone '")


@pytest.mark.parametrize(
    ("lines", "lasts"),
    [
        (["DTEND;TZID=Europe/Berlin:20261124T200000"], LASTS),
        (["DTEND:20261124T190000Z"], LASTS),
        (["DURATION:PT90M"], LASTS),
        (["DURATION:+PT1H30M0S"], LASTS),
        (["DURATION:P1D"], timedelta(days=1)),
        (["DTEND;TZID=Europe/Berlin:20261125T020000"], timedelta(hours=7, minutes=30)),
    ],
)
def test_the_length_comes_from_dtend_or_duration(lines: list[str], lasts: timedelta) -> None:
    assert timed("DTSTART;TZID=Europe/Berlin:20261124T183000", *lines).lasts == lasts


def test_the_length_is_in_local_time_across_a_dst_change() -> None:
    night = ("DTSTART;TZID=Europe/Berlin:20270327T220000", "DTEND;TZID=Europe/Berlin:20270328T060000")
    assert timed(*night).lasts == timedelta(hours=8)


def test_a_whole_day_is_floating_from_midnight_to_midnight() -> None:
    for lines in (["DTEND;VALUE=DATE:20261225"], ["DURATION:P1D"], []):
        found = timed("DTSTART;VALUE=DATE:20261224", *lines)
        assert (found.begins, found.lasts, found.is_floating) == (datetime(2026, 12, 24), timedelta(days=1), True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["DTSTART:20261324T183000", "DURATION:PT1H"],
            "DTSTART '20261324T183000' is a date or a time that does not exist",
        ),
        (["DTSTART:20260230T183000", "DURATION:PT1H"], "does not exist"),
        (["DTSTART:20261124T250000", "DURATION:PT1H"], "does not exist"),
        (["DTSTART:tomorrow", "DURATION:PT1H"], "DTSTART 'tomorrow' is not a date"),
        (["DTSTART:+026_124T183000", "DURATION:PT1H"], "is not a date"),
        (["DTSTART:", "DURATION:PT1H"], "DTSTART says no date"),
        (["DTSTART:20261124T183000,20261125T183000", "DURATION:PT1H"], "DTSTART says several dates"),
        (["DTSTART:99991231T235959Z", "DURATION:PT1H"], "DTSTART lies in the year 9999, which is out of reach"),
        (["DTSTART:00010101T000000Z", "DURATION:PT1H"], "DTSTART lies in the year 1, which is out of reach"),
        (["DURATION:PT1H"], "it does not say when it begins (DTSTART)"),
        (["DTSTART:20261124T183000"], "it has no length: it ends when it begins"),
        (["DTSTART:20261124T183000", "DTEND:20261124T183000"], "it has no length"),
        (["DTSTART:20261124T183000", "DTEND:20261124T173000"], "it ends before it begins"),
        (["DTSTART:20261124T183000", "DURATION:-PT1H"], "it ends before it begins"),
        (["DTSTART:20261124T183000", "DURATION:PT59S"], "it lasts less than a minute"),
        (["DTSTART:20261124T183000", "DURATION:PT24H1S"], "and partner time lasts 24 h at most"),
        (
            ["DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126"],
            "it lasts 2 days, and partner time lasts 24 h at most",
        ),
        (["DTSTART;VALUE=DATE:20261124", "DTEND:20261124T183000"], "with a whole day, but not both"),
        (["DTSTART:20261124T183000", "DURATION:soon"], "DURATION 'soon' is not a length of time"),
        (["DTSTART:20261124T183000", "DURATION:P"], "is not a length of time"),
        (["DTSTART:20261124T183000", "DURATION:PT"], "is not a length of time"),
        (["DTSTART:20261124T183000", "DURATION:P999999999W"], "DURATION"),
        (["DTSTART:20261124T183000", "DTSTART:20261124T183000", "DURATION:PT1H"], "DTSTART stands in it 2 times"),
        (["DTSTART:20261124T183000", "DURATION:PT1H", "RRULE:FREQ=SECONDLY"], "FREQ is one of"),
        (["DTSTART:20261124T183000", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=0"], "INTERVAL"),
        (["DTSTART:20261124T183000", "DURATION:PT1H", "RRULE:garbage"], "FREQ"),
        (["DTSTART:20261124T183000", "DURATION:PT1H", *["RRULE:FREQ=DAILY"] * 11], "RRULE stands in it 11 times"),
        (["DTSTART:20261124T183000", "DURATION:PT1H", "EXRULE:FREQ=DAILY"], "EXRULE"),
        (["DTSTART;TZID:20261124T183000", "DURATION:PT1H"], "DTSTART is no line of a calendar"),
    ],
)
def test_problems_of_an_event_are_reported(lines: list[str], said: str) -> None:
    assert said in refused(*lines)


def test_a_problem_names_its_event_and_line_and_other_events_are_read() -> None:
    reading = read(calendar(dinner(uid="1"), event("DTSTART:soon", uid="2", summary="Walk #us"), dinner(uid="3")))
    assert [each.uid for each in reading.events] == ["1", "3"]
    (wrong,) = reading.problems
    assert (wrong.line, wrong.what, wrong.uid) == (9, "Walk", "2")
    assert str(wrong) == "line 9, Walk: DTSTART 'soon' is not a date"
    no_title = read(calendar(event("DTSTART:soon", uid="me@x", summary=None)), EventFilter(tag=None, everything=True))
    assert str(no_title.problems[0]) == "line 3, me@x: DTSTART 'soon' is not a date"


def test_rrule_exdate_and_rdate_are_read() -> None:
    found = only(
        WEEKLY + ";",
        "EXDATE;TZID=Europe/Berlin:20261201T183000,20261208T183000",
        "EXDATE:20261215T173000Z",
        "EXDATE;VALUE=DATE:20261222",
        "RDATE;TZID=Europe/Berlin:20261202T190000",
        "RDATE:20261124T173000Z",
    )
    assert found.recurrence == "FREQ=WEEKLY;BYDAY=TU"
    assert found.excluded == tuple(datetime(2026, 12, day, 18, 30) for day in (1, 8, 15, 22))
    # The first beginning is no addition.
    assert found.additional == (datetime(2026, 12, 2, 19),)


def test_a_period_in_rdate_keeps_its_own_length() -> None:
    found = only("RDATE;TZID=Europe/Berlin;VALUE=PERIOD:20261202T190000/PT3H,20261203T190000/20261203T203000")
    assert found.additional == (datetime(2026, 12, 2, 19), datetime(2026, 12, 3, 19))
    assert found.moved == (
        Moved(original_start=datetime(2026, 12, 2, 19), begins=datetime(2026, 12, 2, 19), lasts=timedelta(hours=3)),
    )


def test_a_moved_instance_takes_place_at_its_new_time() -> None:
    instance = event(AT, "DTSTART:20261202T190000Z", "DURATION:PT2H", summary="Late dinner #us")
    for both in ((dinner(WEEKLY), instance), (instance, dinner(WEEKLY))):
        (found,) = read(calendar(*both)).events
        assert found.partner_time.moved == (
            Moved(
                original_start=datetime(2026, 12, 1, 18, 30),
                begins=datetime(2026, 12, 2, 20),
                lasts=timedelta(hours=2),
                title="Late dinner",
            ),
        )


def test_a_moved_instance_that_is_also_in_exdate_takes_place() -> None:
    instance = event(AT, "DTSTART:20261202T190000Z", "DURATION:PT2H")
    (found,) = read(calendar(dinner(WEEKLY, "EXDATE;TZID=Europe/Berlin:20261201T183000"), instance)).events
    assert [each.begins for each in found.partner_time.moved] == [datetime(2026, 12, 2, 20)]
    assert found.partner_time.excluded == ()


def test_the_version_with_the_highest_sequence_counts() -> None:
    first = event(AT, "DTSTART:20261202T190000Z", "DURATION:PT2H", "SEQUENCE:7")
    second = event(AT, "DTSTART:20261202T200000Z", "DURATION:PT2H", "SEQUENCE:6")
    (found,) = read(calendar(dinner(WEEKLY), first, second)).events
    assert found.partner_time.moved[0].begins == datetime(2026, 12, 2, 20)
    reading = read(calendar(dinner("SEQUENCE:2", summary="New #us"), dinner("SEQUENCE:1", summary="Old #us")))
    assert [each.partner_time.title for each in reading.events] == ["New"]
    twice = read(calendar(dinner(summary="One #us"), dinner(summary="Two #us")))
    assert [each.partner_time.title for each in twice.events] == ["Two"]
    assert why(twice) == ["it stands in the calendar twice; this one counts"]


@pytest.mark.parametrize(
    "instance",
    [
        event(AT, "DTSTART;TZID=Europe/Berlin:20261201T183000", "DURATION:PT1H", "STATUS:CANCELLED"),
        event(AT, "STATUS:CANCELLED", "DTSTART;TZID=Europe/Berlin:20261201T183000"),
        event(AT, "DTSTART;TZID=Europe/Berlin:20261201T183000", "DURATION:PT1H", summary="Dentist"),
        event(AT.replace("Berlin:20261201T183000", "Berlin:20261201"), "DTSTART:x", summary="Dentist"),
    ],
    ids=["cancelled", "cancelled, no length", "not chosen", "not chosen, by its day"],
)
def test_a_cancelled_instance_or_one_that_does_not_count_does_not_take_place(instance: list[str]) -> None:
    (found,) = read(calendar(dinner(WEEKLY), instance)).events
    assert (found.partner_time.excluded, found.partner_time.moved) == ((datetime(2026, 12, 1, 18, 30),), ())
    assert "Dentist" not in repr(found)


def test_an_invalid_instance_is_named_and_does_not_take_place() -> None:
    reading = read(calendar(dinner(WEEKLY), event(AT, "DTSTART:soon", "DURATION:PT1H")))
    assert reading.events[0].partner_time.excluded == (datetime(2026, 12, 1, 18, 30),)
    assert why(reading) == ["DTSTART 'soon' is not a date"]


def test_an_instance_without_its_event_is_proposed_alone() -> None:
    (found,) = read(calendar(event(AT, "DTSTART:20261202T190000Z", "DURATION:PT2H"))).events
    assert (found.uid, found.partner_time.begins) == ("1 20261201T183000", datetime(2026, 12, 2, 19))
    assert (found.partner_time.recurrence, found.partner_time.zone) == (None, "UTC")


def test_a_cancelled_event_is_not_proposed() -> None:
    reading = read(calendar(dinner(WEEKLY, "STATUS:CANCELLED"), dinner("STATUS:CONFIRMED", uid="2")))
    assert [each.uid for each in reading.events] == ["2"]
    assert reading.problems == ()


def test_an_event_with_every_occurrence_cancelled_is_not_proposed() -> None:
    gone = "EXDATE;TZID=Europe/Berlin:20261124T183000,20261201T183000"
    reading = read(calendar(dinner("RRULE:FREQ=WEEKLY;COUNT=2", gone)))
    assert (reading.events, reading.problems) == ((), ())


def test_a_recurrence_that_never_takes_place_is_named() -> None:
    assert refused("DTSTART:20261124T183000", "DURATION:PT1H", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")


def test_an_event_without_a_uid_gets_a_stable_one() -> None:
    lines = ("DTSTART:20261124T183000", "DURATION:PT1H")
    first, again, other = (
        read(calendar(event(*lines, *more, uid=None))).events[0].uid
        for more in ((), ("SEQUENCE:4",), ("RRULE:FREQ=DAILY",))
    )
    assert first == again != other
    long = read(calendar(dinner(uid="x" * 5000))).events[0].uid
    assert len(long) < 50
    assert long == read(calendar(dinner(uid="x" * 5000, summary="Other #us"))).events[0].uid


def test_the_calendar_name_is_read() -> None:
    assert read(calendar(head=["X-WR-CALNAME:Us\\, at home\x1b[31m"])).name == "Us, at home [31m"
    assert read(calendar(head=["NAME;LANGUAGE=en:Ours"])).name == "Ours"
    assert read(calendar()).name is None


def test_lines_are_unfolded_across_chunks() -> None:
    folded = b"\xef\xbb\xbfBEGIN:VCALENDAR\nBEGIN:VEVENT\r\nUID:1\nSUM\r\n MARY:Caf\xc3\r\n \xa9 #u\n\ts\r\nDTSTART:2026\n 1124T183000Z\r\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR"
    whole = read(folded)
    assert whole.events[0].partner_time.title == "Café"
    assert whole.is_complete
    for size in (1, 2, 3, 7):
        assert read([folded[at : at + size] for at in range(0, len(folded), size)]) == whole


def test_a_truncated_file_is_incomplete() -> None:
    whole = calendar(dinner(uid="1"), dinner(uid="2"))
    assert read(whole).is_complete
    cut = read(whole[: whole.rindex(b"END:VEVENT")])
    assert not cut.is_complete
    assert [each.uid for each in cut.events] == ["1"]
    assert why(cut) == ["it does not end: END:VEVENT is missing"]
    assert not read(whole[: whole.rindex(b"END:VCALENDAR")]).is_complete


def test_an_event_without_an_end_does_not_affect_the_next_one() -> None:
    reading = read(calendar(dinner(uid="1")[:-1], dinner(uid="2")))
    assert [each.uid for each in reading.events] == ["2"]
    assert reading.problems[0].uid == "1"


@pytest.mark.parametrize(
    "copy", [b"", b"<html>Sign in</html>", b"\x00\xff" * 500, b"BEGIN:VCARD\r\nEND:VCARD\r\n", b"\n" * 99]
)
def test_a_file_that_is_no_calendar_is_refused(copy: bytes) -> None:
    with pytest.raises(UserError, match="This is no calendar"):
        read(copy)


def test_titles_are_one_line_without_control_characters() -> None:
    assert clean_title("a\x1b[2Jb\u202ec\r\nd  \u2066e\u200b") == "a [2Jb c d e"
    assert clean_title("👩\u200d❤️\u200d👨 dinner") == "👩\u200d❤️\u200d👨 dinner"
    assert clean_title("x" * 81) == "x" * 79 + "…"
    assert len(clean_title("é" * 500_000)) == 80
    assert without_tag("#us", "#us") == "Partner time"
    assert without_tag("Tea #us and #US cake", "#us") == "Tea and cake"
    assert has_tag("for two", "two")
    assert not has_tag("for twofold", "two")


def test_events_are_ordered_by_line() -> None:
    reading = read(calendar(*(dinner(uid=str(number)) for number in range(50))))
    assert all(one.line < other.line for one, other in pairwise(reading.events))
    instants = {each.partner_time.begins.replace(tzinfo=ZoneInfo(each.partner_time.zone)) for each in reading.events}
    assert instants == {datetime(2026, 11, 24, 17, 30, tzinfo=UTC)}
