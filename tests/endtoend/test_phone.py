"""The phone, end to end: paired by its link, told of by plain HTTP, nudged about once, reported, removed.

The program is the installed one; the phone is an HTTP client that knows its link alone.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from detector.clock import SystemClock
from tests.endtoend.conftest import Begin
from tests.endtoend.evening import COMMAND, NO_LIMITS, Evening
from tests.endtoend.traces import below, traces
from tests.rig.adb_server import fake_adb
from tests.rig.phone import HttpPhone, free_port, listens
from tests.rig.processes import started, until

pytestmark = pytest.mark.real

FEED = "com.instagram.android"
CANARY = "org.quagmirewombat.lutezephyr"
LINK = re.compile(r"http://127\.0\.0\.1:\d+/pair/\S+")


@pytest.fixture
def pairing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def sockets(daemon: subprocess.Popen[bytes]) -> list[tuple[str, int]]:
    """Return where the daemon listens on a network."""
    found = psutil.Process(daemon.pid).net_connections("inet")
    return sorted((each.laddr.ip, each.laddr.port) for each in found)


def pair(evening: Evening, pairing: ExitStack, port: int, name: str = "my phone", *options: str) -> HttpPhone:
    """Pair a phone as two hands would: the command shows a link, the phone uses it, the command says so."""
    log = evening.home.parent / f"pair {name}"
    with log.open("wb") as into:
        asking = pairing.enter_context(
            started(
                [str(COMMAND), "phone", "pair", name, "--address", "127.0.0.1", "--port", str(port), *options],
                env=evening.env,
                stdout=into,
                stderr=into.fileno(),
            )
        )
    link = until(lambda: LINK.search(log.read_text()), what=f"a link; its output: {log.read_text()}")[0]
    phone = HttpPhone(link.partition("/pair/")[0])
    assert phone.pair(link) == name
    assert asking.wait(20) == 0, log.read_text()
    assert f"{name} is paired" in log.read_text()
    assert phone.token not in log.read_text(), "the token is never shown on the laptop"
    return phone


def test_a_phone_from_pairing_to_removal(evening: Evening, pairing: ExitStack) -> None:
    daemon, port = evening.run(), free_port()
    assert sockets(daemon) == [], "no socket before pairing"
    phone = pair(evening, pairing, port)
    assert sockets(daemon) == [("127.0.0.1", port)]
    evening.begin()
    assert "my phone has reported nothing yet" in " ".join(evening.run_command("status").split())
    greeting = evening.read_greeting()
    assert "Partner time" in greeting.summary
    for _ in range(3):
        phone.reopens(FEED)
    until(lambda: evening.dunst.displayed() == 1, what="a nudge on the desktop")
    moments = evening.moments("decided = 'nudged'")
    assert [(moment["device"], moment["category"]) for moment in moments] == [("my phone", "social")]
    nudge = evening.answer("put_away")
    assert "my phone" in nudge.body, nudge
    assert "third" in nudge.body
    assert "has reported nothing yet" not in " ".join(evening.run_command("status").split())
    phone.tell("screen_off")
    output = evening.run_command("report")
    assert "my phone" in output
    report = json.loads(evening.run_command("report", "--json"))
    assert "my phone" in json.dumps(report)
    assert "laptop" in json.dumps(report)
    evening.run_command("phone", "remove", "my phone", "--yes")
    until(lambda: not listens(port), what="the phone API is closed")
    assert sockets(daemon) == []
    evening.over()
    assert len(evening.moments("decided = 'nudged'")) == 1, "one nudge and no second one"


def test_the_phones_page_removes_it_and_the_phone_api_stops(evening: Evening, pairing: ExitStack) -> None:
    evening.run()
    port = free_port()
    phone = pair(evening, pairing, port)
    assert phone.ask("DELETE", "/v1/phone") == (204, None)
    until(lambda: not listens(port), what="the phone API is closed")
    assert "no phone" in evening.run_command("phone", "list").lower()


def test_a_removed_phone_is_refused_at_once_while_another_stays(evening: Evening, pairing: ExitStack) -> None:
    evening.run()
    port = free_port()
    mine = pair(evening, pairing, port)
    old = pair(evening, pairing, port, "old phone")
    evening.run_command("phone", "remove", "old phone", "--yes")
    until(lambda: old.tell("screen_on")[0] == 401, what="the token opens nothing")
    assert old.tell("screen_on") == HttpPhone(old.url, "nonsense").tell("screen_on")
    assert mine.tell("screen_on") == (204, None)


def test_outside_partner_time_all_requests_get_the_same_answer_and_nothing_is_stored(
    evening: Evening, pairing: ExitStack
) -> None:
    evening.run()
    phone = pair(evening, pairing, free_port())

    def all_answers() -> list[tuple[int, object]]:
        return [
            phone.tell("app_open", app=CANARY),
            phone.tell("app_close", app=CANARY),
            phone.tell("unlock", at=SystemClock().now().isoformat()),
            phone.tell("screen_off"),
            phone.tell("app_open"),
            phone.tell("nonsense"),
            phone.ask("POST", "/v1/phone", "{"),
            phone.tell("app_open", category="social", at="2026-01-01T00:00:00Z"),
            phone.ask("POST", "/v1/together", {"do": "extend", "minutes": 1}),
        ]

    outside = all_answers()
    assert evening.observations() == []
    evening.begin()
    assert all_answers() == outside
    until(
        lambda: "PickedUp" in evening.kinds(),
        what=f"what was told inside is kept; {evening.kinds()} {evening.daemon_output()}",
    )
    evening.run_command("pause", "10min")
    until(lambda: "Paused" in evening.kinds(), what="a pause")

    def recorded() -> list[tuple[object, ...]]:
        # To extend is a request to the daemon and not an observation of the phone: it counts in a pause as well.
        return [row for row in evening.observations() if row[2] != "PartnerTimeExtended"]

    kept, counted = recorded(), evening.rows("SELECT * FROM unknown_apps")
    assert all_answers() == outside
    assert recorded() == kept, "in a pause nothing is recorded"
    assert evening.rows("SELECT * FROM unknown_apps") == counted, "nor counted"
    evening.over()
    kept = len(evening.observations())
    assert all_answers() == outside
    phone.ask("POST", "/v1/together", {"do": "stop"})
    assert len(evening.observations()) == kept
    assert traces([CANARY], below(evening.home) | {"log": evening.daemon_output().encode()}) == set()


def test_partner_time_is_started_from_the_phones_page(evening: Evening, pairing: ExitStack) -> None:
    evening.run()
    phone = pair(evening, pairing, free_port())
    assert phone.ask("POST", "/v1/together", {"do": "start", "minutes": 30}) == (204, None)
    until(evening.is_sensed, what="partner time began, and is sensed")
    until(lambda: evening.dunst.displayed() == 1, what="the desktop says so")
    before = evening.status()["until"]
    phone.ask("POST", "/v1/together", {"do": "extend", "minutes": 15})
    until(lambda: evening.status()["until"] > before, what="it goes on longer")
    assert len(evening.rows("SELECT id FROM occurrences")) == 1
    phone.ask("POST", "/v1/together", {"do": "stop"})
    until(lambda: evening.status().get("partner_time") is None, what="partner time is over")


def test_a_phone_put_away_before_the_start_is_a_good_start(evening: Evening, pairing: ExitStack) -> None:
    evening.run()
    phone = pair(evening, pairing, free_port())
    phone.tell("put_away")
    evening.begin()
    until(lambda: "PutAway" in evening.kinds(), what="it is seen to")
    assert "PutAway" in evening.kinds()[:3]
    assert "began with a phone put away" in evening.run_command("report")


def test_a_phone_with_its_own_nudges_shows_them_instead_of_the_desktop(evening_with: Begin, pairing: ExitStack) -> None:
    evening = evening_with(config=NO_LIMITS)
    evening.run()
    phone = pair(evening, pairing, free_port(), "my phone", "--nudges-on-phone")
    evening.begin()
    evening.read_greeting()
    assert [phone.opens(FEED), phone.reopens(FEED)] == [None, None]
    assert "third" in phone.reopens(FEED)
    until(lambda: evening.moments("shown_by = 'phone'"), what="it is kept that the phone spoke")
    assert evening.dunst.displayed() == 0


def test_events_of_a_phone_survive_a_kill(evening: Evening, pairing: ExitStack) -> None:
    daemon = evening.run()
    port = free_port()
    phone = pair(evening, pairing, port)
    evening.begin()
    phone.opens(FEED)
    until(lambda: "my phone" in {row["device"] for row in evening.rows("SELECT device FROM observations")}, what="kept")
    evening.kill(daemon)
    evening.run()
    until(lambda: listens(port), what="the phone API is open again")
    assert phone.tell("screen_off") == (204, None)
    evening.over()
    (use,) = evening.rows("SELECT * FROM uses WHERE device = 'my phone'")
    assert not use["trusted"], "how long it lasted while nobody listened is not known"


def test_unknown_apps_are_stored_as_counts(evening: Evening, pairing: ExitStack) -> None:
    evening.run()
    phone = pair(evening, pairing, free_port())
    evening.begin()
    phone.opens(CANARY)
    phone.reopens(CANARY)
    until(lambda: evening.kinds().count("Focused") >= 2, what="both are kept")
    output = evening.run_command("what", "--unknown")
    assert "my phone" in output
    assert "2" in output
    evening.over()
    assert (
        traces([CANARY], below(evening.home) | {"log": evening.daemon_output().encode(), "said": output.encode()})
        == set()
    )


def test_a_phone_on_a_cable_is_sensed_by_adb(evening_with: Begin, pairing: ExitStack, tmp_path: Path) -> None:
    place = tmp_path / "adb"
    place.mkdir()
    adb = pairing.enter_context(fake_adb(place))
    mine, hers = adb.phone("1A2B3C4D"), adb.phone("9Z8Y7X6W")
    evening = evening_with(config=f'[sources]\nadb = "{adb.server}"\n')
    daemon = evening.run()
    evening.run_command("phone", "pair", "my phone", "--adb", "1A2B3C4D")
    assert sockets(daemon) == [], "outside partner time nobody asks adb, and no phone API is needed"
    assert adb.requests() == []
    evening.begin()
    evening.read_greeting()

    def spoken(device: str) -> list[dict[str, object]]:
        return evening.rows(f"SELECT * FROM observations WHERE device = '{device}' ORDER BY id")  # noqa: S608 - names of the test's own

    until(lambda: spoken("my phone"), what="the phone is sensed")
    for _ in range(3):
        hers.opens("com.reddit.frontpage")
        mine.opens(FEED)
        # Not the launcher: who is back from there within two seconds was never gone.
        mine.opens("org.example.notes")
    mine.opens(FEED)
    until(lambda: evening.moments("decided = 'nudged'"), what="a nudge")
    assert "my phone" in evening.answer("needed").body
    assert {moment["device"] for moment in evening.moments()} == {"my phone"}
    assert "my phone" in evening.run_command("status")
    mine.unplug()
    until(lambda: '"sense":"focus"' in str(spoken("my phone")[-1]["fields"]), what="its going away is a gap")
    # While nobody listens a message is read; the phone remembers it, in its own time, to the second.
    opened = SystemClock().now() + timedelta(seconds=1)
    mine.write(
        "dumpsys.usagestats",
        'user=0\n  Last 24 hour events (timeRange="x" )\n'
        f'    time="{opened + timedelta(hours=1):%F %T}" type=ACTIVITY_RESUMED package=com.whatsapp class=x instanceId=1\n',
    )
    until(lambda: SystemClock().now() > opened + timedelta(seconds=1), what="two seconds")
    mine.plug()
    until(lambda: spoken("my phone")[-1]["kind"] == "Focused", what="it is back")
    (filled,) = evening.rows("SELECT * FROM uses WHERE number >= 1000000000")
    assert (filled["device"], filled["category"], filled["name"]) == ("my phone", "messaging", None)
    evening.run_command("phone", "remove", "my phone", "--yes")
    until(lambda: not adb.listened()["open"], what="nobody listens any more")
    evening.over()
    assert {kept["device"] for kept in evening.rows("SELECT device FROM observations")} == {"laptop", "my phone"}
    assert (
        traces(["com.reddit.frontpage", FEED], below(evening.home) | {"log": evening.daemon_output().encode()}) == set()
    )


def test_a_switch_from_laptop_to_phone_is_one_sequence(evening: Evening, pairing: ExitStack) -> None:
    evening.run()
    phone = pair(evening, pairing, free_port())
    evening.begin()
    evening.feed()
    evening.scroll_until_nudged()
    phone.opens(FEED)
    evening.feed("Lasagne | Chefkoch — Mozilla Firefox")
    until(lambda: len(evening.rows("SELECT * FROM uses WHERE category = 'social'")) >= 1, what="the laptop's is over")
    evening.over()
    (first,) = evening.moments("number = 1")
    assert first["outcome"] not in {"put_away_30", "put_away_60"}, "who goes on with the phone has not left"
