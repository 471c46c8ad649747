"""Single values of an event, parsed by icalendar and doubted here: it takes much that is none without complaint.

Rule 1: what is wrong is said in a sentence about the value; `NotUnderstood` is no more than that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from detector.calendars.lines import Line
from detector.calendars.titles import clean
from detector.calendars.zones import find_zone

_WHEN: Final = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
_LENGTH: Final = re.compile(r"[+-]?P([0-9]{1,9}W|([0-9]{1,9}D)?(T([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?)")
_FIRST, _LAST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001 - local by intent
_UTC: Final = "UTC"


class NotUnderstood(ValueError):
    """What is wrong with an event, as the end of a sentence about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A time as it stands in an event: on the wall of `zone` (IANA), or of wherever one is; or a whole day."""

    local: datetime
    zone: str | None
    is_day: bool = False

    def on_the_wall_of(self, zone: str) -> datetime:
        """Return the naive local time in that zone at this instant; what is on every wall is so there."""
        if self.zone is None or self.zone == zone:
            return self.local
        return self.local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One line of an event, taken apart by icalendar: its parameters, and what it says, unescaped for text."""

    name: str
    parameters: Mapping[str, Any]
    raw: str
    text: str

    def parameter(self, name: str) -> str:
        """Return a parameter, or nothing."""
        found = self.parameters.get(name, "")
        return found if isinstance(found, str) else ",".join(found)


def take_apart(line: Line) -> Value:
    """Return the line's value.

    Raises:
        NotUnderstood: if the line is too long, or none.
    """
    from icalendar.parser.property import unescape_backslash  # noqa: PLC0415 - 180 ms that only a calendar costs

    if line.is_too_long:
        raise NotUnderstood(f"{line.name} is longer than can be read")
    text = line.text.decode("utf-8", "replace").strip()
    head, colon, raw = text.partition(":")
    try:
        # Most events begin their lines alike; what a quote hides, icalendar has to find.
        parameters, raw = (_split(head + colon)[0], raw) if '"' not in head else _split(text)
    except (ValueError, AssertionError):
        raise NotUnderstood(f"{line.name} is no line of a calendar") from None
    return Value(name=line.name, parameters=parameters, raw=raw.strip(), text=unescape_backslash(raw))


@lru_cache(maxsize=64)
def _split(text: str) -> tuple[Mapping[str, Any], str]:
    from icalendar.parser import Contentline  # noqa: PLC0415 - as above

    _, parameters, raw = Contentline(text).raw_parts()  # type: ignore[no-untyped-call]
    return parameters, raw


def read_when(value: Value, known_here: Mapping[str, str]) -> list[When]:
    """Return the times that the value says: one, or a list of them; of a stretch its beginning.

    Raises:
        NotUnderstood: if one of them is none, or stands in a zone that does not exist.
    """
    zone_name = value.parameter("TZID")
    zone = find_zone(zone_name, known_here) if zone_name else None
    if zone_name and zone is None:
        raise NotUnderstood(f"there is no zone '{clean(zone_name)}'")
    return [_read_one(value.name, text.strip(), zone) for text in value.raw.split(",") if text.strip()]


def _read_one(name: str, text: str, zone: str | None) -> When:
    from icalendar.prop import vDDDTypes  # noqa: PLC0415 - as above

    if not _WHEN.fullmatch(text.upper()):
        raise NotUnderstood(f"{name} '{clean(text)[:40]}' is no date")
    try:
        found = vDDDTypes.from_ical(text.upper())  # type: ignore[no-untyped-call]
    except ValueError:
        raise NotUnderstood(f"{name} '{text}' is a date or a time that does not exist") from None
    if isinstance(found, datetime):
        when = When(local=found.replace(tzinfo=None), zone=zone if found.tzinfo is None else _UTC)
    elif isinstance(found, date):
        when = When(local=datetime.combine(found, time()), zone=None, is_day=True)
    else:
        raise NotUnderstood(f"{name} '{text}' is no date")
    if not _FIRST <= when.local < _LAST:
        raise NotUnderstood(f"{name} lies in the year {when.local.year}, which is out of reach")
    return when


def read_stretch(value: Value, text: str, known_here: Mapping[str, str]) -> tuple[When, timedelta]:
    """Return the beginning and the length of a stretch (PERIOD): `begin/end` or `begin/length`.

    Raises:
        NotUnderstood: if it is none.
    """
    begin, _, rest = text.partition("/")
    zone_name = value.parameter("TZID")
    zone = find_zone(zone_name, known_here) if zone_name else None
    if zone_name and zone is None:
        raise NotUnderstood(f"there is no zone '{clean(zone_name)}'")
    begins = _read_one(value.name, begin.strip(), zone)
    if rest.upper().startswith(("P", "+P")):
        return begins, read_length(value.name, rest)
    ends = _read_one(value.name, rest.strip(), zone)
    return begins, ends.on_the_wall_of(begins.zone or _UTC) - begins.local


def read_length(name: str, text: str) -> timedelta:
    """Return a length (DURATION).

    Raises:
        NotUnderstood: if it is none.
    """
    from icalendar.prop import vDuration  # noqa: PLC0415 - as above

    wanted = text.strip().upper()
    if not _LENGTH.fullmatch(wanted) or wanted[-1] in "PT":
        raise NotUnderstood(f"{name} '{clean(text)[:40]}' is no length of time")
    try:
        length: timedelta = vDuration.from_ical(wanted)  # type: ignore[no-untyped-call]
    except ValueError:
        raise NotUnderstood(f"{name} '{clean(text)[:40]}' is no length of time") from None
    return length


def as_instant(when: When, here: str) -> datetime:
    """Return the instant; what is on every wall is taken for `here`."""
    return when.local.replace(tzinfo=ZoneInfo(when.zone or here)).astimezone(UTC)
