"""What the person declared, paired and put aside, in memory: the half of `MemoryStore` that is not observed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.devices import DoorPlace, Phone
from detector.errors import UserError
from detector.partner_time.model import PartnerTime
from detector.store.phones import REMOVED, claimed_by, refuse_name
from detector.store.plans import refuse_title


@dataclass(slots=True)
class Declared:
    """All of it; a new one is an empty store's."""

    last_number: int = 0
    partner_times: dict[int, PartnerTime] = field(default_factory=dict)
    stopped: dict[str, datetime] = field(default_factory=dict)
    extended: dict[str, datetime] = field(default_factory=dict)
    paused_until: datetime | None = None
    last_phone: int = 0
    phones: dict[int, Phone] = field(default_factory=dict)
    door: DoorPlace | None = None
    state: dict[str, str] = field(default_factory=dict)


class MemoryPlans:
    """See `model.Keeping` for what each method promises."""

    def __init__(self) -> None:
        self._plans = Declared()

    def add_partner_time(self, partner_time: PartnerTime) -> PartnerTime:
        """Keep what was declared; return it with its number."""
        refuse_title(partner_time.title)
        self._plans.last_number += 1
        numbered = replace(partner_time, number=self._plans.last_number)
        self._plans.partner_times[self._plans.last_number] = numbered
        return numbered

    def partner_times(self) -> list[PartnerTime]:
        """Return what is declared."""
        return list(self._plans.partner_times.values())

    def remove_partner_time(self, number: int) -> bool:
        """Take a declared partner time back."""
        for exceptions in (self._plans.stopped, self._plans.extended):
            for occurrence in [name for name in exceptions if name.startswith(f"{number}@")]:
                del exceptions[occurrence]
        return self._plans.partner_times.pop(number, None) is not None

    def stop_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence was stopped early."""
        self._plans.stopped.setdefault(occurrence, at)

    def stopped(self) -> dict[str, datetime]:
        """Return when occurrences were stopped."""
        return dict(self._plans.stopped)

    def extend_occurrence(self, occurrence: str, ends: datetime) -> None:
        """Keep that the occurrence was given another end."""
        self._plans.extended[occurrence] = ends

    def extended(self) -> dict[str, datetime]:
        """Return the ends that occurrences were given."""
        return dict(self._plans.extended)

    def phones(self) -> list[Phone]:
        """Return the phones."""
        return [phone for _, phone in sorted(self._plans.phones.items())]

    def keep_phone(self, phone: Phone) -> Phone:
        """Keep a new phone, or the one of this number; return it with its number."""
        refuse_name(phone.name, phone.number, self.phones())
        number = phone.number
        if number is None:
            self._plans.last_phone += 1
            number = self._plans.last_phone
            phone = replace(phone, number=number)
        elif number not in self._plans.phones:
            raise UserError(REMOVED)
        self._plans.phones[number] = phone
        return phone

    def remove_phone(self, number: int) -> bool:
        """Remove a phone, its token with it."""
        return self._plans.phones.pop(number, None) is not None

    def claim_code(self, code: str, token: str, now: datetime) -> Phone | None:
        """Give the phone of this open pairing code its token, once."""
        found = (claimed_by(phone, code, token, now) for phone in self.phones())
        claimed = next((phone for phone in found if phone is not None), None)
        return None if claimed is None else self.keep_phone(claimed)

    def door(self) -> DoorPlace | None:
        """Return where the door for phones is."""
        return self._plans.door

    def place_door(self, place: DoorPlace | None) -> None:
        """Keep where the door for phones is."""
        self._plans.door = place

    def pause_until(self, until: datetime | None) -> None:
        """Keep until when the program pauses."""
        self._plans.paused_until = until

    def paused_until(self) -> datetime | None:
        """Return until when the program pauses."""
        return self._plans.paused_until

    def remember(self, key: str, value: object) -> None:
        """Keep one small JSON value."""
        self._plans.state.pop(key, None)
        if value is not None:
            self._plans.state[key] = json.dumps(value)

    def recall(self, key: str) -> object:
        """Return the value, or None."""
        value: object = json.loads(self._plans.state.get(key, "null"))
        return value
