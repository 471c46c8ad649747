"""The commands of partner time, through the real command line, on a real SQLite file."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.command import run_command
from tests.rig.person import NOT_RUNNING, Person

DINNER = ("add", "Dinner", "--every", "mon-fri", "--from", "18:30", "--to", "20:00", "--yes")
TIMEOUT = 60


def test_an_evening_from_the_declaration_to_the_end(person: Person) -> None:
    added = person.run(*DINNER)
    assert added.code == 0
    assert added.lines == [
        "Dinner: Monday to Friday, 18:30–20:00.",
        "     today 18:30–20:00",
        "     tomorrow 18:30–20:00",
        "     Wednesday 25 November 18:30–20:00",
        "Declared as number 1.",
        "`turntoward quiet-week start` begins with seven quiet evenings, if you like.",
        NOT_RUNNING,
    ]
    assert person.run("list").lines == [
        "  1  Dinner: Monday to Friday, 18:30–20:00",
        "     today 18:30–20:00",
        "     tomorrow 18:30–20:00",
        "     Wednesday 25 November 18:30–20:00",
    ]
    person.at("18:30")
    assert person.run("list").lines[1] == "   > under way until 20:00"
    person.at("19:10")
    assert person.run("stop").lines == [
        "Dinner is over; it was planned until 20:00.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        NOT_RUNNING,
    ]
    assert person.run("list").lines[1] == "     tomorrow 18:30–20:00"
    person.at("18:30", day=24)
    assert person.run("list").lines[1] == "   > under way until 20:00"


def test_now_starts_partner_time_says_until_when_and_ends_by_itself(person: Person) -> None:
    assert person.run("now", "90min").lines == ["Partner time is under way until 19:30.", NOT_RUNNING]
    person.at("19:29:59")
    assert person.run("list").lines == ["  1  Partner time: today 18:00–19:30", "   > under way until 19:30"]
    person.at("19:30")
    assert person.run("list").lines == [
        "No partner time is declared; `turntoward add --help` shows how.",
        "1 that is over: `turntoward list --all`.",
    ]
    assert person.run("list", "--all").lines == [
        "  1  Partner time: today 18:00–19:30",
        "     is over and does not return",
    ]


def test_now_while_partner_time_is_under_way_is_an_error_with_a_hint(person: Person) -> None:
    person.run("now", "90min", "--title", "Tea")
    refused = person.run("now", "10min")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines() == [
        "Tea is under way until 19:30; nothing was changed.",
        "  `turntoward extend` makes it longer; `turntoward stop` ends it.",
    ]
    assert len(json.loads(person.run("list", "--json").out)["partner_times"]) == 1
    person.run("stop")
    assert person.run("now", "10min").lines[0] == "Partner time is under way until 18:10."


def test_an_overlapping_partner_time_follows_and_stop_ends_all(person: Person) -> None:
    person.run(*DINNER)
    assert person.run("now", "1h").lines == [
        "Partner time is under way until 19:00.",
        "Dinner goes on from there until 20:00.",
        NOT_RUNNING,
    ]
    person.at("18:45")
    assert person.run("stop").lines == [
        "Partner time is over; it was planned until 19:00.",
        "Dinner is over; it was planned until 20:00.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        NOT_RUNNING,
    ]
    assert person.run("stop").lines == [
        "No partner time is under way; there is nothing to stop.",
        "Next: Dinner, tomorrow 18:30–20:00.",
    ]


def test_extend_says_until_when(person: Person) -> None:
    person.run(*DINNER)
    person.at("19:50")
    assert person.run("extend", "30min").lines == [
        "Dinner goes on until 20:30 instead of 20:00.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        NOT_RUNNING,
    ]
    person.at("20:10")
    assert person.run("list").lines[1:3] == ["   > under way until 20:30", "     tomorrow 18:30–20:00"]
    (row,) = json.loads(person.run("list", "--json").out)["partner_times"]
    assert (row["next"][0]["ends"], row["next"][0]["under_way"]) == ("2026-11-23T19:30:00+00:00", True)
    assert person.run("extend", "1h30min").lines[0] == "Dinner goes on until 22:00 instead of 20:30."
    person.at("21:00")
    assert person.run("stop").lines[0] == "Dinner is over; it was planned until 22:00."
    refused = person.run("extend", "10min")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines() == [
        "No partner time is under way; nothing was changed.",
        "  `turntoward now 30min` begins one.",
    ]
    person.at("18:30", day=24)
    assert person.run("list").lines[1] == "   > under way until 20:00"


def test_extending_one_of_two_that_overlap_delays_the_other(person: Person) -> None:
    person.run(*DINNER)
    person.run("now", "1h", "--title", "Tea")
    assert person.run("extend", "15min").lines[:2] == [
        "Tea goes on until 19:15 instead of 19:00.",
        "Dinner goes on from there until 20:00.",
    ]
    assert person.run("extend", "2h").lines[:2] == [
        "Tea goes on until 21:15 instead of 19:15.",
        "Next: Dinner, tomorrow 18:30–20:00.",
    ]


def test_extend_stops_at_24_h(person: Person) -> None:
    person.run("now", "20h", "--title", "Sunday")
    assert " ".join(person.run("extend", "5h").lines).startswith(
        "Sunday goes on until tomorrow 18:00 instead of tomorrow 14:00; 24 h are the longest."
    )
    refused = person.run("extend", "1min")
    assert (refused.code, refused.err.splitlines()) == (
        2,
        [
            "Sunday is under way until tomorrow 18:00; nothing was changed.",
            "  Partner time lasts 24 h at the longest.",
        ],
    )
    assert person.run("extend", "soon").err.startswith("LENGTH:1: 'soon' is not a length")
    assert person.run("extend", "25h").code == 2


def test_extend_in_a_pause_says_that_nothing_is_sensed(person: Person) -> None:
    person.run("now", "1h")
    person.run("pause", "30min")
    assert "You paused until 18:30" in person.run("extend", "5min").out


def test_add_of_partner_time_that_is_under_way_starts_it_now(person: Person) -> None:
    person.at("19:00")
    assert person.run(*DINNER).lines[5] == "Dinner is under way until 20:00."
    later = person.run("add", "Walk", "--every", "mon", "--from", "18.45", "--for", "3h", "--yes")
    assert later.lines[:10] == [
        "Walk: every Monday, 18:45–21:45.",
        "     today 18:45–21:45",
        "     Monday 30 November 18:45–21:45",
        "     Monday 7 December 18:45–21:45",
        "It overlaps Dinner (number 1), first today 18:45–21:45.",
        "Where two overlap, the one that begins first goes on until its end, and then",
        "the other.",
        "Declared as number 2.",
        "Dinner is under way until 20:00.",
        "Walk follows it, until 21:45.",
    ]
    other = person.run("add", "Brunch", "--every", "sun", "--from", "10am", "--to", "noon", "--yes")
    assert other.lines[1] == "     Sunday 29 November 10:00–12:00"


def test_pause_says_until_when_and_resume_ends_it(person: Person) -> None:
    person.run(*DINNER)
    paused = person.run("pause", "45min")
    assert " ".join(paused.lines) == (
        "Paused until 18:45: nothing is sensed or kept; then it goes on by itself. "
        f"`turntoward resume` ends the pause sooner. Next: Dinner, today 18:30–20:00. {NOT_RUNNING}"
    )
    assert person.run("list").lines[-1] == "You paused until 18:45; `turntoward resume` ends the pause."
    assert person.run("pause", "2h").lines[0].startswith("Paused until 20:00:")
    assert person.run("resume").lines[0] == "The pause is over."
    assert person.run("resume").lines[0] == "There is no pause to end."
    person.run("pause", "45min")
    person.at("18:45")
    assert person.run("resume").lines[0] == "There is no pause to end."
    refused = person.run("pause", "25h")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "LENGTH: a pause lasts at most 24 h, not 25 h")
    assert person.run("pause", "soon").code == 2


def test_remove_by_number_or_title(person: Person) -> None:
    person.run(*DINNER)
    person.run(*DINNER)
    person.run("now", "1h")
    refused = person.run("remove", "dinner", "--yes")
    assert refused.code == 2
    assert "Name one by its number: 1, 2." in refused.err
    assert person.run("remove", "Diner", "--yes").err.endswith("Did you mean 'Dinner'?\n")
    assert person.run("remove", "9", "--yes").code == 2
    nobody = person.run("remove", "1")
    assert (nobody.code, nobody.err.splitlines()[0]) == (
        2,
        "Nothing was removed. There is no terminal to ask on.",
    )
    assert person.run("remove", "1", "--yes").lines[0] == "Removed: Dinner: Monday to Friday, 18:30–20:00."
    assert person.run("remove", "partner TIME", "--yes").lines[1] == "It was under way and ends now."
    left = json.loads(person.run("list", "--json").out)["partner_times"]
    assert [row["number"] for row in left] == [2]


def test_add_reports_all_problems_at_once_and_keeps_nothing(person: Person, home: Path) -> None:
    refused = person.run("add", "x" * 81, "--every", "mon-fry", "--from", "6:30", "--zone", "Berlin")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "TITLE: a title has at most 80 characters, this one 81\n"
        "--every:5: 'fry' is not a day\n    mon-fry\n        ^^^\n  did you mean fri?\n"
        "--to: is missing\n  write for example --to 20:00\n"
        "--zone:1: there is no zone 'Berlin'\n    Berlin\n    ^^^^^^\n  did you mean Europe/Berlin?\n"
    )
    twice = person.run("now", "forever", "--title", "")
    assert (twice.code, twice.err.count("LENGTH"), twice.err.count("--title")) == (2, 1, 1)
    assert not (home / ".local").exists()


def test_list_json_and_reading_commands_make_no_file(person: Person, home: Path) -> None:
    assert json.loads(person.run("list", "--json").out)["partner_times"] == []
    assert not (home / ".local").exists()
    person.run(*DINNER)
    (row,) = json.loads(person.run("list", "--json").out)["partner_times"]
    assert row["words"] == "Dinner: Monday to Friday, 18:30–20:00"
    assert (row["zone"], row["recurrence"]) == ("Europe/Berlin", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
    assert row["next"][0] == {
        "id": "1@20261123T183000",
        "begins": "2026-11-23T17:30:00+00:00",
        "ends": "2026-11-23T19:00:00+00:00",
        "under_way": False,
        "skipped": False,
    }


def test_list_names_another_zone_and_shows_next_times_in_the_readers_zone(person: Person) -> None:
    output = person.run(*DINNER, "--zone", "america/new_york")
    assert output.lines[0] == "Dinner: Monday to Friday, 18:30–20:00, America/New_York."
    assert person.run("list").lines[1] == "     tomorrow 00:30–02:00"


def test_long_titles_and_sentences_are_wrapped_at_80_columns(person: Person) -> None:
    person.run(
        "add", "w" * 80, "--every", "mon,wed,fri", "--from", "22", "--to", "4", "--zone", "Asia/Kolkata", "--yes"
    )
    person.run("add", "many words " * 7, "--every", "daily", "--from", "22", "--to", "21 the next day", "--yes")
    assert "22:00–21:00 the next day" in " ".join(person.run("list").out.split())


@pytest.mark.parametrize(("zone", "said"), [("America/New_York", "06:30"), (":Asia/Kolkata", "17:00"), ("", None)])
def test_the_system_zone_is_read_from_the_environment_first(
    person: Person, monkeypatch: pytest.MonkeyPatch, zone: str, said: str | None
) -> None:
    monkeypatch.setenv("TZ", zone)
    person.at("12:30")
    answer = person.run("now", "1min", "--title", "Tea").lines[0]
    assert answer.startswith("Tea is under way until ")
    if said:
        hour, minute = said.split(":")
        assert answer.endswith(f"{hour}:{int(minute) + 1:02}.")


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    if not more:
        return run_command(*words, env={"TZ": "Europe/Berlin"})
    return subprocess.run(
        [sys.executable, "-m", "detector.cli", *words],
        env={**os.environ, "TZ": "Europe/Berlin", **more},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def test_a_change_wakes_the_daemon_that_runs() -> None:
    """A stand-in holds the daemon's real lock in a process of its own, and says what reached it."""
    stand_in = (
        "import signal\n"
        "from detector.control.lock import Lock\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})\n"
        "with Lock():\n"
        "    print('ready', flush=True)\n"
        "    while True:\n"
        "        print(signal.sigwait({signal.SIGHUP}).name, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", stand_in], stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        try:
            assert daemon.stdout.readline() == "ready\n"
            for words in (
                ("now", "30min"),
                ("extend", "5min"),
                ("pause", "5min"),
                ("resume",),
                ("stop",),
                DINNER,
                ("remove", "2", "--yes"),
            ):
                changed = run(*words)
                assert (changed.returncode, changed.stderr) == (0, "")
                assert NOT_RUNNING not in changed.stdout
                assert daemon.stdout.readline() == "SIGHUP\n"
            for words in (("list",), ("stop",), ("resume",)):
                assert run(*words).returncode == 0
            assert not select.select([daemon.stdout], [], [], 0)[0]
        finally:
            daemon.kill()


