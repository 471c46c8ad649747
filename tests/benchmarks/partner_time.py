"""The bars of partner time: a decade expanded, against recurring-ical-events, and the planner's question of what comes next.

The bar of the question is for a running daemon: `asked` is how the heartbeat asks it once a minute, through the store;
`changed` is the first time after a declaration, which computes the plan again. What a start costs, with nothing known yet, is told
beside it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, cast

from detector.daemon.reconciler import Reconciler
from detector.partner_time.model import PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.store.store import Store
from tests.benchmarks.bars import Bar
from tests.oracle.generated_rules import GeneratedRule
from tests.oracle.oracle_process import run

FROM = datetime(2027, 1, 1, tzinfo=UTC)
DECADE = timedelta(days=3652)
RECURRENCES = (
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY;BYDAY=SU",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR",
    "FREQ=WEEKLY;BYDAY=TU,TH",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY;BYDAY=SA,SU",
    "FREQ=MONTHLY;BYDAY=1FR",
    "FREQ=DAILY",
    "FREQ=MONTHLY;BYMONTHDAY=15",
    "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24",
)


def fifty() -> list[GeneratedRule]:
    """Return fifty partner times as couples have them: most of them weekly, some daily, monthly and yearly."""
    return [
        GeneratedRule(
            zone="Europe/Berlin",
            begins=datetime(2027, 1, 1, 17) + number * timedelta(minutes=5),
            lasts=timedelta(minutes=90),
            recurrence=RECURRENCES[number % len(RECURRENCES)],
            after=FROM,
            before=FROM + DECADE,
        )
        for number in range(50)
    ]


def a_decade(rounds: int = 3) -> Iterator[Bar]:
    """Fifty partner times over ten years: our CPU time as a share of theirs, calendars and declarations read beforehand."""
    rules, spent, found = fifty(), [], 0
    for round_ in range(rounds):
        # Under another title nothing of it is known from the round before.
        declared = [_declared(rule, f"Round {round_}", number) for number, rule in enumerate(rules, 1)]
        began = time.process_time()
        found = sum(len(occurrences(each, FROM, FROM + DECADE)) for each in declared)
        spent.append(time.process_time() - began)
    # A rule that names other days than its first is a calendar's own affair; both are to find as much without that.
    told = run([(rule.as_calendar(), rule.after, rule.before) for rule in rules], "--time", "1")
    assert abs(found - told["instances"]) <= len(rules), (found, told)
    yield Bar(
        name="50 partner times x 10 years: share of theirs",
        figure=100 * min(spent) / told["seconds"],
        limit=20,
        unit="%",
        note=f"{min(spent):.2f} s of CPU, recurring-ical-events {told['seconds']:.2f} s",
    )


def next_boundary(folder: Path, rounds: int = 200) -> Iterator[Bar]:
    """The daemon's reconciling, with fifty partner times in a real store: CPU time, median."""
    folder.mkdir(parents=True, exist_ok=True)
    with Store.open(folder / "turntoward.sqlite") as store:
        for number, rule in enumerate(fifty(), 1):
            store.plans.add(_declared(rule, f"Evening {number}", None))
        # At night, when none is under way: what begins one has other bars.
        daemon = Reconciler(store=store, open_session=cast("Callable[..., Any]", None))
        now = datetime(2027, 3, 2, 2, tzinfo=UTC)
        start = _spent(daemon, now)
        assert daemon.upcoming.wake_at is not None
        heartbeat = [_spent(daemon, now + step * timedelta(seconds=60)) for step in range(rounds)]
        changed = []
        for step in range(rounds):
            store.plans.skip(f"{step % 50 + 1}@20270401T{step:06}Z", now)
            changed.append(_spent(daemon, now + (rounds + step) * timedelta(seconds=60)))
        yield Bar(name="next boundary, asked: CPU", figure=1000 * median(heartbeat), limit=1, unit="ms")
        yield Bar(
            name="next boundary, changed: CPU",
            figure=1000 * median(changed),
            limit=10,
            unit="ms",
            note=f"and {1000 * start:.0f} ms once, at the start",
        )


def _spent(daemon: Reconciler, now: datetime) -> float:
    async def once() -> float:
        began = time.process_time()
        await daemon.reconcile(now)
        return time.process_time() - began

    return asyncio.run(once())


def _declared(rule: GeneratedRule, title: str, number: int | None) -> PartnerTime:
    return PartnerTime(
        title=title, begins=rule.begins, lasts=rule.lasts, zone=rule.zone, recurrence=rule.recurrence, number=number
    )


def partner_time_bars(folder: Path) -> Iterator[Bar]:
    """All bars of partner time."""
    yield from next_boundary(folder)
    yield from a_decade()
