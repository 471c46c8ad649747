"""Whether a microphone is in use, as the sound server tells: PulseAudio, or PipeWire in its place.

Rule 1: `pactl`, the server's own program, is asked for short lists alone: numbers and devices, no program's name.
Rule 2: no polling: one `pactl subscribe` waits for changes, and a list is read after one.
Rule 3: listening to what is played is no microphone, a level meter is no voice, and what the server records for itself,
as for taking an echo away, is nobody's call.
Rule 4: a server that is not there is not started, and one on another device is not asked.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final, cast

from detector.errors import SensorLost, SensorUnavailable

PATIENCE: Final = 5.0
"""Seconds within which an answer comes, or the asked one is taken for gone."""
VOICE: Final = 8000
"""Samples a second: a telephone's. Level meters, such as pavucontrol's, take some tens."""
CHANGES: Final = (b" on source-output #", b" on source #")
_RATE: Final = re.compile(r"(\d+)Hz")
_MOST: Final = 1 << 16
"""Bytes of a line, or of a list, that are looked at."""


class Child:
    """One run of `pactl`. `on_bytes` takes what it writes, b'' at its end. To be closed."""

    def __init__(self, arguments: tuple[str, ...], server: str, on_bytes: Callable[[bytes], None]) -> None:
        env = os.environ | {"PULSE_SERVER": server, "LC_ALL": "C"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, and nothing of a stranger's in the arguments
                ("pactl", *arguments),  # noqa: S607 - where it is differs; PATH is the person's own
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as failure:
            raise SensorUnavailable(
                "pactl, which tells whether a microphone is in use, is not there", "install pulseaudio-utils"
            ) from failure
        self._on_bytes = on_bytes
        self._pipe = cast("IO[bytes]", self._process.stdout)
        os.set_blocking(self._pipe.fileno(), False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe.fileno(), self._read)

    def _read(self) -> None:
        try:
            said = os.read(self._pipe.fileno(), _MOST)
        except BlockingIOError:
            return
        if not said:
            self._loop.remove_reader(self._pipe.fileno())
        self._on_bytes(said)

    def close(self) -> int:
        """End it, if it has not ended; return how it did."""
        if not self._pipe.closed:
            self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
            self._process.kill()
        return self._process.wait()

    def ended(self) -> int:
        """Return how it ended; it has closed its output, so that it is about to."""
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return self.close()


class PulseServer:
    """The sound server of this session. `on_change` is called when a microphone may have been taken up or let go of."""

    def __init__(self, on_change: Callable[[], None], on_lost: Callable[[str], None]) -> None:
        self._on_change = on_change
        self._on_lost = on_lost
        self._server = ""
        self._child: Child | None = None
        self._line = b""
        self._spoke = asyncio.Event()

    async def open(self) -> None:
        """Begin to listen for changes; returns once none can be missed. Raises `SensorUnavailable`."""
        self._server = socket_of(os.environ)
        self._child = Child(("subscribe",), self._server, self._heard)
        try:
            async with asyncio.timeout(PATIENCE):
                # It does not say from when on it listens; but it tells of us, when we ask for a list.
                while not self._spoke.is_set():
                    await self._list("source-outputs")
                    await _soon(self._spoke, 0.1)
        except (TimeoutError, SensorLost):
            raise SensorUnavailable(
                "no sound server answers", "PulseAudio or pipewire-pulse has to run in your session"
            ) from None

    async def microphone_in_use(self) -> bool:
        """Return whether some program records from a microphone now. Raises `SensorLost`."""
        streams = await self._list("source-outputs")
        return bool(streams) and any_records(streams, await self._list("sources"))

    def close(self) -> None:
        """Let go of the child."""
        if self._child is not None:
            self._child.close()

    def _heard(self, said: bytes) -> None:
        self._spoke.set()
        if not said:
            self._on_lost("the sound server went away")
            return
        *lines, self._line = (self._line + said).split(b"\n")
        self._line = self._line[-_MOST:]
        if any(change in line for line in lines for change in CHANGES):
            self._on_change()

    async def _list(self, what: str) -> str:
        parts: list[bytes] = []
        over = asyncio.Event()

        def take(said: bytes) -> None:
            parts.append(said)
            if not said:
                over.set()

        child = Child(("list", "short", what), self._server, take)
        try:
            async with asyncio.timeout(PATIENCE):
                await over.wait()
            if child.ended() != 0:
                raise SensorLost("the sound server went away")
        except TimeoutError:
            raise SensorLost("the sound server does not answer") from None
        finally:
            child.close()
        return b"".join(parts).decode(errors="replace")


def socket_of(env: Mapping[str, str]) -> str:
    """Return the sound server's socket as libpulse is told it. Raises `SensorUnavailable`."""
    said = env.get("PULSE_SERVER", "")
    if said and not said.startswith(("unix:", "/")):
        raise SensorUnavailable("the sound of this session goes to another device (PULSE_SERVER)")
    folder = env.get("XDG_RUNTIME_DIR", "")
    path = said.removeprefix("unix:") or (f"{folder}/pulse/native" if folder else "")
    if not path or not Path(path).is_socket():
        raise SensorUnavailable("there is no sound server", "PulseAudio or pipewire-pulse has to run in your session")
    return f"unix:{path}"


def any_records(streams: str, sources: str) -> bool:
    """Return whether a program's stream takes a voice from a microphone that runs.

    `streams`, `sources`: what `pactl list short source-outputs` and `… sources` say.
    """
    microphones = {
        fields[0]
        for line in sources.splitlines()
        if len(fields := line.split("\t")) >= 5 and fields[4] == "RUNNING" and not fields[1].endswith(".monitor")
    }
    return any(
        len(fields := line.split("\t")) >= 5 and fields[1] in microphones and fields[2] != "-" and _is_voice(fields[4])
        for line in streams.splitlines()
    )


def _is_voice(format_: str) -> bool:
    rate = _RATE.search(format_)
    return rate is None or int(rate[1]) >= VOICE


async def _soon(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
