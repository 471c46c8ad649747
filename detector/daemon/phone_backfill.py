"""Store uses that a phone on a cable recorded itself while its link was lost.

Invariant 1: they are stored as uses and coverage, which only the report reads. They become no observations and no decisions, so
that a replay of the session decides as the session did. Nothing from before this partner time is stored.
Invariant 2: storing them twice changes nothing: the number of a use follows from its beginning.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from detector.clock import Clock
from detector.core.attention.attention import Attention
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Record
from detector.core.observations import Activity, Focused, Observation
from detector.sensors.model import AppFocused, SensorEvent, ToplevelFocused
from detector.store.model import FIRST_BACKFILLED
from detector.store.store import Store

_MILLISECOND: Final = timedelta(milliseconds=1)


class PhoneBackfill:
    """Adds to the session stored as `occurrence`, which began at `began`. `activity` classifies an app."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        occurrence: str,
        began: datetime,
        activity: Callable[[AppFocused], Activity],
        settings: AttentionSettings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._occurrence = occurrence
        self._began = began
        self._activity = activity
        self._settings = settings

    def add_missed(self, missed: Sequence[SensorEvent]) -> None:
        """Store the uses and coverage of these events of one device, which are in order and all in the past."""
        within = [event for event in missed if event.at >= self._began]
        observations = [self._observation(event) for event in within if not isinstance(event, ToplevelFocused)]
        if not observations:
            return
        until = self._clock.now()
        # Without features: only uses and coverage are needed.
        attention = Attention((), observations[0].at, until, self._settings)
        for observation in observations:
            attention.observe(observation)
        attention.end(until)
        records = [replace(record, number=self._number(record.began)) for record in attention.pop_closed()]
        self._store.history.save([Record(occurrence=self._occurrence, item=record) for record in records])

    def _observation(self, event: Observation | AppFocused) -> Observation:
        if not isinstance(event, AppFocused):
            return event
        activity = replace(self._activity(event), name=None)
        return Focused(at=event.at, device=event.device, activity=activity, opened=event.opened)

    def _number(self, began: datetime) -> int:
        return FIRST_BACKFILLED + (began - self._began) // _MILLISECOND
