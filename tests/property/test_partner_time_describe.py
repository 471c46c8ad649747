"""Whatever `--every` takes is said so that it can be typed again and means the same; an independent walk finds its days."""

from __future__ import annotations

import random
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detector.errors import Problem, UserError
from detector.partner_time.declaration import PlanArguments, parse_declaration
from detector.partner_time.describe import format_partner_time
from detector.partner_time.describe_recurrence import format_recurrence
from detector.partner_time.model import PartnerTime
from detector.partner_time.parse_dates import parse_date
from detector.partner_time.parse_recurrence import parse_recurrence
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import split_rrule
from tests.rig.examples import examples

UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WHOLE = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
NTHS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
NUMBERS = {"other": 2, "second": 2, "third": 3, "2": 2, "3": 3, "two": 2, "ten": 10, "12": 12}


@dataclass(frozen=True)
class Said:
    """A text, and whether a day is one of its days, given the first: computed by the test alone."""

    text: str
    holds: Callable[[date, date], bool]


def weeks_between(first: date, day: date, start: int = 0) -> int:
    """Return how many weeks that begin on the weekday `start` lie between the two."""
    begin = first - DAY * ((first.weekday() - start) % 7)
    return (day - begin) // (7 * DAY)


def is_nth(day: date, nth: int) -> bool:
    length = monthrange(day.year, day.month)[1]
    return (day.day - 1) // 7 + 1 == nth if nth > 0 else (length - day.day) // 7 == 0


@st.composite
def texts(draw: st.DrawFn) -> Said:
    kind = draw(st.sampled_from(["days", "stretch", "every n days", "weeks", "nth", "dates", "yearly", "nth of may"]))
    days = sorted(draw(st.sets(st.integers(0, 6), min_size=1, max_size=4)))
    listed = draw(st.sampled_from([",", ", ", " and "])).join(
        draw(st.sampled_from([NAMES[day], WHOLE[day], NAMES[day].upper()])) for day in days
    )
    lead = draw(st.sampled_from(["", "every ", "each "]))
    if kind == "days":
        return Said(lead + listed, lambda _, day: day.weekday() in days)
    if kind == "stretch":
        first, length = draw(st.integers(0, 6)), draw(st.integers(2, 6))
        run = [(first + step) % 7 for step in range(length)]
        dash = draw(st.sampled_from(["-", "–", " to ", " - "]))
        stretch = NAMES[run[0]] + dash + NAMES[run[-1]]
        word, every = draw(st.sampled_from([("", 1), ("other ", 2), ("3 weeks on ", 3), ("other week on ", 2)]))
        start = run[0] if run[0] > run[-1] and every > 1 else 0
        return Said(
            lead + word + stretch,
            lambda begin, day: day.weekday() in run and weeks_between(begin, day, start) % every == 0,
        )
    if kind == "every n days":
        word = draw(st.sampled_from([*NUMBERS, "1"]))
        every = NUMBERS.get(word, 1)
        return Said(f"{lead}{word} day{'s' * (every > 2)}", lambda begin, day: (day - begin).days % every == 0)
    if kind == "weeks":
        word = draw(st.sampled_from(list(NUMBERS)))
        every = NUMBERS[word]
        plural = "s" if word.isdecimal() or word in {"two", "ten"} else ""
        return Said(
            f"{lead}{word} week{plural} on {listed}",
            lambda begin, day: day.weekday() in days and weeks_between(begin, day) % every == 0,
        )
    if kind == "nth":
        word, weekday = draw(st.sampled_from(list(NTHS))), draw(st.integers(0, 6))
        of = draw(
            st.sampled_from([" of the month", " of each month", ""] if word in {"first", "last"} else [" of the month"])
        )
        return Said(
            f"{draw(st.sampled_from(['', 'the ', 'every ']))}{word} {NAMES[weekday]}{of}",
            lambda _, day: day.weekday() == weekday and is_nth(day, NTHS[word]),
        )
    if kind == "dates":
        named = sorted(draw(st.sets(st.integers(1, 31), min_size=1, max_size=3)))
        word, every = draw(st.sampled_from([("month", 1), ("other month", 2), ("3 months", 3)]))
        return Said(
            f"{lead}{word} on {','.join(map(str, named))}",
            lambda begin, day: (
                day.day in named and (day.year * 12 + day.month - begin.year * 12 - begin.month) % every == 0
            ),
        )
    month = draw(st.integers(1, 12))
    if kind == "yearly":
        number = draw(st.integers(1, monthrange(2024, month)[1]))
        text = draw(
            st.sampled_from(
                [f"{number} {MONTHS[month - 1]}", f"{MONTHS[month - 1][:3]} {number}", f"{number}.{month}."]
            )
        )
        return Said(lead + text, lambda _, day: (day.month, day.day) == (month, number))
    word, weekday = draw(st.sampled_from(list(NTHS))), draw(st.integers(0, 6))
    return Said(
        f"{word} {NAMES[weekday]} of {MONTHS[month - 1]}",
        lambda _, day: day.month == month and day.weekday() == weekday and is_nth(day, NTHS[word]),
    )


