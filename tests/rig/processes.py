"""Programs that tests start, and waiting for what happens in them.

Invariant 1: whatever is started here is ended here, and dies with the tests even when they are killed (`setpriv --pdeathsig`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 60.0
"""Seconds that a test waits for what must happen: long enough for a busy machine, and never waited for in vain."""


def needs(*programs: str) -> None:
    """Skip the test, naming what is missing; CI turns the skip into a failure."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"missing: {', '.join(missing)}")


def until(check: Callable[[], T], *, within: float = TIMEOUT, what: str = "the condition") -> T:
    """Return the first true answer of `check`; for what happens in other processes and has no event to wait for."""
    deadline = time.monotonic() + within
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:g} s")
        time.sleep(0.02)
    return answer


async def until_async(check: Callable[[], T], *, within: float = TIMEOUT, what: str = "the condition") -> T:
    """Return the first true answer of `check`, letting the loop run meanwhile."""
    deadline = time.monotonic() + within
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:g} s")
        await asyncio.sleep(0.02)
    return answer


@contextmanager
def started(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, stderr: int = subprocess.DEVNULL, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its children as long as the block lasts, then end all of them."""
    # Tests that run in the background ignore Ctrl+C, and started programs would inherit that.
    guarded = ["env", "--default-signal=INT", "setpriv", "--pdeathsig", "KILL", *command]
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | options
    process = subprocess.Popen(
        guarded, env=None if env is None else dict(env), stderr=stderr, start_new_session=True, **options
    )
    try:
        yield process
    finally:
        end(process)


@contextmanager
def terminal_into(log: Path) -> Iterator[int]:
    """Have a terminal as long as the block lasts, of which everything that is written there comes into the file."""
    master, slave = os.openpty()
    # Else the terminal would write "\r\n" for "\n".
    tty.setraw(slave)
    try:
        with log.open("ab") as file, started(["cat"], stdin=master, stdout=file):
            yield slave
    finally:
        os.close(slave)
        os.close(master)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program started by `started` and every process of its group, gently first."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
            # A stopped program ends only once it goes on.
            os.killpg(process.pid, signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            break
    # The leader has gone; nobody of its group may stay behind.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
