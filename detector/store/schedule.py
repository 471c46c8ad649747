"""Read the schedule from the store: what is declared, its exceptions, and what has started in the last days.

Rule 1: of an occurrence that was cut off and started again (`~2`, `~3`, ...) the last start counts; it began with the first.
Rule 2: what a clock set back or a failure ended is not over; what ended as planned or was stopped is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from detector.partner_time.model import Occurrence
from detector.partner_time.occurrences import LOOK_BACK
from detector.partner_time.schedule import Exceptions, Schedule, StartedOccurrence
from detector.store.model import Keeping, KeptOccurrence

AGAIN: Final = "~"
"""Separates the id of an occurrence from the number of its start, in the id under which it is kept: `3@2026...~2`."""

_OVER: Final = ("ended", "stopped")


def as_planned(kept_as: str) -> str:
    """Return the occurrence's id in the plan."""
    return kept_as.partition(AGAIN)[0]


def read_schedule(store: Keeping, now: datetime) -> Schedule:
    """Return what is declared, its exceptions, and what has started, as it is kept.

    Raises:
        StoreError: if the store cannot be read.
    """
    exceptions = Exceptions(stopped=store.stopped(), extended=store.extended())
    return Schedule(store.partner_times(), exceptions, started_occurrences(store, now))


def started_occurrences(store: Keeping, now: datetime) -> tuple[StartedOccurrence, ...]:
    """Return what began within the last days, by its beginning.

    It looks back as far as the schedule does: further than any two zones are apart (26 h).

    Raises:
        StoreError: if the store cannot be read.
    """
    latest: dict[str, KeptOccurrence] = {}
    began: dict[str, datetime] = {}
    for kept in store.occurrences(since=now - LOOK_BACK):
        known = latest.get(as_planned(kept.id))
        if known is None or _start_number(known.id) < _start_number(kept.id):
            latest[as_planned(kept.id)] = kept
        began[as_planned(kept.id)] = min(kept.began, began.get(as_planned(kept.id), kept.began))
    return tuple(
        StartedOccurrence(
            occurrence=Occurrence(
                id=name,
                partner_time=_partner_time(name),
                title=kept.title,
                begins=began[name],
                ends=kept.ends,
                zone="UTC",
            ),
            ended=kept.ended,
            is_over=kept.end_reason in _OVER,
        )
        for name, kept in latest.items()
        if _partner_time(name)
    )


def _partner_time(name: str) -> int:
    number = name.partition("@")[0]
    return int(number) if number.isdecimal() else 0


def _start_number(kept_as: str) -> int:
    again = kept_as.partition(AGAIN)[2]
    return int(again) if again.isdecimal() else 1
