"""add asks, edit, show, next and list --week, through the real command line, on a real SQLite file."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.core.effects import Record
from detector.core.observations import PartnerTimeBegan
from detector.partner_time.model import PartnerTime
from detector.paths import store_path
from detector.store.model import Calendar, Proposal
from detector.store.store import Store
from tests.rig.person import NOT_RUNNING, Person

DINNER = ("add", "Dinner", "--every", "weekday", "--from", "18:30", "--to", "20:00")
PATIENCE = 60


def declared() -> list[PartnerTime]:
    with Store.open(store_path()) as store:
        return store.plans.partner_times()


def test_add_without_a_terminal_shows_what_was_understood_and_keeps_nothing(person: Person, home: Path) -> None:
    refused = person.run(*DINNER)
    assert refused.code == 2
    assert refused.lines == [
        "Dinner: Monday to Friday, 18:30–20:00.",
        "     today 18:30–20:00",
        "     tomorrow 18:30–20:00",
        "     Wednesday 25 November 18:30–20:00",
    ]
    assert refused.err == "Nothing was declared. There is no terminal to ask on.\n  Add --yes to declare it.\n"
    assert not (home / ".local").exists()


def asked(answer: str, *words: str) -> str:
    """Return what is said to somebody at a terminal who answers so."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "detector.cli", *words],
        env={**os.environ, "TZ": "Europe/Berlin"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        os.write(ours, f"{answer}\n".encode())
        out, _ = running.communicate(timeout=PATIENCE)
    os.close(ours)
    os.close(theirs)
    return str(out)


def test_add_and_edit_ask_first_on_a_terminal() -> None:
    out = asked("n", *DINNER)
    assert out.index("Monday to Friday, 18:30–20:00.") < out.index("Declare it? [Y/n]: ")
    assert out.endswith("Nothing was declared.\n")
    assert not store_path().exists()
    assert "Declared as number 1." in asked("", *DINNER)
    before = declared()
    assert asked("n", "edit", "dinner", "--from", "19:00").endswith("Change it? [Y/n]: Nothing was changed.\n")
    assert declared() == before
    assert "Changed; it stays number 1." in asked("y", "edit", "dinner", "--from", "19:00")
    assert [known.begins.hour for known in declared()] == [19]


def test_a_mistake_in_one_of_many_arguments_keeps_nothing(person: Person, home: Path) -> None:
    refused = person.run(*DINNER, "--until", "2026-02-30", "--except", "friyay", "--yes")
    assert (refused.code, refused.out) == (2, "")
    assert [line.partition(":")[0] for line in refused.err.splitlines() if line.startswith("--")] == [
        "--until",
        "--except",
    ]
    assert not (home / ".local").exists()


def test_add_says_that_is_all_only_where_the_recurrence_ends(person: Person) -> None:
    twice = person.run("add", "Tea", "--every", "fri", "--from", "19", "--to", "20", "--until", "4 dec", "--yes")
    assert twice.lines[1:4] == [
        "     Friday 27 November 19:00–20:00",
        "     Friday 4 December 19:00–20:00",
        "     and that is all",
    ]
    seldom = ("--every", "FREQ=YEARLY;INTERVAL=40;BYMONTH=5;BYMONTHDAY=2", "--from", "19", "--to", "20", "--yes")
    assert person.run("add", "Seldom", *seldom).lines[:4] == [
        "Seldom: every 40 years on 2 May, 19:00–20:00, from 2 May 2027.",
        "     Sunday 2 May 2027 19:00–20:00",
        "     Monday 2 May 2067 19:00–20:00",
        "Declared as number 2.",
    ]


def test_add_mentions_overlaps_and_accepts_them(person: Person) -> None:
    person.run(*DINNER, "--yes")
    out = person.run("add", "Tea", "--every", "tue", "--from", "19", "--to", "20", "--yes").out
    assert "It overlaps Dinner (number 1), first tomorrow 19:00–20:00." in out
    assert "Declared as number 2." in out
    for number in range(3, 6):
        person.run("add", f"Tea {number}", "--every", "tue", "--from", "19", "--to", "20", "--yes")
    many = person.run("add", "Tea", "--on", "tomorrow", "--from", "19", "--to", "20", "--yes").out
    assert many.count("It overlaps") == 4
    assert "It overlaps 2 more." in many


def test_edit_changes_what_is_named_and_shows_before_and_after(person: Person) -> None:
    person.run(*DINNER, "--yes")
    edited = person.run("edit", "dinner", "--from", "19:00", "--title", "Supper", "--yes")
    assert edited.lines == [
        "Until now:",
        "Dinner: Monday to Friday, 18:30–20:00.",
        "     today 18:30–20:00",
        "     tomorrow 18:30–20:00",
        "     Wednesday 25 November 18:30–20:00",
        "From now on:",
        "Supper: Monday to Friday, 19:00–20:30.",
        "     today 19:00–20:30",
        "     tomorrow 19:00–20:30",
        "     Wednesday 25 November 19:00–20:30",
        "Changed; it stays number 1.",
        "Next: Supper, today 19:00–20:30.",
        NOT_RUNNING,
    ]
    refused = person.run("edit", "supper", "--to", "21:00")
    assert (refused.code, refused.err) == (
        2,
        "Nothing was changed. There is no terminal to ask on.\n  Add --yes to change it.\n",
    )
    assert person.run("edit", "supper", "--title", "Supper").lines == [
        "That is how it is already; nothing was changed."
    ]
    nothing = person.run("edit", "supper")
    assert (nothing.code, nothing.err.splitlines()[0]) == (2, "It does not say what is to change.")
    assert person.run("edit", "super", "--to", "21:00", "--yes").err.endswith("Did you mean 'Supper'?\n")
    wrong = person.run("edit", "supper", "--every", "0 days", "--until", "30 feb", "--yes")
    assert (wrong.code, wrong.err.count("  write")) == (2, 2)
    assert [known.lasts for known in declared()] == [timedelta(minutes=90)]


def test_edit_keeps_skips_on_their_day_and_names_those_it_forgets(person: Person) -> None:
    person.run(*DINNER, "--yes")
    person.at("21:00")
    person.run("skip", "dinner")
    edited = person.run("edit", "dinner", "--from", "19:30", "--yes")
    assert edited.lines[6:8] == [
        "Dinner: Monday to Friday, 19:30–21:00.",
        "     Wednesday 25 November 19:30–21:00",
    ]
    assert person.run("list").lines[1:3] == [
        "   - tomorrow 19:30–21:00, skipped",
        "     Wednesday 25 November 19:30–21:00",
    ]
    lost = person.run("edit", "dinner", "--every", "fri", "--yes")
    assert "Tomorrow 19:30–21:00 was skipped or cancelled; it is on no such day any more," in lost.out


def test_edit_leaves_what_is_under_way_as_it_began(person: Person) -> None:
    person.run(*DINNER, "--yes")
    person.at("18:45")
    with Store.open(store_path()) as store:
        began = PartnerTimeBegan(
            at=datetime(2026, 11, 23, 17, 30, tzinfo=UTC),
            occurrence="1@20261123T183000",
            title="Dinner",
            ends=datetime(2026, 11, 23, 19, tzinfo=UTC),
        )
        store.history.save([Record(occurrence=began.occurrence, item=began)])
    edited = person.run("edit", "dinner", "--from", "19:00", "--to", "22:00", "--yes")
    assert "What is under way goes on as it began, until 20:00." in edited.out
    assert person.run("list").lines[1] == "   > under way until 20:00"
    assert person.run("next").lines == ["Dinner, today 18:30–20:00, under way until 20:00."]


def test_edit_detaches_partner_time_from_its_calendar(person: Person) -> None:
    person.run(*DINNER, "--yes")
    with Store.open(store_path()) as store:
        calendar = store.calendars.save(Calendar(name="us", location="/tmp/us.ics"))
        (dinner,) = store.plans.partner_times()
        assert calendar.number is not None
        proposal = store.calendars.save_proposal(
            Proposal(calendar=calendar.number, uid="a", partner_time=dinner, decided="accepted", accepted_as=1)
        )
        store.plans.change(replace(dinner, proposal=proposal.number), {})
    assert "It came from the calendar us, and follows it." in person.run("show", "dinner").lines
    person.run("edit", "dinner", "--quiet", "--yes")
    assert "It came from the calendar us, and follows it." in person.run("show", "dinner").lines
    edited = person.run("edit", "dinner", "--to", "21:00", "--yes")
    assert "It came from a calendar, and does not follow that any more." in edited.lines
    assert "calendar" not in person.run("show", "dinner").out
    with Store.open(store_path()) as store:
        (proposal,) = store.calendars.proposals()
        assert (proposal.decided, proposal.accepted_as) == ("declined", None)
        assert [known.do_not_disturb for known in store.plans.partner_times()] == [True]


def test_show_lists_everything_about_one_partner_time(person: Person) -> None:
    person.run(
        "add", "Dinner", "--every", "fri", "--from", "20", "--to", "22", "--except", "11 dec", "--quiet", "--yes"
    )
    person.run("skip", "dinner")
    person.run("cancel", "dinner", "--instead", "sun 11:00", "--yes")
    assert person.run("show", "1").lines == [
        "Dinner, number 1: every Friday, 20:00–22:00, except 11 December.",
        "It goes by the clock where you are, now Europe/Berlin.",
        "The desktop is to keep quiet in it.",
        "Next:",
        "   - Friday 27 November 20:00–22:00, skipped",
        "   - Friday 4 December 20:00–22:00, cancelled; instead Sunday 29 November",
        "     11:00–13:00 (number 2)",
        "     Friday 18 December 20:00–22:00",
        "     Friday 25 December 20:00–22:00",
        "     Friday 1 January 2027 20:00–22:00",
        "     Friday 8 January 2027 20:00–22:00",
        "     Friday 15 January 2027 20:00–22:00",
        "   - Friday 11 December, excepted",
    ]
    assert "It replaces Dinner of Friday 4 December, which was cancelled." in person.run("show", "2").lines
    shown = json.loads(person.run("show", "dinner", "--json").out)
    assert (shown["number"], shown["quiet"], shown["excepted"]) == (1, True, ["2026-12-11T20:00:00"])
    assert [(each["skipped"], each["cancelled"], each["instead"]) for each in shown["next"][:3]] == [
        (True, False, None),
        (True, True, 2),
        (False, False, None),
    ]
    assert person.run("show", "supper").code == 2


def test_next_says_when_and_how_long_until_then(person: Person) -> None:
    assert person.run("next").lines == ["No partner time is declared; `turntoward add --help` shows how."]
    person.run(*DINNER, "--yes")
    person.run("add", "Eve", "--every", "24 dec", "--from", "16", "--to", "20", "--zone", "Asia/Tokyo", "--yes")
    assert person.run("next").lines == ["Dinner, today 18:30–20:00, in 30 min."]
    person.at("18:30")
    person.run("skip", "dinner")
    person.at("20:30")
    assert person.run("next", "2").lines == [
        "Dinner, tomorrow 18:30–20:00, in 22 h.",
        "Dinner, Wednesday 25 November 18:30–20:00, in 1 day 22 h.",
    ]
    assert "Eve, Thursday 24 December 08:00–12:00, in 30 days." in person.run("next", "40").lines
    following = json.loads(person.run("next", "--json").out)["next"]
    assert [(each["title"], each["begins_in_seconds"], each["under_way"]) for each in following] == [
        ("Dinner", 79200, False)
    ]
    person.at("19:00", day=24)
    assert person.run("next").lines == ["Dinner, today 18:30–20:00, under way until 20:00."]
    assert person.run("next", "0").code == 2


def test_list_week_draws_and_lists_a_week(person: Person) -> None:
    person.run(*DINNER, "--yes")
    person.run("add", "Night", "--every", "fri", "--from", "21", "--to", "9", "--yes")
    person.run("skip", "night")
    lines = person.run("list", "--week").lines
    assert lines[0] == "Monday 23 November 2026 to Sunday 29 November 2026, Europe/Berlin"
    assert lines[3].startswith(">Mon 23 ")
    assert lines[7].endswith(".[=1=]   [---2--->")
    assert lines[8].startswith(" Sat 28 <------------2------------]")
    assert " Fri 27  21:00–09:00 the next day  Night (2), skipped" in lines
    assert lines[-1] == " | is now, 18:00; > is today."
    later = person.run("list", "--week", "2 jan 2027").lines
    assert later[0] == "Monday 28 December 2026 to Sunday 3 January 2027, Europe/Berlin"
    assert not any("|" in line or line.startswith(">") for line in later)
    # What begins on the Sunday before and goes on into the week is drawn, too.
    person.run("add", "Late", "--every", "sun", "--from", "23", "--to", "1", "--yes")
    assert person.run("list", "--week", "2026-12-07").lines[3].startswith(" Mon  7 <3]")
    week = json.loads(person.run("list", "--week", "tomorrow", "--json").out)
    assert (week["first_day"], week["zone"]) == ("2026-11-23", "Europe/Berlin")
    assert [each["skipped"] for each in week["occurrences"] if each["title"] == "Night"] == [True]
    refused = person.run("list", "--week", "30 feb")
    assert (refused.code, refused.err.partition(":")[0]) == (2, "--week")


def test_list_week_uses_the_readers_zone(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.run(*DINNER, "--zone", "Europe/Berlin", "--yes")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    lines = person.run("list", "--week").lines
    assert lines[0].endswith("Pacific/Auckland")
    # 18:30 in Berlin is 06:30 the next morning in Auckland, from Tuesday to Saturday.
    drawn = [bool(re.search(r"\[=1=\]", line)) for line in lines[3:10]]
    assert drawn == [False, True, True, True, True, True, False]


def test_list_week_draws_an_empty_week(person: Person) -> None:
    lines = person.run("list", "--week").lines
    assert " Nothing is declared for this week." in lines
    assert sum(bool(re.match(r"^[ >](Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", line)) for line in lines) == 7
