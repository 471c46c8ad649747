"""Keep the door open exactly while a phone may come through it.

Rule 1: no phone with a token and no open pairing: no socket.
Rule 2: a door that cannot be opened is no failure of the daemon: it says why, and is tried again with the next look.
Rule 3: what the door needs is imported when it opens.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from detector.clock import Clock
from detector.control.status import PhoneApiStatus
from detector.devices import PhoneApiAddress
from detector.errors import PhoneApiUnavailable
from detector.phone_api.model import PhoneGateway

if TYPE_CHECKING:
    from detector.phone_api.server import PhoneApi

logger = logging.getLogger("turntoward")


class PhoneApiSwitch:
    """The door as the daemon keeps it."""

    def __init__(self, desk: PhoneGateway, clock: Clock) -> None:
        self._phone_gateway = desk
        self._clock = clock
        self._door: PhoneApi | None = None
        self._place: PhoneApiAddress | None = None
        self._said: str | None = None
        self.state: PhoneApiStatus | None = None

    async def update(self, place: PhoneApiAddress | None, *, wanted: bool) -> None:
        """Open, shut or move the door, so that it is as it should be."""
        target = place if wanted else None
        if target == self._place and (target is None or self._door is not None):
            return
        await self.close()
        self._place = target
        if target is not None:
            await self._open(target)

    async def close(self) -> None:
        """Shut the door."""
        door, self._door, self._place, self.state = self._door, None, None, None
        if door is not None:
            await door.close()

    async def _open(self, place: PhoneApiAddress) -> None:
        from detector.phone_api.server import PhoneApi  # noqa: PLC0415 - Rule 3

        door = PhoneApi(place, self._phone_gateway, self._clock)
        try:
            await door.open()
        except PhoneApiUnavailable as shut:
            why = f"{shut.why}; {shut.remedy}" if shut.remedy else shut.why
            self.state = PhoneApiStatus(url=place.url, open=False, why=why)
            if self._said != why:
                self._said = why
                logger.warning("the door for phones stays shut: %s", why)
            return
        self._said = None
        self._door = door
        self.state = PhoneApiStatus(url=place.url, open=True)
