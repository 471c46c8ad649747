"""All sensors of one session: the laptop's, those of phones on a cable (adb), and the tracker of phones that call the API.

Invariant 1: all of them start and stop together. The exception is `start_presence_only`: before the start of partner time was
shown to somebody, only the sensors run that detect whether somebody is there.
Invariant 2: a phone that is removed stops being sensed at once; a phone that is paired is sensed from then on.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from detector.core.observations import Sense
from detector.daemon.phone_tracker import PhoneTracker
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.devices import Phone

PRESENCE: Final[tuple[Sense, ...]] = ("idle", "session", "quiet")
"""The senses that show whether somebody could see a notification on this device."""
PRESENCE_TIMEOUT: Final = 1.5
"""Seconds to wait for them to report; a bus that hangs must not delay the start."""


class SessionSensors:
    """Starts and stops the sensors of a session.

    Args:
        laptop: the laptop's sensors.
        phone_tracker: the phones that call the API.
        phones: all phones that are paired.
        supervise_phone: makes the supervisor of a phone with adb.
        put_away: the phones that were put away shortly before the session.
    """

    def __init__(
        self,
        *,
        laptop: SensorSupervisor,
        phone_tracker: PhoneTracker,
        phones: Sequence[Phone],
        supervise_phone: Callable[[Phone], SensorSupervisor],
        put_away: Sequence[str] = (),
    ) -> None:
        self.laptop = laptop
        self.phone_tracker = phone_tracker
        self.is_on = False
        self._supervise_phone = supervise_phone
        self._paired = {phone.name: phone for phone in phones}
        self._phones: dict[str, tuple[str, SensorSupervisor]] = {}
        self._put_away = tuple(put_away)

    async def start(self) -> None:
        self._switch_phones_on()
        await self.laptop.start()
        await self._update_phones()

    async def start_presence_only(self, *, with_phones: bool) -> None:
        """Start only the sensors of `PRESENCE`, and the phones if wanted; return once these sensors have reported."""
        if with_phones:
            self._switch_phones_on()
            await self._update_phones()
        await self.laptop.start(PRESENCE)
        await self.laptop.wait_until_ready(PRESENCE_TIMEOUT)

    async def stop(self) -> None:
        """Stop them all; nothing of theirs stays open, and no phone waits for an answer."""
        self.is_on = False
        self.phone_tracker.close()
        stopping = [self.laptop.stop(), *(supervisor.stop() for _, supervisor in self._phones.values())]
        self._phones.clear()
        await asyncio.gather(*stopping)

    def release_waiting_phones(self) -> None:
        """Note that all observations so far have been decided about: no phone has to wait for a nudge any longer."""
        self.phone_tracker.release_waiting_phones()

    async def set_phones(self, phones: Sequence[Phone]) -> None:
        self._paired = {phone.name: phone for phone in phones}
        if self.is_on:
            await self._update_phones()

    def sees_apps(self, device: str) -> bool:
        return self.active_phone_sensors().get(device) is not None

    def active_phone_sensors(self) -> dict[str, str | None]:
        """Return, for each phone that is to be sensed by adb, the sensor that does so now, or None."""
        return {name: supervisor.active_sensors().get("focus") for name, (_, supervisor) in self._phones.items()}

    def _switch_phones_on(self) -> None:
        self.is_on = True
        # Only at the first start: after a pause the phones may be anywhere.
        put_away, self._put_away = self._put_away, ()
        self.phone_tracker.put_away_before(put_away)

    async def _update_phones(self) -> None:
        serials = {name: phone.adb for name, phone in self._paired.items() if phone.adb}
        for name, (serial, supervisor) in list(self._phones.items()):
            # With another serial it is another device, which needs a new sensor.
            if serials.get(name) != serial:
                del self._phones[name]
                await supervisor.stop()
        for name, serial in serials.items():
            if name not in self._phones:
                supervisor = self._supervise_phone(self._paired[name])
                self._phones[name] = (serial, supervisor)
                await supervisor.start()
