"""What is forgotten is in no byte of the files any more; what is older still is."""

from __future__ import annotations

import os
import random
import stat
from datetime import timedelta
from pathlib import Path

import pytest
import sqlite_utils  # noqa: F401 - imported here, so that opening a file needs no child

from detector.core.effects import Record
from detector.core.observations import Activity, Focused
from detector.errors import StoreError
from detector.store import opening
from detector.store.delete_files import delete_recordings, delete_store
from detector.store.store import Store
from tests.rig.stored_records import after_minutes, begins, covered, ends, moment, seen, use

OLD, NEW = "OLD-CANARY", "NEW-CANARY"


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def looked(at: float, number: int, canary: str) -> Record:
    # Names of very different lengths, so that pages split, and cells move between them.
    return seen(
        Focused(at=after_minutes(at), activity=Activity(category="social", name=canary + "x" * (number * 37 % 400)))
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turntoward" / "turntoward.sqlite"


def fill(store: Store) -> None:
    store.history.save([begins()])
    for number in range(1, 400):
        store.history.save([looked(number / 100, number, OLD), use(number, number / 100, number / 100, name=OLD)])
    for number in range(400, 1200):
        at = 15 + number / 100
        store.history.save([looked(at, number, NEW), use(number, at, at, name=NEW), moment(number, at, at, name=NEW)])
        store.history.save([use(number, at, at, name=NEW + "y" * (number % 90)), covered(number, at, at + 1)])


def test_forgetting_leaves_no_byte_of_it_though_the_daemon_has_the_file_open(path: Path) -> None:
    with Store.open(path) as daemon, Store.open(path) as command:
        fill(daemon)
        assert bytes_of(path.parent).count(NEW.encode()) > 2000
        command.forget(after_minutes(15), now=after_minutes(30))
        left = bytes_of(path.parent)
        assert NEW.encode() not in left
        assert OLD.encode() in left
        daemon.history.save([looked(40, 1, OLD)])
        assert len(daemon.history.uses()) == 399


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_vacuum_removes_the_copies_that_page_splits_left(path: Path, seed: int) -> None:
    # With these seeds overwriting alone (secure_delete) leaves some copies, for SQLite does not reach them.
    chance = random.Random(seed)
    with Store.open(path) as store:
        store.history.save([begins()])
        for _ in range(30):
            numbers = [chance.randint(1, 5000) for _ in range(100)]
            store.history.save(
                [
                    use(number, 20, 21, name=NEW + "x" * chance.randint(0, 300))
                    if number % 2
                    else use(number, 5, 6, name=OLD + "x" * chance.randint(0, 300))
                    for number in numbers
                ]
            )
        store.forget(after_minutes(15), now=after_minutes(30))
        assert NEW.encode() not in bytes_of(path.parent)


def test_forgetting_all_leaves_no_byte_of_it(path: Path) -> None:
    with Store.open(path) as daemon, Store.open(path) as command:
        fill(daemon)
        command.forget_all(now=after_minutes(30), plans=True)
        left = bytes_of(path.parent)
        assert NEW.encode() not in left
        assert OLD.encode() not in left
        assert b"Dinner" not in left


def test_an_open_reader_is_named_as_the_reason_for_traces_in_the_log(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    with Store.open(path) as reader, Store.open(path) as command:
        fill(reader)
        reader._database._connection.execute("BEGIN")
        reader._database._connection.execute("SELECT * FROM uses LIMIT 1").fetchall()
        with pytest.raises(StoreError, match="once more"):
            command.forget(after_minutes(15), now=after_minutes(30))
        reader._database._connection.execute("ROLLBACK")
        command.forget(after_minutes(15), now=after_minutes(30))
        assert NEW.encode() not in bytes_of(path.parent)


def test_erasing_deletes_the_files_where_nobody_has_them_open(path: Path) -> None:
    with Store.open(path) as store:
        store.history.save([begins(), ends()])
    forgotten, gone = delete_store(path, now=after_minutes(95))
    assert (forgotten.occurrences, gone) == (1, True)
    assert list(path.parent.iterdir()) == []


def test_erasing_empties_the_file_that_the_daemon_has_open(path: Path) -> None:
    with Store.open(path) as daemon:
        fill(daemon)
        forgotten, gone = delete_store(path, now=after_minutes(30))
        assert (forgotten.occurrences, gone) == (1, False)
        assert OLD.encode() not in bytes_of(path.parent)
        daemon.history.save([use(1, 31, None), ends(at=31)])  # what it still holds finds nothing to belong to
        assert daemon.history.uses() == []
        daemon.history.save([begins("2@later", at=60)])
        assert [kept.id for kept in daemon.history.occurrences()] == ["2@later"]


def test_erasing_deletes_a_damaged_file(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database " * 100)
    path.with_name(path.name + "-wal").write_bytes(b"nor is this")
    assert delete_store(path, now=after_minutes(0))[1]
    assert list(path.parent.iterdir()) == []


def test_erasing_follows_a_link_and_takes_it_away(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    real = tmp_path / "elsewhere.sqlite"
    path.symlink_to(real)
    with Store.open(path) as store:
        store.history.save([begins()])
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    delete_store(path, now=after_minutes(30))
    assert not real.exists()
    assert not path.is_symlink()


def test_crash_dumps_are_deleted_by_the_time_they_were_written(tmp_path: Path) -> None:
    for name, at in (
        ("failure-old.jsonl", after_minutes(0)),
        ("failure-new.jsonl", after_minutes(20)),
        ("notes.txt", after_minutes(20)),
    ):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (at.timestamp(), at.timestamp()))
    assert delete_recordings(tmp_path, after_minutes(20) - timedelta(minutes=1)) == 1
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == ["failure-old.jsonl", "notes.txt"]
    assert delete_recordings(tmp_path) == 1
    assert delete_recordings(tmp_path / "nowhere") == 0
