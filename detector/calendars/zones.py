"""Time zones: the IANA name that a calendar's zone means, and the hours that a zone's clocks leave out.

Invariant 1: a name that is known everywhere (IANA's, Windows') means what it means there. Any other means what its VTIMEZONE in
the file says (RFC 5545, 3.6.5), and only without one is it guessed: docs/dev/decisions/zones-of-calendars.md.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from detector.calendars.limits import MAX_OWN_ZONES, MAX_ZONE_BYTES, MAX_ZONES

ZONE_NAMES: Final = frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"})
"""The properties that are read of the STANDARD and DAYLIGHT parts of a VTIMEZONE."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_OFFSET: Final = re.compile(r"\(?(?:UTC|GMT|Z)?\s*([+-])([01]?[0-9])(?:[:.]?([0-5][0-9]))?\)?", re.IGNORECASE)
# Outlook adds a number to the name of a zone if another definition has the same name.
_NUMBER: Final = re.compile(r"[ _-]+[0-9]{1,4}$")
# A hostile rule may have more changes than anybody has time for; clocks change at most some times in a year.
_YEARLY: Final = re.compile(
    r"RRULE:(?:(?:FREQ=YEARLY|INTERVAL=1|BYMONTH=[0-9]{1,2}|BYDAY=[+-]?[0-9]?(?:SU|MO|TU|WE|TH|FR|SA)"
    r"|BYMONTHDAY=-?[0-9]{1,2}(?:,-?[0-9]{1,2}){0,7}|BYYEARDAY=-?[0-9]{1,3}|BYSETPOS=-?[0-9]|WKST=(?:SU|MO|TU|WE|TH|FR|SA)"
    r"|BYHOUR=[0-9]{1,2}|BYMINUTE=[0-9]{1,2}|BYSECOND=[0-9]{1,2}|UNTIL=[0-9]{8}(?:T[0-9]{6}Z?)?|COUNT=[0-9]{1,3});?)+"
)
# Of several zones with the same clocks the one that most people would name.
_USUAL_ZONES: Final = ("Europe/Berlin", "America/New_York")
_FIRST_RULE_YEAR: Final = 1972
# Files of the zone database that are no zone of a place.
_NO_ZONES: Final = frozenset({"localtime", "Factory", "posixrules"})
_MAX_NAME_LENGTH: Final = 200
_COMPARED_YEARS: Final = 10
_SAMPLED: Final = timedelta(days=20)  # the shortest stretch between two changes is that of a Ramadan
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FoundZone:
    """A zone that a calendar means: its IANA name, or the clock changes that only this calendar defines."""

    name: str
    rules: tzinfo | None = None  # `name` is UTC then


@dataclass(slots=True)
class ZoneDefinition:
    """A VTIMEZONE as it stands in the file: its parts as lines, and where another program says that it is."""

    location: str | None = None
    parts: list[list[str]] = field(default_factory=list)
    size: int = 0

    def begin_part(self, component: str) -> None:
        self.parts.append([component])

    def add(self, line: str) -> None:
        # Beyond the maximum the definition is incomplete, and means nothing.
        self.size += len(line)
        if self.parts and self.size <= MAX_ZONE_BYTES:
            self.parts[-1].append(line)

    def clock_changes(self) -> tzinfo | None:
        return _clock_changes(tuple(map(tuple, self.parts))) if self.size <= MAX_ZONE_BYTES else None


