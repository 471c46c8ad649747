"""Why a phone cannot be sensed by adb just now, and what to do about it, worded for the person who holds it.

Invariant 1: each state of adb has a sentence and a step of its own; an unknown state is named in adb's own words.
"""

import re
from typing import Final

from detector.errors import SensorUnavailable
from detector.i18n import _
from detector.sensors import SensorRefusal, adb_client
from detector.sensors.adb_client import SERVER, AdbDevice, NoAdbServer

NAME: Final = "adb_phone"
READY: Final = "device"

_WIRELESS: Final = re.compile(r".*:[0-9]+|.*_adb-tls-connect\._tcp\.?")
_NO_SERVER: Final = (
    _("the adb server does not run on this computer"),
    _("start it with `adb start-server`; adb is in the package adb (Debian, Ubuntu) or android-tools (Fedora, Arch)"),
)
_ABSENT: Final = (
    _("the phone is not connected to this computer"),
    _(
        "plug it in with a cable that carries more than power, and see that USB debugging is on: Settings, System, "
        "Developer options (they appear after seven taps on the build number)"
    ),
)
_ABSENT_WIRELESS: Final = (
    _("the phone is not connected to this computer"),
    _(
        "switch Wireless debugging on again on the phone (Settings, System, Developer options): it goes off each time the "
        "phone restarts or changes its Wi-Fi; then `adb connect` with the address and port that are shown there"
    ),
)
_STATES: Final = {
    "unauthorized": (
        _("the phone has not allowed this computer yet"),
        _(
            "unlock the phone and answer “Allow USB debugging?”, with “Always allow from this computer”; "
            "if it does not ask, unplug it and plug it in again"
        ),
    ),
    "offline": (
        _("the phone is connected, but does not answer"),
        _("unlock it, unplug it and plug it in again; with wireless debugging, switch that off and on"),
    ),
    "no permissions": (
        _("this computer does not let you use the phone over USB"),
        _(
            "install android-sdk-platform-tools-common (Debian, Ubuntu) or android-udev (Arch), "
            "then plug the phone in again"
        ),
    ),
    "authorizing": (_("the phone is being asked to allow this computer"), _("unlock the phone and confirm")),
    "connecting": (_("the phone is being connected"), _("wait a moment")),
}
_NOT_STARTED: Final = frozenset({"bootloader", "recovery", "sideload", "rescue", "host"})


def why_unavailable(serial: str, state: str | None) -> SensorRefusal | None:
    """Return why a phone in such a state cannot be sensed, None where it can. `state` None: it is not in the list."""
    if state == READY:
        return None
    if state is None:
        why, remedy = _ABSENT_WIRELESS if _WIRELESS.fullmatch(serial) else _ABSENT
    elif state in _NOT_STARTED:
        why, remedy = _("the phone has not started as usual"), _("restart the phone")
    else:
        # adb appends advice to some states: "no permissions (missing udev rules?); see …".
        unknown = (
            _("adb reports for the phone: {state}").format(state=state[:60]),
            _("unplug it and plug it in again"),
        )
        why, remedy = next((texts for word, texts in _STATES.items() if state.startswith(word)), unknown)
    return SensorRefusal(NAME, why, remedy)


async def connected_phones(server: str = SERVER) -> list[AdbDevice]:
    """Return the phones that the adb server sees now. Raises `SensorUnavailable` where no server answers."""
    try:
        return await adb_client.list_devices(server)
    except NoAdbServer as failure:
        raise SensorUnavailable(*_NO_SERVER) from failure


async def diagnose_phone(serial: str, server: str = SERVER) -> SensorRefusal | None:
    """Return why a phone cannot be sensed now and what to do, for `doctor`; None where it can."""
    try:
        states = {device.serial: device.state for device in await connected_phones(server)}
    except SensorUnavailable as missing:
        return SensorRefusal(NAME, missing.why, missing.remedy)
    return why_unavailable(serial, states.get(serial))
