"""The commands of the day, through the real command line, on a real SQLite file: skip, cancel, and what they leave as it is."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from detector.control import requests
from detector.core.effects import Record
from detector.core.observations import PartnerTimeBegan
from detector.partner_time.model import PartnerTime
from detector.paths import store_path
from detector.store.store import Store
from tests.rig.command import run_command
from tests.rig.person import BERLIN, MONDAY_EVENING, NOT_RUNNING, Person

MINUTE = timedelta(minutes=1)
PATIENCE = 60
DINNER = PartnerTime(
    title="Dinner",
    begins=datetime.fromisoformat("2026-11-23T18:30"),
    lasts=90 * MINUTE,
    zone=BERLIN,
    recurrence="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    is_floating=True,
)


def test_skip_says_which_day_and_what_comes_next_and_undo_takes_it_back(person: Person) -> None:
    person.declare(DINNER)
    assert person.run("skip", "dinner").lines == [
        "Skipped, this once: Dinner, today 18:30–20:00.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        "`turntoward skip dinner --undo` takes that back.",
        NOT_RUNNING,
    ]
    assert person.run("skip", "1").lines[0] == "Skipped, this once: Dinner, tomorrow 18:30–20:00."
    assert person.run("skip", "--undo").lines == [
        "Dinner, tomorrow 18:30–20:00, takes place after all.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        NOT_RUNNING,
    ]
    assert person.run("skip", "Dinner", "--undo").lines[0] == "Dinner, today 18:30–20:00, takes place after all."
    refused = person.run("skip", "Dinner", "--undo")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines()[0] == "No Dinner to come is skipped or cancelled; nothing was changed."


def test_skip_ends_what_is_under_way_for_today(person: Person) -> None:
    person.declare(DINNER)
    person.at("19:00")
    assert person.run("skip").lines == [
        "Skipped, this once: Dinner, today 18:30–20:00.",
        "It was under way and ends now.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        NOT_RUNNING,
    ]


def test_skip_without_a_title_takes_the_next_occurrence(person: Person) -> None:
    person.declare(DINNER, replace(DINNER, title="Tea", begins=datetime.fromisoformat("2026-11-23T16:00")))
    assert person.run("skip").lines[0] == "Skipped, this once: Dinner, today 18:30–20:00."
    assert person.run("skip").lines[0] == "Skipped, this once: Tea, tomorrow 16:00–17:30."


@pytest.mark.parametrize("command", ["skip", "cancel"])
def test_errors_of_skip_are_sentences_and_change_nothing(person: Person, command: str) -> None:
    more = () if command == "skip" else ("--no-new-date", "--yes")
    nothing = person.run(command, *more)
    assert (nothing.code, nothing.err) == (2, "No partner time is declared; `turntoward add --help` shows how.\n")
    person.declare(DINNER, DINNER, replace(DINNER, title="Once", recurrence=None))
    before = person.stored()
    for words, sentence in [
        (("diner",), "No partner time has the number or title 'diner'."),
        (("dinner",), "2 partner times are called 'Dinner'."),
        (("9",), "No partner time has the number or title '9'."),
    ]:
        refused = person.run(command, *words, *more)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.startswith(sentence)
    person.at("12:00", day=24)
    refused = person.run(command, "once", *more)
    assert refused.err.splitlines()[0] == "Once does not come any more; nothing was changed."
    assert (refused.code, person.stored()) == (2, before)


def test_cancel_declares_a_new_date_of_the_same_length(person: Person) -> None:
    person.declare(replace(DINNER, do_not_disturb=True))
    assert person.run("cancel", "dinner", "--instead", "sun 11:00", "--yes").lines == [
        "Cancelled: Dinner, today 18:30–20:00.",
        "Instead: Dinner, Sunday 29 November 11:00–12:30. Declared as number 2.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        NOT_RUNNING,
    ]
    partner_times, _, _, (cancelled,), _ = person.stored()
    made = partner_times[1]
    assert (made.recurrence, made.lasts, made.instead_of) == (None, 90 * MINUTE, "1@20261123T183000")
    assert (made.is_floating, made.do_not_disturb, made.begins) == (
        True,
        True,
        datetime.fromisoformat("2026-11-29T11:00"),
    )
    assert (cancelled.occurrence, cancelled.instead, cancelled.begins) == (
        "1@20261123T183000",
        2,
        MONDAY_EVENING + 30 * MINUTE,
    )
    assert person.run("skip", "1", "--undo").lines == [
        "Dinner, today 18:30–20:00, takes place after all.",
        "Dinner, which was to replace it, is removed.",
        "Next: Dinner, today 18:30–20:00.",
        NOT_RUNNING,
    ]


def test_cancel_without_a_new_date_and_of_what_is_under_way(person: Person) -> None:
    person.declare(DINNER)
    person.at("19:00")
    assert person.run("cancel", "--no-new-date", "--yes").lines == [
        "Cancelled: Dinner, today 18:30–20:00.",
        "It was under way and ends now.",
        "Next: Dinner, tomorrow 18:30–20:00.",
        NOT_RUNNING,
    ]
    _, stopped, _, (cancelled,), _ = person.stored()
    assert (cancelled.instead, stopped) == (None, {"1@20261123T183000": MONDAY_EVENING + 60 * MINUTE})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--instead", "2026-11-22 11:00"), "is past"),
        (("--instead", "today 19:00"), "it lies within what you cancel, today 18:30–20:00"),
        (("--instead", "2026-02-30 11:00"), "there is no 30 February"),
        (("--instead", "2027-03-28 02:30"), "the clocks leave out 02:30"),
        (("--instead", "someday"), "no time of day"),
        (("--instead", "tomorrow 18:30"), "Dinner is at that time already, tomorrow 18:30–20:00"),
        (("--instead", "sun 11:00", "--no-new-date"), "Write either --instead or --no-new-date, not both"),
    ],
)
def test_cancel_with_an_impossible_new_date_is_an_error_and_cancels_nothing(
    person: Person, words: tuple[str, ...], sentence: str
) -> None:
    person.declare(DINNER)
    before = person.stored()
    refused = person.run("cancel", "dinner", *words, "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert sentence in " ".join(refused.err.split())
    assert person.stored() == before


def test_cancel_mentions_what_the_new_date_overlaps(person: Person) -> None:
    person.declare(DINNER)
    output = person.run("cancel", "dinner", "--instead", "tomorrow 17:30", "--yes")
    assert output.lines[2] == "It overlaps Dinner, tomorrow 18:30–20:00; what overlaps counts once."


def run(*words: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own; `typed`: by somebody who sits at a terminal."""
    command, env = [sys.executable, "-m", "detector.cli", *words], {**os.environ, "TZ": BERLIN}
    if typed is None:
        return run_command(*words, env={"TZ": BERLIN})
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            command, env=env, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as asking:
            os.write(ours, typed.encode())
            out, _ = asking.communicate(timeout=PATIENCE)
    finally:
        os.close(ours)
        os.close(theirs)
    return subprocess.CompletedProcess(command, asking.returncode, out, "")


