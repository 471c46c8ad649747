"""From a line that the adb server hands over to the observation, through the real sensor and a fake server."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from detector.clock import SystemClock
from detector.sensors.adb_phone import AdbPhone
from detector.sensors.model import AppFocused
from tests.benchmarks.bars import Bar
from tests.rig.adb_server import fake_adb

PACKAGES = ("com.instagram.android", "com.whatsapp")


def measure(lines: int = 300) -> list[float]:
    """Return, for each of so many lines, the milliseconds from being written by the server to being observed."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), lines))


def line_to_observation() -> Iterator[Bar]:
    """The bar: no line takes longer than 20 ms to be an observation."""
    taken = measure()
    yield Bar(name=f"adb line to observation, median of {len(taken)}", figure=median(taken), limit=20, unit="ms")
    yield Bar(name=f"adb line to observation, worst of {len(taken)}", figure=max(taken), limit=20, unit="ms")


async def _measure(folder: Path, lines: int) -> list[float]:
    taken = []
    with fake_adb(folder) as adb:
        phone = adb.phone()
        observing = AdbPhone(SystemClock(), "my phone", phone.serial, adb.server).observe()
        await anext(observing)
        await anext(observing)
        for number in range(lines):
            # The server's answer to `opens` is read in another thread: the sensor waits for nobody meanwhile.
            telling = asyncio.create_task(asyncio.to_thread(phone.opens, PACKAGES[number % 2]))
            seen = await anext(observing)
            observed = time.monotonic()
            assert isinstance(seen, AppFocused)
            taken.append(1000 * (observed - await telling))
        await observing.aclose()
    return taken


if __name__ == "__main__":
    measured = sorted(measure())
    worst, usual = measured[-1], median(measured)
    sys.stdout.write(f"{len(measured)} lines: median {usual:.2f} ms, worst {worst:.2f} ms\n")
