"""Whether a camera is in use: whether a program of this person has its device open.

Invariant 1: no polling: the kernel reports when a camera is opened, closed, plugged in or out (inotify); only then /proc is read.
Invariant 2: open devices are recognised by their numbers; no program's name and no file's name is read.
Invariant 3: a video device that decodes or plays films is no camera.
Invariant 4: a camera that may not be watched does not count: it belongs to another seat, or a sandbox hides it.
"""

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
_BUFFER_SIZE: Final = 1 << 14

# The masks of inotify(7): IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_OPEN; IN_ATTRIB, IN_CREATE, IN_DELETE.
_CLOSED_AFTER_WRITING, _CLOSED_UNWRITTEN, _OPENED = 0x8, 0x10, 0x20
_ATTRIBUTES_CHANGED, _CREATED, _DELETED = 0x4, 0x100, 0x200
_USED: Final = _OPENED | _CLOSED_AFTER_WRITING | _CLOSED_UNWRITTEN
# A new device gets its permissions only after it was created.
_PLUGGED: Final = _CREATED | _DELETED | _ATTRIBUTES_CHANGED


class Cameras:
    """The cameras of this device. `on_change` is called when the use of one may have changed. To be closed."""

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
        """Begin to watch; does nothing where the kernel grants no watch."""
        # The libc of the process itself: Python's standard library has no inotify.
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watch = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._watch >= 0:
            self._folder = self._add_watch(self._devices, _PLUGGED)
            self._watch_cameras()
            asyncio.get_running_loop().add_reader(self._watch, self._read)

    def in_use(self) -> bool:
        """Return whether a program of this person has a camera open; /proc is read only after a change."""
        # Reading /proc takes milliseconds, and most checks follow a change of the microphone.
        if self._changed and self._watch >= 0:
            self._changed = False
            cameras = set(self._cameras())
            self._used = bool(cameras) and any(_has_open(process, cameras) for process in _own_processes())
        return self._used

    def close(self) -> None:
        if self._watch >= 0:
            asyncio.get_running_loop().remove_reader(self._watch)
            os.close(self._watch)
            self._watch = -1

    def _read(self) -> None:
        with suppress(BlockingIOError):
            events = os.read(self._watch, _BUFFER_SIZE)
            changed = False
            while events:
                watch, mask, _cookie, length = _EVENT.unpack_from(events)
                name = events[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode(errors="replace")
                events = events[_EVENT.size + length :]
                if watch != self._folder:
                    # Watch -1 reports that the kernel's queue overflowed: whatever it lost may have been a change.
                    changed |= bool(mask & _USED) or watch < 0
                elif _VIDEO.fullmatch(name):
                    self._watch_cameras()
                    changed = True
            if changed:
                self._changed = True
                self._on_change()

    def _watch_cameras(self) -> None:
        for path in self._video_devices():
            self._add_watch(path, _USED)

    def _add_watch(self, path: Path, mask: int) -> int:
        return int(self._libc.inotify_add_watch(self._watch, os.fsencode(path), mask))

    def _video_devices(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from (path for path in self._devices.iterdir() if _VIDEO.fullmatch(path.name))

    def _cameras(self) -> Iterator[tuple[int, int, int]]:
        for path in self._video_devices():
            with suppress(OSError):
                status = path.stat()
                if self._captures(status):
                    yield _identity(status)

    def _captures(self, status: os.stat_result) -> bool:
        device = f"c{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        try:
            lines = (self._udev / device).read_text(errors="replace").splitlines()
        except OSError:
            # udev has no entry. A device too many does less harm than a camera that is missed.
            return True
        capabilities = [line for line in lines if line.startswith("E:ID_V4L_CAPABILITIES=")]
        return not capabilities or ":capture:" in capabilities[0]


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    # Return what two names of one device have in common, also where a sandbox has a /dev of its own.
    return (status.st_rdev, 0, 0) if stat.S_ISCHR(status.st_mode) else (0, status.st_dev, status.st_ino)


def _own_processes() -> Iterator[str]:
    me = os.getuid()
    with os.scandir("/proc") as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.name.isdecimal() and entry.stat().st_uid == me:
                    yield entry.path


def _has_open(process: str, cameras: set[tuple[int, int, int]]) -> bool:
    # Another process, or one that ends meanwhile, may not be read.
    with suppress(OSError), os.scandir(f"{process}/fd") as descriptors:
        for descriptor in descriptors:
            with suppress(OSError):
                if _identity(descriptor.stat()) in cameras:
                    return True
    return False
