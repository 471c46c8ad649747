"""What 0.1.0 left on disk is opened by this version, and says the same: a store, a recording, settings, rules.

How each file was written stands in `tests/written_by_0_1_0/README.md`. Everything goes through the commands, on copies.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from detector.cli import main

WRITTEN = Path(__file__).parents[1] / "written_by_0_1_0"
TOKEN = b"the token of a phone that there never was"
EXCEPT = "except 24 December and 31 December, one of them moved"
MONDAY_EVENING = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""18:00 in Berlin: the evening after the last command of the store."""


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
    """Give a command on that Monday, which is to succeed, and return what it prints."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)

    def says(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["turntoward", *words])
        code: object = 0
        try:
            main()
        except SystemExit as left:
            code = left.code
        out, err = capsys.readouterr()
        assert not code, err
        return out

    with time_machine.travel(MONDAY_EVENING.timestamp(), tick=False):
        yield says


@pytest.fixture
def told(says: Callable[..., str]) -> Callable[..., Any]:
    """Give a command, and return what it says as JSON."""
    return lambda *words: json.loads(says(*words, "--json"))


def copied(name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(WRITTEN / name, folder / name))


@pytest.fixture
def store(home: Path) -> Path:
    return copied("turntoward.sqlite", home / ".local/share/turntoward")


@pytest.fixture
def own_rules(home: Path) -> Path:
    return copied("own.toml", home / ".config/turntoward/rules")


@pytest.fixture
def config(home: Path) -> Path:
    return copied("config.toml", home / ".config/turntoward")


def test_the_files_stay_small() -> None:
    assert (WRITTEN / "turntoward.sqlite").stat().st_size < 300_000
    assert sum(path.stat().st_size for path in WRITTEN.iterdir()) < 320_000


@pytest.mark.usefixtures("store")
class TestStore:
    """Four evenings, and everything that was declared around them."""

    def test_every_partner_time_is_declared_as_it_was(self, told: Callable[..., Any]) -> None:
        listed = told("list", "--all")
        assert listed["paused_until"] == "2026-11-23T18:30:00+00:00"
        rows = [(row["number"], row["words"], row["quiet"]) for row in listed["partner_times"]]
        assert rows == [
            (1, "Dinner: Monday to Friday, 18:30–20:00, except 24 December", True),
            (2, "Sunday walk: every Sunday, 11:00–12:30", False),
            (3, "Call with Grandma #oncall: every Saturday, 18:00–18:30, Europe/Lisbon", False),
            (4, "Anniversary: yearly on 12 June, 17:00–24:00", False),
            (5, "Once: Tuesday 3 November 12:00–13:00", False),
            (6, "Dinner: yesterday 16:00–17:30", True),
            (
                7,
                f"Dance class: every Thursday, 20:45–21:45, from 26 November until 25 February 2027, {EXCEPT}",
                False,
            ),
        ]
        coming = {row["number"]: [each["begins"] for each in row["next"]] for row in listed["partner_times"]}
        assert coming[1] == ["2026-11-23T17:30:00+00:00", "2026-11-24T17:30:00+00:00", "2026-11-25T17:30:00+00:00"]
        assert coming[3] == ["2026-11-28T18:00:00+00:00", "2026-12-05T18:00:00+00:00", "2026-12-12T18:00:00+00:00"]
        assert coming[7] == ["2026-11-26T19:45:00+00:00", "2026-12-03T19:45:00+00:00", "2026-12-11T16:45:00+00:00"]
        assert coming[5] == coming[6] == []

    def test_the_exceptions_are_those_of_then(self, told: Callable[..., Any]) -> None:
        kept = told("export")
        assert {row["occurrence"]: row["kind"] for row in kept["exceptions"]} == {
            "1@20261116T183000": "extended",
            "1@20261117T183000": "stopped",
            "1@20261119T183000": "skipped",
            "1@20261120T183000": "cancelled",
        }
        assert [(row["occurrence"], row["instead"]) for row in kept["cancelled"]] == [("1@20261120T183000", 6)]
        dinner, *_, made_good, dance = kept["partner_times"]
        assert dinner["without"] == ["2026-12-24T18:30:00"]
        assert made_good["instead_of"] == "1@20261120T183000"
        assert dance["without"] == ["2026-12-24T20:45:00", "2026-12-31T20:45:00"]
        assert [(each["of"], each["begins"]) for each in dance["moved"]] == [
            ("2026-12-10T20:45:00", "2026-12-11T17:45:00")
        ]

    def test_everything_is_exported_that_was_kept(self, told: Callable[..., Any]) -> None:
        kept = told("export")
        tables = ("partner_times", "exceptions", "cancelled", "calendars", "proposals", "occurrences", "observations")
        assert {name: len(kept[name]) for name in tables} == {
            "partner_times": 7,
            "exceptions": 4,
            "cancelled": 1,
            "calendars": 1,
            "proposals": 3,
            "occurrences": 4,
            "observations": 363,
        }
        assert {name: len(kept[name]) for name in ("uses", "coverage", "moments", "unknown_apps", "phones")} == {
            "uses": 9,
            "coverage": 6,
            "moments": 10,
            "unknown_apps": 1,
            "phones": 2,
        }
        assert [(row["id"], row["began"], row["ended"], row["end_reason"]) for row in kept["occurrences"]] == [
            ("1@20261116T183000", "2026-11-16T17:30:00Z", "2026-11-16T19:30:00Z", "ended"),
            ("1@20261117T183000", "2026-11-17T17:30:00Z", "2026-11-17T18:20:00Z", "ended"),
            ("1@20261118T183000", "2026-11-18T17:30:00Z", "2026-11-18T19:00:00Z", "ended"),
            ("6@20261122T160000", "2026-11-22T15:00:00Z", "2026-11-22T16:30:00Z", "ended"),
        ]
        assert {row["kind"] for row in kept["observations"]} == {
            "PartnerTimeBegan",
            "PartnerTimeExtended",
            "PartnerTimeEnded",
            "SensorStarted",
            "Gap",
            "Focused",
            "InputCounted",
            "WentIdle",
            "CameBack",
            "LitUp",
            "PickedUp",
            "LaidDown",
            "Suspended",
            "CallStarted",
            "CallEnded",
            "Shown",
            "NotShown",
            "Answered",
        }
        assert [row["quiet"] for row in kept["observations"] if row.get("quiet")] == [True]

    def test_the_report_has_the_numbers_of_then(self, told: Callable[..., Any]) -> None:
        report = told("report")
        assert report["partner_times"] == {
            "all": 4,
            "counted": 3,
            "left_out": 1,
            "left_out_moments": 0,
            "under_way": 0,
            "cut_off": 0,
        }
        assert (report["lived_seconds"], report["known_seconds"]) == (21_000, 13_555)
        assert report["share"] == {
            "presence_seconds": 12_603,
            "distraction_seconds": 952,
            "unknown_seconds": 2_045,
        }
        assert report["longest"] == {"lasted_seconds": 4_002, "began": "2026-11-18T18:51:00+01:00"}
        assert {row["code"]: row["moments"] for row in report["by_category"]} == {
            "social": 3,
            "games": 1,
            "news": 1,
            "shopping": 1,
        }
        assert {row["code"]: row["moments"] for row in report["by_rule"]} == {"F101": 3, "O701": 2, "A501": 1}
        assert {row["code"]: row["moments"] for row in report["by_device"]} == {"laptop": 5, "phone": 1}
        counted = {"moments": 6, "together": 1, "needed": 1, "on_call": 0, "quiet_evening": 1, "put_away_first": 0}
        assert {name: report[name] for name in counted} == counted
        assert report["nudges"] == {
            "shown": 5,
            "judged": 3,
            "within_30": 2,
            "within_60": 2,
            "share_30": None,
            "share_60": None,
            "dismissed": 1,
            "ignored": 0,
            "together": 1,
            "needed": 1,
            "unknown": 0,
            "open": 0,
            "undelivered": 1,
        }
        assert {row["reason"]: row["moments"] for row in report["unsaid"]} == {
            "quiet_week": 2,
            "call": 1,
            "report_only": 1,
        }
        assert report["starts"] == {"well": 1, "known": 2}
        (made_good,) = report["cancelled"]
        assert (made_good["became"], made_good["instead"]) == ("made_good", "2026-11-22T16:00:00+01:00")
        devices = {
            row["name"]: (row["paired"], row["spoke"], row["looks"], row["pick_ups"]) for row in report["devices"]
        }
        assert devices == {
            "laptop": (True, True, 6, None),
            "phone": (True, True, 3, 3),
            "tablet": (True, False, None, None),
        }

    def test_the_report_is_written_for_people_too(self, says: Callable[..., str]) -> None:
        report = says("report")
        assert "For 3 h 30 min no screen took you away: 93 % of the 3 h 46 min that are known." in report
        assert "Dinner of Friday 20 November on Sunday 22 November 16:00." in report

    def test_why_explains_the_moments_of_then(self, told: Callable[..., Any]) -> None:
        monday = told("why", "--list", "--on", "2026-11-16")
        assert [(row["rule"]["code"], row["decided"], row["outcome"], row["answer"]) for row in monday] == [
            ("F101", "nudged", "put_away_30", "put_away"),
            ("M301", "nudged", "together", "together"),
            ("M302", "nudged", "needed", "needed_1"),
        ]
        assert monday[0]["evidence"] == {"category": "social", "dwell": "1 min", "scrolls(60 s)": "118"}
        tuesday = told("why", "--list", "--on", "2026-11-17")
        assert [(row["rule"]["code"], row["decided"], row["reason"], row["outcome"]) for row in tuesday] == [
            ("A501", "nudged", "grace", "put_away_30"),
            ("O701", "nudged", None, "undelivered"),
            ("O701", "suppressed", "call", None),
            ("F101", "nudged", None, "dismissed"),
        ]

    def test_the_evenings_can_be_played_again(self, told: Callable[..., Any]) -> None:
        played = told("backtest")
        assert (played["partner_times"], played["observations"]) == (4, 363)
        found = {row["code"]: row["now"]["moments"] for row in played["rules"] if row["now"]["moments"]}
        assert found == {"A501": 1, "F101": 3, "M301": 1, "M302": 1, "O701": 3, "T951": 1}

    def test_the_calendar_and_what_it_proposes_are_there(self, told: Callable[..., Any]) -> None:
        (calendar,) = told("calendar", "list")["calendars"]
        named = ("number", "name", "tag", "subscribed", "open", "accepted", "declined")
        assert [calendar[name] for name in named] == [1, "Ours", "#us", False, 1, 1, 1]
        proposals = told("calendar", "proposals", "--all")["proposals"]
        assert [(row["number"], row["title"], row["decided"], row["accepted_as"]) for row in proposals] == [
            (1, "Dance class", "accepted", 7),
            (2, "Concert", "declined", None),
            (3, "Breakfast", "open", None),
        ]

    def test_a_proposal_that_waited_can_be_accepted(self, says: Callable[..., str], told: Callable[..., Any]) -> None:
        assert "Accepted: 1 proposal." in says("calendar", "accept", "3")
        accepted = told("list")["partner_times"][-1]
        assert (accepted["number"], accepted["words"]) == (8, "Breakfast: the first Sunday of each month, 09:30–11:00")

    def test_the_phones_are_paired_still(self, store: Path, told: Callable[..., Any]) -> None:
        phones = told("phone", "list")["phones"]
        assert [(row["name"], row["paired"], row["shows_nudges"], row["adb"]) for row in phones] == [
            ("phone", "2026-11-21T10:00:00+00:00", True, None),
            ("tablet", "2026-11-21T10:00:00+00:00", False, "R58M123456A"),
        ]
        digests = [row[0] for row in tables(store, "SELECT token FROM phones ORDER BY number")]
        assert digests == [hashlib.sha256(TOKEN).hexdigest(), None]

    def test_the_quiet_week_goes_on(self, told: Callable[..., Any]) -> None:
        week = told("quiet-week")
        assert (week["state"], week["evenings"], week["of"], week["since"]) == (
            "under way",
            1,
            7,
            "2026-11-18T11:00:00+00:00",
        )

    def test_it_can_be_written_on(self, store: Path, says: Callable[..., str], told: Callable[..., Any]) -> None:
        says("resume")
        says("skip", "dinner")
        assert told("export")["exceptions"][-1]["occurrence"] == "1@20261123T183000"
        says("skip", "--undo")
        assert len(told("export")["exceptions"]) == 4
        says("add", "Tea", "--every", "saturday", "--from", "16:00", "--for", "1h", "--yes")
        listed = told("list")
        assert listed["paused_until"] is None
        assert [row["number"] for row in listed["partner_times"]] == [1, 2, 3, 4, 7, 8]
        assert tables(store, "PRAGMA integrity_check") == [("ok",)]
        assert tables(store, "PRAGMA foreign_key_check") == []


def tables(path: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute(question))


class TestRecording:
    """An evening in the middle of which the rules were changed."""

    DECIDED = (
        ("F101", "18:41:00", "nudged", None, "put_away_30"),
        ("M302", "19:00:46", "nudged", "typing", "dismissed"),
        ("M301", "19:24:00", "nudged", None, "together"),
        ("M301", "19:30:05", "suppressed", "together", None),
        ("T951", "19:59:00", "suppressed", "report_only", None),
        ("O701", "19:59:30", "nudged", None, "unknown"),
    )

    def test_it_holds_a_change_of_the_rules(self) -> None:
        kinds = re.findall(r'"kind": "(\w+)"', (WRITTEN / "rules_changed.jsonl").read_text(encoding="utf-8"))
        assert kinds.count("RulesChanged") == 1

    def test_the_decisions_are_those_of_then(self, told: Callable[..., Any]) -> None:
        played = told("replay", str(WRITTEN / "rules_changed.jsonl"))
        assert played["partner_times"] == 1
        found = [
            (
                row["rule"],
                f"{datetime.fromisoformat(row['decided_at']).astimezone():%H:%M:%S}",
                row["decided"],
                row["reason"],
                row["outcome"],
            )
            for row in played["moments"]
        ]
        assert tuple(found) == self.DECIDED
        assert played["moments"][2]["evidence"] == {
            "all.uses(messaging, 15 min)": "2",
            "category": "messaging",
            "dwell": "5 s",
        }
        assert played["moments"][2]["device"] == "phone"

    def test_people_can_read_it_too(self, says: Callable[..., str]) -> None:
        lines = says("replay", str(WRITTEN / "rules_changed.jsonl")).splitlines()
        # What a phone reported is shown to the minute.
        times = ["19:24" if at == "19:24:00" else at for _, at, *_ in self.DECIDED]
        assert [line[:8].strip() for line in lines[1:7]] == times
        assert "1 partner time, 6 moments, 4 nudges." in lines[7]

    def test_it_can_be_tried(self, says: Callable[..., str]) -> None:
        tried = says("try", "--recording", str(WRITTEN / "rules_changed.jsonl"))
        assert tried.count("→ a nudge:") == 4
        assert "put away within 30 s of the nudge" in tried


@pytest.mark.usefixtures("config")
class TestSettings:
    def test_every_setting_is_in_force(self, told: Callable[..., Any]) -> None:
        settings = told("config", "show")["settings"]
        assert settings["policy"] == {
            "cool_down": "7 min",
            "rule_cool_down": "1 h 30 min",
            "budget": 3,
            "quiet_after": 1,
            "grace": "10 min",
            "typing_wait": "20 s",
            "busy_wait": "2 min",
            "on_call": True,
            "for_both": ["video", "games"],
        }
        assert settings["attention"] == {"glance": "20 s", "idle_after": "45 s", "fleeting": "1.5 s"}
        assert settings["notifications"] == {
            "sentence": "Look up, für uns beide",
            "show_names": True,
            "expires": "35 s",
            "greeting": False,
            "only": ["freedesktop", "notify-send"],
            "screen": True,
        }
        assert settings["store"] == {"retention": "200 d", "keep_names": True}
        assert settings["rituals"] == {
            "heads_up": "12 min",
            "heads_up_sentence": "Soon it is our time",
            "suggestions": ["a walk", "tea", "one question each"],
            "ending": True,
        }
        assert settings["quiet"] == {"always": True, "ringing": ["org.signal.Signal"], "even_without_nudges": True}
        assert settings["calendars"] == {"refresh": "8 h"}
        assert settings["sources"] == {"activitywatch": "http://127.0.0.1:5600", "adb": "127.0.0.1:5038"}
        assert [(row["category"], row["name"], row["apps"], row["android"]) for row in settings["activity"]] == [
            ("reading", "Our recipe book", ["org.gnome.Recipes"], []),
            ("together", "The map", [], ["net.osmand"]),
        ]

    def test_what_an_app_is_to_the_person_counts(self, told: Callable[..., Any]) -> None:
        found = told("what", "--package", "net.osmand")
        assert found["category"] == "together"

    def test_they_decide(self, told: Callable[..., Any]) -> None:
        # Always on call: messages are never said. One dismissal is enough, and it is quiet.
        played = told("replay", str(WRITTEN / "rules_changed.jsonl"))
        assert [(row["rule"], row["decided"], row["reason"]) for row in played["moments"]] == [
            ("F101", "nudged", None),
            ("M302", "nudged", "typing"),
            ("M301", "suppressed", "on_call"),
            ("M301", "suppressed", "on_call"),
            ("T951", "suppressed", "report_only"),
            ("O701", "suppressed", "dismissed_twice"),
        ]


@pytest.mark.usefixtures("own_rules")
class TestRules:
    CHANGED = "category is social and dwell >= 90 s and scrolls(60 s) >= 10"

    def test_the_rules_of_then_are_in_force_with_their_thresholds(self, told: Callable[..., Any]) -> None:
        rules = {row["code"]: row for row in told("rules")["rules"]}
        own = {code: row for code, row in rules.items() if row["source"] != "built-in"}
        assert {code: row["name"] for code, row in own.items()} == {
            "F101": "A feed, scrolled",
            "F104": "From looking something up into a feed",
            "M302": "Mail is fine with us",
            "X101": "News at the table",
            "X102": "Restless",
            "X103": "More looks than usual",
        }
        assert {code for code, row in own.items() if row["replaces"]} == {"F101", "F104", "M302"}
        assert own["F101"]["when"] == self.CHANGED
        assert own["X101"]["when"] == "category is news and dwell >= 45 s"
        assert (own["X102"]["after_grace"], own["X103"]["speaks"]) == (True, False)
        assert {"A501", "F102", "G201", "T951", "W602"} <= rules.keys()

    def test_nothing_is_wrong_with_them(self, own_rules: Path, says: Callable[..., str]) -> None:
        assert "are fine" in says("rules", "check", str(own_rules))

    def test_a_page_of_then_is_shown(self, says: Callable[..., str]) -> None:
        assert "Changed by you: after 90 s rather than" in " ".join(says("rules", "F101").split())

    def test_they_decide(self, told: Callable[..., Any]) -> None:
        played = told("replay", str(WRITTEN / "rules_changed.jsonl"))
        assert [(row["rule"], row["decided"], row["reason"]) for row in played["moments"]] == [
            ("M301", "nudged", None),
            ("M301", "suppressed", "rule_cool_down"),
            ("X101", "nudged", None),
            ("T951", "suppressed", "report_only"),
            ("O701", "suppressed", "same_use"),
        ]
