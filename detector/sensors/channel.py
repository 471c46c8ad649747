"""Where a sensor's callbacks leave what they saw, for its generator to hand on, in order.

Rule 1: what was seen before the source went away is handed on before the loss is.
Rule 2: a callback that breaks ends its sensor, instead of leaving it alive and blind.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from detector.errors import SensorLost

T = TypeVar("T")


class Channel(Generic[T]):
    """A queue that can end in a loss. To be used within the event loop's thread."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[T | Exception] = asyncio.Queue()
        self._over = False

    def put(self, item: T) -> None:
        """Leave what was seen."""
        if not self._over:
            self._items.put_nowait(item)

    def lose(self, why: str) -> None:
        """Say that the source went away."""
        self.fail(SensorLost(why))

    def fail(self, broken: Exception) -> None:
        """Say that nothing more will come, because of this."""
        if not self._over:
            self._over = True
            self._items.put_nowait(broken)

    async def take(self) -> T:
        """Return the next thing seen, waiting for it. Raises `SensorLost`, or the bug that broke a callback."""
        item = await self._items.get()
        if isinstance(item, Exception):
            raise item
        return item
