"""What a break of the link to a phone at a cable hid, filled in afterwards from what the phone itself remembers.

Rule 1: it is kept as uses and coverage, for the report alone: nothing is decided about what is past, and nothing of it is
observed, so that replaying the evening decides as the day did.
Rule 2: filling in twice is filling in once: the number of a use follows from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from detector.clock import Clock
from detector.core.attention.attention import Attention
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Coverage, Record, Use
from detector.core.observations import Activity, Focused, Observation
from detector.sensors.model import AppFocused, SensorEvent, ToplevelFocused
from detector.store.store import Store

FILLED: Final = 1_000_000_000
"""Numbers from here on are of what was filled in; an evening's own begin at 1."""
_MILLISECOND: Final = timedelta(milliseconds=1)


class PhoneBackfill:
    """Fills in one partner time, kept as `occurrence`, which began at `began`. `activity` says what an app is."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        occurrence: str,
        began: datetime,
        activity: Callable[[AppFocused], Activity],
        settings: AttentionSettings,
        keep_names: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._occurrence = occurrence
        self._began = began
        self._activity = activity
        self._settings = settings
        self._keep_names = keep_names

    def fill(self, missed: Sequence[SensorEvent]) -> None:
        """Keep what these sayings of one device, in order and all in the past, tell of the break.

        Raises:
            StoreError: if it cannot be kept.
        """
        seen = [self._plain(saying) for saying in missed if not isinstance(saying, ToplevelFocused)]
        if not seen:
            return
        until = self._clock.now()
        attention = Attention((), seen[0].at, until, self._settings)
        for observation in seen:
            attention.observe(observation)
        attention.end(until)
        records = [
            Record(
                occurrence=self._occurrence,
                what=Use(
                    number=self._number(use.began),
                    device=device,
                    activity=use.activity,
                    began=use.began,
                    ended=use.ended,
                    trusted=use.trusted,
                ),
            )
            for device, use in attention.closed()
        ]
        records += [
            Record(
                occurrence=self._occurrence,
                what=Coverage(
                    number=self._number(covered.began), device=device, began=covered.began, ended=covered.ended
                ),
            )
            for device, covered in attention.covered()
        ]
        self._store.history.save(records)

    def _plain(self, saying: Observation | AppFocused) -> Observation:
        if not isinstance(saying, AppFocused):
            return saying
        activity = self._activity(saying)
        if not self._keep_names:
            activity = replace(activity, name=None)
        return Focused(at=saying.at, device=saying.device, activity=activity, opened=saying.opened)

    def _number(self, began: datetime) -> int:
        return FILLED + (began - self._began) // _MILLISECOND
