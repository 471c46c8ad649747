"""What `status` and `doctor` report on phones, the phone API, and what is known of each device."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner

from detector.cli import turntoward
from detector.clock import SystemClock
from detector.control.lock import Lock
from detector.control.status import DaemonStatus, PhoneApiStatus, PhoneStatus
from detector.core.effects import Coverage, Record
from detector.core.observations import PartnerTimeBegan, PartnerTimeEnded, PickedUp, PutAway
from detector.devices import PAIRING_TIME, Phone, PhoneApiAddress
from detector.doctor.phones import PhoneApiFound, find_phone_api, find_phones, unexpected_sockets
from detector.paths import store_path
from detector.store.store import Store
from tests.rig.adb_server import fake_adb

NOW = datetime.now(UTC)
MINE = Phone(name="my phone", token="70" * 32, paired=NOW - timedelta(days=1))
CABLE = Phone(name="old phone", adb="R58M123", paired=NOW - timedelta(days=1))
WAITING = Phone(name="new phone", code="c0" * 32, code_until=NOW + PAIRING_TIME)
ANY = "0.0.0.0"
URL = "http://192.168.1.7:8420"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("detector.sensors.adb_guidance.diagnose_phone.__defaults__", (f"127.0.0.1:{free()}",))
    # However long the tests before this one took, it is now when this one begins.
    with time_machine.travel(NOW, tick=True):
        yield


def free() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def run(*arguments: str) -> str:
    done = CliRunner().invoke(turntoward, list(arguments), catch_exceptions=False)
    assert "--json" in arguments or max(map(len, done.output.splitlines())) <= 80
    return done.output


def status(**changes: Any) -> list[str]:
    state = DaemonStatus(version="1", started=NOW, **changes)
    with Lock() as lock:
        lock.publish(state.as_json())
        return run("status").splitlines()[1:]


def doctor() -> str:
    return " ".join(run("doctor").split())


def evening(known: dict[str, int], days_ago: int = 1) -> None:
    """Keep an evening of ninety minutes, of which so many, from its beginning, are known of each device."""
    began = NOW - timedelta(days=days_ago, hours=2)
    name = f"{days_ago}@x"
    things: list[Any] = [
        PartnerTimeBegan(at=began, occurrence=name, title="Evening", ends=began + timedelta(minutes=90)),
        *(
            Coverage(number=number, device=device, began=began, ended=began + timedelta(minutes=minutes))
            for number, (device, minutes) in enumerate(known.items())
        ),
        PartnerTimeEnded(at=began + timedelta(minutes=90)),
    ]
    with Store.open(store_path()) as store:
        store.history.save([Record(occurrence=name, item=what) for what in things])


def pair(*phones: Phone, place: PhoneApiAddress | None = None) -> None:
    with Store.open(store_path()) as store:
        for phone in phones:
            store.phones.save(phone)
        store.phones.save_api_address(place)


class TestStatus:
    def test_without_phones_status_does_not_mention_them(self) -> None:
        assert status() == ["No partner time is declared; `turntoward add --help` shows how."]

    def test_outside_partner_time_phones_are_only_named(self) -> None:
        lines = status(
            phones=(PhoneStatus(name="my phone", uses_phone_api=True),), phone_api=PhoneApiStatus(url=URL, open=True)
        )
        assert lines[1:] == [
            "Paired: my phone; sensed during partner time only.",
            f"The phone API is open at {URL}.",
        ]

    def test_a_phone_that_sent_nothing_yet_is_unknown(self) -> None:
        lines = status(
            partner_time="Dinner",
            until=NOW + timedelta(hours=1),
            senses={"focus": "x11_focus"},
            phones=(
                PhoneStatus(name="my phone", uses_phone_api=True, spoke=True),
                PhoneStatus(name="old phone", uses_phone_api=True, spoke=False),
                PhoneStatus(name="at the cable", uses_phone_api=False, adb="R58M123", speaks="adb_phone"),
                PhoneStatus(name="unplugged", uses_phone_api=False, adb="R58M124", spoke=False),
                PhoneStatus(name="tablet", uses_phone_api=True),
            ),
        )
        assert lines[1:] == [
            "Phones that report: my phone, at the cable (adb_phone).",
            "Paired: tablet.",
            "old phone has reported nothing yet: what happens on it is unknown.",
            "unplugged has reported nothing yet: what happens on it is unknown.",
            "unplugged is not reached over adb; `turntoward doctor` says why.",
            "It senses focus (x11_focus).",
        ]

    def test_many_senses_and_phones_fit_the_terminal(self) -> None:
        senses = {"focus": "x11_focus", "idle": "x11_idle", "input": "pynput_input", "quiet": "desktop_quiet"}
        phones = tuple(PhoneStatus(name=f"the phone number {n}", uses_phone_api=True, spoke=True) for n in range(5))
        lines = status(partner_time="Dinner", until=NOW + timedelta(hours=1), senses=senses, phones=phones)
        assert "Phones that report: the phone number 0, the phone number 1," in " ".join(lines)

    def test_in_a_pause_no_phone_is_tracked(self) -> None:
        lines = status(
            partner_time="Dinner",
            until=NOW + timedelta(hours=1),
            paused_until=NOW + timedelta(minutes=5),
            phones=(PhoneStatus(name="my phone", uses_phone_api=True, spoke=True),),
        )
        assert lines[-1] == "Paired: my phone; sensed during partner time only."

    def test_status_says_why_the_phone_api_cannot_start(self) -> None:
        lines = status(phone_api=PhoneApiStatus(url=URL, open=False, why="port 8420 is taken."))
        assert lines[-1] == f"The phone API at {URL} is closed: port 8420 is taken."

    def test_status_json_has_the_same(self) -> None:
        with Lock() as lock:
            phone = PhoneStatus(name="my phone", uses_phone_api=True, spoke=False, tested=NOW)
            lock.publish(
                DaemonStatus(
                    version="1", started=NOW, phones=(phone,), phone_api=PhoneApiStatus(url=URL, open=True)
                ).as_json()
            )
            read = json.loads(run("status", "--json"))
        assert read["door"] == {"url": URL, "open": True, "why": None}
        (told,) = read["phones"]
        assert (told["name"], told["spoke"], told["tested"]) == ("my phone", False, NOW.isoformat())


class TestDevices:
    def test_doctor_says_how_much_is_known_of_each_device(self) -> None:
        pair(MINE, CABLE)
        evening({"laptop": 90, "my phone": 41})
        evening({"laptop": 60}, days_ago=2)
        evening({"my phone": 90}, days_ago=9)  # too long ago
        said = doctor()
        assert "laptop: 2 h 30 min of 3 h are known." in said
        assert f"my phone (through the phone API, paired {MINE.paired:%d %b}): 41 min of 3 h are known." in said
        assert "old phone (adb R58M123, paired" in said
        assert "it reported nothing, so nothing is known of it." in said

    def test_doctor_says_how_much_of_a_running_session_is_known(self) -> None:
        began = NOW - timedelta(minutes=30)
        pair(MINE, Phone(name="old phone", token="71" * 32))
        with Store.open(store_path()) as store:
            store.history.save(
                [
                    Record(occurrence="1@x", item=what)
                    for what in (
                        PartnerTimeBegan(at=began, occurrence="1@x", title="x", ends=NOW + timedelta(hours=1)),
                        PutAway(at=began, device="my phone"),
                        PickedUp(at=began + timedelta(minutes=20), device="my phone"),
                    )
                ]
            )
        said = doctor()
        assert "my phone (through the phone API, paired" in said
        assert "): 20 min of 30 min are known." in said
        assert "old phone (through the phone API): it reported nothing, so nothing is known of it." in said

    def test_what_two_devices_know_counts_once(self) -> None:
        pair(MINE)
        evening({"laptop": 45, "my phone": 45})
        assert "50% of it was sensed." in doctor()

    def test_doctor_says_how_long_an_open_pairing_link_works(self) -> None:
        pair(WAITING)
        assert f"new phone: not paired yet; its link works until {WAITING.code_until:%H:%M}." in doctor()

    def test_doctor_reports_an_expired_pairing_link(self) -> None:
        pair(Phone(name="new phone", code="c0" * 32, code_until=NOW - timedelta(minutes=1)))
        assert "new phone: not paired yet; its link was not used in time; `turntoward phone pair`" in doctor()

    def test_without_phones_doctor_says_how_to_pair_one(self) -> None:
        pair()
        assert "No phone is paired; `turntoward phone pair" in doctor()

    def test_no_token_is_ever_shown(self) -> None:
        pair(MINE, WAITING)
        output = run("doctor") + run("doctor", "--json")
        assert "70" * 32 not in output
        assert "c0" * 32 not in output

    def test_doctor_says_why_adb_does_not_reach_a_phone_and_what_to_do(self) -> None:
        pair(CABLE)
        evening({"laptop": 90})
        said = doctor()
        assert "adb does not reach it: " in said
        assert "To do: " in said[said.index("adb does not reach it") :]

    def test_only_phones_with_a_serial_are_looked_up_at_the_adb_server(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.2)
            found = asyncio.run(find_phones([MINE], SystemClock(), f"127.0.0.1:{server.getsockname()[1]}"))
            with pytest.raises(TimeoutError):
                server.accept()
        assert [(phone.name, phone.refusal) for phone in found] == [("my phone", None)]


@pytest.mark.parametrize(("state", "reached"), [("device", True), ("unauthorized", False), ("offline", False)])
def test_a_phone_on_a_cable_is_probed_and_the_remedy_is_given(tmp_path: Path, state: str, reached: bool) -> None:
    with fake_adb(tmp_path) as adb:
        adb.phone("R58M123", plugged=False).plug(state)
        (found,) = asyncio.run(find_phones([CABLE], SystemClock(), adb.server))
        assert not any("logcat" in asked for asked in adb.requests())
    assert (found.refusal is None) == reached
    assert reached or (found.refusal is not None and found.refusal.why and found.refusal.remedy)


@contextmanager
def listening(*sockets: tuple[str, int]) -> Iterator[list[int]]:
    """Be the daemon, and listen there."""
    with ExitStack() as stack:
        yield_ports = []
        for address, port in sockets:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            server = stack.enter_context(socket.create_server((address, port), family=family))
            yield_ports.append(int(server.getsockname()[1]))
        lock = stack.enter_context(Lock())
        lock.publish(DaemonStatus(version="1", started=NOW, phone_api=PhoneApiStatus(url=URL, open=True)).as_json())
        yield yield_ports


class TestPhoneApi:
    def test_a_daemon_without_the_phone_api_listens_to_nothing(self) -> None:
        with listening():
            assert "It listens to nothing on the network." in doctor()

    def test_only_the_phone_api_may_listen(self) -> None:
        with listening(("127.0.0.1", 0)) as (port,):
            pair(MINE, place=PhoneApiAddress(address="127.0.0.1", port=port, host="laptop.local"))
            said = doctor()
        assert f"It listens to the network on 127.0.0.1:{port}: the phone API, nothing else." in said
        assert f"The phone API is open at {URL}." in said
        assert "A problem" not in said

    def test_any_other_socket_is_a_problem(self) -> None:
        with listening(("127.0.0.1", 0), ("127.0.0.1", 0)) as (port, other):
            pair(MINE, place=PhoneApiAddress(address="127.0.0.1", port=port, host="laptop.local"))
            said = doctor()
            plain = json.loads(run("doctor", "--json"))
        assert f"A problem: it listens to the network on 127.0.0.1:{other}, and should not." in said
        assert f"on 127.0.0.1:{port}: the phone API" in said
        assert plain["unexpected"] == [f"127.0.0.1:{other}"]
        assert sorted(plain["listening"]) == sorted(f"127.0.0.1:{each}" for each in (port, other))

    def test_a_phone_api_that_no_phone_needs_must_not_listen(self) -> None:
        with listening(("127.0.0.1", 0)) as (port,):
            pair(CABLE, place=PhoneApiAddress(address="127.0.0.1", port=port, host="laptop.local"))
            assert f"A problem: it listens to the network on 127.0.0.1:{port}, and should not." in doctor()

    def test_without_a_daemon_the_phone_api_is_closed_and_doctor_says_so(self) -> None:
        pair(MINE, place=PhoneApiAddress(address="192.168.1.7", port=8420, host="192.168.1.7"))
        assert f"The phone API at {URL} is closed: the daemon does not run." in doctor()

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            (None, "the daemon does not run"),
            ("", "the daemon has not opened it yet"),
            ("[]", "the daemon has not opened it yet"),
            ('{"door": {"url": "x", "open": false, "why": "port 8420 is taken"}}', "port 8420 is taken"),
            ('{"door": {"url": "x", "open": true, "why": null}}', None),
        ],
    )
    def test_doctor_takes_the_reason_of_a_closed_phone_api_from_the_status(
        self, said: str | None, why: str | None
    ) -> None:
        found = find_phone_api(PhoneApiAddress(address="1.2.3.4", port=1, host="laptop"), [MINE], NOW, said)
        assert found is not None
        assert (found.why, found.open) == (why, why is None)

    def test_without_an_address_there_is_no_phone_api(self) -> None:
        assert find_phone_api(None, [MINE], NOW, "{}") is None

    @pytest.mark.parametrize(
        ("address", "heard", "is_expected"),
        [
            ("::", "::", True),
            ("fe80::1", "fe80:0:0:0:0:0:0:1", True),
            ("fe80::1", "fe80::1%eth0", True),
            (ANY, ANY, True),
            ("192.168.1.7", ANY, False),
            ("127.0.0.1", "192.168.1.7", False),
        ],
    )
    def test_the_phone_apis_socket_is_recognized_however_its_address_is_written(
        self,
        address: str,
        heard: str,
        is_expected: bool,
    ) -> None:
        place, phone_api = (
            PhoneApiAddress(address=address, port=8420, host="x"),
            PhoneApiFound(url="x", wanted=True, open=True),
        )
        assert (unexpected_sockets([(heard, 8420)], place, phone_api) == ()) == is_expected
        assert unexpected_sockets([(heard, 8421)], place, phone_api) != ()
