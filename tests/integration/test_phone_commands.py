"""`turntoward phone …` as a person runs it, on a real store; the daemon's side stands in."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from detector.cli import turntoward
from detector.cli.phone import address as phone_address
from detector.cli.phone import daemon_status as phone_status
from detector.cli.phone import listing as phone_listing
from detector.cli.phone import pairing as phone_pairing
from detector.cli.phone import testing as phone_testing
from detector.devices import Phone, PhoneApiAddress
from detector.errors import TurntowardError, UserError
from detector.paths import store_path
from detector.sensors import SensorRefusal, adb_guidance
from detector.store.store import Store
from tests.rig.command import run_command
from tests.rig.phone import free_port
from tests.rig.phone_api_thread import RecordingGateway, RunningPhoneApi, digest
from tests.rig.phone_daemon import PhoneDaemon
from tests.rig.screen import read_code

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"^https?://\S+/pair/([A-Za-z0-9_-]+)\r?$", re.MULTILINE)
PLACE = PhoneApiAddress(address="127.0.0.1", port=8420, host="laptop.home")
HERE = ("--address", "127.0.0.1", "--host", "laptop.home")
TIMEOUT = 60


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "detector.cli", "phone", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}


def phone(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command("phone", *arguments, env=environment())


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command(*arguments), cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment()
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, done: Callable[[str], bool]) -> str:
        ends = time.monotonic() + TIMEOUT
        while not done(self.text):
            assert time.monotonic() < ends, self.text
            if select.select([self._ours], [], [], 0.05)[0]:
                try:
                    read = os.read(self._ours, 65536)
                except OSError:  # Linux says so that nobody is at the other end any more
                    break
                self.text += read.decode()
        return self.text

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def leave(self) -> int:
        self.read_until(lambda _: False)
        os.close(self._ours)
        return self.process.wait(TIMEOUT)


def kept() -> list[Phone]:
    with Store.open(store_path()) as store:
        return store.phones.all()


def stored_address() -> PhoneApiAddress | None:
    with Store.open(store_path()) as store:
        return store.phones.api_address()


def keep(*phones: Phone, place: PhoneApiAddress | None = PLACE) -> None:
    with Store.open(store_path()) as store:
        for each in phones:
            store.phones.save(each)
        store.phones.save_api_address(place)


def claims(store: Store) -> None:
    """Be the phone that opens every link at once."""
    for each in store.phones.all():
        if each.code_until is not None and each.code_until > datetime.now(UTC):
            assert each.code
            assert store.phones.claim_code(each.code, digest("its token"), datetime.now(UTC))


def is_short(text: str) -> bool:
    return all(len(line) <= 80 for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())


PAIRED = Phone(name="my phone", token=digest("canary"), paired=datetime(2026, 11, 20, 18, tzinfo=UTC))
TABLET = Phone(name="tablet", adb="emulator-5554", paired=datetime(2026, 11, 20, 18, tzinfo=UTC))


class TestPair:
    def test_a_phone_is_paired_by_its_link(self) -> None:
        seen: list[Phone] = []

        def comes(store: Store) -> None:
            seen.extend(store.phones.all())
            claims(store)

        with PhoneDaemon(on_reread=comes) as daemon:
            done = phone("pair", "my phone", *HERE)
        assert (done.returncode, done.stderr) == (0, "")
        (code,) = LINK.findall(done.stdout)
        assert len(code) * 6 >= 128
        assert seen[0].code == hashlib.sha256(code.encode()).hexdigest()
        assert seen[0].code_until is not None
        assert timedelta(minutes=4) < seen[0].code_until - datetime.now(UTC) <= timedelta(minutes=5)
        assert f"http://laptop.home:8420/pair/{code}\n" in done.stdout
        assert "This is plain HTTP: others in this Wi-Fi can read the phone's token, and could" in done.stdout
        assert done.stdout.endswith(
            "my phone is paired. The page on the phone goes on with what to set up there.\n"
            '`turntoward phone test "my phone"` shows whether it reaches this device.\n'
        )
        assert is_short(done.stdout)
        (mine,) = kept()
        assert (mine.name, mine.token, mine.code, mine.shows_nudges) == ("my phone", digest("its token"), None, False)
        assert stored_address() == PLACE
        assert daemon.opened == [PLACE.url]

    def test_the_code_is_stored_id_a_digest_alone(self) -> None:
        with PhoneDaemon():
            done = phone("pair", "my phone", *HERE, "--no-wait")
        (code,) = LINK.findall(done.stdout)
        files = b"".join(path.read_bytes() for path in store_path().parent.iterdir())
        assert code.encode() not in files
        assert digest(code).encode() in files

    def test_no_wait_shows_the_link_and_leaves_it_open(self) -> None:
        with PhoneDaemon():
            done = phone("pair", "my phone", *HERE, "--no-wait", "--nudges-on-phone")
        assert done.returncode == 0
        (mine,) = kept()
        assert (mine.token, mine.shows_nudges) == (None, True)
        assert mine.code == digest(LINK.findall(done.stdout)[0])
        assert "Waiting" not in done.stdout

    @pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
    def test_the_qr_code_on_the_terminal_can_be_read(self, *, dark: bool) -> None:
        with PhoneDaemon():
            shown = Terminal("pair", "my phone", *HERE, "--no-wait")
            assert shown.leave() == 0
        lines = [line.rstrip("\r") for line in shown.text.split("\n") if re.search("[█▀▄]", line)]
        assert read_code(lines, dark=dark) == [LINK.search(shown.text)[0].rstrip("\r")]  # type: ignore[index] - or it fails
        assert is_short(shown.text)

    def test_without_colours_the_qr_code_can_be_read_on_a_dark_terminal(self) -> None:
        with PhoneDaemon():
            done = phone(
                "pair", "my phone", "--address", "127.0.0.1", "--host", "fd12:3456:789a:1::aaaa:bbbb", "--no-wait"
            )
        lines = [line for line in done.stdout.split("\n") if re.search("[█▀▄]", line)]
        assert "\x1b" not in done.stdout
        assert read_code(lines, dark=True) == [LINK.search(done.stdout)[0]]  # type: ignore[index] - or it fails
        assert "http://[fd12:3456:789a:1::aaaa:bbbb]:8420/pair/" in done.stdout
        assert is_short(done.stdout)

    def test_the_minutes_left_are_counted_down_on_a_terminal_alone(self) -> None:
        with PhoneDaemon() as daemon:
            shown = Terminal("pair", "my phone", *HERE)
            shown.read_until(lambda text: "Waiting for the phone: 4:5" in text)
            daemon.on_reread = claims
            daemon.reread_store()
            assert shown.leave() == 0
        assert "my phone is paired." in shown.text
        assert max(map(len, re.split(r"[\r\n]", shown.text.rpartition("/pair/")[2]))) <= 80

    def test_ctrl_c_takes_the_link_back(self) -> None:
        with PhoneDaemon() as daemon:
            shown = Terminal("pair", "my phone", *HERE)
            shown.read_until(lambda text: "left. Ctrl-C" in text)
            before = daemon.rereads
            shown.process.send_signal(signal.SIGINT)
            assert shown.leave() == 130
            assert daemon.rereads > before
        assert (kept(), stored_address()) == ([], None)
        assert "Traceback" not in shown.text

    def test_an_unused_link_leaves_nothing_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(phone_pairing, "PAIRING_TIME", timedelta(seconds=0.4))
        with PhoneDaemon() as daemon, pytest.raises(TurntowardError, match="Nobody used the link in time"):
            turntoward.main(["phone", "pair", "my phone", *HERE], standalone_mode=False)
        assert daemon.opened
        assert (kept(), stored_address()) == ([], None)

    def test_an_unused_link_keeps_the_phone_api_open_for_other_phones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(phone_pairing, "PAIRING_TIME", timedelta(seconds=0.4))
        keep(PAIRED)
        with PhoneDaemon(), pytest.raises(TurntowardError):
            turntoward.main(["phone", "pair", "another"], standalone_mode=False)
        assert [each.name for each in kept()] == ["my phone"]
        assert stored_address() == PLACE

    def test_a_phone_that_is_removed_meanwhile_ends_the_waiting(self) -> None:
        def removes(store: Store) -> None:
            for each in store.phones.all():
                store.phones.remove(each.number or 0)

        with PhoneDaemon(on_reread=removes):
            done = phone("pair", "my phone", *HERE)
        assert (done.returncode, kept(), stored_address()) == (1, [], None)
        assert "was removed meanwhile" in done.stderr

    def test_another_link_for_the_same_phone_replaces_the_first(self) -> None:
        def replaces(store: Store) -> None:
            for each in store.phones.all():
                store.phones.save(replace(each, code=digest("another")))

        with PhoneDaemon(on_reread=replaces):
            done = phone("pair", "my phone", *HERE)
        assert done.returncode == 1
        assert "Another link was made for this phone meanwhile" in done.stderr
        (mine,) = kept()
        assert mine.code == digest("another"), "the newer link is not taken back"
        assert stored_address() == PLACE

    def test_a_name_whose_link_was_never_used_can_be_paired_again(self) -> None:
        stale = datetime.now(UTC) - timedelta(hours=1)
        keep(Phone(name="My Phone", code=digest("old"), code_until=stale))
        with PhoneDaemon(on_reread=claims):
            done = phone("pair", "my phone", *HERE)
        assert done.returncode == 0
        assert [(each.name, each.token) for each in kept()] == [("my phone", digest("its token"))]

    def test_when_the_phone_api_cannot_be_opened_it_says_why_and_nothing_is_stored(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(phone_pairing, "OPEN_TIMEOUT", timedelta(seconds=0.3))
        with (
            PhoneDaemon(why="port 8420 is taken by another program."),
            pytest.raises(
                TurntowardError, match=r"at http://laptop.home:8420: port 8420 is taken by another program\.\n"
            ),
        ):
            turntoward.main(["phone", "pair", "my phone", *HERE], standalone_mode=False)
        assert (kept(), stored_address()) == ([], None)

    def test_without_the_daemon_nothing_is_stored(self) -> None:
        done = phone("pair", "my phone", *HERE)
        assert (done.returncode, done.stdout) == (3, "")
        assert "`turntoward run` starts it" in done.stderr
        assert (kept(), stored_address()) == ([], None)

    def test_all_problems_are_reported_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "no.pem").write_text("nothing")
        with PhoneDaemon() as daemon:
            done = phone(
                "pair",
                "laptop",
                "--address",
                "at home",
                "--port",
                "80",
                "--host",
                "http://laptop/",
                "--certificate",
                str(tmp_path / "no.pem"),
            )
            assert daemon.rereads == 0
        assert (done.returncode, done.stdout) == (2, "")
        for place in (
            "NAME: 'laptop'",
            "--address: 'at home'",
            "--port: '80'",
            "--host: 'http://laptop/'",
            "--key: is missing",
            "--certificate: '",
            "no.pem' holds no certificate in PEM form",
        ):
            assert place in done.stderr
        assert "Traceback" not in done.stderr
        assert (kept(), stored_address()) == ([], None)

    @pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\tb", "a\x1b[31mb", "LapTop", "my PHONE", "ta\u202eblet"])
    def test_an_invalid_name_is_refused(self, name: str) -> None:
        keep(PAIRED)
        with PhoneDaemon() as daemon:
            done = phone("pair", name)
            assert daemon.rereads == 0
        assert (done.returncode, len(kept())) == (2, 1)
        assert "NAME: " in done.stderr

    @pytest.mark.parametrize("name", ["x" * 40, "Jörgs Händi 📱"])
    def test_a_name_in_any_script_is_accepted(self, name: str) -> None:
        with PhoneDaemon(on_reread=claims):
            assert phone("pair", name, *HERE).returncode == 0
        assert [each.name for each in kept()] == [name]

    def test_every_later_phone_uses_the_same_address(self) -> None:
        keep(PAIRED)
        with PhoneDaemon(on_reread=claims):
            refused = phone("pair", "another", *HERE, "--port", "9000")
            assert refused.returncode == 2
            assert (
                "--address, --port, --host: the phone API is at http://laptop.home:8420 already, and my phone uses that"
                in refused.stderr
            )
            assert phone("pair", "another").returncode == 0
            assert phone("pair", "a third", *HERE).returncode == 0
        assert stored_address() == PLACE
        assert len(kept()) == 3

    def test_with_a_certificate_the_link_is_https_without_a_warning(self, tmp_path: Path) -> None:
        import trustme  # noqa: PLC0415 - here alone

        made = trustme.CA().issue_cert("laptop.home")
        made.private_key_pem.write_to_path(tmp_path / "key.pem")
        made.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
        files = ("--certificate", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
        with PhoneDaemon(on_reread=claims):
            done = phone("pair", "my phone", *HERE, *files)
        assert done.returncode == 0
        assert "https://laptop.home:8420/pair/" in done.stdout
        assert "plain HTTP" not in done.stdout
        place = stored_address()
        assert place is not None
        assert (place.certificate, place.key) == (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))

    def test_a_phone_is_paired_through_adb_without_the_phone_api(self) -> None:
        with PhoneDaemon() as daemon:
            done = phone("pair", "tablet", "--adb", "emulator-5554")
            assert daemon.rereads == 1
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("tablet is paired through adb (emulator-5554).")
        assert "`turntoward doctor`" in done.stdout
        assert is_short(done.stdout)
        (tablet,) = kept()
        assert (tablet.adb, tablet.token, tablet.code) == ("emulator-5554", None, None)
        assert tablet.paired is not None
        assert stored_address() is None

    def test_adb_needs_no_daemon_and_refuses_options_of_the_phone_api(self) -> None:
        assert phone("pair", "tablet", "--adb", "emulator-5554").stdout.endswith("`turntoward run` starts it.\n")
        done = phone("pair", "tablet", "--adb", "emulator-5554", "--port", "9000", "--nudges-on-phone")
        assert done.returncode == 2
        for place in ("NAME: 'tablet' is paired", "--adb: emulator-5554", "--port: ", "--nudges-on-phone: "):
            assert place in done.stderr
        assert len(kept()) == 1


class TestList:
    def test_without_phones_it_says_so_and_makes_no_file(self) -> None:
        done = phone("list")
        assert done.returncode == 0
        assert done.stdout == (
            'No phone is paired; `turntoward phone pair "my phone"` pairs one.\nThe phone API is closed: no phone needs it.\n'
        )
        assert not store_path().parent.exists()

    def test_phones_and_the_phone_api_are_shown_and_never_a_token(self) -> None:
        waiting = Phone(name="new", code=digest("code"), code_until=datetime.now(UTC) + timedelta(minutes=4))
        keep(replace(PAIRED, shows_nudges=True), TABLET, waiting)
        with PhoneDaemon() as daemon:
            daemon.tested["my phone"] = datetime.now(UTC)
            daemon.reread_store()
            plain, as_json = phone("list"), phone("list", "--json")
        assert re.search(r"^my phone: webhook, paired ", plain.stdout, re.MULTILINE)
        assert "  Nudges show on it, too.\n" in plain.stdout
        assert re.search(r"^  Last tested \d\d:\d\d\.$", plain.stdout, re.MULTILINE)
        assert re.search(r"^tablet: adb emulator-5554, paired ", plain.stdout, re.MULTILINE)
        assert "new: not paired yet; its link works until " in plain.stdout
        assert plain.stdout.endswith("The phone API is open at http://laptop.home:8420.\n")
        parsed = json.loads(as_json.stdout)
        assert parsed["door"] == {"open": True, "url": "http://laptop.home:8420", "why": None}
        assert [(each["name"], each["speaks"], each["shows_nudges"]) for each in parsed["phones"]] == [
            ("my phone", ["webhook"], True),
            ("tablet", ["adb"], False),
            ("new", [], False),
        ]
        for secret in (digest("canary"), digest("code")):
            assert secret not in plain.stdout + as_json.stdout

    def test_it_says_why_the_phone_api_is_closed(self) -> None:
        keep(PAIRED)
        assert (
            "The phone API at http://laptop.home:8420 is closed: Turntoward is not running.\n" in phone("list").stdout
        )
        with PhoneDaemon(why="the port is taken"):
            assert "is closed: the port is taken.\n" in phone("list").stdout
            assert json.loads(phone("list", "--json").stdout)["door"]["why"] == "the port is taken"


class TestTest:
    @pytest.fixture
    def address(self) -> PhoneApiAddress:
        return PhoneApiAddress(address="127.0.0.1", port=free_port(), host="127.0.0.1")

    def test_a_request_is_sent_and_the_phones_own_test_is_waited_for(self, address: PhoneApiAddress) -> None:
        keep(PAIRED, place=address)
        gateway = RecordingGateway()
        with RunningPhoneApi(gateway, port=address.port), PhoneDaemon() as daemon:
            shown = Terminal("test", "My Phone")
            shown.read_until(lambda text: "Test the connection" in text)
            daemon.tested["my phone"] = datetime.now(UTC) - timedelta(hours=1)
            daemon.reread_store()
            time.sleep(0.3)  # long enough for the command to look again: an old test is no answer
            assert shown.process.poll() is None
            daemon.tested["my phone"] = datetime.now(UTC)
            daemon.reread_store()
            assert shown.leave() == 0
        assert f"The phone API at {address.url} is open and answers from here." in shown.text
        assert "my phone reaches this device." in shown.text
        assert gateway.tests == 0, "the request has no token"

    def test_a_phone_that_does_not_test_in_time_is_reported_with_advice(
        self, address: PhoneApiAddress, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(phone_testing, "TIMEOUT", timedelta(seconds=0.3))
        keep(PAIRED, place=address)
        with (
            RunningPhoneApi(RecordingGateway(), port=address.port),
            PhoneDaemon(),
            pytest.raises(TurntowardError) as told,
        ):
            turntoward.main(["phone", "test", "my phone"], standalone_mode=False)
        assert f"TCP port {address.port}" in str(told.value)
        assert is_short(str(told.value))

    def test_a_phone_api_that_does_not_answer_is_reported(self, address: PhoneApiAddress) -> None:
        keep(PAIRED, place=address)
        with PhoneDaemon():
            done = phone("test", "my phone")
        assert done.returncode == 1
        assert "does not answer: Connection refused.\n" in done.stderr

    def test_another_server_at_the_address_is_reported(self, address: PhoneApiAddress) -> None:
        from http.server import BaseHTTPRequestHandler, HTTPServer  # noqa: PLC0415 - here alone

        keep(PAIRED, place=address)
        with HTTPServer(("127.0.0.1", address.port), BaseHTTPRequestHandler) as other, PhoneDaemon():
            threading.Thread(target=other.handle_request, daemon=True).start()
            done = phone("test", "my phone")
        assert done.returncode == 1
        assert "Something else answers at" in done.stderr

    def test_a_closed_phone_api_is_reported_with_its_reason(self) -> None:
        keep(PAIRED)
        with PhoneDaemon(why="the address 192.0.2.9 is not this device's"):
            done = phone("test", "my phone")
        assert (done.returncode, done.stderr) == (
            1,
            "The phone API is closed: the address 192.0.2.9 is not this device's.\n",
        )
        assert phone("test", "my phone").returncode == 3

    def test_a_phone_with_a_serial_is_tested_through_adb(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []

        async def answered(serial: str) -> SensorRefusal | None:
            asked.append(serial)
            return answers.pop(0)

        answers = [None, SensorRefusal(sensor="adb_phone", why="the phone is not connected", remedy="plug it in")]
        monkeypatch.setattr(adb_guidance, "diagnose_phone", answered)
        keep(TABLET)
        turntoward.main(["phone", "test", "tablet"], standalone_mode=False)
        with pytest.raises(
            TurntowardError, match=r"tablet \(emulator-5554\): the phone is not connected\.\n  plug it in\."
        ):
            turntoward.main(["phone", "test", "tablet"], standalone_mode=False)
        assert asked == ["emulator-5554"] * 2

    def test_a_phone_whose_link_was_never_used_cannot_be_tested(self) -> None:
        keep(Phone(name="new"))
        done = phone("test", "new")
        assert done.returncode == 2
        assert "new is not paired yet" in done.stderr

    def test_an_unknown_name_is_refused_with_the_nearest_one(self) -> None:
        assert "No phone is paired." in phone("test", "my phone").stderr
        keep(PAIRED)
        done = phone("test", "my fone")
        assert done.returncode == 2
        assert "Did you mean 'my phone'?" in done.stderr

    def test_the_request_works_over_https(self, tmp_path: Path) -> None:
        import ssl  # noqa: PLC0415 - here alone
        from http.server import BaseHTTPRequestHandler, HTTPServer  # noqa: PLC0415 - here alone

        import trustme  # noqa: PLC0415 - here alone

        class Refusing(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.append((self.path, self.headers["Host"], self.headers["Authorization"]))
                self.send_response(401)
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        asked: list[tuple[str, ...]] = []
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert("laptop.home").configure_cert(context)
        with HTTPServer(("127.0.0.1", 0), Refusing) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.handle_request, daemon=True).start()
            port = server.server_address[1]
            phone_testing._request(
                PhoneApiAddress(address="127.0.0.1", port=port, host="laptop.home", certificate="a", key="b")
            )
        assert asked == [("/v1/test", f"laptop.home:{port}", None)]


class TestRemove:
    def test_removing_the_last_phone_closes_the_phone_api(self) -> None:
        keep(PAIRED)
        with PhoneDaemon() as daemon:
            done = phone("remove", "MY PHONE")
            assert daemon.rereads == 1
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            "Removed: my phone.\n"
            "Its token is not valid any more. You can delete what you set up on the phone.\n"
            "It was the last one: the phone API is closed.\n"
            "What was kept of it stays; `turntoward forget` deletes that.\n"
        )
        assert (kept(), stored_address()) == ([], None)

    def test_an_unused_link_does_not_keep_the_phone_api_open(self) -> None:
        keep(PAIRED, Phone(name="new", code=digest("old"), code_until=datetime.now(UTC) - timedelta(hours=1)))
        with PhoneDaemon():
            assert "the phone API is closed" in phone("remove", "my phone").stdout
        assert stored_address() is None
        assert phone("list").stdout.startswith("new: not paired; its link was never used\nThe phone API is closed: ")

    def test_another_phone_keeps_the_phone_api_open(self) -> None:
        keep(PAIRED, replace(PAIRED, name="another", token=digest("another")))
        with PhoneDaemon():
            done = phone("remove", "my phone", "--yes")
        assert "door" not in done.stdout
        assert [each.name for each in kept()] == ["another"]
        assert stored_address() == PLACE

    def test_a_phone_api_that_stays_open_is_not_reported_as_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(phone_listing, "CLOSE_TIMEOUT", timedelta(seconds=0.2))
        monkeypatch.setattr(
            phone_listing, "reported_status", lambda: phone_status.ReportedStatus(is_open=True, phones={})
        )
        assert "still open" in phone_listing._closed_sentence(runs=True)

    def test_it_works_without_the_daemon(self) -> None:
        keep(PAIRED, TABLET)
        assert "It was the last one: the phone API is closed.\n" in phone("remove", "my phone").stdout
        assert "token" not in phone("remove", "tablet").stdout
        assert kept() == []

    @pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
    def test_on_a_terminal_it_asks_first(self, answer: str, left: int) -> None:
        keep(PAIRED)
        shown = Terminal("remove", "my phone")
        shown.read_until(lambda text: "Remove my phone?" in text)
        assert len(kept()) == 1
        shown.type(answer)
        assert shown.leave() == 0
        assert len(kept()) == left

    def test_on_a_terminal_yes_does_not_ask(self) -> None:
        keep(PAIRED)
        shown = Terminal("remove", "my phone", "--yes")
        assert shown.leave() == 0
        assert (kept(), "?" in shown.text) == ([], False)


class TestAddress:
    ROUTES = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "tun0\t00000000\t010200C0\t0003\t0\t0\t700\t00000000\t0\t0\t0\n"
        "wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
        "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )

    @pytest.mark.parametrize(
        ("has", "chosen"),
        [
            ({"docker0": ["172.17.0.1"], "tun0": ["10.8.0.2"], "wlan0": ["192.168.178.20"]}, "192.168.178.20"),
            ({"docker0": ["172.17.0.1"], "tun0": ["10.8.0.2"]}, "10.8.0.2"),
            ({"docker0": ["172.17.0.1"], "wlan0": ["169.254.3.4"]}, "172.17.0.1"),
            ({"lo": ["127.0.0.1"], "wlan0": ["169.254.3.4", "203.0.114.9", "8.8.8.8"]}, None),
            ({"lo": ["127.0.0.1"]}, None),
        ],
    )
    def test_the_default_address_is_that_of_the_home_network(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has: dict[str, list[str]], chosen: str | None
    ) -> None:
        import psutil  # noqa: PLC0415 - here alone

        def addresses() -> dict[str, list[SimpleNamespace]]:
            family = SimpleNamespace(name="AF_INET")
            return {name: [SimpleNamespace(family=family, address=each) for each in all_] for name, all_ in has.items()}

        (tmp_path / "route").write_text(self.ROUTES)
        monkeypatch.setattr(phone_address, "_ROUTES", tmp_path / "route")
        monkeypatch.setattr(psutil, "net_if_addrs", addresses)
        assert phone_address.own_address() == chosen
        place, problems = phone_address.choose_address(None, None, None, None, None)
        assert (place.address if place else None) == chosen
        assert bool(problems) is (chosen is None)

    def test_every_address_at_once_needs_a_name_for_the_links(self) -> None:
        place, problems = phone_address.choose_address("0.0.0.0", None, None, None, None)
        assert (place, [each.file for each in problems]) == (None, ["--host"])
        place, problems = phone_address.choose_address("::", "9000", "Laptop.local", None, None)
        assert place == PhoneApiAddress(address="::", port=9000, host="laptop.local")
        assert problems == []

    @pytest.mark.parametrize("port", ["80", "0", "65536", "-1", "8420x", "٨٤٢٠", ""])
    def test_an_invalid_port_is_refused(self, port: str) -> None:
        assert [each.file for each in phone_address.choose_address("127.0.0.1", port, None, None, None)[1]] == [
            "--port"
        ]

    @pytest.mark.parametrize("host", ["a b", "laptop:80", "http://a", "a/b", "-a", "a..b", "x" * 254, "a\n", ""])
    def test_an_invalid_host_name_is_refused(self, host: str) -> None:
        assert [each.file for each in phone_address.choose_address("127.0.0.1", None, host, None, None)[1]] == [
            "--host"
        ]


def test_the_store_refuses_a_taken_name_as_well() -> None:
    keep(PAIRED)
    with pytest.raises(UserError):
        keep(replace(PAIRED, name="MY phone"))