@settings(max_examples=examples(400))
@given(texts(), st.dates(date(2020, 1, 1), date(2032, 12, 31)))
def test_a_typed_recurrence_has_the_days_of_a_slow_oracle(said: Said, today: date) -> None:
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    try:
        declared = parse_declaration(
            PlanArguments(title="x", every=said.text, begins="18:30", lasts="1h"), now, UTC_ZONE
        )
    except UserError as wrong:
        pytest.fail(f"{said.text}: {wrong}")
    first = declared.begins.date()
    # The first is the first day from today on, by the series without its interval.
    found = [at.date() for at in islice(local_starts(declared, declared.begins, datetime(2062, 1, 1)), 4)]
    walked = (first + step * DAY for step in range(12 * 366))
    expected = list(islice((day for day in walked if said.holds(first, day)), 4))
    assert found[: len(expected)] == expected, declared.recurrence
    assert first >= today
    assert not any(
        said.holds(first, today + step * DAY) and said.holds(today + step * DAY, today + step * DAY)
        for step in range((first - today).days)
        if "INTERVAL" not in (declared.recurrence or "")
    )


@settings(max_examples=examples(400))
@given(texts(), st.dates(date(2020, 1, 1), date(2032, 12, 31)))
@example(Said("other fri-mon", lambda _, __: True), date(2026, 11, 23))
@example(Said("29 feb", lambda _, __: True), date(2026, 11, 23))
@example(Said("last day of the month", lambda _, __: True), date(2026, 11, 23))
@example(Said("first weekday", lambda _, __: True), date(2026, 11, 23))
@example(Said("month on 31", lambda _, __: True), date(2026, 11, 23))
@example(Said("10 years on 24 december", lambda _, __: True), date(2026, 11, 23))
@example(Said("first and last sunday of every fourth month", lambda _, __: True), date(2026, 11, 23))
@example(Said("every other year on the second sunday of may", lambda _, __: True), date(2026, 11, 23))
@example(Said("366 days", lambda _, __: True), date(2026, 11, 23))
def test_a_description_can_be_typed_again_and_means_the_same(said: Said, today: date) -> None:
    recurrence = parse_recurrence(said.text, first=today)
    words = format_recurrence(recurrence, datetime(today.year, today.month, today.day, 18))
    assert parse_recurrence(words) == recurrence, words
    assert "=" not in words


@settings(max_examples=examples(200))
@given(st.dates(date(2026, 11, 23), date(2126, 11, 22)))
def test_a_date_is_parsed_in_every_notation(day: date) -> None:
    now = datetime(2026, 11, 23, 17, tzinfo=UTC)
    for text in (
        f"{day:%Y-%m-%d}",
        f"{day:%d.%m.%Y}",
        f"{day.day} {MONTHS[day.month - 1]} {day.year}",
        f"{MONTHS[day.month - 1][:3]} {day.day}, {day.year}",
        f"{WHOLE[day.weekday()]} {day.day} {MONTHS[day.month - 1].title()} {day.year}",
    ):
        assert parse_date(text, argument="--on", now=now, zone=UTC_ZONE) == day, text


def understood(text: str) -> tuple[str | None, tuple[Problem, ...]]:
    try:
        return parse_recurrence(text, first=date(2026, 11, 27)), ()
    except UserError as refused:
        return None, refused.problems


@settings(max_examples=examples(300))
@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(
            [
                "every",
                "other",
                "second",
                "friday",
                "fri",
                "mon",
                "-",
                ",",
                "on",
                "of",
                "the",
                "month",
                "week",
                "year",
                "0",
                "15",
                "15th",
                "last",
                "day",
                "weekday",
                "december",
                "and",
                "FREQ=",
                "FREQ=WEEKLY",
                ";",
                "BYDAY=",
                "99999999999999999999",
                "\x00",
                "İ",
            ]
        ),
        max_size=7,
    ).map(" ".join)
)
def test_any_text_is_parsed_or_is_an_error_with_a_hint(text: str) -> None:
    recurrence, problems = understood(text)
    assert (recurrence is None) == bool(problems)
    for problem in problems:
        assert problem.file == "--every"
        assert problem.hint or "FREQ" in text.upper()
        assert problem.column is None or 1 <= problem.column <= len(text) + 1
    if recurrence is not None:
        split_rrule(recurrence)
        assert format_recurrence(recurrence, datetime(2026, 11, 27, 18))


