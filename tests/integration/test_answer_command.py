"""`turntoward answer`: what is requested of the daemon, what it takes, and what cannot be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detector.cli.plan import answer
from detector.cli.plan.commands import answer_command
from detector.control.requests import request_answers, take_answers
from detector.core.effects import Moment, Outcome, Record
from detector.core.observations import PartnerTimeBegan
from detector.errors import DaemonNotRunning
from detector.paths import store_path
from detector.store.store import Store
from tests.rig.stored_records import after_minutes, moment

Nudge = Callable[..., Moment]


@pytest.fixture
def nudge() -> Nudge:
    """Return what keeps a partner time under way with one nudge in it."""

    def keep(**changes: Any) -> Moment:
        ends = after_minutes(0) + timedelta(hours=1)
        began = PartnerTimeBegan(at=after_minutes(0), occurrence="1@x", title="Dinner", ends=ends)
        record = moment(1, 10, None, "1@x", **({"answer": None, "answered_at": None, "outcome": None} | changes))
        with Store.open(store_path()) as store:
            store.history.save([Record(occurrence="1@x", item=began), record])
        assert isinstance(record.item, Moment)
        return record.item

    return keep


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for a daemon that takes what is requested as soon as it is woken."""

    def wake() -> bool:
        with Store.open(store_path()) as store:
            taken = take_answers(store, "1@x")
            assert taken is not None
            (kept,) = store.history.moments()
            changed = replace(kept, number=taken[0], answer=taken[1][-1], outcome=Outcome.NEEDED)
            store.history.save([Record(occurrence="1@x", item=changed)])
        return True

    monkeypatch.setattr(answer, "find_daemon", object)
    monkeypatch.setattr(answer, "wake_daemon", wake)


def say(*words: str) -> Result:
    return CliRunner().invoke(answer_command, list(words))


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize(
    ("words", "taken"),
    [
        (["away"], "put_away"),
        (["both"], "together"),
        (["need"], "needed"),
        (["need", "--for", "15min"], "needed_15"),
    ],
)
def test_each_word_gives_the_answer_of_its_button(nudge: Nudge, words: list[str], taken: str) -> None:
    nudge()
    done = say(*words)
    assert done.exit_code == 0, done.output
    assert "You answered " in done.output
    with Store.open(store_path()) as store:
        assert [each.answer for each in store.history.moments()] == [taken]


@pytest.mark.usefixtures("daemon")
def test_a_nudge_that_went_by_itself_and_one_that_is_needed_can_still_be_answered(nudge: Nudge) -> None:
    nudge(answer="expired")
    assert say("need").exit_code == 0
    assert "No nudges about social media for 5 min." in " ".join(say("need", "--for", "5min").output.split())


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({"answer": "dismissed"}, "has been answered already.\n  You closed the nudge."),
        ({"answer": "together", "outcome": Outcome.TOGETHER}, "already.\n  You said that it is for both of you."),
        ({"outcome": Outcome.IGNORED}, "that is possible for a minute and a half.\n  You did not answer"),
        ({"outcome": Outcome.UNDELIVERED}, "cannot be answered.\n  Nobody saw it"),
        ({"decided": "suppressed"}, "There was no nudge in this partner time so far."),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(nudge: Nudge, kept: dict[str, Any], said: str) -> None:
    nudge(**kept)
    done = say("both")
    assert said in str(done.exception)
    with Store.open(store_path()) as store:
        assert store.state.get("answer_requested") is None


def test_without_a_daemon_nothing_is_requested(nudge: Nudge) -> None:
    nudge()
    assert isinstance(say("away").exception, DaemonNotRunning)
    with Store.open(store_path()) as store:
        assert store.state.get("answer_requested") is None


def test_an_answer_that_the_daemon_does_not_take_is_not_claimed(nudge: Nudge, monkeypatch: pytest.MonkeyPatch) -> None:
    nudge()
    monkeypatch.setattr(answer, "find_daemon", object)
    monkeypatch.setattr(answer, "wake_daemon", lambda: True)
    monkeypatch.setattr(answer, "_BETWEEN_TRIES", 0)
    assert "was not taken within two seconds" in str(say("away").exception)


def test_a_request_is_taken_once_and_for_its_own_partner_time(nudge: Nudge) -> None:
    what = nudge()
    with Store.open(store_path()) as store:
        request_answers(store, what, ["needed", "needed_5"])
        assert take_answers(store, "1@x") == (1, ["needed", "needed_5"])
        assert take_answers(store, "1@x") is None
        request_answers(store, what, ["together"])
        assert take_answers(store, "2@x") is None
        assert take_answers(store, "1@x") is None
        store.state.set("answer_requested", "spoilt")
        assert take_answers(store, "1@x") is None
