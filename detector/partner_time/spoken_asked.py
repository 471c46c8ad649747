"""The arguments of `add` and `edit` as they were written, each read on its own, with its problems kept for the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.spoken import DAY, parse_lasting, parse_time_of_day, parse_title, parse_zone
from detector.partner_time.spoken_dates import parse_date
from detector.partner_time.spoken_every import parse_every
from detector.partner_time.spoken_problem import Reading, problem

HERE: Final = "here"
"""As a zone: by the device's clock, wherever that is."""

_ORDER: Final = ("TITLE", "--title", "--every", "--from", "--to", "--for", "--on", "--until", "--except", "--include")

NEVER: Final = "never"
"""As a last day: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The arguments as they were written; None or empty: not given."""

    title: str | None = None
    every: str | None = None
    begins: str | None = None
    ends: str | None = None
    lasts: str | None = None
    on: str | None = None
    until: str | None = None
    without: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    zone: str | None = None
    quiet: bool | None = None


@dataclass(slots=True, kw_only=True)
class Arguments(Reading):
    """Reads them for a person in the zone `here` at `now`. What has a problem, or was not given, is None."""

    asked: Asked
    now: datetime
    here: ZoneInfo

    def conclude(self) -> None:
        """Return if there was no problem.

        Raises:
            UserError: with all of them, in the order in which the help names the arguments.
        """
        places = {argument: place for place, argument in enumerate(_ORDER)}
        self.problems.sort(key=lambda each: places.get(each.file or "", len(places)))
        # By name: a dataclass with slots is another class than the one that `super()` remembers.
        Reading.conclude(self)

    def title(self, argument: str) -> str | None:
        """Return the title."""
        return self.read(lambda: parse_title(self.asked.title or "", argument=argument))

    def zone(self) -> ZoneInfo | None:
        """Return the zone, which is `here` where none is named."""
        if self.asked.zone is None or self.asked.zone.strip().lower() == HERE:
            return self.here
        name = self.read(lambda: parse_zone(self.asked.zone or ""))
        return None if name is None else ZoneInfo(name)

    def start(self) -> timedelta | None:
        """Return the beginning, since midnight."""
        if self.asked.begins is None:
            return None
        return self.read(lambda: parse_time_of_day(self.asked.begins or "", argument="--from"))

    def length(self, start: timedelta | None) -> timedelta | None:
        """Return how long it lasts, from `start` to --to or for --for; an end at or before it is on the next day."""
        if self.asked.lasts is not None and self.asked.ends is not None:
            hint = "give either --to or --for"
            self.problems.append(problem("--for", "", "says the end a second time", hint=hint))
            return None
        if self.asked.lasts is not None:
            return self.read(lambda: parse_lasting(self.asked.lasts or "", argument="--for"))
        if self.asked.ends is None:
            return None
        end = self.read(lambda: parse_time_of_day(self.asked.ends or "", argument="--to", is_end=True))
        if start is None or end is None:
            return None
        if end == start:
            hint = "give a later end; a whole day is --from 00:00 --to 24:00"
            self.problems.append(problem("--to", self.asked.ends, "partner time ends where it begins", hint=hint))
            return None
        return end - start if end > start else end - start + DAY

    def on(self, zone: ZoneInfo | None) -> date | None:
        """Return the day of --on."""
        return None if self.asked.on is None else self.day(self.asked.on, "--on", zone)

    def until(self, zone: ZoneInfo | None) -> date | None:
        """Return the last day; None also where there is to be none."""
        if self.asked.until is None or self.asked.until.strip().lower() == NEVER:
            return None
        return self.day(self.asked.until, "--until", zone)

    def day(self, text: str, argument: str, zone: ZoneInfo | None) -> date | None:
        """Return the day that the text names."""
        return self.read(lambda: parse_date(text, argument=argument, now=self.now, zone=zone or self.here))

    def days(self, texts: tuple[str, ...], argument: str, zone: ZoneInfo | None) -> dict[str, date]:
        """Return the days by the texts that name them."""
        read = {text: self.day(text, argument, zone) for text in texts}
        return {text: day for text, day in read.items() if day is not None}

    def recurrence(self, on: date | None) -> str | None:
        """Return the RRULE of --every; `on` is the day of --on."""
        if self.asked.every is None:
            return None
        # Where --on cannot be read its own problem is enough.
        first = date.max if self.asked.on is not None and on is None else on
        found = self.read(lambda: parse_every(self.asked.every or "", first=first))
        if found is not None and self.asked.until is not None and ("UNTIL=" in found or "COUNT=" in found):
            hint = "leave it out, or COUNT and UNTIL of --every"
            self.problems.append(problem("--until", "", "says the end a second time", hint=hint))
        return found
