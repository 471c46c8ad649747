"""Whether partner time started well: every device is put away at the end of the grace.

Invariant 1: a device is put away if nothing distracting is in use on it: it is left, idle, locked, laid down, asleep, or used
for something that is for both. A use that the person excused (for both, needed) does not count as distracting.
Invariant 2: nothing is recorded, because it is unknown, if the program did not run during the grace (joined late, paused,
restarted), if a device is not known at its end, or if partner time is no longer than the grace.
Invariant 3: later observations correct it: a use that turns out to have ended before the end of the grace does not count; if
its end is not known, the start is unknown. The last record counts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from detector.core.attention.device_state import DeviceState
from detector.core.attention.uses import UseState
from detector.core.effects import Record, StartResult
from detector.core.moments import MomentTracker
from detector.core.observations import Gap, GapReason, Observation, PartnerTimeBegan, Paused, Suspended
from rules.engine import NEVER
from rules.features import DISTRACTING


class StartCheck:
    """The start of one occurrence.

    `devices`: those observed so far; the list grows. `min_use_duration`: a shorter use does not count.
    """

    def __init__(
        self,
        began: PartnerTimeBegan,
        grace: timedelta,
        devices: Sequence[DeviceState],
        moments: MomentTracker,
        min_use_duration: timedelta,
    ) -> None:
        self._occurrence = began.occurrence
        self._grace_end = self.deadline = began.at + grace
        self._devices = devices
        self._moments = moments
        self._min_use_duration = min_use_duration
        self._asleep: set[str] = set()
        # The uses because of which it did not start well.
        self._distractions: list[tuple[str, UseState]] = []
        self._has_unknown_end = False

    def on_deadline(self, at: datetime) -> list[Record]:
        if at < self.deadline:
            return []
        self.deadline = NEVER
        # A device that is not known could be in use.
        if not self._devices or not all(device.is_known for device in self._devices):
            return []
        self._distractions = [
            (device.name, use)
            for device in self._devices
            if (use := device.open_use) is not None and self._distracts(device.name, use)
        ]
        return [self._record(well=not self._distractions)]

    def after_observation(self, observation: Observation) -> list[Record]:
        """Process what attention has processed already; return the corrected result, if it changed."""
        match observation:
            case Suspended():
                self._asleep.add(observation.device)
            case Paused():
                self.deadline = NEVER
            case Gap(sense=None) if self.deadline is not NEVER and observation.since < self._grace_end:
                # The end of the grace lies in the gap, so the check cannot be made.
                self.deadline = NEVER
                return [self._record(well=True)] if self._was_asleep(observation) else []
        return self._correct() if self._distractions else []

    def _distracts(self, device: str, use: UseState) -> bool:
        is_too_short = not use.opened and self._grace_end - use.began < self._min_use_duration
        is_distracting = use.activity.category in DISTRACTING and not is_too_short
        return is_distracting and not self._moments.is_excused(device, use, self._grace_end)

    def _was_asleep(self, gap: Gap) -> bool:
        """Return whether every device slept through the end of the grace."""
        # A sleeping device is put away; whether another device was used meanwhile is not known.
        return (
            gap.reason is GapReason.SUSPEND
            and gap.at >= self._grace_end
            and bool(self._devices)
            and all(device.name in self._asleep and not device.is_known for device in self._devices)
        )

    def _correct(self) -> list[Record]:
        remaining = []
        for device, use in self._distractions:
            if use.ended is not None and use.ended < self._grace_end:
                # For example, idleness is noticed half a minute late, and moves the end of the use back.
                self._has_unknown_end = self._has_unknown_end or not use.trusted
            elif not self._moments.is_excused(device, use, self._grace_end):
                remaining.append((device, use))
        self._distractions = remaining
        return [] if remaining else [self._record(well=None if self._has_unknown_end else True)]

    def _record(self, *, well: bool | None) -> Record:
        return Record(occurrence=self._occurrence, item=StartResult(at=self._grace_end, started_well=well))
