"""The bars of speed: from rule to notification, commands against bare Python, replay."""

from __future__ import annotations

import gc
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from detector.core.attention.settings import AttentionSettings
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
from detector.core.pipeline import Pipeline
from detector.rulebook.loading import load_rules
from rules.policy import PolicySettings
from tests.benchmarks.bars import TURNTOWARD, Bar, Bench, bench, waiting
from tests.rig.processes import started, until

ROUNDS = 30
PACK = """
[[rule]]
code = "Z1"
name = "three seconds of a feed"
when = "category is social and dwell >= 3 s"
notices = "three seconds"
why = "to measure"
wrong = "never"
needs = "a toplevel"
example = "this bench"
"""
CONFIG = """
[policy]
cool_down = "1 s"
rule_cool_down = "1 s"
budget = 20
[notifications]
greeting = false
"""


def latency(folder: Path) -> Iterator[Bar]:
    """From the instant at which a rule holds to the Notify call on the bus, over 30 nudges."""
    with bench(folder) as setup:
        setup.config(CONFIG)
        rules = setup.home / ".config/turntoward/rules"
        rules.mkdir()
        (rules / "bench.toml").write_text(PACK)
        watched = setup.home / "notify.log"
        with watched.open("wb") as log:
            watching = started(
                ["dbus-monitor", "--profile", "member=Notify,type=method_call"], env=setup.env, stdout=log.fileno()
            )
            with watching, setup.daemon():
                for _ in range(2):
                    before = watched.read_text().count("Notify")
                    setup.call("now", "30min")
                    until(lambda count=before: watched.read_text().count("Notify") > count, what="the greeting")
                    _nudges(setup, watched, ROUNDS // 2)
                    setup.call("stop")
        instants = [float(line.split()[1]) for line in watched.read_text().splitlines() if line.startswith("mc")]
        with sqlite3.connect(setup.home / ".local/share/turntoward/turntoward.sqlite") as kept:
            held = [
                row[0] / 1e6
                for row in kept.execute("select began from moments where decided = 'nudged' order by began")
            ]
        late = [1000 * (min(told for told in instants if told >= began) - began) for began in held]
        assert len(late) == ROUNDS
        yield Bar(name=f"rule to notification, median of {len(late)}", figure=median(late), limit=50, unit="ms")
        yield Bar(name=f"rule to notification, worst of {len(late)}", figure=max(late), limit=250, unit="ms")


def _nudges(setup: Bench, watched: Path, number: int) -> None:
    browser = setup.desktop.xterm("Lasagne | Chefkoch — Mozilla Firefox", wm_class="firefox")
    for _ in range(number):
        before = watched.read_text().count("Notify")
        # Somebody is there: without a sign of life the device would count as left.
        setup.desktop.move()
        browser.rename("Instagram — Mozilla Firefox")
        until(lambda count=before: watched.read_text().count("Notify") > count, what="a nudge", within=20)
        browser.rename("Lasagne | Chefkoch — Mozilla Firefox")
        # A short while between them, and it would be the same use that goes on.
        waiting(4)
    browser.close()


def commands(folder: Path, rounds: int = 15) -> Iterator[Bar]:
    """`--help` and `status` against `python3 -c pass`, each the best of many, taken in turns."""
    with bench(folder) as setup:
        setup.call("add", "Dinner", "--every", "mon-fri", "--from", "18:30", "--to", "20:00", "--yes")
        status = [str(TURNTOWARD), "status"]
        ratios = _against_bare_python(setup, {"--help": [str(TURNTOWARD), "--help"], "status": status}, rounds)
        yield Bar(name="--help against python3 -c pass", figure=ratios["--help"], limit=8, unit="x")
        # Without a daemon it also reads what is declared, to say that nothing of the present partner time is sensed.
        name = "status with no daemon against python3 -c pass"
        yield Bar(name=name, figure=ratios["status"], limit=15, unit="x")
        with setup.daemon():
            ratios = _against_bare_python(setup, {"status": status}, rounds)
        yield Bar(name="status against python3 -c pass", figure=ratios["status"], limit=10, unit="x")


def _against_bare_python(setup: Bench, commands: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Return how many times the CPU of a bare Python each of the commands takes."""
    best: dict[str, float] = {}
    bare = [str(TURNTOWARD.parent / "python"), "-c", "pass"]
    for _ in range(rounds):
        for name, command in (("bare", bare), *commands.items()):
            began = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, env=setup.env, stdout=subprocess.DEVNULL, check=False)
            ended = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
            best[name] = min(best.get(name, 1e9), spent)
    return {name: best[name] / best["bare"] for name in commands}


def evenings(observations: int) -> Iterator[Observation]:
    """Evenings of two hours, one after another: eight activities in turn, input in every second, a pause at times."""
    categories = ("social", "messaging", "other", "mail", "social", "work", "news", "together")
    lasting = (75, 12, 40, 50, 100, 70, 20, 30)
    activities = [Activity(category=category) for category in categories]
    at, second, made, turn = datetime(2026, 1, 1, 18, tzinfo=UTC), timedelta(seconds=1), 0, 0
    while made < observations:
        ends = at + timedelta(hours=2)
        yield PartnerTimeBegan(at=at, occurrence=f"1@{at:%Y%m%d}", title="Dinner", ends=ends)
        for sense in ("focus", "idle", "input"):
            yield SensorStarted(at=at, sense=sense, sensor="bench")
        made += 4
        while at < ends and made < observations:
            turn += 1
            yield Focused(at=at, activity=activities[turn % 8])
            for number in range(lasting[turn % 8]):
                at += second
                yield InputCounted(at=at, scrolls=number % 3, keys=int(number % 5 == 0), clicks=1)
            made += 1 + lasting[turn % 8]
            if turn % 4 == 0:
                yield WentIdle(at=at + 30 * second, since=at)
                at += 90 * second
                yield CameBack(at=at)
                made += 2
        yield PartnerTimeEnded(at=max(at, ends))
        at += timedelta(hours=3)


def replay(observations: int = 10_000_000) -> Iterator[Bar]:
    """Through the core and all built-in rules: observations a second, and whether memory grows."""
    pipeline = Pipeline(load_rules(None).rules, PolicySettings(), AttentionSettings())
    spent, fed, nudges, block = 0.0, 0, 0, []
    memory: list[float] = []
    for seen in evenings(observations):
        block.append(seen)
        if len(block) == 100_000:
            began = time.process_time()
            for each in block:
                nudges += sum(type(effect).__name__ == "Notify" for effect in pipeline.feed(each))
            spent += time.process_time() - began
            fed += len(block)
            block.clear()
            gc.collect()
            memory.append(_pss())
            sys.stderr.write(f"\r  {fed:,} observations, {memory[-1]:.1f} MB ")
    sys.stderr.write("\r" + " " * 50 + "\r")
    assert nudges > fed / 10_000
    yield Bar(
        name="replay: observations a second",
        figure=fed / spent,
        limit=40_000,
        unit="/s",
        at_most=False,
        note=f"{nudges:,} nudges",
    )
    tenth = max(1, len(memory) // 10)
    grown = median(memory[-tenth:]) - median(memory[tenth : 2 * tenth])
    yield Bar(name=f"replay: growth over {fed / 1e6:.0f} million", figure=grown, limit=1, unit="MB")


def _pss() -> float:
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
