"""Arbitrary bytes are parsed or refused with problems; every valid event is read unchanged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from detector.phone_api.json_fields import PayloadError
from detector.phone_api.model import EVENT_NAMES, PhoneEvent
from detector.phone_api.payload import parse_partner_time_request, parse_phone_event
from rules.features import CATEGORIES

NOW = datetime(2026, 11, 23, 18, 2, 11, tzinfo=UTC)

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.timedeltas(timedelta(minutes=-10), timedelta(minutes=10)).map(lambda off: NOW + off)
APPS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=200).filter(
    lambda app: bool(app.strip()) and app.strip()[0] not in "%[{"
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*EVENT_NAMES, *CATEGORIES]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["event", "category", "app", "at", "do", "minutes"]) | st.text(max_size=8), VALUES, max_size=6
)


@st.composite
def tellings(draw: st.DrawFn) -> tuple[dict[str, str], PhoneEvent]:
    """Return fields that can be told, and what they tell."""
    event = draw(st.sampled_from(EVENT_NAMES))
    category = draw(st.none() | st.sampled_from(CATEGORIES))
    app = draw(st.none() | APPS)
    at = draw(st.none() | INSTANTS)
    if event.startswith("app") and category is None and app is None:
        category = "social"
    fields = {"event": event, "category": category, "app": app, "at": at and at.astimezone(draw(ZONES)).isoformat()}
    is_app = event.startswith("app")
    told = PhoneEvent(event=event, category=category if is_app else None, app=app if is_app else None, at=at)
    return {name: word for name, word in fields.items() if word is not None}, told


@given(tellings(), st.booleans(), st.randoms(use_true_random=False))
def test_every_valid_event_is_read_unchanged(
    telling: tuple[dict[str, str], PhoneEvent], ascii_only: bool, order: Any
) -> None:
    fields, told = telling
    pairs = list(fields.items())
    order.shuffle(pairs)
    assert parse_phone_event(json.dumps(dict(pairs), ensure_ascii=ascii_only).encode(), NOW) == told


def end(body: bytes) -> None:
    """Read it both ways; the end is something told, or sentences."""
    refused: list[PayloadError] = []
    try:
        told = parse_phone_event(body, NOW)
    except PayloadError as wrong:
        refused.append(wrong)
    else:
        assert told.event in EVENT_NAMES
        assert told.category or told.app or not told.event.startswith("app")
        assert not (told.app or "x").isspace()
        assert told.at is None or abs(told.at - NOW) <= timedelta(minutes=10)
    try:
        what, lasts = parse_partner_time_request(body)
    except PayloadError as wrong:
        refused.append(wrong)
    else:
        assert timedelta(0) <= lasts <= timedelta(days=1)
        assert (lasts == timedelta(0)) is (what == "stop")
    for one in refused:
        assert 1 <= len(one.problems) <= 16
        assert all(problem and len(problem) < 200 and problem.isprintable() for problem in one.problems)


@given(st.binary(max_size=5000))
@example(b"\xed\xa0\x80")
@example(b'{"event":"\\ud800","\\udfff":"\\udc00"}')
@example(b'{"event":"unlock","at":"\\u0000"}')
@example(b'{"event":"unlock","at":"2026-W48-1T18:02:11Z"}')
def test_arbitrary_bytes_raise_nothing_else(body: bytes) -> None:
    end(body)


@given(VALUES | OBJECTS)
def test_arbitrary_json_raises_nothing_else(value: Any) -> None:
    end(json.dumps(value).encode())


@given(tellings(), st.integers(0, 400), st.integers(0, 400), st.binary(max_size=6))
def test_an_event_with_changed_bytes_raises_nothing_else(
    telling: tuple[dict[str, str], PhoneEvent], begin: int, length: int, put: bytes
) -> None:
    body = json.dumps(telling[0]).encode()
    end(body[:begin] + put + body[begin + length :])


@given(tellings(), st.sampled_from(["event", "category", "app", "at"]), VALUES.filter(lambda v: not isinstance(v, str)))
def test_a_field_of_another_type_is_never_accepted(
    telling: tuple[dict[str, str], PhoneEvent], field: str, value: Any
) -> None:
    try:
        parse_phone_event(json.dumps(telling[0] | {field: value}).encode(), NOW)
    except PayloadError:
        return
    raise AssertionError(field)
