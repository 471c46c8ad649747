"""One file per platform and role; `REGISTRY` lists them in order of preference.

Invariant 1: a sensor's module is imported only when it is tried, so that a missing library costs nothing.
Invariant 2: the session's type decides what is tried, and not that `DISPLAY` exists: on Wayland an X11 sensor would start and
report nothing, where missing data has to be a `Gap`.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal, TypeAlias, cast

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Sense
from detector.errors import SensorUnavailable
from detector.i18n import _
from detector.sensors.model import Sensor
from detector.sensors.settings import SensorSettings

SessionType: TypeAlias = Literal["x11", "wayland", "tty"]
DEFAULT_SOURCES: Final = SensorSettings()
SESSION_TYPE_NAMES: Final[dict[SessionType, str]] = {
    "x11": _("X11"),
    "wayland": _("Wayland"),
    "tty": _("a text console"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the registry: a sensor's module and class, and for which types of session it is meant.

    `needs_sources`: it asks another program on this device, whose address is in `SensorSettings`.
    """

    sense: Sense
    name: str
    location: str
    sessions: tuple[SessionType, ...]
    needs_sources: bool = False

    def load(self) -> Any:
        """Import the sensor's class. Raises `ImportError`."""
        module, _separator, class_name = self.location.partition(":")
        return getattr(import_module(f"{__name__}.{module}"), class_name)

    def make(self, clock: Clock, settings: AttentionSettings, sources: SensorSettings = DEFAULT_SOURCES) -> Sensor:
        """Import the sensor and make it; nothing is opened. Raises `SensorUnavailable` where a library is missing."""
        arguments = (clock, settings, sources) if self.needs_sources else (clock, settings)
        try:
            return cast("Sensor", self.load()(*arguments))
        except ImportError as missing:
            why = _("the library {library} is missing").format(library=missing.name or self.location)
            raise SensorUnavailable(why, _("run `uv sync`, or install the package again")) from missing


@dataclass(frozen=True, slots=True)
class SensorRefusal:
    """Why a sensor cannot run here, and what a person could do about it."""

    sensor: str
    why: str
    remedy: str | None = None


_DESKTOPS: Final[tuple[SessionType, ...]] = ("x11", "wayland")
# ActivityWatch comes last of its sense: it is asked every ten seconds, and its watchers report up to a minute late.
REGISTRY: Final[tuple[Candidate, ...]] = (
    Candidate("focus", "x11_focus", "x11_focus:X11Focus", ("x11",)),
    Candidate("focus", "activitywatch_focus", "activitywatch_sensor:ActivityWatchFocus", _DESKTOPS, needs_sources=True),
    Candidate("idle", "x11_idle", "x11_idle:X11Idle", ("x11",)),
    Candidate("idle", "x11_idle_screensaver", "x11_idle_screensaver:X11IdleScreensaver", ("x11",)),
    Candidate("idle", "activitywatch_idle", "activitywatch_sensor:ActivityWatchIdle", _DESKTOPS, needs_sources=True),
    Candidate("input", "pynput_input", "pynput_input:PynputInput", ("x11",)),
    Candidate("session", "logind", "logind:Logind", ("x11", "wayland", "tty")),
    Candidate("quiet", "desktop_quiet", "desktop_quiet:DesktopQuiet", _DESKTOPS),
    Candidate("media", "mpris_media", "mpris_media:MprisMedia", _DESKTOPS),
    Candidate("call", "pulse_call", "pulse_call:PulseCall", _DESKTOPS),
)
"""The names are shown by `doctor` and stored; the first that can run here is used for its sense."""
SENSES: Final[tuple[Sense, ...]] = tuple(dict.fromkeys(row.sense for row in REGISTRY))


def _can_connect(display: str) -> bool:
    try:
        connection = import_module("Xlib.display").Display(display)
    except Exception:  # noqa: BLE001 - python-xlib raises whatever it meets; the answer is no
        return False
    connection.close()
    return True


def session_type(
    env: Mapping[str, str] | None = None, can_connect: Callable[[str], bool] = _can_connect
) -> SessionType:
    """Return the type of the session: by XDG_SESSION_TYPE, otherwise by the display servers that are there.

    After `startx` on a console the variable is "tty", and a bare X server sets none: then it is X11 if the X server in
    `DISPLAY` takes a connection. The name alone does not count: it may be Xwayland's, or that of a server that is gone.
    """
    env = os.environ if env is None else env
    declared = env.get("XDG_SESSION_TYPE", "")
    if declared in ("x11", "wayland"):
        return cast("SessionType", declared)
    # The Wayland socket before DISPLAY: Xwayland sets that one as well, and would take the connection.
    if env.get("WAYLAND_DISPLAY"):
        return "wayland"
    display = env.get("DISPLAY", "")
    return "x11" if display and can_connect(display) else "tty"


def candidates(sense: Sense, session: SessionType) -> tuple[Candidate, ...]:
    """Return the sensors that may be tried for a sense in such a session, the preferred one first."""
    return tuple(row for row in REGISTRY if row.sense == sense and session in row.sessions)


def not_for_session(sense: Sense, session: SessionType) -> tuple[SensorRefusal, ...]:
    """Return the sensors of a sense that are not for such a session, with the reason, for `doctor`."""
    unavailable = []
    for row in REGISTRY:
        if row.sense == sense and session not in row.sessions:
            meant_for = _(" and ").join(SESSION_TYPE_NAMES[type_] for type_ in row.sessions)
            why = _("it is for {sessions}, and this session is {session}")
            why = why.format(sessions=meant_for, session=SESSION_TYPE_NAMES[session])
            unavailable.append(SensorRefusal(row.name, why))
    return tuple(unavailable)


async def first_available(
    sense: Sense,
    clock: Clock,
    settings: AttentionSettings,
    session: SessionType | None = None,
    sources: SensorSettings = DEFAULT_SOURCES,
) -> tuple[Sensor | None, list[SensorRefusal]]:
    """Return the first sensor of a sense that can run here and now, not yet started, and why the others cannot."""
    session = session or session_type()
    unavailable = list(not_for_session(sense, session))
    for candidate in candidates(sense, session):
        try:
            sensor = candidate.make(clock, settings, sources)
            await sensor.probe()
        except SensorUnavailable as failure:
            unavailable.append(SensorRefusal(candidate.name, failure.why, failure.remedy))
        else:
            return sensor, unavailable
    return None, unavailable
