"""What the person declared, paired and put aside, in memory: the half of `MemoryStore` that is not observed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.devices import DoorPlace, Phone
from detector.errors import UserError
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.proposed import Calendar, Proposal
from detector.store.memory_calendars import MemoryCalendars
from detector.store.phones import REMOVED, claimed_by, refuse_name
from detector.store.plan_model import Cancelled
from detector.store.plans import refuse_title
from detector.zone import here


@dataclass(slots=True)
class Declared:
    """All of it; a new one is an empty store's."""

    last_number: int = 0
    partner_times: dict[int, PartnerTime] = field(default_factory=dict)
    stopped: dict[str, datetime] = field(default_factory=dict)
    extended: dict[str, datetime] = field(default_factory=dict)
    skipped: dict[str, datetime] = field(default_factory=dict)
    cancelled: dict[str, Cancelled] = field(default_factory=dict)
    last_calendar: int = 0
    calendars: dict[int, Calendar] = field(default_factory=dict)
    last_proposal: int = 0
    proposals: dict[int, Proposal] = field(default_factory=dict)
    paused_until: datetime | None = None
    last_phone: int = 0
    phones: dict[int, Phone] = field(default_factory=dict)
    door: DoorPlace | None = None
    state: dict[str, str] = field(default_factory=dict)


class MemoryPlans(MemoryCalendars):
    """See `model.Keeping` for what each method promises. `zone` names the zone in which the device is just now."""

    def __init__(self, zone: Callable[[], str] = here) -> None:
        self._plans = Declared()
        self._zone = zone

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Make everything that is changed inside one transaction."""
        before = deepcopy(self._plans)
        try:
            yield
        except BaseException:
            self._plans = before
            raise

    def add_partner_time(self, partner_time: PartnerTime) -> PartnerTime:
        """Keep what was declared; return it with its number."""
        refuse_title(partner_time.title)
        self._plans.last_number += 1
        numbered = replace(partner_time, number=self._plans.last_number)
        self._plans.partner_times[self._plans.last_number] = numbered
        return numbered

    def change_partner_time(self, partner_time: PartnerTime, renamed: Mapping[str, str]) -> bool:
        """Keep it in place of the one of its number."""
        number = partner_time.number
        if number is None or number not in self._plans.partner_times:
            return False
        refuse_title(partner_time.title)
        plans = self._plans
        plans.partner_times[number] = partner_time
        plans.stopped = {renamed.get(name, name): at for name, at in plans.stopped.items()}
        plans.extended = {renamed.get(name, name): at for name, at in plans.extended.items()}
        plans.skipped = {renamed.get(name, name): at for name, at in plans.skipped.items()}
        plans.cancelled = {
            renamed.get(name, name): replace(was, occurrence=renamed.get(name, name))
            for name, was in plans.cancelled.items()
        }
        for other, kept in plans.partner_times.items():
            if kept.instead_of is not None and kept.instead_of in renamed:
                plans.partner_times[other] = replace(kept, instead_of=renamed[kept.instead_of])
        return True

    def partner_times(self) -> list[PartnerTime]:
        """Return what is declared."""
        known = sorted(self._plans.partner_times.items())
        return [replace(each, zone=self._zone()) if each.floats else each for _, each in known]

    def remove_partner_time(self, number: int) -> bool:
        """Take a declared partner time back."""
        plans = self._plans
        if plans.partner_times.pop(number, None) is None:
            return False
        for exceptions in (plans.stopped, plans.extended, plans.skipped):
            for occurrence in [name for name in exceptions if name.startswith(f"{number}@")]:
                del exceptions[occurrence]
        for name, was in plans.cancelled.items():
            if was.instead == number:
                plans.cancelled[name] = replace(was, instead=None)
        for key, proposal in plans.proposals.items():
            if proposal.accepted_as == number:
                plans.proposals[key] = replace(proposal, accepted_as=None, decided="declined")
        return True

    def stop_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence was stopped early."""
        self._plans.stopped.setdefault(occurrence, at)

    def stopped(self) -> dict[str, datetime]:
        """Return when occurrences were stopped, skipped or cancelled."""
        stopped, skipped = self._plans.stopped, self._plans.skipped
        return {
            name: min(at for at in (stopped.get(name), skipped.get(name)) if at is not None)
            for name in [*stopped, *(name for name in skipped if name not in stopped)]
        }

    def skip_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence does not take place."""
        self._plans.skipped.setdefault(occurrence, at)

    def cancel_occurrence(self, planned: Occurrence, at: datetime, instead: PartnerTime | None) -> PartnerTime | None:
        """Keep that the occurrence is cancelled; declare what is to make it good."""
        made = None if instead is None else self.add_partner_time(instead)
        self._plans.skipped.setdefault(planned.id, at)
        self._plans.cancelled[planned.id] = Cancelled(
            occurrence=planned.id,
            title=planned.title,
            begins=planned.begins,
            ends=planned.ends,
            at=at,
            instead=None if made is None else made.number,
        )
        return made

    def restore_occurrence(self, occurrence: str) -> bool:
        """Take back that the occurrence was skipped or cancelled."""
        self._plans.cancelled.pop(occurrence, None)
        return self._plans.skipped.pop(occurrence, None) is not None

    def skipped(self) -> frozenset[str]:
        """Return the ids of the occurrences that were skipped or cancelled."""
        return frozenset(self._plans.skipped)

    def cancelled(self, since: datetime | None = None, until: datetime | None = None) -> list[Cancelled]:
        """Return what was cancelled."""
        found = (
            was
            for was in self._plans.cancelled.values()
            if (since is None or since <= was.begins) and (until is None or was.begins < until)
        )
        return sorted(found, key=lambda was: (was.begins, was.occurrence))

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
