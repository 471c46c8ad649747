"""What an edit of a partner time makes of that which was said of its single occurrences. Pure.

Rule 1: what was said of an occurrence that is still to come is said of the one on the same local day from then on.
Rule 2: what has begun and would still go on stays as it began, or was stopped; what is new on its local day, or overlaps
it, does not take place.
Rule 3: what finds no day to go to is named, never dropped in silence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LOOK_AHEAD, LOOK_BACK, occurrences

FURTHEST: Final = timedelta(days=366 * 30)
"""Nothing is said of what is further ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """`renamed`: new ids by old ones. `lost`: of what something was said that no longer fits. `left_out`: see rule 2."""

    renamed: dict[str, str]
    lost: tuple[Occurrence, ...] = ()
    left_out: tuple[Occurrence, ...] = ()


def carry_over(
    before: PartnerTime,
    after: PartnerTime,
    now: datetime,
    *,
    said: Collection[str],
    begun: Sequence[Occurrence] = (),
) -> Carried:
    """Return what becomes of what was said of the occurrences of these ids, once `before` is declared as `after`.

    `begun`: those of `before` that have begun and would still be under way by what was planned.
    """
    until = min(max([now, *filter(None, map(_day_of, said))]) + LOOK_AHEAD, now + FURTHEST)
    started = {occurrence.id for occurrence in begun}
    new = occurrences(after, now - LOOK_BACK, until)
    taken = {_local_day(occurrence.begins, zone.zone) for occurrence in begun for zone in (before, after)}
    left_out = tuple(
        occurrence
        for occurrence in new
        if occurrence.id not in started
        and occurrence.ends > now
        and (
            _local_day(occurrence.begins, after.zone) in taken
            or any(occurrence.begins < each.ends and each.begins < occurrence.ends for each in begun)
        )
    )
    out = started.union(occurrence.id for occurrence in left_out)
    coming = _by_day((each for each in new if each.ends > now and each.id not in out), after.zone)
    renamed: dict[str, str] = {}
    lost: list[Occurrence] = []
    old = (each for each in occurrences(before, now, until) if each.id not in started)
    for day, planned in sorted(_by_day(old, before.zone).items()):
        # Several on one day keep their order.
        for place, occurrence in enumerate(planned):
            if occurrence.id not in said:
                continue
            there = coming.get(day, [])
            if place < len(there):
                renamed[occurrence.id] = there[place].id
            else:
                lost.append(occurrence)
    changed = {before_: after_ for before_, after_ in renamed.items() if before_ != after_}
    return Carried(renamed=changed, lost=tuple(lost), left_out=left_out)


def _by_day(planned: Iterable[Occurrence], zone: str) -> dict[date, list[Occurrence]]:
    days: dict[date, list[Occurrence]] = defaultdict(list)
    for occurrence in planned:
        days[_local_day(occurrence.begins, zone)].append(occurrence)
    return days


def _local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _day_of(name: str) -> datetime | None:
    try:
        return datetime.strptime(name.partition("@")[2][:8], "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
