"""Read how often partner time returns, as people write it, into an RFC 5545 RRULE.

    day · weekday · weekend · mon-fri · mon,wed,fri          other day · 3 days
    other friday · 2 weeks on mon,tue · third week           first friday · last sunday · last day of the month
    month on 15 · 1st and 15th · 2 months on first friday    24 december · second sunday of may · year
    alternate fridays · fridays every 3 weeks · every day except friday · friday through sunday · mon/wed/fri

Invariant 1: what has two readings is a problem that names both: `second friday`, `third friday`, `biweekly`, `month on fri`.
Invariant 2: what says no day takes the day of `--on`; without one it is a problem.
Invariant 3: the same days are the same RRULE, however they were written.
"""

import re
from datetime import date
from functools import partial
from typing import Final

from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.day_names import MONTHS, ORDINALS, format_date_number
from detector.partner_time.parse_dates import HOLIDAYS, month_of, not_in_month
from detector.partner_time.parse_times import check_length, hint_nearest, input_error, problem
from detector.partner_time.parse_weekdays import near_day, near_name, parse_days, weekday_of
from detector.partner_time.rrule import CODES, PARTS, RecurrenceError, split_rrule
from rules.spelling import nearest

# How many of its unit a recurrence may leave between two times; more is a typing error.
MAX_INTERVAL: Final = {"day": 366, "week": 52, "month": 24, "year": 10}

EXAMPLES: Final = _("write for example weekday, mon,wed, 'other friday' or 'first friday'")

_CARDINALS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_FREQUENCIES: Final = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_ADVERBS: Final = {"daily": "day", "everyday": "day", "annually": "year"} | {
    f"{unit}ly": unit for unit in ("week", "month", "year")
}
_AMBIGUOUS: Final = {
    "biweekly": _("write 'other week' or two days, such as tue,fri"),
    "bimonthly": _("write '2 months on 1' or 'month on 1,15'"),
    "biannually": _("write '6 months on 1', or 'other year on 24 december'"),
    **dict.fromkeys(("weeknight", "weeknights"), _("write 'weekday' or sun-thu")),
}
_LEAD: Final = re.compile(r"\s*(?:(?:every|each|on|the|from)\b\s*)*")
# Other words for the same, with blanks as long as they were, so that carets stand where they should.
_SAME: Final = (
    (re.compile(r"\b(?:alternate|alternating)\b"), "other"),
    (re.compile(r"\b(?:single|only)\b|\bof the week\b"), ""),
    (re.compile(r"^once (?:an?|every|per|each) (?=day|week|month|year|fortnight)"), ""),
    (re.compile(r"^(?:all|whole) week$"), "day"),
    (re.compile(rf"^(?P<nth>{'|'.join(ORDINALS[1:])}|last) of (?=the|each|every|[a-z]+$)"), None),
)
_EXCEPT: Final = re.compile(
    r"(?P<days>.+?),?\s+(?:except|but|besides|without|excluding|apart\s+from)\s+(?:(?:for|on|not)\s+)*(?P<without>.+)"
)
_DAYS_FIRST: Final = re.compile(
    r"(?P<days>[^,].*?)\s*,?\s+(?:(?:every|each)\s+(?P<times>.*\b(?:week|fortnight)s?)|fortnightly)"
)
_TIMES: Final = re.compile(
    rf"(?:(?P<count>\d+(?:st|nd|rd|th)?|other|{'|'.join((*_CARDINALS, *ORDINALS))})\s+)?"
    r"(?P<unit>day|week|month|year|fortnight)s?(?:\s*,?\s*\bon\b\s*(?P<on>.*))?"
)
_ADVERB: Final = re.compile(rf"(?P<adverb>{'|'.join(_ADVERBS)}|fortnightly)(?:\s*,?\s*\bon\b\s*(?P<on>.*))?")
_OTHER: Final = re.compile(r"other\s+(?P<days>.+)")
_COUNT_OF_DAYS: Final = re.compile(rf"(?P<count>\d+|{'|'.join(_CARDINALS)})\s+(?P<day>[a-z]+)")

