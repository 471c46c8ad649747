"""A real phone API with a gateway that only records, in a thread of its own."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from detector.clock import SystemClock
from detector.devices import Phone, PhoneApiAddress
from detector.phone_api.model import PartnerTimeAction, PhoneEvent, PhoneOverview
from detector.phone_api.server import PhoneApi
from tests.rig.phone import free_port

CODE = "Yq3mZ0v5bK1c8tD2xW7uLhRn"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class RecordingGateway:
    """Does what the daemon's gateway promises, and remembers what it was told."""

    def __init__(self, name: str = "my phone", code: str = CODE) -> None:
        until = datetime.now(UTC) + timedelta(minutes=5)
        self.known = [Phone(number=1, name=name, code=digest(code), code_until=until)]
        self.events: list[PhoneEvent] = []
        self.changes: list[tuple[PartnerTimeAction, timedelta]] = []
        self.tests = 0
        self.says: str | None = None
        self.told = PhoneOverview(heard_today=0, hours=())

    def phones(self) -> Sequence[Phone]:
        return tuple(self.known)

    def use_pairing_code(self, code: str, token: str) -> Phone | None:
        for place, phone in enumerate(self.known):
            if phone.code == code and phone.code_until is not None and phone.code_until > datetime.now(UTC):
                self.known[place] = replace(phone, token=token, code=None, code_until=None, paired=datetime.now(UTC))
                return self.known[place]
        return None

    async def receive(self, phone: Phone, event: PhoneEvent) -> str | None:
        self.events.append(event)
        return self.says

    def change_partner_time(self, phone: Phone, action: PartnerTimeAction, length: timedelta) -> None:
        self.changes.append((action, length))

    def overview(self, phone: Phone) -> PhoneOverview:
        return self.told

    def note_test(self, phone: Phone) -> None:
        self.tests += 1

    def remove(self, phone: Phone) -> None:
        self.known = [other for other in self.known if other.number != phone.number]


class RunningPhoneApi:
    """The api, open from `__enter__` to `close`."""

    def __init__(self, gateway: RecordingGateway, *, host: str = "127.0.0.1", port: int | None = None) -> None:
        self.gateway = gateway
        self.place = PhoneApiAddress(address="127.0.0.1", port=port or free_port(), host=host)
        self._loop = asyncio.new_event_loop()
        self._api = PhoneApi(self.place, gateway, SystemClock())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return self.place.url

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._api.open(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def shut(self) -> None:
        asyncio.run_coroutine_threadsafe(self._api.close(), self._loop).result(10)
