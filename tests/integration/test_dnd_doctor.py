"""What doctor says of Do Not Disturb: only where partner time asks for it, and then all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from detector.cli import turntoward
from detector.dnd.dunst import config_lines as dunst_lines
from detector.dnd.mako import config_lines as mako_lines
from tests.rig.bus import Dunst, SessionBus, dunst_on
from tests.rig.processes import ROOT
from tests.rig.wayland import mako_on_sway
from tests.rig.x11 import Desktop

pytestmark = pytest.mark.real
WANTED = '[quiet]\nalways = true\nringing = ["org.signal.Signal"]\n'
DunstWith = Callable[[str], Dunst]


@pytest.fixture
def dunst_with(x_server: Desktop, session_bus: SessionBus) -> Iterator[DunstWith]:
    with ExitStack() as stack:
        yield lambda rules: stack.enter_context(dunst_on(x_server, session_bus, rules=rules))


def wanted(home: Path, text: str = WANTED) -> None:
    (home / ".config/turntoward").mkdir(parents=True)
    (home / ".config/turntoward/config.toml").write_text(text)


def doctor(*more: str) -> str:
    done = CliRunner().invoke(turntoward, ["doctor", *more])
    assert done.exit_code == 0, done.output
    return done.output


def found() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(doctor("--json"))["quiet"]
    return parsed


def test_without_a_partner_time_that_asks_for_it_it_is_one_line_and_no_server_is_asked() -> None:
    assert "No partner time asks for it" in doctor()
    assert found()["wanted"] is False


def test_dunst_without_our_config_lines_is_not_switched_and_the_lines_are_shown(
    home: Path, dunst_with: DunstWith
) -> None:
    wanted(home)
    dunst = dunst_with("")
    said = doctor()
    assert "no   It cannot here: dunst would hold our nudges back" in said
    assert dunst_lines(["org.signal.Signal"]) in said
    assert max(map(len, said.splitlines())) <= 80
    assert dunst.ctl("is-paused") == "false"


def test_dunst_with_our_config_lines_lets_nudges_and_ringing_apps_through(home: Path, dunst_with: DunstWith) -> None:
    wanted(home)
    dunst_with(dunst_lines(["org.signal.Signal"]))
    told = found()
    assert (told["way"], told["nudges"], told["rings"], told["held"]) == (
        "dunst_rules",
        True,
        ["org.signal.Signal"],
        [],
    )
    assert "org.signal.Signal rings." in doctor()


def test_an_app_missing_from_the_config_lines_is_named(home: Path, dunst_with: DunstWith) -> None:
    wanted(home)
    dunst_with(dunst_lines([]))
    assert "org.signal.Signal does not ring" in doctor()
    assert found()["lines"] == dunst_lines(["org.signal.Signal"])


def test_a_pause_that_holds_our_nudges_is_said_where_the_settings_allow_it(home: Path, dunst_with: DunstWith) -> None:
    wanted(home, f"{WANTED}even_without_nudges = true\n")
    dunst_with("")
    assert "Our nudges do not get through" in " ".join(doctor().split())


@pytest.mark.parametrize(
    ("settings", "way", "held"),
    [
        ("", None, []),
        ("[mode=turntoward]\ninvisible=1\n", None, []),
        (mako_lines([]), "mako", ["org.signal.Signal"]),
        (mako_lines(["org.signal.Signal"]), "mako", []),
        (mako_lines(["org.signal.Signal"]) + "[mode=turntoward]\ninvisible=1\n", None, []),
    ],
)
def test_mako_is_judged_by_the_config_it_was_started_with(
    home: Path, monkeypatch: pytest.MonkeyPatch, settings: str, way: str | None, held: list[str]
) -> None:
    wanted(home)
    with mako_on_sway(settings) as mako:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", mako.address)
        told = found()
        assert (told["way"], told["held"]) == (way, held)
        assert (told["lines"] is None) is (way is not None and not held)
        assert mako.modes() == ["default"]


def test_the_docs_page_shows_the_config_lines_that_doctor_shows() -> None:
    page = (ROOT / "docs/do-not-disturb.md").read_text()
    assert dunst_lines([]) in page
    assert mako_lines([]) in page


def test_without_a_session_bus_doctor_says_so(home: Path, no_bus: None) -> None:
    wanted(home)
    assert found()["why"] == "there is no session bus"
