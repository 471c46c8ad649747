"""`turntoward forget` and `turntoward export`, as a person runs them, on a real file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.control.lock import Lock
from detector.core.effects import Record, Use
from detector.core.observations import Activity, Focused, PartnerTimeBegan
from detector.partner_time.model import PartnerTime
from detector.paths import state_dir, store_path
from detector.store.recordings import write_recording
from detector.store.store import Store
from tests.rig.command import run_command
from tests.rig.stored_records import begins, covered, ends, moment, seen, use

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)


def turntoward(*arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, env={"COLUMNS": "80"}, stdin=answer)


@pytest.fixture
def evening() -> datetime:
    """Partner time that began half an hour ago and is under way, with a look before and one in the last minutes."""
    now = datetime.now(UTC)
    began = now - timedelta(minutes=30)
    name = "1@now"

    def looked(number: int, minutes_ago: int) -> list[Record]:
        at = now - timedelta(minutes=minutes_ago)
        activity = Activity(category="social")
        what = Use(number=number, device="laptop", activity=activity, began=at, ended=at + timedelta(minutes=1))
        return [seen(Focused(at=at, activity=activity), name), Record(occurrence=name, item=what)]

    opened = PartnerTimeBegan(at=began, occurrence=name, title="Dinner", ends=now + timedelta(hours=1))
    with Store.open(store_path()) as store:
        store.plans.add(
            PartnerTime(title="Dinner", begins=datetime(2026, 11, 23, 18, 30), lasts=timedelta(minutes=90), zone="UTC")
        )
        store.history.save([seen(opened, name), *looked(1, 20), *looked(2, 5)])
    return now


def uses() -> list[int]:
    with Store.open(store_path(), read_only=True) as store:
        return [kept.use.number for kept in store.history.uses()]


def failure(minutes_ago: float) -> Path:
    state_dir().mkdir(parents=True, exist_ok=True)
    path = state_dir() / f"failure-{minutes_ago}.jsonl"
    write_recording(path, [])
    at = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).timestamp()
    os.utime(path, (at, at))
    return path


class TestForget:
    def test_forget_deletes_the_last_minutes_only(self, evening: datetime) -> None:
        old, new = failure(60), failure(5)
        done = turntoward("forget", "15min")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            "Forgotten: the last 15 min (1 use, 1 observation, 1 recording of a failure).\n"
            "Nothing of it is left in the files.\n"
        )
        assert uses() == [1]
        assert (old.exists(), new.exists()) == (True, False)

    def test_a_length_may_be_written_in_several_words(self, evening: datetime) -> None:
        assert turntoward("forget", "1", "h", "30", "min").stdout.startswith("Forgotten: the last 1 h 30 min (")
        assert uses() == []

    def test_forget_wakes_the_daemon(self, evening: datetime) -> None:
        told: list[int] = []
        before = signal.signal(signal.SIGHUP, lambda number, _: told.append(number))
        try:
            with Lock():
                done = turntoward("forget", "15min")
        finally:
            signal.signal(signal.SIGHUP, before)
        assert "Partner time goes on: from now on observations are kept again.\n" in done.stdout
        assert told == [signal.SIGHUP]

    @pytest.mark.parametrize("arguments", [["15min"], ["--all"], ["--all", "--yes"]])
    def test_without_a_store_there_is_nothing_to_forget(self, arguments: list[str]) -> None:
        done = turntoward("forget", *arguments)
        assert done.returncode == 0
        assert "nothing to forget" in done.stdout
        assert not store_path().parent.exists()

    @pytest.mark.parametrize("arguments", [[], ["15min", "--all"], ["fortnight"], ["-5min"], ["0s"]])
    def test_an_unreadable_length_is_refused_and_nothing_is_deleted(
        self, evening: datetime, arguments: list[str]
    ) -> None:
        done = turntoward("forget", *arguments)
        assert done.returncode == 2
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr
        assert uses() == [1, 2]

    def test_forget_all_asks_before_it_deletes(self, evening: datetime) -> None:
        assert turntoward("forget", "--all", answer="n\n").returncode == 130
        assert turntoward("forget", "--all").returncode == 130
        assert uses() == [1, 2]
        recording = failure(60)
        done = turntoward("forget", "--all", answer="y\n")
        assert done.returncode == 0
        assert "It cannot be undone" in done.stdout
        assert "The file is deleted. Your settings and rules stay." in done.stdout
        assert list(store_path().parent.iterdir()) == []
        assert not recording.exists()

    def test_forget_all_empties_a_store_that_the_daemon_has_open(self, evening: datetime) -> None:
        with Store.open(store_path()) as daemon:
            done = turntoward("forget", "--all", "--yes")
            assert (done.returncode, done.stderr) == (0, "")
            assert "The file is emptied; it stays because the program has it open." in done.stdout
            assert daemon.history.occurrences() == []
            assert daemon.plans.partner_times() == []

    def test_forget_all_deletes_a_damaged_store(self) -> None:
        store_path().parent.mkdir(parents=True)
        store_path().write_text("this is no database " * 9)
        assert turntoward("forget", "15min").returncode == 1
        assert store_path().exists()
        assert turntoward("forget", "--all", "--yes").returncode == 0
        assert not store_path().exists()

    def test_help_has_an_example_and_fits(self) -> None:
        for name in ("forget", "export"):
            output = turntoward(name, "--help").stdout
            assert "Example: turntoward " + name in output
            assert max(len(line) for line in output.splitlines()) <= 80


class TestExport:
    @pytest.fixture(autouse=True)
    def kept(self) -> None:
        with Store.open(store_path()) as store:
            store.plans.add(
                PartnerTime(
                    title="Abendessen 🥘",
                    begins=datetime(2026, 11, 23, 18, 30),
                    lasts=timedelta(minutes=90),
                    zone="Europe/Berlin",
                )
            )
            store.plans.stop("1@x", NOW)
            store.plans.pause_until(NOW)
            looked = Focused(at=NOW, activity=Activity(category="social"))
            store.history.save([begins(), seen(looked), use(1, 5, 6), covered(1, 0, 9), moment(1, 5, 6), ends()])

    def test_json_export_is_one_document_with_iso_times(self) -> None:
        done = turntoward("export", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        document = json.loads(done.stdout)
        assert list(document) == [
            "turntoward",
            "version",
            "partner_times",
            "exceptions",
            "cancelled",
            "calendars",
            "proposals",
            "occurrences",
            "observations",
            "uses",
            "coverage",
            "moments",
            "unknown_apps",
            "phones",
            "state",
        ]
        assert document["partner_times"] == [
            {
                "number": 1,
                "title": "Abendessen 🥘",
                "begins": "2026-11-23T18:30:00",
                "lasts": "PT5400S",
                "zone": "Europe/Berlin",
                "recurrence": None,
                "floats": False,
                "without": [],
                "also": [],
                "moved": [],
                "as_rfc": False,
                "quiet": False,
                "instead_of": None,
                "proposal": None,
            }
        ]
        assert document["exceptions"][0]["at"] == "2026-11-23T19:00:00Z"
        assert document["occurrences"][0]["began"] == "2026-11-23T18:30:00Z"
        assert document["observations"][1] == {
            "occurrence": "1@20261123T183000Z",
            "at": "2026-11-23T19:00:00Z",
            "kind": "Focused",
            "device": "laptop",
            "activity": {"category": "social"},
        }
        assert document["uses"][0]["trusted"] is True
        assert document["moments"][0]["answered_at"] == "2026-11-23T18:35:06Z"
        assert document["moments"][0]["evidence"][:2] == [
            {"feature": "dwell", "scope": "device", "value": "PT70S"},
            {"feature": "uses", "span": "PT900S", "category": "social", "scope": "all", "value": 2},
        ]
        assert {"key": "paused_until", "value": "2026-11-23T19:00:00Z"} in document["state"]

    def test_export_without_json_writes_one_row_a_line(self) -> None:
        done = turntoward("export")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["table"] for row in rows].count("observations") == 3
        assert len(rows) == 11

    def test_export_writes_a_new_private_file(self, tmp_path: Path) -> None:
        target = tmp_path / "evenings.json"
        done = turntoward("export", "--json", "--output", str(target))
        assert done.returncode == 0
        assert done.stdout.startswith("Wrote 11 rows to ")
        assert target.stat().st_mode & 0o777 == 0o600
        assert json.loads(target.read_text())["turntoward"] == "export"
        target.write_text("precious")
        again = turntoward("export", "--json", "--output", str(target))
        assert again.returncode == 2
        assert "Nothing is overwritten" in again.stderr
        assert target.read_text() == "precious"

    @pytest.mark.parametrize("target", ["/nowhere/evenings.json", "/dev/full"])
    def test_export_names_a_file_that_cannot_be_written(self, target: str) -> None:
        done = turntoward("export", "--json", "--output", target)
        assert done.returncode == 2
        assert "cannot be written" in done.stderr

    def test_export_that_fails_leaves_no_file(self, tmp_path: Path) -> None:
        with Store.open(store_path()) as store:
            store._database._connection.execute("UPDATE observations SET fields = '[]' WHERE kind = 'Focused'")
        done = turntoward("export", "--output", str(tmp_path / "evenings.json"))
        assert done.returncode == 1
        assert "is damaged" in done.stderr
        assert not (tmp_path / "evenings.json").exists()

    def test_export_without_a_store_is_empty(self) -> None:
        assert turntoward("forget", "--all", "--yes").returncode == 0
        done = turntoward("export", "--json")
        assert done.returncode == 0
        assert "Nothing is kept yet" in done.stderr
        document = json.loads(done.stdout)
        assert document["moments"] == []