@pytest.mark.parametrize(("answer", "said", "left"), [("n", "Nothing was removed.", 1), ("y", "Removed: Dinner", 0)])
def test_remove_asks_first_on_a_terminal(answer: str, said: str, left: int) -> None:
    run(*DINNER)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "detector.cli", "remove", "1"],
        env={**os.environ, "TZ": "Europe/Berlin"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as removing:
        os.write(ours, f"{answer}\n".encode())
        out, _ = removing.communicate(timeout=TIMEOUT)
    os.close(ours)
    os.close(theirs)
    assert "Remove number 1, Dinner: Monday to Friday, 18:30–20:00?" in out
    assert said in out
    assert len(json.loads(run("list", "--json").stdout)["partner_times"]) == left


@pytest.mark.parametrize(
    "name", ["now", "add", "edit", "show", "next", "list", "remove", "extend", "stop", "pause", "resume"]
)
def test_help_has_an_example_and_imports_nothing_heavy(name: str) -> None:
    shown = run(name, "--help", PYTHONPROFILEIMPORTTIME="1")
    assert shown.returncode == 0
    assert "Example: turntoward " + name in shown.stdout
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "click" in imported
    heavy = {"sqlite3", "sqlite_utils", "dateutil", "apscheduler", "tzlocal", "asyncio", "zoneinfo", "detector.store"}
    assert not imported & heavy


def test_listing_imports_neither_sqlite_utils_nor_asyncio(person: Person) -> None:
    person.run(*DINNER)
    shown = run("list", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "detector.partner_time.recurrence" in imported
    assert not imported & {"sqlite_utils", "asyncio", "apscheduler", "dbus_fast", "psutil", "dateutil.rrule"}
