"""Ask a phone for its clock, its current user, its launcher, and the app in front now.

Invariant 1: a line that is missing is None, or a default (user 0); a phone of any maker may leave any line out.
Invariant 2: its clock may be wrong, and may be set meanwhile: no instant of ours lies in the future because of it.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from detector.sensors.android_state import AndroidSnapshot
from detector.sensors.android_usagestats import parse_zone

CLOCK_COMMAND: Final = "date +%s.%N"
COMMAND: Final = (
    "echo user=$(am get-current-user 2>/dev/null); echo sdk=$(getprop ro.build.version.sdk); echo zone=$(date +%z); "
    "echo home=$(cmd package resolve-activity --brief -a android.intent.action.MAIN -c android.intent.category.HOME "
    "2>/dev/null | tail -n 1 | cut -d/ -f1); "
    "dumpsys power 2>/dev/null | grep -oE 'mWakefulness=[A-Za-z]+'; "
    "dumpsys activity activities 2>/dev/null | grep -oE "
    "'[A-Za-z]*ResumedActivity[:=] *ActivityRecord[{]([^ ]+ )?u[0-9]+ [^ /}]+|KeyguardShowing=(true|false)'; "
    "cmd package list users 2>/dev/null | grep -oE 'UserInfo[{][0-9]+|:[0-9a-f]+[}]'"
)
"""One command, filtered on the phone: no class, no task and no user's name leaves it."""

LOGS_KEYGUARD: Final = 30
"""Android 11: the first whose event log has a tag for the lock screen that is understood."""
_ASLEEP: Final = frozenset({"Asleep", "Dozing"})
_ACTIVITY: Final = re.compile(r"(\w*)ResumedActivity[:=] *ActivityRecord[{](?:\S+ )?u([0-9]{1,6}) ([\w.]+)", re.ASCII)
_CLOCK: Final = re.compile(r"\s*([0-9]{9,10})(?:\.([0-9]{1,9}))?\b", re.ASCII)
_USER: Final = re.compile(r"UserInfo[{]([0-9]{1,6})(?:\s*:([0-9a-f]{1,8})[}])+", re.ASCII)
_PROFILE_FLAGS: Final = 0x20 | 0x1000
"""FLAG_MANAGED_PROFILE and, since Android 11, FLAG_PROFILE of Android's UserInfo."""
_COPIES: Final = frozenset({95, 96, 97, 98, 99, 998, 999})
"""The users in which makers run second copies of apps, some without any flag of a profile (Xiaomi: 999)."""
_CLOCK_SET: Final = timedelta(seconds=1)
"""A phone's clock that moves back, or ahead of ours, by more than this has been set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneState:
    """What a phone answered. `home`: its launcher, '' where it is not known; `local`: its time zone.

    `users`: the current user and every profile. Android shows only the current user's own profiles, so the others' do no harm.
    """

    users: frozenset[int] = frozenset({0})
    home: str = field(default="", repr=False)
    local: timezone = UTC
    logs_keyguard: bool = True
    snapshot: AndroidSnapshot


def parse_phone_state(text: str) -> PhoneState:
    pairs = (line.strip().partition("=") for line in text.splitlines())
    values = {key: value for key, _equals, value in pairs if value}
    user = int(values["user"]) if re.fullmatch(r"[0-9]{1,6}", values.get("user", "")) else 0
    wakefulness = values.get("mWakefulness")
    keyguard = values.get("KeyguardShowing")
    sdk = values.get("sdk", "")
    resumed = _resumed(text)
    return PhoneState(
        users=_COPIES
        | {user, *(int(number) for number, flags in _USER.findall(text) if int(flags, 16) & _PROFILE_FLAGS)},
        home=values.get("home", ""),
        local=parse_zone(values.get("zone", "")),
        logs_keyguard=not re.fullmatch(r"[0-9]{1,3}", sdk) or int(sdk) >= LOGS_KEYGUARD,
        snapshot=AndroidSnapshot(
            is_on=None if wakefulness is None else wakefulness not in _ASLEEP,
            is_locked=None if keyguard is None else keyguard == "true",
            user=user if resumed is None else resumed[0],
            # While it shows a screen saver ("Dreaming") its screen is on, and nobody uses what is resumed beneath.
            package=None if resumed is None or wakefulness == "Dreaming" else resumed[1],
        ),
    )


def _resumed(text: str) -> tuple[int, str] | None:
    # Newer versions name the one on top; older ones list one for each stack, the top's last.
    activities = {matched[1]: (int(matched[2]), matched[3]) for matched in reversed(list(_ACTIVITY.finditer(text)))}
    return activities.get("top") or activities.get("") or activities.get("m")


class PhoneClock:
    """Converts the phone's instants into ours.

    `answer` is what it answered to `CLOCK_COMMAND`, asked at `asked` and answered at `answered`. A phone without a
    readable clock counts as right. `error` is by how much an instant may be off.
    """

    def __init__(self, answer: str, *, asked: datetime, answered: datetime) -> None:
        half = (answered - asked) / 2
        matched = _CLOCK.match(answer)
        self._ahead = timedelta(0)
        self.error = half
        self._latest: datetime | None = None
        if matched is not None:
            fraction = matched[2]
            # A clock of whole seconds was somewhere within that second: half of it is the best guess.
            part = timedelta(microseconds=int(fraction[:6].ljust(6, "0")) if fraction else 500_000)
            self.error = half if fraction else half + timedelta(milliseconds=500)
            ahead = datetime.fromtimestamp(int(matched[1]), UTC) + part - (asked + half)
            # Less than what the asking itself may be off by is no difference.
            self._ahead = ahead if abs(ahead) > self.error else timedelta(0)

    def convert(self, theirs: datetime) -> datetime:
        """Return our instant for one of the phone's from some time ago."""
        return theirs - self._ahead

    def convert_live(self, theirs: datetime, now: datetime) -> datetime:
        """Return our instant for one that the phone sent just now; never after `now`."""
        stepped_back = self._latest is not None and theirs < self._latest - _CLOCK_SET
        if stepped_back or theirs - self._ahead > now + _CLOCK_SET:
            self._ahead = theirs - now
        self._latest = theirs
        return min(theirs - self._ahead, now)
