"""A person at a terminal in Berlin, on Monday 23 November 2026 at 18:00, who runs commands.

The fixture is called `person`; tests/conftest.py makes it known.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import time_machine

from detector.cli import main
from detector.partner_time.model import PartnerTime
from detector.paths import store_path
from detector.store.store import Store

MONDAY_EVENING: Final = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
NOT_RUNNING: Final = "Turntoward is not running; `turntoward run` starts it."
BERLIN: Final = "Europe/Berlin"


@dataclass
class CommandResult:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class Person:
    """`clock` moves the time, which stands still otherwise; `run` runs a command, and checks that its output fits a terminal."""

    clock: time_machine.Traveller
    run: Callable[..., CommandResult]

    def at(self, clock: str, day: int = 23) -> None:
        self.clock.move_to(datetime.fromisoformat(f"2026-11-{day:02}T{clock}+01:00").timestamp())

    def declare(self, *partner_times: PartnerTime) -> None:
        with Store.open(store_path()) as store:
            for partner_time in partner_times:
                store.plans.add(partner_time)

    def stored(self) -> tuple[Any, ...]:
        with Store.open(store_path()) as store:
            return (
                store.plans.partner_times(),
                store.plans.ended_early(),
                store.plans.skipped(),
                store.plans.cancelled(),
                store.plans.extended(),
            )


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Person]:
    monkeypatch.setenv("TZ", BERLIN)

    def run(*words: str) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["turntoward", *words])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        out, err = capsys.readouterr()
        assert all(len(line) <= 80 for line in (out + err).splitlines()), out + err
        assert "Traceback" not in err, err
        return CommandResult(code, out, err)

    with time_machine.travel(MONDAY_EVENING.timestamp(), tick=False) as clock:
        yield Person(clock, run)
