"""How partner time started: it started well where every screen is put away by the end of the grace.

Invariant 1: put away at the end of the grace is every device on which nothing distracting is in use: left, idle, locked, laid
down, asleep, or with something that is for both. What the person said is for both, or is needed, does not count.
Invariant 2: where the program was away during the grace (joined late, paused, restarted), where a device is not known at its
end, or where partner time is no longer than the grace, nothing is recorded: that is unknown.
Invariant 3: what comes out later corrects it: a use that had ended before was none, and one whose end is not known makes it
unknown. The last record counts.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from detector.core.attention.device_state import DeviceState
from detector.core.attention.uses import UseState
from detector.core.effects import Record, StartResult
from detector.core.observations import Gap, GapReason, Observation, PartnerTimeBegan, Paused, Suspended
from rules.engine import NEVER
from rules.features import DISTRACTING


class StartCheck:
    """The start of one occurrence.

    `devices`: those that have been observed, growing. `is_excused` tells of a use on the device of that name whether it is
    excused at an instant. `fleeting`: a use shorter than this counts as nothing.
    """

    def __init__(
        self,
        began: PartnerTimeBegan,
        grace: timedelta,
        devices: Sequence[DeviceState],
        is_excused: Callable[[str, UseState, datetime], bool],
        fleeting: timedelta,
    ) -> None:
        self._occurrence = began.occurrence
        self._grace_end = self.deadline = began.at + grace
        self._devices = devices
        self._is_excused = is_excused
        self._fleeting = fleeting
        self._asleep: set[str] = set()
        # The uses for which it did not start well.
        self._distractions: list[tuple[str, UseState]] = []
        self._has_unknown_end = False

    def on_deadline(self, at: datetime) -> list[Record]:
        if at < self.deadline:
            return []
        self.deadline = NEVER
        # One device of which nothing is known could be in use.
        if not self._devices or not all(device.is_known for device in self._devices):
            return []
        self._distractions = [
            (device.name, use)
            for device in self._devices
            if (use := device.open_use) is not None and self._distracts(device.name, use)
        ]
        return [self._record(well=not self._distractions)]

    def after_observation(self, observation: Observation) -> list[Record]:
        """Take in what attention has taken in already; return what it makes known of how it started."""
        match observation:
            case Suspended():
                self._asleep.add(observation.device)
            case Paused():
                self.deadline = NEVER
            case Gap(sense=None) if self.deadline is not NEVER and observation.since < self._grace_end:
                # The check does not come again: the end of the grace lies in a time of which nothing is known.
                self.deadline = NEVER
                return [self._record(well=True)] if self._was_asleep(observation) else []
        return self._correct() if self._distractions else []

    def _distracts(self, device: str, use: UseState) -> bool:
        is_fleeting = not use.opened and self._grace_end - use.began < self._fleeting
        is_distracting = use.activity.category in DISTRACTING and not is_fleeting
        return is_distracting and not self._is_excused(device, use, self._grace_end)

    def _was_asleep(self, gap: Gap) -> bool:
        """Return whether every device slept through the end of the grace."""
        # Putting a device to sleep is putting it away; what another device did meanwhile is not known.
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
                # Idleness, for one, is noticed half a minute late, and dates the end of the use back.
                self._has_unknown_end = self._has_unknown_end or not use.trusted
            elif not self._is_excused(device, use, self._grace_end):
                remaining.append((device, use))
        self._distractions = remaining
        return [] if remaining else [self._record(well=None if self._has_unknown_end else True)]

    def _record(self, *, well: bool | None) -> Record:
        return Record(occurrence=self._occurrence, item=StartResult(at=self._grace_end, started_well=well))
