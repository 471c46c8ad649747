"""Hands for tests of sensors: take a few observations, or none; count what a sensor holds open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 15.0


async def take(seen: AsyncGenerator[Any, None], kind: type[T], within: float = PATIENCE) -> T:
    """Return the next observation of a kind; what comes before it is dropped."""
    async with asyncio.timeout(within):
        while True:
            what = await anext(seen)
            if isinstance(what, kind):
                return what


async def take_next(seen: AsyncGenerator[Any, None], within: float = PATIENCE) -> Any:
    """Return whatever is observed next."""
    async with asyncio.timeout(within):
        return await anext(seen)


async def drain(seen: AsyncGenerator[Any, None], quiet: float = 0.6) -> list[Any]:
    """Return what is observed until nothing is for `quiet` seconds. Closes the generator."""
    taken: list[Any] = []
    try:
        while True:
            async with asyncio.timeout(quiet):
                taken.append(await anext(seen))
    except TimeoutError:
        await seen.aclose()
    return taken


def held() -> tuple[int, int]:
    """Return how many descriptors and threads this process has."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)
