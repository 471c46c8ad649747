"""What has begun, as the plan needs to know it: it stays as it began, whatever is declared and wherever the device is.

Rule 1: of one that was cut off and begun anew (`~2`, `~3`, ...) the last counts; it began when the first did.
Rule 2: what a clock set back or a failure ended is not over; what ended as planned or was stopped is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from detector.partner_time.model import Occurrence
from detector.partner_time.occurrences import LOOK_BACK
from detector.partner_time.plan import Begun
from detector.store.model import Keeping, KeptOccurrence

AGAIN: Final = "~"
"""Stands before the how-manyeth beginning of an occurrence in the id under which it is kept."""

_OVER: Final = ("ended", "stopped")


def as_planned(kept_as: str) -> str:
    """Return the occurrence's id in the plan."""
    return kept_as.partition(AGAIN)[0]


def begun(store: Keeping, now: datetime) -> tuple[Begun, ...]:
    """Return what began within the last days, by its beginning; two zones are at most 26 h apart.

    Raises:
        StoreError: if the store cannot be read.
    """
    latest: dict[str, KeptOccurrence] = {}
    began: dict[str, datetime] = {}
    for kept in store.occurrences(since=now - LOOK_BACK):
        known = latest.get(as_planned(kept.id))
        if known is None or _time(known.id) < _time(kept.id):
            latest[as_planned(kept.id)] = kept
        began[as_planned(kept.id)] = min(kept.began, began.get(as_planned(kept.id), kept.began))
    return tuple(
        Begun(
            occurrence=Occurrence(
                id=name, partner_time=_number(name), title=kept.title, begins=began[name], ends=kept.ends, zone="UTC"
            ),
            ended=kept.ended,
            is_over=kept.end_reason in _OVER,
        )
        for name, kept in latest.items()
        if _number(name)
    )


def _number(name: str) -> int:
    number = name.partition("@")[0]
    return int(number) if number.isdecimal() else 0


def _time(kept_as: str) -> int:
    again = kept_as.partition(AGAIN)[2]
    return int(again) if again.isdecimal() else 1
