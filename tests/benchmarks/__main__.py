"""`make bench`: the bars, one line each. `python -m tests.benchmarks NAME ...` measures only those."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import activitywatch, adb, calendars
from tests.benchmarks.abuse import abuse
from tests.benchmarks.backtest import backtesting
from tests.benchmarks.bars import Bar
from tests.benchmarks.catalogue import hit_rates
from tests.benchmarks.code import code_bars
from tests.benchmarks.corpus import corpus_bars
from tests.benchmarks.hostile import fuzz
from tests.benchmarks.kills import kills
from tests.benchmarks.language import language
from tests.benchmarks.partner_time import partner_time_bars
from tests.benchmarks.phone import phone_bars
from tests.benchmarks.resting import nobody_there, outside, subscribed, under_load
from tests.benchmarks.rules import rule_bars
from tests.benchmarks.speed import commands, latency, replay

ALL: dict[str, Callable[[Path], Iterator[Bar]]] = {
    "backtest": backtesting,
    "calendars": calendars.calendar_bars,
    "catalogue": lambda _folder: iter(hit_rates()),
    "code": lambda _folder: code_bars(),
    "commands": commands,
    "corpus": lambda _folder: corpus_bars(),
    "fuzz": lambda _folder: fuzz(),
    "language": lambda _folder: language(),
    "latency": latency,
    "load": under_load,
    "nobody": nobody_there,
    "outside": outside,
    "subscribed": subscribed,
    "partner-time": partner_time_bars,
    "phone": phone_bars,
    "adb": lambda _folder: adb.line_to_observation(),
    "importing": activitywatch.importing,
    "rules": lambda _folder: rule_bars(),
    "replay": lambda _folder: replay(),
}
LONG: dict[str, Callable[..., Iterator[Bar]]] = {"abuse": abuse, "kills": kills}
"""What takes many minutes: only measured where it is named. A number after the name is passed on."""


def main() -> int:
    """Print each bar as it is measured; return how many are not met."""
    missed = 0
    print(f"{'bar':<42} {'measured':>12} {'limit':>12}  met")
    names = sys.argv[1:] or list(ALL)
    for name, after in zip(names, [*names[1:], ""], strict=True):
        if name.isdigit():
            continue
        count = [int(after)] if after.isdigit() else []
        with tempfile.TemporaryDirectory(prefix="turntoward-bench-") as folder:
            for bar in (ALL | LONG)[name](Path(folder) / "home", *count):
                limit = f"{'<=' if bar.at_most else '>='} {bar.limit:,g}"
                met = "yes" if bar.is_met else "NO"
                print(f"{bar.name:<42} {bar.figure:>9,.2f} {bar.unit:<2} {limit:>12}  {met:<3} {bar.note}", flush=True)
                missed += not bar.is_met
    return missed


if __name__ == "__main__":
    sys.exit(main())
