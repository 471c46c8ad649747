"""What lines of Android's event log say: an app came to the front, the screen went on or off, the lock screen.

Rule 1: five tags are understood, and of them the package, the user's number, on or off and shown or not; what else a
line holds (the activity's class, reasons, touches) ends here.
Rule 2: a line that is torn, strange or of another tag says nothing; none is an error.

Formats from Android's own tables of event tags, `EventLogTags.logtags`, versions 8 to 15.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

TAGS: Final = (
    "wm_set_resumed_activity",
    "am_set_resumed_activity",
    "screen_toggled",
    "power_screen_state",
    "wm_set_keyguard_shown",
)
COMMAND: Final = f"logcat -b events -v epoch -T 1 -s {' '.join(TAGS)}"

_LONGEST: Final = 4096
_LINE: Final = re.compile(
    r"\s*([0-9]{9,11})\.([0-9]{3,9})\s+(?:\S+\s+)?[0-9]+\s+[0-9]+\s+[A-Z]\s+(" + "|".join(TAGS) + r")\s*:\s*(\S.*)",
    re.ASCII,
)
_RESUMED: Final = re.compile(r"\[([0-9]{1,6}),\s*([A-Za-z][\w.]{0,254})/[^,]+,", re.ASCII)
_NUMBERS: Final = re.compile(r"\[([0-9]+(?:,\s*[0-9]+)*)\b", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that the log told; `at` by the phone's own clock."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Told):
    """An app came to the front of a user. `is_older`: told as Android 10 and before tell it."""

    user: int
    package: str = field(repr=False)
    is_older: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen(Told):
    """The screen went on or off. `is_echo`: told by the power manager, which tells the same once more, and later."""

    is_on: bool
    is_echo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyguard(Told):
    """The lock screen is shown, or is gone."""

    is_shown: bool


Event: TypeAlias = Resumed | Screen | Keyguard


class Lines:
    """Puts lines together from pieces that are torn anywhere."""

    def __init__(self) -> None:
        self._torn = b""
        self._skips = False

    def __repr__(self) -> str:
        """Say nothing of what waits."""
        return "<Lines>"

    def feed(self, piece: bytes) -> list[str]:
        """Return the lines that are whole now, without their ends. What is too long for a line is let go of."""
        *whole, torn = (self._torn + piece).split(b"\n")
        if whole and self._skips:
            del whole[0]
            self._skips = False
        self._torn = b"" if self._skips else torn
        if len(self._torn) > _LONGEST:
            self._torn, self._skips = b"", True
        return [line.decode(errors="replace").rstrip("\r") for line in whole if len(line) <= _LONGEST]


def read(line: str) -> Event | None:
    """Return what a line says; None where it says nothing that is asked for."""
    matched = _LINE.match(line)
    if matched is None or (matched[4][0] == "[") != (matched[4].rstrip()[-1] == "]"):
        return None
    seconds, fraction, tag, said = matched.groups()
    at = datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    match tag:
        case "wm_set_resumed_activity" | "am_set_resumed_activity":
            return _resumed(at, said, is_older=tag.startswith("am_"))
        case "screen_toggled":
            return _toggled(at, said.strip().strip("[]"))
        case "power_screen_state":
            state = _numbers(said)
            return Screen(at=at, is_on=state[0] == 1, is_echo=True) if state and state[0] in {0, 1} else None
        case _:
            return _keyguard(at, _numbers(said))


def _resumed(at: datetime, said: str, *, is_older: bool) -> Resumed | None:
    matched = _RESUMED.match(said)
    if matched is None:
        return None
    return Resumed(at=at, user=int(matched[1]), package=matched[2], is_older=is_older)


def _toggled(at: datetime, said: str) -> Event | None:
    # 2: the lock screen came up while the screen stayed on.
    match said:
        case "0" | "1":
            return Screen(at=at, is_on=said == "1")
        case "2":
            return Keyguard(at=at, is_shown=True)
        case _:
            return None


def _keyguard(at: datetime, state: list[int]) -> Keyguard | None:
    """Three numbers (Android 11): shown, always-on, going away. More (12 and later): the display's goes ahead."""
    if len(state) == 3:
        return Keyguard(at=at, is_shown=state[0] == 1)
    if len(state) > 3 and state[0] == 0:
        return Keyguard(at=at, is_shown=state[1] == 1)
    return None


def _numbers(said: str) -> list[int]:
    matched = _NUMBERS.match(said)
    return [int(word) for word in matched[1].split(",")] if matched else []
