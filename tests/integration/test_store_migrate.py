"""The schema comes about by migrations: in a child that ends, all or nothing, and safely from several processes at once."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from detector.errors import StoreError
from detector.partner_time.model import PartnerTime
from detector.store.migrate import migrate
from detector.store.migrations import (
    MIGRATIONS,
    m001_what_is_kept,
    m002_phones,
    m003_calendars,
    m004_problems_of_calendars,
)
from detector.store.schema import TABLES, VERSION
from detector.store.store import Store
from tests.rig.stored_records import EVENING, begins

ROOT = Path(__file__).parents[2]

DAEMON = """
import sys
from pathlib import Path
from detector.store.store import Store
from tests.rig.stored_records import EVENING, after_minutes, begins, moment, use
with Store.open(Path(sys.argv[1])) as store:
    store.history.save([begins(), use(1, 5, None), moment(1, 5, None)])
    store.plans.partner_times(), store.plans.ended_early()
    store.history.moments(), store.history.uses(), store.history.last_moment()
    list(store.history.observations(EVENING))
    store.forget(after_minutes(1), now=after_minutes(2))
print([name for name in ("sqlite_utils", "click", "msgspec", "dateutil") if name in sys.modules])
"""


RACE = """
import multiprocessing, sys
from pathlib import Path
from detector.store.migrate import migrate

def run(path, barrier, said):
    barrier.wait()
    try:
        migrate(path)
        said.put("done")
    except Exception as failed:
        said.put(str(failed))

multiprocessing.set_start_method("fork")
for number in range(int(sys.argv[2])):
    path, barrier, said = Path(sys.argv[1]) / str(number), multiprocessing.Barrier(4), multiprocessing.Queue()
    path.touch()
    racers = [multiprocessing.Process(target=run, args=(path, barrier, said)) for _ in range(4)]
    for racer in racers:
        racer.start()
    answers = [said.get() for _ in racers]
    for racer in racers:
        racer.join()
    if answers != ["done"] * 4:
        sys.exit(f"round {number}: {answers}")
