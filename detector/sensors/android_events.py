"""Parse Android's event log: an app came to the front, the screen went on or off, the lock screen came or went.

Invariant 1: six tags are understood, and of them the package, the user's number, on or off and shown or not; nothing else of a
line (the activity's class, reasons, touches) is kept.
Invariant 2: a line that is torn, strange or of another tag yields nothing; none is an error.

The formats are those of Android's own tables of event tags, `EventLogTags.logtags`, versions 8 to 15.
"""

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
    "am_set_keyguard_shown",
)
# `-T 1`: from the newest line on. Without it logcat prints its whole buffer first, hours of events.
COMMAND: Final = f"logcat -b events -v epoch -T 1 -s {' '.join(TAGS)}"

_MAX_LINE: Final = 4096
_LINE: Final = re.compile(
    r"\s*([0-9]{9,10})\.([0-9]{3,9})\s+(?:\S+\s+)?[0-9]+\s+[0-9]+\s+[A-Z]\s+(" + "|".join(TAGS) + r")\s*:\s*(\S.*)",
    re.ASCII,
)
_RESUMED: Final = re.compile(r"\[([0-9]{1,6}),\s*([A-Za-z][\w.]{0,254})/[^,]+,", re.ASCII)
_NUMBERS: Final = re.compile(r"\[([0-9]{1,9}(?:,\s*[0-9]{1,9})*)\b", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AndroidEvent:
    """`at` is by the phone's own clock."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AppResumed(_AndroidEvent):
    """An app came to the front of a user. `is_older`: logged in the way of Android 10 and before.

    `instance`: which of the app's own screens; '' in the event log, and before Android 10.
    """

    user: int
    package: str = field(repr=False)
    is_older: bool = False
    instance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPaused(_AndroidEvent):
    """An app left the front of a user, and nothing came in its place. The event log has no such event."""

    user: int
    package: str = field(repr=False)
    instance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenToggled(_AndroidEvent):
    """The screen went on or off. `is_echo`: logged by the power manager, which logs the same once more, and later."""

    is_on: bool
    is_echo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyguardToggled(_AndroidEvent):
    """The lock screen is shown, or is gone."""

    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneShutDown(_AndroidEvent):
    """The phone was switched off or restarted. The event log has no such event."""


AndroidEvent: TypeAlias = AppResumed | AppPaused | ScreenToggled | KeyguardToggled | PhoneShutDown


class LineSplitter:
    """Puts lines together from chunks that are torn anywhere."""

    def __init__(self) -> None:
        self._torn = b""
        self._skips = False

    def __repr__(self) -> str:
        # Show nothing of what is buffered.
        return "<LineSplitter>"

    def feed(self, chunk: bytes) -> list[str]:
        """Return the lines that are complete now, without their ends. A line that is too long is dropped."""
        *whole, torn = (self._torn + chunk).split(b"\n")
        if whole and self._skips:
            # The rest of a line whose beginning was dropped.
            del whole[0]
            self._skips = False
        self._torn = b"" if self._skips else torn
        if len(self._torn) > _MAX_LINE:
            self._torn, self._skips = b"", True
        return [line.decode(errors="replace").rstrip("\r") for line in whole if len(line) <= _MAX_LINE]


def parse_line(line: str) -> AndroidEvent | None:
    matched = _LINE.match(line)
    if matched is None or (matched[4][0] == "[") != (matched[4].rstrip()[-1] == "]"):
        return None
    seconds, fraction, tag, values = matched.groups()
    at = datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    match tag:
        case "wm_set_resumed_activity" | "am_set_resumed_activity":
            return _resumed(at, values, is_older=tag.startswith("am_"))
        case "screen_toggled":
            return _toggled(at, values.strip().strip("[]"))
        case "power_screen_state":
            state = _numbers(values)
            return ScreenToggled(at=at, is_on=state[0] == 1, is_echo=True) if state and state[0] in {0, 1} else None
        case _:
            return _keyguard(at, _numbers(values))


def _resumed(at: datetime, values: str, *, is_older: bool) -> AppResumed | None:
    matched = _RESUMED.match(values)
    if matched is None:
        return None
    return AppResumed(at=at, user=int(matched[1]), package=matched[2], is_older=is_older)


def _toggled(at: datetime, value: str) -> AndroidEvent | None:
    # 2: the lock screen came up while the screen stayed on.
    match value:
        case "0" | "1":
            return ScreenToggled(at=at, is_on=value == "1")
        case "2":
            return KeyguardToggled(at=at, is_shown=True)
        case _:
            return None


def _keyguard(at: datetime, state: list[int]) -> KeyguardToggled | None:
    # Up to Android 11 three numbers: shown, always-on, going away. From 12 on the display's number comes first.
    if len(state) > 3 and state[0] == 0:
        state = state[1:]
    elif len(state) != 3:
        return None
    shown, _always_on, going_away = state[:3]
    # Some makers log only that it is going away, and never that it is not shown any more.
    return KeyguardToggled(at=at, is_shown=shown == 1 and going_away != 1)


def _numbers(values: str) -> list[int]:
    matched = _NUMBERS.match(values)
    return [int(word) for word in matched[1].split(",")] if matched else []
