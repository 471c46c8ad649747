"""Where recurring-ical-events says something else than we do, and why: every difference has a name and a reason.

Each class is recognised as narrowly as can be: by what is odd about the one instance that only one of the two has, by the
clock of its zone and by its rule. What none recognises is a defect, of ours or of a class.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from tests.oracle.generated_rules import WEEKDAYS, GeneratedRule, exists

WHY: Final = {
    "kept in a gap": "They keep what a rule generates at a time that the clocks leave out; RFC 5545 3.3.10: MUST be ignored.",
    "counted in a gap": "COUNT: they count those, too, and so end sooner; RFC 5545 3.3.10: MUST NOT be counted.",
    "until a day, by UTC": "UNTIL=20261123 is a local day; they read it as midnight UTC, and drop what is that day's.",
    "until, by UTC": "UNTIL=20261123T183000 without Z is local time; they read it as UTC.",
    "the first counts": "COUNT, and a DTSTART that its own rule does not generate: they add it to those that are counted; RFC"
    " 5545 3.3.10: it counts as the first.",
    "a cut week": "BYSETPOS with FREQ=WEEKLY picks from a week; of the first week they see only what follows DTSTART.",
    "whole weeks": "BYWEEKNO without days: they take every day of the week; what a rule does not say comes from DTSTART (RFC"
    " 5545 3.3.10), so we take its day of the week.",
    "week of the old year": "The first days of January that belong to a week of the year before: they number that week by the"
    " length of the wrong year.",
    "twice at once": "On the day that Samoa left out two written beginnings fall on one instant: they have both, we have one.",
    "no length": "An end that the wall shows no later than the beginning; they leave it no length, we let it last as declared.",
    "taken for an exception": "They know exceptions by UTC and by local time at once, so that one also hits what begins as"
    " many hours earlier or later as the zone is away from UTC.",
}


_BOUNDS: Final = ("COUNT", "UNTIL", "BYSETPOS")


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance; `wall` is the naive local time at which it was planned to begin."""

    wall: datetime
    begins: datetime
    ends: datetime
    title: str


