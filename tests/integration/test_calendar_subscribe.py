"""Subscribing to a calendar by command: fetched at once, kept only if good, and the last good copy outlives every fault."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.calendars import connection
from detector.calendars.fetching import FetchLimits
from detector.cli import turntoward
from detector.cli.calendar import progress as calendar_progress
from detector.clock import ManualClock, SystemClock
from detector.control.systemd_unit import needs_network, network_path
from detector.daemon import calendar_refresh_process
from detector.daemon.calendar_refresh_process import EMPTY, RefreshResult, refresh
from detector.devices import Phone
from detector.errors import StoreError
from detector.paths import store_path
from detector.sensors.settings import SensorSettings
from detector.store.calendars import CalendarStore
from detector.store.model import Calendar, EventFilter, Proposal
from detector.store.store import Store
from tests.rig.calendar_server import Certificates, Served, Server, calendar, calendar_server, event

SECRET = "/private-canary/basic.ics?token=canary"
AHEAD = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)


def at(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%SZ}"


DINNER = event("dinner@tests", "Dinner #us", at(AHEAD), at(AHEAD + timedelta(hours=2)))
WALK = event("walk@tests", "Walk #us", at(AHEAD + timedelta(days=1)), at(AHEAD + timedelta(days=1, hours=1)))
WORK = event("work@tests", "Canary review", at(AHEAD), at(AHEAD + timedelta(hours=1)))


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:
        yield lambda served=None, tls=None: stack.enter_context(calendar_server(served, tls))


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(Served(body=calendar(DINNER, WALK, WORK), etag='"one"'))


def run(*arguments: str, code: int = 0) -> str:
    """Run the command; return what it said in one line, after a look for what must not be in it."""
    done: Result = CliRunner().invoke(turntoward, list(arguments))
    output = done.output + str(done.exception or "")
    expected = 0 if code == 0 else 1
    assert done.exit_code == expected or (code and done.exit_code), output
    if code:
        assert done.exception is not None
        assert {"UserError": 2, "TurntowardError": 1}.get(type(done.exception).__name__, 0) == code, repr(
            done.exception
        )
    assert "canary" not in output.lower()
    return " ".join(output.split())


def kept() -> tuple[list[Calendar], list[Proposal]]:
    if not store_path().exists():
        return [], []
    with Store.open(store_path(), read_only=True) as store:
        return store.calendars.all(), store.calendars.proposals()


def titles() -> list[str]:
    return [proposal.partner_time.title for proposal in kept()[1]]


def subscribe(server: Server, *more: str) -> Calendar:
    run("calendar", "subscribe", server.url(path=SECRET), "--local", "--yes", *more)
    return kept()[0][-1]


def again(
    calendar: Calendar, *, budget: FetchLimits | None = None, believes: bool = False, later: timedelta = timedelta()
) -> RefreshResult:
    """Ask it as the child does."""
    with Store.open(store_path()) as store:
        known = next(each for each in store.calendars.all() if each.number == calendar.number)
        clock = ManualClock(SystemClock().now() + later)
        return refresh(store, known, clock, budget=budget, accept_empty=believes)


def test_subscribe_fetches_at_once_and_proposals_wait(server: Server) -> None:
    output = run("calendar", "subscribe", server.url(path=SECRET), "--local", "--yes")
    assert "This is plain http: anybody on the way there can read the calendar and change what comes." in output
    assert "Whoever runs 127.0.0.1 sees that this device asks, from where and when; not what you accept" in output
    assert (
        f"In Our calendar (http://127.0.0.1:{server.port}/…) there are 3 events; 2 of them are meant as partner time"
        in output
    )
    assert "those with #us in the title" in output
    assert "You are subscribed to Our calendar. It is read again every 6 h" in output
    assert "2 proposals wait for your answer" in output
    assert "Nothing of it starts until you accept it." in output
    (calendar,), proposals = kept()
    assert (calendar.subscribed, calendar.local, calendar.auto_accepts, calendar.etag) == (True, True, False, '"one"')
    assert calendar.refreshed == calendar.tried is not None
    assert [(each.partner_time.title, each.decided) for each in proposals] == [("Dinner", "open"), ("Walk", "open")]
    with Store.open(store_path()) as store:
        assert store.plans.partner_times() == []


def test_progress_is_shown_only_while_it_takes_long(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_progress, "DELAY", 60)
    assert "Asking" not in run("calendar", "subscribe", server.url(), "--local", "--yes")
    monkeypatch.setattr(calendar_progress, "DELAY", 0.05)
    server.served.late = 0.4
    assert "Asking 127.0.0.1 …" in run("calendar", "refresh")


def test_with_accept_proposals_are_declared_at_once(server: Server) -> None:
    output = run("calendar", "subscribe", server.url(), "--local", "--yes", "--accept", "--name", "Us")
    assert "2 are accepted" in output
    with Store.open(store_path()) as store:
        assert [each.title for each in store.plans.partner_times()] == ["Dinner", "Walk"]
    assert kept()[0][0].name == "Us"


@pytest.mark.parametrize(
    ("options", "choice"),
    [
        (("--tag", "#both"), EventFilter(tag="#both")),
        (("--category", "Us"), EventFilter(tag=None, category="Us")),
        (("--all",), EventFilter(tag=None, everything=True)),
        ((), EventFilter()),
    ],
)
def test_options_choose_which_events_count(server: Server, options: tuple[str, ...], choice: EventFilter) -> None:
    server.served.body = calendar(DINNER)
    run("calendar", "subscribe", server.url(), "--local", "--yes", *options)
    assert kept()[0][0].choice == choice


def test_two_filters_are_refused(server: Server) -> None:
    assert "choose in one of these ways" in run(
        "calendar", "subscribe", server.url(), "--all", "--tag", "x", "--yes", code=2
    )
    assert "--tag: is empty" in run("calendar", "subscribe", server.url(), "--tag", " ", "--yes", code=2)
    assert server.connections == 0


def test_without_a_terminal_and_without_yes_nothing_is_stored(server: Server) -> None:
    assert "Nothing was kept" in run("calendar", "subscribe", server.url(), "--local", code=2)
    assert kept() == ([], [])


@pytest.mark.parametrize(
    ("place", "why", "code"),
    [
        ("ftp://a.example/canary", "is not an address that a calendar can be asked at", 2),
        ("file:///canary", "a file is written as its path", 2),
        ("https://", "names no server", 2),
        ("no-such.ics", "The file is not there. Nothing was kept.", 1),
        ("/dev/zero", "The place is not a regular file. Nothing was kept.", 1),
        ("http://127.0.0.1:9/canary", "127.0.0.1 stands on the local network, which is asked only with --local", 1),
    ],
)
def test_an_invalid_place_is_refused_and_nothing_is_stored(place: str, why: str, code: int) -> None:
    assert why in run("calendar", "subscribe", place, "--yes", code=code)
    assert kept() == ([], [])


@pytest.mark.parametrize(
    ("served", "why"),
    [
        (Served(status=404), "There is no calendar at this address (404). Nothing was kept."),
        (Served(body=b"<html>canary"), "The address answers with a web page, not a calendar. Nothing was kept."),
        (Served(length=9999), "The calendar broke off in the middle. Nothing was kept."),
    ],
)
def test_a_calendar_that_cannot_be_fetched_is_not_stored(
    serve: Callable[..., Server], served: Served, why: str
) -> None:
    assert why in run("calendar", "subscribe", serve(served).url(path=SECRET), "--local", "--yes", code=1)
    assert kept() == ([], [])


def test_the_same_place_or_name_twice_is_refused(server: Server, tmp_path: Path) -> None:
    subscribe(server)
    assert "you are subscribed to it already, as Our calendar" in run(
        "calendar", "subscribe", server.url(path=SECRET), "--local", "--yes", code=2
    )
    assert "there is a calendar called Our calendar already" in run(
        "calendar", "subscribe", server.url(), "--local", "--yes", code=2
    )
    file = tmp_path / "own.ics"
    file.write_bytes(calendar(WALK))
    assert "there is a calendar called our calendar already" in run(
        "calendar", "subscribe", str(file), "--name", "our calendar", "--yes", code=2
    )
    assert len(kept()[0]) == 1


def test_a_file_is_stored_with_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.ics").write_bytes(calendar(DINNER))
    monkeypatch.chdir(tmp_path)
    run("calendar", "subscribe", "own.ics", "--yes")
    assert kept()[0][0].location == str(tmp_path / "own.ics")
    assert "Nothing changed." in run("calendar", "refresh")
    (tmp_path / "own.ics").write_bytes(calendar(DINNER, WALK))
    assert "1 proposal waits" in run("calendar", "refresh")
    (tmp_path / "own.ics").unlink()
    assert "Our calendar: the file is not there. What was proposed before stays in force." in run(
        "calendar", "refresh", code=1
    )
    assert titles() == ["Dinner", "Walk"]


def test_refresh_fetches_now_and_reports_changes(server: Server) -> None:
    subscribe(server)
    assert "Our calendar: Nothing changed." in run("calendar", "refresh", "our calendar")
    assert len(server.served.asked) == 2
    assert 'If-None-Match: "one"' in server.served.asked[1]
    server.served.body, server.served.etag = calendar(WALK), '"two"'
    assert "1 proposed before is gone." in run("calendar", "refresh", "1")
    assert titles() == ["Walk"]
    assert kept()[0][0].etag == '"two"'


def test_refresh_without_such_a_subscription_is_refused(server: Server) -> None:
    assert "You are subscribed to no calendar" in run("calendar", "refresh", code=2)
    subscribe(server)
    assert "No calendar has the name or number 'theirs'" in run("calendar", "refresh", "theirs", code=2)
    with Store.open(store_path()) as store:
        store.calendars.save(Calendar(name="Once", location="/tmp/once.ics"))
    assert "Once was imported once and is not asked again" in run("calendar", "refresh", "once", code=2)


FAULTS = [
    Served(hangs="headers"),
    Served(hangs="body"),
    Served(drips=True),
    Served(endless=True, body=b""),
    Served(status=404),
    Served(status=410),
    Served(status=500),
    Served(status=503),
    Served(status=302, location="/elsewhere"),
    Served(status=302, location="http://169.254.169.254/"),
    Served(status=302, location="file:///etc/passwd"),
    Served(length=99_999),
    Served(body=b"<html>canary"),
    Served(body=b"canary"),
    Served(body=b""),
    Served(raw=b"canary"),
    Served(body=calendar(DINNER)[:-9]),
    Served(body=b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
def test_the_last_good_copy_survives_every_server_failure(server: Server, fault: Served) -> None:
    before = subscribe(server, "--accept")
    _, proposals = kept()
    with Store.open(store_path()) as store:
        declared = store.plans.partner_times()
    server.served.etag, server.served.by_path = None, {"/elsewhere": Served(status=302, location="/elsewhere")}
    for name in ("hangs", "drips", "endless", "status", "location", "length", "body", "raw"):
        setattr(server.served, name, getattr(fault, name))
    done = again(before, budget=FetchLimits(timeout=0.4, max_bytes=1 << 20), later=timedelta(hours=2))
    assert done.calendar is not None
    (after,), now = kept()
    assert after.why is not None
    assert "canary" not in after.why
    assert after.tried is not None
    assert after.tried - (before.tried or after.tried) >= timedelta(hours=1)
    assert replace(after, tried=before.tried, why=None) == before
    assert now == proposals
    with Store.open(store_path()) as store:
        assert store.plans.partner_times() == declared
    output = run("status")
    assert "Our calendar: asked" in output
    assert f", and {after.why}; the copy in force is of" in output


def test_a_server_that_comes_back_is_used_again(serve: Callable[..., Server], server: Server) -> None:
    before = subscribe(server)
    port = server.port
    server.end()
    assert again(before).calendar is not None
    assert kept()[0][0].why == "127.0.0.1 does not answer (connection refused)"
    del port
    other = serve(Served(body=calendar(DINNER)))
    with Store.open(store_path()) as store:
        store.calendars.save(replace(before, location=other.url(), why=kept()[0][0].why))
    again(before)
    assert kept()[0][0].why is None
    assert titles() == ["Dinner"]


def test_a_broken_event_affects_no_other_and_keeps_its_last_good_version(server: Server) -> None:
    calendar_ = subscribe(server, "--accept")
    broken = DINNER.replace("DTSTART:", "DTSTART:gar")
    server.served.body, server.served.etag = calendar(broken, WALK), '"two"'
    again(calendar_)
    assert titles() == ["Dinner", "Walk"]
    assert kept()[0][0].why is None


def test_a_suddenly_empty_calendar_needs_confirmation(server: Server) -> None:
    calendar_ = subscribe(server, "--accept")
    server.served.body, server.served.etag = calendar(), '"two"'
    again(calendar_)
    assert kept()[0][0].why == EMPTY
    assert kept()[0][0].etag == '"one"'
    assert titles() == ["Dinner", "Walk"]
    assert "add --yes to take them back" in run("calendar", "refresh", code=2)
    assert titles() == ["Dinner", "Walk"]
    assert "2 proposed before are gone." in run("calendar", "refresh", "--yes")
    assert titles() == []
    with Store.open(store_path()) as store:
        assert store.plans.partner_times() == []
    assert kept()[0][0].why is None


def test_too_many_events_are_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar_ = subscribe(server, "--accept")
    monkeypatch.setattr(calendar_refresh_process, "MAX_EVENTS", 20)
    over = event("old{}", "Past #us", "20200101T100000Z", "20200101T110000Z")
    ahead = [DINNER.replace("dinner@", f"{number}@") for number in range(21)]
    server.served.body, server.served.etag = calendar(*ahead), '"two"'
    again(calendar_)
    assert kept()[0][0].why == calendar_refresh_process.TOO_MANY
    assert titles() == ["Dinner", "Walk"]
    assert "of its events are meant as partner time; choose fewer" in run(
        "calendar", "subscribe", server.url(), "--local", "--name", "more", "--yes", code=2
    )
    assert len(kept()[0]) == 1
    server.served.body = calendar(*ahead[:20], *(over.format(number) for number in range(9)))
    again(calendar_)
    assert kept()[0][0].why is None
    assert len(titles()) == 20


def test_a_calendar_without_tagged_events_is_not_empty(server: Server) -> None:
    calendar_ = subscribe(server)
    server.served.body, server.served.etag = calendar(WORK), '"two"'
    again(calendar_)
    assert titles() == []
    assert kept()[0][0].why is None


def test_an_empty_calendar_can_be_subscribed_to(server: Server) -> None:
    server.served.body = calendar()
    calendar_ = subscribe(server)
    server.served.body, server.served.etag = calendar(DINNER), '"two"'
    again(calendar_)
    assert titles() == ["Dinner"]


def test_a_subscription_is_stored_completely_or_not_at_all(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar_ = subscribe(server, "--accept")
    before = kept()
    server.served.body, server.served.etag = calendar(DINNER), '"two"'
    walk = before[1][1].number

    def fails(calendars: CalendarStore, number: int) -> bool:
        assert number == walk
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(CalendarStore, "remove_proposal", fails)
        with pytest.raises(StoreError):
            again(calendar_)
    assert kept() == before


def test_a_calendar_removed_during_its_refresh_stays_removed(server: Server) -> None:
    calendar_ = subscribe(server)
    with Store.open(store_path()) as store:
        assert calendar_.number is not None
        store.calendars.remove(calendar_.number)
        for served in (server.served, Served(status=500)):
            server.served = served
            assert refresh(store, replace(calendar_, etag=None), SystemClock()).calendar is None
        assert (store.calendars.all(), store.calendars.proposals(), store.plans.partner_times()) == ([], [], [])


def test_status_and_doctor_show_the_age_and_never_the_address(server: Server) -> None:
    subscribe(server, "--name", "Ours")
    assert "Ours: asked just now." in run("status")
    (told,) = json.loads(CliRunner().invoke(turntoward, ["status", "--json"]).output)["calendars"]
    assert (told["name"], told["why"], told["asked"]) == ("Ours", None, told["refreshed"])
    assert f"Ours (http://127.0.0.1:{server.port}/…, on the local network): asked just now." in run("doctor")
    assert "canary" not in CliRunner().invoke(turntoward, ["doctor", "--json"]).output
    server.served.etag, server.served.status = None, 500
    with Store.open(store_path()) as store:
        (calendar_,) = store.calendars.all()
        past = (calendar_.tried or AHEAD) - timedelta(hours=26)
        refresh(store, replace(store.calendars.save(replace(calendar_, tried=past, refreshed=past))), ManualClock(past))
        kept_now = store.calendars.all()[0]
        store.calendars.save(replace(kept_now, tried=past + timedelta(hours=24)))
    output = run("status")
    assert "Ours: asked 2 h ago, and the server failed (500); the copy in force is of yesterday" in output.replace(
        f"{past.astimezone():%A}", "yesterday"
    )


def test_without_a_subscription_nothing_connects_anywhere(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "own.ics"
    file.write_bytes(calendar(DINNER))
    asked: list[str] = []
    looked_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *words, **more: (asked.append(words[0]), looked_up(*words, **more))[1]
    )
    for words in (
        ("status",),
        ("doctor",),
        ("list",),
        ("calendar", "subscribe", str(file), "--yes"),
        ("calendar", "refresh"),
    ):
        run(*words)
    assert asked == []
    subscribe(server, "--name", "theirs")
    assert set(asked) == {"127.0.0.1"}
    assert connection.socket is socket


def test_the_service_has_network_access_while_a_url_is_subscribed() -> None:
    file = Calendar(name="f", location="/home/us/ours.ics", subscribed=True)
    address = Calendar(name="a", location="https://calendar.example/x", subscribed=True)
    assert not needs_network([], SensorSettings(), [file, replace(address, subscribed=False)])
    assert needs_network([], SensorSettings(), [file, address])


def test_network_access_stays_with_a_subscription_when_the_last_phone_is_removed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "bin" / "systemctl"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\necho inactive\n")
    stand_in.chmod(0o700)
    monkeypatch.setenv("PATH", str(stand_in.parent))
    run("service", "install")
    file = tmp_path / "own.ics"
    file.write_bytes(calendar(DINNER))
    run("calendar", "subscribe", str(file), "--name", "a file", "--yes")
    assert not network_path().exists()
    subscribe(server)
    assert network_path().exists()
    with Store.open(store_path()) as store:
        store.phones.save(Phone(name="my phone", adb="R58"))
    run("phone", "remove", "my phone", "--yes")
    assert network_path().exists()
    network_path().unlink()
    assert "may not reach the network" in run("doctor")
    run("service", "install")
    assert network_path().exists()


def test_the_certificate_of_a_local_server_is_verified(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = Certificates()
    server = serve(Served(body=calendar(DINNER)), tls=certificates.server("localhost"))
    url = server.url("localhost", SECRET).replace("https", "webcal")
    output = run("calendar", "subscribe", url, "--local", "--yes", code=1)
    assert "The server's certificate is issued by nobody whom this device trusts. Nothing was kept." in output
    certificates.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert "plain http" not in run("calendar", "subscribe", url, "--local", "--yes")
    assert kept()[0][0].location == url


def test_two_refreshes_at_once_keep_one_copy(server: Server) -> None:
    calendar_ = subscribe(server, "--accept")
    server.served.body, server.served.etag = calendar(DINNER), '"two"'
    with closing(Store.open(store_path())) as one, closing(Store.open(store_path())) as other:
        for store in (one, other, one):
            refresh(store, calendar_, SystemClock())
    assert titles() == ["Dinner"]
    assert len(kept()[1]) == 1
