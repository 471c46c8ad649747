"""What a phone sends is parsed completely, or refused with every problem."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from detector.phone_api.json_fields import PayloadError
from detector.phone_api.model import EVENT_NAMES, PhoneEvent
from detector.phone_api.payload import parse_partner_time_request, parse_phone_event
from rules.features import CATEGORIES

NOW = datetime(2026, 11, 23, 18, 2, 11, tzinfo=UTC)


def read(**fields: object) -> PhoneEvent:
    return parse_phone_event(json.dumps(fields).encode(), NOW)


def problems(body: bytes | str | dict[str, object]) -> list[str]:
    sent = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    with pytest.raises(PayloadError) as wrong:
        parse_phone_event(sent, NOW)
    return list(wrong.value.problems)


def request_problems(body: str) -> list[str]:
    with pytest.raises(PayloadError) as wrong:
        parse_partner_time_request(body.encode())
    return list(wrong.value.problems)


def test_the_example_of_the_format_is_read_in_utc() -> None:
    told = read(event="app_open", category="social", app="com.instagram.android", at="2026-11-23T19:02:11+01:00")
    assert told == PhoneEvent(event="app_open", category="social", app="com.instagram.android", at=NOW)
    assert told.at is not None
    assert told.at.tzinfo is UTC


@pytest.mark.parametrize("event", EVENT_NAMES)
def test_every_event_is_accepted_without_a_time(event: str) -> None:
    app = {"category": "social"} if event.startswith("app") else {}
    assert read(event=event, **app) == PhoneEvent(event=event, **app)  # type: ignore[arg-type]


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_is_accepted(category: str) -> None:
    assert read(event="app_open", category=category).category == category


def test_an_app_alone_is_enough_and_may_have_a_name_in_any_script() -> None:
    assert read(event="app_close", app="Фото 👩‍👧 & Co").app == "Фото 👩‍👧 & Co"


def test_fields_that_an_event_does_not_need_are_dropped_after_they_are_checked() -> None:
    assert read(event="unlock", category="social", app="com.example") == PhoneEvent(event="unlock")
    assert problems({"event": "unlock", "category": "nothing such"})
    assert read(event="notified", category="messaging", app="com.whatsapp") == PhoneEvent(event="notified")


@pytest.mark.parametrize(
    ("at", "meant"),
    [
        ("2026-11-23T18:02:11Z", NOW),
        ("2026-11-23T18:12:11Z", NOW + timedelta(minutes=10)),
        ("2026-11-23T17:52:11.000Z", NOW - timedelta(minutes=10)),
        ("2026-11-24T03:47:11+09:45", NOW),
    ],
)
def test_a_time_up_to_ten_minutes_off_is_accepted(at: str, meant: datetime) -> None:
    assert read(event="unlock", at=at).at == meant


@pytest.mark.parametrize("at", ["2026-11-23T18:12:11.000001Z", "2026-11-23T17:52:10Z", "2025-11-23T18:02:11Z"])
def test_a_time_further_off_is_refused(at: str) -> None:
    assert problems({"event": "unlock", "at": at}) == [
        "at is more than 10 minutes off: set the clocks right, or leave it out"
    ]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_overflows_in_another_zone_is_refused(at: str) -> None:
    assert "minutes off" in problems({"event": "unlock", "at": at})[0]


def test_a_time_without_a_zone_is_refused() -> None:
    assert problems({"event": "unlock", "at": "2026-11-23T19:02:11"})[0].startswith("at has no zone")


@pytest.mark.parametrize(
    "at", ["", "now", "23.11.2026 19:02", "2026-11-23T25:00:00Z", "1" * 5000, "\ud800", "٢٠٢٦-11-23"]
)
def test_an_invalid_time_is_refused(at: str) -> None:
    assert problems({"event": "unlock", "at": at})[0].startswith("at is not a time")


def test_the_zone_of_now_does_not_matter() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-7)))
    assert parse_phone_event(b'{"event": "unlock", "at": "2026-11-23T18:02:11Z"}', there).at == NOW


def test_every_problem_is_listed_at_once() -> None:
    found = problems(
        '{"event": "app_opn", "event": "app_opn", "category": "socal", "app": "", "at": "yesterday", "title": "x"}'
    )
    assert found == [
        '"event" is given twice',
        'there is no field "title"; allowed: event, category, app, at',
        'event is "app_opn": did you mean app_open?',
        'category is "socal": did you mean social?',
        "app is empty",
        "at is not a time in ISO 8601, such as 2026-11-23T19:02:11+01:00; leave it out to mean now",
    ]


@pytest.mark.parametrize("field", ["event", "category", "app", "at"])
@pytest.mark.parametrize(
    ("value", "called"), [(None, "null"), (1, "a number"), (True, "true or false"), ([], "a list")]
)
def test_a_field_of_another_type_is_named_with_its_type(field: str, value: object, called: str) -> None:
    assert f"{field} is {called} where text is needed" in problems(
        {"event": "app_open", "category": "social", field: value}
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is empty"),
        (b" \n", "the body is empty"),
        (b"hello", "the body is not JSON (line 1, column 1)"),
        (b'{"event": "unlock"', "the body is not JSON (line 1, column 19)"),
        (b'{"event": "unlock"} x', "the body is not JSON (line 1, column 21)"),
        (b"\xff\xfe", "the body is not text in UTF-8"),
        (b"\xef\xbb\xbf{}", "the body is not JSON (line 1, column 1)"),
        ('{"event": "unlock"}'.encode("utf-16"), "the body is not text in UTF-8"),
        (b"[" * 100_000, "the body is nested too deeply: one object with plain values is enough"),
        (b'{"event":' * 20_000, "the body is nested too deeply: one object with plain values is enough"),
        (b'{"event": NaN}', "the body is not JSON: NaN and Infinity are no numbers there"),
        (b'{"event": -Infinity}', "the body is not JSON: NaN and Infinity are no numbers there"),
        (b"[]", 'the body is a list where an object is needed, as in {"event": "unlock"}'),
        (b"null", 'the body is null where an object is needed, as in {"event": "unlock"}'),
        (b"7", 'the body is a number where an object is needed, as in {"event": "unlock"}'),
        (b'"unlock"', 'the body is text where an object is needed, as in {"event": "unlock"}'),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes, said: str) -> None:
    assert problems(body) == [said]


def test_huge_numbers_are_refused_quickly() -> None:
    assert problems(b'{"event": ' + b"9" * 1_000_000 + b"}") == ["event is a number where text is needed"]
    assert problems(b'{"event": 1e999}') == ["event is a number where text is needed"]


def test_an_app_event_needs_a_category_or_an_app() -> None:
    assert problems({"event": "app_open"}) == ["app_open needs a category or an app"]


def test_an_object_without_an_event_is_refused() -> None:
    assert problems("{}") == [f"event is missing; allowed: {', '.join(EVENT_NAMES)}"]


def test_a_category_in_capitals_is_refused_with_the_right_one() -> None:
    assert problems({"event": "app_open", "category": "Social"}) == ['category is "Social": did you mean social?']


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("", "app is empty"),
        ("   ", "app is empty"),
        ("a" * 201, "app has 201 characters, and 200 at most are allowed"),
        ("com.example\n", "app has control characters in it"),
        ("com\x00example", "app has control characters in it"),
        ("com\x9bexample", "app has control characters in it"),
        ("a\u202egpj", "app has control characters in it"),
        ("a\u2028b", "app has control characters in it"),
        ("a\ud800b", "app has control characters in it"),
        ("%app_package", "app is the name of a variable, not what is in it: choose the variable from your app's list"),
        ("[app_package]", "app is the name of a variable, not what is in it: choose the variable from your app's list"),
    ],
)
def test_an_app_that_cannot_be_stored_is_refused_and_not_repeated(app: str, said: str) -> None:
    assert problems({"event": "app_open", "app": app}) == [said]


def test_an_app_name_of_200_characters_is_accepted() -> None:
    assert read(event="app_open", app="ä" * 200).app == "ä" * 200


def test_no_problem_repeats_the_app() -> None:
    app = "com.canary.secret"
    found = problems({"event": "nothing", "category": "nothing", "app": app * 20, "at": "nothing", "more": app})
    assert len(found) == 5
    assert "canary" not in " ".join(found)


def test_an_app_does_not_show_in_a_repr() -> None:
    assert "canary" not in repr(read(event="app_open", app="com.canary.secret"))


def test_quoted_words_are_short_and_printable() -> None:
    found = problems({"event": "<b>\x1b[31m\u202e" + "x" * 4000, "y" * 4000: 1})
    assert all(len(one) < 200 and one.isprintable() for one in found)


def test_of_many_unknown_fields_only_the_first_are_listed() -> None:
    found = problems({"event": "unlock"} | {f"f{number}": 1 for number in range(1000)})
    assert len(found) == 6
    assert found[-1] == "and 995 more unknown fields"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"do": "start", "minutes": 90}', ("start", timedelta(minutes=90))),
        ('{"do": "extend", "minutes": 1}', ("extend", timedelta(minutes=1))),
        ('{"do": "start", "minutes": 1440}', ("start", timedelta(days=1))),
        ('{"do": "stop"}', ("stop", timedelta(0))),
        ('{"do": "stop", "minutes": 5}', ("stop", timedelta(0))),
    ],
)
def test_a_partner_time_request_is_read(body: str, expected: tuple[str, timedelta]) -> None:
    assert parse_partner_time_request(body.encode()) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", "do is missing; allowed: start, stop, extend"),
        ('{"do": "stat", "minutes": 1}', 'do is "stat": did you mean start?'),
        ('{"do": 1}', "do is a number where text is needed"),
        ('{"do": "start"}', "start needs minutes"),
        ('{"do": "extend"}', "extend needs minutes"),
        ('{"do": "start", "minutes": 0}', "minutes is not between 1 and 1440"),
        ('{"do": "start", "minutes": 1441}', "minutes is not between 1 and 1440"),
        ('{"do": "start", "minutes": -9}', "minutes is not between 1 and 1440"),
        ('{"do": "start", "minutes": ' + "9" * 4000 + "}", "minutes is not between 1 and 1440"),
        ('{"do": "start", "minutes": -' + "9" * 4000 + "}", "minutes is not between 1 and 1440"),
        ('{"do": "start", "minutes": true}', "minutes is true or false where a whole number is needed"),
        ('{"do": "start", "minutes": "20"}', "minutes is text where a whole number is needed"),
        ('{"do": "start", "minutes": 1.5}', "minutes is a number where a whole number is needed"),
        ('{"do": "start", "minutes": null}', "minutes is null where a whole number is needed"),
        ('{"do": "stop", "for": 1}', 'there is no field "for"; allowed: do, minutes'),
    ],
)
def test_an_invalid_partner_time_request_is_refused(body: str, said: str) -> None:
    assert request_problems(body) == [said]


def test_every_problem_of_a_partner_time_request_is_listed() -> None:
    assert len(request_problems('{"do": "go", "minutes": "x", "who": "me"}')) == 3
