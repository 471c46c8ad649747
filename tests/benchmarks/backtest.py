"""The bars of backtest: a year of evenings through two sets of rules, in how long, and in how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from detector.core.effects import Record
from detector.core.observations import (
    Activity,
    CameBack,
    Focused,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
    WentIdle,
)
from detector.store.store import Store
from tests.benchmarks.bars import TURNTOWARD, Bar

EVENINGS = 365
OBSERVATIONS = 1_000_000
FEW = 36
"""Evenings of a tenth of a year: memory is flat if a year takes no more than they do."""
SECOND = timedelta(seconds=1)
CATEGORIES = ("social", "messaging", "other", "mail", "social", "work", "news", "together")
LASTING = (75, 12, 40, 50, 100, 70, 20, 30)
PACK = """
[[rule]]
code = "F101"
name = "A feed, scrolled for longer"
when = "category is social and dwell >= 70 s and scrolls(60 s) >= 10"
notices = "a minute and a bit"
why = "to measure"
wrong = "never"
needs = "a toplevel"
example = "this bench"
[[rule]]
code = "X1"
name = "Work, early"
when = "category is work and dwell >= 60 s and all.glances(10 min) >= 1"
notices = "work"
why = "to measure"
wrong = "never"
needs = "a toplevel"
example = "this bench"
"""
MEASURE = """
import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""
"""Run by a small process: a child's peak begins at what its parent has."""


def backtesting(folder: Path) -> Iterator[Bar]:
    """Play a year of evenings of 2 h, with input in most seconds, through the rules in force and through others."""
    spent: dict[int, float] = {}
    peak: dict[int, float] = {}
    made = 0
    for evenings in (FEW, EVENINGS):
        home = folder / str(evenings)
        (home / "run").mkdir(mode=0o700, parents=True)
        (home / "try.toml").write_text(PACK)
        made = _keep(home / ".local/share/turntoward/turntoward.sqlite", evenings)
        env = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "TZ": "UTC"}
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            env.pop(variable, None)
        command = [str(TURNTOWARD), "backtest", "--rules", str(home / "try.toml"), "--since", "400d"]
        measured = subprocess.run(
            [sys.executable, "-c", MEASURE, *command], env=env, check=True, capture_output=True, text=True
        )
        spent[evenings], peak[evenings] = map(float, measured.stdout.split())
    assert made >= OBSERVATIONS
    note = f"{EVENINGS} evenings, {made:,} observations, both sides"
    yield Bar(name="backtest: a year of evenings", figure=spent[EVENINGS], limit=60, unit="s", note=note)
    grown = peak[EVENINGS] - peak[FEW]
    note = f"{peak[EVENINGS]:.0f} MB at most"
    yield Bar(name=f"backtest: memory beyond {FEW} evenings", figure=grown, limit=5, unit="MB", note=note)


def _keep(path: Path, evenings: int) -> int:
    made = 0
    first = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0) - timedelta(days=evenings + 1)
    path.parent.mkdir(parents=True)
    with Store.open(path) as store:
        for number in range(evenings):
            began = first + timedelta(days=number)
            occurrence = f"1@{began:%Y%m%dT%H%M%SZ}"
            records = [Record(occurrence=occurrence, item=seen) for seen in _evening(occurrence, began, number)]
            store.history.save(records)
            made += len(records)
    return made


def _evening(occurrence: str, began: datetime, number: int) -> Iterator[Observation]:
    at, ends, turn = began, began + timedelta(hours=2), number
    yield PartnerTimeBegan(at=at, occurrence=occurrence, title="Dinner", ends=ends)
    for sense in ("focus", "idle", "input"):
        yield SensorStarted(at=at, sense=sense, sensor="bench")
    while at + 200 * SECOND < ends:
        turn += 1
        yield Focused(at=at, activity=Activity(category=CATEGORIES[turn % 8]))
        for second in range(LASTING[turn % 8]):
            at += SECOND
            yield InputCounted(at=at, scrolls=second % 3, keys=int(second % 5 == 0), clicks=1)
        # For more than half of the evening nobody is there.
        yield WentIdle(at=at + 30 * SECOND, since=at)
        at += timedelta(seconds=84)
        yield CameBack(at=at)
    yield PartnerTimeEnded(at=ends)
