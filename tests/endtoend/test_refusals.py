"""How the daemon ends and what it refuses: in time, with the right exit code, naming the place and the remedy."""

from __future__ import annotations

import json
import signal

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import PAGE, QUICK, Evening
from tests.rig.processes import until

pytestmark = pytest.mark.real


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_daemon_ends_within_two_seconds_while_a_nudge_is_shown(evening: Evening, number: int) -> None:
    daemon = evening.run()
    evening.begin()
    evening.feed()
    evening.scroll_until_nudged()
    daemon.send_signal(number)
    assert daemon.wait(2) == 0
    # Nobody would hear the answer any more.
    until(lambda: evening.dunst.displayed() == 0, what="the nudge is taken away")
    assert evening.status()["running"] is False
    assert evening.rows("SELECT ended FROM occurrences") == [{"ended": None}]
    assert "Traceback" not in evening.daemon_output()


def test_a_second_daemon_is_refused_and_does_no_harm(evening: Evening) -> None:
    first = evening.run()
    before = evening.status()
    assert evening.attempt().wait(20) == 1
    assert f"already running (process {first.pid})" in evening.daemon_output()
    assert evening.status() == before
    assert first.poll() is None


def test_a_mistyped_command_is_refused_with_the_nearest_name(evening_with: Begin) -> None:
    evening = evening_with(has_store=False)
    output = evening.run_command("pasue", "30min", code=2)
    assert "There is no command 'pasue'. Did you mean 'pause'?" in output
    assert "Traceback" not in output
    assert not evening.store.exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("now 90parsec", "90parsec"),
        ("add Dinner --every mon-fri --from 25:00 --to 20:00", "25:00"),
        ("report --since yesterdayish", "yesterdayish"),
        ("forget a-while", "a-while"),
    ],
)
def test_invalid_arguments_are_refused_and_no_store_is_made(evening_with: Begin, command: str, words: str) -> None:
    evening = evening_with(has_store=False)
    output = evening.run_command(*command.split(), code=2)
    assert words in output
    assert "Traceback" not in output
    assert not evening.store.exists()


def test_broken_settings_are_refused_with_every_place(evening_with: Begin) -> None:
    evening = evening_with(config='[policy]\ncool_dwn = "1 min"\nbudget = 900\n', has_store=False)
    assert evening.attempt().wait(20) == 2
    said, path = evening.daemon_output(), evening.settings / "config.toml"
    assert f"{path}:2" in said
    assert "cool_down" in said
    assert f"{path}:3" in said
    assert "Traceback" not in said
    assert not evening.store.exists()


def test_settings_broken_while_it_runs_are_reported_and_the_old_ones_used(evening: Evening) -> None:
    daemon = evening.run()
    (evening.settings / "config.toml").write_text("[polcy]\n")
    evening.begin()
    evening.feed()
    evening.scroll_until_nudged()
    assert "config.toml:1" in evening.run_command("status")
    assert evening.daemon_output().count("polcy") >= 1
    assert daemon.poll() is None


def test_a_broken_own_rule_is_left_out_and_reported(evening_with: Begin) -> None:
    broken = f'[[rule]]\ncode = "X1"\nname = "Mine"\nwhen = "category is social and dwel >= 1 s"\n{PAGE}'
    evening = evening_with(rules=f"{QUICK}\n{broken}")
    evening.run()
    evening.begin()
    place = f"{evening.settings / 'rules/quick.toml'}:"
    for said in (
        evening.daemon_output(),
        evening.run_command("status"),
        *json.loads(evening.run_command("doctor", "--json"))["problems"],
    ):
        assert place in said
        assert "There is no feature 'dwel'." in said
        assert "Did you mean 'dwell'?" in said
        assert "Not in force until this is put right: X1." in said
    # The rest of the file, and everything else, runs.
    evening.feed()
    assert evening.scroll_until_nudged()["rule"] == "F101"
