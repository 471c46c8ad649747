"""`turntoward rules`: the table, a page, and the check of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import turntoward
from detector.devices import Phone
from detector.errors import UserError
from detector.paths import rules_dir, store_path
from detector.rulebook.loading import built_in_pack
from detector.store.store import Store

PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
BUILT_IN = built_in_pack().rules


def mine(name: str, code: str, when: str = "put_away") -> Path:
    rules_dir().mkdir(parents=True, exist_ok=True)
    path = rules_dir() / name
    path.write_text(f'[[rule]]\ncode = "{code}"\nname = "{"Long " * 12}"\nwhen = "{when}"\n{PAGE}')
    return path


def run(*words: str) -> Result:
    result = CliRunner().invoke(turntoward, ["rules", *words], standalone_mode=False)
    if "--json" not in words and "check" not in words:
        assert all(len(line) <= 80 for line in result.stdout.splitlines())
    return result


def test_the_table_names_every_rule_and_where_it_is_from() -> None:
    mine("an-uncommonly-long-name-of-a-file-for-a-pack.toml", "X1")
    mine("mine.toml", "F101")
    result = run()
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert {rule.code for rule in BUILT_IN} | {"X1"} <= set(lines)
    assert lines["F102"].endswith("built-in")
    assert lines["F101"].endswith("mine.toml, replaces")
    assert lines["X1"].endswith("…")
    assert result.stderr == ""


def test_broken_rules_are_reported_beside_the_table_and_in_json() -> None:
    path = mine("mine.toml", "F101", "dwell >= 3")
    result = run()
    assert "F101" not in result.stdout
    assert f"{path}:4:18: dwell is a length" in result.stderr
    assert "Nor is the built-in rule that it was to replace: F101." in result.stderr
    loaded = json.loads(run("--json").stdout)
    assert [problem["line"] for problem in loaded["problems"]] == [4]
    assert "F101" not in [rule["code"] for rule in loaded["rules"]]


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: rule.code)
def test_every_page_is_shown_by_its_code_in_any_case(rule: object) -> None:
    code = rule.code  # type: ignore[attr-defined]
    result = run(code.lower())
    words = " ".join(result.stdout.split())
    page = rule.page  # type: ignore[attr-defined]
    for part in (page.notices, page.why, page.wrong, page.needs, page.example):
        assert " ".join(part.split()) in words
    for heading in ("Notices", "Why it may matter", "When it is wrong", "Needs", "Example"):
        assert f"\n{heading}\n" in result.stdout
    assert json.loads(run(code, "--json").stdout)["wrong"] == page.wrong
    assert json.loads(run("--json", code).stdout)["code"] == code


def test_an_unknown_code_is_refused_with_the_nearest_and_a_broken_one_with_its_reason() -> None:
    refused = run("F10")
    assert isinstance(refused.exception, UserError)
    assert "Did you mean 'F10" in str(refused.exception)
    mine("mine.toml", "F101", "dwell >= 3")
    assert "F101 is not in force, because it is broken" in str(run("F101").exception)


def test_check_calls_a_good_file_fine(tmp_path: Path) -> None:
    good = mine("mine.toml", "X1")
    assert " ".join(run("check", str(good)).stdout.split()).endswith("mine.toml: the rule X1 is fine.")


def test_check_reports_all_problems_of_all_files_at_once() -> None:
    good, bad = mine("a.toml", "X1"), mine("b.toml", "X2", "dwel >= 3 s and foo")
    nowhere = rules_dir() / "nowhere.toml"
    result = run("check", str(bad), str(good), str(nowhere))
    assert isinstance(result.exception, UserError)
    assert [(Path(problem.file or "").name, problem.column) for problem in result.exception.problems] == [
        ("b.toml", 9),
        ("b.toml", 25),
        ("nowhere.toml", None),
    ]
    assert "X1 is fine" in " ".join(result.stdout.split())


def test_check_as_json_has_the_problems_and_exits_with_2() -> None:
    bad = mine("b.toml", "X2", "dwel >= 3 s")
    result = CliRunner().invoke(turntoward, ["rules", "check", "--json", str(bad)])
    assert result.exit_code == 2
    (file,) = json.loads(result.stdout)["files"]
    assert (file["rules"], file["broken"], file["problems"][0]["line"]) == ([], ["X2"], 4)
    assert CliRunner().invoke(turntoward, ["rules", "check", "--json", str(mine("b.toml", "X2"))]).exit_code == 0


@pytest.mark.parametrize("words", [["--help"], ["F101", "--help"], ["check", "--help"]])
def test_help_has_an_example(words: list[str]) -> None:
    assert "Example: turntoward rules" in run(*words).stdout


def test_rules_that_cannot_hold_here_are_listed_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    output = " ".join(run().stdout.split())
    assert "It cannot hold here: A501, " in output
    assert "what is in front is not sensed here. `turntoward doctor` says more." in output
    found = json.loads(run("--json").stdout)["asleep"]
    assert set(found) == {rule.code for rule in BUILT_IN}
    with Store.open(store_path()) as store:
        store.phones.save(Phone(name="my phone", adb="serial"))
    output = " ".join(run().stdout.split())
    assert "It cannot hold here: F101, F105 and F107: scrolls, keys and clicks are not sensed on a phone." in output
    doctor = CliRunner().invoke(turntoward, ["doctor"]).output
    assert "These rules need more than is sensed here: F101, F105 and F107: scrolls" in " ".join(doctor.split())
