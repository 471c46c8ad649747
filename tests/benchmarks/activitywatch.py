"""The bar of importing: 100,000 events of ActivityWatch, in how long, and in how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.bars import TURNTOWARD, Bar
from tests.rig.activitywatch_history import days

EVENTS = 100_000
MEASURE = """
import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""
"""Run by a small process: a child's peak begins at what its parent has, and this one holds the whole history."""


def importing(folder: Path) -> Iterator[Bar]:
    """Import an export through the installed program: dinners on weekdays, and then whole days."""
    folder.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    history = days(today - timedelta(days=86), 84, pace=62)
    assert len(history) >= EVENTS
    export = history.write(folder / "export.json")
    for name, declared in (
        ("partner times", "--every mon-fri --from 18:30 --to 20:00"),
        ("whole days", "--every day --from 0:00 --for 24h"),
    ):
        home = folder / name.replace(" ", "-")
        (home / "run").mkdir(mode=0o700, parents=True)
        env = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "TZ": "UTC"}
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            env.pop(variable, None)
        declare = [str(TURNTOWARD), "add", "Dinner", *declared.split(), "--yes"]
        subprocess.run(declare, env=env, check=True, stdout=subprocess.DEVNULL)
        command = [str(TURNTOWARD), "import", "activitywatch", str(export)]
        measured = subprocess.run(
            [sys.executable, "-c", MEASURE, *command], env=env, check=True, capture_output=True, text=True
        )
        spent, peak = map(float, measured.stdout.split())
        note = f"{len(history):,} events"
        yield Bar(name=f"import, {name}", figure=spent, limit=30, unit="s", note=note)
        yield Bar(name=f"import, {name}: peak memory", figure=peak, limit=200, unit="MB")
