"""Who sits behind the door: knows the phones, hands on what they tell, and does what their page requests.

Rule 1: outside partner time, and during a pause, what was told is let go of; one thing is kept in mind, for half an hour
and never on disk: that a phone was put away and has told nothing since. So that who arrives in time is seen to.
Rule 2: what the page wishes is what anybody at this device could do; nothing is asked back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from detector.clock import Clock
from detector.control import requests
from detector.daemon.phone_tracker import PhoneTracker
from detector.devices import Phone
from detector.phone_api.model import PartnerTimeAction, PhoneEvent
from detector.store.store import Store

EARLY: Final = timedelta(minutes=30)
"""So long before its start a phone may have been put away for partner time."""
TITLE: Final = "Together"


class DaemonPhoneGateway:
    """The desk. `inside` returns what hears phones now, or None outside partner time and in a pause.

    `changed` is called when something was kept that the daemon goes by.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        inside: Callable[[], PhoneTracker | None],
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._inside = inside
        self._changed = changed
        self._phones: tuple[Phone, ...] = ()
        self._put_away: dict[str, datetime] = {}
        self.tests: dict[str, datetime] = {}

    def read(self) -> tuple[Phone, ...]:
        """Read anew which phones there are, and return them.

        Raises:
            StoreError: if they cannot be read.
        """
        self._phones = tuple(self._store.phones.all())
        return self._phones

    def phones(self) -> Sequence[Phone]:
        """Return the phones as they were last read."""
        return self._phones

    def claim(self, code: str, token: str) -> Phone | None:
        """Give the phone of this open code its token."""
        claimed = self._store.phones.claim_code(code, token, self._clock.now())
        if claimed is not None:
            self.read()
            self._changed()
        return claimed

    async def receive(self, phone: Phone, event: PhoneEvent) -> str | None:
        """Hand on what the phone told."""
        phone_tracker = self._inside()
        if phone_tracker is None:
            if event.event != "notified":  # which comes by itself, wherever the phone lies
                self._put_away.pop(phone.name, None)
            if event.event == "put_away":
                self._put_away[phone.name] = self._clock.now()
            return None
        if phone.name not in phone_tracker.spoke:
            self._changed()
        if phone.shows_nudges:
            return await phone_tracker.answer(phone, event)
        phone_tracker.hear(phone.name, event)
        return None

    def put_away_before(self, begins: datetime) -> tuple[str, ...]:
        """Return the phones that were put away not long before, and forget about it."""
        kept, self._put_away = self._put_away, {}
        return tuple(name for name, at in kept.items() if begins - EARLY <= at <= begins + timedelta(minutes=1))

    def change_partner_time(self, phone: Phone, action: PartnerTimeAction, length: timedelta) -> None:
        """Do what the phone's page requests."""
        del phone
        now = self._clock.now()
        if action == "start":
            requests.start(self._store, now, length, TITLE)
        elif action == "extend":
            requests.extend(self._store, now, length)
        else:
            requests.stop(self._store, now)
        self._changed()

    def note_test(self, phone: Phone) -> None:
        """Note that the page tested the connection."""
        self.tests[phone.name] = self._clock.now()
        self._changed()

    def remove(self, phone: Phone) -> None:
        """Forget the phone."""
        if phone.number is not None:
            self._store.phones.remove(phone.number)
        self.forget(phone.name)
        self.read()
        self._changed()

    def forget(self, *names: str) -> None:
        """Let go of what is kept in mind of these phones."""
        for name in names:
            self._put_away.pop(name, None)
            self.tests.pop(name, None)
            phone_tracker = self._inside()
            if phone_tracker is not None:
                phone_tracker.forget(name)
