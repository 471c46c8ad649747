"""What `doctor` finds out of phones: how each is paired, how much is known of every device, and how the door stands.

Rule 1: a phone at a cable is asked for as the daemon asks for it, and only where the person set it up that way.
Rule 2: the one socket that may listen is the door's, while a phone needs it; any other is a problem.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from detector.clock import Clock
from detector.core.attention.time_split import Share, split_time
from detector.core.observations import LAPTOP
from detector.devices import Phone, PhoneApiAddress, needs_phone_api
from detector.sensors import UnavailableSensor
from detector.store.model import StoredCoverage, StoredOccurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKnown:
    """How much of the partner times of the last days is known of a device; `spoke`: whether it said anything at all."""

    name: str
    lived: timedelta
    known: timedelta
    spoke: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFound:
    """One phone: `through_door`, it has a token; `link_until`, while a pairing link is open; `adb`, its serial.

    `refusal`: why adb does not reach it now.
    """

    name: str
    through_door: bool
    adb: str | None
    paired: datetime | None
    link_until: datetime | None
    refusal: UnavailableSensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneApiFound:
    """The door: where it belongs, whether a phone needs it, whether it is open, and why not."""

    url: str
    wanted: bool
    open: bool
    why: str | None = None


async def find_phones(phones: Sequence[Phone], clock: Clock, adb_server: str | None = None) -> tuple[PhoneFound, ...]:
    """Return how each phone is paired; those with a serial are asked for at the adb server.

    `adb_server`: where it is; None: where it is unless somebody moved it.
    """
    return tuple([await _phone(phone, clock.now(), adb_server) for phone in phones])


async def _phone(phone: Phone, now: datetime, adb_server: str | None) -> PhoneFound:
    refusal = None
    if phone.adb is not None:
        from detector.sensors.adb_guidance import guidance  # noqa: PLC0415 - only for who senses that way

        refusal = await guidance(phone.adb, *([] if adb_server is None else [adb_server]))
    is_open = phone.code is not None and phone.code_until is not None and phone.code_until > now
    return PhoneFound(
        name=phone.name,
        through_door=phone.token is not None,
        adb=phone.adb,
        paired=phone.paired,
        link_until=phone.code_until if is_open else None,
        refusal=refusal,
    )


def known_of(
    phones: Iterable[Phone], occurrences: Sequence[StoredOccurrence], coverage: Sequence[StoredCoverage], now: datetime
) -> tuple[DeviceKnown, ...]:
    """Return the laptop and each phone, with how much of these partner times is known of it."""
    found = []
    for name in (LAPTOP, *(phone.name for phone in phones if phone.token is not None or phone.adb is not None)):
        share, spoke = Share(), False
        for kept in occurrences:
            own = [each.coverage for each in coverage if (each.occurrence, each.coverage.device) == (kept.id, name)]
            share += split_time((), own, kept.began, max(kept.began, kept.ended or min(kept.ends, now))).share
            spoke = spoke or bool(own)
        found.append(DeviceKnown(name=name, lived=share.lasted, known=share.known, spoke=spoke))
    return tuple(found)


def find_phone_api(
    place: PhoneApiAddress | None, phones: Sequence[Phone], now: datetime, said: str | None
) -> PhoneApiFound | None:
    """Return how the door stands, going by what the daemon `said` last (None: none runs); None: nobody placed it."""
    if place is None:
        return None
    wanted = needs_phone_api(phones, now)
    told = _told(said)
    why = None
    if wanted and not told.get("open"):
        why = told.get("why") or ("the daemon does not run" if said is None else "the daemon has not opened it yet")
    return PhoneApiFound(url=told.get("url") or place.url, wanted=wanted, open=bool(told.get("open")), why=why)


def unexpected(
    listening: Iterable[tuple[str, int]], place: PhoneApiAddress | None, door: PhoneApiFound | None
) -> tuple[str, ...]:
    """Return the sockets, of those that listen to the network, that are not the door."""
    allowed = {(_plain(place.address), place.port)} if place is not None and door is not None and door.wanted else set()
    return tuple(spoken(address, port) for address, port in listening if (_plain(address), port) not in allowed)


def spoken(address: str, port: int) -> str:
    """Return an address and a port as people write them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _plain(address: str) -> str:
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return address


def _told(said: str | None) -> dict[str, Any]:
    try:
        state = json.loads(said or "{}")
    except ValueError:
        return {}
    told = state.get("door") if isinstance(state, dict) else None
    return told if isinstance(told, dict) else {}
