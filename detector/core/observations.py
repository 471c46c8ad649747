"""Observations: what sensors, the clock and the person report to the core, in the past tense.

Invariant 1: `at` is the instant at which the fact became true; aware, UTC, whole microseconds.
Invariant 2: an observation never holds a title, a URL, a key or a text.
Invariant 3: that nothing happened is never an observation; a `Gap` is the time of which nothing is known.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, TypeAlias

import rules.features

LAPTOP: Final = rules.features.LAPTOP
MICROSECOND: Final = timedelta(microseconds=1)
"""The smallest difference between two instants."""

Sense: TypeAlias = Literal["focus", "idle", "input", "session", "quiet", "media", "call"]
Answer: TypeAlias = Literal[
    "put_away", "together", "needed", "needed_1", "needed_5", "needed_15", "dismissed", "expired"
]
"""`needed_5` answers the question for how long it is needed: five minutes."""


class GapReason(StrEnum):
    """Why nothing is known: shown by `doctor` and stored with the gap."""

    SENSOR_LOST = "sensor_lost"
    SUSPEND = "suspend"
    CLOCK_JUMP = "clock_jump"
    RESTART = "restart"
    OVERFLOW = "overflow"
    SILENT = "silent"
    NOT_SHOWN = "not_shown"
    """Nothing was sensed, because no notifier could show that partner time had begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What is in front: a category, and the catalogue's name where the person chose to keep names."""

    category: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A fact and the instant at which it became true."""

    at: datetime
    device: str = LAPTOP


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTimeBegan(Observation):
    """Partner time began; `ends` is the planned end, `occurrence` the occurrence's id.

    `on_call`: the person is on call, or cares for somebody, during it. `quiet`: it is in the quiet week, without nudges.
    """

    occurrence: str
    title: str
    ends: datetime
    on_call: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTimeEnded(Observation):
    """Partner time ended: as planned, stopped by the person, or removed from the plan."""

    reason: Literal["ended", "stopped", "removed", "clock_jump"] = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTimeExtended(Observation):
    """The person extended partner time."""

    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWeekEnded(Observation):
    """The person ended the quiet week: from now on nudges are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Observation):
    """The person paused the program; nothing is observed until `Resumed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Observation):
    """The pause is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesChanged(Observation):
    """The rules were replaced. Only recordings of 0.1.0 contain it; it is read and has no effect."""

    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorStarted(Observation):
    """The sensor is ready: from now on, no observation of this sense means that nothing happened."""

    sense: Sense
    sensor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Observation):
    """Nothing is known between `since` and `at`, and nothing of `sense` until it reports again.

    `sense` None: the program itself did not run (suspend, restart, clock jump), so it is about every sense of every
    device. A single lost sensor has `since == at`: the unknown time lies after it.
    """

    since: datetime
    reason: GapReason
    sense: Sense | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Focused(Observation):
    """Another activity came to the front; `activity` None means that nothing is in front.

    `opened`: the device reported an opening, so a new use begins even if the same activity was in front already; how
    long the use before lasted is not known then.
    """

    activity: Activity | None
    full_screen: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCounted(Observation):
    """Counts of the second that ended at `at`; at least one of them is not zero. Never which key."""

    scrolls: int = 0
    keys: int = 0
    clicks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WentIdle(Observation):
    """No input since `since`; noticed at `at`."""

    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack(Observation):
    """The first input after being idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked(Observation):
    """The session was locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked(Observation):
    """The session was unlocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LitUp(Observation):
    """A phone's screen went on, by a touch or by itself. It counts neither as a use nor as a pick-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedUp(Observation):
    """A phone was unlocked: it is in the hand. `blind`: the phone does not report every app that comes to the front."""

    blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidDown(Observation):
    """A phone's screen went off or was locked; it may be picked up again at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAway(Observation):
    """The device was put away on purpose: reported by the person, a dock, a tag or a plug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended(Observation):
    """The device is about to sleep. Waking is a `Gap` with the reason `suspend`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietBegan(Observation):
    """The desktop's own Do Not Disturb was switched on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietEnded(Observation):
    """The desktop's own Do Not Disturb was switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Observation):
    """A call began: microphone or camera in use, yes or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Observation):
    """The call is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaStarted(Observation):
    """A film or music began to play: yes or no, never which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaEnded(Observation):
    """Nothing plays now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified(Observation):
    """A notification of another program arrived. Neither its text nor its sender is observed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Observation):
    """A nudge reached the screen; `by` names the notifier that showed it."""

    nudge: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotShown(Observation):
    """No notifier could show the nudge."""

    nudge: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Observation):
    """The person answered a nudge, closed it, or let it expire."""

    nudge: int
    answer: Answer


KINDS: Final[dict[str, type[Observation]]] = {
    kind.__name__: kind
    for kind in (
        PartnerTimeBegan,
        PartnerTimeEnded,
        PartnerTimeExtended,
        QuietWeekEnded,
        Paused,
        Resumed,
        RulesChanged,
        SensorStarted,
        Gap,
        Focused,
        InputCounted,
        WentIdle,
        CameBack,
        Locked,
        Unlocked,
        LitUp,
        PickedUp,
        LaidDown,
        PutAway,
        Suspended,
        QuietBegan,
        QuietEnded,
        CallStarted,
        CallEnded,
        MediaStarted,
        MediaEnded,
        Notified,
        Shown,
        NotShown,
        Answered,
    )
}
"""Every kind of observation, by the name under which the store and recordings keep it."""
