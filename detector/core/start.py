"""How partner time started: it started well where every screen is put away by the end of the grace.

Rule 1: put away at the end of the grace is every device on which nothing distracting is under way: left, idle, locked,
laid down, asleep, or with something that is for both. What the person said is for both, or is needed, does not count.
Rule 2: where the program was away during the grace (joined late, paused, restarted), where a device is not known at its
end, or where partner time is no longer than it, nothing is said: that is unknown.
Rule 3: what comes out later corrects it: a use that had ended before was none, and one that nobody knows the end of leaves
it unknown. The last that is said counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from detector.core.attention.device_state import DeviceState
from detector.core.attention.uses import UseState
from detector.core.effects import Record, Started
from detector.core.observations import Gap, GapReason, Observation, PartnerTimeBegan, Paused, Suspended
from rules.engine import NEVER
from rules.features import DISTRACTING


class StartCheck:
    """The start of one occurrence.

    `devices`: those that have said something, growing. `excuses` tells of a use on the device of
    that name whether something makes it no turning away then. `fleeting`: a use shorter than this counts as nothing.
    """

    def __init__(
        self,
        began: PartnerTimeBegan,
        grace: timedelta,
        devices: Sequence[DeviceState],
        excuses: Callable[[str, UseState, datetime], bool],
        fleeting: timedelta,
    ) -> None:
        self._occurrence = began.occurrence
        self._over = self.deadline = began.at + grace
        self._devices = devices
        self._excuses = excuses
        self._fleeting = fleeting
        self._asleep: set[str] = set()
        self._in_the_way: list[tuple[str, UseState]] = []
        self._doubtful = False

    def on_deadline(self, turn: datetime) -> list[Record]:
        """Say how it started, once the grace is over."""
        if turn < self.deadline:
            return []
        self.deadline = NEVER
        if not self._devices or not all(device.is_known for device in self._devices):
            return []
        self._in_the_way = [
            (device.name, use)
            for device in self._devices
            if (use := device.open) is not None and self._distracts(device.name, use)
        ]
        return [self._said(well=not self._in_the_way)]

    def after_observation(self, seen: Observation) -> list[Record]:
        """Take in what attention has taken in already; say what it makes known of how it started."""
        match seen:
            case Suspended():
                self._asleep.add(seen.device)
            case Paused():
                self.deadline = NEVER
            case Gap(sense=None) if self.deadline is not NEVER and seen.since < self._over:
                self.deadline = NEVER
                return [self._said(well=True)] if self._slept_through(seen) else []
        return self._corrected() if self._in_the_way else []

    def _distracts(self, device: str, use: UseState) -> bool:
        is_passing = not use.opened and self._over - use.began < self._fleeting
        is_distracting = use.activity.category in DISTRACTING and not is_passing
        return is_distracting and not self._excuses(device, use, self._over)

    def _slept_through(self, seen: Gap) -> bool:
        # Putting the device to sleep is putting it away; what another one did meanwhile nobody heard.
        return (
            seen.reason is GapReason.SUSPEND
            and seen.at >= self._over
            and bool(self._devices)
            and all(device.name in self._asleep and not device.is_known for device in self._devices)
        )

    def _corrected(self) -> list[Record]:
        left = []
        for device, use in self._in_the_way:
            if use.ended is not None and use.ended < self._over:
                self._doubtful = self._doubtful or not use.trusted
            elif not self._excuses(device, use, self._over):
                left.append((device, use))
        self._in_the_way = left
        return [] if left else [self._said(well=None if self._doubtful else True)]

    def _said(self, *, well: bool | None) -> Record:
        return Record(occurrence=self._occurrence, what=Started(at=self._over, well=well))
