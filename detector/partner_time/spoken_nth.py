"""Days of a month or a year that people write, read: `first friday of the month`, `1st and 15th`, `24 december`.

Each returns None where the text is about something else, so that the next one is asked.
"""

from __future__ import annotations

import re
from typing import Final

from detector.errors import UserError
from detector.partner_time.day_names import MONTHS, ORDINALS
from detector.partner_time.rule import CODES
from detector.partner_time.spoken_dates import month_of, not_in_month
from detector.partner_time.spoken_days import near_day, weekday_of
from detector.partner_time.spoken_problem import nearest, problem

_NTHS: Final = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "fifth": 5,
    "5th": 5,
    "last": -1,
}
_NTH: Final = "|".join(_NTHS)
_AND: Final = r"\s*(?:,|&|\band\b)\s*(?:and\s+)?(?:the\s+)?"
_OF: Final = (
    r"(?:\s+(?:of|in)\s+(?:(?:the|each|every|a)\s+)?"
    rf"(?:(?P<count>\d+|other|{'|'.join(ORDINALS[2:])})\s+)?(?P<of>[a-z]+)(?:\s+that\s+has\s+(?:one|it|them))?)?"
)
_NTH_DAY: Final = re.compile(rf"(?P<nths>(?:{_NTH})(?:{_AND}(?:{_NTH}))*)\s+(?P<day>[a-z]+)\.?{_OF}")
_DATE: Final = r"\d{1,3}(?:st|nd|rd|th|\.)?"
_DATES: Final = re.compile(rf"(?P<dates>{_DATE}(?:{_AND}{_DATE})*){_OF}")
_YEAR_DAY: Final = re.compile(
    r"(?P<day>\d{1,3})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<month>[a-z]{3,9})\.?(?P<more>,?\s+.+)?"
    r"|(?P<month2>[a-z]{3,9})\.?\s+(?P<day2>\d{1,3})(?:st|nd|rd|th)?(?P<more2>,?\s+.+)?"
    r"|(?P<day3>\d{1,2})\.\s*(?P<month3>\d{1,2})\.(?P<more3>\s*\d+)?"
    r"|(?P<iso>\d{4}-\d{1,2}-\d{1,2})"
)
_COUNTS: Final = {"other": 2, **{word: count for count, word in enumerate(ORDINALS) if count > 1}}
_WORKDAYS: Final = "MO,TU,WE,TH,FR"


def read_nth(text: str, said: str, argument: str, at: int, within: str | None = None) -> dict[str, str] | None:
    """Return the parts of `first friday`, `last sunday of march`, `last day`; `said` stands in `text` from `at` on.

    Raises:
        UserError: if what is numbered is no day, or it has two readings.
    """
    found = _NTH_DAY.fullmatch(said)
    if found is None:
        return None
    nths = list(dict.fromkeys(_NTHS[nth] for nth in re.findall(_NTH, found["nths"])))
    day, of = found["day"], found["of"]
    weekday = weekday_of(day)
    if weekday is None and day not in {"day", "weekday"}:
        hint = near_day(day)
        if day in {"weekend", "week"}:
            hint = "write for example '3 weeks on sat,sun', or 'first saturday'"
        message = f"'{day}' is no day that a month numbers"
        raise UserError([problem(argument, text, message, at=at + found.start("day"), width=len(day), hint=hint)])
    if of is None and within is None and found["nths"] in {"second", "2nd"} and weekday is not None:
        message = f"'{said}' has two meanings"
        hint = f"write 'other {day}', or 'second {day} of the month'"
        raise UserError([problem(argument, text, message, at=at, width=len(said), hint=hint)])
    if of is None and within == "year":
        hint = f"write for example '{said} of may'"
        raise UserError([problem(argument, text, "it does not say of which month", at=at, width=len(said), hint=hint)])
    scope = _scope(text, argument, found["count"], of, at + found.start("of"))
    if day == "day":
        return {**scope, "BYMONTHDAY": ",".join(map(str, nths))}
    if day == "weekday":
        return {**scope, "BYDAY": _WORKDAYS, "BYSETPOS": ",".join(map(str, nths))}
    return {**scope, "BYDAY": ",".join(f"{nth}{CODES[weekday or 0]}" for nth in nths)}


