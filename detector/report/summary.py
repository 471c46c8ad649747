"""What a report holds, and how much must be known before it gives a number.

Invariant 1: a number that rests on too little data is None, and `missing` says what is lacking.
Invariant 2: nothing here is a score of the relationship, and nothing compares two people.
"""

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from detector.core.attention.time_split import TimeTotals
from rules.model import Reason

# The version of the report's JSON. It grows when a name is removed or changes its meaning; names may be added at any time.
FORMAT: Final = 1
# A partner time that is known for less than this share is not counted: missing data is not a good evening.
KNOWN_ENOUGH: Final = 0.5
# How much must be known before anything is given per hour.
HOURS_NEEDED: Final = timedelta(hours=1)
# How many nudges need a known outcome before a share of them is given.
NUDGES_NEEDED: Final = 5
# How many weeks need an hour known before they are compared.
WEEKS_NEEDED: Final = 2
# A phone that is put away within this time of the beginning started well; as long as the grace is by default.
WELL_STARTED: Final = timedelta(minutes=5)
# A neutral mark, not a grade: phones were used about 11 % of a shared meal (Dwyer et al. 2018).
PRESENCE_MARK: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTimes:
    """How many partner times there were. `counted` and `left_out` add up to `all`.

    `left_out`: known for less than half. `under_way` and `cut_off` (their end was not stored) are among `all`, and count
    up to the last instant that is known.
    """

    all: int
    counted: int
    left_out: int
    left_out_moments: int
    under_way: int
    cut_off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceStretch:
    """The longest stretch that is known and without a distracting use."""

    lasted: timedelta
    began: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """How one device took part in all partner times; None where a device sent nothing, as nothing is known of it.

    `lived`: duration of all partner times; `known`: how much of it the device reported. `looks`: distracting uses; `used`:
    their known duration; `of_unknown_length`: how many have none. `pick_ups` and `put_away_first` (how many partner times
    began with it put away): phones only.
    """

    name: str
    kind: Literal["laptop", "phone"]
    paired: bool
    spoke: bool
    lived: timedelta
    known: timedelta
    used: timedelta | None
    looks: int | None
    of_unknown_length: int | None
    pick_ups: int | None
    put_away_first: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentCount:
    """Moments of one category, rule or device; `per_hour` of partner time that is known, None where that is too short."""

    code: str
    name: str
    moments: int
    per_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudges:
    """Outcomes of the nudges. `shown` reached a screen; `judged` of them were put away, dismissed or ignored.

    The others were for both, needed, unknown or open (without an outcome so far). `within_60` includes `within_30`. The
    shares are parts of `judged`, None below `NUDGES_NEEDED`.
    """

    shown: int
    judged: int
    within_30: int
    within_60: int
    share_30: float | None
    share_60: float | None
    dismissed: int
    ignored: int
    together: int
    needed: int
    unknown: int
    open: int
    undelivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedCount:
    """How often there was no nudge for one reason."""

    reason: Reason
    moments: int


@dataclass(frozen=True, slots=True)
class Week:
    """One week, from its Monday on; the numbers are None where too little of it is known."""

    monday: date
    partner_times: int
    known: timedelta
    moments: int
    presence: float | None
    per_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A category that was for both of you so often that it may always be."""

    category: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """How many partner times started well (every screen put away by the end of the grace), of those with a known start."""

    well: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """A partner time that was cancelled, and what became of it.

    `instead`: when the new date began, or is planned to begin; None where it neither took place nor is planned.
    """

    title: str
    begins: datetime
    instead: datetime | None
    became: Literal["made_good", "planned", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything that a report says.

    The numbers rest on the partner times that are known well enough, except where a comment says otherwise.
    """

    since: datetime
    until: datetime
    partner_times: PartnerTimes
    # Duration of all partner times, left out or not, how much of it is known, and how long unknown pages were in front.
    lived: timedelta
    known: timedelta
    unknown_pages: timedelta = timedelta(0)
    share: TimeTotals
    # `known` as a part of `lived`; and how much of the known time passed without a distraction.
    coverage: float | None
    presence: float | None
    longest: PresenceStretch | None
    # Micro-rejections, each once; and how often per hour of known time.
    moments: int
    per_hour: float | None
    by_category: tuple[MomentCount, ...]
    by_rule: tuple[MomentCount, ...]
    by_device: tuple[MomentCount, ...]
    # All partner times: each device says how much of it is known.
    devices: tuple[Device, ...]
    # How many of all partner times began with a phone put away.
    put_away_first: int
    # No micro-rejections: what the person called so, and what may have called them while they were on call.
    together: int
    needed: int
    on_call: int
    # All partner times: what the program did is known even where little else is.
    nudges: Nudges
    unsaid: tuple[SuppressedCount, ...]
    # Of `moments`, those during whose use no nudge was shown, by the reason of the rule under which they count.
    without_nudge: tuple[SuppressedCount, ...]
    weeks: tuple[Week, ...]
    missing: tuple[str, ...]
    # Every moment of a rule that is for the report alone, by rule.
    besides: tuple[MomentCount, ...] = ()
    offers: tuple[Offer, ...]
    # How many evenings of the quiet week are done, while it is under way.
    quiet_evening: int | None = None
    # All partner times with a known start.
    starts: Starts = Starts(well=0, known=0)
    # What was planned to begin in that time and was cancelled.
    cancelled: tuple[Cancellation, ...] = ()

    @property
    def full_weeks(self) -> int:
        return sum(1 for week in self.weeks if week.per_hour is not None)


def as_json(summary: Summary) -> str:
    """Return the summary as one JSON object: lengths in seconds, instants with their offset, None as null."""
    return json.dumps({"format": FORMAT, **_jsonable(summary)}, ensure_ascii=False, indent=2)


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        parts = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name + ("_seconds" if isinstance(part, timedelta) else ""): _jsonable(part) for name, part in parts}
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_jsonable(part) for part in value]
    return value
