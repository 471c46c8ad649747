"""Effects: what the core asks the daemon to do, in the imperative, and what is to be recorded.

Invariant 1: an effect is complete: carrying it out needs nothing more from the core.
Invariant 2: recording is idempotent: a use, a moment or a coverage has a number within its occurrence, and the last record
of a number counts.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from detector.core.observations import Activity, Observation
from rules.model import FeatureKey, Reason, Value


class Outcome(StrEnum):
    """How a nudge ended; `detector.core.moments` decides it."""

    PUT_AWAY_30 = "put_away_30"
    PUT_AWAY_60 = "put_away_60"
    TOGETHER = "together"
    NEEDED = "needed"
    DISMISSED = "dismissed"
    IGNORED = "ignored"
    UNDELIVERED = "undelivered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One activity on one device, from its start to its end. `trusted` False: the end is not known, only bounded."""

    number: int
    device: str
    activity: Activity
    began: datetime
    ended: datetime | None = None
    trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A stretch in which a device's sensors worked: where nothing was reported in it, nothing happened."""

    number: int
    device: str
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A rule that held during a use, as it is stored: the decision about it, the reason and the outcome.

    `number` counts from 1 within the occurrence, and identifies the nudge as well. `decided` is "held" while the nudge is
    deferred. `repeat`: it is the n-th nudge about its category in this partner time; 1 without a nudge. `outcome` None:
    not known yet, or there was no nudge.
    """

    number: int
    occurrence: str
    rule: str
    device: str
    use: int | None
    category: str | None
    name: str | None
    began: datetime
    decided_at: datetime
    ended: datetime | None
    decided: Literal["nudged", "held", "suppressed"]
    reason: Reason | None
    evidence: tuple[tuple[FeatureKey, Value], ...]
    repeat: int = 1
    shown_by: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartResult:
    """Whether every device that is sensed was put away at `at`, the end of the grace.

    `started_well` None takes back an earlier record, because it is not known after all.
    """

    at: datetime
    started_well: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Store this part of the occurrence: an observation, a use, a coverage, a moment, or how it started."""

    occurrence: str
    item: Observation | Use | Coverage | Moment | StartResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Show one gentle notification for the moment."""

    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyStart:
    """Show once, without sound, that partner time has begun: nobody is observed without knowing it."""

    occurrence: str
    title: str
    at: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyEnd:
    """Partner time ended as planned: show one line about how it went, if the person chose that."""

    occurrence: str
    title: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHowLong:
    """Ask once, in place of the nudge, for how long the moment's activity is needed."""

    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyNeedOver:
    """Show in one line that the time for which the moment's activity was needed is over."""

    moment: Moment
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Close the notification of this nudge, if it is still shown."""

    nudge: int


Effect: TypeAlias = Record | Notify | NotifyStart | NotifyEnd | AskHowLong | NotifyNeedOver | Withdraw
