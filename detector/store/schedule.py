"""Read the schedule from the store.

Invariant 1: an occurrence that was cut off and started again (`~2`, `~3`, ...) began with its first start and ends with its last.
Invariant 2: an occurrence that a clock change or a failure ended is not over; one that ended as planned or was stopped is.
"""

from datetime import datetime
from typing import Final

from detector.partner_time.model import Occurrence, partner_time_number
from detector.partner_time.occurrences import LOOK_BACK
from detector.partner_time.schedule import OccurrenceOverrides, Schedule, StartedOccurrence
from detector.store.model import StoredOccurrence
from detector.store.store import Store

_RESTART_MARK: Final = "~"
_OVER: Final = ("ended", "stopped")


def restarted_id(planned_id: str, number: int) -> str:
    """Return the id under which the `number`-th start of an occurrence is stored; the first one has its planned id."""
    return planned_id if number == 1 else f"{planned_id}{_RESTART_MARK}{number}"


def planned_id(stored_id: str) -> str:
    """Return the id that the occurrence has in the plan, whichever of its starts is stored under `stored_id`."""
    return stored_id.partition(_RESTART_MARK)[0]


def read_schedule(store: Store, now: datetime) -> Schedule:
    """Return what is declared, its exceptions, and what has started in the last days."""
    exceptions = OccurrenceOverrides(ended_early=store.plans.ended_early(), extended=store.plans.extended())
    return Schedule(store.plans.partner_times(), exceptions, started_occurrences(store, now))


def started_occurrences(store: Store, now: datetime) -> tuple[StartedOccurrence, ...]:
    latest: dict[str, StoredOccurrence] = {}
    began: dict[str, datetime] = {}
    # As far back as the schedule looks: further than any two zones are apart (26 h).
    for stored in store.history.occurrences(since=now - LOOK_BACK):
        id_ = planned_id(stored.id)
        previous = latest.get(id_)
        if previous is None or _start_number(previous.id) < _start_number(stored.id):
            latest[id_] = stored
        # It began with its first start, whichever start is the last.
        began[id_] = min(stored.began, began.get(id_, stored.began))
    return tuple(
        StartedOccurrence(
            occurrence=as_planned(stored, began[id_]), ended=stored.ended, is_over=stored.end_reason in _OVER
        )
        for id_, stored in latest.items()
        if partner_time_number(id_)
    )


def as_planned(stored: StoredOccurrence, began: datetime) -> Occurrence:
    """Return the occurrence of the plan of which `stored` is a start; `began`: when its first start began."""
    id_ = planned_id(stored.id)
    return Occurrence(
        id=id_,
        partner_time=partner_time_number(id_),
        title=stored.title,
        begins=began,
        ends=stored.ends,
        zone="UTC",
    )


def _start_number(stored_id: str) -> int:
    number = stored_id.partition(_RESTART_MARK)[2]
    return int(number) if number.isdecimal() else 1
