"""What a report holds, and how much must be known before it gives a number.

Invariant 1: a number that rests on too little is None, and `missing` says what it lacks.
Invariant 2: nothing here is a score of the relationship, and nothing compares two people.
"""

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from detector.core.attention.time_split import Share
from rules.model import Reason

# The version of the report's JSON. It grows when a name changes its meaning or goes; new names may come at any time.
FORMAT: Final = 1
# A partner time of which less than this share is known is not counted: no data is never a good evening.
KNOWN_ENOUGH: Final = 0.5
# So much must be known before anything is given per hour.
HOURS_NEEDED: Final = timedelta(hours=1)
# So many nudges with a known outcome before a share of them is given.
NUDGES_NEEDED: Final = 5
# So many weeks with an hour known before they are compared.
WEEKS_NEEDED: Final = 2
# A phone that is put away within this length of the beginning started well; as long as the grace is by default.
WELL_STARTED: Final = timedelta(minutes=5)
# A neutral mark, not a grade: phones were used about 11 % of a shared meal (Dwyer et al. 2018).
PRESENCE_MARK: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTimes:
    """How many partner times there were. `counted` and `left_out` add up to `all`.

    `left_out`: known for less than half. `under_way` and `cut_off` (their end was never kept) are among them, and count
    up to the last instant of which something is known.
    """

    all: int
    counted: int
    left_out: int
    left_out_moments: int
    under_way: int
    cut_off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undisturbed:
    """The longest stretch that is known and without a distracting use."""

    lasted: timedelta
    began: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """How one device took part in all partner times, which lasted `lived`.

    `known`: how long it is known what happened on it. `looks`: distracting uses; they lasted `used` as far as that is
    known, and of `of_unknown_length` it is not. `pick_ups`, and how many partner times began with it put away
    (`put_away_first`): phones only. All None for a device that said nothing: nothing is known of it.
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
    """What became of the nudges. `shown` reached a screen; `judged` of them ended in a way that says something.

    Judged: put away, dismissed or ignored; not for both, not needed, not unknown, not open (nothing came of it yet).
    `within_60` includes `within_30`. The shares are parts of `judged`, None below `NUDGES_NEEDED`.
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
class Unsaid:
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
    """A category that was for both so many times that it may be made so for good."""

    category: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """How many partner times started well (every screen put away by the end of the grace), of those of which it is known."""

    well: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """A partner time that was cancelled, and what became of it.

    `instead`: when what makes it good began, or is planned to begin; None where it is neither made good nor planned.
    """

    title: str
    begins: datetime
    instead: datetime | None
    became: Literal["made_good", "planned", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything that a report says. Numbers rest on the partner times that are known well enough.

    Only `nudges` and `unsaid` rest on all: they are about what the program did, which is known even where little else is;
    and `devices`, `put_away_first` and `starts`, which themselves say how much is known. `cancelled`: what was planned to
    begin in that time and was cancelled.

    `unsaid` counts every rule that held without a nudge; `without_nudge` those of the `moments` during whose use there
    was none, by the reason of the rule under which they count.

    `moments` counts micro-rejections, each once; `together` and `needed` are moments that the person called so, counted
    apart, and so is `on_call`, what may have called them while they were on call. `besides`: every moment of a rule that
    is for the report alone, by rule. `put_away_first`: partner times that began with a phone put away. `presence` is a
    share of what is known; `unknown_pages`: how long a browser showed pages that no entry names; `coverage` of all that was declared and lived. `quiet_evening`: how many evenings of the quiet
    week are done, while it lasts.
    """

    since: datetime
    until: datetime
    partner_times: PartnerTimes
    lived: timedelta
    known: timedelta
    unknown_pages: timedelta = timedelta(0)
    share: Share
    coverage: float | None
    presence: float | None
    longest: Undisturbed | None
    moments: int
    per_hour: float | None
    by_category: tuple[MomentCount, ...]
    by_rule: tuple[MomentCount, ...]
    by_device: tuple[MomentCount, ...]
    devices: tuple[Device, ...]
    put_away_first: int
    together: int
    needed: int
    on_call: int
    nudges: Nudges
    unsaid: tuple[Unsaid, ...]
    without_nudge: tuple[Unsaid, ...]
    weeks: tuple[Week, ...]
    missing: tuple[str, ...]
    besides: tuple[MomentCount, ...] = ()
    offers: tuple[Offer, ...]
    quiet_evening: int | None = None
    starts: Starts = Starts(well=0, known=0)
    cancelled: tuple[Cancellation, ...] = ()

    @property
    def full_weeks(self) -> int:
        return sum(1 for week in self.weeks if week.per_hour is not None)


def as_json(summary: Summary) -> str:
    """Return the summary as one JSON object: lengths in seconds, instants with their offset, None as null."""
    return json.dumps({"format": FORMAT, **_jsonable(summary)}, ensure_ascii=False, indent=2)


def _jsonable(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        named = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name + ("_seconds" if isinstance(part, timedelta) else ""): _jsonable(part) for name, part in named}
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_jsonable(part) for part in value]
    return value
