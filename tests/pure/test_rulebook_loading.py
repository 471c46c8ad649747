"""The built-in pack and the person's own: what replaces what, and what a broken file takes away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from detector.errors import Problem
from detector.rulebook.loading import MAX_BYTES, built_in_pack, load_rules

PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'


def rule(code: str, when: str = "put_away", name: str = "Mine") -> str:
    return f'[[rule]]\ncode = "{code}"\nname = "{name}"\nwhen = "{when}"\n{PAGE}'


def codes(folder: Path | None) -> list[str]:
    return [rule.code for rule in load_rules(folder).rules]


def only(folder: Path) -> Problem:
    (problem,) = load_rules(folder).problems
    return problem


BUILT_IN = sorted(rule.code for rule in built_in_pack().rules)


def test_without_a_folder_the_built_in_rules_are_in_force(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "nowhere", tmp_path):
        loaded = load_rules(folder)
        assert codes(folder) == BUILT_IN
        assert loaded.problems == ()
        assert {rule.source for rule in loaded.rules} == {"built-in"}


def test_a_rule_of_the_same_code_replaces_and_the_last_file_wins(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(rule("F101", name="From b"))
    (tmp_path / "a.toml").write_text(rule("F101", name="From a") + rule("X1"))
    (tmp_path / "c.txt").write_text("no pack")
    (tmp_path / ".hidden.toml").write_text("no pack")
    loaded = load_rules(tmp_path)
    by_code = {rule.code: rule for rule in loaded.rules}
    assert by_code["F101"].name == "From b"
    assert sorted(by_code) == sorted([*BUILT_IN, "X1"])
    assert loaded.replaced == {"F101": str(tmp_path / "a.toml")}
    assert loaded.problems == ()


def test_a_broken_rule_takes_the_built_in_one_with_it_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(rule("F101", "dwel > 3 s") + rule("X1"))
    loaded = load_rules(tmp_path)
    assert codes(tmp_path) == sorted([*(set(BUILT_IN) - {"F101"}), "X1"])
    assert loaded.broken == ("F101",)
    hint = only(tmp_path).hint
    assert hint is not None
    assert hint.splitlines() == [
        "Did you mean 'dwell'?",
        "  Not in force until this is put right: F101.",
        "  Nor is the built-in rule that it was to replace: F101.",
        "  In force from this file: X1.",
    ]


def test_a_later_good_rule_brings_a_broken_code_back(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(rule("F101", "dwel > 3 s"))
    (tmp_path / "b.toml").write_text(rule("F101", name="Good"))
    loaded = load_rules(tmp_path)
    assert loaded.broken == ()
    assert [rule.name for rule in loaded.rules if rule.code == "F101"] == ["Good"]
    assert len(loaded.problems) == 1


def test_a_file_that_is_no_toml_takes_what_it_was_to_replace_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(rule("M302") + "= oops")
    assert "M302" not in codes(tmp_path)
    assert "Nor is the built-in rule that it was to replace: M302." in (only(tmp_path).hint or "")


def test_every_file_is_read_though_one_is_bad_and_the_place_is_in_the_problem(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b'pack = "\xc3\xa9"\nname = "\xff"\n')
    (tmp_path / "b.toml").write_text(rule("X1", "dwell >= 3"))
    (tmp_path / "c.toml").write_text(rule("X2"))
    first, second = load_rules(tmp_path).problems
    assert str(first).startswith(f"{tmp_path}/a.toml:2:9: It is not UTF-8 text.\n")
    assert "Nothing of this file is in force; the other rules are." in str(first)
    assert str(second).startswith(
        f"{tmp_path}/b.toml:4:18: dwell is a length: write 3 s or 3 min.\n"
        '    when = "dwell >= 3"\n'
        "                     ^\n"
    )
    assert codes(tmp_path) == sorted([*BUILT_IN, "X2"])


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "dangling", "large"])
def test_what_cannot_be_read_is_a_problem_and_the_rest_runs(tmp_path: Path, kind: str) -> None:
    bad = tmp_path / "a.toml"
    match kind:
        case "pipe":
            os.mkfifo(bad)
        case "folder":
            bad.mkdir()
        case "loop":
            bad.symlink_to(bad)
        case "dangling":
            bad.symlink_to(tmp_path / "nowhere")
        case _:
            bad.write_text("#" * (MAX_BYTES + 1))
    (tmp_path / "b.toml").write_text(rule("X1"))
    assert codes(tmp_path) == sorted([*BUILT_IN, "X1"])
    assert only(tmp_path).file == str(bad)


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    text = rule("X1")
    (tmp_path / "a.toml").write_text(text + "#" * (MAX_BYTES - len(text)))
    assert "X1" in codes(tmp_path)


def test_a_file_in_place_of_the_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("")
    assert codes(tmp_path / "rules") == BUILT_IN
    assert "cannot be read" in only(tmp_path / "rules").message


def test_a_byte_order_mark_and_an_odd_name_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("\ufeff" + rule("X1"), encoding="utf-8")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.toml")).write_text("oops")
    assert "X1" in codes(tmp_path)
    str(only(tmp_path)).encode()


def test_packs_may_be_left_out_and_others_tried_after_them_by_whatever_way_they_are_reached(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.toml").write_text(rule("X1"))
    (folder / "b.toml").write_text(rule("X2"))
    (tmp_path / "try.toml").write_text(rule("X2", name="Tried") + rule("X3"))
    (tmp_path / "link").symlink_to(folder)
    for way in (folder, tmp_path / "link"):
        loaded = load_rules(way, exclude=[folder / "a.toml"], extra=[tmp_path / "try.toml"])
        own = {each.code: each.name for each in loaded.rules if each.source != "built-in"}
        assert own == {"X2": "Tried", "X3": "Mine"}
