"""`replay` and `try`: a recording through the same core, without a desktop."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import turntoward
from detector.core.observations import (
    Activity,
    Answered,
    CameBack,
    Focused,
    InputCounted,
    NotShown,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
    WentIdle,
)
from detector.errors import UserError
from detector.store.recordings import read_recording, write_recording

BEGAN = datetime(2026, 3, 2, 4, 5, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def evening() -> Iterator[Observation]:
    yield PartnerTimeBegan(at=at(0), occurrence="1@x", title="Dinner", ends=at(5400))
    for sense, sensor in (("focus", "x11_focus"), ("idle", "x11_idle"), ("input", "pynput_input")):
        yield SensorStarted(at=at(0), sense=sense, sensor=sensor)  # type: ignore[arg-type]
    yield Focused(at=at(1), activity=Activity(category="other"))
    yield WentIdle(at=at(31), since=at(1))
    yield CameBack(at=at(600))
    yield Focused(at=at(600), activity=Activity(category="social"))
    for second in range(601, 670):
        yield InputCounted(at=at(second - 0.5), scrolls=3)
        if second == 661:
            yield NotShown(at=at(second), nudge=1)
        if second == 664:
            yield Answered(at=at(second), nudge=1, answer="put_away")
    yield Focused(at=at(670), activity=Activity(category="other"))
    yield WentIdle(at=at(700), since=at(670))
    yield PartnerTimeEnded(at=at(5400))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "evening.jsonl"
    write_recording(path, evening())
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(turntoward, list(arguments))


@pytest.fixture(autouse=True)
def no_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)


def test_replay_shows_the_moments_of_a_recording(recording: Path) -> None:
    done = run("replay", str(recording))
    assert done.exit_code == 0
    assert re.search(r"social media +nudge +undelivered", done.output)
    assert "1 partner time" in done.output
    assert max(map(len, done.output.splitlines())) <= 80


def test_replay_as_json_has_the_evidence(recording: Path) -> None:
    read = json.loads(run("replay", str(recording), "--json").output)
    nudged = [moment for moment in read["moments"] if moment["decided"] == "nudged"]
    assert len(nudged) == 1
    assert nudged[0]["evidence"]["dwell"] == "1 min"
    assert nudged[0]["began"] == "2026-03-02T04:16:00+00:00"


def test_replay_changes_nothing_and_keeps_nothing(recording: Path, home: Path) -> None:
    run("replay", str(recording))
    assert not (home / ".local").exists()


def test_every_problem_of_a_recording_is_named(recording: Path) -> None:
    lines = recording.read_text().splitlines()
    lines[3] = lines[3].replace("SensorStarted", "SensorStrated")
    lines[7] = "{"
    recording.write_text("\n".join(lines))
    done = run("replay", str(recording))
    assert isinstance(done.exception, UserError)
    assert [problem.line for problem in done.exception.problems] == [4, 8]


def test_a_recording_without_partner_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    write_recording(path, [CameBack(at=at(0))])
    done = run("replay", str(path))
    assert isinstance(done.exception, UserError)
    assert "no partner time begins" in str(done.exception)


def test_try_plays_the_evening_through_notifiers_store_and_report(recording: Path, tmp_path: Path) -> None:
    done = run("try", "--recording", str(recording), "--keep", str(tmp_path / "kept"))
    assert done.exit_code == 0, done.output
    assert "18:30  Partner time begins; it is planned until 20:00." in done.output
    assert re.search(r"18:4\d  Social media, .*\n       → a nudge: ", done.output)
    assert "shown by print" in done.output
    assert "you answered: put it away" in done.output
    assert "put away within 30 s of the nudge" in done.output
    assert "20:00  Partner time is over." in done.output
    with closing(sqlite3.connect(tmp_path / "kept/turntoward.sqlite")) as connection:
        moments = connection.execute("SELECT decided, shown_by, answer, outcome FROM moments").fetchall()
        # The nudge is shown at its own instant, not when the next thing was observed.
        assert connection.execute(
            "SELECT count(*) FROM moments JOIN observations ON observations.at = moments.decided_at"
            " WHERE moments.decided = 'nudged' AND observations.kind = 'Shown'"
        ).fetchone() == (1,)
    # What was recorded as not shown is shown now, and the recorded answer stands.
    assert ("nudged", "print", "put_away", "put_away_30") in moments


def test_the_bundled_evening_has_nudges_and_comes_from_real_sensors() -> None:
    observations = list(read_recording(Path("detector/store/evening.jsonl")))
    sensors = {seen.sensor for seen in observations if isinstance(seen, SensorStarted)}
    assert {"x11_focus", "x11_idle", "pynput_input"} <= sensors
    done = run("try")
    assert done.exit_code == 0, done.output
    for words in ("→ a nudge: Scrolling in a feed", "put away within 30 s", "no nudge", "this is for both of us"):
        assert words in done.output
    assert "The same evening in `turntoward report`" in done.output


def test_run_or_try_without_a_screen_plays_the_bundled_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(variable, raising=False)
    done = run("run", "--offer", "--or-try")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("No graphical session here")
    assert "Partner time is over." in done.output


def test_try_leaves_nothing_behind(recording: Path, home: Path) -> None:
    assert run("try", "--recording", str(recording)).exit_code == 0
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_try_refuses_a_folder_with_a_store(recording: Path, tmp_path: Path) -> None:
    kept = tmp_path / "turntoward.sqlite"
    kept.write_text("mine")
    done = run("try", "--recording", str(recording), "--keep", str(tmp_path))
    assert isinstance(done.exception, UserError)
    assert kept.read_text() == "mine"


def test_try_and_replay_give_the_same_decisions(recording: Path, tmp_path: Path) -> None:
    run("try", "--recording", str(recording), "--keep", str(tmp_path / "kept"))
    with closing(sqlite3.connect(tmp_path / "kept/turntoward.sqlite")) as connection:
        tried = connection.execute("SELECT rule, decided FROM moments ORDER BY number").fetchall()
    replayed = json.loads(run("replay", str(recording), "--json").output)["moments"]
    assert tried == [(moment["rule"], moment["decided"]) for moment in replayed]
