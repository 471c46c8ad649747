"""`turntoward import activitywatch` as it is called: from a file, and from an aw-server, into a real store."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detector.cli import turntoward
from detector.core.effects import Record
from detector.core.observations import PartnerTimeBegan
from detector.devices import Phone
from detector.errors import TurntowardError, UserError
from detector.importing import running_server
from detector.partner_time.model import PartnerTime
from detector.paths import config_path, store_path
from detector.sensors import activitywatch_server
from detector.store.history import HistoryStore
from detector.store.store import Store
from tests.endtoend.traces import below, traces
from tests.rig.activitywatch import AwServer, aw_server
from tests.rig.activitywatch_history import CANARY_TITLE, CANARY_URL, History, days, event

ROOT = Path(__file__).resolve().parents[2]
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST = TODAY - timedelta(days=6)


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(scope="module")
def history() -> History:
    """Five whole days that end the day before yesterday, and one more event, so that all of it is reached."""
    made = days(FIRST, 5, pace=90)
    reached = TODAY - timedelta(hours=20)
    made.front(event(reached, 1, app="code", title="x"))
    made.apps(event(reached, 1, app="X", package="com.whatsapp"))
    return made


@pytest.fixture
def export(history: History, tmp_path: Path) -> Path:
    return history.write(tmp_path / "export.json")


@pytest.fixture
def dinner() -> None:
    declare_dinner()


@pytest.fixture(scope="module")
def filled(history: History) -> Iterator[AwServer]:
    with aw_server() as server:
        server.fill(history.buckets)
        yield server


@pytest.fixture
def server() -> Iterator[AwServer]:
    with aw_server() as running:
        yield running


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(turntoward, ["import", "activitywatch", *map(str, words)])


def declare_dinner() -> None:
    begins = (TODAY + timedelta(hours=18, minutes=30)).replace(tzinfo=None)
    dinner = PartnerTime(
        title="Dinner", begins=begins, lasts=timedelta(minutes=90), zone="UTC", recurrence="FREQ=DAILY"
    )
    with Store.open(store_path()) as store:
        store.plans.add(dinner)


def declare_whole_days() -> None:
    always = PartnerTime(
        title="Always",
        begins=(TODAY - timedelta(days=89)).replace(tzinfo=None),
        lasts=timedelta(hours=24),
        zone="UTC",
        recurrence="FREQ=DAILY",
    )
    with Store.open(store_path()) as store:
        store.plans.add(always)


def done(*words: str | Path) -> dict[str, Any]:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output + repr(result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def failed(kind: type[TurntowardError], *words: str | Path) -> str:
    result = call(*words)
    assert isinstance(result.exception, kind), (result.output, result.exception)
    assert result.stdout == ""
    return str(result.exception)


def kept() -> list[tuple[Any, ...]]:
    with Store.open(store_path(), read_only=True) as store:
        return [(table, *map(repr, row.values())) for table, row in store.export()]


def sizes() -> dict[str, int]:
    rows = kept()
    return {table: sum(row[0] == table for row in rows) for table in ("occurrences", "uses", "moments", "coverage")}


def test_importing_a_file_twice_changes_nothing(export: Path, dinner: None) -> None:
    first = done(export)
    assert first["added"] == 5
    assert set(first["devices"]) == {"laptop", "phone"}
    assert all(counts["used"] > 20 for counts in first["devices"].values())
    once = kept()
    assert sizes()["moments"] > 5
    again = done(export)
    assert (again["added"], again["extended"], again["devices"]["phone"]["used"]) == (0, 0, 0)
    assert again["devices"]["phone"]["known_already"] == first["devices"]["phone"]["used"]
    assert kept() == once


def test_a_running_server_gives_the_same_result_as_its_export(filled: AwServer, export: Path, dinner: None) -> None:
    told = done("--url", filled.url)
    by_server = kept()
    store_path().unlink()
    for beside in store_path().parent.glob("*.sqlite-*"):
        beside.unlink()
    declare_dinner()
    by_file = done(export)
    assert by_server == kept()
    assert told["devices"] == by_file["devices"]
    assert told["added"] == by_file["added"] == 5


def test_only_buckets_and_events_are_requested_and_redirects_are_not_followed(filled: AwServer, dinner: None) -> None:
    before = len(filled.requested())
    done("--url", filled.url, "--since", "3d", "--dry-run")
    asked = filled.requested()[before:]
    assert asked[0] == "/api/0/buckets/"
    assert all("/events?start=" in path for path in asked[1:])
    assert len(asked) == 1 + 5


def test_a_response_that_is_too_large_is_requested_in_halves(
    filled: AwServer, export: Path, dinner: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = done("--url", filled.url, "--dry-run")
    before = len(filled.requested())
    monkeypatch.setattr(activitywatch_server, "MAX_ANSWER", 20_000)
    halved = done("--url", filled.url, "--dry-run")
    assert len(filled.requested()) - before > 100
    assert {**halved, "since": ""} == {**whole, "since": ""}


def test_too_much_in_the_shortest_span_is_named_and_the_rest_is_read(
    server: AwServer, dinner: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.bucket("aw-watcher-window_desk", "currentwindow")
    at = TODAY - timedelta(days=1, hours=2)
    server.put("aw-watcher-window_desk", *(event(at, 1, app="x" * 5000, title="x") for _ in range(30)))
    monkeypatch.setattr(activitywatch_server, "MAX_ANSWER", 100_000)
    monkeypatch.setattr(running_server, "MIN_SPAN", timedelta(hours=1))
    found = done("--url", server.url, "--since", "3d", "--dry-run")
    assert "too many events around" in found["problems"][0]
    assert found["wrong"] >= 1


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"status": 302, "location": "http://example.org/"}, "redirects"),
        ({"status": 308, "location": "/api/0/buckets"}, "redirects"),
        ({"status": 500}, "answered with 500"),
        ({"status": 401}, "token"),
        ({"body": "<html>"}, "not JSON"),
        ({"body": "[1, 2]"}, "not a list of buckets"),
        ({"body": "[" * 200_000}, "not JSON"),
    ],
)
def test_another_server_is_refused_and_nothing_is_stored(
    server: AwServer, odd: dict[str, Any], words: str, dinner: None
) -> None:
    server.misbehave(**odd)
    before = kept()
    assert words in failed(TurntowardError, "--url", server.url)
    assert kept() == before


def test_a_bucket_with_an_invalid_response_is_named(server: AwServer, dinner: None) -> None:
    server.bucket("aw-watcher-window_desk", "currentwindow")
    server.misbehave(body='{"title": "quagmirewombatlute"}', only="/events")
    found = done("--url", server.url, "--since", "2d")
    assert "not a list of events" in found["problems"][0]
    assert CANARY_TITLE not in json.dumps(found)


def test_an_unreachable_server_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    assert "does not answer" in failed(TurntowardError, "--url", f"http://127.0.0.1:{port}")


def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activitywatch_server, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "did not answer within" in failed(TurntowardError, "--url", url)


@pytest.mark.parametrize("how", ["--token", "--token-file"])
def test_the_token_is_sent(server: AwServer, how: str, tmp_path: Path, dinner: None) -> None:
    server.misbehave(token="zephyrmarmot")
    (tmp_path / "token").write_text("zephyrmarmot\n")
    given = "zephyrmarmot" if how == "--token" else str(tmp_path / "token")
    assert done("--url", server.url, how, given)["added"] == 0
    assert "token" in failed(TurntowardError, "--url", server.url)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--url", "ftp://127.0.0.1"], "is not an address of an aw-server"),
        (["--url", "127.0.0.1:5600"], "is not an address of an aw-server"),
        (["--url", "http://127.0.0.1:99999"], "is not an address"),
        (["--url", "http://me:secret@127.0.0.1:5600"], "a name or a password"),
        (["--url", "http://127.0.0.1:5600/api/0"], "goes on after the port"),
        (["--token", "a b"], "one word"),
        (["--token", "a\r\nHost: x"], "one word"),
        (["--token", "a", "--token-file", "b"], "mean the same"),
        (["--token-file", "/nowhere/at/all"], "cannot be read"),
        (["x.json", "--url", "http://127.0.0.1:5600"], "not both"),
        (["x.json", "--since", "tomorrow"], "--since"),
        (["/nowhere.json"], "cannot be read"),
        (["/"], "cannot be read"),
        (["/dev/null"], "it is not a regular file"),
        (["x.json", "--phone", "their phone"], "None is paired"),
    ],
)
def test_contradicting_options_are_refused_with_advice(words: list[str], said: str) -> None:
    assert said in failed(UserError, *words)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"buckets": {\n  "a": {"events": [{"timestamp": "quagmirewombatlute', ":2:"),
        (b'{"buckets": {}}\n\n x', ":3:"),
        (b"quagmirewombatlute", ":1:1: is not JSON"),
        (b'{"buckets": [1]}', " is no export"),
        (b'{"buckets": 7}', " is no export"),
        (b'[{"id": "x"}]', " is no export"),
        (b"{}", " is no export"),
        (b"[" * 1_000_000, " is no"),
        (b'{"\xff": 1}', " is no"),
    ],
)
def test_an_invalid_export_is_refused_with_the_place_and_without_its_content(
    content: bytes, place: str, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_bytes(content)
    said = failed(UserError, tmp_path / "x.json")
    assert place in said
    assert CANARY_TITLE not in said
    assert not store_path().exists() or sizes()["occurrences"] == 0


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (b'"title": "x"', b'"title": "x \xf7"', "aw-watcher-window_desk, event 1: a character in it is broken"),
        (b'"hostname": "desk"', b'"hostname": "d\xf7"', "aw-watcher-window_desk: it is not what a bucket should be"),
    ],
)
def test_a_stray_byte_costs_its_event_or_its_bucket_and_the_rest_is_read(
    before: bytes, after: bytes, named: str, tmp_path: Path
) -> None:
    history = History()
    history.front(event(FIRST, 1, app="a", title="x"), event(FIRST + timedelta(seconds=9), 1, app="a", title="y"))
    history.apps(event(FIRST, 1, app="X", package="com.whatsapp"))
    path = history.write(tmp_path / "x.json")
    path.write_bytes(path.read_bytes().replace(before, after))
    found = done(path, "--dry-run")
    assert named in found["problems"] or named.replace("event 1", "event 2") in found["problems"]
    assert found["devices"]["phone"]["wrong"] == 0
    assert found["devices"].get("laptop", {"read": 2})["read"] == 2


def test_a_stray_byte_in_the_name_of_a_bucket_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'{"buckets": {"aw\xf7": {"events": []}}}')
    assert "the name of a bucket is not text" in failed(UserError, tmp_path / "x.json")


def test_an_invalid_bucket_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    good = {"type": "currentwindow", "hostname": "desk", "events": [event(FIRST, 1, app="a")]}
    whole = {"buckets": {"odd\x07": {"events": 7}, "aw-watcher-window_desk": good, "none": None, "list": []}}
    (tmp_path / "x.json").write_text("\ufeff" + json.dumps(whole), encoding="utf-8")
    found = done(tmp_path / "x.json", "--dry-run")
    assert found["devices"]["laptop"]["read"] == 1
    assert found["wrong"] == 3
    shown = call(tmp_path / "x.json", "--dry-run")
    assert "\x07" not in shown.output
    assert "odd?: it is not what a bucket should be" in shown.output


def test_the_export_of_a_single_bucket_is_accepted(tmp_path: Path) -> None:
    single = {
        "id": "aw-watcher-window_desk",
        "type": "currentwindow",
        "hostname": "desk",
        "events": [event(FIRST, 1, app="a")],
    }
    (tmp_path / "x.json").write_text(json.dumps(single))
    assert done(tmp_path / "x.json")["devices"]["laptop"]["read"] == 1


@pytest.mark.thorough
def test_a_dry_run_makes_no_file(export: Path) -> None:
    assert done(export, "--dry-run")["added"] == 0
    assert not store_path().exists()


def test_whole_days_are_refused_where_they_were_not_declared_and_what_to_type_is_said(export: Path) -> None:
    for _ in range(2):
        message = failed(UserError, export, "--times", "all-day")
        assert "was declared partner time, so none is taken in" in message
        assert "`turntoward import activitywatch` takes in the partner times that you declare" in message
        with Store.open(store_path()) as store:
            assert store.history.occurrences() == []
        # Declaring them now does not reach back.
        typed = re.search(r"`turntoward (add [^`]+)`", message)
        assert typed is not None
        added = CliRunner().invoke(turntoward, [*typed[1].split(), "--yes"])
        assert added.exit_code == 0, added.output
    with Store.open(store_path()) as store:
        (declared, *_) = store.plans.partner_times()
        assert (declared.recurrence, declared.lasts) == ("FREQ=DAILY", timedelta(hours=24))


def test_declared_whole_days_are_taken_in_and_again_nothing_changes(export: Path) -> None:
    declare_whole_days()
    assert done(export, "--times", "all-day")["added"] == 5
    once = kept()
    assert done(export, "--times", "all-day")["added"] == 0
    assert kept() == once


def test_an_old_history_says_what_was_left_out_and_which_option_takes_it(tmp_path: Path, dinner: None) -> None:
    old = days(datetime(2020, 3, 1, tzinfo=UTC), 2, pace=200)
    path = old.write(tmp_path / "old.json")
    result = " ".join(call(path).stdout.split())
    assert f"{len(old):,} events from before" in result
    assert "a longer `retention` below [store] in the configuration, together with `--since 2020-03-01`" in result
    assert "This history reaches from 2020-03-01 07:00 to 2020-03-02 " in result
    config_path().parent.mkdir(parents=True)
    config_path().write_text('[store]\nretention = "3650 d"\n')
    result = " ".join(call(path).stdout.split())
    assert "were left out; `--since 2020-03-01` takes them in." in result
    assert done(path, "--since", "2020-03-01")["added"] == 2


def test_a_partner_time_beyond_the_history_is_imported_only_with_incomplete(tmp_path: Path, dinner: None) -> None:
    history = History()
    evening = TODAY - timedelta(days=2) + timedelta(hours=18, minutes=30)
    history.front(event(evening, 1800, app="firefox", title="x • Instagram — Mozilla Firefox"))
    path = history.write(tmp_path / "x.json")
    result = " ".join(call(path).stdout.split())
    assert f"1 partner time ends after {evening + timedelta(minutes=30):%Y-%m-%d %H:%M}" in result
    assert "take in what there is with `--incomplete`" in result
    assert "Nothing was kept" not in result
    assert done(path, "--incomplete")["added"] == 1
    assert "known already" in call(path).stdout


def test_the_report_fits_80_columns_and_says_how_to_go_on(export: Path, dinner: None) -> None:
    result = call(export)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "5 partner times added, 0 extended." in result.stdout
    assert f"`turntoward report --since {FIRST:%Y-%m-%d}`" in result.stdout
    assert "You keep 90 d" in result.stdout
    assert "Wrong" in result.stdout.splitlines()[0]


def test_without_partner_time_it_says_how_to_declare_one(export: Path) -> None:
    assert "turntoward add --help" in call(export).stdout
    assert "No partner time is kept in that span." in call(export, "--times", "kept").stdout


def test_nothing_older_than_the_retention_is_imported(export: Path, dinner: None) -> None:
    config_path().parent.mkdir(parents=True)
    config_path().write_text('[store]\nretention = "3 d"\n')
    result = call(export)
    assert "You keep 3 d" in result.stdout
    with Store.open(store_path(), read_only=True) as store:
        began = [each.began for each in store.history.occurrences()]
    assert 1 <= len(began) <= 2
    assert min(began) >= datetime.now(UTC) - timedelta(days=3)
    assert "You keep" not in call(export, "--since", "2d").stdout


def test_android_history_belongs_to_the_named_phone(export: Path, dinner: None) -> None:
    with Store.open(store_path()) as store:
        store.phones.save(Phone(name="my phone"))
    assert "Paired: my phone." in failed(UserError, export, "--phone", "theirs")
    assert set(done(export, "--phone", "my phone")["devices"]) == {"laptop", "my phone"}
    with Store.open(store_path(), read_only=True) as store:
        assert {each.use.device for each in store.history.uses()} == {"laptop", "my phone"}


def test_a_phone_is_added_to_stored_occurrences_of_the_laptop(history: History, tmp_path: Path, dinner: None) -> None:
    def part(*words: str) -> Path:
        some = {name: bucket for name, bucket in history.buckets.items() if any(word in name for word in words)}
        return History(some).write(tmp_path / f"{words[0]}.json")

    assert done(part("window", "afk", "web"))["added"] == 5
    laptop = kept()
    second = done(part("android"), "--times", "kept")
    assert (second["added"], second["extended"]) == (0, 5)
    assert set(laptop) <= set(kept())
    assert done(part("android"))["extended"] == 0


def test_importing_is_refused_during_partner_time(export: Path) -> None:
    now = datetime.now(UTC)
    with Store.open(store_path()) as store:
        began = PartnerTimeBegan(at=now, occurrence="1@x", title="Dinner", ends=now + timedelta(hours=1))
        store.history.save([Record(occurrence="1@x", item=began)])
    assert "can wait" in failed(TurntowardError, export)


def test_an_interrupted_import_goes_on_where_it_was(
    export: Path, dinner: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving, count = HistoryStore.save, 0

    def save(history: HistoryStore, records: Any) -> None:
        nonlocal count
        count += 1
        if count == 3:
            os.kill(os.getpid(), signal.SIGINT)
        saving(history, records)

    monkeypatch.setattr(HistoryStore, "save", save)
    broken = call(export)
    assert broken.exit_code != 0
    assert "goes on" in broken.stderr
    assert sizes()["occurrences"] == 2
    assert done(export)["added"] == 3
    gone_on = kept()
    for path in store_path().parent.glob("*.sqlite*"):
        path.unlink()
    declare_dinner()
    done(export)
    assert sorted(map(repr, kept())) == sorted(map(repr, gone_on))


@pytest.mark.thorough
@pytest.mark.parametrize("keep_names", [False, True])
def test_no_title_and_no_url_is_left_anywhere(
    filled: AwServer, export: Path, dinner: None, home: Path, keep_names: bool
) -> None:
    config_path().parent.mkdir(parents=True)
    config_path().write_text(f"[store]\nkeep_names = {str(keep_names).lower()}\n")
    declare_whole_days()
    said = {}
    installed = [str(Path(sys.executable).with_name("turntoward")), "import", "activitywatch"]
    for words in (["--url", filled.url], [str(export), "--times", "all-day"], [str(export), "--json"]):
        ran = subprocess.run([*installed, *words], capture_output=True, check=True, timeout=100, cwd=ROOT)
        said[" ".join(words)] = ran.stdout + ran.stderr
    assert sizes()["moments"] > 20
    export.unlink()
    places = {**below(home), **said}
    assert traces([CANARY_TITLE, CANARY_URL], places) == set()
    # Whatever `keep_names` says: a history is of times in which nobody knew that they would be looked at.
    assert traces(["Instagram", "WhatsApp"], below(home)) == set()


@pytest.mark.thorough
def test_a_long_import_shows_progress(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10**6))
    monkeypatch.setattr("detector.clock.SystemClock.monotonic", lambda _: float(next(ticks)))
    declare_whole_days()
    result = call(export, "--times", "all-day")
    lines = result.stderr.splitlines()
    assert re.fullmatch(r"partner time \d+ of \d+ …", lines[-1])
    assert len(lines) > 10
    assert max(map(len, lines)) <= 80
