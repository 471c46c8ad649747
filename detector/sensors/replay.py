"""A recording is a sensor: its observations come again, at once or at their own pace.

Rule 1: the observations are the recorded ones, untouched: their instants are those of the recording.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from detector.core.observations import Observation, Sense
from detector.sensors.model import SensorEvent


class ReplaySensor:
    """Yields the observations of a recording, in their order, which never goes back in time.

    `pace` None yields without waiting; 1.0 keeps the recording's own pace, 60.0 makes a minute a second; then `wait`
    is needed, and waits for a length. Raises `ValueError` where the recording goes back in time.
    """

    name = "replay"
    sense: Sense = "focus"

    def __init__(
        self,
        observations: Iterable[Observation],
        pace: float | None = None,
        wait: Callable[[timedelta], Awaitable[None]] | None = None,
    ) -> None:
        if pace is not None and (pace <= 0 or wait is None):
            raise ValueError("a pace is a positive factor, and needs a way to wait")
        self._observations = observations
        self._pace = pace
        self._wait = wait

    async def probe(self) -> None:
        """Return: a recording can always be played."""

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        """Yield the recording, then end."""
        before: datetime | None = None
        for observation in self._observations:
            if before is not None and observation.at < before:
                raise ValueError(f"the recording goes back in time, from {before} to {observation.at}")
            if before is not None and self._pace is not None and self._wait is not None and observation.at > before:
                await self._wait((observation.at - before) / self._pace)
            before = observation.at
            yield observation