@dataclass(slots=True)
class CalendarZones:
    """The zones of one calendar; `definitions` is filled while it is read. `now`: clock changes from this year on are compared."""

    now: datetime
    definitions: dict[str, list[ZoneDefinition]] = field(default_factory=dict)
    _found: dict[str, FoundZone] = field(default_factory=dict)
    _missing: dict[str, int] = field(default_factory=dict)
    _defined_count: int = 0
    _own_count: int = 0

    def define(self, name: str, definition: ZoneDefinition) -> None:
        self._defined_count += 1
        if self._defined_count <= MAX_ZONES:
            self.definitions.setdefault(_clean(name), []).append(definition)

    def find(self, name: str) -> FoundZone | None:
        """Return the zone that the calendar calls `name`, or None where there is no such zone."""
        # What is missing is looked for again only where more was defined since.
        if name not in self._found and self._missing.get(name) != self._defined_count:
            zone = self._find(_clean(name))
            if zone is None:
                self._missing[name] = self._defined_count
            else:
                self._found[name] = zone
        return self._found.get(name)

    def _find(self, name: str) -> FoundZone | None:
        known = _known_zone(name)
        # One name may be defined twice, where files were joined: the first that can be read counts.
        defined = self.definitions.get(name, [])
        places = (_known_zone(_clean(each.location)) for each in defined if each.location is not None)
        known = known or next(filter(None, places), None)
        if known is not None:
            return FoundZone(known)
        # Outlook's number, and a hyphen in place of the slash: US-Eastern.
        guess = _known_zone(_NUMBER.sub("", name)) or _known_zone(name.replace("-", "/", 1))
        rules = next(filter(None, (each.clock_changes() for each in defined)), None)
        if rules is None and (match := _OFFSET.fullmatch(name)) is not None:
            minutes = int(match[2]) * 60 + int(match[3] or 0)
            rules = timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes))
        self._own_count += rules is not None
        if rules is None or self._own_count > MAX_OWN_ZONES:
            return None if guess is None else FoundZone(guess)
        same = _same_zone(rules, self.now.year, guess)
        return FoundZone("UTC", rules) if same is None else FoundZone(same)


def _clean(name: str) -> str:
    # Some programs put TZID in quotes, with blanks inside; as a value it has escapes, as a parameter it has none.
    return name.replace("\\", "").strip().strip('"').strip()[:_MAX_NAME_LENGTH]


@lru_cache(maxsize=256)
def _known_zone(name: str) -> str | None:
    """Return the IANA name: of itself, of one of Windows' names, in any case, or of one with a program's prefix.

    Such as `/freeassociation.sourceforge.net/Europe/Berlin` and `tzone://Microsoft/Utc`.
    """
    candidates = [name, WINDOWS_TO_OLSON.get(name, "")]
    if name.startswith("/") or "://" in name:
        # The zone's name is the end of it; three parts first, as in America/Argentina/Salta.
        steps = name.strip("/").split("/")
        candidates += ["/".join(steps[-count:]) for count in (3, 2, 1)]
    found = next((candidate for candidate in candidates if _exists(candidate)), None)
    return found or next(filter(None, (_names_in_any_case().get(each.casefold()) for each in candidates)), None)


@cache
def _names_in_any_case() -> Mapping[str, str]:
    names = {other.casefold(): name for other, name in WINDOWS_TO_OLSON.items()}
    return names | {name.casefold(): name for name in sorted(available_timezones()) if _exists(name)}


def _exists(name: str) -> bool:
    if name in _NO_ZONES or not _NAME.fullmatch(name):
        return False
    try:
        return ZoneInfo(name).key == name
    except (LookupError, ValueError, OSError):
        return False


@lru_cache(maxsize=64)
def _clock_changes(parts: tuple[tuple[str, ...], ...]) -> tzinfo | None:
    """Return what the VTIMEZONE says, as icalendar understands it; None if it says nothing that can be understood."""
    if not parts:
        return None
    lines = ["BEGIN:VTIMEZONE", "TZID:in this file"]
    for component, *part in parts:
        rules = [line for line in part if line.startswith("RRULE")]
        if any(_YEARLY.fullmatch(rule) is None for rule in rules):
            return None
        # Outlook begins in 1601: hundreds of years would be computed before the first that matters.
        is_old = rules and not any("COUNT=" in rule for rule in rules)
        lines += [f"BEGIN:{component}", *(map(_from_recent_year, part) if is_old else part), f"END:{component}"]
    try:
        changes: tzinfo = Timezone.from_ical("\r\n".join([*lines, "END:VTIMEZONE", ""])).to_tz(lookup_tzid=False)  # type: ignore[attr-defined]
        changes.utcoffset(datetime(_FIRST_RULE_YEAR, 7, 1))  # noqa: DTZ001 - local by intent; some rules fail only here
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError, OverflowError):
        return None
    return changes


