"""Rule files that are changed while partner time is under way: what is in force then, and what is said."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from detector.daemon.rule_files import STANDS, RuleFiles
from detector.rulebook.loading import RulesInForce, built_in

PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
BUILT_IN = {rule.code for rule in built_in().rules}


def rule(code: str, when: str = "put_away", name: str = "Mine") -> str:
    return f'[[rule]]\ncode = "{code}"\nname = "{name}"\nwhen = "{when}"\n{PAGE}'


def own(loaded: RulesInForce | None) -> dict[str, str]:
    assert loaded is not None
    return {each.code: each.name for each in loaded.rules if each.source != "built-in"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "rules"
    place.mkdir()
    (place / "a.toml").write_text(rule("X1"))
    (place / "b.toml").write_text(rule("X2"))
    return place


def test_nothing_changed_is_nothing_to_do_and_nothing_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = RuleFiles(folder)
    assert own(files.in_force) == {"X1": "Mine", "X2": "Mine"}
    monkeypatch.setattr("detector.daemon.rule_files.text_of", lambda _path: pytest.fail("a file was read"))
    assert files.changed() is None


def test_a_changed_file_is_in_force_and_the_rules_of_the_others_stay_the_same_objects(folder: Path) -> None:
    files = RuleFiles(folder)
    before = {each.code: each for each in files.in_force.rules}
    (folder / "a.toml").write_text(rule("X1", name="Changed") + rule("X3"))
    found = files.changed()
    assert own(found) == {"X1": "Changed", "X2": "Mine", "X3": "Mine"}
    assert found is not None
    after = {each.code: each for each in found.rules}
    assert all(after[code] is before[code] for code in BUILT_IN | {"X2"})
    assert after["X1"] is not before["X1"]
    assert files.in_force is found
    assert files.changed() is None


def test_a_file_of_the_same_length_is_seen_and_one_that_was_only_touched_is_not(folder: Path) -> None:
    files = RuleFiles(folder)
    os.utime(folder / "a.toml", ns=(1, 1))
    assert files.changed() is None
    (folder / "a.toml").write_text(rule("X1", name="Myne"))
    assert own(files.changed())["X1"] == "Myne"


def test_a_new_file_comes_and_one_that_was_deleted_goes(folder: Path) -> None:
    files = RuleFiles(folder)
    (folder / "c.toml").write_text(rule("F101", name="Of my own"))
    found = files.changed()
    assert own(found) == {"X1": "Mine", "X2": "Mine", "F101": "Of my own"}
    (folder / "c.toml").unlink()
    (folder / "a.toml").unlink()
    found = files.changed()
    assert own(found) == {"X2": "Mine"}
    assert found is not None
    assert {each.code for each in found.rules} == BUILT_IN | {"X2"}


@pytest.mark.parametrize("broken", [rule("X1", "dwel > 3 s") + rule("X9"), "oops", "", "\0"], ids=repr)
def test_a_file_that_is_broken_now_leaves_in_force_what_it_said_and_says_so_once(folder: Path, broken: str) -> None:
    files = RuleFiles(folder)
    (folder / "a.toml").write_text(broken)
    found = files.changed()
    assert own(found) == {"X1": "Mine", "X2": "Mine"}
    assert found is not None
    assert str(found.problems[-1]).endswith(STANDS)
    assert found.problems[-1].file == str(folder / "a.toml")
    assert files.changed() is None
    (folder / "a.toml").write_text(rule("X1", name="Right again"))
    found = files.changed()
    assert own(found)["X1"] == "Right again"
    assert found is not None
    assert found.problems == ()


def test_a_new_file_that_is_broken_takes_no_built_in_rule_with_it(folder: Path) -> None:
    files = RuleFiles(folder)
    (folder / "c.toml").write_text(rule("F101", "dwel > 3 s"))
    found = files.changed()
    assert found is not None
    assert {each.code for each in found.rules} == BUILT_IN | {"X1", "X2"}
    assert found.broken == ()


def test_what_was_broken_from_the_start_stays_out_until_it_is_right(folder: Path) -> None:
    (folder / "c.toml").write_text(rule("F101", "dwel > 3 s"))
    files = RuleFiles(folder)
    assert "F101" not in {each.code for each in files.in_force.rules}
    (folder / "c.toml").write_text(rule("F101", "dwel > 4 s"))
    found = files.changed()
    assert found is not None
    assert "F101" not in {each.code for each in found.rules}
    (folder / "c.toml").write_text(rule("F101"))
    assert "F101" in own(files.changed())


def test_a_folder_that_comes_later_and_goes_again_is_seen(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path / "rules")
    assert files.changed() is None
    (tmp_path / "rules").mkdir()
    assert files.changed() is None
    (tmp_path / "rules" / "a.toml").write_text(rule("X1"))
    assert own(files.changed()) == {"X1": "Mine"}
    shutil.rmtree(tmp_path / "rules")
    assert own(files.changed()) == {}


def test_a_folder_that_cannot_be_looked_into_leaves_everything_in_force(folder: Path) -> None:
    files = RuleFiles(folder)
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("no folder")
    found = files.changed()
    assert own(found) == {"X1": "Mine", "X2": "Mine"}
    assert found is not None
    assert "stay in force" in str(found.problems)
    assert files.changed() is None
    folder.unlink()
    folder.with_name("elsewhere").rename(folder)
    found = files.changed()
    assert found is not None
    assert found.problems == ()
