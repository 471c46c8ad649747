"""`turntoward rules test`: timelines of a person's own, through the rules in force."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.backtest.timeline_words import SIMPLE
from detector.cli import turntoward
from detector.cli.rules.testing import EXAMPLE
from detector.errors import UserError
from detector.paths import config_path, rules_dir

COMMAND = Path(sys.executable).with_name("turntoward")
PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
WRONG = EXAMPLE.replace("19:01:00   => nudged F101", "19:01:10   => nudged F101")
TWO = """
# two nudges, ten minutes apart
18:30 partner time until 20:00
19:00 mail
19:00:45 => nudged M302
19:01 desktop
19:10 shopping
19:11:30 => nudged O701
19:12 desktop
"""


def mine(name: str, text: str) -> Path:
    rules_dir().mkdir(parents=True, exist_ok=True)
    path = rules_dir() / name
    path.write_text(text)
    return path


def run(*words: str) -> Result:
    return CliRunner().invoke(turntoward, ["rules", "test", *words])


def test_without_timelines_it_shows_an_example_that_passes() -> None:
    done = run()
    assert done.exit_code == 0
    shown = done.output.partition("example:\n\n")[2].partition("\ndocs/rules.md")[0]
    mine("shown.txt", "\n".join(line.removeprefix("    ") for line in shown.splitlines()))
    done = run()
    assert done.exit_code == 0, done.output
    assert done.output == f"ok   {rules_dir() / 'shown.txt'}:1: a feed at the table\n1 timeline, all as expected.\n"


def test_a_failing_timeline_is_shown_side_by_side_and_exits_with_1() -> None:
    mine("a.txt", EXAMPLE + "\n" + WRONG.replace("a feed at the table", "later"))
    done = run()
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert lines[0] == f"ok   {rules_dir() / 'a.txt'}:1: a feed at the table"
    assert lines[1] == f"not  {rules_dir() / 'a.txt'}:8: later"
    assert lines[3].split() == ["19:01:10", "nudged", "F101", "x", "19:01:00", "nudged", "F101"]
    assert lines[-1] == "2 timelines, 1 not as expected."


def test_the_installed_program_exits_with_1() -> None:
    mine("a.txt", WRONG)
    done = subprocess.run([COMMAND, "rules", "test"], env=os.environ, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1


def test_timelines_are_played_with_the_rules_and_settings_in_force() -> None:
    mine("own.toml", f'[[rule]]\ncode = "F101"\nname = "Mine"\nwhen = "category is social and dwell >= 70 s"\n{PAGE}')
    mine(
        "a.txt", EXAMPLE.replace("19:01:00", "19:01:10").replace("19:01:05", "19:01:20").replace("19:01:36", "19:01:51")
    )
    assert run().exit_code == 0
    (rules_dir() / "own.toml").unlink()
    assert run().exit_code == 1
    mine("a.txt", EXAMPLE)
    assert run().exit_code == 0
    mine("a.txt", TWO)
    assert run().exit_code == 0
    config_path().write_text('[policy]\ncool_down = "1 h"\n')
    assert "suppressed O701 cool_down" in run().output


def test_timelines_can_be_played_with_another_pack() -> None:
    draft = rules_dir().parent / "draft.toml"
    mine("a.txt", WRONG)
    draft.write_text(f'[[rule]]\ncode = "F101"\nname = "M"\nwhen = "category is social and dwell >= 70 s"\n{PAGE}')
    assert run().exit_code == 1
    assert "x  19:01:00 nudged F101" in run().output
    assert run("--rules", str(draft)).output.count("19:01:10 nudged F101  |  19:01:10 nudged F101") in {0, 1}
    draft.write_text("oops")
    assert run("--rules", str(draft)).exit_code != 0


def test_an_expected_code_that_no_rule_has_is_named() -> None:
    mine("a.txt", EXAMPLE.replace("F101", "F110"))
    done = run()
    assert "no rule in force has the code 'F110'. Did you mean 'F1" in done.output


def test_all_unreadable_files_are_reported_at_once() -> None:
    bad = mine("bad.txt", "# x\n18:30:00 partner time until 20:00\n18:40 soziales\n18:20 mail\n25:00 mail\nhm\n")
    empty, begun = mine("empty.txt", ""), mine("begun.txt", "# x\n18:40:00 mail\n")
    done = CliRunner().invoke(
        turntoward, ["rules", "test", str(bad), str(empty), str(begun), "/nowhere.txt"], standalone_mode=False
    )
    assert isinstance(done.exception, UserError)
    found = [(Path(each.file or "").name, each.line, each.column) for each in done.exception.problems]
    assert found == [
        ("bad.txt", 3, 7),
        ("bad.txt", 4, 1),
        ("bad.txt", 5, 1),
        ("bad.txt", 6, 1),
        ("empty.txt", None, None),
        ("begun.txt:1", None, None),
        ("nowhere.txt", None, None),
    ]
    assert "Did you mean 'social'?" in str(done.exception)


def test_json_has_the_results() -> None:
    mine("a.txt", EXAMPLE + "\n" + WRONG)
    done = run("--json")
    assert done.exit_code == 1
    first, second = json.loads(done.output)["timelines"]
    assert (first["ok"], second["ok"]) == (True, False)
    assert first["expected"] == ["19:01:00 nudged F101"]
    assert json.loads(CliRunner().invoke(turntoward, ["rules", "--json", "test"]).output) == {
        "timelines": [first, second]
    }


def test_the_timelines_in_the_documentation_pass() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    blocks = page.split("```timeline\n")[1:]
    assert blocks
    for number, block in enumerate(blocks):
        mine(f"docs{number}.txt", block.partition("```")[0])
    done = run()
    assert done.exit_code == 0, done.output


def test_every_word_of_timelines_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    assert [word for word in SIMPLE if f"`{word}`" not in page] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("19:00 extended until 18:50", "'18:50' is not later than the line's own time"),
        ("19:00 idle since 19:10", "'19:10' is later than the line's own time"),
        ("19:00:10-19:00:05 2 scrolls a second", "it ends before it begins"),
        ("24:00 mail", "no clock shows '24:00'"),
        ("19:00:60 mail", "no clock shows '19:00:60'"),
        ("19:00 answers 1 perhaps", "a timeline does not know 'answers 1 perhaps'"),
    ],
)
def test_an_impossible_line_is_refused_with_its_place(line: str, said: str) -> None:
    path = mine("a.txt", f"# x\n18:30 partner time until 20:00\n{line}\n")
    done = CliRunner().invoke(turntoward, ["rules", "test", str(path)], standalone_mode=False)
    assert isinstance(done.exception, UserError)
    assert f"{path}:3:" in str(done.exception)
    assert said in str(done.exception)
