"""Reasons to defer a nudge: a call, Do Not Disturb, a film for two, full screen, a locked screen, typing.

Invariant 1: a reason ends when its sensor is lost.
"""

from datetime import datetime
from typing import Final

import detector.core.observations as obs
from detector.core.attention.device_state import DeviceState
from rules.model import Reason

TYPING: Final = 2
"""Minimum number of key presses in one second that count as typing; one alone may turn a page."""


class BusyState:
    """What the devices are busy with."""

    def __init__(self) -> None:
        self._typed: dict[str, datetime] = {}
        self._do_not_disturb = self._call = self._is_locked = False

    def observe(self, observation: obs.Observation) -> None:
        match observation:
            case obs.InputCounted():
                if observation.keys >= TYPING:
                    self._typed[observation.device] = observation.at
            case obs.QuietBegan() | obs.QuietEnded():
                self._do_not_disturb = isinstance(observation, obs.QuietBegan)
            case obs.CallStarted() | obs.CallEnded():
                self._call = isinstance(observation, obs.CallStarted)
            case obs.Gap(sense="quiet") | obs.SensorStarted(sense="quiet"):
                self._do_not_disturb = False
            case obs.Gap(sense="call") | obs.SensorStarted(sense="call"):
                self._call = False
            case obs.Locked(device=obs.LAPTOP) | obs.Unlocked(device=obs.LAPTOP):
                self._is_locked = isinstance(observation, obs.Locked)
            case obs.Gap(sense="session") | obs.SensorStarted(sense="session"):
                self._is_locked = False

    def reason_and_last_typing(
        self, device: DeviceState, observed_device: str | None = None
    ) -> tuple[Reason | None, datetime | None]:
        """Return what the device is busy with, and the end of the last second in which somebody typed on it.

        `observed_device`: the device whose observation is being processed, if there is one.
        """
        typed = self._typed.get(device.name)
        if self._call:
            return Reason.CALL, typed
        if self._do_not_disturb:
            return Reason.DO_NOT_DISTURB, typed
        if device.film:
            return Reason.FILM, typed
        if device.full_screen:
            return Reason.FULL_SCREEN, typed
        # Nobody sees a nudge on the locked laptop. But the response to a report of a phone can bring it to the phone.
        if self._is_locked and observed_device != device.name:
            return Reason.LOCKED, typed
        return None, typed
