"""The commands of calendars, on a real store: import, export, proposals, accept, decline, list, remove."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from click.testing import CliRunner

from detector.cli import turntoward
from detector.cli.calendar import progress as calendar_progress
from detector.partner_time import schedule
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.paths import store_path
from detector.store.model import Calendar, EventFilter
from detector.store.store import Store
from tests.rig.ics import calendar, dinner, event, read

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WALK = event("DTSTART;TZID=Europe/Berlin:20261128T110000", "DURATION:PT90M", uid="2", summary="Walk #us")
OURS = calendar(dinner("RRULE:FREQ=WEEKLY;BYDAY=TU"), WALK, event(uid="3", summary="Work"), head=["X-WR-CALNAME:Ours"])
CANARY = "Canary-dentist-4711"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Before the journey, which sets TZ as well and takes it back by itself.
    monkeypatch.setenv("TZ", "Europe/Berlin")
    with time_machine.travel(NOW.astimezone(ZoneInfo("Europe/Berlin")), tick=False):
        yield


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "ours.ics"
    path.write_bytes(OURS)
    return path


def run(*arguments: str | Path, code: int = 0, given: bytes | None = None) -> str:
    """Run the command; return all that it said, each run of blanks as one."""
    done = CliRunner().invoke(turntoward, [str(each) for each in arguments], input=given)
    output = done.output + str(done.exception or "")
    assert bool(code) == bool(done.exit_code), output
    if code == 2:
        assert type(done.exception).__name__ in {"UserError", "SystemExit"}, repr(done.exception)
    if not {"--json", "export"} & set(map(str, arguments)):
        assert max((len(line) for line in done.output.splitlines() if "/" not in line), default=0) <= 80
    return " ".join(output.split())


def kept() -> Store:
    return Store.open(store_path(), read_only=True)


def decided() -> list[tuple[str, str]]:
    with kept() as store:
        return [(each.partner_time.title, each.decided) for each in store.calendars.proposals()]


def declared() -> list[str]:
    with kept() as store:
        return [each.title for each in store.plans.partner_times()]


def test_import_reports_what_it_read_and_starts_nothing(ours: Path) -> None:
    output = run("calendar", "import", ours)
    assert "Ours: 3 events, of which 2 propose partner time: those with #us in the title." in output
    assert "1 Dinner: every Tuesday, 18:30–20:00" in output
    assert "tomorrow 18:30–20:00 Tuesday 1 December 18:30–20:00 Tuesday 8 December 18:30–20:00" in output
    assert "2 Walk: Saturday 28 November 11:00–12:30" in output
    assert "2 proposals wait for your answer. Nothing of it starts until you accept it" in output
    assert (declared(), decided()) == ([], [("Dinner", "open"), ("Walk", "open")])
    assert "No partner time is declared" in run("list")
    assert "Nothing changed." not in output
    assert "2 proposals wait" in run("calendar", "import", ours)
    assert len(decided()) == 2


def test_the_first_ten_problems_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    path = tmp_path / "bad.ics"
    bad = [event("DTSTART:soon", uid=str(number), summary=f"Bad {number} #us") for number in range(13)]
    path.write_bytes(calendar(*bad, dinner(uid="good")))
    output = run("calendar", "import", path)
    assert "bad: 14 events, of which 1 proposes partner time" in output
    assert "Not understood, and left out (13): line 3, Bad 0: DTSTART 'soon' is not a date." in output
    assert "Bad 9:" in output
    assert "Bad 10:" not in output
    assert "and 3 more" in output


def test_proposals_are_accepted_and_declined_by_number(ours: Path) -> None:
    run("calendar", "import", ours)
    assert "Accepted: 1 proposal. It is declared now" in run("calendar", "accept", "2")
    output = run("calendar", "proposals")
    assert "Ours proposes: 1 Dinner: every Tuesday" in output
    assert "Walk" not in output
    assert "Declined: Dinner" in run("calendar", "decline", "all")
    assert decided() == [("Dinner", "declined"), ("Walk", "accepted")]
    assert declared() == ["Walk"]
    assert "No proposal waits for your answer. 2 answered ones" in run("calendar", "proposals")
    assert "(declined)" in run("calendar", "proposals", "--all")
    assert "Removed, although you had accepted it: Walk." in run("calendar", "decline", "2")
    assert declared() == []
    assert "Accepted: 1 proposal" in run("calendar", "accept", "1")
    assert "That was accepted before; nothing changed." in run("calendar", "accept", "1")
    assert "No proposal waits" in run("calendar", "accept", "all")


def test_a_changed_proposal_waits_and_shows_what_holds_meanwhile(ours: Path) -> None:
    run("calendar", "import", ours, "--accept", "--yes")
    run("calendar", "accept", "all", "--not-always")
    ours.write_bytes(OURS.replace(b"T183000", b"T190000").replace(b"T200000", b"T203000"))
    output = run("calendar", "import", ours)
    assert "1 proposal waits" in output
    assert "Dinner: every Tuesday, 19:00–20:30" in output
    assert "It changed. Until you answer, this holds: Dinner: every Tuesday, 18:30–20:00" in run(
        "calendar", "proposals"
    )
    found = json.loads(run("calendar", "proposals", "--json"))["proposals"]
    assert [each["changed_from"] is not None for each in found] == [True]
    assert found[0]["next"][0] == {"begins": "2026-11-24T18:00:00+00:00", "ends": "2026-11-24T19:30:00+00:00"}
    run("calendar", "accept", "1")
    with kept() as store:
        assert [f"{each.begins:%H:%M}" for each in store.plans.partner_times() if each.title == "Dinner"] == ["19:00"]
    ours.write_bytes(calendar(WALK, head=["X-WR-CALNAME:Ours"]))
    assert "1 proposal from before is gone from it." in run("calendar", "import", ours)
    assert declared() == ["Walk"]


def test_always_can_be_switched_on_and_off(ours: Path) -> None:
    run("calendar", "import", ours)
    assert "There is no terminal to ask on" in run("calendar", "accept", "1", "--always", code=2)
    assert "There is no terminal to ask on" in run("calendar", "import", ours, "--accept", code=2)
    assert declared() == []
    output = run("calendar", "accept", "1", "--always", "--yes")
    assert "What Ours proposes is accepted from now on. Still asked about: a new series, a new title" in output
    more = event("DTSTART;TZID=Europe/Berlin:20261129T110000", "DURATION:PT1H", uid="4", summary="Dinner #us")
    ours.write_bytes(OURS.replace(b"END:VCALENDAR", "\r\n".join([*more, "END:VCALENDAR"]).encode()))
    run("calendar", "import", ours)
    # What waited before waits on; what is new is declared.
    assert decided() == [("Dinner", "accepted"), ("Walk", "open"), ("Dinner", "accepted")]
    run("calendar", "accept", "all", "--not-always")
    with kept() as store:
        assert [each.auto_accepts for each in store.calendars.all()] == [False]


def test_what_is_not_understood_stays_visible_until_it_is_gone(ours: Path) -> None:
    zone = "DTSTART;TZID=Nowhere:20261128T110000"
    broken = OURS.replace(b"DTSTART;TZID=Europe/Berlin:20261128T110000", zone.encode())
    past = "\r\n".join(event("DTSTART:soon", "DTEND:20200101T000000", uid="4", summary="Old #us"))
    assert broken != OURS
    ours.write_bytes(broken.replace(b"END:VCALENDAR", f"{past}\r\nEND:VCALENDAR".encode()))
    problem = "line 11, Walk: there is no zone 'Nowhere'"
    sentence = f"Not understood: {problem}."
    assert problem in run("calendar", "import", ours)
    for _time in range(2):
        assert sentence in run("calendar", "list")
        assert f"Ours: asked just now. {sentence}" in run("status")
        assert sentence in run("doctor")
        (found,) = json.loads(run("calendar", "list", "--json"))["calendars"]
        assert found["not_understood"] == [problem]
        (found,) = json.loads(run("status", "--json"))["calendars"]
        assert found["not_understood"] == [problem]
        run("calendar", "import", ours)
    ours.write_bytes(OURS)
    run("calendar", "import", ours)
    for command in (["calendar", "list"], ["status"], ["doctor"]):
        assert "Not understood" not in run(*command)


def test_a_message_that_cancels_takes_back_what_another_file_brought(ours: Path, tmp_path: Path) -> None:
    run("calendar", "import", ours, "--accept", "--yes")
    message = tmp_path / "cancelled.ics"
    one = event("RECURRENCE-ID;TZID=Europe/Berlin:20261201T183000", "DTSTART:20261201T173000Z", summary="Cancelled")
    message.write_bytes(calendar(one, head=["METHOD:CANCEL"]))
    assert "Of 1 that you accepted, single times were taken back." in run("calendar", "import", message)
    with kept() as store:
        assert [each.excluded for each in store.plans.partner_times()] == [(datetime(2026, 12, 1, 18, 30),), ()]
    message.write_bytes(calendar(dinner("RRULE:FREQ=WEEKLY;BYDAY=TU"), head=["METHOD:CANCEL"]))
    assert "1 proposal from before is gone from it." in run("calendar", "import", message)
    assert declared() == ["Walk"]


@pytest.mark.parametrize("count", [40, 80])
def test_a_list_looks_at_each_accepted_partner_time_a_few_times_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """No figure is computed again for each line, even where a cache is a little too small."""
    file = tmp_path / "many.ics"
    file.write_bytes(calendar(*(dinner("RRULE:FREQ=WEEKLY", uid=str(number)) for number in range(count))))
    run("calendar", "import", file, "--accept", "--yes")
    expanded = []

    def counted(partner_time: PartnerTime, *interval: datetime) -> list[Occurrence]:
        expanded.append(partner_time.number)
        return occurrences(partner_time, *interval)

    monkeypatch.setattr(schedule, "occurrences", counted)
    run("list")
    assert max(Counter(expanded).values()) <= 3
    assert len(expanded) <= 3 * count


def test_importing_a_file_again_updates_the_same_calendar(ours: Path, tmp_path: Path) -> None:
    run("calendar", "import", ours)
    run("calendar", "import", ours, "--all")
    other = tmp_path / "other.ics"
    other.write_bytes(calendar(dinner(uid="9"), head=["X-WR-CALNAME:Ours"]))
    run("calendar", "import", other)
    run("calendar", "import", "-", "--name", "Piped", given=OURS)
    run("calendar", "import", "-", "--name", "piped", given=calendar(WALK))
    with kept() as store:
        found = store.calendars.all()
        assert [each.name for each in found] == ["Ours", "Ours 2", "Piped"]
        assert found[0].choice == EventFilter(tag=None, everything=True)
        assert len(store.calendars.proposals(found[2].number)) == 1
    output = run("calendar", "list")
    assert "1 Ours: imported," in output
    assert "Counts: every event; what it proposes is asked about." in output
    assert "3 Piped: imported, the standard input" in output
    # Without a choice it stays the one of before; with none before, it is the tag.
    run("calendar", "import", ours)
    with kept() as store:
        assert store.calendars.all()[0].choice.everything


def test_list_shows_no_secret(ours: Path) -> None:
    run("calendar", "import", ours)
    with Store.open(store_path()) as store:
        url = "https://me:hunter2@calendar.example/private-token/basic.ics?key=hunter2"
        store.calendars.save(
            Calendar(name="Web", location=url, subscribed=True, refreshed=NOW, tried=NOW, why="it failed")
        )
    for said in (run("calendar", "list"), run("calendar", "list", "--json")):
        assert "calendar.example" in said
        assert "it failed" in said
        assert "hunter2" not in said
        assert "private-token" not in said
    (first, second) = json.loads(run("calendar", "list", "--json"))["calendars"]
    assert (first["open"], first["tag"], second["subscribed"]) == (2, "#us", True)
    assert "is subscribed" not in run("calendar", "import", ours, "--name", "Web", code=2)


def test_remove_shows_what_goes_with_the_calendar_and_asks(ours: Path) -> None:
    run("calendar", "import", ours, "--accept", "--yes")
    assert "There is no terminal to ask on" in run("calendar", "remove", "Ours", code=2)
    assert "Did you mean 'Ours'?" in run("calendar", "remove", "Our", code=2)
    assert declared() == ["Dinner", "Walk"]
    output = run("calendar", "remove", "ours", "--yes")
    assert "With it went what you had accepted: Dinner: every Tuesday, 18:30–20:00" in output
    assert (declared(), decided()) == ([], [])
    assert "No calendar proposes anything" in run("calendar", "list")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "nowhere.ics"], "cannot be read: No such file"),
        (["import", "."], "cannot be read: Is a directory"),
        (["import", "\0"], "cannot be read"),
        (["import", "OURS", "--tag", "#a", "--all"], "choose in one of these ways"),
        (["import", "OURS", "--tag", " "], "--tag: is empty"),
        (["import", "OURS", "--name", "\x1b"], "a name has 1 to 80 characters"),
        (["accept", "7", "x", "all"], "No proposal has the number '7'"),
        (["decline", "7"], "No proposal has the number '7'"),
        (["accept"], "Missing argument"),
        (["proposals", "--of", "Theirs"], "No calendar has the name or number 'Theirs'"),
        (["remove", "Theirs"], "No calendar has the name or number 'Theirs'"),
        (["export", "--only", "Breakfast"], "No partner time has the number or title 'Breakfast'"),
        (["export", "/proc/nowhere/x.ics"], "cannot be written"),
    ],
)
def test_bad_input_is_explained_and_changes_nothing(arguments: list[str], said: str, ours: Path) -> None:
    run("calendar", "import", ours)
    before = (declared(), decided())
    assert said in run("calendar", *[str(ours) if each == "OURS" else each for each in arguments], code=2)
    assert (declared(), decided()) == before


@pytest.mark.parametrize("copy", [b"", b"<html>Sign in</html>", os.urandom(5000)])
def test_a_file_that_is_no_calendar_changes_nothing(copy: bytes, ours: Path) -> None:
    run("calendar", "import", ours, "--accept", "--yes")
    ours.write_bytes(copy)
    assert "This is no calendar" in run("calendar", "import", ours, code=2)
    assert declared() == ["Dinner", "Walk"]
    ours.write_bytes(OURS[: len(OURS) // 2])
    assert "The file ends in the middle" in run("calendar", "import", ours)
    assert declared() == ["Dinner", "Walk"]


def test_a_calendar_of_200_mb_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.ics"
    with path.open("wb") as file:
        file.write(b"BEGIN:VCALENDAR\r\n")
        file.truncate(200_000_000)
    code = (
        "import sys\nfrom detector.cli import main\n"
        "try:\n    main()\nfinally:\n    print(int(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]) // 1024)"
    )
    for given, argument in ((None, str(path)), (path, "-")):
        with (given or Path(os.devnull)).open("rb") as stream:
            done = subprocess.run(
                [sys.executable, "-c", code, "calendar", "import", argument],
                capture_output=True,
                text=True,
                stdin=stream,
                check=False,
                timeout=60,
            )
        assert (done.returncode, "larger than 20 MB" in done.stderr) == (2, True), done.stderr
        assert int(done.stdout) < 150
    path.unlink()
    assert not store_path().exists()


def test_titles_that_do_not_count_are_neither_stored_nor_shown(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "outside" / "ours.ics"
    path.parent.mkdir()
    hidden = [f"DESCRIPTION:{CANARY}", f"LOCATION:{CANARY}", f"ATTENDEE;CN={CANARY}:mailto:{CANARY}@x"]
    others = [
        dinner(*hidden, uid="out", summary=CANARY),
        event("DTSTART:garbage", uid=CANARY, summary=CANARY),
        event("RECURRENCE-ID;TZID=Europe/Berlin:20261201T183000", "DTSTART:20261201T190000", summary=CANARY),
        event(f"DTSTART;TZID={CANARY}:20261124T183000", summary=CANARY, uid=CANARY)[:-1],
    ]
    path.write_bytes(calendar(dinner("RRULE:FREQ=WEEKLY", *hidden), *others))
    output = "".join(
        run("calendar", *words)
        for words in (["import", path], ["accept", "all"], ["proposals", "--all", "--json"], ["list"], ["export"])
    )
    assert "Dinner" in output
    assert CANARY not in output.replace(str(path), "")
    written = [found for found in home.rglob("*") if found.is_file()]
    assert written
    assert [found for found in written if CANARY.encode() in found.read_bytes()] == []


def test_an_export_can_be_imported_unchanged(tmp_path: Path) -> None:
    zoned = PartnerTime(
        title="Dinner",
        begins=datetime(2026, 11, 24, 18, 30),
        lasts=timedelta(hours=1),
        zone="Asia/Tokyo",
        recurrence="FREQ=DAILY",
    )
    floats = PartnerTime(
        title="Tea; cake, and",
        begins=datetime(2026, 11, 25, 15),
        lasts=timedelta(hours=1),
        zone="Europe/Berlin",
        is_floating=True,
    )
    once = PartnerTime(title="Call", begins=datetime(2026, 11, 26, 15), lasts=timedelta(hours=1), zone="UTC")
    past = PartnerTime(title="Past", begins=datetime(2026, 11, 1, 15), lasts=timedelta(hours=1), zone="UTC")
    with Store.open(store_path()) as store:
        for each in (zoned, floats, once, past):
            store.plans.add(each)
        store.plans.skip("1@20261125T093000Z", NOW)
        store.plans.skip("3@20261126T150000Z", NOW)
    path = tmp_path / "out.ics"
    output = run("calendar", "export", path)
    assert "Wrote 3 partner times to" in output
    assert "1 that is over is not in it: --all." in output
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text(encoding="utf-8").replace("\n ", "")
    for line in (
        "DTSTART;TZID=Asia/Tokyo:20261124T183000",
        "EXDATE;TZID=Asia/Tokyo:20261125T183000",
        "DTSTART:20261125T150000\n",
        "DTSTART:20261126T150000Z",
        "STATUS:CANCELLED",
        "SUMMARY:Tea\\; cake\\, and #us",
        "BEGIN:VTIMEZONE",
        "DURATION:PT1H",
    ):
        assert line in text, line
    back = {each.partner_time.title: each.partner_time for each in read(path.read_bytes()).events}
    assert sorted(back) == ["Dinner", "Tea; cake, and"]
    assert back["Dinner"].excluded == (datetime(2026, 11, 25, 18, 30),)
    uids = [each.uid for each in read(path.read_bytes()).events]
    assert "is there already; add --yes" in run("calendar", "export", path, code=2)
    run("calendar", "export", path, "--yes", "--all", "--tag", "")
    again = read(path.read_bytes(), EventFilter(tag=None, everything=True)).events
    assert [each.uid for each in again if each.partner_time.title != "Past"] == uids
    assert [found.name for found in tmp_path.iterdir() if found.name.startswith(".")] == []
    assert "SUMMARY:Call #us" in run("calendar", "export", "--only", "call")


def test_a_failed_export_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.ics"
    path.write_text("before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device", descriptor)

    monkeypatch.setattr(os, "fsync", full)
    assert "What was there before is as it was" in run("calendar", "export", path, "--yes", code=1)
    assert path.read_text() == "before"
    assert [found.name for found in tmp_path.iterdir() if found.name.startswith(".out")] == []


def test_progress_is_shown_after_a_second_and_not_before(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Asking" not in run("calendar", "import", ours)
    monkeypatch.setattr(calendar_progress, "DELAY", 0.0)
    ours.write_bytes(calendar(*(dinner(uid=str(number)) for number in range(2000))))
    output = run("calendar", "import", ours)
    assert output.startswith("Asking the file …")
