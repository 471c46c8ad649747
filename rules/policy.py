"""Decide whether a match becomes a nudge, is deferred or is suppressed, and for which reason.

Invariant 1: a use gets at most one nudge.
Invariant 2: nudges respect the cool-down and the budget, whichever rules hold.
Invariant 3: the grace at the start delays only rules that ask for it.
Invariant 4: there is no nudge during a call, whether a call is sensed or a calling app is in front.
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
"""The categories that are excused for a person who is on call."""
NEEDED_LENGTHS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {f"needed_{minutes}": timedelta(minutes=minutes) for minutes in (1, 5, 15)}
)
"""How long the activity is needed, by the answer."""
TYPING_PAUSE: Final = timedelta(seconds=2)
"""Duration without key presses that is a pause in typing: counts come once a second, and one may be late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """How often nudges may come, and when there are none; docs/evidence.md gives the sources of the defaults."""

    cool_down: timedelta = option(
        timedelta(minutes=5), "Minimum time between two nudges, whatever the rule.", maximum=timedelta(hours=24)
    )
    rule_cool_down: timedelta = option(
        timedelta(minutes=10), "Minimum time between two nudges of the same rule.", maximum=timedelta(hours=24)
    )
    budget: int = option(
        4, "Maximum number of nudges in one partner time; 0: moments are recorded, no nudges.", maximum=20
    )
    quiet_after: int = option(
        2, "Number of dismissed nudges after which there are no more in this partner time; 0: no limit.", maximum=20
    )
    grace: timedelta = option(
        timedelta(minutes=5),
        "Time at the beginning of partner time to put the device away.",
        maximum=timedelta(hours=1),
    )
    typing_wait: timedelta = option(
        timedelta(seconds=15),
        "Maximum time that a nudge waits for a pause in your typing.",
        maximum=timedelta(minutes=2),
    )
    busy_wait: timedelta = option(
        timedelta(seconds=60),
        "Maximum time that a nudge waits under Do Not Disturb, full screen, a call or a locked screen; then it is recorded without a nudge.",
        maximum=timedelta(minutes=10),
    )
    on_call: bool = option(
        False,
        "Whether you are always on call: work and messages are recorded without a nudge, and counted separately. For one partner time write #oncall into its title.",
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
    """What happened earlier in this partner time, and the state of the device at the instant of the decision.

    `answered_together`: categories that the person answered are for both this time. `needed_until`: until when the person
    needs the activity. `on_call`: the person is on call this time. `in_quiet_week`: no nudge is shown.
    `deferred_since`: when each reason first deferred the nudge. `busy`: what the device is busy with. `last_keys`: the end
    of the last second with typing in it.
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
    """Return why an answer or a setting of the person excuses a use of the category at `at`, or None."""
    # The first reason that applies is recorded: an answer for this time before the setting.
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
    """Why no nudge is shown now, and until when; `until` None: for the rest of this partner time."""

    reason: Reason
    until: datetime | None = None


def find_no_nudge_reason(at: datetime, history: History, settings: PolicySettings) -> NoNudgeReason | None:
    """Return why no match would become a nudge at `at`; None: one may.

    The order is that of `decide`, except that the quiet week comes first: it is what the person should know. `decide` puts
    it last, so that each moment is recorded with the reason that it would have had otherwise.
    """
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

    A `Defer` names the instant at which to decide again; any change before then is a reason to decide earlier.
    """
    # Invariant 5.
    excused = find_excuse(match.category, at, history, settings)
    if excused is not None:
        return Suppressed(reason=excused)
    if not match.may_nudge:
        return Suppressed(reason=Reason.REPORT_ONLY)
    # The phone's dialer is in front: a call, or the beginning of one.
    if match.category == CALL:
        return Suppressed(reason=Reason.CALL)
    if history.dismissed >= settings.quiet_after > 0:
        return Suppressed(reason=Reason.DISMISSED)
    # Invariant 1.
    if match.use is not None and any(nudge.use == match.use for nudge in history.past_nudges):
        return Suppressed(reason=Reason.SAME_USE)
    if len(history.past_nudges) >= settings.budget:
        return Suppressed(reason=Reason.BUDGET)
    # The cool-down between nudges: first between any two, then between two of the same rule.
    if any(at - nudge.at < settings.cool_down for nudge in history.past_nudges):
        return Suppressed(reason=Reason.COOL_DOWN)
    if any(nudge.rule == match.rule and at - nudge.at < settings.rule_cool_down for nudge in history.past_nudges):
        return Suppressed(reason=Reason.RULE_COOL_DOWN)
    # Not suppressed: if the device is still in use at the end of the grace, the nudge is only delayed.
    if match.after_grace and at < history.began + settings.grace:
        return Defer(until=history.began + settings.grace, reason=Reason.GRACE)
    # A rule that begins late in partner time waits in the same way.
    if match.not_before is not None and at < history.began + match.not_before:
        return Defer(until=history.began + match.not_before, reason=Reason.GRACE)
    if history.busy is Reason.FILM:
        # A film lasts longer than a nudge may wait.
        return Suppressed(reason=Reason.FILM)
    # Counted from when this reason first deferred the match, so that the wait ends.
    if history.busy is not None:
        until = history.deferred_since.get(history.busy, at) + settings.busy_wait
        return Defer(until=until, reason=history.busy) if at < until else Suppressed(reason=history.busy)
    # A nudge does not interrupt typing.
    if history.last_keys is not None and at < history.last_keys + TYPING_PAUSE:
        until = history.deferred_since.get(Reason.TYPING, at) + settings.typing_wait
        if at < until:
            return Defer(until=min(until, history.last_keys + TYPING_PAUSE), reason=Reason.TYPING)
    # Last, so that a quiet week shows which nudges there would have been.
    if history.in_quiet_week:
        return Suppressed(reason=Reason.QUIET_WEEK)
    # The reason that deferred it last.
    return Nudge(reason=max(history.deferred_since, key=lambda reason: history.deferred_since[reason], default=None))
