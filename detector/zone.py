"""The time zone of the device: times are shown in it, and floating partner times are computed in it."""

import os
from typing import Final
from zoneinfo import ZoneInfo

_LOCALTIME: Final = "/etc/localtime"
_FOLDER: Final = "zoneinfo/"


def local_zone() -> ZoneInfo:
    return system_zone() or ZoneInfo("UTC")


def local_zone_name() -> str:
    """Return the IANA name of the device's present zone; it changes when the device travels."""
    return local_zone().key


def system_zone() -> ZoneInfo | None:
    """Return the system's zone by its IANA name: from TZ, else from what /etc/localtime points to, else by tzlocal."""
    given = os.environ.get("TZ", "").removeprefix(":")
    if given and (zone := _zone(given)) is not None:
        return zone
    # Before tzlocal: that one raises an error where a stale /etc/timezone names another zone, but libc uses this file.
    target = os.path.realpath(_LOCALTIME)
    if _FOLDER in target and (zone := _zone(target.rpartition(_FOLDER)[2])) is not None:
        return zone
    from tzlocal import get_localzone_name  # noqa: PLC0415 - seldom needed, and it costs every start some ms

    try:
        return _zone(get_localzone_name())
    except (LookupError, ValueError, OSError):
        return None


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (LookupError, ValueError, OSError):
        return None
