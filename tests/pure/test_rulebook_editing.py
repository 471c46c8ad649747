"""The one writer of `own.toml`: what it writes can be read, and what stood there stands there still."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from detector.errors import TurntowardError, UserError
from detector.rulebook.editing import as_table, write_rule
from detector.rulebook.loading import built_in_pack, load_rules
from rules.model import Rule
from rules.pack import read_pack

RULES = {rule.code: rule for rule in built_in_pack().rules}
WHEN = "category is social and dwell >= 4 min and scrolls(60 s) >= 10"
MINE = """\
# my own words
pack = "mine"

[[rule]]
code = "X101"  # ours
name = "News at the table"
when = "category is news and dwell >= 20 s"
notices = "a"
why = "b"
wrong = "c"
needs = "d"
example = "e"
"""


def in_force(folder: Path) -> dict[str, Rule]:
    loaded = load_rules(folder)
    assert loaded.problems == ()
    return {rule.code: rule for rule in loaded.rules}


@pytest.mark.parametrize("code", RULES)
def test_a_copy_of_every_built_in_rule_is_the_same_rule(tmp_path: Path, code: str) -> None:
    path = write_rule(tmp_path / "rules", as_table(RULES[code]))
    rule = in_force(tmp_path / "rules")[code]
    assert rule.source == str(path)
    assert rule.condition.text.split() == RULES[code].condition.text.split()
    assert (rule.name, rule.after_grace, rule.may_nudge, rule.page) == (
        RULES[code].name,
        RULES[code].after_grace,
        RULES[code].may_nudge,
        RULES[code].page,
    )
    assert (rule.until and rule.until.text, rule.because) == (
        RULES[code].until and RULES[code].until.text,  # type: ignore[union-attr]
        RULES[code].because,
    )


def test_a_copy_has_the_until_condition_and_the_persons_own_sentence(tmp_path: Path) -> None:
    more = 'until = "dwell < 5 s"\nbecause = "{dwell} of it"\nafter_grace = true\n'
    (rule,) = read_pack(MINE + more, "mine").rules
    write_rule(tmp_path, as_table(rule))
    again = in_force(tmp_path)["X101"]
    assert again.until is not None
    assert (again.until.text, again.because, again.after_grace) == ("dwell < 5 s", "{dwell} of it", True)


def test_the_file_is_private_and_says_how_to_undo_a_change(tmp_path: Path) -> None:
    path = write_rule(tmp_path / "rules", as_table(RULES["F101"]) | {"when": WHEN}, "yours since today")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["own.toml"]
    text = path.read_text()
    assert text.startswith("# Rules of yours. ")
    assert "take it out again" in text
    assert 'code = "F101" # yours since today' in text


def test_a_changed_rule_keeps_its_place_in_the_file(tmp_path: Path) -> None:
    write_rule(tmp_path, as_table(RULES["F101"]))
    write_rule(tmp_path, as_table(RULES["A501"]))
    path = write_rule(tmp_path, as_table(RULES["F101"]) | {"when": WHEN})
    read = tomllib.loads(path.read_text())
    assert [rule["code"] for rule in read["rule"]] == ["F101", "A501"]
    assert read["rule"][0]["when"] == WHEN
    changed = {key: value for key, value in as_table(RULES["A501"]).items() if key != "after_grace"}
    write_rule(tmp_path, changed)
    assert not in_force(tmp_path)["A501"].after_grace


def test_what_else_stands_in_the_file_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(MINE)
    (tmp_path / "own.toml").chmod(0o640)
    path = write_rule(tmp_path, as_table(RULES["F101"]))
    assert path.read_text().startswith(MINE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert {"X101", "F101"} <= set(in_force(tmp_path))


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dots").mkdir()
    (tmp_path / "dots/mine.toml").write_text(MINE)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.toml").symlink_to(tmp_path / "dots/mine.toml")
    write_rule(tmp_path / "rules", as_table(RULES["F101"]))
    assert (tmp_path / "rules/own.toml").is_symlink()
    assert 'code = "F101"' in (tmp_path / "dots/mine.toml").read_text()


@pytest.mark.parametrize("text", ["[[rule", MINE.replace("dwell", "dwel"), MINE + MINE.partition("\n\n")[2]])
def test_an_invalid_file_is_not_written_to(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(UserError, match="Nothing was written"):
        write_rule(tmp_path, as_table(RULES["F101"]))
    assert (tmp_path / "own.toml").read_text() == text


def test_an_invalid_rule_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="dwel"):
        write_rule(tmp_path, as_table(RULES["F101"]) | {"when": "dwel >= 4 min"})
    assert not (tmp_path / "own.toml").exists()


def test_a_later_file_with_the_same_code_is_named(tmp_path: Path) -> None:
    (tmp_path / "zz.toml").write_text(MINE.replace("X101", "F101"))
    with pytest.raises(UserError, match=r"zz\.toml has a rule F101"):
        write_rule(tmp_path, as_table(RULES["F101"]))
    (tmp_path / "zz.toml").rename(tmp_path / "aa.toml")
    write_rule(tmp_path, as_table(RULES["F101"]) | {"when": WHEN})
    assert in_force(tmp_path)["F101"].condition.text == WHEN


def test_a_file_of_comments_alone_can_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("# later\n")
    write_rule(tmp_path, as_table(RULES["F101"]))
    assert "# later\n" in (tmp_path / "own.toml").read_text()
    assert in_force(tmp_path)["F101"].source.endswith("own.toml")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("a file, no folder")
    with pytest.raises(TurntowardError, match="could not be written"):
        write_rule(tmp_path / "rules", as_table(RULES["F101"]))