def read_month_days(text: str, said: str, argument: str, at: int, within: str | None = None) -> dict[str, str] | None:
    """Return the parts of `15th`, `1st and 15th of the month`; inside a month also of `15` and `1,15`.

    Raises:
        UserError: if a month has no such day.
    """
    found = _DATES.fullmatch(said)
    if found is None or (found["of"] is not None and month_of(found["of"]) is not None):
        return None
    if within is None and found["of"] is None and not re.search("st|nd|rd|th", found["dates"]):
        hint = f"write 'month on {found['dates']}', or '{found['dates']} days'"
        raise UserError([problem(argument, text, "it does not say of what", at=at, width=len(said), hint=hint)])
    days = []
    for number in re.finditer(r"\d+", found["dates"]):
        if not 1 <= int(number[0]) <= 31:
            message, hint = f"no month has a day {number[0]}", "write 1 to 31, or 'month on last day'"
            place = at + number.start()
            raise UserError([problem(argument, text, message, at=place, width=len(number[0]), hint=hint)])
        days.append(int(number[0]))
    scope = _scope(text, argument, found["count"], found["of"], at + found.start("of"))
    return {**scope, "BYMONTHDAY": ",".join(map(str, sorted(set(days))))}


def read_year_day(text: str, said: str, argument: str, at: int, within: str | None = None) -> dict[str, str] | None:
    """Return the parts of `24 december`, `dec 24`, `24.12.`: a day that comes once a year.

    Raises:
        UserError: if there is no such day, or a year stands beside it.
    """
    del within
    found = _YEAR_DAY.fullmatch(said)
    if found is None:
        return None
    more = found["more"] or found["more2"] or found["more3"]
    if found["iso"] or more:
        if more and not re.fullmatch(r",?\s*\d+", more):
            return None
        message = "a day with its year comes once"
        raise UserError(
            [problem(argument, text, message, at=at, width=len(said), hint="leave out --every, and write --on")]
        )
    name = found["month"] or found["month2"]
    month = int(found["month3"]) if name is None else month_of(name)
    if month is None or not 1 <= month <= 12:
        near = nearest(name or "", [full.lower() for full in MONTHS])
        hint = f"did you mean {near}?" if near else "write for example 24 december"
        raise UserError([problem(argument, text, f"'{name or month}' is no month", at=at, width=len(said), hint=hint)])
    day = int(found["day"] or found["day2"] or found["day3"])
    if wrong := not_in_month(day, month, None):
        hint = f"write a day that {MONTHS[month - 1]} has"
        raise UserError([problem(argument, text, wrong, at=at, width=len(said), hint=hint)])
    return {"FREQ": "YEARLY", "BYMONTH": str(month), "BYMONTHDAY": str(day)}


def _scope(text: str, argument: str, count: str | None, of: str | None, at: int) -> dict[str, str]:
    if of is None or of in {"month", "months"}:
        number = _COUNTS.get(count or "", 0) or int(count or 1)
        if not 1 <= number <= 24:
            message = f"every {number} months is no rhythm"
            raise UserError([problem(argument, text, message, at=at, width=len(of or ""), hint="write 1 to 24 months")])
        return {"FREQ": "MONTHLY", **({} if number == 1 else {"INTERVAL": str(number)})}
    if count is None and (month := month_of(of)) is not None:
        return {"FREQ": "YEARLY", "BYMONTH": str(month)}
    near = nearest(of, ["month", *(name.lower() for name in MONTHS)])
    hint = f"did you mean {near}?" if near else "write 'of the month', or a month such as may"
    raise UserError([problem(argument, text, f"'{of}' is no month", at=at, width=len(of), hint=hint)])