def _from_recent_year(line: str) -> str:
    match = re.fullmatch(r"(DTSTART[^:]*:)([0-9]{4})([0-9]{4}T[0-9]{6}Z?)", line)
    return line if match is None else f"{match[1]}{max(int(match[2]), _FIRST_RULE_YEAR)}{match[3]}"


@lru_cache(maxsize=64)
def _same_zone(rules: tzinfo, year: int, guess: str | None) -> str | None:
    """Return the IANA zone whose clocks show the same as these for ten years, or None. `guess`: the one to try first."""
    begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + _COMPARED_YEARS, 1, 1, tzinfo=UTC)
    try:
        offsets = _offsets(rules, begins, ends)
    except (ValueError, OverflowError):
        return None
    values = {offset for _at, offset in offsets}
    hours, rest = divmod(offsets[0][1], timedelta(hours=1))
    fixed = []
    if len(values) == 1 and not rest:
        fixed = [f"Etc/GMT{-hours:+d}" if hours else "UTC"]
    candidates = [*([] if guess is None else [guess]), *fixed, *_USUAL_ZONES, *WINDOWS_TO_OLSON.values()]
    return next((name for name in candidates if _shows(name, offsets)), None) or next(
        (name for name in _names_in_any_case().values() if _shows(name, offsets)), None
    )


def _shows(name: str, offsets: Sequence[tuple[datetime, timedelta]]) -> bool:
    if not _exists(name):
        return False
    zone = ZoneInfo(name)
    return all(at.astimezone(zone).utcoffset() == offset for at, offset in offsets)


def _offsets(rules: tzinfo, begins: datetime, ends: datetime) -> list[tuple[datetime, timedelta]]:
    # Just before and after each change, since most zones differ there, and in between.
    offsets, at, before = [], begins, _offset(begins, rules)
    for change in _changes(rules, begins, ends, _SAMPLED):
        after = _offset(change, rules)
        offsets += [(at + (change - at) / 2, before), (change - _MINUTE, before), (change, after)]
        at, before = change, after
    return [*offsets, (at, before), (ends, _offset(ends, rules))]


def _offset(at: datetime, rules: tzinfo) -> timedelta:
    return at.astimezone(rules).utcoffset() or timedelta()


def _changes(rules: tzinfo, begins: datetime, ends: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield the instants at which the offset changes, to the minute."""
    # A zone has no list of its changes, so they are searched: step by step, then by bisection.
    at, before = begins, _offset(begins, rules)
    while at < ends:
        after = _offset(at + step, rules)
        if after != before:
            low, high = at, at + step
            while high - low > _MINUTE:
                middle = low + (high - low) // 2
                if _offset(middle, rules) == before:
                    low = middle
                else:
                    high = middle
            yield high.replace(second=0, microsecond=0)
        at, before = at + step, after


@lru_cache(maxsize=64)
def missing_local_times(zone_name: str, first: int, last: int) -> tuple[tuple[datetime, datetime], ...]:
    """Return the half-open stretches of local time that clocks skip, in the years from `first` to `last`."""
    zone = ZoneInfo(zone_name)
    gaps = []
    for change in _changes(zone, datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC), _DAY):
        before, after = _offset(change - _MINUTE, zone), _offset(change, zone)
        if after > before:
            gaps.append(((change + before).replace(tzinfo=None), (change + after).replace(tzinfo=None)))
    return tuple(gaps)
