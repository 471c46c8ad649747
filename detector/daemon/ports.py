"""What the edge needs of the other rooms, so that a loop can be tested with stand-ins and composed with the real ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from detector.effects import Effect
from detector.notifier.model import Words
from detector.observations import Answer, Observation

LONGEST_SHOW: Final = 10.0
"""Seconds that all notifiers together may take; then what was to be said counts as not shown."""


class Core(Protocol):
    """The pure core: `detector.pipeline.Pipeline`."""

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
    """All that senses: `detector.daemon.sensing.Sensing`."""

    async def start(self) -> None:
        """Start one sensor for each sense."""

    async def stop(self) -> None:
        """Stop them all; nothing of theirs stays open."""

    def decided(self) -> None:
        """Everything that came in has been decided about."""


class Voice(Protocol):
    """The notifiers in their order, the first that can speaks: `detector.notifier.chain.Chain`."""

    async def show(self, nudge: int, words: Words, answered: Callable[[int, Answer], None], /) -> str | None:
        """Show the words and return the name of who spoke, or None if nobody could."""

    async def withdraw(self, nudge: int, /) -> None:
        """Take the notification away if it still stands."""

    async def close(self) -> None:
        """Let go of everything."""
