"""Phones in a real file: codes are single use under several who try at once, digests stay inside, old files come along."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlite_utils import Migrations

from detector.core.effects import Moment, Record, Use
from detector.core.observations import Activity, Focused, Gap, GapReason, PartnerTimeExtended, PickedUp, PutAway
from detector.devices import PAIRING_TIME, Phone, PhoneApiAddress
from detector.errors import StoreError
from detector.partner_time.model import PartnerTime
from detector.paths import store_path
from detector.store.database import Database
from detector.store.history import HistoryStore
from detector.store.migrate import migrate
from detector.store.migrations import m001_what_is_kept
from detector.store.model import FIRST_BACKFILLED
from detector.store.store import Store
from rules.model import FeatureKey
from tests.rig.stored_records import BEGAN, EVENING, after_minutes, begins, covered, moment, seen, use

ROOT = Path(__file__).parents[2]
CODE = "c0" * 32
CANARY = "de.canary.app"

CLAIM = """
import sys
from pathlib import Path
from detector.store.store import Store
from tests.rig.stored_records import after_minutes
with Store.open(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    claimed = store.phones.claim_code("c0" * 32, sys.argv[2], after_minutes(1))
    print(claimed and claimed.token)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from detector.devices import PhoneApiAddress, Phone
from detector.store.store import Store
with Store.open(Path(sys.argv[1])) as store:
    store.phones.save(Phone(name="my phone", token="70" * 32))
    store.phones.save_api_address(PhoneApiAddress(address="127.0.0.1", port=1, host="laptop"))
    store.phones.remove(1)
    store.phones.save(Phone(name="my phone", token="71" * 32))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turntoward" / "turntoward.sqlite"


def mine() -> Phone:
    return Phone(name="my phone", code=CODE, code_until=BEGAN + PAIRING_TIME)


def test_one_of_several_connections_gets_a_pairing_code(path: Path) -> None:
    for round_number in range(20):
        with Store.open(path) as one, Store.open(path) as other:
            number = one.phones.save(mine()).number
            assert number is not None
            barrier, found = Barrier(2), dict[str, Phone | None]()

            def claim(store: Store, token: str, barrier: Barrier = barrier, found: Any = found) -> None:
                barrier.wait()
                found[token] = store.phones.claim_code(CODE, token, after_minutes(1))

            racers = [Thread(target=claim, args=each) for each in ((one, "a" * 64), (other, "b" * 64))]
            for racer in racers:
                racer.start()
            for racer in racers:
                racer.join()
            (winner,) = [token for token, phone in found.items() if phone is not None]
            assert [phone.token for phone in one.phones.all()] == [winner], round_number
            one.phones.remove(number)


def test_one_of_several_processes_gets_a_pairing_code(path: Path) -> None:
    with Store.open(path) as store:
        store.phones.save(mine())
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(path), letter * 64],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for letter in "abc"
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    said = [child.communicate("go\n")[0].strip() for child in children]
    assert sorted(said)[:2] == ["None", "None"] or said.count("None") == 2
    (token,) = [each for each in said if each != "None"]
    with Store.open(path, read_only=True) as store:
        assert [phone.token for phone in store.phones.all()] == [token]


