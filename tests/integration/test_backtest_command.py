"""`turntoward backtest` over a real store: the table, the evenings, JSON, and what it says where there is nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.backtest.timelines import read_timelines
from detector.cli import turntoward
from detector.core.effects import Record
from detector.core.observations import Activity, Focused, LaidDown, SensorStarted
from detector.errors import UserError
from detector.paths import rules_dir, store_path
from detector.store.store import Store
from tests.rig.processes import until
from tests.timelines.reading import shift

COMMAND = Path(sys.executable).with_name("turntoward")
PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
NEWS = """
# news, and a mail
18:30:00   partner time until 20:00
19:00:00   mail
19:01:30   desktop
19:20:00   news
19:22:00   desktop
20:00:00   ends
"""
MORNING = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def pack(path: Path, code: str = "O701", when: str = "category is news and dwell >= 30 s") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[[rule]]\ncode = "{code}"\nname = "News, sooner"\nwhen = "{when}"\n{PAGE}')
    return path


def keep(*days_ago: int, ends: bool = True, text: str = NEWS) -> None:
    with Store.open(store_path()) as store:
        for ago in days_ago:
            (timeline,) = read_timelines(text, "test")
            by = MORNING - timedelta(days=ago) - timeline.observations[0].at.replace(hour=0, minute=0)
            observations = list(shift(timeline.observations, by))
            store.history.save(
                [Record(occurrence=f"1@{ago}", item=seen) for seen in (observations if ends else observations[:-1])]
            )


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


def run(*words: str) -> Result:
    done = CliRunner().invoke(turntoward, ["backtest", *words], standalone_mode=False)
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    return done


def table(done: Result) -> dict[str, list[str]]:
    return {line.split()[0]: line.split() for line in done.stdout.splitlines() if line[:1].isupper()}


def test_without_kept_evenings_backtest_says_what_to_do() -> None:
    for _ in range(2):
        output = " ".join(run().stdout.split())
        assert "No partner time is kept since" in output
        assert "`turntoward import activitywatch`" in output
        assert json.loads(run("--json").stdout)["partner_times"] == 0
        # A store in which nothing is kept yet says the same.
        Store.open(store_path()).close()


def test_a_pack_shows_counts_of_both_sides_and_the_evenings_that_change(tmp_path: Path) -> None:
    keep(3, 2, 1)
    done = run("--rules", str(pack(tmp_path / "try.toml")))
    assert done.stdout.startswith("3 partner times since ")
    rows = table(done)
    assert rows["O701"] == ["O701", "*", "News,", "sooner", "1.0", "1.0", "3", "3"]
    assert rows["M302"][-4:] == ["1.0", "1.0", "3", "3"]
    assert "3 evenings change; + is a nudge only then, - only now:" in done.stdout
    assert done.stdout.count("  + 19:20:30  News, sooner (O701): news\n") == 3
    assert done.stdout.count("  - 19:21:30  News, sooner (O701): news\n") == 3
    assert "outcomes are not compared" in " ".join(done.stdout.split())


def test_json_has_the_comparison(tmp_path: Path) -> None:
    keep(3, 1)
    whole = json.loads(run("--json", "--rules", str(pack(tmp_path / "try.toml"))).stdout)
    rules = {each["code"]: each for each in whole["rules"]}
    assert (whole["partner_times"], whole["under_way"], whole["in_force_already"]) == (2, 0, False)
    assert rules["O701"]["changed"] is True
    assert rules["O701"]["then"] == {"moments": 2, "moments_each": 1.0, "nudges": 2}
    assert rules["F101"] == {
        "code": "F101",
        "name": "Scrolling in a feed",
        "changed": False,
        "now": {"moments": 0, "moments_each": 0.0, "nudges": 0},
        "then": {"moments": 0, "moments_each": 0.0, "nudges": 0},
    }
    first = whole["changed"][0]
    day = f"{MORNING - timedelta(days=3):%Y-%m-%d}"
    assert first["began"] == f"{day}T18:30:00+00:00"
    assert first["appear"] == [{"at": f"{day}T19:20:30+00:00", "rule": "O701", "category": "news", "device": "laptop"}]
    assert whole["all"]["now"] == whole["all"]["then"] == {"moments": 4, "moments_each": 2.0, "nudges": 4}


def test_without_a_pack_it_shows_the_rules_in_force(tmp_path: Path) -> None:
    keep(1)
    done = run()
    assert table(done)["O701"][-2:] == ["1.0", "1"]
    assert "`--rules FILE` shows beside it" in " ".join(done.stdout.split())
    assert json.loads(run("--json").stdout)["all"]["then"] is None


def test_a_pack_in_force_is_compared_with_the_rules_without_it() -> None:
    keep(1)
    own = pack(rules_dir() / "own.toml")
    done = run("--rules", str(own))
    assert "without" in done.stdout.splitlines()[3]
    assert "+ is a nudge only with, - only without:" in done.stdout
    assert "  + 19:20:30  News, sooner (O701): news\n" in done.stdout
    assert json.loads(run("--json", "--rules", str(own)).stdout)["in_force_already"] is True
    # Another pack is tried beside it, and it holds on both sides.
    other = pack(rules_dir().parent / "try.toml", "X1", "category is mail and dwell >= 20 s")
    done = run("--rules", str(other))
    assert table(done)["O701"][-4:] == ["1.0", "1.0", "1", "1"]
    assert "O701)" not in done.stdout


def test_only_finished_evenings_since_then_count() -> None:
    keep(30, 3)
    # It goes on for a long time yet.
    (line,) = [line for line in NEWS.splitlines() if "partner time" in line]
    now = datetime.now(UTC)
    keep(0, ends=False, text=NEWS.replace(line, "12:00:00 partner time until 11:59"))
    with Store.open(store_path(), read_only=True) as store:
        is_under_way = any(each.ended is None and each.began <= now < each.ends for each in store.history.occurrences())
    done = run("--since", "10d")
    assert done.stdout.startswith("1 partner time since ")
    assert ("The one under way is left out." in done.stdout) or not is_under_way
    assert run("--since", "60d").stdout.startswith("2 partner times since ")


def test_a_broken_pack_is_refused_with_all_its_problems(tmp_path: Path) -> None:
    keep(1)
    bad, good = pack(tmp_path / "bad.toml", when="dwel >= 3 s"), pack(tmp_path / "good.toml")
    done = run("--rules", str(bad), "--rules", str(good), "--rules", str(tmp_path / "nowhere.toml"))
    assert isinstance(done.exception, UserError)
    assert [Path(each.file or "").name for each in done.exception.problems] == ["bad.toml", "nowhere.toml"]
    assert done.stdout == ""


def test_broken_own_rules_are_left_out_with_a_warning() -> None:
    keep(1)
    pack(rules_dir() / "own.toml", when="dwel >= 3 s")
    done = run()
    assert "broken and left out" in done.stderr
    assert "O701" not in table(done)


def test_backtest_changes_nothing(tmp_path: Path) -> None:
    keep(2, 1)
    before = store_path().read_bytes()
    run("--rules", str(pack(tmp_path / "try.toml")))
    assert store_path().read_bytes() == before


def test_many_processes_give_the_same_result_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(*range(1, 21))
    words = ("--json", "--rules", str(pack(tmp_path / "try.toml")))
    asked: list[int] = []
    affinity = os.sched_getaffinity

    def processors(many: int) -> None:
        def there_are(_process: int) -> set[int]:
            asked.append(many)
            return set(range(many))

        monkeypatch.setattr("os.sched_getaffinity", there_are)

    processors(3)
    by_three = run(*words)
    processors(1)
    by_one = run(*words)
    monkeypatch.setattr("os.sched_getaffinity", affinity)
    assert asked == [3, 1]
    assert by_three.exception is None
    assert by_three.stdout == by_one.stdout
    assert [each["began"][:10] for each in json.loads(by_one.stdout)["changed"]] == sorted(
        f"{MORNING - timedelta(days=ago):%Y-%m-%d}" for ago in range(1, 21)
    )


@pytest.mark.parametrize("processes", [1, 2])
def test_usual_is_computed_from_the_evenings_before_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """One mail each evening, until two come on the last: more than usual, once seven evenings are known."""
    two = NEWS.replace("19:20:00   news", "19:20:00   mail")
    keep(*range(2, 12))
    keep(1, text=two)
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(processes)))
    tried = pack(tmp_path / "try.toml", "X1", "category is mail and uses(mail, 2 h) > usual(p75)")
    changed = json.loads(run("--json", "--rules", str(tried)).stdout)["changed"]
    day = f"{MORNING - timedelta(days=1):%Y-%m-%d}"
    assert [each["at"] for evening in changed for each in evening["appear"]] == [f"{day}T19:20:02+00:00"]
    # Where only the last days are played, those before them are what is usual all the same.
    since = json.loads(run("--json", "--rules", str(tried), "--since", "2d").stdout)
    assert since["partner_times"] == 2
    assert since["changed"] == changed


def test_usual_is_unknown_with_less_than_seven_evenings(tmp_path: Path) -> None:
    # The evening of two mails does not count for itself, and the one after it has nothing that is not usual.
    keep(*range(3, 9))
    keep(2, text=NEWS.replace("19:20:00   news", "19:20:00   mail"))
    keep(1)
    tried = pack(tmp_path / "try.toml", "X1", "category is mail and uses(mail, 2 h) > usual(p75)")
    assert json.loads(run("--json", "--rules", str(tried)).stdout)["changed"] == []


def test_ctrl_c_ends_backtest_without_traceback_or_leftover_processes(tmp_path: Path) -> None:
    keep(*range(1, 400))
    begun = tmp_path / "begun"
    # A moment's pause in each evening makes sure that there is something to break off.
    patched = (
        "import pathlib, sys, time\nimport detector.backtest.compare as playing\nplay = playing.play_evening\n"
        f"def slowly(*args, **more):\n    pathlib.Path({str(begun)!r}).touch()\n    time.sleep(0.05)\n"
        "    return play(*args, **more)\n"
        "playing.play_evening = slowly\nfrom detector.cli import main\n"
        "sys.argv = ['turntoward', 'backtest', '--since', '500d']\nmain()\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", patched], env=os.environ, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until(begun.exists, what="the first evening")
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=30)
    assert started.returncode == 130
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(started.pid, 0)


def test_progress_is_written_to_stderr_only_if_it_takes_long(tmp_path: Path) -> None:
    keep(*range(1, 4))
    done = subprocess.run(
        [COMMAND, "backtest", "--rules", pack(tmp_path / "try.toml")],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "observations …" not in done.stdout
    assert "observations." in done.stdout


def test_observations_are_played_in_the_order_of_their_instants_whenever_saved() -> None:
    (timeline,) = read_timelines(NEWS, "test")
    by = MORNING - timedelta(days=1) - timeline.observations[0].at.replace(hour=0, minute=0)
    laptop = list(shift(timeline.observations, by))
    feeds = [
        found
        for minute in (10, 30, 50)
        for found in (
            Focused(
                at=laptop[0].at + timedelta(minutes=minute, seconds=7),
                device="phone",
                activity=Activity(category="social"),
            ),
            LaidDown(at=laptop[0].at + timedelta(minutes=minute + 4), device="phone"),
        )
    ]
    phone = [SensorStarted(at=laptop[0].at, device="phone", sense="focus", sensor="x"), *feeds]
    found = []
    for saved in ([*laptop, *phone], [laptop[0], *phone, *laptop[1:]]):
        store_path().unlink(missing_ok=True)
        with Store.open(store_path()) as store:
            store.history.save([Record(occurrence="1@1", item=each) for each in saved])
            played = [each.at for each in store.history.observations("1@1")]
            assert played == sorted(played)
            assert len(played) == len(saved)
        found.append(json.loads(run("--json").stdout)["rules"])
    assert found[0] == found[1]
    assert sum(rule["now"]["moments"] for rule in found[0]) > 4
