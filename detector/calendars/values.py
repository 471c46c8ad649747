"""Single values of an event: titles, times and lengths. icalendar parses them; what it accepts too easily is checked here.

Invariant 1: `InvalidEvent` holds a sentence about the value, and nothing else is raised.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar.parser import Contentline
from icalendar.parser.property import unescape_backslash
from icalendar.prop import vDDDTypes, vDuration

from detector.calendars.lines import ContentLine
from detector.calendars.zones import CalendarZones, FoundZone
from detector.i18n import _
from detector.partner_time.model import DEFAULT_TITLE

MAX_TITLE_LENGTH: Final = 80
"""The title of an event that has none but its tag. Not translated: it is stored, and another language is no change."""

_DATE_TIME: Final = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
_DURATION: Final = re.compile(r"[+-]?P([0-9]{1,9}W|([0-9]{1,9}D)?(T([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?)")
_FIRST, _LAST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 - local by intent
_UTC: Final = "UTC"
# Control and formatting characters, surrogates and line breaks: they can change what a terminal shows.
_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINER: Final = "\u200d"  # of category Cf, but needed to join emoji


class InvalidEvent(ValueError):
    """An event is invalid. The message is the end of a sentence about it."""


class UnknownZone(InvalidEvent):
    """A zone that is not known; its definition may stand behind the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTime:
    """A time as it stands in an event: local in `zone` (IANA); floating, in whichever zone one is; or a whole day.

    `rules`: the clock changes by which it was written, where the calendar itself defines them; `zone` is UTC then.
    """

    local: datetime
    zone: str | None
    is_day: bool = False
    rules: tzinfo | None = None

    @property
    def as_written(self) -> datetime:
        """The naive local time as it stands in the calendar."""
        return self.local if self.rules is None else as_instant(self).astimezone(self.rules).replace(tzinfo=None)

    def local_in(self, zone: str) -> datetime:
        """Return the naive local time in that zone at this instant; a floating time is the same in every zone."""
        if self.zone is None or self.zone == zone:
            return self.local
        return self.local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def as_instant(at: EventTime) -> datetime:
    """Return the instant of a time that has a zone."""
    return at.local.replace(tzinfo=ZoneInfo(at.zone or _UTC)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventProperty:
    """A content line, parsed by icalendar: its parameters, and its value, raw and unescaped."""

    name: str
    parameters: Mapping[str, Any]
    raw: str
    text: str

    def parameter(self, name: str) -> str:
        value = self.parameters.get(name, "")
        return value if isinstance(value, str) else ",".join(value)


def clean_title(text: str) -> str:
    """Return the text as one line of at most 80 characters that is safe to show; empty if nothing of it is."""
    if text.isprintable() and text.isascii():
        shown = text
    else:
        shown = "".join(
            letter if letter == _JOINER or unicodedata.category(letter) not in _UNSAFE_CATEGORIES else " "
            for letter in text[: MAX_TITLE_LENGTH * 20]
        )
    line = " ".join(shown.split())
    return line if len(line) <= MAX_TITLE_LENGTH else line[: MAX_TITLE_LENGTH - 1].rstrip() + "…"


def has_tag(title: str, tag: str) -> bool:
    """Return whether the tag stands in the title as a word, in whatever case: `#us`, but not `#USA`."""
    return _word(tag).search(title) is not None


def without_tag(title: str, tag: str) -> str:
    """Return the title without the tag, cleaned; it is never empty."""
    return clean_title(_word(tag).sub(" ", title)) or DEFAULT_TITLE


@lru_cache(maxsize=16)
def _word(tag: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w#]){re.escape(tag)}(?!\w)", re.IGNORECASE)


def parse_property(line: ContentLine) -> EventProperty:
    """Return the line's property. Raises `InvalidEvent` if the line is too long, or none."""
    if line.is_too_long:
        raise InvalidEvent(_("{name} is longer than can be read").format(name=line.name))
    text = line.text.decode("utf-8", "replace").strip()
    head, colon, raw = text.partition(":")
    try:
        # Most lines begin alike, so the parsed beginnings are cached. A quoted parameter may hold a colon, and then only
        # icalendar finds where the value begins.
        parameters, raw = (_split(head + colon)[0], raw) if '"' not in head else _split(text)
    except (ValueError, AssertionError):
        raise InvalidEvent(_("{name} is no line of a calendar").format(name=line.name)) from None
    return EventProperty(name=line.name, parameters=parameters, raw=raw.strip(), text=unescape_backslash(raw))


@lru_cache(maxsize=64)
def _split(text: str) -> tuple[Mapping[str, Any], str]:
    _name, parameters, raw = Contentline(text).raw_parts()  # type: ignore[no-untyped-call]
    return parameters, raw


def parse_times(value: EventProperty, zones: CalendarZones) -> list[EventTime]:
    """Return the times in the property. Raises `InvalidEvent` if one is invalid or its zone unknown."""
    zone = _zone(value, zones)
    return [_parse_time(value.name, text.strip(), zone) for text in value.raw.split(",") if text.strip()]


def parse_each(
    value: EventProperty, zones: CalendarZones, problems: list[str]
) -> list[tuple[EventTime, timedelta | None]]:
    """Return the times and periods in the property, each with its own length; what is wrong goes to `problems`."""
    found: list[tuple[EventTime, timedelta | None]] = []
    try:
        zone = _zone(value, zones)
    except InvalidEvent as error:
        problems.append(str(error))
        return found
    for text in filter(None, map(str.strip, value.raw.split(","))):
        try:
            found.append(
                _parse_period(value.name, text, zone) if "/" in text else (_parse_time(value.name, text, zone), None)
            )
        except InvalidEvent as error:
            problems.append(str(error))
    return found


def _parse_period(name: str, text: str, zone: FoundZone | None) -> tuple[EventTime, timedelta]:
    begin, _slash, rest = text.partition("/")
    begins = _parse_time(name, begin.strip(), zone)
    if rest.upper().startswith(("P", "+P")):
        return begins, parse_duration(name, rest)
    ends = _parse_time(name, rest.strip(), zone)
    return begins, ends.local_in(begins.zone or _UTC) - begins.local


def parse_duration(name: str, text: str) -> timedelta:
    """Return a length (DURATION). Raises `InvalidEvent` if it is not a length."""
    wanted = text.strip().upper()
    problem = _("{name} '{value}' is not a length of time").format(name=name, value=clean_title(text)[:40])
    if not _DURATION.fullmatch(wanted) or wanted[-1] in "PT":
        raise InvalidEvent(problem)
    try:
        length: timedelta = vDuration.from_ical(wanted)  # type: ignore[no-untyped-call]
    except ValueError:
        raise InvalidEvent(problem) from None
    return length


def _zone(value: EventProperty, zones: CalendarZones) -> FoundZone | None:
    name = value.parameter("TZID")
    zone = zones.find(name) if name else None
    if name and zone is None:
        raise UnknownZone(_("there is no zone '{name}'").format(name=clean_title(name)))
    return zone


def _parse_time(name: str, text: str, zone: FoundZone | None) -> EventTime:
    if not _DATE_TIME.fullmatch(text.upper()):
        raise InvalidEvent(_("{name} '{value}' is not a date").format(name=name, value=clean_title(text)[:40]))
    try:
        value = vDDDTypes.from_ical(text.upper())  # type: ignore[no-untyped-call]
    except ValueError:
        problem = _("{name} '{value}' is a date or a time that does not exist")
        raise InvalidEvent(problem.format(name=name, value=text)) from None
    if not isinstance(value, date):
        raise InvalidEvent(_("{name} '{value}' is not a date").format(name=name, value=text))
    # Beyond these years a change of zone overflows datetime, and no recurrence needs them.
    moment = value if isinstance(value, datetime) else None
    local = datetime.combine(value, time()) if moment is None else moment.replace(tzinfo=None)
    if not _FIRST <= local < _LAST:
        problem = _("{name} lies in the year {year}, which is out of reach")
        raise InvalidEvent(problem.format(name=name, year=local.year))
    if moment is None:
        return EventTime(local=local, zone=None, is_day=True)
    if moment.tzinfo is not None:
        return EventTime(local=local, zone=_UTC)
    if zone is None or zone.rules is None:
        return EventTime(local=local, zone=None if zone is None else zone.name)
    at = local.replace(tzinfo=zone.rules).astimezone(UTC)
    return EventTime(local=at.replace(tzinfo=None), zone=_UTC, rules=zone.rules)
