"""A real file, written by a real process that is killed at an instant nobody chose."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlite_utils  # noqa: F401 - imported here, so that opening a file needs no child

from detector.core.observations import InputCounted
from detector.store.store import Store
from tests.rig.stored_records import EVENING, begins

ROUNDS = 12

WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
from detector.core.observations import InputCounted
from detector.store.store import Store
from tests.rig.stored_records import BEGAN, EVENING, seen, use

store, number = Store.open(Path(sys.argv[1])), int(sys.argv[2])
while True:
    number += 1
    at = BEGAN + timedelta(milliseconds=number)
    store.history.save([seen(InputCounted(at=at, scrolls=number)), use(number % 50, 1, 2)])
    print(number, flush=True)
"""

FORGETTER = """
import sys
from datetime import timedelta
from pathlib import Path
from detector.core.observations import InputCounted
from detector.store.store import Store
from tests.rig.stored_records import after_minutes, seen, use

store, number = Store.open(Path(sys.argv[1])), 0
while True:
    number += 1
    store.history.save([seen(InputCounted(at=after_minutes(60), scrolls=line)) for line in range(1, 300)])
    store.forget(after_minutes(50), now=after_minutes(55))
    store.forget(after_minutes(59), now=after_minutes(60 + number))
    print(number, flush=True)
"""


@contextmanager
def writing(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def acknowledged(child: subprocess.Popen[str], at_least: int) -> list[int]:
    """Return what the child said it kept, having killed it in the middle of something after so many lines."""
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(at_least)]
    child.send_signal(signal.SIGKILL)
    said += [int(line) for line in child.stdout if line.endswith("\n")]
    assert child.wait() == -signal.SIGKILL
    return said


def sound(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


@pytest.mark.thorough
def test_a_kill_loses_nothing_that_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "turntoward" / "turntoward.sqlite"
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with Store.open(path) as store:
        store.history.save([begins()])
    chance, last = random.Random(20261123), 0
    for _ in range(ROUNDS):
        with writing(WRITER, str(path), str(last)) as child:
            said = acknowledged(child, chance.randint(1, 400))
        with Store.open(path) as store:
            kept = [one.scrolls for one in store.history.observations(EVENING) if isinstance(one, InputCounted)]
        # All that was acknowledged, in order and without a hole; at most the one that was under way beside it.
        assert kept in (list(range(1, said[-1] + 1)), list(range(1, said[-1] + 2)))
        sound(path)
        last = kept[-1]
    assert last > ROUNDS


@pytest.mark.thorough
def test_a_kill_while_forgetting_leaves_a_sound_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "turntoward" / "turntoward.sqlite"
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with Store.open(path) as store:
        store.history.save([begins(lasts=100_000)])
    chance = random.Random(20261124)
    for _ in range(5):
        with writing(FORGETTER, str(path)) as child:
            acknowledged(child, chance.randint(1, 15))
        sound(path)
        with Store.open(path) as store:
            assert next(store.history.observations(EVENING)) == begins(lasts=100_000).item
