"""The interface of every sensor, and what it may yield.

Invariant 1: a sensor opens nothing before `observe` is iterated, and has closed everything once the iterator is closed.
Invariant 2: a sensor's own failures are `SensorUnavailable` (from `probe`) and `SensorLost` (from `observe`); anything else is a bug.
Invariant 3: a title is in `Toplevel` only, on its way to the inbox, and never in a log, a repr or an exception.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import LAPTOP, Observation, Sense


@dataclass(frozen=True, slots=True, kw_only=True)
class Toplevel:
    """The toplevel in front as the desktop names it, before it is classified.

    `app_id`: WM_CLASS's class (X11) or the Wayland app id, '' where there is none. `program`: the name of the program
    behind its pid. `inside`: for terminal emulators, the name of the program in the foreground inside.
    """

    app_id: str
    title: str = field(default="", repr=False)
    program: str | None = None
    inside: str | None = None
    full_screen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToplevelFocused:
    """A toplevel came to the front, or changed its title; None: nothing is in front. The inbox makes it `Focused`."""

    at: datetime
    toplevel: Toplevel | None
    device: str = LAPTOP


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFocused:
    """An app came to the front on a phone; the inbox classifies it, and makes it `Focused`.

    `app`: its Android package or iOS bundle id, '' where only `category` is known. `category` wins over the catalogue.
    `opened`: see `Focused`.
    """

    at: datetime
    device: str
    app: str = field(default="", repr=False)
    category: str | None = None
    opened: bool = False


SensorEvent: TypeAlias = Observation | ToplevelFocused | AppFocused
"""What a sensor yields: an observation, or something in front that the inbox has yet to classify."""


class ClockSensor:
    """The constructor of sensors that need only the clock, and nothing of the settings."""

    def __init__(self, clock: Clock, settings: AttentionSettings | None = None) -> None:
        del settings
        self._clock = clock


class Sensor(Protocol):
    """One way of sensing one thing; see `REGISTRY` for how it is made."""

    name: str
    sense: Sense

    async def probe(self) -> None:
        """Return if the sensor can run here and now; raise `SensorUnavailable` with why and what to do if not."""

    def observe(self) -> AsyncGenerator[SensorEvent, None]:
        """Yield what is observed: first `SensorStarted`, then the present state where there is one, then every change.

        Raises `SensorLost` when the source goes away. `aclose()` closes every connection, thread and descriptor.
        """
