"""Decide whether a match becomes a nudge, is held or is suppressed, and for which reason.

Invariant 1: a use that had its nudge gets no other.
Invariant 2: nudges respect the cool-down and the budget, whichever rules hold.
Invariant 3: the grace at the start delays only rules that ask for it.
Invariant 4: nobody who is in a call is nudged, neither by a call that is sensed nor by the app that is in front.
Invariant 5: an answer of the person ("for both", "needed") comes before every reason of the program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from rules.features import CATEGORIES
from rules.model import Decision, Defer, Match, Nudge, Reason, Suppressed
from rules.options import option

CALL: Final = "call"
ON_CALL_CATEGORIES: Final = frozenset({"work", "messaging"})
"""What a person who is on call may be called by; nothing else on the screen is excused."""
NEEDED_LENGTHS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {f"needed_{minutes}": timedelta(minutes=minutes) for minutes in (1, 5, 15)}
)
"""For how long something is needed, by the answer."""
TYPING_PAUSE: Final = timedelta(seconds=2)
"""So long without key presses is a pause in typing: counts come once a second, and one second may fall between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """How far apart nudges are and when they keep quiet; where the defaults come from stands in docs/evidence.md."""

    cool_down: timedelta = option(
        timedelta(minutes=5), "The least time between two nudges, whatever the rule.", maximum=timedelta(hours=24)
    )
    rule_cool_down: timedelta = option(
        timedelta(minutes=10), "The least time between two nudges of the same rule.", maximum=timedelta(hours=24)
    )
    budget: int = option(
        4, "At most this many nudges in one partner time; 0 keeps moments and says nothing.", maximum=20
    )
    quiet_after: int = option(
        2, "After so many dismissed nudges it is quiet for the rest of the partner time; 0: never.", maximum=20
    )
    grace: timedelta = option(
        timedelta(minutes=5),
        "How long you have, when partner time begins, to put the device away.",
        maximum=timedelta(hours=1),
    )
    typing_wait: timedelta = option(
        timedelta(seconds=15),
        "A nudge waits at most this long for a pause in your typing.",
        maximum=timedelta(minutes=2),
    )
    busy_wait: timedelta = option(
        timedelta(seconds=60),
        "Under Do Not Disturb, full screen, a call or a locked screen it waits at most this long; then it is kept, unsaid.",
        maximum=timedelta(minutes=10),
    )
    on_call: bool = option(
        False,
        "Whether you are always on call: work and messages are kept, unsaid, and counted apart. For one partner time write #oncall into its title.",
    )
    for_both: tuple[str, ...] = option(
        (),
        "Categories that are always for both of you; `turntoward together add video` writes one here.",
        choices=CATEGORIES,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastNudge:
    """A nudge that was shown in this partner time."""

    rule: str
    at: datetime
    use: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened earlier in this partner time, and the device as it is at the instant of deciding.

    `answered_together`: categories that the person answered are for both, this time. `needed_until`: when the person no
    longer needs what the match is about. `on_call`: they are on call this time. `in_quiet_week`: all is decided and no
    nudge shown. `deferred_since`: when each reason first deferred the nudge. `busy`: why the device is busy. `last_keys`:
    the end of the last second with typing in it.
    """

    began: datetime
    past_nudges: Sequence[PastNudge] = ()
    dismissed: int = 0
    answered_together: frozenset[str] = frozenset()
    needed_until: datetime | None = None
    on_call: bool = False
    in_quiet_week: bool = False
    deferred_since: Mapping[Reason, datetime] = field(default_factory=dict)
    busy: Reason | None = None
    last_keys: datetime | None = None


def find_excuse(category: str | None, at: datetime, history: History, settings: PolicySettings) -> Reason | None:
    """Return why a use of the category is excused at `at`, by what the person said or set, or None."""
    # This time, then always; the first reason that applies is the one that is recorded.
    if category is not None and category in history.answered_together:
        return Reason.TOGETHER
    if category is not None and category in settings.for_both:
        return Reason.FOR_BOTH
    if history.needed_until is not None and at < history.needed_until:
        return Reason.NEEDED
    if (history.on_call or settings.on_call) and category in ON_CALL_CATEGORIES:
        return Reason.ON_CALL
    return None


@dataclass(frozen=True, slots=True)
class NoNudgeReason:
    """Why no nudge is shown just now, and until when; `until` None: for the rest of this partner time."""

    reason: Reason
    until: datetime | None = None


def find_no_nudge_reason(at: datetime, history: History, settings: PolicySettings) -> NoNudgeReason | None:
    """Return what keeps every nudge back at `at`, whatever is noticed; None: nothing does. In the order of `decide`."""
    if history.in_quiet_week:
        return NoNudgeReason(Reason.QUIET_WEEK)
    if history.dismissed >= settings.quiet_after > 0:
        return NoNudgeReason(Reason.DISMISSED)
    if len(history.past_nudges) >= settings.budget:
        return NoNudgeReason(Reason.BUDGET)
    over = max((nudge.at + settings.cool_down for nudge in history.past_nudges), default=at)
    return NoNudgeReason(Reason.COOL_DOWN, over) if over > at else None


def decide(match: Match, at: datetime, history: History, settings: PolicySettings) -> Decision:
    """Return what becomes of the match at `at`: the first reason that applies, in the order below.

    A `Defer` names the instant at which to decide again; anything that changes before then is a reason to decide earlier.
    """
    # Invariant 5.
    excused = find_excuse(match.category, at, history, settings)
    if excused is not None:
        return Suppressed(reason=excused)
    if not match.may_nudge:
        return Suppressed(reason=Reason.REPORT_ONLY)
    # The phone's dialer in front is a call, or somebody about to make one.
    if match.category == CALL:
        return Suppressed(reason=Reason.CALL)
    # After so many dismissals nudges stop for the rest of partner time; zero switches this off.
    if history.dismissed >= settings.quiet_after > 0:
        return Suppressed(reason=Reason.DISMISSED)
    # The same use is named once, however many rules hold in it.
    if match.use is not None and any(nudge.use == match.use for nudge in history.past_nudges):
        return Suppressed(reason=Reason.SAME_USE)
    if len(history.past_nudges) >= settings.budget:
        return Suppressed(reason=Reason.BUDGET)
    # The cool-down between nudges: first between any two, then between two of the same rule.
    if any(at - nudge.at < settings.cool_down for nudge in history.past_nudges):
        return Suppressed(reason=Reason.COOL_DOWN)
    if any(each.rule == match.rule and at - each.at < settings.rule_cool_down for each in history.past_nudges):
        return Suppressed(reason=Reason.RULE_COOL_DOWN)
    # Not suppressed: whoever has not put the device away by the end of the grace still hears of it.
    if match.after_grace and at < history.began + settings.grace:
        return Defer(until=history.began + settings.grace, reason=Reason.GRACE)
    # A rule that begins late in partner time waits in the same way.
    if match.not_before is not None and at < history.began + match.not_before:
        return Defer(until=history.began + match.not_before, reason=Reason.GRACE)
    if history.busy is Reason.FILM:
        # A film for two is not over within the minute.
        return Suppressed(reason=Reason.FILM)
    # Counted from when this reason first held the match back, so that the wait has an end.
    if history.busy is not None:
        until = history.deferred_since.get(history.busy, at) + settings.busy_wait
        return Defer(until=until, reason=history.busy) if at < until else Suppressed(reason=history.busy)
    # A pause in typing comes soon, and a nudge need not interrupt a sentence.
    if history.last_keys is not None and at < history.last_keys + TYPING_PAUSE:
        until = history.deferred_since.get(Reason.TYPING, at) + settings.typing_wait
        if at < until:
            return Defer(until=min(until, history.last_keys + TYPING_PAUSE), reason=Reason.TYPING)
    # Last, so that a quiet week shows which nudges there would have been.
    if history.in_quiet_week:
        return Suppressed(reason=Reason.QUIET_WEEK)
    # The reason for which it waited last.
    return Nudge(reason=max(history.deferred_since, key=lambda reason: history.deferred_since[reason], default=None))
