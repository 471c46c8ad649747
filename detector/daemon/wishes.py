"""Somebody wishes partner time to begin, to end or to go on longer, now: at the keyboard, on the bus or on the phone.

Rule 1: whoever asks, and wherever, the same happens; where it cannot be, nothing is changed.
Rule 2: what is kept is the wish alone. The daemon goes by it when it next reconciles, and whoever asked wakes it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from detector.partner_time.model import Occurrence
from detector.partner_time.plan import current_and_next, latest_end, under_way
from detector.store.model import Keeping


def start(store: Keeping, now: datetime, lasts: timedelta, title: str) -> Occurrence | None:
    """Declare partner time from `now` on, once, for one minute to 24 h; return it.

    None where one is under way already.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    from detector.partner_time.spoken import begin_now  # noqa: PLC0415 - what reads words stays out of the daemon

    if _under_way(store, now):
        return None
    store.add_partner_time(begin_now(title, lasts, now))
    return current_and_next(store.partner_times(), now, store.stopped(), store.extended()).current


def stop(store: Keeping, now: datetime) -> tuple[Occurrence, ...]:
    """Stop all that is under way, the one in force first; return it as it was planned.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    ending = _under_way(store, now)
    for occurrence in ending:
        store.stop_occurrence(occurrence.id, now)
    return ending


def extend(store: Keeping, now: datetime, by: timedelta) -> Occurrence | None:
    """Let the one in force go on for so much longer, up to 24 h in all; return it with its later end.

    None where nothing is under way, or where it has the latest end already.

    Raises:
        StoreError: if the store cannot be read or written.
    """
    before = _under_way(store, now)
    if not before:
        return None
    ends = min(before[0].ends + by, latest_end(before[0]))
    if ends <= before[0].ends:
        return None
    store.extend_occurrence(before[0].id, ends)
    return _under_way(store, now)[0]


def _under_way(store: Keeping, now: datetime) -> tuple[Occurrence, ...]:
    return under_way(store.partner_times(), now, store.stopped(), store.extended())
