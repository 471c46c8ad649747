"""What was said of single occurrences of a partner time follows it when its calendar moves it: a skip stays with its day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LOOK_BACK, occurrences

_DAY = timedelta(days=1)


def follow(before: PartnerTime, after: PartnerTime, said: Iterable[str], now: datetime) -> dict[str, str]:
    """Return the new ids, by the old, of those occurrences in `said` that now begin at another time of their day.

    What was planned to begin more than two days before `now` keeps its old id.
    """
    renamed: dict[str, str] = {}
    for old in said:
        number, _, planned = old.partition("@")
        if number != str(before.number):
            continue
        begins = _planned(planned, before)
        if begins is None or begins < now - 2 * _DAY:
            continue
        day = begins.astimezone(ZoneInfo(before.zone)).date()
        there = [
            occurrence
            for occurrence in occurrences(after, begins - _DAY, begins + 2 * _DAY)
            if occurrence.begins.astimezone(ZoneInfo(after.zone)).date() == day
        ]
        if there and all(occurrence.id != old for occurrence in there):
            renamed[old] = there[0].id
    return renamed


def in_the_way(before: PartnerTime, after: PartnerTime, now: datetime) -> list[str]:
    """Return the ids of the occurrences that would begin a second time on the day of the one that is under way."""
    found: list[str] = []
    for current in occurrences(before, now, now + timedelta.resolution):
        found += [
            occurrence.id
            for occurrence in occurrences(after, now - LOOK_BACK, current.ends + _DAY)
            if occurrence.id != current.id and (_same_day(occurrence, current) or _overlap(occurrence, current))
        ]
    return found


def _same_day(one: Occurrence, other: Occurrence) -> bool:
    zone = ZoneInfo(other.zone)
    return one.begins.astimezone(zone).date() == other.begins.astimezone(zone).date()


def _overlap(one: Occurrence, other: Occurrence) -> bool:
    return one.begins < other.ends and other.begins < one.ends


def _planned(text: str, of: PartnerTime) -> datetime | None:
    """Return when the occurrence of this id was planned to begin: in UTC, or on the wall of what floats."""
    try:
        local = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - made aware below
    except ValueError:
        return None
    return local.replace(tzinfo=UTC if text.endswith("Z") else ZoneInfo(of.zone)).astimezone(UTC)
