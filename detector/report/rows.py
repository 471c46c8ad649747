"""The rows of the store that a report is made of, gathered by occurrence."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from detector.core.effects import Coverage, Moment, Use
from detector.core.observations import Observation
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse


@dataclass(slots=True)
class OccurrenceRows:
    """All rows of one occurrence. `ends`: where it ends for the report."""

    occurrence: StoredOccurrence
    ends: datetime
    uses: list[Use] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    phone_events: list[Observation] = field(default_factory=list)


def rows_by_occurrence(
    occurrences: Iterable[StoredOccurrence],
    uses: Iterable[StoredUse],
    moments: Iterable[Moment],
    coverage: Iterable[StoredCoverage],
    phone_events: Iterable[tuple[str, Observation]],
    *,
    since: datetime,
    until: datetime,
) -> list[OccurrenceRows]:
    """Return the occurrences that began in `[since, until)` with what belongs to them; nothing after `until` counts."""
    by_id = {
        occurrence.id: OccurrenceRows(occurrence, occurrence.began)
        for occurrence in occurrences
        if since <= occurrence.began < until
    }
    for used in uses:
        if used.occurrence in by_id:
            by_id[used.occurrence].uses.append(used.use)
    for covered in coverage:
        if covered.occurrence in by_id:
            by_id[covered.occurrence].coverage.append(covered.coverage)
    for moment in moments:
        if moment.occurrence in by_id and moment.began < until:
            by_id[moment.occurrence].moments.append(moment)
    for occurrence, event in phone_events:
        if occurrence in by_id and event.at < until:
            by_id[occurrence].phone_events.append(event)
    for rows in by_id.values():
        rows.ends = _end(rows, until)
    return list(by_id.values())


def _end(rows: OccurrenceRows, until: datetime) -> datetime:
    # One that was cut off ends, for the report, at the last instant of which anything is known.
    occurrence = rows.occurrence
    if occurrence.ended is not None:
        return max(occurrence.began, min(occurrence.ended, until))
    # A use with an end that is not trusted may have ended earlier, so it proves nothing.
    known = [stretch.ended for stretch in rows.coverage]
    known += [use.ended for use in rows.uses if use.ended is not None and use.trusted]
    return max(occurrence.began, min(max(known, default=occurrence.began), occurrence.ends, until))
