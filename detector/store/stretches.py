"""What forgetting a stretch does to what was kept, and to what the daemon still holds and will want to keep. Pure.

Rule 1: nothing that happened in a forgotten stretch `[since, until)` is kept, neither now nor later.
Rule 2: a use or a coverage that reaches into it is cut, and keeps the earlier part if it has one; its cut end is not trusted.
Rule 3: a moment that reaches into it goes whole: half a moment tells what was asked to be forgotten.
Rule 4: an occurrence under way stays, with a gap, so that a replay does not take what was forgotten for quiet.
Rule 5: one that begins later is kept, also where it was planned to begin in the stretch: it begins at the stretch's end.
Rule 6: what the person declared, a later end among it, was not observed: it is known from the stretch's end on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from detector.core.effects import Coverage, Moment, Record, Started, Use
from detector.core.observations import (
    Gap,
    GapReason,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
)
from detector.errors import StoreError
from detector.partner_time.model import is_on_call
from detector.store.model import KeptOccurrence


@dataclass(frozen=True, slots=True)
class Stretch:
    """The half-open stretch `[since, until)` that was forgotten."""

    since: datetime
    until: datetime


def spared_use(use: Use, stretch: Stretch, over: datetime | None = None) -> Use | None:
    """Return what is left of the use, or None. `over`: when its occurrence was over, so that no use went on."""
    ended = use.ended or over
    if use.began >= stretch.until or (ended is not None and ended <= stretch.since and use.began < stretch.since):
        return use
    if use.began < stretch.since:
        return replace(use, ended=stretch.since, trusted=False)
    if ended is None or ended <= stretch.until:  # one that goes on comes back once its end is known
        return None
    return replace(use, began=stretch.until)


def spared_coverage(coverage: Coverage, stretch: Stretch) -> Coverage | None:
    """Return what is left of the coverage, or None."""
    if coverage.began >= stretch.until or coverage.ended <= stretch.since:
        return coverage
    if coverage.began < stretch.since:
        return replace(coverage, ended=stretch.since)
    return None if coverage.ended <= stretch.until else replace(coverage, began=stretch.until)


def spares_moment(moment: Moment, stretch: Stretch, over: datetime | None = None) -> bool:
    """Return whether the moment lies wholly outside the stretch. `over`: when its occurrence was over."""
    instants = (moment.began, moment.decided_at, moment.ended, moment.answered_at)
    last = max(instant for instant in instants if instant is not None)
    ended = moment.ended or over
    return moment.began >= stretch.until or (last < stretch.since and ended is not None and ended <= stretch.since)


def spared(record: Record, stretch: Stretch) -> Record | None:
    """Return what of the record may still be kept, or None."""
    what: Observation | Use | Coverage | Moment | Started | None = record.what
    if isinstance(what, Use):
        what = spared_use(what, stretch)
    elif isinstance(what, Coverage):
        what = spared_coverage(what, stretch)
    elif isinstance(what, Moment):
        what = what if spares_moment(what, stretch) else None
    elif isinstance(what, Started):
        # Whatever is forgotten while an occurrence is under way lies in it: it reaches into the grace, or follows it.
        what = None if stretch.since < what.at else what
    elif isinstance(what, Observation):
        what = None if stretch.since <= what.at < stretch.until else what
    return None if what is None else replace(record, what=what)


def admit(
    records: Sequence[Record], stretches: Sequence[Stretch], is_kept: Callable[[str], bool]
) -> tuple[list[Record], bool]:
    """Return what of the records is to be kept, and whether an occurrence begins, so that the stretches are over.

    What belongs to an occurrence that is not kept any more is left out; whoever begins anew holds nothing of before.

    Raises:
        StoreError: if a record belongs to an occurrence that never began.
    """
    admitted: list[Record] = []
    known: set[str] = set()
    forgotten = tuple(stretches)
    for record in records:
        left: Record | None = _begun_after(record, forgotten)
        for stretch in forgotten:
            left = left and spared(left, stretch)
        if left is None:
            continue
        if isinstance(left.what, PartnerTimeBegan):
            forgotten = ()
        elif left.occurrence not in known and not is_kept(left.occurrence):
            if forgotten:
                continue
            raise StoreError(
                f"A record belongs to partner time {left.occurrence}, which never began. This is a bug in turntoward."
            )
        known.add(left.occurrence)
        admitted.append(left)
    return admitted, bool(stretches) and not forgotten


def _begun_after(record: Record, stretches: Sequence[Stretch]) -> Record:
    """Let partner time that was planned to begin in a stretch begin at its end: whoever begins now is under way now.

    Likewise it is extended at its end.
    """
    if not isinstance(record.what, PartnerTimeBegan | PartnerTimeExtended):
        return record
    at = record.what.at
    for stretch in sorted(stretches, key=lambda stretch: stretch.since):
        if stretch.since <= at < stretch.until < record.what.ends:
            at = stretch.until
    return record if at == record.what.at else replace(record, what=replace(record.what, at=at))


def reaches(occurrence: KeptOccurrence, stretch: Stretch) -> bool:
    """Return whether the occurrence was, or was planned to be, under way at `stretch.since` or later."""
    return (occurrence.ended or occurrence.ends) >= stretch.since or occurrence.began >= stretch.since


def over_at(occurrence: KeptOccurrence, now: datetime) -> datetime | None:
    """Return when the occurrence was over, or None if it may be under way."""
    return occurrence.ended or (occurrence.ends if occurrence.ends <= now else None)


@dataclass(frozen=True, slots=True)
class Cut:
    """What becomes of an occurrence: the row that is left, or None, and what is observed in place of what is gone."""

    left: KeptOccurrence | None
    instead: tuple[Observation, ...] = ()


def cut(
    occurrence: KeptOccurrence,
    devices: Iterable[str],
    stretch: Stretch,
    *,
    extended_in: bool = False,
    quiet: bool = False,
) -> Cut:
    """Return what becomes of an occurrence, in which these devices spoke, once its content from `since` on is gone.

    `extended_in`: it was given its present end in the stretch. `quiet`: the person wants nothing said in it.
    """
    if not reaches(occurrence, stretch):
        return Cut(occurrence)
    under_way = occurrence.ended is None and occurrence.ends > stretch.until
    if occurrence.started_at is not None and stretch.since < occurrence.started_at:
        occurrence = replace(occurrence, started_well=None, started_at=None)
    if occurrence.began >= stretch.since:
        if not under_way:
            return Cut(None)
        again = PartnerTimeBegan(
            at=stretch.until,
            occurrence=occurrence.id,
            title=occurrence.title,
            ends=occurrence.ends,
            on_call=is_on_call(occurrence.title),
            quiet=quiet,
        )
        return Cut(replace(occurrence, began=stretch.until, started_well=None, started_at=None), (again,))
    if under_way:
        gaps = (
            Gap(at=stretch.until, since=stretch.since, reason=GapReason.RESTART, device=device) for device in devices
        )
        later = (PartnerTimeExtended(at=stretch.until, ends=occurrence.ends),) if extended_in else ()
        return Cut(occurrence, (*gaps, *later))
    # That it was stopped, and when, lies in the stretch as well.
    ended = PartnerTimeEnded(at=stretch.since, reason="ended")
    return Cut(replace(occurrence, ended=stretch.since, end_reason="ended"), (ended,))
