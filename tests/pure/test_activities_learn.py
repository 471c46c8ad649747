"""`turntoward what --learn`: one question, one entry, and a person's own file as it was."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detector.activities.load import load_classifier
from detector.cli import config_text
from detector.cli.what.app_query import AppQuery
from detector.cli.what.commands import what_command
from detector.cli.what.learning import LEARNABLE
from detector.cli.what.learning import learn as teach
from detector.config.read import read_settings
from detector.errors import UserError
from detector.paths import config_path, store_path
from detector.store.store import Store
from tests.rig.stored_records import EVENING, begins

COMMENTED = """\
# Ours. Do not tidy.
[store]          # what is kept
keep_names = true   # so that `what --unknown` names them

# the recipe book
[[activity]]
category = "reading"   # not together
name = "Our recipe book"
apps = [
    "org.gnome.Recipes",  # the old one
    "page.tesk.Tandoor",
]

[policy]   # after the entries
# the end
"""


@pytest.fixture
def config(home: Path) -> Path:
    path = config_path()
    path.parent.mkdir(parents=True)
    return path


def learn(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(what_command, ["--learn", *arguments], input=answer, catch_exceptions=False)


def category_of(**asked: Any) -> str:
    classifier = load_classifier(read_settings(config_path()).activities)
    if "package" in asked:
        return classifier.classify_phone(asked["package"]).category
    return classifier.classify(**asked).category


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.cli.output.is_interactive", lambda: True)
    monkeypatch.setattr("detector.cli.what.learning.is_interactive", lambda: True)
    monkeypatch.setattr("detector.cli.what.what.is_interactive", lambda: True)


@pytest.mark.usefixtures("somebody")
def test_one_question_makes_an_unknown_app_known(home: Path) -> None:
    output = learn("--app", "de.unheard.Karten", answer="12\n").output
    assert output.count("?") == 1
    assert "now      other" in output
    assert "phone" not in output.split("What is it?")[0].split("why")[1]
    number = LEARNABLE.index("together") + 1
    again = learn("--app", "de.unheard.Karten2", answer=f"{number}\n").output
    told = " ".join(again.split())
    assert "de.unheard.Karten2 is together from now on." in told
    assert "holds from the next partner time that begins" in told
    assert category_of(app_id="de.unheard.Karten2") == "together"
    assert max(len(line) for line in again.splitlines() if str(config_path()) not in line) <= 80


@pytest.mark.usefixtures("somebody")
def test_no_answer_writes_nothing(home: Path) -> None:
    assert "Nothing is written" in learn("--app", "de.unheard.Karten", answer="\n").output
    assert not config_path().exists()
    assert learn("--app", "de.unheard.Karten", answer="").exit_code == 1
    assert not config_path().exists()


def test_category_and_yes_ask_nothing(home: Path) -> None:
    for asked, found in (
        (("--app", "Slack"), {"app_id": "slack"}),
        (("--package", "com.tinder"), {"package": "com.tinder"}),
        (("--program", "neomutt"), {"app_id": "", "program": "neomutt"}),
        (("--app", "xterm", "--inside", "weechat"), {"app_id": "xterm", "inside": "weechat"}),
        (("--app", "electron", "--program", "odd"), {"app_id": "electron", "program": "odd"}),
        (
            ("--app", "firefox", "--title", "Cats - YouTube — Mozilla Firefox"),
            {"app_id": "firefox", "title": "YouTube — Mozilla Firefox"},
        ),
    ):
        assert "?" not in learn(*asked, "--category", "reading", "--yes").output
        assert category_of(**found) == "reading"
    assert category_of(app_id="kitty", inside="irssi") == "messaging"
    assert 'sites = ["YouTube"]' in config_path().read_text(encoding="utf-8")


def test_a_second_answer_replaces_the_first(config: Path) -> None:
    config.write_text(COMMENTED, encoding="utf-8")
    for category in ("work", "video", "together"):
        learn("--app", "ORG.gnome.recipes", "--category", category, "--yes")
        assert category_of(app_id="org.gnome.Recipes") == category
    assert category_of(app_id="page.tesk.Tandoor") == "reading"
    assert len(tomllib.loads(config.read_text(encoding="utf-8"))["activity"]) == 2
    output = learn("--app", "org.gnome.Recipes", "--category", "together", "--yes").output
    assert "Nothing is written" in output


def test_everything_else_in_the_config_stays_unchanged(config: Path) -> None:
    config.write_text(COMMENTED, encoding="utf-8")
    config.chmod(0o640)
    learn("--app", "com.new.App", "--category", "games", "--yes")
    kept = config.read_text(encoding="utf-8")
    lines = iter(kept.splitlines())
    assert all(line in lines for line in COMMENTED.splitlines())
    assert kept.count("com.new.App") == 1
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert read_settings(config).store.keep_names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only words",
        'activity = [{category = "work", apps = ["a.b"]}]\n',
        '[[activity]]\ncategory = "work"\napps = ["a.b"]\n\n[store]\n\n[[activity]]\ncategory = "mail"\napps = ["c.d"]',
        '\ufeff[store]\r\nkeep_names = true # "ja"\r\n\r\n[[activity]]\r\ncategory = "work"\r\napps = ["a.b"]\r\n',
    ],
)
def test_an_entry_can_be_added_to_every_form_of_the_config(config: Path, text: str) -> None:
    config.write_bytes(text.encode("utf-8"))
    before = tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    for number, app in enumerate(("com.new.App", "com.newer.App"), start=1):
        learn("--app", app, "--category", "games", "--yes")
        kept = config.read_bytes().decode("utf-8")
        after = tomllib.loads(kept.removeprefix("\ufeff").replace("\r\n", "\n"))
        assert after["activity"][:-number] == before.get("activity", [])
        assert after["activity"][-1] == {"category": "games", "apps": [app]}
        assert {key: value for key, value in after.items() if key != "activity"} == {
            key: value for key, value in before.items() if key != "activity"
        }
    assert kept.startswith("\ufeff") == text.startswith("\ufeff")
    if "\r\n" in text:
        assert "\n" not in kept.replace("\r\n", "")


def test_a_config_that_is_a_symlink_stays_one(config: Path, home: Path) -> None:
    real = home / "dotfiles/turntoward.toml"
    real.parent.mkdir()
    real.write_text(COMMENTED, encoding="utf-8")
    config.symlink_to("../../dotfiles/turntoward.toml")
    learn("--app", "com.new.App", "--category", "games", "--yes")
    assert config.is_symlink()
    assert "com.new.App" in real.read_text(encoding="utf-8")


def test_a_broken_config_is_refused_with_its_place_and_stays_as_it_is(config: Path) -> None:
    for broken, place in (
        (b"[store]\nkeep_names = maybe\n", "config.toml:2:14"),
        (b"[store]\nkeep_nmaes = true\n", "config.toml:2:1"),
        (b"[store]\n# \xff\n", "config.toml:2"),
    ):
        config.write_bytes(broken)
        with pytest.raises(UserError, match=place):
            learn("--app", "com.new.App", "--category", "games", "--yes")
        assert config.read_bytes() == broken


def test_a_full_disk_leaves_the_file_and_nothing_beside_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(COMMENTED, encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="cannot be written: No space left"):
        learn("--app", "com.new.App", "--category", "games", "--yes")
    assert config.read_text(encoding="utf-8") == COMMENTED
    assert list(config.parent.iterdir()) == [config]


def test_a_config_that_changed_meanwhile_is_not_overwritten(config: Path) -> None:
    config.write_text(COMMENTED, encoding="utf-8")
    text = config_text.ConfigText(config)
    text.add("games", "apps", "com.new.App")
    config.write_text(COMMENTED + "# and this\n", encoding="utf-8")
    with pytest.raises(UserError, match="changed by something else meanwhile"):
        text.write()
    assert config.read_text(encoding="utf-8").endswith("# and this\n")


def test_an_entry_that_would_still_decide_is_named_and_nothing_is_written(config: Path) -> None:
    text = '[[activity]]\ncategory = "work"\nname = "All"\nsites = ["Our Blog"]\n'
    config.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"would still be work, as activity 1 in config\.toml decides before it"):
        learn("--app", "firefox", "--title", "Our Blog - Zorbal — Mozilla Firefox", "--category", "news", "--yes")
    assert config.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--app", "a.b"), r"(?s)no terminal to ask on.*--category CATEGORY --yes"),
        (("--app", "a.b", "--category", "games"), r"(?s)no terminal to ask on.*--yes"),
        (("--app", "a.b", "--category", "gmaes", "--yes"), "Did you mean 'games'"),
        (("--app", "a.b", "--category", "phone", "--yes"), "no category 'phone'"),
        (("--app", " * ", "--category", "games", "--yes"), "nothing to learn"),
        (("--app", "firefox", "--category", "games", "--yes"), "Type the site instead"),
        (("--app", "firefox", "--title", "Mozilla Firefox", "--category", "games", "--yes"), "names no site"),
        (("--package", "a.b", "--app", "c"), "leave --app"),
        (("--unknown", "--package", "a.b"), "use --package NAME instead"),
        (("--app", "a.b", "--json"), "without --once and --json"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_the_reason(home: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError, match=said):
        learn(*arguments)
    assert not config_path().exists()


def test_category_and_yes_are_refused_without_learn() -> None:
    with pytest.raises(UserError, match="go with --learn"):
        CliRunner().invoke(what_command, ["--app", "a.b", "--yes"], catch_exceptions=False)


@pytest.mark.usefixtures("somebody")
def test_unknown_apps_of_phones_are_asked_about_one_by_one(home: Path) -> None:
    with Store.open(store_path()) as store:
        store.history.save([begins()])
        for app in ("de.one.app", "de.two.app", "de.two.app", "com.tinder"):
            store.history.count_unknown_app(EVENING, "my phone", app, names=True, first=True)
    number = LEARNABLE.index("shopping") + 1
    output = learn("--unknown", answer=f"{number}\n0\n").output
    assert output.index("de.two.app") < output.index("de.one.app")
    assert "com.tinder" not in output
    assert category_of(package="de.two.app") == "shopping"
    assert category_of(package="de.one.app") == "other"


def test_without_kept_names_there_is_nothing_to_ask(home: Path) -> None:
    assert "no unknown app whose name is kept" in learn("--unknown").output


def test_a_seen_title_is_never_learned(home: Path) -> None:
    seen = AppQuery(app="firefox", title="Our secret - Zorbal — Mozilla Firefox", is_seen=True)
    with pytest.raises(UserError, match="only from a title that you type") as refused:
        teach(seen, "games", yes=True)
    assert "Zorbal" not in str(refused.value)
    assert not config_path().exists()


def test_an_app_id_cannot_steer_the_terminal_and_is_found_again(home: Path) -> None:
    nasty = 'x\x1b]0;o"w\\ned\x07'
    output = learn("--app", nasty, "--category", "games", "--yes").output
    assert "\x1b" not in output
    assert category_of(app_id=nasty) == "games"
    with pytest.raises(UserError, match="nothing to learn"):
        learn("--app", "\x1b\x07", "--category", "games", "--yes")
