"""Decide whether a match is nudged, deferred or suppressed, and which outcome its nudge gets.

Invariant 1: every match becomes one moment, and every decision about it is recorded with its reason.
Invariant 2: an outcome is decided once, in this order: undelivered, the person's answer (together, needed), the measured
result (put away within 30 s, within 60 s), dismissed, else ignored. It is unknown where the device was not sensed, even
if that is only known later. Putting the device to sleep is putting it away.
Invariant 3: a device counts as left unless somebody returned to it, or continued on another device, within 60 s of the nudge.
Invariant 4: the question for how long something is needed is asked once.
Invariant 5: the end of that time is shown once, and only if the activity is still in use.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from detector.core.attention.attention import Attention
from detector.core.attention.busy import BusyState
from detector.core.attention.device_state import DeviceState
from detector.core.attention.uses import UseState
from detector.core.effects import AskHowLong, Effect, Moment, Notify, NotifyNeedOver, Outcome, Record, Withdraw
from detector.core.observations import Answered, NotShown, PartnerTimeBegan, Shown
from rules.engine import NEVER
from rules.features import DISTRACTING
from rules.model import Defer, Match, Nudge, Reason
from rules.policy import (
    NEEDED_LENGTHS,
    History,
    NoNudgeReason,
    PastNudge,
    PolicySettings,
    decide,
    find_excuse,
    find_no_nudge_reason,
)

LATE_PUT_AWAY: Final = timedelta(seconds=60)
"""A third of reminders end use within a minute (Wellspent RCT, 2026)."""
EARLY_PUT_AWAY: Final = timedelta(seconds=30)
"""The length of a glance."""
IDLE_NOTICE_DELAY: Final = timedelta(seconds=2)
"""Maximum delay with which a sensor notices idleness."""


@dataclass(slots=True)
class _DeferredMatch:
    """A match whose nudge is deferred: it is decided again at `deadline`. `deferred_since`: when each reason first applied."""

    number: int
    match: Match
    deadline: datetime
    deferred_since: dict[Reason, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class _PendingNudge:
    """A nudge without an outcome; at `deadline` its outcome is measured, unless an answer decides it earlier."""

    number: int
    device: str
    deadline: datetime


@dataclass(slots=True)
class _NeededUse:
    """An activity that the person needs until `deadline`; `is_end_due`: its end has not been shown yet."""

    moment: Moment
    deadline: datetime
    is_end_due: bool = True


class MomentTracker:
    """The moments of one occurrence. `in_quiet_week`: no nudge is shown."""

    def __init__(self, began: PartnerTimeBegan, policy: PolicySettings, attention: Attention, busy: BusyState) -> None:
        self.in_quiet_week = began.quiet
        self._began = began
        self._policy = policy
        self._attention = attention
        self._busy = busy
        # By number, in the order of their last records.
        self._moments: dict[int, Moment] = {}
        self._count = 0
        self._past_nudges: dict[int, PastNudge] = {}
        self._dismissed = 0
        self._answered_together: set[str] = set()
        self._awaiting_length: set[int] = set()
        self._needed: dict[tuple[str, str | None], _NeededUse] = {}
        self._deferred: list[_DeferredMatch] = []
        self._pending_nudges: dict[int, _PendingNudge] = {}

    @property
    def deadline(self) -> datetime:
        """The next instant at which a deferred match, a pending nudge or the end of a needed time is due."""
        # Read at every observation; mostly nothing is pending.
        if not (self._deferred or self._pending_nudges or self._needed):
            return NEVER
        needed = (use.deadline for use in self._needed.values() if use.is_end_due)
        deferred = (match.deadline for match in self._deferred)
        return min((*deferred, *(nudge.deadline for nudge in self._pending_nudges.values()), *needed), default=NEVER)

    def add(self, match: Match, observed_device: str | None) -> list[Effect]:
        """Make a moment of a match that has just begun to hold, and decide about it.

        `observed_device`: the device whose observation made it hold; None: it was a deadline.
        """
        self._count += 1
        self._moments[self._count] = Moment(
            number=self._count,
            occurrence=self._began.occurrence,
            rule=match.rule,
            device=match.device,
            use=match.use,
            category=match.category,
            name=match.name,
            began=match.at,
            decided_at=match.at,
            ended=None,
            decided="held",
            reason=None,
            evidence=match.evidence,
        )
        return self._decide(_DeferredMatch(self._count, match, match.at), match.at, observed_device)

    def on_deadline(self, at: datetime) -> list[Effect]:
        """Decide again about the deferred matches, and measure the outcomes of the nudges, that are due at `at`."""
        effects: list[Effect] = []
        for deferred in [deferred for deferred in self._deferred if deferred.deadline <= at]:
            self._deferred.remove(deferred)
            effects += self._decide(deferred, at)
        for nudge in [nudge for nudge in self._pending_nudges.values() if nudge.deadline <= at]:
            effects += self._conclude(nudge, None)
        for needed in [use for use in self._needed.values() if use.is_end_due and use.deadline <= at]:
            needed.is_end_due = False
            effects += self._end_needed(needed)
        return effects

    def after_observation(self, at: datetime, observed_device: str) -> list[Effect]:
        """Decide again about every deferred match, because something changed."""
        effects: list[Effect] = []
        # A copy, because deciding may defer a match again.
        for deferred in list(self._deferred):
            self._deferred.remove(deferred)
            effects += self._decide(deferred, at, observed_device)
        return effects

    def set_use_end(self, use_number: int, ended: datetime) -> list[Effect]:
        moments = [moment for moment in self._moments.values() if moment.use == use_number]
        return [self._record(replace(moment, ended=max(ended, moment.began))) for moment in moments]

    def on_shown(self, observation: Shown | NotShown) -> list[Effect]:
        nudge = self._pending_nudges.get(observation.nudge)
        if nudge is None:
            return []
        if isinstance(observation, NotShown):
            # Nobody saw it, so it counts neither for the budget nor for the cool-down.
            self._past_nudges.pop(nudge.number, None)
            return self._conclude(nudge, Outcome.UNDELIVERED)
        moment = self._moments[nudge.number]
        self._attention.record_nudge(observation.at, moment.category)
        return [self._record(replace(moment, shown_by=observation.by))]

    def on_answer(self, observation: Answered) -> list[Effect]:
        if observation.answer in NEEDED_LENGTHS:
            return self._begin_needed(observation)
        nudge = self._pending_nudges.get(observation.nudge)
        # After the notification expired, the person may still answer in a terminal while the nudge is pending.
        if nudge is None or self._moments[nudge.number].answer not in {None, "expired"}:
            return []
        moment = replace(self._moments[nudge.number], answer=observation.answer, answered_at=observation.at)
        effects: list[Effect] = [self._record(moment)]
        if observation.answer == "dismissed":
            # No outcome yet: the device may still be put away, and that outcome takes precedence.
            self._dismissed += 1
        elif observation.answer == "together":
            if moment.category is not None:
                self._answered_together.add(moment.category)
            effects += self._conclude(nudge, Outcome.TOGETHER)
        elif observation.answer == "needed":
            effects += self._conclude(nudge, Outcome.NEEDED)
            # An answer for how long is accepted once per nudge.
            self._awaiting_length.add(nudge.number)
            effects.append(AskHowLong(moment=self._moments[nudge.number]))
        return effects

    def close_unresolved(
        self, device: str | None, at: datetime, reason: Reason, *, put_to_sleep: str | None = None
    ) -> list[Effect]:
        """Suppress the deferred matches and conclude the nudges of the device (None: of all); nothing more will be known of it.

        `put_to_sleep`: a device that was certainly left.
        """
        effects: list[Effect] = []
        for (name, _category), needed in self._needed.items():
            needed.is_end_due = needed.is_end_due and device not in {None, name}
        for deferred in [deferred for deferred in self._deferred if device in {None, deferred.match.device}]:
            self._deferred.remove(deferred)
            effects.append(self._record_decision(deferred, "suppressed", reason, at))
        for nudge in [nudge for nudge in self._pending_nudges.values() if device in {None, nudge.device}]:
            effects.append(Withdraw(nudge=nudge.number))
            _, left = find_departure(self._attention.devices, self._moments[nudge.number].decided_at)
            is_over = (reason is Reason.ENDED or nudge.device == put_to_sleep) and left is not None
            effects += self._conclude(nudge, None if is_over else Outcome.UNKNOWN)
        return effects

    def mark_unknown_since(self, since: datetime) -> list[Effect]:
        """Change outcomes from "ignored" to "unknown" where they depend on a use that ended at an unknown instant since then."""
        doubtful = [
            moment
            for moment in self._moments.values()
            if moment.outcome is Outcome.IGNORED
            and since <= moment.decided_at + LATE_PUT_AWAY
            and find_departure(self._attention.devices, moment.decided_at) != (True, None)
        ]
        in_order = sorted(doubtful, key=lambda moment: moment.number)
        return [self._record(replace(moment, outcome=Outcome.UNKNOWN)) for moment in in_order]

    def is_excused(self, device: str, use: UseState, at: datetime) -> bool:
        """Return whether an answer or a setting of the person excuses the use on the device at `at`."""
        # "I need this" excuses this use permanently, and its category for the length that was chosen.
        if any(moment.use == use.number and moment.outcome is Outcome.NEEDED for moment in self._moments.values()):
            return True
        category = use.activity.category
        return find_excuse(category, at, self._history(device, category), self._policy) is not None

    def no_nudge_reason(self, at: datetime) -> NoNudgeReason | None:
        """Return why no nudge is shown at `at`, whichever rule holds; None: nudges are shown."""
        return find_no_nudge_reason(at, self._history("", None), self._policy)

    def _history(self, device: str, category: str | None) -> History:
        needed = self._needed.get((device, category))
        return History(
            began=self._began.at,
            past_nudges=tuple(self._past_nudges.values()),
            dismissed=self._dismissed,
            answered_together=frozenset(self._answered_together),
            needed_until=needed.deadline if needed else None,
            on_call=self._began.on_call,
            in_quiet_week=self.in_quiet_week,
        )

    def _decide(self, deferred: _DeferredMatch, at: datetime, observed_device: str | None = None) -> list[Effect]:
        match = deferred.match
        device = self._attention.device(match.device)
        # A nudge about something that was already left would only disturb.
        if device.open_use is None or device.open_use.number != match.use:
            return [self._record_decision(deferred, "suppressed", Reason.FILM if device.film else Reason.PASSED, at)]
        busy, last_keys = self._busy.reason_and_last_typing(device, observed_device)
        history = replace(
            self._history(match.device, match.category),
            deferred_since=deferred.deferred_since,
            busy=busy,
            last_keys=last_keys,
        )
        decision = decide(match, at, history, self._policy)
        if isinstance(decision, Defer):
            is_new = decision.reason not in deferred.deferred_since
            deferred.deferred_since.setdefault(decision.reason, at)
            deferred.deadline = decision.until
            self._deferred.append(deferred)
            return [self._record_decision(deferred, "held", decision.reason, at)] if is_new else []
        if not isinstance(decision, Nudge):
            return [self._record_decision(deferred, "suppressed", decision.reason, at)]
        # Only nudges that the person saw are counted: the count is shown to them, and they must be able to check it.
        seen = sum(self._moments[number].category == match.category for number in self._past_nudges)
        self._moments[deferred.number] = replace(self._moments[deferred.number], repeat=seen + 1)
        self._past_nudges[deferred.number] = PastNudge(rule=match.rule, at=at, use=match.use)
        record = self._record_decision(deferred, "nudged", decision.reason, at)
        # That the device was left within 60 s is known only once idleness is noticed, `idle_after` later.
        deadline = at + LATE_PUT_AWAY + self._attention.settings.idle_after + IDLE_NOTICE_DELAY
        self._pending_nudges[deferred.number] = _PendingNudge(deferred.number, match.device, deadline)
        return [record, Notify(moment=self._moments[deferred.number])]

    def _record_decision(
        self,
        deferred: _DeferredMatch,
        decided: Literal["nudged", "held", "suppressed"],
        reason: Reason | None,
        at: datetime,
    ) -> Record:
        # The moment of a deferred match whose use has ended is recorded without that end.
        moment = replace(self._moments[deferred.number], decided=decided, reason=reason, decided_at=at, ended=None)
        return self._record(moment)

    def _begin_needed(self, observation: Answered) -> list[Effect]:
        if observation.nudge not in self._awaiting_length:
            return []
        self._awaiting_length.remove(observation.nudge)
        moment = replace(self._moments[observation.nudge], answer=observation.answer, answered_at=observation.at)
        deadline = observation.at + NEEDED_LENGTHS[observation.answer]
        self._needed[moment.device, moment.category] = _NeededUse(moment, deadline)
        return [self._record(moment)]

    def _end_needed(self, needed: _NeededUse) -> list[Effect]:
        device = self._attention.device(needed.moment.device)
        # It is not shown once the device was put away, and it is not important enough to disturb somebody who is busy.
        is_used = device.open_use is not None and device.open_use.activity.category == needed.moment.category
        if not is_used or self._busy.reason_and_last_typing(device)[0] is not None:
            return []
        return [NotifyNeedOver(moment=needed.moment, at=needed.deadline)]

    def _conclude(self, nudge: _PendingNudge, outcome: Outcome | None) -> list[Effect]:
        del self._pending_nudges[nudge.number]
        moment = self._moments[nudge.number]
        if outcome is None:
            is_known, left = find_departure(self._attention.devices, moment.decided_at)
            if not is_known:
                outcome = Outcome.UNKNOWN
            elif left is not None:
                early = left - moment.decided_at <= EARLY_PUT_AWAY
                outcome = Outcome.PUT_AWAY_30 if early else Outcome.PUT_AWAY_60
            else:
                outcome = Outcome.DISMISSED if moment.answer == "dismissed" else Outcome.IGNORED
        return [self._record(replace(moment, outcome=outcome))]

    def _record(self, moment: Moment) -> Record:
        # Removed first, so that it becomes the last: records of one use come in the order of their changes.
        self._moments.pop(moment.number, None)
        self._moments[moment.number] = moment
        return Record(occurrence=moment.occurrence, item=moment)


def find_departure(devices: Sequence[DeviceState], nudged_at: datetime) -> tuple[bool, datetime | None]:
    """Return whether it is known if the devices were left within 60 s of `nudged_at`, and when; None: not left.

    Changing to something that is not distracting counts as leaving, such as a map for both. Continuing on another device
    does not: a hop from the phone to the laptop belongs to the same distraction.
    """
    deadline, left_at, is_known = nudged_at + LATE_PUT_AWAY, nudged_at, True
    for use in (use for device in devices for use in (*device.uses, device.open_use)):
        if use is None or use.activity.category not in DISTRACTING or use.began > deadline:
            continue
        # One use that lasts beyond 60 s after the nudge decides it, regardless of the others.
        if use.ended is None or use.ended > deadline:
            return True, None
        is_known = is_known and (use.latest_end is None or use.latest_end <= deadline)
        left_at = max(left_at, use.ended)
    return is_known, left_at if is_known else None
