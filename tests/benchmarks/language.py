"""The bars of the language: how often a compiled condition is asked in a second, how long a full file takes."""

from __future__ import annotations

import gc
import time
import timeit
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from detector.rulebook.loading import built_in_pack
from rules.language import compile_condition
from rules.model import FeatureKey, Value
from rules.pack import MAX_RULES, read_pack
from tests.benchmarks.bars import Bar

ASKED = 1_000
ROUNDS = 4_000
MINUTE = timedelta(minutes=1)
PLAIN = next(rule.condition for rule in built_in_pack().rules if rule.code == "F101")
LASTING = compile_condition("(category is social and scrolls(60 s) >= 10) for 30 s")
WHERE_IT_HOLDS: dict[FeatureKey, Value] = {
    FeatureKey("category"): "social",
    FeatureKey("dwell"): 2 * MINUTE,
    FeatureKey("scrolls", MINUTE): 12,
}
WHERE_IT_DOES_NOT: dict[FeatureKey, Value] = {FeatureKey("category"): "mail"}
RULE = """[[rule]]
code = "Z{number}"
name = "A rule"
when = "category is social and dwell >= 60 s and scrolls(60 s) >= {number}"
until = "(not put_away) for 20 s"
because = "{{scrolls(60 s)}} in {{dwell}}."
notices = "a"
why = "b"
wrong = "c"
needs = "d"
example = "e"
"""


class Standing:
    """Features that cost next to nothing, so that what is measured is the condition."""

    __slots__ = ("at", "get")

    def __init__(self, values: dict[FeatureKey, Value]) -> None:
        self.at = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)
        self.get = values.get

    def deadline(self, _key: FeatureKey, _value: Value, /) -> datetime | None:
        return None


def language() -> Iterator[Bar]:
    """Ask F101 of features that stand still, and read the largest file there may be.

    The best of many short rounds counts: what else the machine does is no part of it.
    """
    where = Standing(WHERE_IT_HOLDS)
    elsewhere = Standing(WHERE_IT_DOES_NOT)
    memory: list[datetime | None] = [None]
    yield _asked("F101 asked, where it holds", PLAIN.holds, where, limit=2.0)
    yield _asked("F101 asked, elsewhere", PLAIN.holds, elsewhere, limit=2.0)
    yield _asked("F101 looked at, with its turn", PLAIN.evaluate, where, limit=2.0)
    yield _asked("a part that lasts, looked at", LASTING.evaluate, where, memory, limit=1.0)
    text = "".join(RULE.format(number=number) for number in range(1, MAX_RULES + 1))
    began = time.process_time()
    rules = len(read_pack(text, "bench").rules)
    yield Bar(
        name=f"a file of {rules:,} rules read",
        figure=time.process_time() - began,
        limit=10.0,
        unit="s",
        note="of CPU",
    )


def _asked(name: str, ask: Callable[..., Any] | None, *arguments: object, limit: float) -> Bar:
    """Return the bar of asking so often, in millions a second."""
    assert ask is not None
    call = "ask(a)" if len(arguments) == 1 else "ask(a, b)"
    names = {"ask": ask, "a": arguments[0], "b": arguments[-1]}
    gc.collect()
    best = min(timeit.repeat(call, globals=names, number=ASKED, repeat=ROUNDS))
    return Bar(name=name, figure=ASKED / best / 1e6, limit=limit, unit="M/s", at_most=False, note="best round")
