"""A fake adb server with phones that the test controls; the real `adb` binary works with it.

Invariant 1: it is a process of its own, controlled line by line on its standard input; each call returns once it is done.
Invariant 2: a phone's shell is a real one: `dumpsys`, `am`, `cmd`, `getprop` and `date` are small programs in its PATH that
print what the test put there, so that what is filtered on the phone is really filtered.
Invariant 3: `logcat` prints only the requested tags, as the real one does.

Fixture: `adb` yields a `FakeAdb`, listening on a port of its own on the loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

VERSION = 41
"""What adb 1.0.41 asks for: a server of any other version is killed and replaced by the real binary."""
RESUMED = "wm_set_resumed_activity"


# The server's own side.


class Phone:
    """One phone as the server knows it: its state, and the logs that are being listened to."""

    def __init__(self, serial: str, place: str) -> None:
        self.serial = serial
        self.place = place
        self.state = "device"
        self.model = "Pixel_6"
        self.logs: dict[asyncio.StreamWriter, tuple[str, ...]] = {}
        self.running: set[asyncio.StreamWriter] = set()
        self.history: list[str] = []

    def line(self, *, long: bool) -> str:
        if long:
            return (
                f"{self.serial:<22} {self.state} usb:1-2 product:oriole model:{self.model} device:oriole transport_id:1"
            )
        return f"{self.serial}\t{self.state}"


class Server:
    """The services of an adb server that are used here."""

    def __init__(self) -> None:
        self.phones: dict[str, Phone] = {}
        self.trackers: set[asyncio.StreamWriter] = set()
        self.received: list[str] = []
        self.open = 0
        self.ending = asyncio.Event()

    def list(self, *, long: bool = False) -> bytes:
        return _counted("".join(f"{phone.line(long=long)}\n" for phone in self.phones.values()))

    def notify_trackers(self, pieces: int = 1) -> None:
        said = self.list()
        for tracker in self.trackers:
            step = max(1, len(said) // pieces)
            for start in range(0, len(said), step):
                tracker.write(said[start : start + step])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self.trackers.discard(writer)
            for phone in self.phones.values():
                phone.logs.pop(writer, None)
                phone.running.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        phone: Phone | None = None
        while True:
            request = (await reader.readexactly(int(await reader.readexactly(4), 16))).decode()
            self.received.append(request)
            if request.startswith(("host:transport", "host:tport")):
                phone = self._find(request)
                if (why := _why_not(phone)) is not None:
                    writer.write(b"FAIL" + _counted(why))
                    return
                writer.write(b"OKAY" + (b"\1\0\0\0\0\0\0\0" if request.startswith("host:tport") else b""))
            elif request.startswith("shell:") and phone is not None:
                writer.write(b"OKAY")
                await self._shell(phone, request[6:], reader, writer)
                return
            elif request == "host:track-devices":
                writer.write(b"OKAY" + self.list())
                self.trackers.add(writer)
                await reader.read()
                return
            else:
                await self._answer(request, writer)
                return

    async def _answer(self, request: str, writer: asyncio.StreamWriter) -> None:
        if request == "host:version":
            writer.write(b"OKAY" + _counted(f"{VERSION:04x}"))
        elif request in {"host:devices", "host:devices-l"}:
            writer.write(b"OKAY" + self.list(long=request.endswith("-l")))
        elif request.endswith(":get-state"):
            phone = self._find(request)
            writer.write(b"OKAY" + _counted(phone.state) if phone else b"FAIL" + _counted("device not found"))
        elif request.endswith("features"):
            # None: the plain `shell:` is all that it speaks.
            writer.write(b"OKAY" + _counted("cmd"))
        elif request == "host:kill":
            writer.write(b"OKAY")
            self.ending.set()
        else:
            writer.write(b"FAIL" + _counted("unknown host service"))
        await writer.drain()

    def _find(self, request: str) -> Phone | None:
        named = [phone for phone in self.phones.values() if phone.serial in request]
        is_any = request.endswith(("-any", ":any")) or request.startswith("host:")
        return named[0] if named else next(iter(self.phones.values()), None) if is_any and _is_any(request) else None

    async def _shell(
        self, phone: Phone, command: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        words = command.replace("'", "").replace('"', "").split()
        if "logcat" in words:
            tags = tuple(word.partition(":")[0] for word in words[words.index("-s") + 1 :]) if "-s" in words else ()
            writer.write(b"--------- beginning of events\n")
            for line in [line for line in phone.history if _is_requested(line, tags)][-1:]:
                writer.write(f"{line}\n".encode())
            phone.logs[writer] = tags
            await reader.read()
            return
        phone.running.add(writer)
        shell = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": f"{phone.place}/bin:/usr/bin:/bin", "PHONE": phone.place, "TZ": "UTC"},
        )
        printed, _ = await shell.communicate()
        with suppress(ConnectionError):
            writer.write(printed)
            await writer.drain()

    # What a test tells it.

    def plug(self, serial: str, place: str, state: str, model: str) -> None:
        phone = self.phones.setdefault(serial, Phone(serial, place))
        phone.state, phone.model = state, model
        if state != "device":
            self._cut(phone)
        self.notify_trackers()

    def unplug(self, serial: str, *, log_first: bool = True) -> None:
        phone = self.phones.pop(serial)
        if log_first:
            self._cut(phone)
        self.notify_trackers(pieces=5)
        self._cut(phone)

    def end_log(self, serial: str) -> None:
        self._cut(self.phones[serial])

    def say(self, serial: str, lines: list[str], torn: int, end: str) -> float:
        phone = self.phones[serial]
        phone.history += lines
        began = time.monotonic()
        for writer, tags in list(phone.logs.items()):
            said = "".join(line + end for line in lines if _is_requested(line, tags)).encode()
            step = torn or max(1, len(said))
            for start in range(0, len(said), step):
                writer.write(said[start : start + step])
        return began

    def raw(self, serial: str, hexed: str) -> None:
        for writer in self.phones[serial].logs:
            writer.write(bytes.fromhex(hexed))

    def garble(self) -> None:
        for tracker in self.trackers:
            tracker.write(b"what is this?")

    def listened(self) -> dict[str, Any]:
        logs = {phone.serial: len(phone.logs) for phone in self.phones.values()}
        return {"logs": logs, "trackers": len(self.trackers), "open": self.open}

    def requests(self) -> list[str]:
        return self.received

    def _cut(self, phone: Phone) -> None:
        for writer in [*phone.logs, *phone.running]:
            writer.close()
        phone.logs.clear()


def _is_any(request: str) -> bool:
    return not any(word in request for word in ("serial", "transport:", "tport:serial"))


def _why_not(phone: Phone | None) -> str | None:
    if phone is None:
        return "device not found"
    if phone.state == "unauthorized":
        return "device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set"
    return None if phone.state == "device" else f"device {phone.state}"


def _is_requested(line: str, tags: tuple[str, ...]) -> bool:
    return not tags or any(f" {tag}" in line for tag in tags)


def _counted(text: str) -> bytes:
    words = text.encode()
    return b"%04x" % len(words) + words


async def _main(port: int) -> None:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", port)
    commands = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print(listening.sockets[0].getsockname()[1], flush=True)
    ending = asyncio.ensure_future(server.ending.wait())
    while True:
        reading = asyncio.ensure_future(commands.readline())
        await asyncio.wait([ending, reading], return_when=asyncio.FIRST_COMPLETED)
        if server.ending.is_set() or not (line := await reading):
            return
        call = json.loads(line)
        answer = getattr(server, call["do"])(**call["with"])
        # What was written is on its way before the call returns.
        await asyncio.sleep(0)
        print(json.dumps(answer), flush=True)


# The test's own side.

PROGRAMS = {
    "dumpsys": 'cat "$PHONE/dumpsys.$1" 2>/dev/null',
    "am": 'cat "$PHONE/am"',
    "cmd": 'cat "$PHONE/cmd"',
    "getprop": 'cat "$PHONE/getprop"',
    "date": 'case "$1" in +%z) cat "$PHONE/zone";; *) exec /bin/date -d "$(cat "$PHONE/ahead") seconds" '
    '"$(echo "$1" | sed "$(cat "$PHONE/date.sed")")";; esac',
}


class FakePhone:
    """One phone of a fake server, to be used by the test. It has Android 13, is awake, unlocked, on its launcher."""

    def __init__(self, adb: FakeAdb, serial: str, *, plugged: bool = True, model: str = "Pixel_6") -> None:
        self.serial = serial
        self.ahead = 0.0
        self._adb = adb
        self._model = model
        self.place = adb.place / serial.replace(":", "_")
        (self.place / "bin").mkdir(parents=True)
        for name, program in PROGRAMS.items():
            (self.place / "bin" / name).write_text(f"#!/bin/sh\n{program}\n")
            (self.place / "bin" / name).chmod(0o755)
        self.write("am", "0\n")
        self.write("cmd", "priority=0 preferredOrder=0 match=0x108000\ncom.example.home/.Home\n")
        self.write("getprop", "33\n")
        self.write("zone", "+0100\n")
        self.write("date.sed", "")
        self.set_ahead(0)
        self.holds()
        if plugged:
            self.plug()

    def write(self, name: str, text: str) -> None:
        """Let one of the phone's programs print this: `am`, `cmd`, `getprop`, `zone`, `dumpsys.<service>`."""
        (self.place / name).write_text(text)

    def set_ahead(self, seconds: float) -> None:
        """Let the phone's clock be ahead of ours."""
        self.ahead = seconds
        self.write("ahead", f"{seconds}")

    def holds(
        self, app: str = "com.example.home", *, awake: str = "Awake", locked: bool = False, user: int = 0
    ) -> None:
        """Let this be in front when the phone is asked."""
        self.write(
            "dumpsys.power", f"POWER MANAGER (dumpsys power)\n  mWakefulness={awake}\n  mWakefulnessChanging=false\n"
        )
        self.write(
            "dumpsys.activity",
            "ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)\n"
            f"    mResumedActivity: ActivityRecord{{1f2 u0 com.example.below/.Below t11}}\n"
            f"  topResumedActivity=ActivityRecord{{1f3 u{user} {app}/.Secret t12}}\n"
            f"  ResumedActivity: ActivityRecord{{1f3 u{user} {app}/.Secret t12}}\n"
            f"KeyguardController:\n    KeyguardShowing={str(locked).lower()}\n    AodShowing=false\n",
        )

    def plug(self, state: str = "device") -> None:
        """Plug the phone in, or let the server see it in another state."""
        self._adb.call("plug", serial=self.serial, place=str(self.place), state=state, model=self._model)

    def unplug(self, *, log_first: bool = True) -> None:
        """Pull the cable. The end of the log may be noticed before or after the list of devices."""
        self._adb.call("unplug", serial=self.serial, log_first=log_first)

    def end_log(self) -> None:
        """End what runs on the phone, though it stays where it is."""
        self._adb.call("end_log", serial=self.serial)

    def line(self, tag: str, values: str, *, ago: float = 0.0, uid: str = "1000 ") -> str:
        """Return a line of the event log, by the phone's own clock."""
        return f" {time.time() + self.ahead - ago:.3f}  {uid}  832  5443 I {tag}: {values}"

    def say(self, *lines: str, torn: int = 0, end: str = "\n") -> float:
        """Print lines to the log, in chunks of `torn` bytes; return when, by the monotonic clock."""
        return float(self._adb.call("say", serial=self.serial, lines=list(lines), torn=torn, end=end))

    def raw(self, piece: bytes) -> None:
        """Print exactly these bytes to the log."""
        self._adb.call("raw", serial=self.serial, hexed=piece.hex())

    def opens(self, app: str, *, user: int = 0, tag: str = RESUMED, ago: float = 0.0) -> float:
        """Let an app come to the front."""
        return self.say(self.line(tag, f"[{user},{app}/.Secret,resumeTopActivity]", ago=ago))

    def screen(self, state: int) -> None:
        """Let the screen go off (0) or on (1), or be locked (2), as both formats log it."""
        self.say(self.line("screen_toggled", str(state)))
        if state < 2:
            self.say(self.line("power_screen_state", f"[{state},2,0,0,350]"))

    def lock(self, shown: bool) -> None:
        """Let the lock screen come or go."""
        self.say(self.line("wm_set_keyguard_shown", f"[0,{int(shown)},0,0,0,setKeyguardShown]"))


