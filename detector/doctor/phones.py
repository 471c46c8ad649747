"""Find out for `doctor` how each phone is paired, how much is known of every device, and whether the phone API runs.

Invariant 1: a phone on a cable is probed as the daemon probes it, and only where the person set it up that way.
Invariant 2: the only socket that may listen is the phone API's, while a phone needs it; any other is a problem.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from detector.clock import Clock
from detector.core.attention.time_split import TimeTotals, split_time
from detector.core.effects import Coverage
from detector.core.observations import LAPTOP
from detector.devices import Phone, PhoneApiAddress, needs_phone_api
from detector.i18n import _
from detector.sensors import SensorRefusal
from detector.sensors.adb_client import SERVER
from detector.sensors.adb_guidance import diagnose_phone
from detector.store.model import StoredCoverage, StoredOccurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKnown:
    """How much of the last days' partner time is known of a device; `spoke`: whether its sensors reported anything."""

    name: str
    duration: timedelta = field(metadata={"json": "lived"})
    known: timedelta
    spoke: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFound:
    """One phone. `uses_phone_api`: it is paired with the phone API. `link_until`: while a pairing link is open. `adb`: its serial.

    `refusal`: why adb does not reach it now.
    """

    name: str
    uses_phone_api: bool = field(metadata={"json": "through_door"})
    adb: str | None
    paired: datetime | None
    link_until: datetime | None
    refusal: SensorRefusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneApiFound:
    """The phone API: where it listens, whether a phone needs it, whether it runs, and why not."""

    url: str
    wanted: bool
    open: bool
    why: str | None = None


async def find_phones(phones: Sequence[Phone], clock: Clock, adb_server: str = SERVER) -> tuple[PhoneFound, ...]:
    """Return how each phone is paired; the adb server is asked for those with a serial."""
    return tuple([await _find_phone(phone, clock.now(), adb_server) for phone in phones])


async def _find_phone(phone: Phone, now: datetime, adb_server: str) -> PhoneFound:
    refusal = None if phone.adb is None else await diagnose_phone(phone.adb, adb_server)
    return PhoneFound(
        name=phone.name,
        uses_phone_api=phone.token is not None,
        adb=phone.adb,
        paired=phone.paired,
        link_until=phone.code_until if phone.has_open_link(now) else None,
        refusal=refusal,
    )


def device_coverage(
    phones: Iterable[Phone], occurrences: Sequence[StoredOccurrence], coverage: Sequence[StoredCoverage], now: datetime
) -> tuple[DeviceKnown, ...]:
    """Return, for the laptop and each paired phone, how much of these occurrences is known of it."""
    devices = []
    for name in (LAPTOP, *(phone.name for phone in phones if phone.is_paired)):
        totals, spoke = TimeTotals(), False
        for occurrence in occurrences:
            key = (occurrence.id, name)
            own = [each.coverage for each in coverage if (each.occurrence, each.coverage.device) == key]
            totals += known_share(occurrence, own, now)
            spoke = spoke or bool(own)
        devices.append(DeviceKnown(name=name, duration=totals.lasted, known=totals.known, spoke=spoke))
    return tuple(devices)


def known_share(occurrence: StoredOccurrence, coverage: Sequence[Coverage], now: datetime) -> TimeTotals:
    """Return how long the occurrence lasted until `now`, and how much of that the coverage makes known."""
    # Without an end it is under way, or the daemon was killed in it: then its planned end is the latest possible.
    ended = occurrence.ended or min(occurrence.ends, now)
    return split_time((), coverage, occurrence.began, max(occurrence.began, ended)).totals


def find_phone_api(
    address: PhoneApiAddress | None, phones: Sequence[Phone], now: datetime, status: str | None
) -> PhoneApiFound | None:
    """Return whether the phone API runs, by the daemon's `status` (JSON; None: no daemon runs); None: it has no address."""
    if address is None:
        return None
    # As the daemon decides it: an open pairing link needs the phone API as well.
    wanted = needs_phone_api(phones, now)
    reported = read_status(status).get("door")
    if not isinstance(reported, dict):
        reported = {}
    why = None
    if wanted and not reported.get("open"):
        why = reported.get("why") or (
            _("the daemon does not run") if status is None else _("the daemon has not opened it yet")
        )
    return PhoneApiFound(
        url=reported.get("url") or address.url, wanted=wanted, open=bool(reported.get("open")), why=why
    )


def unexpected_sockets(
    listening: Iterable[tuple[str, int]], address: PhoneApiAddress | None, api: PhoneApiFound | None
) -> tuple[str, ...]:
    # While no phone needs it the phone API listens nowhere: then its own socket is unexpected as well.
    allowed = set()
    if address is not None and api is not None and api.wanted:
        allowed.add((_normalized(address.address), address.port))
    return tuple(format_socket(*socket) for socket in listening if (_normalized(socket[0]), socket[1]) not in allowed)


def format_socket(address: str, port: int) -> str:
    # In brackets an IPv6 address's own colons cannot be taken for that of the port.
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _normalized(address: str) -> str:
    # One IPv6 address can be written in several ways, with or without the name of the network interface.
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return address


def read_status(status: str | None) -> dict[str, Any]:
    """Return the daemon's status as it wrote it; nothing where none is there, or another version wrote something else."""
    try:
        content = json.loads(status or "{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