def test_a_kill_loses_no_paired_or_removed_phone(path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    assert child.returncode == -9
    with Store.open(path, read_only=True) as store:
        assert store.phones.all() == [Phone(number=2, name="my phone", token="71" * 32)]
        assert store.phones.api_address() == PhoneApiAddress(address="127.0.0.1", port=1, host="laptop")


def test_export_shows_phones_without_digests(path: Path) -> None:
    with Store.open(path) as store:
        store.phones.save(mine())
        store.phones.save(Phone(name="other", paired=after_minutes(2), token="70" * 32, shows_nudges=True))
        store.phones.save_api_address(PhoneApiAddress(address="192.168.1.7", port=8765, host="laptop.local"))
        store.history.save([begins()])
        store.history.count_unknown_app(EVENING, "my phone", CANARY, names=False, first=True)
        rows = list(store.export())
    assert [row for table, row in rows if table == "phones"] == [
        {
            "number": 1,
            "name": "my phone",
            "paired": None,
            "token": None,
            "code": "left out",
            "code_until": "2026-11-23T18:35:00Z",
            "adb": None,
            "shows_nudges": False,
        },
        {
            "number": 2,
            "name": "other",
            "paired": "2026-11-23T18:32:00Z",
            "token": "left out",
            "code": None,
            "code_until": None,
            "adb": None,
            "shows_nudges": True,
        },
    ]
    assert [row["app"] for table, row in rows if table == "unknown_apps"] == [""]
    assert {
        "key": "door",
        "value": {
            "address": "192.168.1.7",
            "port": 8765,
            "host": "laptop.local",
            "certificate": None,
            "key": None,
        },
    } in [row for table, row in rows if table == "state"]
    written = json.dumps(rows)
    assert CODE not in written
    assert "70" * 32 not in written


def test_export_writes_instants_of_phones_to_the_minute_and_never_dating(path: Path) -> None:
    phone, at = "my phone", after_minutes(3.77)
    opened = Focused(at=at, device=phone, activity=Activity(category="dating", name=CANARY), opened=True)
    gap = Gap(at=after_minutes(9.9), since=at, device=phone, reason=GapReason.SILENT, sense="focus")
    evidence = ((FeatureKey("category"), "dating"), (FeatureKey("dwell"), timedelta(seconds=90)))
    of_use, of_moment = use(FIRST_BACKFILLED + 226_200, 3.77, 5.2).item, moment(1, 3.77, 5.2, evidence=evidence).item
    assert isinstance(of_use, Use)
    assert isinstance(of_moment, Moment)
    with Store.open(path) as store:
        store.history.save(
            [
                *(begins(), seen(opened), seen(gap), covered(1, 0.5, 1.25)),
                Record(occurrence=EVENING, item=replace(of_use, device=phone, activity=opened.activity)),
                Record(occurrence=EVENING, item=replace(of_moment, device=phone, category="dating", name=CANARY)),
            ]
        )
        assert next(each for each in store.history.observations(EVENING) if each.device == phone).at == at
        rows = list(store.export())
    written = json.dumps([row for row in rows if row[1].get("device") == phone])
    assert "18:33:00" in written
    assert "226200" not in written
    assert not re.search(r"\d\d:\d\d:(?!00)\d\d|dating", written)
    assert CANARY not in written
    assert "18:30:30" in json.dumps(rows), "this laptop's own are exact"


def test_no_name_of_an_app_reaches_the_files_unless_names_are_kept(path: Path) -> None:
    with Store.open(path) as store:
        store.history.save([begins()])
        store.history.count_unknown_app(EVENING, "my phone", CANARY, names=False, first=True)
        files = [each.read_bytes() for each in path.parent.iterdir()]
        assert not any(CANARY.encode() in content for content in files)
        store.history.count_unknown_app(EVENING, "my phone", CANARY, names=True, first=True)
        files = [each.read_bytes() for each in path.parent.iterdir()]
        assert any(CANARY.encode() in content for content in files)
        store.forget_all(now=after_minutes(5))
        files = [each.read_bytes() for each in path.parent.iterdir()]
        assert not any(CANARY.encode() in content for content in files)


def old_file(path: Path) -> None:
    """Make a file of version 1, as the program of that version made it, with something in every table."""
    path.parent.mkdir(mode=0o700)
    path.touch(0o600)
    first = Migrations("turntoward")
    first(name="m001_what_is_kept")(m001_what_is_kept)
    migrate(path, first, 1)


def declare(path: Path) -> None:
    """Declare dinner, as the program of that version did."""
    with sqlite3.connect(path) as connection:
        row = (
            1,
            "Dinner",
            BEGAN.replace(tzinfo=None).isoformat(),
            (after_minutes(90) - BEGAN) // timedelta(microseconds=1),
            "UTC",
        )
        connection.execute("INSERT INTO partner_times (number, title, begins, lasts, zone) VALUES (?, ?, ?, ?, ?)", row)
    connection.close()


def fill(store: Store) -> None:
    store.plans.stop("1@x", after_minutes(30))
    store.plans.pause_until(after_minutes(60))
    store.history.save(
        [begins(), use(1, 5, None), covered(1, 0, 9), moment(1, 6, 7), seen(PickedUp(at=after_minutes(1)))]
    )


def everything(store: Store) -> list[Any]:
    return [
        store.plans.partner_times(),
        store.plans.ended_early(),
        store.plans.paused_until(),
        store.history.occurrences(),
        store.history.uses(),
        store.history.coverage(),
        store.history.moments(),
        list(store.history.observations(EVENING)),
    ]


def test_a_version_1_file_is_migrated_with_all_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_file(path)
    declare(path)
    same = Store.in_memory()
    same.plans.add(
        PartnerTime(title="Dinner", begins=BEGAN.replace(tzinfo=None), lasts=after_minutes(90) - BEGAN, zone="UTC")
    )
    fill(same)
    with monkeypatch.context() as old:
        old.setattr("detector.store.opening.migration_due", lambda *_: False)  # as its own program opened it
        with Store.open(path) as store:
            fill(store)
            with pytest.raises(StoreError):
                store.phones.all()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        assert not {"phones", "unknown_apps"} & tables
    connection.close()
    with Store.open(path, read_only=True) as store:
        assert everything(store) == everything(same)
        assert store.phones.all() == []
        assert store.history.observations_by_kind([PickedUp]) == [(EVENING, PickedUp(at=after_minutes(1)))]
    with Store.open(path) as store:
        store.history.save([seen(PartnerTimeExtended(at=after_minutes(80), ends=after_minutes(120)))])
        assert store.phones.save(mine()).number == 1
        assert [each.ends for each in store.history.unfinished()] == [after_minutes(120)]


def test_observations_of_phones_are_found_by_their_index(path: Path) -> None:
    plans: list[str] = []

    class Explaining:
        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def execute(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
            plans.extend(row[3] for row in self._connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))
            return self._connection.execute(sql, values)

    Store.open(path).close()
    connection = sqlite3.connect(path)
    explaining: Any = Explaining(connection)
    history = HistoryStore(Database(path, explaining))
    history.observations_by_kind([PickedUp, PutAway], after_minutes(0), after_minutes(90))
    history.observations_by_kind([PutAway])
    connection.close()
    assert [plan for plan in plans if " t " in f"{plan} "] == [
        plan for plan in plans if "idx_observations_signs" in plan
    ]
    assert sum("idx_observations_signs" in plan for plan in plans) == 2


def test_forget_all_counts_removed_phones_and_export_leaves_out_digests(path: Path) -> None:
    del path
    with Store.open(store_path()) as store:
        store.phones.save(Phone(name="my phone", token="70" * 32))
    turntoward = [sys.executable, "-m", "detector.cli"]
    exported = subprocess.run([*turntoward, "export"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ('"name": "my phone"' in exported, '"token": "left out"' in exported) == (True, True)
    assert "70" * 32 not in exported
    done = subprocess.run(
        [*turntoward, "forget", "--all", "--yes"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "Everything is forgotten (1 phone).",
        "The file is deleted. Your settings and rules stay.",
        "No phone is paired any more: what phones send is refused from now on.",
    ]
