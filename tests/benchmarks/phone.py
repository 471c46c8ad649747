"""The bars of the phone API: from an event to the decision and the notification, under load, and without requests."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from statistics import median

from tests.benchmarks.bars import TURNTOWARD, Bar, Bench, bench, read, waiting
from tests.rig.phone import HttpPhone, free_port
from tests.rig.processes import started, until

ROUNDS = 20
STORM = 200
"""Requests a second."""
PACK = """
[[rule]]
code = "G202"
name = "an opening"
when = "category is social and all.opens(10 min) >= 1"
notices = "an opening"
why = "to measure"
wrong = "never"
needs = "a phone"
example = "this bench"
"""
CONFIG = """
[policy]
cool_down = "0 s"
rule_cool_down = "0 s"
budget = 20
[notifications]
greeting = false
"""
LINK = re.compile(r"http://\S+/pair/\S+")
WARM_UP = 2


@contextmanager
def paired(setup: Bench, *options: str) -> Iterator[HttpPhone]:
    """Pair a phone with the daemon that runs."""
    log = setup.home / "pair.log"
    with log.open("wb") as into:
        asking = started(
            [
                str(TURNTOWARD),
                "phone",
                "pair",
                "my phone",
                "--address",
                "127.0.0.1",
                "--port",
                str(free_port()),
                *options,
            ],
            env=setup.env,
            stdout=into,
        )
        with asking as process:
            link = until(lambda: LINK.search(log.read_text()), what="a link", within=20)[0]
            phone = HttpPhone(link.partition("/pair/")[0])
            phone.pair(link)
            process.wait(20)
            yield phone


def _evening(setup: Bench) -> None:
    setup.config(CONFIG)
    rules = setup.home / ".config/turntoward/rules"
    rules.mkdir()
    (rules / "bench.toml").write_text(PACK)


def decision(folder: Path) -> Iterator[Bar]:
    """From the request to its answer, which carries the decision; then from the request to the call of Notify."""
    with bench(folder) as setup:
        _evening(setup)
        with setup.daemon(), paired(setup, "--nudges-on-phone") as phone:
            setup.call("now", "30min")
            waiting(WARM_UP)
            took = []
            for _ in range(ROUNDS):
                began = time.monotonic()
                assert phone.opens("com.instagram.android"), "each opening is decided about, and said"
                took.append(1000 * (time.monotonic() - began))
                phone.tell("app_close", app="com.instagram.android", at=datetime.now(UTC).isoformat())
        yield Bar(name=f"webhook to decision, median of {ROUNDS}", figure=median(took), limit=20, unit="ms")


def notification(folder: Path) -> Iterator[Bar]:
    """From the request to the call of Notify on the bus."""
    with bench(folder) as setup:
        _evening(setup)
        watched = setup.home / "notify.log"
        with watched.open("wb") as log:
            watching = started(
                ["dbus-monitor", "--profile", "member=Notify,type=method_call"], env=setup.env, stdout=log.fileno()
            )
            with watching, setup.daemon(), paired(setup) as phone:
                setup.call("now", "30min")
                # What a phone reports before the start was shown is not taken.
                until(
                    lambda: json.loads(setup.call("status", "--json"))["sensing"] not in {None, "nothing"},
                    what="sensing after the start was shown",
                )
                told = []
                for _ in range(ROUNDS):
                    before = watched.read_text().count("Notify")
                    told.append(time.time())
                    phone.opens("com.instagram.android")
                    until(lambda count=before: watched.read_text().count("Notify") > count, what="a nudge", within=20)
                    phone.tell("app_close", app="com.instagram.android", at=datetime.now(UTC).isoformat())
        instants = [float(line.split()[1]) for line in watched.read_text().splitlines() if line.startswith("mc")]
        late = [1000 * (min(said for said in instants if said >= at) - at) for at in told]
        yield Bar(name=f"webhook to notification, median of {ROUNDS}", figure=median(late), limit=100, unit="ms")
        yield Bar(name=f"webhook to notification, worst of {ROUNDS}", figure=max(late), limit=100, unit="ms")


def storm(folder: Path, seconds: float = 30) -> Iterator[Bar]:
    """200 requests a second, each on a connection of its own, at the pace of a clock; then as many with a wrong token."""
    with bench(folder) as setup, setup.daemon() as pid, paired(setup) as phone:
        setup.call("now", "30min")
        waiting(WARM_UP)
        idle = read(pid)
        statuses = _knock(phone, seconds, STORM)
        after = read(pid)
        told, taken = sum(statuses.values()), statuses[204]
        kept = until(lambda: (found := _openings(setup)) >= taken and found, what="all are kept", within=20)
        yield Bar(name="a storm: requests a second", figure=told / seconds, limit=STORM, unit="/s", at_most=False)
        yield Bar(name="a storm: refused, lost or doubled", figure=told - taken + abs(kept - taken), limit=0, unit="")
        spent = 1000 * (after.cpu - idle.cpu) / told
        waiting(2)
        before = read(pid)
        stranger = HttpPhone(phone.url, "not-the-token")
        refused = _knock(stranger, 5, STORM)
        cheap = 1000 * (read(pid).cpu - before.cpu) / sum(refused.values())
        assert set(refused) <= {401, 429}, refused
        yield Bar(
            name="a storm: CPU of a refused against a taken",
            figure=cheap / spent,
            limit=1,
            unit="x",
            note=f"{cheap:.2f} ms, {spent:.2f} ms",
        )


def idle_phone_api(folder: Path, seconds: float = 60) -> Iterator[Bar]:
    """Outside partner time: a daemon with an open phone API against the same one without, one after the other."""
    with bench(folder) as setup, setup.daemon() as pid:
        waiting(5)
        shut = _rest(pid, seconds)
        with paired(setup):
            waiting(5)
            opened = _rest(pid, seconds)
        yield Bar(name="an idle phone API: wake-ups a minute more", figure=opened[0] - shut[0], limit=3, unit="")
        yield Bar(name="an idle phone API: PSS more", figure=opened[1] - shut[1], limit=5, unit="MB")


def _rest(pid: int, seconds: float) -> tuple[float, float]:
    before = read(pid)
    waiting(seconds)
    after = read(pid)
    return 60 * (after.wakes - before.wakes) / (after.at - before.at), after.pss


def _knock(phone: HttpPhone, seconds: float, rate: int, hands: int = 8) -> Counter[int]:
    """Tell of so many openings a second, whatever the answers; return how often each status came."""
    statuses: Counter[int] = Counter()
    due: Queue[int | None] = Queue()

    def tell() -> None:
        while (number := due.get()) is not None:
            at = datetime.now(UTC).isoformat()
            statuses[phone.tell("app_open", app=f"com.example.app{number % 7}", at=at)[0]] += 1

    threads = [threading.Thread(target=tell) for _ in range(hands)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    for number in range(round(seconds * rate)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        due.put(number)
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return statuses


def _openings(setup: Bench) -> int:
    with closing(sqlite3.connect(setup.home / ".local/share/turntoward/turntoward.sqlite")) as kept:
        rows = kept.execute("SELECT fields FROM observations WHERE kind = 'Focused' AND device = 'my phone'")
        return sum(bool(json.loads(fields).get("opened")) for (fields,) in rows)


def phone_bars(folder: Path) -> Iterator[Bar]:
    """All of them, each in a home of its own."""
    for number, measure in enumerate((decision, notification, storm, idle_phone_api)):
        yield from measure(folder / str(number))
