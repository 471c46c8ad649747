"""Whether a microphone is in use, by the sound server: PulseAudio, or PipeWire in its place.

Invariant 1: `pactl`, the server's own program, is asked for short lists only: numbers and devices, no program's name.
Invariant 2: no polling: one `pactl subscribe` waits for changes, and a list is read after one.
Invariant 3: three kinds of recording do not count: of what is played, of a level meter, and of the server for itself, such as
echo cancellation.
Invariant 4: a server that does not run is not started, and one on another device is not asked.
"""

import asyncio
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final, cast

from detector.errors import SensorLost, SensorUnavailable
from detector.i18n import _
from detector.sensors.channel import wait_briefly

TIMEOUT: Final = 5.0
"""Seconds within which `pactl` answers, or the server counts as gone."""
MIN_SPEECH_RATE: Final = 8000
"""Samples per second: those of a telephone. Level meters, such as pavucontrol's, take some tens."""
CHANGES: Final = (b" on source-output #", b" on source #")
_START_SERVER: Final = _("PulseAudio or pipewire-pulse has to run in your session")
_RATE: Final = re.compile(r"(\d+)Hz")
_MAX_BYTES: Final = 1 << 16
"""Bytes of a line, or of one read."""


class PactlProcess:
    """One run of `pactl`. `on_bytes` takes what it writes, b'' at its end. To be closed."""

    def __init__(self, arguments: tuple[str, ...], server: str, on_bytes: Callable[[bytes], None]) -> None:
        env = os.environ | {"PULSE_SERVER": server, "LC_ALL": "C"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and no argument comes from outside
                ("pactl", *arguments),  # noqa: S607 - its place differs between systems; PATH is the person's own
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as failure:
            raise SensorUnavailable(
                _("pactl, which reports whether a microphone is in use, is missing"), _("install pulseaudio-utils")
            ) from failure
        self._on_bytes = on_bytes
        self._pipe = cast("IO[bytes]", self._process.stdout)
        os.set_blocking(self._pipe.fileno(), False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe.fileno(), self._read)

    def _read(self) -> None:
        try:
            received = os.read(self._pipe.fileno(), _MAX_BYTES)
        except BlockingIOError:
            return
        if not received:
            self._loop.remove_reader(self._pipe.fileno())
        self._on_bytes(received)

    def close(self) -> int:
        """Kill it, if it has not ended; return its exit status."""
        if not self._pipe.closed:
            self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
            # Harmless where it has ended: Popen sends no signal then.
            self._process.kill()
        return self._process.wait()

    def exit_status(self) -> int:
        """Return its exit status; it has closed its output, so it is about to end."""
        try:
            return self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            return self.close()


class PulseServer:
    """The sound server of this session. `on_change` is called when the use of a microphone may have changed."""

    def __init__(self, on_change: Callable[[], None], on_lost: Callable[[str], None]) -> None:
        self._on_change = on_change
        self._on_lost = on_lost
        self._server = ""
        self._child: PactlProcess | None = None
        self._line = b""
        self._has_reported = asyncio.Event()

    async def open(self) -> None:
        """Listen for changes; returns once none can be missed. Raises `SensorUnavailable`."""
        self._server = find_socket(os.environ)
        self._child = PactlProcess(("subscribe",), self._server, self._on_output)
        try:
            async with asyncio.timeout(TIMEOUT):
                # `pactl subscribe` does not report when it begins to listen, but it reports our own connection, made for a list.
                while not self._has_reported.is_set():
                    await self._list("source-outputs")
                    await wait_briefly(self._has_reported, 0.1)
        except (TimeoutError, SensorLost):
            raise SensorUnavailable(_("no sound server answers"), _START_SERVER) from None

    async def microphone_in_use(self) -> bool:
        """Return whether some program records from a microphone now. Raises `SensorLost`."""
        streams = await self._list("source-outputs")
        # Mostly nothing records at all, and one list is enough.
        return bool(streams) and any_records(streams, await self._list("sources"))

    def close(self) -> None:
        if self._child is not None:
            self._child.close()

    def _on_output(self, received: bytes) -> None:
        self._has_reported.set()
        if not received:
            self._on_lost(_("the sound server went away"))
            return
        *lines, self._line = (self._line + received).split(b"\n")
        # Without a newline the rest of a line would grow without a limit.
        self._line = self._line[-_MAX_BYTES:]
        if any(change in line for line in lines for change in CHANGES):
            self._on_change()

    async def _list(self, what: str) -> str:
        parts: list[bytes] = []
        is_complete = asyncio.Event()

        def on_bytes(received: bytes) -> None:
            parts.append(received)
            if not received:
                is_complete.set()

        child = PactlProcess(("list", "short", what), self._server, on_bytes)
        try:
            async with asyncio.timeout(TIMEOUT):
                await is_complete.wait()
            if child.exit_status() != 0:
                raise SensorLost(_("the sound server went away"))
        except TimeoutError:
            raise SensorLost(_("the sound server does not answer")) from None
        finally:
            child.close()
        return b"".join(parts).decode(errors="replace")


def find_socket(env: Mapping[str, str]) -> str:
    """Return the sound server's socket as libpulse finds it. Raises `SensorUnavailable`."""
    address = env.get("PULSE_SERVER", "")
    if address and not address.startswith(("unix:", "/")):
        raise SensorUnavailable(_("the sound of this session goes to another device (PULSE_SERVER)"))
    folder = env.get("XDG_RUNTIME_DIR", "")
    path = address.removeprefix("unix:") or (f"{folder}/pulse/native" if folder else "")
    if not path or not Path(path).is_socket():
        raise SensorUnavailable(_("there is no sound server"), _START_SERVER)
    return f"unix:{path}"


def any_records(streams: str, sources: str) -> bool:
    """Return whether a program's stream records a voice from a microphone that runs.

    `streams`, `sources`: the output of `pactl list short source-outputs` and `… sources`.
    """
    # Columns of a source: index, name, module, format, state. A suspended or idle one records nothing, and a monitor
    # records what is played. Columns of a stream: index, source, client, driver, format; the server's own has no client.
    microphones = {
        fields[0]
        for line in sources.splitlines()
        if len(fields := line.split("\t")) >= 5 and fields[4] == "RUNNING" and not fields[1].endswith(".monitor")
    }
    return any(
        len(fields := line.split("\t")) >= 5 and fields[1] in microphones and fields[2] != "-" and _is_speech(fields[4])
        for line in streams.splitlines()
    )


def _is_speech(format_: str) -> bool:
    rate = _RATE.search(format_)
    return rate is None or int(rate[1]) >= MIN_SPEECH_RATE
