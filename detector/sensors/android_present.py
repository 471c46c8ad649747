"""What a phone says of itself when asked: its clock, its person's number, its launcher, and what is in front now.

Rule 1: what it does not say is None, or the plainest guess (user 0); a phone of any maker may leave any line out.
Rule 2: its clock may be wrong, and may be set meanwhile: no instant of ours lies in the future because of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from detector.sensors.android_hand import Present
from detector.sensors.android_usagestats import zone

CLOCK_COMMAND: Final = "date +%s.%N"
COMMAND: Final = (
    "echo user=$(am get-current-user 2>/dev/null); echo sdk=$(getprop ro.build.version.sdk); echo zone=$(date +%z); "
    "echo home=$(cmd package resolve-activity --brief -a android.intent.action.MAIN -c android.intent.category.HOME "
    "2>/dev/null | tail -n 1 | cut -d/ -f1); "
    "dumpsys power 2>/dev/null | grep -oE 'mWakefulness=[A-Za-z]+'; "
    "dumpsys activity activities 2>/dev/null | grep -oE "
    "'[A-Za-z]*ResumedActivity[:=] *ActivityRecord[{]([^ ]+ )?u[0-9]+ [^ /}]+|KeyguardShowing=(true|false)'"
)
"""One question, filtered on the phone: no class and no task leaves it."""

TELLS_KEYGUARD: Final = 30
"""Android 11: the first whose event log tells of the lock screen by a tag that is read."""
_ASLEEP: Final = frozenset({"Asleep", "Dozing"})
_ACTIVITY: Final = re.compile(r"(\w*)ResumedActivity[:=] *ActivityRecord[{](?:\S+ )?u([0-9]+) ([\w.]+)", re.ASCII)
_CLOCK: Final = re.compile(r"\s*([0-9]{9,11})(?:\.([0-9]{1,9})\b)?", re.ASCII)
_SET: Final = timedelta(seconds=1)
"""A phone's clock that moves back, or ahead of ours, by more than this was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a phone says of itself. `home`: its launcher, '' where it does not say."""

    user: int = 0
    home: str = field(default="", repr=False)
    local: timezone = UTC
    tells_keyguard: bool = True
    present: Present


def read(text: str) -> Facts:
    """Return what an answer to `COMMAND` says."""
    said = {key: word for key, _, word in (line.strip().partition("=") for line in text.splitlines()) if word}
    user = int(said["user"]) if re.fullmatch(r"[0-9]{1,6}", said.get("user", "")) else 0
    awake = said.get("mWakefulness")
    keyguard = said.get("KeyguardShowing")
    sdk = said.get("sdk", "")
    resumed = _resumed(text)
    return Facts(
        user=user,
        home=said.get("home", ""),
        local=zone(said.get("zone", "")),
        tells_keyguard=not re.fullmatch(r"[0-9]{1,3}", sdk) or int(sdk) >= TELLS_KEYGUARD,
        present=Present(
            is_on=None if awake is None else awake not in _ASLEEP,
            is_locked=None if keyguard is None else keyguard == "true",
            user=user if resumed is None else resumed[0],
            # While it dreams, its screen is on, and nobody looks into what is resumed beneath.
            package=None if resumed is None or awake == "Dreaming" else resumed[1],
        ),
    )


def _resumed(text: str) -> tuple[int, str] | None:
    """Return what is resumed on top: newer versions say so, older ones list one for each stack, and the top's last."""
    found = {matched[1]: (int(matched[2]), matched[3]) for matched in reversed(list(_ACTIVITY.finditer(text)))}
    return found.get("top") or found.get("") or found.get("m")


class PhoneClock:
    """Turns the phone's instants into ours.

    `told` is what it answered to `CLOCK_COMMAND`, asked at `asked` and answered at `answered`. A phone that tells no
    clock is taken to be right. `error` is by how much an instant may be off.
    """

    def __init__(self, told: str, *, asked: datetime, answered: datetime) -> None:
        half = (answered - asked) / 2
        matched = _CLOCK.match(told)
        self._ahead = timedelta(0)
        self.error = half
        self._latest: datetime | None = None
        if matched is not None:
            fraction = matched[2]
            # Where it tells whole seconds, it was somewhere within that second.
            part = timedelta(microseconds=int(fraction[:6].ljust(6, "0")) if fraction else 500_000)
            self.error = half if fraction else half + timedelta(milliseconds=500)
            ahead = datetime.fromtimestamp(int(matched[1]), UTC) + part - (asked + half)
            # Less than what the asking itself may be off by is no difference.
            self._ahead = ahead if abs(ahead) > self.error else timedelta(0)

    def ours(self, theirs: datetime) -> datetime:
        """Return our instant for one of the phone's that it told some time ago."""
        return theirs - self._ahead

    def live(self, theirs: datetime, now: datetime) -> datetime:
        """Return our instant for one that the phone told just now; never after `now`."""
        stepped_back = self._latest is not None and theirs < self._latest - _SET
        if stepped_back or theirs - self._ahead > now + _SET:
            self._ahead = theirs - now
        self._latest = theirs
        return min(theirs - self._ahead, now)