def titles() -> list[str]:
    return [known["title"] for known in json.loads(run("list", "--json").stdout)["partner_times"]]


@pytest.fixture
def dinner() -> None:
    with Store.open(store_path()) as store:
        store.plans.add(replace(DINNER, recurrence="FREQ=DAILY"))


@pytest.mark.usefixtures("dinner")
@pytest.mark.parametrize(
    ("typed", "said", "made"),
    [
        ("tomorrow 11:00\ny\n", ["and have it tomorrow 11:00–12:30 instead?", "Declared as number 2."], 2),
        ("someday\ntomorrow 11:00\ny\n", ["no time of day", "Declared as number 2."], 2),
        ("tomorrow 11:00\nn\n", ["Nothing was cancelled."], 1),
        ("\ny\n", ["with no new date?", "Cancelled: Dinner"], 1),
    ],
    ids=["a date", "a slip, then a date", "no after all", "no date"],
)
def test_cancel_asks_for_a_new_date_on_a_terminal(typed: str, said: list[str], made: int) -> None:
    done = run("cancel", "dinner", typed=typed)
    assert done.returncode == 0, done.stdout
    assert "When instead? For example sun 11:00" in done.stdout
    for sentence in said:
        assert sentence in " ".join(done.stdout.split())
    assert len(titles()) == made


@pytest.mark.usefixtures("dinner")
def test_cancel_without_a_terminal_cancels_nothing() -> None:
    for words in ((), ("--instead", "tomorrow 11:00"), ("--no-new-date",)):
        refused = run("cancel", "dinner", *words)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("Nothing was cancelled. There is no terminal to ask on")
    with Store.open(store_path()) as store:
        assert store.plans.cancelled() == []


def test_after_an_edit_every_command_shows_what_is_under_way_as_it_began(person: Person) -> None:
    person.declare(DINNER)
    name, begins = "1@20261123T183000", MONDAY_EVENING + 30 * MINUTE
    ends = begins + 90 * MINUTE
    with Store.open(store_path()) as store:
        began = PartnerTimeBegan(at=begins, occurrence=name, title="Dinner", ends=ends)
        store.history.save([Record(occurrence=name, item=began)])
        person.at("18:45")
        now = datetime(2026, 11, 23, 17, 45, tzinfo=UTC)
        requests.edit(store, now, replace(DINNER, number=1, begins=datetime.fromisoformat("2026-11-23T06:00")))
    assert person.run("now", "10min").err.splitlines()[0] == "Dinner is under way until 20:00; nothing was changed."
    assert person.run("extend", "30min").lines == [
        "Dinner goes on until 20:30 instead of 20:00.",
        "Next: Dinner, tomorrow 06:00–07:30.",
        NOT_RUNNING,
    ]
    assert person.run("stop").lines == [
        "Dinner is over; it was planned until 20:30.",
        "Next: Dinner, tomorrow 06:00–07:30.",
        NOT_RUNNING,
    ]


@pytest.mark.parametrize("name", ["skip", "cancel"])
def test_help_has_an_example_and_imports_nothing_heavy(name: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "detector.cli", name, "--help"],
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert "Example: turntoward " + name in shown.stdout
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    heavy = {"sqlite3", "sqlite_utils", "dateutil", "apscheduler", "tzlocal", "asyncio", "zoneinfo", "detector.store"}
    assert not imported & heavy
