"""How often partner time returns, as people write it, read to an RFC 5545 RRULE.

    day · weekday · weekend · mon-fri · mon,wed,fri          other day · 3 days
    other friday · 2 weeks on mon,tue · third week           first friday · last sunday · last day of the month
    month on 15 · 1st and 15th · 2 months on first friday    24 december · second sunday of may · year

Rule 1: what has two readings is a problem that names both: `second friday`, `biweekly`, `month on fri`.
Rule 2: what says no day takes the day of `--on`; without one it is a problem.
Rule 3: the same days are the same RRULE, however they were written.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from detector.errors import UserError
from detector.partner_time.day_names import ORDINALS
from detector.partner_time.rule import CODES, PARTS, RecurrenceRefused, read_recurrence
from detector.partner_time.spoken_days import parse_days, weekday_of
from detector.partner_time.spoken_nth import read_month_days, read_nth, read_year_day
from detector.partner_time.spoken_problem import nearest, problem

LONGEST: Final = {"day": 366, "week": 52, "month": 24, "year": 10}
"""So many of its unit a recurrence may leave between two times; beyond that it is a slip of the fingers."""

EXAMPLES: Final = "write for example weekday, mon,wed, 'other friday' or 'first friday'"

_CARDINALS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_FREQUENCIES: Final = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_ADVERBS: Final = {
    "daily": "day",
    "everyday": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
}
_TWICE: Final = {
    "biweekly": "'other week' or two days, such as tue,fri",
    "bimonthly": "'2 months on 1' or 'month on 1,15'",
    "biannually": "'6 months on 1', or 'other year on 24 december'",
}
_LEAD: Final = re.compile(r"\s*(?:(?:every|each|on|the)\b\s*)*")
_TIMES: Final = re.compile(
    rf"(?:(?P<count>\d+(?:st|nd|rd|th)?|other|{'|'.join((*_CARDINALS, *ORDINALS))})\s+)?"
    r"(?P<unit>day|week|month|year|fortnight)s?(?:\s*,?\s*\bon\b\s*(?P<on>.*))?",
)
_ADVERB: Final = re.compile(rf"(?P<adverb>{'|'.join(_ADVERBS)}|fortnightly)(?:\s*,?\s*\bon\b\s*(?P<on>.*))?")
_OTHER: Final = re.compile(r"other\s+(?P<days>.+)")
_SO_MANY: Final = re.compile(rf"(?P<count>\d+|{'|'.join(_CARDINALS)})\s+(?P<day>[a-z]+)")


def parse_every(text: str, *, argument: str = "--every", first: date | None = None) -> str:
    """Return the RRULE that `text` describes; `first` is the day from which on it is to hold, if the person named one.

    Raises:
        UserError: with what cannot be read in it, what has two readings, and what never comes.
    """
    # Letter by letter: what stands where must not move, and some letters are longer when they are small.
    lowered = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    if "freq=" in lowered:
        return _read_rrule(text, argument, first)
    at = lead.end() if (lead := _LEAD.match(lowered)) else 0
    end = len(re.sub(r"(?:(?<=[^\d.])[.]+|, in leap years|\s)+$", "", lowered))
    if at >= end:
        raise UserError([problem(argument, text, "it says nothing", hint=EXAMPLES)])
    said = lowered[at:end]
    if said in _TWICE:
        hint = f"write {_TWICE[said]}"
        raise UserError([problem(argument, text, f"'{said}' has two meanings", at=at, width=len(said), hint=hint)])
    reading = _Reading(text, argument, at, first)
    return _join(reading.read(said))


def _join(parts: dict[str, str]) -> str:
    if set(parts.get("BYDAY", "").split(",")) == set(CODES) and parts["FREQ"] == "WEEKLY" and "INTERVAL" not in parts:
        return "FREQ=DAILY"
    return ";".join(f"{name}={value}" for name, value in parts.items())


class _Reading:
    """One text, read; `at` is where its first word stands after `every` and the like."""

    def __init__(self, text: str, argument: str, at: int, first: date | None) -> None:
        self.text, self.argument, self.at, self.first = text, argument, at, first

    def wrong(self, message: str, hint: str, said: str | None = None, at: int = 0) -> UserError:
        width = None if said is None else len(said)
        return UserError([problem(self.argument, self.text, message, at=self.at + at, width=width, hint=hint)])

    def read(self, said: str) -> dict[str, str]:
        if found := _TIMES.fullmatch(said):
            unit, count = found["unit"], self.count(found["count"], found["unit"])
            if unit == "fortnight":
                unit, count = "week", 2 * count
            return self.times(unit, count, found["on"], found.start("on"))
        if found := _ADVERB.fullmatch(said):
            count = 2 if found["adverb"] == "fortnightly" else 1
            return self.times(_ADVERBS.get(found["adverb"], "week"), count, found["on"], found.start("on"))
        if found := _OTHER.fullmatch(said):
            days = self.days(found["days"], found.start("days"))
            if re.search(r"\bweekdays?\b", found["days"]):
                raise self.wrong(
                    "every other weekday has two meanings", "write 'other week on mon-fri', or the days", said
                )
            return self.weekly(2, days)
        if (found := _SO_MANY.fullmatch(said)) and weekday_of(found["day"]) is not None:
            day = found["day"].removesuffix("s")
            if not found["count"].strip("0"):
                raise self.wrong(f"every {said} never comes", f"write {day}, or 'other {day}'", said)
            hint = f"write '{found['count']} weeks on {day}'"
            raise self.wrong(f"'{said}' is no length of time", hint, said)
        for read in (read_nth, read_month_days, read_year_day):
            if (parts := read(self.text, said, self.argument, self.at)) is not None:
                return parts
        if re.fullmatch(r"[a-z]+", said) and weekday_of(said) is None and (near := nearest(said, _ADVERBS)):
            day = nearest(said, [*CODES, "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
            if said not in {"weekday", "weekdays", "weekend", "weekends"} and day is None:
                raise self.wrong(f"'{said}' says no time", f"did you mean {near}?", said)
        return self.weekly(1, self.days(said, 0))

    def count(self, said: str | None, unit: str) -> int:
        if said is None:
            return 1
        if said == "other":
            return 2
        words = _CARDINALS if said in _CARDINALS else ORDINALS
        count = words.index(said) if said in words else int(re.sub(r"\D", "", said)[:6])
        if count == 0:
            raise self.wrong(f"every 0 {unit}s never comes", f"write {unit}, or '2 {unit}s'", said)
        if count == 1 and said in {"first", "1st"}:
            raise self.wrong(f"'{said} {unit}' is no rhythm", f"write {unit}, or 'first friday'", said)
        if count > (longest := LONGEST.get(unit, 26)):
            raise self.wrong(f"{count} {unit}s is too long", f"write at most {longest} {unit}s", said)
        return count

    def days(self, said: str, at: int) -> tuple[int, ...]:
        return parse_days(said, argument=self.argument, whole=self.text, at=self.at + at)

    def times(self, unit: str, count: int, on: str | None, at: int) -> dict[str, str]:
        if on is not None and not on.strip():
            raise self.wrong("it does not say on which day", EXAMPLES)
        if unit == "week":
            return self.weekly(count, () if on is None else self.days(on, at), unit_said=True)
        interval = {} if count == 1 else {"INTERVAL": str(count)}
        if unit == "day":
            if on is not None:
                raise self.wrong("every day is on every day", "leave out 'on', or write 'week on'", on, at)
            return {"FREQ": "DAILY", **interval}
        if on is None:
            return {"FREQ": _FREQUENCIES[unit], **interval, **self.day_of_first(unit, count)}
        bare = re.sub(r"^\s*(?:the\s+)?", "", on)
        start = self.at + at + len(on) - len(bare)
        readers = (read_nth, read_month_days) if unit == "month" else (read_nth, read_year_day)
        for read in readers:
            if (parts := read(self.text, bare, self.argument, start, within=unit)) is not None:
                return {"FREQ": parts.pop("FREQ"), **interval, **parts}
        hint = (
            "write for example 'month on 15', 'first friday' or 'month on last day'"
            if unit == "month"
            else "write for example 'year on 24 december', or 'second sunday of may'"
        )
        raise self.wrong(f"'{bare}' is no day of a {unit}", hint, bare, start - self.at)

    def weekly(self, count: int, days: tuple[int, ...], *, unit_said: bool = False) -> dict[str, str]:
        if not days and unit_said:
            if self.first is None:
                message = "it does not say on which day of the week"
                raise self.wrong(
                    message, "write for example 'other friday' or '3 weeks on fri', or add --on 2026-12-24"
                )
            days = (self.first.weekday(),)
        # Of every other weekend the Monday belongs to the Friday before it.
        turns = {"WKST": CODES[days[0]]} if count > 1 and days[0] > days[-1] else {}
        by_day = ",".join(CODES[day] for day in sorted(days))
        return {"FREQ": "WEEKLY", **({} if count == 1 else {"INTERVAL": str(count)}), "BYDAY": by_day, **turns}

    def day_of_first(self, unit: str, count: int) -> dict[str, str]:
        if self.first is None:
            example = "month on 15" if unit == "month" else "24 december"
            if count > 1:
                example = f"{count} {unit}s on {example.removeprefix('month on ')}"
            raise self.wrong(
                f"it does not say on which day of the {unit}", f"write for example '{example}', or add --on"
            )
        month = {"BYMONTH": str(self.first.month)} if unit == "year" else {}
        return {**month, "BYMONTHDAY": str(self.first.day)}


def _read_rrule(text: str, argument: str, first: date | None) -> str:
    rule = re.sub(r"\s", "", text).upper().removeprefix("RRULE:").rstrip(";")
    frequency = re.search(r"FREQ=(\w*)", rule)
    if frequency is not None and frequency[1] not in PARTS:
        message = f"partner time does not recur {frequency[1].lower() or 'like that'}"
        hint = f"FREQ is one of {', '.join(PARTS)}"
        raise UserError([problem(argument, text, message, hint=hint)])
    try:
        parts = read_recurrence(rule)
    except RecurrenceRefused as wrong:
        raise UserError([problem(argument, text, each) for each in wrong.problems]) from None
    says = {name for name in parts if name.startswith("BY")} - {"BYSETPOS", "BYMONTH"}
    lacks = parts["FREQ"] != "DAILY" and not says
    if lacks and first is None:
        raise UserError([problem(argument, text, "it does not say on which day", hint="add --on, or BYDAY=FR")])
    return rule