_NTHS: Final = {name: n for n in range(1, 6) for name in (ORDINALS[n], format_date_number(n))} | {"last": -1}
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


def parse_recurrence(text: str, *, argument: str = "--every", first: date | None = None) -> str:
    """Return the RRULE that `text` describes; `first` is the day from which on it is to hold, if the person named one."""
    check_length(text, argument=argument, hint=EXAMPLES)
    # Letter by letter: what stands where must not move, and some letters are longer when they are small.
    lowered = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    if "freq=" in lowered:
        return _read_rrule(text, argument, first)
    at = lead.end() if (lead := _LEAD.match(lowered)) else 0
    end = len(re.sub(r"(?:(?<=[^\d.])[.]+|, in leap years|\s)+$", "", lowered))
    if at >= end:
        raise input_error(argument, text, _("it says nothing"), EXAMPLES)
    words = lowered[at:end]
    if words in _AMBIGUOUS:
        raise input_error(argument, text, _("'{word}' has two meanings"), _AMBIGUOUS[words], at=at, word=words)
    for pattern, instead in _SAME:
        words = pattern.sub(partial(_replace, instead=instead), words)
    at, words = at + len(words) - len(words.lstrip()), words.strip()
    parts = _RecurrenceParser(text, argument, at, first).parse(words)
    if set(parts.get("BYDAY", "").split(",")) == set(CODES) and parts["FREQ"] == "WEEKLY" and "INTERVAL" not in parts:
        return "FREQ=DAILY"
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _replace(found: re.Match[str], *, instead: str | None) -> str:
    return f"{found['nth']} day of " if instead is None else instead.ljust(len(found[0]))


