"""A sound server without sound: a real PulseAudio, or PipeWire in its place, with a speaker and a microphone of none.

Invariant 1: each has a runtime folder and a home of its own; nothing of the person's is reached.
Invariant 2: the environment of the tests' own process is only set by the fixture, `sound`, which is both in turn.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import pytest

from tests.rig.bus import SessionBus
from tests.rig.processes import end, needs, started, until

Kind: TypeAlias = Literal["pulseaudio", "pipewire"]
KINDS: tuple[Kind, ...] = ("pulseaudio", "pipewire")
_MODULES = (
    "module-native-protocol-unix",
    "module-null-sink sink_name=speaker",
    "module-null-source source_name=microphone",
)


class Sound:
    """One server with the devices `microphone` and `speaker`; programs that record come and go."""

    def __init__(self, stack: ExitStack, kind: Kind) -> None:
        self._stack = stack
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tt-sound-", dir="/tmp")))
        self.env = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "LC_ALL": "C"}
        self.socket = folder / "pulse" / "native"
        needs("pactl", "parec")
        self._programs = self._pulseaudio() if kind == "pulseaudio" else self._pipewire()
        until(lambda: self._asks("list", "short", "sources").count("\n") >= 2, what="the microphone and the speaker")

    def record(self, device: str = "microphone", *options: str) -> subprocess.Popen[bytes]:
        """Let a program record, as a call does; returns once the server knows of it."""
        before = self._asks("list", "short", "source-outputs").count("\n")
        process = self._stack.enter_context(started(["parec", "--device", device, *options], env=self._whole_env()))
        until(lambda: self._asks("list", "short", "source-outputs").count("\n") > before, what="the stream")
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Let it hang up."""
        end(process)

    def pactl(self, *arguments: str) -> None:
        """Tell the server something; it must obey."""
        subprocess.run(["pactl", *arguments], env=self._whole_env(), check=True, capture_output=True, timeout=30)

    def kill(self) -> None:
        """End the server as a crash would."""
        for process in self._programs:
            end(process)

    def _asks(self, *arguments: str) -> str:
        return subprocess.run(
            ["pactl", *arguments], env=self._whole_env(), check=False, capture_output=True, timeout=30, text=True
        ).stdout

    def _whole_env(self) -> dict[str, str]:
        return os.environ | self.env

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(started(command, env=self._whole_env()))

    def _pulseaudio(self) -> list[subprocess.Popen[bytes]]:
        needs("pulseaudio")
        modules = [word for module in _MODULES for word in ("-L", module)]
        options = ["--daemonize=no", "--exit-idle-time=-1", "--system=no", "--use-pid-file=no", "-n"]
        return [self._start("pulseaudio", *options, *modules)]

    def _pipewire(self) -> list[subprocess.Popen[bytes]]:
        needs("pipewire", "wireplumber", "pipewire-pulse")
        self.env |= SessionBus(self._stack).env
        programs = [self._start("pipewire")]
        until((self.socket.parents[1] / "pipewire-0").exists, what="PipeWire")
        programs += [self._start("wireplumber"), self._start("pipewire-pulse")]
        until(lambda: self.socket.exists() and self._asks("info"), what="pipewire-pulse")
        self.pactl("load-module", "module-null-sink", "sink_name=speaker")
        self.pactl("load-module", "module-null-sink", "sink_name=microphone", "media.class=Audio/Source/Virtual")
        return programs[::-1]


@contextmanager
def sound_server(kind: Kind) -> Iterator[Sound]:
    """Run a sound server as long as the block lasts."""
    with ExitStack() as stack:
        yield Sound(stack, kind)


@pytest.fixture(name="sound", params=KINDS)
def sound_fixture(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sound]:
    """Run a sound server for one test: each kind in turn."""
    with sound_server(request.param) as running:
        monkeypatch.setenv("XDG_RUNTIME_DIR", running.env["XDG_RUNTIME_DIR"])
        monkeypatch.delenv("PULSE_SERVER", raising=False)
        yield running
