"""The queue between a sensor's callbacks and its generator, in order.

Invariant 1: what was put before the source went away is returned before the loss is raised.
Invariant 2: an exception in a callback ends its sensor, which would otherwise run on and report nothing.
"""

import asyncio
from contextlib import suppress
from typing import Generic, TypeVar

from detector.errors import SensorLost

T = TypeVar("T")


class Channel(Generic[T]):
    """A queue that can end in a loss. To be used within the event loop's thread."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[T | Exception] = asyncio.Queue()
        self._has_failed = False

    def put(self, item: T) -> None:
        if not self._has_failed:
            self._items.put_nowait(item)

    def close_as_lost(self, why: str) -> None:
        """Let `get` raise `SensorLost` after what was put so far: the source went away."""
        self.fail(SensorLost(why))

    def fail(self, failure: Exception) -> None:
        """Let `get` raise this after what was put so far."""
        # The first failure is the cause; what fails after it mostly follows from it.
        if not self._has_failed:
            self._has_failed = True
            self._items.put_nowait(failure)

    async def get(self) -> T:
        """Return the next item, waiting for it. Raises `SensorLost`, or the bug that broke a callback."""
        item = await self._items.get()
        if isinstance(item, Exception):
            raise item
        return item


async def wait_briefly(event: asyncio.Event, seconds: float) -> None:
    """Return once the event is set, or the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