class _RecurrenceParser:
    """Reads one text into the parts of an RRULE; `at` is where its first word stands after `every` and the like.

    The methods `nth_days`, `month_days` and `year_day` return None where the text is about something else, so that the next
    one tries. A position `at` inside them counts from the beginning of the whole text.
    """

    def __init__(self, text: str, argument: str, at: int, first: date | None) -> None:
        self.text, self.argument, self.at, self.first = text, argument, at, first

    def error(
        self, message: str, hint: str, word: str | None = None, at: int | None = None, **values: object
    ) -> UserError:
        at = self.at if at is None else at
        return input_error(self.argument, self.text, message, hint, at=at, word=word, **values)

    def parse(self, words: str) -> dict[str, str]:
        if (match := _EXCEPT.fullmatch(words)) is not None:
            return self.without(
                self.parse(match["days"]), self.days(match["without"], self.at + match.start("without"))
            )
        if (match := _DAYS_FIRST.fullmatch(words)) is not None:
            return self.parse(f"{match['times'] or 'fortnight'} on {match['days']}")
        if (match := _TIMES.fullmatch(words) or _ADVERB.fullmatch(words)) is not None:
            groups = match.groupdict()
            unit = groups.get("unit") or _ADVERBS.get(groups.get("adverb") or "", "fortnight")
            count = self.count(groups.get("count"), unit)
            unit, count = ("week", 2 * count) if unit == "fortnight" else (unit, count)
            return self.times(unit, count, match["on"], self.at + match.start("on"))
        if match := _OTHER.fullmatch(words):
            days = self.days(match["days"], self.at + match.start("days"))
            if re.search(r"\bweekdays?\b", match["days"]):
                hint = _("write 'other week on mon-fri', or the days")
                raise self.error(_("every other weekday has two meanings"), hint, words)
            return self.weekly(2, days)
        if (match := _COUNT_OF_DAYS.fullmatch(words)) and weekday_of(match["day"]) is not None:
            day = match["day"].removesuffix("s")
            if not match["count"].strip("0"):
                raise self.error(_("every {word} never comes"), _("write {day}, or 'other {day}'"), words, day=day)
            message, hint = _("'{word}' is not a length of time"), _("write '{count} weeks on {day}'")
            raise self.error(message, hint, words, count=match["count"], day=day)
        for read in (self.nth_days, self.month_days, self.year_day):
            if (parts := read(words, self.at)) is not None:
                return parts
        if re.fullmatch(r"[a-z]+", words) and weekday_of(words) is None and (near := nearest(words, _ADVERBS)):
            named = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
            if words not in {"weekday", "weekdays", "weekend", "weekends"} and nearest(words, named) is None:
                raise self.error(_("'{word}' says no time"), hint_nearest(near, EXAMPLES), words)
        return self.weekly(1, self.days(words, self.at))

    def without(self, parts: dict[str, str], left_out: tuple[int, ...]) -> dict[str, str]:
        """Return the parts of `every day except friday`: the days of the week that are left."""
        names = parts.get("BYDAY", ",".join(CODES) if parts == {"FREQ": "DAILY"} else "").split(",")
        days = tuple(day for day in range(7) if CODES[day] in names and day not in left_out)
        if parts["FREQ"] not in {"DAILY", "WEEKLY"} or len(days) in {0, len(names)}:
            raise self.error(
                _("it does not say on which days of the week"), _("name the days on which it is: mon,tue,thu")
            )
        return {**parts, "FREQ": "WEEKLY", "BYDAY": ",".join(CODES[day] for day in days)}

    def count(self, word: str | None, unit: str) -> int:
        if word is None:
            return 1
        if word == "other":
            return 2
        words = _CARDINALS if word in _CARDINALS else ORDINALS
        count = words.index(word) if word in words else int(re.sub(r"\D", "", word)[:6])
        maximum = MAX_INTERVAL.get(unit, 26)
        if count == 0:
            raise self.error(_("every 0 {unit}s never comes"), _("write {unit}, or '2 {unit}s'"), word, unit=unit)
        if count == 1 and word in {"first", "1st"}:
            raise self.error(
                _("'{word} {unit}' cannot be planned"), _("write {unit}, or 'first friday'"), word, unit=unit
            )
        if count > maximum:
            message, hint = _("{count} {unit}s is too long"), _("write at most {maximum} {unit}s")
            raise self.error(message, hint, word, count=count, unit=unit, maximum=maximum)
        return count

    def days(self, words: str, at: int) -> tuple[int, ...]:
        return parse_days(words, argument=self.argument, whole=self.text, at=at)

    def times(self, unit: str, count: int, on: str | None, at: int) -> dict[str, str]:
        """Return the parts of `2 weeks on mon,tue`, `month on 15`, `3 days`: `count` units, and what stands after `on`."""
        if on is not None and not on.strip():
            raise self.error(_("it does not say on which day"), EXAMPLES)
        if unit == "week":
            return self.weekly(count, () if on is None else self.days(on, at), has_unit=True)
        interval = {} if count == 1 else {"INTERVAL": str(count)}
        if unit == "day":
            if on is not None:
                hint = _("leave out 'on', or write 'week on'")
                raise self.error(_("every day is on every day"), hint, on, at)
            return {"FREQ": "DAILY", **interval}
        if on is None:
            return {"FREQ": _FREQUENCIES[unit], **interval, **self.day_of_first(unit, count)}
        bare = re.sub(r"^\s*(?:the\s+)?", "", on)
        start = at + len(on) - len(bare)
        for read in (self.nth_days, self.month_days if unit == "month" else self.year_day):
            if (parts := read(bare, start, unit)) is not None:
                return {"FREQ": parts.pop("FREQ"), **interval, **parts}
        if unit == "month":
            message = _("'{word}' is not a day of a month")
            hint = _("write for example 'month on 15', 'first friday' or 'month on last day'")
        else:
            message = _("'{word}' is not a day of a year")
            hint = _("write for example 'year on 24 december', or 'second sunday of may'")
        raise self.error(message, hint, bare, start)

    def weekly(self, count: int, days: tuple[int, ...], *, has_unit: bool = False) -> dict[str, str]:
        if not days and has_unit:
            if self.first is None:
                hint = _("write for example 'other friday' or '3 weeks on fri', or add --on 2026-12-24")
                raise self.error(_("it does not say on which day of the week"), hint)
            days = (self.first.weekday(),)
        # Of every other weekend the Monday belongs to the Friday before it: the week begins with the first day.
        week_start = {"WKST": CODES[days[0]]} if count > 1 and days[0] > days[-1] else {}
        by_day = ",".join(CODES[day] for day in sorted(days))
        return {"FREQ": "WEEKLY", **({} if count == 1 else {"INTERVAL": str(count)}), "BYDAY": by_day, **week_start}

    def day_of_first(self, unit: str, count: int) -> dict[str, str]:
        if self.first is not None:
            month = {"BYMONTH": str(self.first.month)} if unit == "year" else {}
            return {**month, "BYMONTHDAY": str(self.first.day)}
        if unit == "month":
            message, example = _("it does not say on which day of the month"), "15" if count > 1 else "month on 15"
        else:
            message, example = _("it does not say on which day of the year"), "24 december"
        example = f"{count} {unit}s on {example}" if count > 1 else example
        raise self.error(message, _("write for example '{example}', or add --on"), example=example)

    def nth_days(self, words: str, at: int, unit: str | None = None) -> dict[str, str] | None:
        """Return the parts of `first friday`, `last sunday of march`, `last day`."""
        match = _NTH_DAY.fullmatch(words)
        if match is None:
            return None
        nths = list(dict.fromkeys(_NTHS[nth] for nth in re.findall(_NTH, match["nths"])))
        day, of = match["day"], match["of"]
        weekday = weekday_of(day)
        if weekday is None and day not in {"day", "weekday"}:
            hint = near_day(day)
            if day in {"weekend", "week"}:
                hint = _("write for example '3 weeks on sat,sun', or 'first saturday'")
            raise self.error(
                _("'{word}' is not a day that can be counted in a month"), hint, day, at + match.start("day")
            )
        # "The third friday" is one of a month; "every third friday" could be every third week.
        has_article = re.search(r"\bthe\s*$", self.text[:at], re.IGNORECASE) is not None
        if of is None and unit is None and weekday is not None and len(nths) == 1 and nths[0] > 1 and not has_article:
            often = f"other {day}" if nths[0] == 2 else f"{nths[0]} weeks on {day}"
            readings = (often, f"{match['nths']} {day} of the month")
            hint = _("write '{first}', or '{second}'")
            raise self.error(_("'{word}' has two meanings"), hint, words, at, first=readings[0], second=readings[1])
        if of is None and unit == "year":
            raise self.error(_("it does not say of which month"), _("write for example '{word} of may'"), words, at)
        scope = self.scope(match["count"], of, at + match.start("of"))
        if day == "day":
            return {**scope, "BYMONTHDAY": ",".join(map(str, nths))}
        if day == "weekday":
            return {**scope, "BYDAY": _WORKDAYS, "BYSETPOS": ",".join(map(str, nths))}
        return {**scope, "BYDAY": ",".join(f"{nth}{CODES[weekday or 0]}" for nth in nths)}

    def month_days(self, words: str, at: int, unit: str | None = None) -> dict[str, str] | None:
        """Return the parts of `15th`, `1st and 15th of the month`; after `month on` also of `15` and `1,15`."""
        match = _DATES.fullmatch(words)
        if match is None or (match["of"] is not None and month_of(match["of"]) is not None):
            return None
        if unit is None and match["of"] is None and not re.search("st|nd|rd|th", match["dates"]):
            hint = _("write 'month on {days}', or '{days} days'")
            raise self.error(_("it does not say of what"), hint, words, at, days=match["dates"])
        days = []
        for number in re.finditer(r"\d+", match["dates"]):
            if not 1 <= int(number[0]) <= 31:
                message, hint = _("no month has a day {word}"), _("write 1 to 31, or 'month on last day'")
                raise self.error(message, hint, number[0], at + number.start())
            days.append(int(number[0]))
        scope = self.scope(match["count"], match["of"], at + match.start("of"))
        return {**scope, "BYMONTHDAY": ",".join(map(str, sorted(set(days))))}

    def year_day(self, words: str, at: int, _unit: str | None = None) -> dict[str, str] | None:
        """Return the parts of `24 december`, `dec 24`, `24.12.`: a day that comes once a year."""
        match = _YEAR_DAY.fullmatch(words)
        if words in HOLIDAYS:
            return {"FREQ": "YEARLY", "BYMONTH": str(HOLIDAYS[words][0]), "BYMONTHDAY": str(HOLIDAYS[words][1])}
        if match is None:
            return None
        year = match["more"] or match["more2"] or match["more3"]
        if match["iso"] or year:
            if year and not re.fullmatch(r",?\s*\d+", year):
                return None
            raise self.error(_("a day with its year comes once"), _("leave out --every, and write --on"), words, at)
        name = match["month"] or match["month2"]
        month = int(match["month3"]) if name is None else month_of(name)
        if month is None or not 1 <= month <= 12:
            near = near_name(name or "", MONTHS)
            hint = hint_nearest(near, _("write for example 24 december"))
            raise self.error(_("'{month}' is not a month"), hint, words, at, month=name or month)
        day = int(match["day"] or match["day2"] or match["day3"])
        if wrong := not_in_month(day, month, None):
            raise self.error(wrong, _("write a day that {month} has"), words, at, month=MONTHS[month - 1])
        return {"FREQ": "YEARLY", "BYMONTH": str(month), "BYMONTHDAY": str(day)}

    def scope(self, count: str | None, of: str | None, at: int) -> dict[str, str]:
        """Return the frequency that `of the month`, `of every other month`, `of may` or nothing at all names."""
        if of is None or of in {"month", "months"}:
            number = _COUNTS.get(count or "", 0) or int(count or 1)
            if not 1 <= number <= MAX_INTERVAL["month"]:
                message, hint = _("every {count} months cannot be planned"), _("write 1 to 24 months")
                raise self.error(message, hint, of or "", at, count=number)
            return {"FREQ": "MONTHLY", **({} if number == 1 else {"INTERVAL": str(number)})}
        if count is None and (month := month_of(of)) is not None:
            return {"FREQ": "YEARLY", "BYMONTH": str(month)}
        near = near_name(of, ["month", *MONTHS])
        hint = hint_nearest(near, _("write 'of the month', or a month such as may"))
        raise self.error(_("'{word}' is not a month"), hint, of, at)


def _read_rrule(text: str, argument: str, first: date | None) -> str:
    rule = re.sub(r"\s", "", text).upper().removeprefix("RRULE:").rstrip(";")
    frequency = re.search(r"FREQ=(\w*)", rule)
    if frequency is not None and frequency[1] not in PARTS:
        given = frequency[1].lower()
        message = _("partner time does not recur {given}") if given else _("partner time does not recur like that")
        hint = _("FREQ is one of {names}")
        raise input_error(argument, text, message, hint, given=given, names=", ".join(PARTS))
    try:
        parts = split_rrule(rule)
    except RecurrenceError as wrong:
        raise UserError([problem(argument, text, "{why}", why=reason) for reason in wrong.problems]) from None
    names_day = {name for name in parts if name.startswith("BY")} - {"BYSETPOS", "BYMONTH"}
    if parts["FREQ"] != "DAILY" and not names_day and first is None:
        raise input_error(argument, text, _("it does not say on which day"), _("add --on, or BYDAY=FR"))
    return rule
