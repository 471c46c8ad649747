"""What a session needs of the core and of the sensors, so that tests can run it with stand-ins."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from detector.core.effects import Effect
from detector.core.observations import Observation


class Core(Protocol):
    """The pure core: `detector.core.pipeline.Pipeline`."""

    def feed(self, observation: Observation, /) -> tuple[Effect, ...]:
        """Take in one observation."""

    def advance(self, now: datetime, /) -> tuple[Effect, ...]:
        """Let time go on to `now`."""

    @property
    def deadline(self) -> datetime | None:
        """When `advance` next matters."""

    @property
    def now(self) -> datetime | None:
        """How far time has gone on inside."""


class Sensors(Protocol):
    """All sensors of a session: `detector.daemon.session_sensors.SessionSensors`."""

    async def start(self) -> None:
        """Start one sensor for each sense."""

    async def stop(self) -> None:
        """Stop them all; nothing of theirs stays open."""

    def decided(self) -> None:
        """Note that all observations so far have been decided about."""