class FakeAdb:
    """A running fake server. `server` is its address."""

    def __init__(self, place: Path, port: int = 0) -> None:
        self.place = place
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, __file__, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.server = f"127.0.0.1:{self.port}"

    def phone(self, serial: str = "1A2B3C4D", *, plugged: bool = True, model: str = "Pixel_6") -> FakePhone:
        return FakePhone(self, serial, plugged=plugged, model=model)

    def call(self, what: str, **arguments: Any) -> Any:
        """Let the server do something, and wait until it is done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, "with": arguments}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def listened(self) -> dict[str, Any]:
        """Return how many connections, trackers and logs are open."""
        return dict(self.call("listened"))

    def requests(self) -> list[str]:
        """Return every request that the server received."""
        return list(self.call("requests"))

    def kill(self) -> None:
        """End the server as a crash would."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


@contextmanager
def fake_adb(place: Path, port: int = 0) -> Iterator[FakeAdb]:
    """Run a fake server as long as the block lasts."""
    adb = FakeAdb(place, port)
    try:
        yield adb
    finally:
        adb.close()


if __name__ == "__main__":
    # What is still being served ends with the process, without a word.
    asyncio.new_event_loop().run_until_complete(_main(int(sys.argv[1])))
    os._exit(0)
else:
    import pytest

    @pytest.fixture(name="adb")
    def adb_fixture(tmp_path: Path) -> Iterator[FakeAdb]:
        place = tmp_path / "phones"
        place.mkdir()
        with fake_adb(place) as adb:
            yield adb
