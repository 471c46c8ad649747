"""`turntoward what --unknown`, as it is run on a real file."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from detector.cli.what.commands import what_command
from detector.errors import UserError
from detector.paths import store_path
from detector.store.store import Store
from tests.rig.stored_records import EVENING, begins


def what(*arguments: str) -> Result:
    return CliRunner().invoke(what_command, ["--unknown", *arguments], catch_exceptions=False)


def opened(*apps: str, names: bool = False, device: str = "my phone") -> None:
    with Store.open(store_path()) as store:
        if not store.history.occurrences():
            store.history.save([begins()])
        met: set[str] = set()
        for app in apps:
            store.history.count_unknown_app(EVENING, device, app, names=names, first=app not in met)
            met.add(app)


def test_without_a_store_nothing_is_unknown(home: object) -> None:
    assert what().output == "No app that the catalogue does not know was opened on a phone.\n"
    assert json.loads(what("--json").output) == {}
    assert not store_path().exists()


def test_by_default_there_are_totals_and_no_names() -> None:
    opened("de.one.app", "de.one.app", "de.other.app")
    opened("de.third.app", device="old phone")
    output = what().output
    assert output.splitlines()[:2] == [
        "my phone: apps that the catalogue does not know were opened 3 times during",
        "  partner time, 2 different ones at least.",
    ]
    assert "old phone: an app that the catalogue does not know was opened once during" in output
    assert "never kept" in output
    assert "what --package NAME" in output
    assert "de.one" not in output
    assert max(map(len, output.splitlines())) <= 80


def test_with_names_kept_each_app_is_listed_the_most_opened_first() -> None:
    opened("de.before.app")
    opened("de.one.app", "de.other.app", "de.other.app", names=True)
    lines = what().output.splitlines()
    assert [line.split() for line in lines if line.startswith("  de.")] == [["de.other.app", "2"], ["de.one.app", "1"]]
    assert "  and 1 more from when names were not kept" in lines
    assert "what --package" in " ".join(lines)
    assert "keep_names" not in " ".join(lines)


def test_json_holds_the_same() -> None:
    opened("de.one.app", "de.one.app", names=True)
    assert json.loads(what("--json").output) == {"my phone": {"opens": 2, "apps": 1, "named": {"de.one.app": 2}}}


def test_a_phone_cannot_steer_the_terminal() -> None:
    opened("\x1b]0;owned\x07" + "x" * 400, names=True)
    output = what().output
    assert "\x1b" not in output
    assert max(map(len, output.splitlines())) <= 80


@pytest.mark.parametrize("other", [["--app", "x"], ["--package", "x"], ["--once"]])
def test_unknown_is_refused_with_other_options(other: list[str]) -> None:
    with pytest.raises(UserError, match="--unknown"):
        what(*other)
