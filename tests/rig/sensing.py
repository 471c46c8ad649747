"""What tests of sensors share: take events from a sensor one by one, and count what it holds open."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from tests.rig.processes import TIMEOUT

T = TypeVar("T")


async def take(seen: AsyncGenerator[Any, None], kind: type[T], within: float = TIMEOUT) -> T:
    """Return the next observation of a kind; what comes before it is dropped."""
    async with asyncio.timeout(within):
        while True:
            what = await anext(seen)
            if isinstance(what, kind):
                return what


async def take_next(seen: AsyncGenerator[Any, None], within: float = TIMEOUT) -> Any:
    """Return whatever is observed next."""
    async with asyncio.timeout(within):
        return await anext(seen)


class Listener:
    """Takes from a sensor one by one; waiting in vain does not end the sensor, as a deadline on `anext` would."""

    def __init__(self, seen: AsyncGenerator[Any, None]) -> None:
        self._seen = seen
        self._next: asyncio.Future[Any] | None = None

    async def next(self, within: float = TIMEOUT) -> Any:
        """Return whatever is observed next."""
        if not await self._waited(within):
            raise TimeoutError
        assert self._next is not None
        taken, self._next = self._next, None
        return await taken

    async def is_silent(self, seconds: float) -> bool:
        """Return whether nothing is observed for that many seconds; an event that comes meanwhile is the result of `next`."""
        return not await self._waited(seconds)

    async def close(self) -> None:
        """Close the sensor."""
        if self._next is not None and not self._next.done():
            self._next.cancel()
            await asyncio.wait([self._next])
        await self._seen.aclose()

    async def _waited(self, seconds: float) -> bool:
        self._next = self._next or asyncio.ensure_future(anext(self._seen))
        await asyncio.wait([self._next], timeout=seconds)
        return self._next.done()


async def drain(seen: AsyncGenerator[Any, None], quiet: float = 0.6) -> list[Any]:
    """Return the events up to a pause of `quiet` seconds. Closes the generator."""
    taken: list[Any] = []
    try:
        while True:
            async with asyncio.timeout(quiet):
                taken.append(await anext(seen))
    except TimeoutError:
        await seen.aclose()
    return taken


def open_descriptors_and_threads() -> tuple[int, int]:
    """Return how many descriptors and threads this process has, without those of objects that nobody refers to."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)
