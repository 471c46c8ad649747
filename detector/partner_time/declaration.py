"""Make a partner time of the arguments of `add` and `edit`. One `UserError` reports every problem with them.

Invariant 1: `edit` changes only what is named. A new start keeps the length, as in calendars; a new end keeps the start.
Invariant 2: partner time from a calendar no longer follows the calendar after the first edit.
Invariant 3: `--except` accepts only a day on which partner time would take place.
Invariant 4: what is declared takes place at least once more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from detector.errors import Problem, UserError
from detector.i18n import _, format_clock
from detector.partner_time.day_names import format_full_date
from detector.partner_time.model import PartnerTime
from detector.partner_time.occurrences import SEARCH_HORIZON, occurrences_from
from detector.partner_time.parse_dates import parse_date, split_clock
from detector.partner_time.parse_recurrence import EXAMPLES, parse_recurrence
from detector.partner_time.parse_times import (
    CLOCK,
    MAX_CHARACTERS,
    ClockTime,
    check_length,
    format_time,
    parse_duration,
    parse_span,
    parse_title,
    parse_zone,
    problem,
    read_clock,
    two_halves,
)
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import split_rrule, without_parts
from detector.partner_time.wall_clock import DAY, instant_of, local_at
from rules.lengths import format_length

T = TypeVar("T")

# A time, or a span of time, behind the days: `friday at 8pm`, `fri from 20:00 to 22:00`; `7-9pm` where a time is wanted.
_SPAN: Final = re.compile(
    rf"(?P<rest>.*?)\s*,?\s*\b(?:(?P<lead>at|from|between)\s+|(?={CLOCK}))(?P<begins>{CLOCK}|\d{{1,2}})"
    rf"(?:\s*(?:-|–|\bto\b|\buntil\b|\btill\b|\band\b)\s*(?P<ends>{CLOCK}|\d{{1,2}}))?",
    re.ASCII | re.IGNORECASE,
)
_FROM_TO: Final = re.compile(
    rf"(?P<begins>{CLOCK}|\d{{1,2}})\s*(?:-|–|\bto\b|\btill?\b|\buntil\b)\s*(?P<ends>{CLOCK}|\d{{1,2}})",
    re.ASCII | re.IGNORECASE,
)
_PART_OF_DAY: Final = re.compile(
    r"(?P<rest>.*?)(?:\s*\b(?:in\s+the\s+)?(?P<part>morning|afternoon|evening|night)s?)", re.IGNORECASE
)
_NEXT_DAY: Final = re.compile(
    r"(?:on\s+)?(?:the\s+)?(?:next|following)\s+(?P<part>day|morning)|the\s+day\s+after", re.IGNORECASE
)

_ORDER: Final = ("TITLE", "--title", "--every", "--from", "--to", "--for", "--on", "--until", "--except", "--include")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArguments:
    """The arguments of `add` or `edit` as they were written; None or empty: not given."""

    title: str | None = None
    every: str | None = None
    begins: str | None = None
    ends: str | None = None
    lasts: str | None = None
    on: str | None = None
    until: str | None = None
    excluded: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    zone: str | None = None
    do_not_disturb: bool | None = None
    half: str = ""  # "am" or "pm" where another argument says it: `tonight`, `every evening`

    @property
    def is_floating(self) -> bool:
        return self.zone is None or self.zone.strip().lower() == "here"

    @property
    def has_no_end(self) -> bool:
        return self.until is not None and self.until.strip().lower() == "never"


def parse_declaration(given: PlanArguments, now: datetime, here: ZoneInfo) -> PartnerTime:
    """Return the partner time that the arguments of `add` describe, beginning with the first not over at `now`."""
    reader = _ArgumentReader(given=_spread(replace(given, title=given.title or ""), now, here), now=now, here=here)
    given = reader.given
    if given.every is None and given.on is None:
        reader.add_missing("--every", "--every weekday; for once --on 2026-12-24")
    if given.begins is None:
        reader.add_missing("--from", "--from 18:30")
    if given.ends is None and given.lasts is None:
        reader.add_missing("--to", "--to 20:00")
    midnight = datetime.combine(local_at(now, here), time())
    blank = PartnerTime(title="", begins=midnight, lasts=timedelta(0), zone=here.key, is_floating=True)
    return _apply(reader, blank, "TITLE", None if given.on is None else _("leave it out, or add --every"))


def parse_edit(before: PartnerTime, given: PlanArguments, now: datetime, here: ZoneInfo) -> PartnerTime:
    """Return the known partner time with what the arguments of `edit` name."""
    reader = _ArgumentReader(given=_spread(given, now, here), now=now, here=here)
    hint = _("{title} takes place once; add --every if it returns")
    return _apply(reader, _on_local_clock(before, here), "--title", hint)


def _apply(reader: _ArgumentReader, before: PartnerTime, title_argument: str, once_hint: str | None) -> PartnerTime:
    # `once_hint`: what to write instead of an option that belongs to what returns, where it takes place once.
    given = reader.given
    title = before.title if given.title is None else reader.read(parse_title, given.title, argument=title_argument)
    zone = ZoneInfo(before.zone) if given.zone is None else reader.zone()
    on = reader.day(given.on, "--on", zone)
    recurrence = before.recurrence if given.every is None else reader.recurrence(on)
    midnight = datetime.combine(before.begins.date(), time())
    start, length = reader.span(before.begins - midnight, before.lasts, on)
    until = None if given.has_no_end else reader.day(given.until, "--until", zone)
    if before.recurrence is None and given.every is None and once_hint is not None:
        reader.refuse_options_of_a_series(once_hint, title=before.title)
    if title is None or zone is None or start is None or length is None or reader.problems:
        # Read as well, so that its problems are reported together with the others.
        reader.days(given.excluded, "--except", zone)
        reader.days(given.included, "--include", zone)
        reader.raise_problems()
        raise AssertionError("what was not read has a problem")
    wanted = replace(
        before,
        title=title,
        begins=datetime.combine(on or before.begins.date(), time()) + start,
        lasts=length,
        zone=zone.key,
        recurrence=_with_known_end(recurrence, before),
        is_floating=before.is_floating if given.zone is None else given.is_floating,
        do_not_disturb=before.do_not_disturb if given.do_not_disturb is None else given.do_not_disturb,
        as_rfc=before.as_rfc and given.every is None,
        # A calendar has no field for Do Not Disturb.
        proposal=before.proposal if given == PlanArguments(do_not_disturb=given.do_not_disturb) else None,
    )
    wanted = _with_moved_days(before, wanted)
    if wanted.recurrence is not None:
        if given.every is not None or on is not None:
            wanted = reader.start_with_first(wanted, on)
            reader.raise_problems()
            wanted = replace(
                wanted,
                excluded=tuple(at for at in wanted.excluded if _takes_place(wanted, at.date())),
                moved=tuple(
                    moved_start
                    for moved_start in wanted.moved
                    if _takes_place(wanted, moved_start.original_start.date())
                ),
            )
        wanted = reader.without_excepted(reader.with_included(reader.with_last_day(wanted, until)))
    reader.raise_problems()
    reader.check_takes_place(wanted)
    reader.raise_problems()
    return wanted


def _spread(given: PlanArguments, now: datetime, here: ZoneInfo) -> PlanArguments:
    """Return the arguments with each time, day and part of the day in its own: `--on "tomorrow 8pm"` has a beginning as well.

    A part that another argument has already is not moved, and is refused where it is.
    """
    texts = (given.every, given.begins, given.ends, given.lasts, given.on)
    if any(len(text) > MAX_CHARACTERS for text in texts if text is not None):
        return given  # it is refused where it is read
    has_no_end = given.ends is None and given.lasts is None
    if given.begins is not None and has_no_end and (match := _FROM_TO.fullmatch(given.begins.strip())):
        given = replace(given, begins=match["begins"], ends=match["ends"])
    if given.lasts is not None and given.ends is None and re.match(r"\s*(?:until|till?)\s", given.lasts):
        given = replace(given, lasts=None, ends=given.lasts)
    if given.begins is not None and given.begins.strip().lower() == "now" and given.every is None:
        given = replace(given, begins=f"{local_at(now, here):%H:%M}", on=given.on or "today")
    if given.begins is not None and given.every is None and given.on is None:
        day, clock, _half = _try(split_clock, given.begins, argument="--from") or ("", None, "")
        given = given if clock is None or not day else replace(given, on=day, begins=clock.text)
    if given.on is not None:
        if _try(parse_date, given.on, argument="--on", now=now, zone=here) is None:
            given = _with_times(given, "on")
        elif re.search("night|evening|afternoon", given.on or "", re.IGNORECASE):
            given = replace(given, half="pm")
    if given.every is not None and "freq=" not in given.every.lower():
        given = _with_times(given, "every")
        if match := _PART_OF_DAY.fullmatch(given.every or ""):
            rest = match["rest"]
            is_whole = re.search(r"(?:day|end|mon|tues?|wed|thu|thurs?|fri|sat|sun)s?\W*$", rest, re.IGNORECASE)
            half = "am" if match["part"].lower() == "morning" else "pm"
            given = replace(given, every=rest if is_whole else f"{rest} day", half=half)
    return given


def _with_times(given: PlanArguments, argument: str) -> PlanArguments:
    match = _SPAN.fullmatch(getattr(given, argument).strip())
    is_date = match is not None and not match["lead"] and re.fullmatch(r"\d{1,2}\.\d{2}", match["begins"])
    if match is None or not match["rest"] or is_date or given.begins is not None:
        return given
    half = "pm" if "night" in match["rest"] or "evening" in match["rest"] else given.half
    ends = match["ends"] if given.ends is None and given.lasts is None else given.ends
    spread = replace(given, begins=match["begins"], ends=ends, half=half)
    return replace(spread, on=match["rest"]) if argument == "on" else replace(spread, every=match["rest"])


def _try(read: Callable[..., T], text: str, **options: Any) -> T | None:
    try:
        return read(text, **options)
    except UserError:
        return None


@dataclass(slots=True)
class ProblemCollector:
    """Reads one argument after the other and collects the problems."""

    problems: list[Problem] = field(default_factory=list)

    def read(self, parse: Callable[..., T], text: str | None, **options: Any) -> T | None:
        """Return what `parse` makes of the text; None if there is no text, or if it has problems, which are collected."""
        try:
            return None if text is None else parse(text, **options)
        except UserError as error:
            self.problems += error.problems
            return None


@dataclass(slots=True, kw_only=True)
class _ArgumentReader(ProblemCollector):
    """Reads the arguments for a person in the zone `here` at `now`. What has a problem, or was not given, is None."""

    given: PlanArguments
    now: datetime
    here: ZoneInfo

    def add(self, argument: str, text: str, message: str, hint: str, **values: Any) -> None:
        self.problems.append(problem(argument, text, message, hint, **values))

    def add_missing(self, argument: str, example: str) -> None:
        self.add(argument, "", _("is missing"), _("write for example {example}"), example=example)

    def raise_problems(self) -> None:
        # In the order in which the help names the arguments, whatever the order in which they are read.
        places = {argument: place for place, argument in enumerate(_ORDER)}
        if self.problems:
            raise UserError(sorted(self.problems, key=lambda entry: places.get(entry.file or "", len(places))))

    def zone(self) -> ZoneInfo | None:
        if self.given.is_floating:
            return self.here
        name = self.read(parse_zone, self.given.zone)
        return None if name is None else ZoneInfo(name)

    def span(self, start: timedelta, lasts: timedelta, on: date | None) -> tuple[timedelta | None, timedelta | None]:
        """Return when it begins in the day and how long it lasts, as written, else as it was; None: it has a problem."""
        given = self.given
        known = ClockTime(text=format_time(start), at=start)
        begin = known if given.begins is None else self.read(read_clock, given.begins, argument="--from")
        begin = None if begin is None else begin.in_half(given.half)
        if given.ends is not None and given.lasts is None:
            return self.span_to(given.ends, begin, on)
        if begin is not None and begin.is_hour:
            self.problems += two_halves(begin, argument="--from").problems
        if given.ends is not None:
            self.add("--for", "", _("says the end a second time"), _("give either --to or --for"))
            return None, None
        length = lasts if given.lasts is None else self.read(parse_duration, given.lasts, argument="--for")
        return None if begin is None else begin.at, length

    def span_to(self, text: str, begin: ClockTime | None, on: date | None) -> tuple[timedelta | None, timedelta | None]:
        if self.read(check_length, text, argument="--to") is None:
            return None, None
        wanted, days = re.sub(r"^\s*(?:until|till|til)\s+|\s+sharp$", "", text, flags=re.IGNORECASE), None
        if match := _NEXT_DAY.search(wanted):
            wanted, days = f"{wanted[: match.start()]} {wanted[match.end() :]}".strip(), 1
            wanted += " in the morning" if match["part"] == "morning" else ""
        day, end, _half = self.read(split_clock, wanted, argument="--to", is_end=True) or ("", None, "")
        end = end if end is not None and day else self.read(read_clock, wanted, argument="--to", is_end=True)
        if end is None or begin is None:
            return None, None
        if end.text != wanted and day:
            until = self.day(day, "--to", self.here)
            if until is None or on is None:
                if until is not None:
                    message = _("the day of its end needs the day of its beginning")
                    self.add("--to", text, message, _("write it with --on"))
                return None, None
            days = (until - on).days
        if days is None:
            try:
                return parse_span(begin, end)
            except UserError as error:
                self.problems += error.problems
                return None, None
        lasts = days * DAY + (end.at if end.text.startswith("24") else end.at % DAY) - begin.at
        if not timedelta(0) < lasts <= DAY:
            message = _("partner time lasts from 1 min to 24 h, not {length}")
            self.add("--to", text, message, _("write another end"), length=format_length(abs(lasts)))
            return None, None
        return begin.at, lasts

    def day(self, text: str | None, argument: str, zone: ZoneInfo | None) -> date | None:
        return self.read(parse_date, text, argument=argument, now=self.now, zone=zone or self.here)

    def days(self, texts: tuple[str, ...], argument: str, zone: ZoneInfo | None) -> dict[str, date]:
        read = {text: self.day(text, argument, zone) for text in texts}
        return {text: day for text, day in read.items() if day is not None}

    def recurrence(self, on: date | None) -> str | None:
        given = self.given
        # Where --on cannot be read its own problem is enough.
        first = date.max if given.on is not None and on is None else on
        rule = self.read(parse_recurrence, given.every, first=first)
        if rule is not None and given.until is not None and ("UNTIL=" in rule or "COUNT=" in rule):
            self.add("--until", "", _("says the end a second time"), _("leave it out, or COUNT and UNTIL of --every"))
        return rule

    def refuse_options_of_a_series(self, hint: str, **values: object) -> None:
        series = {"--until": self.given.until, "--except": self.given.excluded, "--include": self.given.included}
        for argument, text in series.items():
            if text:
                self.add(argument, "", _("belongs to what returns"), hint, **values)

    def start_with_first(self, wanted: PartnerTime, on: date | None) -> PartnerTime:
        # Intervals count from its first day from `on`, else from the first that is not over.
        local = local_at(self.now, ZoneInfo(wanted.zone))
        # From yesterday on: one that began then may go on past midnight.
        at = datetime.combine(on or local.date() - DAY, wanted.begins.time())
        recurrence = without_parts(wanted.recurrence or "", "INTERVAL", "COUNT", "UNTIL")
        every_one = replace(wanted, begins=at, recurrence=recurrence, excluded=(), additional=(), moved=())
        upcoming = (start for start in local_starts(every_one, at, at + SEARCH_HORIZON) if start + wanted.lasts > local)
        first = next(upcoming, None)
        if first is None:
            given = self.given
            argument, text = ("--every", given.every) if given.every is not None else ("--on", given.on)
            self.add(argument, text or "", _("it never comes"), EXAMPLES)
            return wanted
        return replace(wanted, begins=first)

    def with_last_day(self, wanted: PartnerTime, until: date | None) -> PartnerTime:
        text = self.given.until
        if text is None:
            return wanted
        first = wanted.begins.date()
        if until is not None and until < first:
            message = _("it ends before it begins: the first is {date}")
            self.add("--until", text, message, _("write a later day"), date=format_full_date(first))
            return wanted
        recurrence = without_parts(wanted.recurrence or "", "COUNT", "UNTIL")
        return replace(wanted, recurrence=recurrence if until is None else f"{recurrence};UNTIL={until:%Y%m%d}")

    def without_excepted(self, wanted: PartnerTime) -> PartnerTime:
        left_out = set(wanted.excluded)
        for text, day in self.days(self.given.excluded, "--except", ZoneInfo(wanted.zone)).items():
            if not _takes_place(wanted, day):
                message, hint = _("{title} is not on {date}"), _("leave it out, or write a day on which it is")
                self.add("--except", text, message, hint, title=wanted.title, date=format_full_date(day))
            left_out.add(datetime.combine(day, wanted.begins.time()))
        return replace(wanted, excluded=tuple(sorted(left_out)))

    def with_included(self, wanted: PartnerTime) -> PartnerTime:
        days = self.days(self.given.included, "--include", ZoneInfo(wanted.zone))
        excepted = {at.date() for at in wanted.excluded}
        for text, day in days.items():
            if day not in excepted:
                hint = _("`turntoward show` says which days are; `turntoward add --on` declares one more")
                self.add("--include", text, _("{date} is not excepted"), hint, date=format_full_date(day))
        return replace(wanted, excluded=tuple(at for at in wanted.excluded if at.date() not in days.values()))

    def check_takes_place(self, wanted: PartnerTime) -> None:
        given, numbered = self.given, replace(wanted, number=wanted.number or 0)
        if any(occurrence.ends > self.now for occurrence in occurrences_from(numbered, self.now, SEARCH_HORIZON)):
            return
        if wanted.recurrence is None:
            message, hint = _("it is over: it began {date} {time}"), _("write a later day, or a later end")
            date_, time_ = format_full_date(wanted.begins.date()), format_clock(wanted.begins)
            self.add("--on", given.on or "", message, hint, date=date_, time=time_)
        elif given.excluded:
            message, hint = _("nothing is left: each of its days is excepted"), _("leave at least one of them")
            self.add("--except", given.excluded[-1], message, hint)
        elif given.until is not None:
            self.add("--until", given.until, _("it does not come until then"), _("write a later day"))
        else:
            self.add("--every", given.every or "", _("it never comes"), EXAMPLES)


def _takes_place(wanted: PartnerTime, day: date) -> bool:
    midnight = datetime.combine(day, time())
    return next(local_starts(replace(wanted, excluded=()), midnight, midnight + DAY), None) is not None


def _on_local_clock(before: PartnerTime, here: ZoneInfo) -> PartnerTime:
    # What `turntoward now` began is kept in UTC; the person means the clock that they look at.
    if before.recurrence is not None or before.zone != "UTC":
        return before
    return replace(
        before, begins=local_at(instant_of(before.begins, ZoneInfo("UTC")), here), zone=here.key, is_floating=True
    )


def _with_known_end(recurrence: str | None, before: PartnerTime) -> str | None:
    # Invariant 1: another --every leaves the last day as it was, unless it brings an end of its own.
    if recurrence is None or before.recurrence is None or "UNTIL=" in recurrence or "COUNT=" in recurrence:
        return recurrence
    until = split_rrule(before.recurrence).get("UNTIL")
    return recurrence if until is None else f"{recurrence};UNTIL={until}"


def _with_moved_days(before: PartnerTime, wanted: PartnerTime) -> PartnerTime:
    # Single days move to the new time; a day that had a time of its own keeps that.
    was, by = before.begins.time(), wanted.begins.time()

    def move(at: datetime) -> datetime:
        return datetime.combine(at.date(), by) if at.time() == was else at

    return replace(
        wanted,
        excluded=tuple(move(at) for at in before.excluded),
        additional=tuple(move(at) for at in before.additional),
        moved=tuple(
            replace(moved_start, original_start=move(moved_start.original_start)) for moved_start in before.moved
        ),
    )
