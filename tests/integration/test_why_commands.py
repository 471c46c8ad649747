"""`turntoward why` and `turntoward together`, over a real store."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from detector.backtest.timelines import play, read_timelines
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Record
from detector.core.pipeline import Pipeline
from detector.paths import config_path, store_path
from detector.rulebook.loading import load_rules
from detector.store.store import Store
from rules.policy import PolicySettings
from tests.rig.command import run_command

ROOT = Path(__file__).parents[2]
EVENING = """
# two nudges, and one that was not said
18:30:00            partner time until 20:00
19:02:00            social
19:02:10-19:03:10   1 scroll a second
19:03:12            desktop
19:05:00            mail
19:06:00            desktop
19:20:00            shopping
19:21:40            answers 3 together
19:22:00            desktop
20:00:00            ends
"""


def turntoward(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, env={"COLUMNS": "80", "TZ": "UTC"})


@pytest.fixture
def kept() -> None:
    """An evening, decided by the real core and kept in the real store."""
    core = Pipeline(load_rules(None).rules, PolicySettings(), AttentionSettings())
    effects = play(read_timelines(EVENING, "test")[0], core)
    with Store.open(store_path()) as store:
        store.history.save([effect for effect in effects if isinstance(effect, Record)])


@pytest.mark.usefixtures("kept")
class TestWhy:
    def test_the_last_nudge_is_explained(self) -> None:
        done = turntoward("why")
        assert done.returncode == 0
        assert done.stdout.startswith("Partner time on 2026-11-23, 18:30 to 20:00.\n3. 19:21:30  A nudge: shopping.\n")
        assert "You said that it is for both of you." in done.stdout

    def test_a_nudge_that_nobody_saw_is_called_so(self) -> None:
        unseen = EVENING.replace(
            "19:03:12            desktop", "19:03:11            not shown 1\n19:03:12            desktop"
        )
        core = Pipeline(load_rules(None).rules, PolicySettings(), AttentionSettings())
        effects = play(read_timelines(unseen, "test")[0], core)
        with Store.open(store_path()) as store:
            store.history.save([effect for effect in effects if isinstance(effect, Record)])
        (row,) = [line for line in turntoward("why", "--list").stdout.splitlines() if "F101" in line]
        assert row.endswith(": a nudge that nobody saw")
        done = turntoward("why", "1").stdout
        assert "A nudge that nobody saw: " in done
        assert "no notifier could show it." in " ".join(done.split())
        assert "It was said" not in done

    def test_a_moment_is_explained_by_its_number(self) -> None:
        assert "Rule F101: Scrolling in a feed." in turntoward("why", "1").stdout
        missing = turntoward("why", "9")
        assert missing.returncode == 2
        assert "There is no moment 9; its moments are 1 to 3." in missing.stderr

    def test_the_last_suppressed_moment_is_explained(self) -> None:
        done = turntoward("why", "not")
        assert "2. 19:05:45  A moment without a nudge: mail." in done.stdout
        assert "because another nudge was only a short while ago." in done.stdout
        said = turntoward("why", "not", "1")
        assert said.returncode == 2
        assert "Moment 1 had a nudge; `turntoward why 1` explains it." in said.stderr

    def test_an_instant_is_explained_by_replaying_up_to_it(self) -> None:
        done = turntoward("why", "not", "19:02:48")
        assert "F101 Scrolling in a feed: 2 of 3 parts held.\n" in done.stdout
        assert "  missing   dwell >= 60 s: 48 s, 12 s short\n" in done.stdout
        as_json = json.loads(turntoward("why", "not", "19:02:48", "--json").stdout)
        assert as_json["near"][0]["rule"] == "F101"

    @pytest.mark.parametrize("instant", ["7:02:48 pm", "7:02:48PM"])
    def test_an_instant_is_read_as_a_clock_of_12_hours_shows_it(self, instant: str) -> None:
        assert turntoward("why", "not", instant).stdout == turntoward("why", "not", "19:02:48").stdout

    def test_every_line_fits_80_columns(self) -> None:
        for words in (["why"], ["why", "--list"], ["why", "not"], ["why", "not", "19:02"], ["why", "--help"]):
            assert max(len(line) for line in turntoward(*words).stdout.splitlines()) <= 80

    def test_the_evening_s_moments_are_listed_with_their_numbers(self) -> None:
        rows = turntoward("why", "--list").stdout.splitlines()
        assert rows[1:] == [
            "  1  19:03:00  F101  social media: a nudge",
            "  2  19:05:45  M302  mail: no nudge",
            "  3  19:21:30  O701  shopping: a nudge",
        ]

    def test_on_chooses_an_evening_by_date(self) -> None:
        assert turntoward("why", "1", "--on", "2026-11-23").returncode == 0
        other = turntoward("why", "--on", "2026-11-22")
        assert other.returncode == 2
        assert "No partner time is kept of 2026-11-22; the last one is 2026-11-23, 18:30 to 20:00." in other.stderr

    @pytest.mark.parametrize(
        ("words", "answer"),
        [
            (["why", "soon"], "'soon' is neither a number nor a time of day"),
            (["why", "0"], "'0' is neither a number nor a time of day"),
            (["why", "19:10"], "A time of day goes with 'not'"),
            (["why", "not", "25:10"], "'25:10' is not a time of day"),
            (["why", "not", "21:10"], "21:10 lies in no partner time that is kept"),
            (["why", "not", "20:00"], "20:00 lies in no partner time that is kept"),
            (["why", "not", "1", "2"], "Ask for one moment"),
            (["why", "--on", "yesterday"], "No partner time is kept of 20"),
            (["why", "--on", "soon"], "'soon' is not a day"),
        ],
    )
    def test_unreadable_arguments_are_refused_with_an_example(self, words: list[str], answer: str) -> None:
        done = turntoward(*words)
        assert done.returncode == 2
        assert answer in done.stderr

    def test_why_writes_nothing(self) -> None:
        before = [path.read_bytes() for path in sorted(store_path().parent.glob("*.sqlite"))]
        turntoward("why", "not", "19:02")
        assert [path.read_bytes() for path in sorted(store_path().parent.glob("*.sqlite"))] == before


def test_without_a_store_there_is_nothing_to_explain() -> None:
    done = turntoward("why")
    assert done.returncode == 2
    assert "Nothing is kept yet" in done.stderr


class TestTogether:
    def test_a_category_is_added_and_removed_and_the_rest_of_the_config_stays(self) -> None:
        config_path().parent.mkdir(parents=True)
        before = "# mine\n[policy]\nbudget = 3  # three is plenty\n\n[store]\nkeep_names = true\n"
        config_path().write_text(before)
        assert turntoward("together", "add", "video").returncode == 0
        added = config_path().read_text()
        assert "# mine\n[policy]\nbudget = 3  # three is plenty\n" in added
        assert 'for_both = ["video"]' in added
        assert turntoward("together").stdout == "Always for both of you: video.\n"
        assert "already" in turntoward("together", "add", "video").stdout
        assert config_path().read_text() == added
        assert turntoward("together", "add", "shopping").returncode == 0
        assert 'for_both = ["video", "shopping"]' in config_path().read_text()
        assert turntoward("together", "remove", "video").returncode == 0
        assert 'for_both = ["shopping"]' in config_path().read_text()
        assert "Nothing is changed." in turntoward("together", "remove", "video").stdout

    def test_an_unknown_category_is_refused_and_nothing_is_written(self) -> None:
        done = turntoward("together", "add", "vidio")
        assert done.returncode == 2
        assert "Did you mean 'video'?" in done.stderr
        assert not config_path().exists()

    def test_an_unreadable_config_is_not_changed(self) -> None:
        config_path().parent.mkdir(parents=True)
        config_path().write_text("[policy\n")
        assert turntoward("together", "add", "video").returncode == 2
        assert config_path().read_text() == "[policy\n"

    def test_status_shows_an_offer_until_it_is_accepted_or_declined(self) -> None:
        core = Pipeline(load_rules(None).rules, PolicySettings(), AttentionSettings())
        effects = [each for each in play(read_timelines(EVENING, "test")[0], core) if isinstance(each, Record)]
        with Store.open(store_path()) as store:
            for number in range(3):
                store.history.save([_moved(effect, f"{number}@x") for effect in effects])
        assert "You answered 3 times that shopping is for both of you." in turntoward("status").stdout
        assert json.loads(turntoward("status", "--json").stdout)["offers"] == [{"category": "shopping", "times": 3}]
        assert json.loads(turntoward("together", "--json").stdout) == {"for_both": [], "offered": ["shopping"]}
        assert "not offered any more" in turntoward("together", "decline", "shopping").stdout
        assert "You answered 3 times" not in turntoward("status").stdout


def _moved(effect: Record, occurrence: str) -> Record:
    what = replace(effect.item, occurrence=occurrence) if hasattr(effect.item, "occurrence") else effect.item
    return Record(occurrence=occurrence, item=what)
