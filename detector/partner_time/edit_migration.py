"""Move the exceptions of a partner time to its occurrences after an edit. Pure.

Invariant 1: an exception of a future occurrence moves to the new occurrence on the same local day.
Invariant 2: what is under way goes on as it started. A new occurrence on its local day, or overlapping it, does not take place.
Invariant 3: an exception is reported if there is no new occurrence on its day.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LOOK_AHEAD, LOOK_BACK, occurrences
from detector.partner_time.schedule import OccurrenceOverrides

# Exceptions further ahead than this are not looked for.
MAX_EXCEPTION_DISTANCE: Final = timedelta(days=366 * 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMigration:
    """The changes that an edit makes to the exceptions of a partner time."""

    renamed: dict[str, str]  # new ids by old ones
    unmatched: tuple[Occurrence, ...] = ()  # occurrences of exceptions without a new occurrence
    left_out: tuple[Occurrence, ...] = ()  # new occurrences that do not take place (invariant 2)

    def migrate(self, exceptions: OccurrenceOverrides, now: datetime) -> OccurrenceOverrides:
        """Return the exceptions under their new ids, with what is left out stopped."""
        ended = {self.renamed.get(id_, id_): at for id_, at in exceptions.ended_early.items()}
        extended = {self.renamed.get(id_, id_): ends for id_, ends in exceptions.extended.items()}
        return OccurrenceOverrides(ended | {occurrence.id: now for occurrence in self.left_out}, extended)


def migrate_edit(
    before: PartnerTime,
    after: PartnerTime,
    now: datetime,
    exceptions: OccurrenceOverrides,
    started: Sequence[Occurrence] = (),
) -> EditMigration:
    """Return what becomes of the exceptions once `before` is declared as `after`; `started` is still under way."""
    excepted = exceptions.ids_for(before.number)
    # As far ahead as the last exception lies, and a while longer, because its day may have another occurrence now.
    until = min(max([now, *filter(None, map(_day_of, excepted))]) + LOOK_AHEAD, now + MAX_EXCEPTION_DISTANCE)
    started_ids = {occurrence.id for occurrence in started}
    new = occurrences(after, now - LOOK_BACK, until)
    # The local day may be another one in the zone of before and in that of after; both count as taken.
    taken = {_local_day(occurrence.begins, zone.zone) for occurrence in started for zone in (before, after)}
    left_out = tuple(
        occurrence
        for occurrence in new
        if occurrence.id not in started_ids
        and occurrence.ends > now
        and (
            _local_day(occurrence.begins, after.zone) in taken
            or any(occurrence.begins < running.ends and running.begins < occurrence.ends for running in started)
        )
    )
    excluded = started_ids.union(occurrence.id for occurrence in left_out)
    new_by_day = _by_day((planned for planned in new if planned.ends > now and planned.id not in excluded), after.zone)
    renamed: dict[str, str] = {}
    unmatched: list[Occurrence] = []
    old = (planned for planned in occurrences(before, now, until) if planned.id not in started_ids)
    for day, planned in sorted(_by_day(old, before.zone).items()):
        # Several on one day keep their order: the second of before is the second of after.
        for place, occurrence in enumerate(planned):
            if occurrence.id not in excepted:
                continue
            candidates = new_by_day.get(day, [])
            if place < len(candidates):
                renamed[occurrence.id] = candidates[place].id
            else:
                unmatched.append(occurrence)
    changed = {old_id: new_id for old_id, new_id in renamed.items() if old_id != new_id}
    return EditMigration(renamed=changed, unmatched=tuple(unmatched), left_out=left_out)


def _by_day(planned: Iterable[Occurrence], zone: str) -> dict[date, list[Occurrence]]:
    days: dict[date, list[Occurrence]] = defaultdict(list)
    for occurrence in planned:
        days[_local_day(occurrence.begins, zone)].append(occurrence)
    return days


def _local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _day_of(occurrence_id: str) -> datetime | None:
    try:
        return datetime.strptime(occurrence_id.partition("@")[2][:8], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