"""


def run(script: str, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def tables(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    connection.close()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turntoward" / "turntoward.sqlite"


def test_reading_and_writing_never_import_sqlite_utils(path: Path) -> None:
    for _ in ("the first start, which lays down the schema", "every other"):
        child = run(DAEMON, path)
        said, wrong = child.communicate()
        assert (said.strip(), wrong, child.returncode) == ("[]", "", 0)
    with Store.open(path, read_only=True) as store:
        assert [kept.id for kept in store.history.occurrences()] == [EVENING]


def test_the_migrating_child_imports_this_program_whatever_the_folder_holds(path: Path, tmp_path: Path) -> None:
    (tmp_path / "detector").mkdir()
    (tmp_path / "detector" / "__init__.py").write_text("raise SystemExit('not ours')")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + DAEMON
    child = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (child.stdout.strip(), child.stderr) == ("[]", "")


@pytest.mark.thorough
def test_several_processes_that_open_a_new_file_at_once_all_succeed(path: Path) -> None:
    children = [run(DAEMON, path) for _ in range(6)]
    for child in children:
        said, wrong = child.communicate()
        assert (said.strip(), wrong, child.returncode) == ("[]", "", 0)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM _sqlite_migrations").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.thorough
def test_several_processes_that_migrate_at_the_same_instant_all_succeed(tmp_path: Path) -> None:
    # Without the lock on the folder one process in seventy fails, so that a hundred rounds of four are enough to see it.
    command = [sys.executable, "-c", RACE, str(tmp_path), "100"]
    racing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (racing.stderr, racing.returncode) == ("", 0)


def test_every_table_is_strict(path: Path) -> None:
    Store.open(path).close()
    ours = {name: sql for name, sql in tables(path).items() if name in TABLES}
    assert ours.keys() == set(TABLES)
    assert all(sql.rstrip().endswith("STRICT") for sql in ours.values())
    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
        connection.execute("INSERT INTO occurrences VALUES ('x', 'x', 'half past six', 2, NULL, NULL, NULL, NULL)")
    connection.close()


def test_the_schema_of_a_store_in_memory_is_what_the_migrations_lead_to(path: Path) -> None:
    def schema(store: Store) -> dict[str, str | None]:
        found = store._database._connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%_sqlite_migrations%'"
        )
        # Spaces and quotes apart: columns that a migration added are written into the statement in another style.
        return {
            name: sql
            and re.sub(r'[\s"]+', " ", sql.replace("(", " ( ").replace(")", " ) ").replace(",", " , ")).strip()
            for name, sql in found
        }

    with Store.open(path) as on_disk, Store.in_memory() as in_memory:
        assert schema(in_memory) == schema(on_disk)
        assert schema(in_memory).keys() >= set(TABLES)


def later(path: Path, *, fails: bool) -> None:
    """Apply the migrations of a version to come."""
    coming = Migrations("turntoward")
    coming(name="m001_what_is_kept")(m001_what_is_kept)
    coming(name="m002_phones")(m002_phones)
    coming(name="m003_calendars")(m003_calendars)
    coming(name="m004_problems_of_calendars")(m004_problems_of_calendars)

    def m005_mood(db: Database) -> None:
        db.table("occurrences").add_column("mood", str)

    def m006_moods(db: Database) -> None:
        db.table("moods").create({"id": int}, pk="id", strict=True)
        if fails:
            raise ValueError("a migration that fails in the middle")

    coming()(m005_mood)
    coming()(m006_moods)
    migrate(path, coming, VERSION + 2)


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    with Store.open(path) as store:
        store.history.save([begins()])
    before, whole = tables(path), path.read_bytes()
    with pytest.raises(StoreError, match=r"fails in the middle\. It is as it was"):
        later(path, fails=True)
    assert tables(path) == before
    assert path.read_bytes() == whole
    with Store.open(path) as store:
        assert [kept.id for kept in store.history.unfinished()] == [EVENING]


def test_an_older_file_is_brought_up_to_date_and_keeps_what_it_holds(path: Path) -> None:
    with Store.open(path) as store:
        store.history.save([begins()])
    later(path, fails=False)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT id, mood FROM occurrences").fetchall() == [(EVENING, None)]
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION + 2,)
    connection.close()
    later(path, fails=True)  # nothing is due any more


def test_partner_times_of_version_2_are_the_same_after_migration(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    before = Migrations("turntoward")
    before(name="m001_what_is_kept")(m001_what_is_kept)
    before(name="m002_phones")(m002_phones)
    migrate(path, before, 2)
    with sqlite3.connect(path) as connection:
        row = (1, "Dinner", "2026-11-23T18:30:00", 5_400_000_000, "Europe/Berlin", "FREQ=WEEKLY;BYDAY=MO")
        connection.execute("INSERT INTO partner_times VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.execute("INSERT INTO exceptions VALUES ('1@20261123T173000Z', 'stopped', 5000000, NULL)")
    connection.close()
    with Store.open(path) as store:
        (declared,) = store.plans.partner_times()
        assert declared == PartnerTime(
            number=1,
            title="Dinner",
            begins=datetime(2026, 11, 23, 18, 30),
            lasts=timedelta(minutes=90),
            zone="Europe/Berlin",
            recurrence="FREQ=WEEKLY;BYDAY=MO",
        )
        assert store.plans.ended_early().keys() == {"1@20261123T173000Z"}


def test_calendars_of_version_3_are_the_same_after_migration(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    before = Migrations("turntoward")
    before(name="m001_what_is_kept")(m001_what_is_kept)
    before(name="m002_phones")(m002_phones)
    before(name="m003_calendars")(m003_calendars)
    migrate(path, before, 3)
    with sqlite3.connect(path) as connection:
        row = (
            1,
            "Ours",
            "/home/me/ours.ics",
            "#us",
            None,
            0,
            1,
            1,
            0,
            '"one"',
            None,
            5_000_000,
            6_000_000,
            "it failed",
        )
        connection.execute("INSERT INTO calendars VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    with Store.open(path) as store:
        (kept,) = store.calendars.all()
        assert (kept.name, kept.location, kept.etag, kept.why) == ("Ours", "/home/me/ours.ics", '"one"', "it failed")
        assert (kept.subscribed, kept.auto_accepts, kept.problems) == (True, True, ())


def test_a_child_that_fails_says_why(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("a shopping list, and by no means a database")
    command = [sys.executable, "-m", "detector.store.migrate", str(path)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert child.stderr.startswith(f"The store cannot be read: {path} is damaged")
    assert path.read_text() == "a shopping list, and by no means a database"


def test_a_file_whose_migration_was_killed_can_be_opened_again(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as far as a migration comes before its transaction
    connection.close()
    with Store.open(path) as store:
        assert store.history.occurrences() == []


def test_a_copy_of_the_file_can_be_opened_elsewhere(path: Path, tmp_path: Path) -> None:
    with Store.open(path) as store:
        store.history.save([begins()])
    shutil.copy(path, tmp_path / "copy.sqlite")
    with Store.open(tmp_path / "copy.sqlite", read_only=True) as store:
        assert [kept.id for kept in store.history.occurrences()] == [EVENING]
    with Database(tmp_path / "copy.sqlite", execute_plugins=False) as copy:
        assert MIGRATIONS.pending(copy) == []
