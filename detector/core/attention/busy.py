"""Why nothing is to be said just now: a call, Do Not Disturb, a film for two, full screen, a locked screen, typing.

Rule 1: what a sensor that is lost last said does not stand.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from detector.core.attention.device_state import DeviceState
from detector.core.observations import (
    LAPTOP,
    CallEnded,
    CallStarted,
    Gap,
    InputCounted,
    Locked,
    Observation,
    QuietBegan,
    QuietEnded,
    SensorStarted,
    Unlocked,
)
from rules.model import Reason

TYPING: Final = 2
"""Key presses in one second that count as typing: fewer are a page being turned."""


class BusyState:
    """What holds a nudge back, on each device. `telling`: the device whose observation is being taken in."""

    def __init__(self) -> None:
        self.telling: str | None = None
        self._typed: dict[str, datetime] = {}
        self._quiet = self._call = self._locked = False

    def observe(self, seen: Observation) -> None:
        """Take in one observation."""
        match seen:
            case InputCounted():
                if seen.keys >= TYPING:
                    self._typed[seen.device] = seen.at
            case QuietBegan() | QuietEnded():
                self._quiet = isinstance(seen, QuietBegan)
            case CallStarted() | CallEnded():
                self._call = isinstance(seen, CallStarted)
            case Gap(sense="quiet") | SensorStarted(sense="quiet"):
                self._quiet = False
            case Gap(sense="call") | SensorStarted(sense="call"):
                self._call = False
            case Locked(device=device) | Unlocked(device=device) if device == LAPTOP:
                self._locked = isinstance(seen, Locked)
            case Gap(sense="session") | SensorStarted(sense="session"):
                self._locked = False
            case _:
                pass

    def why(self, state: DeviceState) -> tuple[Reason | None, datetime | None]:
        """Return what the device is busy with, and when the last second with typing in it ended."""
        reason = (
            Reason.CALL
            if self._call
            else Reason.DO_NOT_DISTURB
            if self._quiet
            else Reason.FILM
            if state.film
            else Reason.FULL_SCREEN
            if state.full_screen
            # Behind a locked screen nobody sees it; a phone that tells something at this instant may carry it itself.
            else Reason.LOCKED
            if self._locked and self.telling != state.name
            else None
        )
        return reason, self._typed.get(state.name)
