"""From an event and its changed instances to partner times; from instances without their event to one each.

Invariant 1: an event is one partner time, and one more from each start on that changes all later ones (RANGE=THISANDFUTURE).
Invariant 2: what no single recurrence in a zone with a name can say is dated: its times of some years, one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Final

from detector.calendars.event import ParsedEvent
from detector.calendars.limits import MAX_EXCEPTIONS
from detector.calendars.model import EventProblem, ProposedEvent
from detector.calendars.values import EventTime, InvalidEvent
from detector.i18n import _
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.recurrence import ever_takes_place, local_starts
from detector.partner_time.rrule import CODES, split_rrule, without_parts
from detector.partner_time.wall_clock import EARLIEST, LATEST

_DATED_YEARS: Final = 20
_SECOND: Final = timedelta(seconds=1)
_LOCAL: Final = "%Y%m%dT%H%M%S"


@dataclass(slots=True)
class EventSeries:
    """All that has one uid: the event, its changed instances, and the starts of excluded ones."""

    event: ParsedEvent | None = None
    instances: list[ParsedEvent] = field(default_factory=list)
    excluded: list[EventTime] = field(default_factory=list)
    ended: list[EventTime] = field(default_factory=list)  # from these starts on it is no longer chosen
    unread: list[EventTime] = field(default_factory=list)  # the starts of instances that could not be read
    is_unsure: bool = False  # which instance could not be read is not known
    is_invalid: bool = False  # the event could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """From `start` on the series changes: each start is moved as `instance` is. None: the series ends."""

    start: datetime
    instance: ParsedEvent | None = None
    shift: timedelta = timedelta()


def to_partner_times(
    uid: str, series: EventSeries, zone: str, now: datetime, problems: list[EventProblem]
) -> list[ProposedEvent]:
    """Return the partner times of this uid; what cannot be one is added to `problems`. `zone`: of floating times."""
    if series.is_invalid:
        return []
    event = series.event
    # Somebody who is invited to one occurrence of a series gets that instance alone.
    if event is None:
        return [_single(uid, instance, zone) for instance in _latest(series.instances) if not instance.is_cancelled]
    if event.is_cancelled:
        return []

    def refuse(line: int, why: str) -> list[ProposedEvent]:
        problems.append(EventProblem(line=line, why=why, what=event.title, uid=uid))
        return []

    if len(series.instances) + len(series.excluded) + len(series.unread) + len(series.ended) > MAX_EXCEPTIONS:
        why = _("it has more than {count} instances that were changed").format(count=f"{MAX_EXCEPTIONS:,}")
        return refuse(event.line, why)
    try:
        return _SeriesReader(uid, event, series, zone, now).proposed()
    except InvalidEvent as error:
        return refuse(event.line, str(error))


class _SeriesReader:
    """Makes the partner times of one event; times are local in `zone`."""

    def __init__(self, uid: str, event: ParsedEvent, series: EventSeries, device_zone: str, now: datetime) -> None:
        self._uid = uid
        self._event = event
        self._series = series
        self._now = now
        self._zone = event.begins.zone or device_zone
        self._whole = self._base()

    def proposed(self) -> list[ProposedEvent]:
        event, series = self._event, self._series
        whole, instances = self._whole, [each for each in _latest(series.instances) if not self._is_outdated(each)]
        later = [each for each in instances if each.changes_later_ones]
        splits = [_Split(start=self._start(at)) for at in series.ended]
        for instance in later:
            start = self._start_of(instance)
            shift = instance.begins.local_in(self._zone) - start
            splits.append(_Split(start=start, instance=None if instance.is_cancelled else instance, shift=shift))
        whole = self._with_exceptions(whole, [each for each in instances if not each.changes_later_ones])
        unread = {self._start(at) for at in series.unread}
        # A start that could not be read is left out, unless it was accepted before: detector/calendars/proposing.py.
        if unread:
            whole = replace(whole, excluded=tuple(sorted({*whole.excluded, *unread})))
        kept = [
            ProposedEvent(
                uid=part.uid,
                partner_time=_only_real_exceptions(part.partner_time),
                line=part.line,
                unread=tuple(sorted(unread & set(part.partner_time.excluded))),
                is_unsure=series.is_unsure or bool(event.problems),
            )
            for part in self._parts(whole, sorted(splits, key=lambda split: split.start))
        ]
        kept = [each for each in kept if each.partner_time.moved or ever_takes_place(each.partner_time)]
        # Such as 30 February: occurrences are searched for, because the rule itself does not show it.
        if not kept and not splits and not ever_takes_place(replace(whole, excluded=())):
            raise InvalidEvent(_("it never takes place: no day is as its recurrence says"))
        return kept  # none, where each of its times was cancelled

    def _base(self) -> PartnerTime:
        """Return what the event itself says, without its changed instances."""
        event = self._event
        also = {self._start(at) for at in event.extra}
        # A PERIOD in RDATE has a length of its own, which only a moved occurrence can have.
        moved = {
            at: Moved(original_start=at, begins=at, lasts=length)
            for at, length in ((self._start(at), length) for at, length in event.periods)
            if length != event.lasts
        }
        base = PartnerTime(
            title=event.title,
            begins=event.begins.local,
            lasts=event.lasts,
            zone=self._zone,
            is_floating=event.begins.zone is None,
            excluded=tuple(sorted({self._start(at) for at in event.excluded})),
            moved=tuple(moved.values()),
            as_rfc=True,
        )
        if event.begins.rules is not None and event.recurrences:
            dated = sorted({start for recurrence in event.recurrences for start in self._dated(recurrence)})
            if dated:
                base = replace(base, begins=dated[0])
                also |= set(dated)
        elif event.recurrences:
            base = replace(base, recurrence=event.recurrences[0])
            if len(event.recurrences) > 1:
                # They take place together: the one with the most starts recurs, the starts of the others are dates beside it.
                starts = {recurrence: self._dated(recurrence) for recurrence in event.recurrences}
                first = max(starts, key=lambda recurrence: len(starts[recurrence]))
                base = replace(base, recurrence=first)
                also |= {start for dated in starts.values() for start in dated} - set(starts[first])
        if len(also) > MAX_EXCEPTIONS:
            problem = _("it has more than {count} dates that it leaves out or adds")
            raise InvalidEvent(problem.format(count=f"{MAX_EXCEPTIONS:,}"))
        return replace(base, additional=tuple(sorted(also - {base.begins}))) if also else base

    def _dated(self, recurrence: str) -> list[datetime]:
        """Return the starts of the recurrence in this decade and the next, local in `self._zone`."""
        event, rules = self._event, self._event.begins.rules
        zone = self._zone if rules is None else "UTC"
        recurrence = recurrence if rules is None else _with_local_until(recurrence, rules)
        plain = PartnerTime(
            title="", begins=event.begins.as_written, lasts=event.lasts, zone=zone, recurrence=recurrence, as_rfc=True
        )
        # Whole decades: if it were a number of years from now on, every copy of the calendar would differ.
        since = datetime(max(self._now.year // 10 * 10, event.begins.local.year), 1, 1)  # noqa: DTZ001 - local by intent
        starts = islice(local_starts(plain, since, _end_of_dates(since)), MAX_EXCEPTIONS)
        if rules is None:
            return list(starts)
        return [start.replace(tzinfo=rules).astimezone(UTC).replace(tzinfo=None) for start in starts]

    def _with_exceptions(self, base: PartnerTime, instances: Sequence[ParsedEvent]) -> PartnerTime:
        if not instances and not self._series.excluded:
            return base if not base.moved else _without_excluded(base)
        without = {*base.excluded, *(self._start(at) for at in self._series.excluded)}
        moved = {change.original_start: change for change in base.moved if change.original_start not in without}
        for instance in instances:
            start = self._start_of(instance)
            if instance.is_cancelled:
                without.add(start)
                continue
            title = None if instance.title == base.title else instance.title
            begins = instance.begins.local_in(self._zone)
            moved[start] = Moved(original_start=start, begins=begins, lasts=instance.lasts, title=title)
            # Some programs write EXDATE for the beginning that an instance replaces: the instance counts.
            without.discard(start)
        cancelled = {self._start_of(each) for each in instances if each.is_cancelled}
        return replace(
            base,
            excluded=tuple(sorted(without)),
            moved=tuple(moved[start] for start in sorted(moved) if start not in cancelled),
        )

    def _parts(self, whole: PartnerTime, splits: Sequence[_Split]) -> list[ProposedEvent]:
        """Return the series up to the first split, and from each split on as its instance says."""
        starts = [split.start for split in splits]
        first = _between(whole, None, starts[0] if starts else None)
        parts = [] if first is None else [ProposedEvent(uid=self._uid, partner_time=first, line=self._event.line)]
        for split, following in zip(splits, (*starts[1:], None), strict=False):
            part = _between(whole, split.start, following)
            if part is None or split.instance is None:
                continue
            part = _as_changed(part, split.instance, split.shift, self._now)
            uid = f"{self._uid} {split.start:%Y%m%dT%H%M%S}"
            parts.append(ProposedEvent(uid=uid, partner_time=part, line=split.instance.line))
        return parts

    def _start(self, at: EventTime) -> datetime:
        if self._event.begins.is_day and not at.is_day:
            # A day is taken on the value's own clock, whatever zone the device is in.
            return datetime.combine(at.as_written.date(), self._event.begins.local.time())
        if at.is_day and self._event.begins.rules is not None:
            written = datetime.combine(at.local.date(), self._event.begins.as_written.time())
            return written.replace(tzinfo=self._event.begins.rules).astimezone(UTC).replace(tzinfo=None)
        local = at.local_in(self._zone)
        return datetime.combine(local.date(), self._event.begins.local.time()) if at.is_day else local

    def _start_of(self, instance: ParsedEvent) -> datetime:
        return self._start(instance.recurrence_id or instance.begins)

    def _is_outdated(self, instance: ParsedEvent) -> bool:
        # The event was changed since, and says itself that this start is left out, or has no such start any more.
        if instance.sequence >= self._event.sequence:
            return False
        return not _is_start(self._whole, self._start_of(instance))


def _without_excluded(base: PartnerTime) -> PartnerTime:
    return replace(base, moved=tuple(each for each in base.moved if each.original_start not in base.excluded))


def _is_start(partner_time: PartnerTime, start: datetime) -> bool:
    return next(local_starts(partner_time, start, start + datetime.resolution), None) is not None


def _only_real_exceptions(partner_time: PartnerTime) -> PartnerTime:
    """Return it without those exceptions that leave nothing out: no start is there."""
    if not partner_time.excluded:
        return partner_time
    complete = replace(partner_time, excluded=())
    without = tuple(start for start in partner_time.excluded if _is_start(complete, start))
    return partner_time if without == partner_time.excluded else replace(partner_time, excluded=without)


def _with_local_until(recurrence: str, rules: tzinfo) -> str:
    """Return the recurrence with an UNTIL in UTC as the local time that it is."""
    until = split_rrule(recurrence).get("UNTIL", "")
    if not until.endswith("Z"):
        return recurrence
    at = datetime.strptime(until[:-1], _LOCAL).replace(tzinfo=UTC).astimezone(rules)
    return f"{without_parts(recurrence, 'UNTIL')};UNTIL={at:{_LOCAL}}"


def _between(whole: PartnerTime, since: datetime | None, until: datetime | None) -> PartnerTime | None:
    """Return what begins in `[since, until)` of it, with its exceptions; None if nothing does."""
    if since is None and until is None:
        return whole
    low, high = since or EARLIEST, until or LATEST
    dates = {at for at in (whole.begins, *whole.additional) if low <= at < high}
    plain, recurrence = replace(whole, excluded=(), additional=()), None
    begins = next(local_starts(plain, low, high), None)
    if begins is None or whole.recurrence is None:
        begins = min(dates, default=None)
    else:
        recurrence = _cut(plain, whole.recurrence, since, high)
    if begins is None:
        return None
    return replace(
        whole,
        begins=begins,
        recurrence=recurrence,
        additional=tuple(sorted(dates - {begins})),
        excluded=tuple(at for at in whole.excluded if low <= at < high),
        moved=tuple(change for change in whole.moved if low <= change.original_start < high),
    )


def _cut(plain: PartnerTime, recurrence: str, since: datetime | None, until: datetime) -> str:
    count = split_rrule(recurrence).get("COUNT")
    if next(local_starts(plain, until, LATEST), None) is not None:
        # It would go on beyond: it ends a second before.
        return f"{without_parts(recurrence, 'COUNT', 'UNTIL')};UNTIL={until - _SECOND:{_LOCAL}}"
    if since is None or count is None:
        return recurrence
    before = sum(1 for _start in local_starts(plain, plain.begins, since))
    return f"{without_parts(recurrence, 'COUNT')};COUNT={int(count) - before}"


def _as_changed(part: PartnerTime, instance: ParsedEvent, shift: timedelta, now: datetime) -> PartnerTime:
    """Return the part of a series with each start moved by `shift`, and title and length as its instance has them."""
    moved = []
    for change in part.moved:
        title = change.title or part.title
        moved.append(
            replace(
                change,
                original_start=change.original_start + shift,
                title=None if title == instance.title else title,
            )
        )
    dates = {at + shift for at in part.additional}
    recurrence, begins = part.recurrence, part.begins + shift
    if recurrence is not None and shift:
        recurrence = _shifted_rule(recurrence, part.begins, shift)
        if recurrence is None:
            since = datetime(max(now.year // 10 * 10, part.begins.year), 1, 1)  # noqa: DTZ001 - local by intent
            starts = local_starts(replace(part, excluded=(), additional=()), since, _end_of_dates(since))
            dates |= {start + shift for start in islice(starts, MAX_EXCEPTIONS)}
            begins = min(dates, default=begins)
    return replace(
        part,
        title=instance.title,
        lasts=instance.lasts,
        begins=begins,
        recurrence=recurrence,
        additional=tuple(sorted(dates - {begins})),
        excluded=tuple(at + shift for at in part.excluded),
        moved=tuple(moved),
    )


def _shifted_rule(recurrence: str, begins: datetime, shift: timedelta) -> str | None:
    """Return the recurrence of starts that are all moved by `shift`; None where no recurrence says that."""
    parts = split_rrule(recurrence)
    days = ((begins + shift).date() - begins.date()).days
    named = parts.keys() & {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}
    if days and (
        parts["FREQ"] not in {"DAILY", "WEEKLY"} or named - ({"BYDAY"} if parts["FREQ"] == "WEEKLY" else set())
    ):
        return None
    if days and parts["FREQ"] == "WEEKLY":
        for name in parts.keys() & {"BYDAY", "WKST"}:
            parts[name] = ",".join(CODES[(CODES.index(code) + days) % 7] for code in parts[name].split(","))
        parts.setdefault("WKST", CODES[days % 7])
    if "UNTIL" in parts and (days or "T" in parts["UNTIL"]):
        text = parts["UNTIL"]
        until = datetime.strptime(text[:8] + (text[8:15] or "T000000"), _LOCAL) + shift  # noqa: DTZ007 - local by intent
        parts["UNTIL"] = f"{until:{_LOCAL}}{text[15:]}" if "T" in text else f"{until:%Y%m%d}"
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _end_of_dates(since: datetime) -> datetime:
    return since.replace(year=since.year // 10 * 10 + _DATED_YEARS, month=1, day=1)


def _latest(instances: list[ParsedEvent]) -> list[ParsedEvent]:
    latest: dict[EventTime | None, ParsedEvent] = {}
    for instance in instances:
        known = latest.get(instance.recurrence_id)
        if known is None or instance.sequence >= known.sequence:
            latest[instance.recurrence_id] = instance
    return list(latest.values())


def _single(uid: str, instance: ParsedEvent, device_zone: str) -> ProposedEvent:
    of = instance.recurrence_id or instance.begins
    partner_time = PartnerTime(
        title=instance.title,
        begins=instance.begins.local,
        lasts=instance.lasts,
        zone=instance.begins.zone or device_zone,
        is_floating=instance.begins.zone is None,
        as_rfc=True,
    )
    # The uid is shared by all instances; with the beginning behind it each has one of its own.
    return ProposedEvent(uid=f"{uid} {of.local:%Y%m%dT%H%M%S}", partner_time=partner_time, line=instance.line)
