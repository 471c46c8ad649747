"""`turntoward rules new`: what it writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.backtest.timeline_words import DAY
from detector.cli import turntoward
from detector.cli.rules.writing import SIGNS, length_in, new_condition, with_exception, with_length
from detector.errors import UserError
from detector.paths import rules_dir
from detector.rulebook.loading import built_in_pack, load_rules, read_rule_file
from rules.features import CATEGORIES
from rules.language import compile_condition
from rules.model import FeatureKey, FixedFeatures, Rule

BUILT_IN = built_in_pack().rules


def own() -> Path:
    return rules_dir() / "own.toml"


def run(*words: str, says: str | None = None, monkeypatch: pytest.MonkeyPatch | None = None) -> Result:
    if monkeypatch is not None:
        monkeypatch.setattr("detector.cli.rules.new.is_interactive", lambda: True)
    return CliRunner().invoke(turntoward, ["rules", "new", *words], input=says, standalone_mode=False)


def rule(code: str) -> Rule:
    return next(each for each in load_rules(rules_dir()).rules if each.code == code)


def condition(code: str) -> str:
    return rule(code).condition.text.strip()


def test_a_threshold_of_a_built_in_rule_is_changed_by_options() -> None:
    done = run("--from", "f101", "--after", "90s")
    assert condition("F101") == "category is social and dwell >= 90 s and scrolls(60 s) >= 10"
    output = " ".join(done.output.split())
    assert (
        "it replaces the built-in rule: after 90 s rather than 1 min. It is in force from the next partner time on."
        in output
    )
    assert f"turntoward backtest --rules {own()}" in done.output
    assert rule("F101").page.notices.endswith("Changed by you: after 90 s rather than 1 min.")
    assert own().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("each", BUILT_IN, ids=lambda each: each.code)
def test_every_built_in_rule_can_be_copied_unchanged(each: Rule) -> None:
    assert run("--from", each.code).exception is None
    copied = rule(each.code)
    assert copied.source == str(own())
    assert copied.condition.text.strip() == each.condition.text.strip()
    assert (copied.after_grace, copied.because) == (each.after_grace, each.because)
    assert (copied.until and copied.until.text.strip()) == (each.until and each.until.text.strip())
    assert " ".join(copied.page.why.split()) == " ".join(each.page.why.split())


def test_an_exception_by_category_is_added_to_the_condition() -> None:
    run("--from", "F104", "--except", "came_from is together and elapsed <= 30 min")
    came, elapsed = FeatureKey("came_from"), FeatureKey("elapsed")
    holds = {FeatureKey("category"): "social", FeatureKey("dwell"): timedelta(seconds=40)}
    changed = rule("F104").condition

    def decides(came_from: str, minutes: int) -> bool:
        return changed.holds(FixedFeatures(DAY, {**holds, came: came_from, elapsed: timedelta(minutes=minutes)}))

    assert decides("reading", 10)
    assert decides("together", 40)
    assert not decides("together", 10)


@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_feature_exempts_from_nothing(known: bool) -> None:
    exempt = compile_condition("came_from is together or put_away")
    whole = compile_condition(with_exception("dwell >= 60 s", exempt))
    features = {FeatureKey("dwell"): timedelta(seconds=61)}
    assert whole.holds(FixedFeatures(DAY, features))
    features |= {FeatureKey("came_from"): "together", FeatureKey("put_away"): False} if known else {}
    assert whole.holds(FixedFeatures(DAY, features)) is not known


@pytest.mark.parametrize(
    ("category", "sign"),
    [pair for pair in itertools.product(["distraction", *CATEGORIES], SIGNS) if pair != ("distraction", "again")],
)
def test_every_category_with_every_sign_gives_a_valid_rule(category: str, sign: str) -> None:
    assert compile_condition(new_condition(category, sign, timedelta(seconds=90)))
    assert run("--category", category, "--sign", sign, "--after", "90s").exception is None
    (only,) = read_rule_file(own()).rules
    assert (only.code, only.source) == ("X101", str(own()))


def test_a_second_rule_is_appended_and_the_file_stays_unchanged_before_it() -> None:
    own().parent.mkdir(parents=True)
    before = "# mine,   by hand\r\n\r\n"
    run("--category", "news", "--after", "45s", "--name", "First")
    written = own().read_text()
    own().write_bytes((before + written.replace("\n", "\r\n")).rstrip().encode())
    kept = own().read_bytes()
    own().chmod(0o640)
    run("--category", "mail", "--after", "1 min", "--name", "Second")
    after = own().read_bytes()
    assert after.startswith(kept)
    assert b"\r\n" in after[len(kept) :]
    assert after.replace(b"\r\n", b"").count(b"\n") == 0
    assert own().stat().st_mode & 0o777 == 0o640
    assert [(each.code, each.name) for each in read_rule_file(own()).rules] == [("X101", "First"), ("X102", "Second")]
    assert list(own().parent.iterdir()) == [own()]


def test_a_symlink_stays_a_symlink(tmp_path: Path) -> None:
    own().parent.mkdir(parents=True)
    (tmp_path / "dotfiles.toml").write_text("")
    own().symlink_to(tmp_path / "dotfiles.toml")
    run("--category", "news", "--after", "45s")
    assert own().is_symlink()
    assert "X101" in (tmp_path / "dotfiles.toml").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--category and --after"),
        (["--category", "news"], "needs --after"),
        (["--from", "F10", "--after", "9s"], "Did you mean 'F10"),
        (["--when", "dwel > 3 s"], "Did you mean 'dwell'?"),
        (["--when", "dwell > 3 s", "--except", "cam_from is work"], "--except"),
        (["--from", "M302", "--after", "30h"], "24 h"),
        (["--category", "news", "--after", "30h"], "24 h"),
        (["--category", "distraction", "--sign", "again", "--after", "9 min"], "--sign looks"),
        (["--category", "news", "--after", "9s", "--code", "x-1"], "one to four capital letters"),
        (["--category", "news", "--after", "9s", "--name", "x" * 61], "60 are the most"),
        (["--when", "dwell > 9 s and put_away", "--except", "put_away" + " or put_away" * 60], "50 are the most"),
    ],
    ids=str,
)
def test_an_invalid_rule_is_refused_and_nothing_is_written(words: Sequence[str], said: str) -> None:
    done = run(*words)
    assert isinstance(done.exception, UserError)
    assert said in str(done.exception)
    assert not own().exists()
    assert not rules_dir().exists() or list(rules_dir().iterdir()) == []


def test_a_rule_without_a_single_length_refuses_after_and_shows_its_condition() -> None:
    code = next(each.code for each in BUILT_IN if length_in(each.condition.text) is None)
    done = run("--from", code, "--after", "90s")
    assert "--after has no one place" in str(done.exception)
    assert not own().exists()


def test_an_existing_code_is_not_overwritten() -> None:
    run("--from", "F101", "--after", "90s")
    before = own().read_bytes()
    done = run("--from", "F101", "--after", "80s")
    assert "has a rule F101 already" in str(done.exception)
    assert own().read_bytes() == before


def test_a_broken_file_is_refused_with_its_problems() -> None:
    own().parent.mkdir(parents=True)
    own().write_text("oops")
    done = run("--category", "news", "--after", "45s")
    assert "This is not TOML" in str(done.exception)
    assert own().read_text() == "oops"


def test_a_rule_is_added_to_a_file_with_one_broken_rule() -> None:
    run("--category", "news", "--after", "45s")
    own().write_text(own().read_text() + '\n[[rule]]\ncode = "X7"\n')
    assert run("--category", "mail", "--after", "45s").exception is None
    file = read_rule_file(own())
    assert ([each.code for each in file.rules], file.broken) == (["X101", "X102"], ("X7",))


def test_a_rule_that_a_later_file_overrides_is_reported_as_not_in_force() -> None:
    run("--from", "F101", "--file", str(rules_dir() / "own.toml"))
    own().rename(rules_dir() / "zz.toml")
    done = run("--from", "F101", "--after", "90s")
    assert "It is not in force" in done.output


def test_a_dry_run_shows_the_rule_and_writes_nothing() -> None:
    done = run("--category", "news", "--after", "45s", "--dry-run")
    assert 'when = "category is news and dwell >= 45 s"' in done.output
    assert "# When it holds." in done.output
    assert not rules_dir().exists()


def test_it_asks_on_a_terminal_and_enter_takes_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(says="\nnews\nscrolling\n2 min\nThe paper\n", monkeypatch=monkeypatch)
    assert done.exception is None, done.output
    made = rule("X101")
    assert (made.name, condition("X101")) == (
        "The paper",
        "category is news and dwell >= 2 min and scrolls(2 min) >= 10",
    )
    assert "news has been in front for 2 min and is scrolled" in " ".join(done.output.split())


def test_it_asks_on_a_terminal_for_another_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(says="M302\nsoon\n30 s\ncame_from is work\n\n", monkeypatch=monkeypatch)
    assert "'soon' is not a length" in done.output
    assert done.exception is None, done.output
    assert " ".join(condition("M302").split()) == (
        "(category is mail and dwell >= 30 s) and (not (came_from is work) or came_from is unknown)"
    )
    assert rule("M302").name == "Mail, for a while"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("category is mail and dwell >= 45 s", "category is mail and dwell >= 9 s"),
        ("dwell>=1 min 30 s and put_away", "dwell>=9 s and put_away"),
        ("(dwell > 1 min) or put_away", "(dwell > 9 s) or put_away"),
        ("dwell >= 5 s or dwell >= 6 s", None),
        ("dwell < 5 s", None),
        ("put_away", None),
    ],
)
def test_with_length_changes_only_the_length(when: str, expected: str | None) -> None:
    assert with_length(when, timedelta(seconds=9)) == expected


def test_a_real_process_without_a_terminal_never_waits_for_an_answer() -> None:
    command = Path(sys.executable).with_name("turntoward")
    done = subprocess.run(
        [command, "rules", "new"],
        stdin=subprocess.DEVNULL,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "needs --category and --after" in done.stderr


def test_a_new_rule_is_shown_by_its_code() -> None:
    run("--category", "news", "--after", "45s", "--name", 'Quotes " and \\ and ä')
    page = CliRunner().invoke(turntoward, ["rules", "X101", "--json"], standalone_mode=False).output
    assert json.loads(page)["name"] == 'Quotes " and \\ and ä'
