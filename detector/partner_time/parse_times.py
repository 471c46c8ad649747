"""Read what people write about partner time: times of day, spans, lengths, zones, titles.

Invariant 1: all problems are reported at once, each with the argument it stands in, a caret and what to write instead.
Invariant 2: what is accepted has one meaning only; where there could be two, it is a problem with both as its `readings`.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from detector.errors import Problem, UserError
from detector.i18n import _
from detector.partner_time.occurrences import MAX_LENGTH, MIN_LENGTH
from detector.partner_time.wall_clock import DAY
from rules.lengths import LengthTooLong, format_length, parse_length
from rules.spelling import nearest

MAX_TITLE: Final = 80
MAX_CHARACTERS: Final = 300

HALF_A_DAY: Final = timedelta(hours=12)
# Numbers as words; a translation of them is not needed, because what people write is read in English.
NUMBER_WORDS: Final = {
    word: count
    for count, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ]
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "forty five": 45, "fifty": 50, "sixty": 60, "ninety": 90}

_TIME_HINT: Final = _("write for example 18:30, 18.30 or 6:30pm")
_PART_OF_DAY: Final = r"(?:\s*(?:in\s+the|at)\s+(?P<part>morning|afternoon|evening|night))?"
_HOUR: Final = rf"\d{{1,2}}|{'|'.join(list(NUMBER_WORDS)[1:13])}"
_HALF: Final = r"(?:\s*(?P<half>[ap])(?:m|\.m\.?)?)?"
CLOCK: Final = (
    r"noon|midday|(?:12\s+)?midnight|12\s+noon|\d{4}\s*h(?:rs|ours)?"
    r"|(?:half|quarter|ten|twenty|five)\s+(?:past|to)\s+(?:[a-z]+|\d{1,2})(?:\s*[ap]\.?m\.?)?"
    r"|\d{1,2}\s*[:.h]\s*\d{2}(?:\s*(?:[ap]\.m\.|[ap]m?|h|uhr))?|\d{1,2}\s*(?:[ap]\.m\.|[ap]m?|h|uhr|o'?clock)"
    r"|\d{1,2}\s+(?:in\s+the\s+(?:morning|afternoon|evening)|at\s+night)"
)
"""A time of day inside a longer text: everything that `read_clock` takes but a bare hour, which could be part of a date."""
_TIME: Final = re.compile(
    rf"(?:at\s+)?(?:(?P<past>half|quarter|ten|twenty|five)\s+(?P<way>past|to)\s+)?(?P<hour>{_HOUR})"
    rf"(?:\s*(?P<mark>[:.h])\s*(?P<minute>\d{{2}}))?(?:\s*(?P<unit>h|uhr|o'?clock))?{_HALF}{_PART_OF_DAY}",
    re.ASCII,
)
_MILITARY: Final = re.compile(r"([01]\d|2[0-4])([0-5]\d)(?:\s*h(?:rs|ours)?)?", re.ASCII)
_FRACTIONS: Final = {"half": 30, "quarter": 15, "ten": 10, "twenty": 20, "five": 5}

# What stands in a length besides numbers and units, in the order in which it is replaced.
_LENGTH_WORDS: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"^(?:(?:for|by|the|last|past|another|next|only|just|about)\s+)+|\s+(?:longer|ago|long)$|\bmore\b", ""),
        (r"\bforty[- ]five\b", "45"),
        (rf"\b(?:{'|'.join(word for word in NUMBER_WORDS if ' ' not in word)})\b", None),
        (r"\b(?:a\s+)?couple\s+(?:of\s+)?", "2 "),
        (r"(?<=\d),(?=\d)", "."),
        (r"\s*½|\s+1/2\b|\s+and\s+a\s+half(?=\s+h)", ".5"),
        (r"^\.5", "0.5"),
        (r"\b(?:1\s+)?half\s+(?:an?\s+|1\s+)?hour\b|\bhalf\s+an?\s+h\b", "30 min"),
        (r"\b(?:3|three)\s+quarters\s+of\s+an?\s+hour\b", "45 min"),
        (r"\b(?:an?\s+)?quarter\s+of\s+an?\s+hour\b", "15 min"),
        (r"\bhours?\s+and\s+(?:a|1)\s+half\b", "h 30 min"),
        (r"\bhours?\s+and\s+(?:a|1)\s+quarter\b", "h 15 min"),
        (r"\ban?\s+(?=[a-z])", "1 "),
        (r"\s*(?:\band\b|&|\+|,)\s*", " "),
        (r"(?<=[\d\s.])-?(?:hours?|hrs?)\b|^hour$", "h"),
        (r"(?<=[\d\s.])-?(?:minutes?|mins?)\b", "min"),
        (r"(?<=[\d\s.])-?(?:seconds?|secs?)\b", "s"),
        (r"(?<=[\d\s.])-?days?\b|^day$", "d"),
        (r"(?<=[\d\s.])-?(?:weeks?|wks?)\b|^week$", "w"),
        (r"^(?=[hdw]$)", "1 "),
        (r"^(\d+)\s*h\s*([0-5]?\d)$", r"\1 h \2 min"),
        (r"^0?([0-4]):([0-5]\d)(?:\s*h)?$", r"\1 h \2 min"),
    )
)
# They turn the reading direction of whatever follows them on the line: a title must not reach that far.
_DIRECTIONS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def problem(
    argument: str,
    text: str,
    message: str,
    hint: str | None = None,
    *,
    at: int = 0,
    word: str | None = None,
    readings: tuple[str, ...] = (),
    **values: Any,
) -> Problem:
    """Return the problem with `text`, or with a `word` of it at `at`. The values are put into message and hint.

    `readings`: what to write instead of the text, each with one meaning, where the text has several.
    """
    values["word"] = text.strip() if word is None else word
    # A text that cannot be shown on one line has no place for a caret.
    shown = text if text.isprintable() and text.strip() else None
    return Problem(
        message=message.format_map(values),
        file=argument,
        column=at + 1 if shown else None,
        width=len(text.rstrip()) - at if word is None else len(word),
        source=shown,
        hint=None if hint is None else hint.format_map(values),
        readings=readings,
    )


class UnusableLength(UserError):
    """The text is a length, but one that is too long."""


def input_error(argument: str, text: str, message: str, hint: str | None = None, **more: Any) -> UserError:
    return UserError([problem(argument, text, message, hint, **more)])


def check_length(text: str, *, argument: str, hint: str | None = None) -> str:
    """Return the text. Raises `UserError` if it is longer than anybody writes."""
    # The time of the patterns grows with the cube of the blanks: 2,000 of them took 13 s.
    if len(text) > MAX_CHARACTERS:
        message = _("is longer than {count} characters").format(count=MAX_CHARACTERS)
        raise input_error(argument, text[:40], message, hint)
    return text


def normalize(text: str, *, argument: str) -> str:
    """Return the text in lower case, with single blanks. Raises `UserError` if it is longer than anybody writes."""
    return " ".join(check_length(text, argument=argument).lower().split())


def hint_nearest(near: str | None, otherwise: str) -> str:
    """Return "did you mean fri?", or the other hint where nothing is near."""
    return _("did you mean {near}?").format(near=near) if near else otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTime:
    """A time of day as it was written: `at` since midnight, read as a clock of 24 hours shows it.

    `half`: "am" or "pm" where it was written so. `is_open`: it could be in either half of the day; `is_hour`: an hour alone,
    as in `7`, which nobody with a clock of 24 hours would write for the morning without meaning it.
    """

    text: str
    at: timedelta
    half: str = ""
    is_open: bool = False
    is_hour: bool = False

    @property
    def other(self) -> timedelta:
        """The same hands of the clock, half a day away."""
        return (self.at + HALF_A_DAY) % DAY

    def in_half(self, half: str) -> "ClockTime":
        """Return it in this half of the day, where it could be in either."""
        if not half or not self.is_open or self.at >= HALF_A_DAY:
            return self
        return replace(
            self, at=self.at + (HALF_A_DAY if half == "pm" else timedelta(0)), half=half, is_open=False, is_hour=False
        )


def read_clock(text: str, *, argument: str, is_end: bool = False) -> ClockTime:
    """Return the time of day, `at` from 0 to below 24 h; as an end, `24:00` and `00:00` are both 24 h, midnight."""
    wanted = normalize(text, argument=argument).removesuffix(" sharp").removeprefix("at ")
    wanted = {"noon": "12pm", "midday": "12pm", "midnight": "00:00"}.get(wanted.removeprefix("12 "), wanted)
    if match := _MILITARY.fullmatch(wanted):
        wanted = f"{match[1]}:{match[2]}"
    match = _TIME.fullmatch(wanted)
    if match is None or (match["past"] and match["minute"]):
        raise input_error(argument, text, _("'{word}' is not a time of day"), _TIME_HINT, word=text)
    hour = match["hour"]
    hours, minutes = NUMBER_WORDS[hour] if hour in NUMBER_WORDS else int(hour), int(match["minute"] or 0)
    half = f"{match['half']}m" if match["half"] else ""
    if match["part"]:
        # Twelve or one at night are after midnight, ten at night is before it.
        half = (
            "am" if match["part"] == "morning" or (match["part"] == "night" and hours in {12, 1, 2, 3, 4, 5}) else "pm"
        )
    is_open = not half and 1 <= hours <= 12 and not hour.startswith("0") and match["unit"] not in {"h", "uhr"}
    is_open = is_open and match["mark"] != "h"
    if half and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half == "pm" else 0)
    elif half and (match["half"] or hours == 0):
        # Neither 0pm nor 13pm is a time: it is refused below, as 99:00 is.
        hours = 99
    length = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or length > DAY:
        raise input_error(argument, text, _("no clock shows '{word}'"), _TIME_HINT, word=text)
    if match["past"]:
        fraction = timedelta(minutes=_FRACTIONS[match["past"]])
        length = (length + (fraction if match["way"] == "past" else -fraction)) % DAY
    if length == DAY and not is_end:
        hint = _("a beginning at midnight is 00:00, of the day that begins then")
        raise input_error(argument, text, _("24:00 is an end"), hint, word=text)
    is_hour = is_open and not match["minute"] and hours != 12
    return ClockTime(text=text, at=(length or DAY) if is_end else length, half=half, is_open=is_open, is_hour=is_hour)


def parse_time_of_day(text: str, *, argument: str) -> timedelta:
    """Return the time since midnight, 0 to below 24 h; an hour alone that could be in either half of the day is a problem."""
    clock = read_clock(text, argument=argument)
    if clock.is_hour:
        raise two_halves(clock, argument=argument)
    return clock.at


def two_halves(clock: ClockTime, *, argument: str) -> UserError:
    """Return the problem with a time that could be in either half of the day."""
    readings = tuple(_with_half(at) for at in sorted((clock.at % DAY, clock.other)))
    message, hint = _("'{word}' could be in the morning or in the evening"), _("write {first} or {second}")
    values = {"word": clock.text.strip(), "first": readings[0], "second": readings[1]}
    return input_error(argument, clock.text, message, hint, readings=readings, **values)


def format_time(at: timedelta) -> str:
    """Return the time since midnight as it is typed: "18:30"."""
    minutes = at // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _with_half(at: timedelta) -> str:
    # With am or pm, so that a bare end takes the same half: "7pm", "7:30pm".
    hours, minutes = divmod(at // timedelta(minutes=1), 60)
    return f"{hours % 12 or 12}{f':{minutes:02}' if minutes else ''}{'am' if hours < 12 else 'pm'}"


def parse_span(begin: ClockTime, end: ClockTime, *, says_day: bool = False) -> tuple[timedelta, timedelta]:
    """Return when a span begins and how long it lasts, at most 24 h; an end at or before the beginning is on the next day.

    A time without am or pm takes the half of the day that makes the span shortest, if the other one has its half.

    Raises:
        UserError: if the span has a second reading: an hour alone at both ends, or more than 12 h where no day says so.
    """
    if end.at % DAY == begin.at and (end.half == begin.half or not (begin.is_open or end.is_open)) and end.at != DAY:
        hint = _("give a later end; a whole day is --from 00:00 --to 24:00")
        raise input_error("--to", end.text, _("partner time ends where it begins"), hint)
    if begin.is_hour and end.is_hour:
        raise two_halves(begin, argument="--from")
    begins, ends = [begin.at], [end.at]
    if begin.half and end.is_open:
        ends = [end.at, end.other]
    elif end.half and begin.is_open:
        begins = [begin.at, begin.other]
    lasts, begins_at, ends_at = min(((to - at) % DAY or DAY, at, to) for at in begins for to in ends)
    is_certain = says_day or (ends_at > begins_at and not begin.is_open and not end.is_open)
    if lasts > HALF_A_DAY and not is_certain:
        other = lasts - HALF_A_DAY
        if begin.is_open and not end.is_open and ends_at > begins_at:
            argument, clock = "--from", begin
            readings = (_with_half((begins_at + HALF_A_DAY) % DAY), _with_half(begins_at))
        else:
            argument, clock, first = "--to", end, format_time((begins_at + other) % DAY)
            second = format_time(ends_at % DAY)
            readings = (first, f"{second} the next day" if ends_at <= begins_at else second)
        message = _("from {begin} to '{word}' would be {length}")
        hint = (
            _("write {first} ({short}), or '{second}'")
            if argument == "--to"
            else _("write {first} ({short}) or {second}")
        )
        values = {"begin": format_time(begins_at), "length": format_length(lasts), "short": format_length(other)}
        values |= {"word": end.text.strip(), "first": readings[0], "second": readings[1]}
        raise input_error(argument, clock.text, message, hint, readings=readings, **values)
    return begins_at, lasts


def parse_zone(text: str, *, argument: str = "--zone") -> str:
    """Return the IANA name of the zone, in its own spelling."""
    zones = available_timezones() - {"localtime", "Factory"}
    wanted = check_length(text, argument=argument).strip()
    if wanted in zones:
        return wanted
    by_lower = {name.lower(): name for name in sorted(zones)}
    lowered = wanted.lower().replace(" ", "_")
    if lowered in by_lower:
        return by_lower[lowered]
    by_city = {name.rpartition("/")[2]: by_lower[name] for name in by_lower}
    whole, last = nearest(lowered, by_lower), nearest(lowered.rpartition("/")[2], by_city)
    near = by_lower[whole] if whole else by_city[last] if last else None
    hint = hint_nearest(by_city.get(lowered) or near, _("write a name such as Europe/Berlin or UTC"))
    raise input_error(argument, text, _("there is no zone '{word}'"), hint, word=text)


def read_length(text: str, *, argument: str, bare: str = "") -> timedelta:
    """Return the length that `text` names, such as `2 hours`, `1h30`, `half an hour`; `bare` is the unit of a number alone.

    A number below five is a problem even so: it could as well be hours.
    """
    wanted = normalize(text.replace("½", " ½"), argument=argument)
    for pattern, instead in _LENGTH_WORDS:
        wanted = pattern.sub((lambda found: str(NUMBER_WORDS[found[0]])) if instead is None else instead, wanted)
    if bare and re.fullmatch(r"\d{1,4}", wanted, re.ASCII):
        if 0 < int(wanted) < 5:
            readings = (f"{wanted} h", f"{wanted} {bare}")
            message, hint = _("'{word}' could be hours or minutes"), _("write '{first}' or '{second}'")
            values = {"word": text.strip(), "first": readings[0], "second": readings[1]}
            raise input_error(argument, text, message, hint, readings=readings, **values)
        wanted += bare
    if re.fullmatch(r"\d{1,2}:\d{2}", wanted, re.ASCII):
        message, hint = (
            _("'{word}' could be a length or the end"),
            _("write 'until {word}', --to {word}, or for example 1h30min"),
        )
        raise input_error(argument, text, message, hint, word=text.strip())
    try:
        return parse_length(wanted)
    except ValueError as wrong:
        # As values: they quote the text, which may hold braces.
        why, _separator, instead = str(wrong).replace(f"'{wanted}'", f"'{text}'", 1).partition("; ")
        error = UnusableLength if isinstance(wrong, LengthTooLong) else UserError
        advice = "{instead}" if instead else None
        raise error([problem(argument, text, "{why}", advice, word=text, why=why, instead=instead)]) from None


def parse_duration(text: str, *, argument: str) -> timedelta:
    """Return how long partner time lasts, in whole seconds: from one minute to 24 h, so that it always ends."""
    return check_duration(read_length(text, argument=argument, bare="min"), text, argument=argument)


def check_duration(length: timedelta, text: str, *, argument: str) -> timedelta:
    """Return the length in whole seconds, if partner time may last so long."""
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        message = _("partner time lasts from 1 min to 24 h, not {length}")
        raise input_error(argument, text, message, word=text, length=format_length(length))
    return timedelta(seconds=int(length.total_seconds()))


def parse_title(text: str, *, argument: str = "TITLE") -> str:
    """Return the title without blanks around it: 1 to 80 characters, none of which steers a terminal."""
    title = text.strip()
    problems = []
    if not title:
        hint = _("write for example Dinner")
        problems.append(problem(argument, "", _("a title has at least one character"), hint))
    if len(title) > MAX_TITLE:
        message = _("a title has at most {maximum} characters, this one {count}")
        problems.append(Problem(message=message.format(maximum=MAX_TITLE, count=len(title)), file=argument))
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} or letter in _DIRECTIONS for letter in title):
        problems.append(Problem(message=_("a title is one line without control characters"), file=argument))
    if problems:
        raise UserError(problems)
    return title