@dataclass(frozen=True)
class Difference:
    """What one rule's two expansions do not have in common. `beside`: of theirs, those on the instant of another of theirs."""

    rule: GeneratedRule
    ours: frozenset[Instance]
    theirs: frozenset[Instance]
    beside: frozenset[Instance] = frozenset()

    @cached_property
    def parts(self) -> dict[str, str]:
        return dict(part.split("=") for part in (self.rule.recurrence or "").split(";") if part)

    @cached_property
    def until(self) -> datetime | None:
        """The naive UNTIL as it is written, if it is written without Z; a date is its last instant."""
        text = self.parts.get("UNTIL", "Z")
        if text.endswith("Z"):
            return None
        if len(text) == 8:
            return datetime.combine(datetime.strptime(text, "%Y%m%d"), time.max)
        return datetime.strptime(text, "%Y%m%dT%H%M%S")

    @cached_property
    def generated(self) -> list[datetime]:
        """What the rule generates first, by naive local time and without its UNTIL; with COUNT that is all of it."""
        if self.rule.recurrence is None:
            return []
        rule = rrulestr(
            ";".join(f"{name}={value}" for name, value in self.parts.items() if name != "UNTIL"),
            dtstart=self.rule.begins,
        )
        return list(rule.xafter(self.rule.begins, count=50, inc=True))

    def is_planned(self, one: Instance) -> bool:
        """Return whether the calendar or its rule, without what cuts it short, says that something begins there."""
        unbounded = ";".join(f"{name}={value}" for name, value in self.parts.items() if name not in _BOUNDS)
        if self.is_written_down(one) or not unbounded:
            return self.is_written_down(one)
        rule = rrulestr(unbounded, dtstart=self.rule.begins)
        return bool(rule.between(one.wall, one.wall, inc=True))

    def is_of_first_week(self, one: Instance) -> bool:
        """Return whether it is of the week of DTSTART, and BYSETPOS picks from that."""
        if self.parts.get("FREQ") != "WEEKLY" or "BYSETPOS" not in self.parts:
            return False
        first = WEEKDAYS.index(self.parts.get("WKST", "MO"))
        day = self.rule.begins.replace(hour=0, minute=0)
        return one.wall < day + timedelta(days=7 - (day.weekday() - first) % 7)

    def is_week_of_old_year(self, one: Instance) -> bool:
        return "BYWEEKNO" in self.parts and one.wall.month == 1 and one.wall.isocalendar().year < one.wall.year

    def has_week(self, one: Instance) -> bool:
        """Return whether BYWEEKNO names the week (from Monday on) in which it begins."""
        year, week, _ = one.wall.isocalendar()
        weeks = date(year, 12, 28).isocalendar().week
        return bool({str(week), str(week - weeks - 1)} & set(self.parts["BYWEEKNO"].split(",")))

    def is_tail(self, one: Instance, instead: int) -> bool:
        """Return whether COUNT brings it in, and no more than so many, because they count others instead."""
        if "COUNT" not in self.parts or not all(one.wall > other.wall for other in self.theirs):
            return False
        return sum(other.wall > self.generated[-1] for other in self.ours) <= instead

    def is_written_down(self, one: Instance) -> bool:
        """Return whether its beginning stands in the calendar, instead of being generated by the rule."""
        moved = ((moved.begins, moved.title) for moved in self.rule.moved)
        return one.wall in (self.rule.begins, *self.rule.also) or (one.wall, one.title) in moved

    def explain(self) -> set[str]:
        """Return the names of all classes that are needed; raises what is left over as AssertionError."""
        needed = set()
        for instance, name in [
            *((one, self._why_theirs(one)) for one in self.theirs),
            *((one, self._why_ours(one)) for one in self.ours),
        ]:
            assert name is not None, instance
            needed.add(name)
        return needed

    def _why_theirs(self, one: Instance) -> str | None:
        if not exists(one.wall, self.rule.zone):
            if not self.is_written_down(one):
                return "kept in a gap"
            if one in self.beside:
                return "twice at once"
        uncounted = "COUNT" in self.parts and self.generated and self.generated[0] != self.rule.begins
        if uncounted and one.wall == self.generated[-1]:
            return "the first counts"
        if one.begins >= one.ends and any(other.begins == one.begins for other in self.ours):
            return "no length"
        if self.is_of_first_week(one):
            return "a cut week"
        if self.is_week_of_old_year(one) and not self.has_week(one):
            return "week of the old year"
        if "BYWEEKNO" in self.parts and not self.parts.keys() & {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}:
            return "whole weeks" if one.wall.weekday() != self.rule.begins.weekday() else None
        as_utc = one.begins.replace(tzinfo=None)
        if self.until is not None and self.until.time() != time.max and as_utc <= self.until < one.wall:
            return "until, by UTC"
        return None

    def _why_ours(self, one: Instance) -> str | None:
        if any(other.ends <= other.begins == one.begins for other in self.theirs):
            declared = (self.rule.lasts, *(moved.lasts for moved in self.rule.moved))
            return "no length" if one.ends - one.begins in declared else None
        if self.is_week_of_old_year(one) and self.has_week(one):
            return "week of the old year"
        if not self.is_planned(one):
            return None
        as_utc = one.begins.replace(tzinfo=None)
        if self.until is not None and one.wall <= self.until:
            if self.until.time() == time.max and as_utc > datetime.combine(self.until, time()):
                return "until a day, by UTC"
            if self.until.time() != time.max and as_utc > self.until:
                return "until, by UTC"
        nowhere = (local for local in self.generated if not exists(local, self.rule.zone))
        if self.is_tail(one, sum(local != self.rule.begins for local in nowhere)):
            return "counted in a gap"
        if self.is_of_first_week(one) or self.is_tail(one, sum(map(self.is_of_first_week, self.theirs))):
            return "a cut week"
        named = (*self.rule.without, *self.rule.cancelled, *(moved.original_start for moved in self.rule.moved))
        away = ZoneInfo(self.rule.zone)
        by_utc = {local.replace(tzinfo=away).astimezone(UTC).replace(tzinfo=None) for local in named}
        if (one.wall in by_utc or as_utc in named) and one.wall not in named:
            return "taken for an exception"
        return None


def ours(rule: GeneratedRule) -> list[Instance]:
    """Return what we make of it."""
    zone = ZoneInfo(rule.zone)
    return [
        Instance(
            wall=each.begins.astimezone(zone).replace(tzinfo=None), begins=each.begins, ends=each.ends, title=each.title
        )
        for each in rule.occurrences()
    ]


def theirs(answer: list[list[str]]) -> list[Instance]:
    """Return the instances in the answer of `expand.py`."""
    return [
        Instance(wall=at(wall), begins=at(begins), ends=at(ends), title=title) for wall, begins, ends, title in answer
    ]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def difference(rule: GeneratedRule, answer: list[list[str]]) -> Difference:
    """Return what differs; an instance is the same by its instants and its title.

    Two of theirs on one instant, as around a day that the zone leaves out, are not one: the one on the wall is the same.
    """
    known, said = ours(rule), theirs(answer)
    ours_by = {(one.begins, one.ends, one.title): one for one in known}
    assert len(ours_by) == len(known), "one of ours is there twice"
    theirs_by = {}
    beside = []
    for one in sorted(said, key=lambda one: exists(one.wall, rule.zone)):
        before = theirs_by.get(key := (one.begins, one.ends, one.title))
        beside += [before] if before is not None else []
        theirs_by[key] = one
    return Difference(
        rule,
        frozenset(one for key, one in ours_by.items() if key not in theirs_by),
        frozenset([*beside, *(one for key, one in theirs_by.items() if key not in ours_by)]),
        frozenset(beside),
    )
