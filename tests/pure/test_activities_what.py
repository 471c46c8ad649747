"""`turntoward what` about words given by hand, as it is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli.what.commands import what_command
from detector.errors import SensorUnavailable, UserError


def _what(*arguments: str) -> Result:
    return CliRunner().invoke(what_command, list(arguments), catch_exceptions=False)


def test_a_named_app_is_classified_with_the_reason_in_80_columns() -> None:
    output = _what("--app", "firefox", "--title", "(3) Instagram • Chats — Mozilla Firefox").output
    assert output.splitlines()[0] == "social: Instagram"
    assert "  app id   firefox" in output
    assert "Instagram in social.toml" in output
    assert max(len(line) for line in output.splitlines()) <= 80


def test_json_holds_the_same() -> None:
    output = json.loads(_what("--app", "xterm", "--inside", "neomutt", "--json").output)
    assert output["category"] == "mail"
    assert output["entry"] == "Mail in the terminal in mail.toml"


def test_a_package_is_classified() -> None:
    assert _what("--package", "com.tinder").output.startswith("dating: Tinder\n")
    with pytest.raises(UserError, match="leave --app"):
        _what("--package", "com.tinder", "--app", "firefox")


def test_the_persons_own_entries_count(home: Path) -> None:
    place = home / ".config/turntoward"
    place.mkdir(parents=True)
    (place / "config.toml").write_text(
        '[[activity]]\ncategory = "together"\nname = "Our series"\nsites = ["YouTube"]\n', encoding="utf-8"
    )
    output = _what("--app", "firefox", "--title", "Cats - YouTube — Mozilla Firefox").output
    assert output.startswith("together: Our series\n")
    assert "activity 1 in config.toml" in " ".join(output.split())


def test_an_app_id_cannot_steer_the_terminal() -> None:
    output = _what("--app", "\x1b]0;owned\x07\x1b[2J" + "x" * 500).output
    assert "\x1b" not in output
    assert "\x07" not in output
    assert max(len(line) for line in output.splitlines()) <= 80


def test_without_a_desktop_it_says_why_and_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(SensorUnavailable, match=r"x11_focus.*text console(.|\n)*turntoward what --app"):
        _what("--once")
