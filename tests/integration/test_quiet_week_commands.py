"""`turntoward quiet-week` and where it is offered, through the real command line, on a real SQLite file."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from detector.cli import turntoward
from detector.config.settings import Settings
from detector.control.lock import running_status
from detector.core.effects import Record
from detector.core.observations import PartnerTimeBegan
from detector.core.pipeline import Pipeline
from detector.errors import UserError
from detector.paths import rules_dir, store_path
from detector.rulebook.loading import load_rules
from detector.store import quiet_week
from detector.store.store import Store
from rules.model import Reason
from tests.pure.test_proposals import MONDAY, evening
from tests.rig.processes import until

COMMAND = Path(sys.executable).parent / "turntoward"
NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
QUESTION = "Show no nudges for the first seven evenings, and then propose settings that suit you?"


@pytest.fixture(autouse=True)
def monday(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    if "real_clock" in request.fixturenames:
        yield
        return
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def real_clock() -> None:
    """A daemon in a process of its own goes by the real clock."""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(turntoward, list(arguments))


def said(*arguments: str) -> str:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert "--json" in arguments or max(map(len, done.output.splitlines()), default=0) <= 80
    return " ".join(done.output.split())


def store_evenings(*longest: int) -> None:
    """Keep quiet evenings from Monday on, in each a stretch of mail that is so many seconds long, as the daemon would."""
    rules = load_rules(None).rules
    with Store.open(store_path()) as store:
        quiet_week.start(store, MONDAY - timedelta(hours=1))
        for day, seconds in enumerate(longest):
            ((kept, seen, _),) = evening(day, (30, "mail", seconds)).parts
            core = Pipeline(rules, Settings().policy, Settings().attention)
            for each in seen:
                store.history.save([effect for effect in core.feed(each) if isinstance(effect, Record)])
            assert kept.id in {each.id for each in store.history.occurrences()}


def state() -> dict[str, object]:
    answer: dict[str, object] = json.loads(said("quiet-week", "--json"))
    return answer


def test_the_quiet_week_starts_continues_and_is_stopped() -> None:
    assert "The quiet week has not begun; nudges are shown." in said("quiet-week")
    assert state()["state"] == "not begun"
    assert not store_path().exists(), "asking makes no file"
    begun = said("quiet-week", "start")
    assert "For seven evenings no nudges are shown; moments are recorded." in begun
    assert "under way goes on" not in begun
    assert "It has begun already. The quiet week: 0 of 7 evenings are done." in said("quiet-week", "start")
    store_evenings(20, 20, 20)
    assert "The quiet week: 3 of 7 evenings are done." in said("quiet-week", "status")
    assert state() | {"since": None} == {"state": "under way", "evenings": 3, "of": 7, "since": None, "declined": []}
    assert json.loads(said("quiet-week", "status", "--json")) == state()
    assert "over after 3 of 7 evenings; from now on nudges are shown." in said("quiet-week", "stop")
    assert "You ended the quiet week after 3 of 7 evenings" in said("quiet-week")
    assert "not under way; nothing was changed" in said("quiet-week", "stop")
    assert "4 are missing. You ended the quiet week early" in said("quiet-week", "propose")


def test_the_quiet_week_ends_after_seven_evenings() -> None:
    store_evenings(*[20] * 7)
    assert "all 7 evenings are done, and nudges are shown. `turntoward quiet-week propose`" in said("quiet-week")
    assert "not under way" in said("quiet-week", "stop")
    assert "For seven evenings" in said("quiet-week", "start")
    assert state()["evenings"] == 0


def test_a_partner_time_under_way_does_not_become_quiet() -> None:
    with Store.open(store_path()) as store:
        began = PartnerTimeBegan(at=NOW, occurrence="1@a", title="Dinner", ends=NOW + timedelta(hours=1))
        store.history.save([Record(occurrence="1@a", item=began)])
    assert "The partner time under way goes on as it is; it begins with the next." in said("quiet-week", "start")


def test_quiet_moments_have_their_reason_and_the_report_names_the_quiet_week() -> None:
    store_evenings(60, 60, 60)
    with Store.open(store_path(), read_only=True) as store:
        assert {moment.reason for moment in store.history.moments()} == {Reason.QUIET_WEEK}
    report = said("report")
    assert "No nudge was shown for these moments: the quiet week, 3 of 7." in report
    assert "3 it is the quiet week, in which no nudges are shown" in report
    assert json.loads(said("report", "--json"))["quiet_evening"] == 3
    said("quiet-week", "stop")
    assert "quiet week, 3 of 7" not in said("report")
    assert json.loads(said("report", "--json"))["quiet_evening"] is None


def test_the_report_names_the_quiet_week_only_while_it_lasts() -> None:
    store_evenings(20, 20)
    assert "Moments are recorded, and no nudges are shown: the quiet week, 2 of 7." in said("report")
    store_evenings(*[20] * 7)
    assert "the quiet week, " not in said("report")


def test_propose_says_how_many_evenings_are_missing() -> None:
    assert "the quiet week has not begun" in said("quiet-week", "propose")
    store_evenings(*[60] * 6)
    assert "6 are known, 1 is missing." in said("quiet-week", "propose")
    parsed = json.loads(said("quiet-week", "propose", "--json"))
    assert (parsed["evenings"], parsed["missing"], parsed["proposals"]) == (6, 1, [])
    done = run("quiet-week", "accept", "M302")
    assert isinstance(done.exception, UserError)
    assert "1 is missing" in str(done.exception)
    assert not rules_dir().exists()


def test_propose_shows_both_sides_and_why_and_changes_nothing() -> None:
    store_evenings(50, 55, 65, 70, 80, 20, 200)
    text = said("quiet-week", "propose")
    assert "M302 Mail, for a while dwell: 45 s now, 90 s proposed." in text
    assert "In 6 of your 7 evenings it lasted less than 90 s at a time; 45 s or more in 6." in text
    assert "Moments an evening: 0.9 now, 0.1 then. Nudges an evening, of all rules: 0.9 now, 0.1 then." in text
    assert "`turntoward quiet-week accept M302`" in text
    (told,) = json.loads(said("quiet-week", "propose", "--json"))["proposals"]
    assert (told["code"], told["threshold"], told["proposed"]) == ("M302", "45 s", "90 s")
    assert told["when"] == "category is mail and dwell >= 90 s"
    assert told["backtest"]["now"] == {
        "evenings": 6,
        "moments_per_evening": 0.86,
        "nudges_per_evening_of_all_rules": 0.86,
    }
    assert not rules_dir().exists()


def test_nothing_is_proposed_if_the_rules_suit() -> None:
    store_evenings(*[20] * 7)
    assert "Nothing is proposed from your 7 evenings: the rules suit you as they are." in said("quiet-week", "propose")


def test_an_accepted_proposal_is_in_force_and_can_be_undone() -> None:
    store_evenings(*[60] * 7)
    accepted = said("quiet-week", "accept", "m302")
    assert "M302 now asks for 75 s instead of 45 s: it stands in" in accepted
    assert "To undo it, take M302 out of that file" in accepted
    rule = next(rule for rule in load_rules(rules_dir()).rules if rule.code == "M302")
    assert rule.condition.text == "category is mail and dwell >= 75 s"
    assert rule.page.notices.endswith("Here with a number of your own: 75 s instead of 45 s.")
    assert "yours since 2026-11-23" in (rules_dir() / "own.toml").read_text()
    assert "own.toml, replaces" in said("rules")
    assert "Nothing is proposed" in said("quiet-week", "propose")
    done = run("quiet-week", "accept", "M302")
    assert "Nothing is proposed for 'M302'. There is none." in str(done.exception)
    (rules_dir() / "own.toml").unlink()
    assert "M302" in said("quiet-week", "propose")


def test_a_declined_proposal_is_not_made_again_but_can_be_accepted() -> None:
    store_evenings(*[60] * 7)
    assert "M302 stays as it is, and this is not proposed again." in said("quiet-week", "decline", "M302")
    text = said("quiet-week", "propose")
    assert "M302 Mail" not in text
    assert "Declined, and not proposed again: M302." in text
    assert not rules_dir().exists()
    assert "M302 now asks for 75 s" in said("quiet-week", "accept", "M302")
    assert state()["declined"] == []


@pytest.mark.parametrize("word", ["accept", "decline"])
def test_a_code_without_a_proposal_is_refused(word: str) -> None:
    store_evenings(*[60] * 7)
    done = run("quiet-week", word, "F101")
    assert isinstance(done.exception, UserError)
    assert str(done.exception) == "Nothing is proposed for 'F101'. There is one for M302."
    assert state()["declined"] == []


def test_forgetting_everything_ends_the_quiet_week() -> None:
    store_evenings(20)
    assert run("forget", "--all", "--yes").exit_code == 0
    assert state()["state"] == "not begun"


def test_the_quiet_week_is_mentioned_only_to_new_users() -> None:
    offer = "`turntoward quiet-week start` begins with seven quiet evenings, if you like."
    dinner = ("add", "Dinner", "--every", "mon-fri", "--from", "18:30", "--to", "20:00", "--yes")
    assert offer in said(*dinner)
    said("quiet-week", "start")
    assert offer not in said(*dinner)
    store_evenings(20)
    with Store.open(store_path()) as store:
        quiet_week.save(store, quiet_week.QuietWeek())
    assert offer not in said(*dinner)


def offered(home: Path, *answers: str) -> str:
    """Start `run --offer` at a terminal, answer what it asks, and return what it said by the time it ran."""
    ours, theirs = pty.openpty()
    log = home / "log"
    with log.open("wb") as file:
        daemon = subprocess.Popen([str(COMMAND), "run", "--offer"], stdin=theirs, stdout=file, stderr=file)
    try:
        os.write(ours, "".join(answers).encode())
        until(lambda: json.loads(running_status() or "{}").get("started"), what=f"the daemon: {log.read_text()}")
        return log.read_text()
    finally:
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait(10) == 0
        os.close(ours)
        os.close(theirs)


@pytest.mark.usefixtures("real_clock")
def test_run_offer_asks_once_about_the_quiet_week_and_the_default_is_no(home: Path) -> None:
    text = offered(home, "\n", "\n")
    assert text.index("for 30 minutes?") < text.index(QUESTION)
    with Store.open(store_path(), read_only=True) as store:
        assert quiet_week.load(store) == quiet_week.QuietWeek(offered=True)
        (began,) = (seen for _, seen in store.history.observations_by_kind([PartnerTimeBegan]))
        assert isinstance(began, PartnerTimeBegan)
        assert not began.quiet
    assert QUESTION not in offered(home)


@pytest.mark.usefixtures("real_clock")
def test_accepting_at_set_up_makes_the_first_partner_time_quiet(home: Path) -> None:
    assert "The quiet week begins; `turntoward quiet-week` shows how far it is." in offered(home, "\n", "y\n")
    with Store.open(store_path(), read_only=True) as store:
        (began,) = (seen for _, seen in store.history.observations_by_kind([PartnerTimeBegan]))
        assert isinstance(began, PartnerTimeBegan)
        assert began.quiet
        assert quiet_week.current_evening(store, UTC) == 1
    assert QUESTION not in offered(home)


@pytest.mark.usefixtures("real_clock")
def test_run_offer_asks_only_about_the_quiet_week_if_partner_time_is_declared(home: Path) -> None:
    said("add", "Dinner", "--every", "mon-fri", "--from", "03:30", "--to", "04:00", "--yes")
    text = offered(home, "n\n")
    assert QUESTION in text
    assert "30 minutes" not in text
