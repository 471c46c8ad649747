"""What is written suits the terminal; words on the command line are read as people write them."""

from __future__ import annotations

import io
import json
import os
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

from detector.cli import main
from detector.cli.plan.week import draw_week
from tests.rig.command import run_command


@pytest.mark.parametrize(("columns", "widest"), [(40, 40), (57, 57), (30, 40), (0, 80)])
def test_what_is_written_suits_the_width_of_the_terminal_from_40_columns_on(
    columns: int, widest: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert (
        run_command(
            "add", "Dinner with Anna and Bert", "--every", "day", "--from", "18:30", "--for", "2h", "--yes"
        ).returncode
        == 0
    )
    monkeypatch.setattr(os, "get_terminal_size", lambda _file: os.terminal_size((columns, 24)))
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)
    for words in (["list"], ["list", "--week"], ["next", "3"], ["show", "1"], ["status"]):
        monkeypatch.setattr(sys, "argv", ["turntoward", *words])
        main()
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= widest, words


def test_a_week_is_drawn_narrower_where_the_terminal_is() -> None:
    monday, now = date(2026, 11, 23), datetime(2026, 11, 23, 12, tzinfo=UTC)
    for per_hour, width in ((3, 80), (2, 56), (1, 32)):
        head, today, *_ = draw_week([], monday, now, ZoneInfo("UTC"), per_hour=per_hour)
        assert (head.split(), today.index("|")) == (["00", "03", "06", "09", "12", "15", "18", "21"], 8 + 12 * per_hour)
        assert max(map(len, (head, today))) <= width


def test_titles_days_and_times_of_several_words_need_no_quotes(home: Path) -> None:
    done = run_command(*["add", "Date", "night", "--every", "friday", "--from", "8", "pm", "--to", "11", "pm", "--yes"])
    assert done.stdout.startswith("Date night: every Friday, 20:00–23:00.")
    assert run_command(*["show", "date", "night"]).stdout.startswith("Date night, number 1: every Friday")
    done = run_command(*["add", "--every", "mon", "--from", "21:15", "--to", "22:00", "--yes"], "Week planning")
    assert done.stdout.startswith("Week planning: every Monday, 21:15–22:00.")
    assert run_command(*["skip", "date", "night"]).stdout.startswith("Skipped, this once: Date night")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("now", "until 21:30"),
        ("now 45", "until 20:45"),
        ("now 2 hours", "until 22:00"),
        ("now for half an hour", "until 20:30"),
        ("now until 22:15", "until 22:15"),
        ("now until 9", "until 21:00"),
        ("now till midnight", "until 00:00"),
    ],
)
def test_now_takes_a_length_an_end_or_nothing(words: str, says: str, home: Path) -> None:
    with time_machine.travel(datetime(2026, 11, 30, 20, tzinfo=ZoneInfo("Europe/Berlin")), tick=False):
        done = run_command(*words.split(), env={"TZ": "Europe/Berlin"})
        assert done.stdout.startswith(f"Partner time is under way {says}.")
        more = run_command("extend", "30", env={"TZ": "Europe/Berlin"})
        assert "goes on until" in more.stdout


def test_what_is_deleted_is_never_guessed(home: Path) -> None:
    done = run_command("forget", "10")
    assert done.returncode == 2
    assert "'10' is not a length" in done.stderr


def test_report_on_looks_at_one_day_and_not_beyond_it(home: Path) -> None:
    with time_machine.travel(datetime(2026, 11, 30, 20, tzinfo=ZoneInfo("Europe/Berlin")), tick=False):
        parsed = json.loads(run_command("report", "--on", "friday", "--json", env={"TZ": "Europe/Berlin"}).stdout)
        assert (parsed["since"][:16], parsed["until"][:16]) == ("2026-11-27T00:00", "2026-11-28T00:00")
        both = run_command("report", "--on", "friday", "--since", "7d", env={"TZ": "Europe/Berlin"})
        assert both.returncode == 2


def test_at_a_terminal_a_span_with_two_readings_is_asked_back(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("detector.cli.output.is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\ny\n"))
    monkeypatch.setattr(sys, "argv", ["turntoward", "add", "Tea", "--every", "fri", "--from", "9:00", "--to", "4:00"])
    main()
    told = capsys.readouterr().out
    assert "From 09:00 to '4:00' would be 19 h." in told
    assert "Tea: every Friday, 09:00–16:00." in told
    assert "Declared as number 1." in told
