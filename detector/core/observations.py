"""Observations: what sensors, the clock and the person report to the core, in the past tense.

Invariant 1: `at` is the instant at which the fact became true; aware, UTC, whole microseconds.
Invariant 2: an observation never holds a title, a URL, a key or a text.
Invariant 3: silence is never an observation; `Gap` says what is not known.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeAlias

LAPTOP: Final = "laptop"

Sense: TypeAlias = Literal["focus", "idle", "input", "session", "quiet", "media", "call"]
Answer: TypeAlias = Literal[
    "put_away", "together", "needed", "needed_1", "needed_5", "needed_15", "dismissed", "expired"
]
"""`needed_5`: it is needed for five minutes, the answer to the question for how long."""


class GapReason(StrEnum):
    """Why nothing is known: each is shown in `doctor` and kept with the gap."""

    SENSOR_LOST = "sensor_lost"
    SUSPEND = "suspend"
    CLOCK_JUMP = "clock_jump"
    RESTART = "restart"
    OVERFLOW = "overflow"
    SILENT = "silent"
    NOT_SHOWN = "not_shown"
    """Nothing was sensed: that partner time had begun could not be shown to anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What is in front of the person: a category, and the catalogue's name only where the user chose to keep names."""

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

    `on_call`: the person is on call, or cares for somebody, during it. `quiet`: it is one of the seven evenings in which
    the person wants no nudges.
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
    """The person gave partner time a later end."""

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
    """Other rules were in force from then on. Only recordings of 0.1.0 hold it; it is read, and changes nothing."""

    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorStarted(Observation):
    """From now on silence of this sense means that nothing happened, rather than that nothing is known."""

    sense: Sense
    sensor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Observation):
    """Nothing is known between `since` and `at`, and of `sense` nothing until it reports again.

    `sense` None means that the program itself was away (suspend, restart, clock jump): every sense of every device. A
    single lost sensor has `since == at`: what is unknown lies after it.
    """

    since: datetime
    reason: GapReason
    sense: Sense | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Focused(Observation):
    """Another activity came to the front; `activity` None means that nothing is in front.

    `opened`: the device reported an opening, so that a new use begins even if the same was in front already; how long
    the one before lasted is not known then.
    """

    activity: Activity | None
    full_screen: bool = False
    opened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCounted(Observation):
    """Counts of one second that ended at `at`, and in which at least one of them was not zero. Never which key."""

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
    """A phone's screen went on: it may have been touched, or have lit up by itself. It is no use and no pick-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedUp(Observation):
    """A phone was unlocked: it is in the hand. `blind`: its source does not report every app that comes to the front."""

    blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidDown(Observation):
    """A phone's screen went off, or was locked: nothing is in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAway(Observation):
    """The person, a dock, a tag or a plug said that the device is put away."""


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
    """A film or music plays: yes or no, never what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaEnded(Observation):
    """Nothing plays any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified(Observation):
    """A notification of some other program arrived: that it did, never what it says or whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Observation):
    """A nudge reached the screen; `by` names the notifier that spoke."""

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
    name: kind
    for name, kind in list(globals().items())
    if isinstance(kind, type) and issubclass(kind, Observation) and kind is not Observation
}
"""Every kind of observation defined above, by the name under which the store and recordings keep it."""
