"""What forgetting an interval changes in what is stored, and in what the daemon will save later. Pure.

Invariant 1: nothing that happened in a forgotten interval `[since, until)` is stored, now or later.
Invariant 2: a use or a coverage that reaches into it keeps its earlier part; the new end is not trusted.
Invariant 3: a moment that reaches into it is deleted whole: half a moment would reveal what was to be forgotten.
Invariant 4: an occurrence under way stays, with a gap, so that a replay takes the interval for missing data.
Invariant 5: an occurrence that was planned to begin in the interval, and goes on after it, begins at the end of the interval.
Invariant 6: a declaration, such as a later end, is no observation: it is known from the end of the interval on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import detector.core.observations as obs
from detector.core.effects import Coverage, Moment, Record, StartResult, Use
from detector.errors import StoreError
from detector.i18n import _
from detector.partner_time.model import is_on_call
from detector.store.model import StoredOccurrence


@dataclass(frozen=True, slots=True)
class Interval:
    """The half-open interval `[since, until)` that was forgotten."""

    since: datetime
    until: datetime


def remaining_use(use: Use, interval: Interval, over: datetime | None = None) -> Use | None:
    """Return what is left of the use, or None. `over`: when its occurrence was over, so that no use went on."""
    # A use without an end counts as going on to the end of its occurrence, if that is over.
    ended = use.ended or over
    if use.began >= interval.until or (ended is not None and ended <= interval.since and use.began < interval.since):
        return use
    if use.began < interval.since:
        # It went on into the interval; that it did is forgotten, so this end is only a bound.
        return replace(use, ended=interval.since, trusted=False)
    if ended is None or ended <= interval.until:  # one without an end is saved again once its end is known
        return None
    return replace(use, began=interval.until)


def remaining_coverage(coverage: Coverage, interval: Interval) -> Coverage | None:
    if coverage.began >= interval.until or coverage.ended <= interval.since:
        return coverage
    if coverage.began < interval.since:
        return replace(coverage, ended=interval.since)
    return None if coverage.ended <= interval.until else replace(coverage, began=interval.until)


def is_moment_outside(moment: Moment, interval: Interval, over: datetime | None = None) -> bool:
    """Return whether the moment lies wholly outside the interval. `over`: when its occurrence was over."""
    instants = (moment.began, moment.decided_at, moment.ended, moment.answered_at)
    last = max(instant for instant in instants if instant is not None)
    ended = moment.ended or over
    # Without an end the moment may still reach into the interval, however early it was decided.
    return moment.began >= interval.until or (last < interval.since and ended is not None and ended <= interval.since)


def remaining_record(record: Record, interval: Interval) -> Record | None:
    """Return what of the record may still be stored, or None."""
    content: obs.Observation | Use | Coverage | Moment | StartResult | None = record.item
    if isinstance(content, Use):
        content = remaining_use(content, interval)
    elif isinstance(content, Coverage):
        content = remaining_coverage(content, interval)
    elif isinstance(content, Moment):
        content = content if is_moment_outside(content, interval) else None
    elif isinstance(content, StartResult):
        # Whatever is forgotten while an occurrence is under way lies in it: it reaches into the grace, or follows it.
        content = None if interval.since < content.at else content
    elif isinstance(content, obs.Observation):
        content = None if interval.since <= content.at < interval.until else content
    return None if content is None else replace(record, item=content)


def without_forgotten(
    records: Sequence[Record], intervals: Sequence[Interval], is_stored: Callable[[str], bool]
) -> tuple[list[Record], bool]:
    """Return what of the records may be stored, and whether an occurrence begins among them.

    With a beginning the intervals are over: a session that begins now holds no records of before. What belongs to an
    occurrence that is not stored any more is left out. Raises `StoreError` if a record belongs to an occurrence that
    never began.
    """
    admitted: list[Record] = []
    # An occurrence that begins in `records` is not stored yet when its other records are looked at.
    known: set[str] = set()
    forgotten = tuple(intervals)
    for record in records:
        left: Record | None = _started_later(record, forgotten)
        for interval in forgotten:
            left = left and remaining_record(left, interval)
        if left is None:
            continue
        if isinstance(left.item, obs.PartnerTimeBegan):
            forgotten = ()
        elif left.occurrence not in known and not is_stored(left.occurrence):
            # The occurrence was deleted by forgetting while the daemon still held some of its records.
            if forgotten:
                continue
            message = _("A record belongs to partner time {id}, which never began. This is a bug in turntoward.")
            raise StoreError(message.format(id=left.occurrence))
        known.add(left.occurrence)
        admitted.append(left)
    return admitted, bool(intervals) and not forgotten


def _started_later(record: Record, intervals: Sequence[Interval]) -> Record:
    """Let partner time that began, or was extended, in an interval do so at its end: it still is partner time."""
    if not isinstance(record.item, obs.PartnerTimeBegan | obs.PartnerTimeExtended):
        return record
    at = record.item.at
    # In order, because the end of one interval may lie in the next.
    for interval in sorted(intervals, key=lambda interval: interval.since):
        if interval.since <= at < interval.until < record.item.ends:
            at = interval.until
    return record if at == record.item.at else replace(record, item=replace(record.item, at=at))


def reaches_into(occurrence: StoredOccurrence, interval: Interval) -> bool:
    """Return whether the occurrence was, or was planned to be, under way at `interval.since` or later."""
    return (occurrence.ended or occurrence.ends) >= interval.since or occurrence.began >= interval.since


def known_end(occurrence: StoredOccurrence, now: datetime) -> datetime | None:
    """Return when the occurrence was over, or None if it may be under way."""
    return occurrence.ended or (occurrence.ends if occurrence.ends <= now else None)


@dataclass(frozen=True, slots=True)
class CutOccurrence:
    """An occurrence after forgetting: the row that is left, or None, and the observations that replace deleted ones."""

    left: StoredOccurrence | None
    instead: tuple[obs.Observation, ...] = ()


def cut_occurrence(
    occurrence: StoredOccurrence,
    devices: Iterable[str],
    interval: Interval,
    *,
    extended_in: bool = False,
    quiet: bool = False,
) -> CutOccurrence:
    """Return what becomes of an occurrence, in which these devices were observed, once its content from `since` on is gone.

    `extended_in`: it was given its present end in the interval. `quiet`: no nudge is to be shown in it.
    """
    if not reaches_into(occurrence, interval):
        return CutOccurrence(occurrence)
    under_way = occurrence.ended is None and occurrence.ends > interval.until
    if occurrence.start_checked_at is not None and interval.since < occurrence.start_checked_at:
        occurrence = replace(occurrence, started_well=None, start_checked_at=None)
    # All of it lies in the interval, so that it is as if it began when the interval ended.
    if occurrence.began >= interval.since:
        if not under_way:
            return CutOccurrence(None)
        again = obs.PartnerTimeBegan(
            at=interval.until,
            occurrence=occurrence.id,
            title=occurrence.title,
            ends=occurrence.ends,
            on_call=is_on_call(occurrence.title),
            quiet=quiet,
        )
        return CutOccurrence(
            replace(occurrence, began=interval.until, started_well=None, start_checked_at=None), (again,)
        )
    if under_way:
        # One gap for each device, as after a restart: a replay must not take what was forgotten for silence.
        restart = obs.Gap(at=interval.until, since=interval.since, reason=obs.GapReason.RESTART)
        gaps = (replace(restart, device=device) for device in devices)
        later = (obs.PartnerTimeExtended(at=interval.until, ends=occurrence.ends),) if extended_in else ()
        return CutOccurrence(occurrence, (*gaps, *later))
    # That it was stopped, and when, lies in the interval as well.
    ended = obs.PartnerTimeEnded(at=interval.since, reason="ended")
    return CutOccurrence(replace(occurrence, ended=interval.since, end_reason="ended"), (ended,))