def any_rule(made: random.Random) -> str:
    parts = [f"FREQ={made.choice(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'])}"]
    frequency = parts[0].removeprefix("FREQ=")
    numbered = frequency in {"MONTHLY", "YEARLY"}
    codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    chosen = {
        "INTERVAL": str(made.randint(1, 14)),
        "WKST": made.choice(codes),
        "BYMONTH": ",".join(str(each) for each in sorted(made.sample(range(1, 13), made.randint(1, 3)))),
        "BYDAY": ",".join(
            (made.choice(["", "1", "-1", "+2", "5", "-3"]) if numbered else "") + code
            for code in made.sample(codes, made.randint(1, 4))
        ),
    }
    if frequency != "WEEKLY":
        chosen["BYMONTHDAY"] = ",".join(str(made.choice([1, 5, 13, 28, -1, -2])) for _ in range(made.randint(1, 2)))
    if frequency == "YEARLY":
        chosen |= {"BYYEARDAY": made.choice(["1", "100,-1"]), "BYWEEKNO": made.choice(["20", "-1,3"])}
    names = [name for name in chosen if made.random() < 0.4]
    if "BYWEEKNO" in names and "BYDAY" in names:
        names.remove("BYDAY")
    if set(names) - {"INTERVAL", "WKST"} and made.random() < 0.3:
        chosen["BYSETPOS"] = made.choice(["1", "-1", "1,-1"])
        names.append("BYSETPOS")
    return ";".join([*parts, *(f"{name}={chosen[name]}" for name in names)])


def test_every_rrule_is_described_without_rrule_syntax_and_different_rules_differently() -> None:
    made = random.Random(20261123)
    said: dict[str, dict[str, str]] = {}
    begins = datetime(2026, 11, 27, 18)
    for _ in range(4000):
        rule = any_rule(made)
        words = format_recurrence(rule, begins)
        assert "=" not in words, rule
        assert not any(code in words.split() for code in ("MO", "TU", "FR", "WEEKLY")), words
        said.setdefault(words, {})[rule] = words
    for words, rules in said.items():
        days = {rule: days_of(rule, begins) for rule in rules}
        assert len(set(days.values())) == 1, (words, days)


def days_of(rule: str, begins: datetime) -> tuple[datetime, ...]:
    """Return its first beginnings, the first of all on one of its own days, as calendars have it."""
    plain = ";".join(part for part in rule.split(";") if not part.startswith("INTERVAL"))
    series = PartnerTime(title="x", begins=begins, lasts=timedelta(hours=1), zone="UTC", recurrence=plain)
    first = next(local_starts(series, begins, begins + timedelta(days=366 * 30)), None)
    if first is None:
        return ()
    series = replace(series, begins=first, recurrence=rule)
    return tuple(islice(local_starts(series, first, first + timedelta(days=366 * 12)), 30))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            PlanArguments(
                every="other friday", begins="20:00", ends="22:30", on="27 nov", until="26 march", excluded=("25 dec",)
            ),
            "every other Friday, 20:00–22:30, from 27 November until 26 March 2027, except 25 December",
        ),
        (PlanArguments(every="weekday", begins="18:30", ends="20:00"), "Monday to Friday, 18:30–20:00"),
        (
            PlanArguments(every="weekday", begins="18:30", ends="20:00", on="1 dec"),
            "Monday to Friday, 18:30–20:00, from 1 December",
        ),
        (
            PlanArguments(every="third week", on="30 nov", begins="6", ends="14"),
            "every third week on Monday, 06:00–14:00, from 30 November",
        ),
        (PlanArguments(every="first friday", begins="20", lasts="2h"), "the first Friday of each month, 20:00–22:00"),
        (PlanArguments(every="month on 15", begins="20", lasts="2h"), "on the 15th of each month, 20:00–22:00"),
        (PlanArguments(every="24 dec", begins="16", ends="24:00"), "yearly on 24 December, 16:00–24:00"),
        (PlanArguments(every="29 feb", begins="16", ends="18"), "yearly on 29 February, in leap years, 16:00–18:00"),
        (PlanArguments(every="FREQ=DAILY;COUNT=3", begins="16", ends="18"), "every day, 16:00–18:00, 3 times in all"),
        (
            PlanArguments(every="FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", begins="16", ends="18"),
            "every month, on the 13th, if that is Friday, 16:00–18:00",
        ),
        (PlanArguments(every="day", zone="Asia/Tokyo", begins="16", ends="18"), "every day, 16:00–18:00, Asia/Tokyo"),
        (PlanArguments(on="24 dec", begins="18", ends="22"), "Thursday 24 December 18:00–22:00"),
    ],
)
def test_partner_time_is_described_in_a_full_sentence(asked: PlanArguments, said: str) -> None:
    now, berlin = datetime(2026, 11, 23, 17, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    assert format_partner_time(parse_declaration(replace(asked, title="Us"), now, berlin), now, berlin) == f"Us: {said}"
