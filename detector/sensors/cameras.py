"""Whether a camera is in use: whether a program of this person has its device open.

Rule 1: no polling: the kernel tells when a camera is opened, closed, plugged in or out (inotify); then it is looked.
Rule 2: it is looked at which devices are open, by their numbers; no program's name and no file's name is read.
Rule 3: what decodes or plays films is a video device, too, and no camera.
Rule 4: a camera that may not be watched is not known of: it is somebody else's seat, or its sandbox is shut.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_VIDEO: Final = re.compile(r"video\d+", re.ASCII)
_EVENT: Final = struct.Struct("iIII")
_ROOM: Final = 1 << 14

_CLOSED_AFTER_WRITING, _CLOSED_UNWRITTEN, _OPENED = 0x8, 0x10, 0x20
_CHANGED_RIGHTS, _CAME, _WENT = 0x4, 0x100, 0x200
_USED: Final = _OPENED | _CLOSED_AFTER_WRITING | _CLOSED_UNWRITTEN
_PLUGGED: Final = _CAME | _WENT | _CHANGED_RIGHTS


class Cameras:
    """The cameras of this device. `on_change` is called when one may have been taken up or let go of. To be closed."""

    def __init__(
        self, on_change: Callable[[], None], devices: Path = Path("/dev"), udev: Path = Path("/run/udev/data")
    ) -> None:
        self._on_change = on_change
        self._devices = devices
        self._udev = udev
        self._watch = -1
        self._folder = -1
        self._changed = True
        self._used = False

    def open(self) -> None:
        """Begin to listen; does nothing where the kernel grants no watch."""
        # The libc of the process itself: inotify has no door in Python's own library.
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watch = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._watch >= 0:
            self._folder = self._listen_to(self._devices, _PLUGGED)
            self._listen_to_cameras()
            asyncio.get_running_loop().add_reader(self._watch, self._read)

    def in_use(self) -> bool:
        """Return whether a program of this person has a camera open; looked at anew only after a change."""
        if self._changed and self._watch >= 0:
            self._changed = False
            cameras = set(self._cameras())
            self._used = bool(cameras) and any(_opened(process, cameras) for process in _own_processes())
        return self._used

    def close(self) -> None:
        """Let go of the watch."""
        if self._watch >= 0:
            asyncio.get_running_loop().remove_reader(self._watch)
            os.close(self._watch)
            self._watch = -1

    def _read(self) -> None:
        with suppress(BlockingIOError):
            said = os.read(self._watch, _ROOM)
            changed = False
            while said:
                which, what, _, length = _EVENT.unpack_from(said)
                name = said[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode(errors="replace")
                said = said[_EVENT.size + length :]
                if which != self._folder:
                    # Also where the kernel had no room for all it had to tell.
                    changed |= bool(what & _USED) or which < 0
                elif _VIDEO.fullmatch(name):
                    self._listen_to_cameras()
                    changed = True
            if changed:
                self._changed = True
                self._on_change()

    def _listen_to_cameras(self) -> None:
        for path in self._video_devices():
            self._listen_to(path, _USED)

    def _listen_to(self, path: Path, what: int) -> int:
        return int(self._libc.inotify_add_watch(self._watch, os.fsencode(path), what))

    def _video_devices(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from (path for path in self._devices.iterdir() if _VIDEO.fullmatch(path.name))

    def _cameras(self) -> Iterator[tuple[int, int, int]]:
        for path in self._video_devices():
            with suppress(OSError):
                known = path.stat()
                if self._captures(known):
                    yield _identity(known)

    def _captures(self, known: os.stat_result) -> bool:
        device = f"c{os.major(known.st_rdev)}:{os.minor(known.st_rdev)}"
        try:
            lines = (self._udev / device).read_text(errors="replace").splitlines()
        except OSError:
            return True
        said = [line for line in lines if line.startswith("E:ID_V4L_CAPABILITIES=")]
        return not said or ":capture:" in said[0]


def _identity(known: os.stat_result) -> tuple[int, int, int]:
    """Return what is the same for two names of one device, also where a sandbox has a folder of devices of its own."""
    return (known.st_rdev, 0, 0) if stat.S_ISCHR(known.st_mode) else (0, known.st_dev, known.st_ino)


def _own_processes() -> Iterator[str]:
    me = os.getuid()
    with os.scandir("/proc") as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.name.isdecimal() and entry.stat().st_uid == me:
                    yield entry.path


def _opened(process: str, cameras: set[tuple[int, int, int]]) -> bool:
    try:
        descriptors = os.listdir(f"{process}/fd")  # noqa: PTH208 - thousands of them, of which no Path is needed
    except OSError:
        return False
    for descriptor in descriptors:
        with suppress(OSError):
            if _identity(os.stat(f"{process}/fd/{descriptor}")) in cameras:  # noqa: PTH116 - as above
                return True
    return False
