"""Run the phone API exactly while a phone is paired or being paired.

Invariant 1: there is no socket while no phone has a token and no pairing is open.
Invariant 2: when the API cannot start, the daemon goes on: the reason is in the status, and the next reconciliation tries again.
Invariant 3: the modules of the API are imported when it starts.
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
    """Starts and stops the phone API. `state` is what `status` reports, None while no phone needs it."""

    def __init__(self, gateway: PhoneGateway, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock
        self._api: PhoneApi | None = None
        self._address: PhoneApiAddress | None = None
        self._logged: str | None = None
        self.state: PhoneApiStatus | None = None

    async def update(self, address: PhoneApiAddress | None, *, is_needed: bool) -> None:
        """Start, stop or move the API, so that it listens at this address if it is needed."""
        target = address if is_needed else None
        if target == self._address and (target is None or self._api is not None):
            return
        await self.close()
        self._address = target
        if target is not None:
            await self._start(target)

    async def close(self) -> None:
        api, self._api, self._address, self.state = self._api, None, None, None
        if api is not None:
            await api.close()

    async def _start(self, address: PhoneApiAddress) -> None:
        from detector.phone_api.server import PhoneApi  # noqa: PLC0415 - Invariant 3: 1 MB

        api = PhoneApi(address, self._gateway, self._clock)
        try:
            await api.open()
        except PhoneApiUnavailable as failed:
            why = f"{failed.why}; {failed.remedy}" if failed.remedy else failed.why
            self.state = PhoneApiStatus(url=address.url, open=False, why=why)
            # It is tried once a minute, and logged once.
            if self._logged != why:
                self._logged = why
                logger.warning("the phone API cannot start: %s", why)
            return
        self._logged = None
        self._api = api
        self.state = PhoneApiStatus(url=address.url, open=True)
