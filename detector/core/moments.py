"""What becomes of a match: nudged, held or suppressed; then what came of the nudge.

Invariant 1: every match becomes one moment, and every decision about it is recorded with its reason.
Invariant 2: an outcome is decided once: undelivered, then what the person answered (together, needed), then what was
measured (put away within 30 s, within 60 s), then dismissed, else ignored; unknown where the device was not sensed, even
if that comes out later. Putting the device to sleep is putting it away.
Invariant 3: the device counts as left at the last instant at which it was left for good within 60 s of the nudge, and not for
another device.
Invariant 4: for how long something is needed is asked once, and that its time is over is shown once, and only to a person who
still uses it.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from detector.core.attention.attention import Attention
from detector.core.attention.busy import BusyState
from detector.core.attention.departure import LATE_PUT_AWAY, left_at
from detector.core.attention.uses import UseState
from detector.core.effects import AskHowLong, Effect, Moment, Notify, NotifyNeedOver, Outcome, Record, Withdraw
from detector.core.observations import Answered, NotShown, PartnerTimeBegan, Shown
from rules.engine import NEVER
from rules.model import Hold, Match, Nudge, Reason
from rules.policy import NEEDED_LENGTHS, History, PastNudge, PolicySettings, decide, find_excuse

EARLY_PUT_AWAY: Final = timedelta(seconds=30)
"""As long as a glance; the outcome says whether the device was put away within this, or within `LATE_PUT_AWAY`."""
IDLE_NOTICE_DELAY: Final = timedelta(seconds=2)
"""How late a sensor may be in noticing idleness."""


@dataclass(slots=True)
class _HeldMatch:
    """A match whose nudge waits. `until`: when to decide again; `since`: when each reason first held it back."""

    number: int
    match: Match
    until: datetime
    since: dict[Reason, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class _OpenNudge:
    """A nudge without an outcome. `until`: when it gets one, unless something decides it earlier."""

    number: int
    device: str
    until: datetime


@dataclass(slots=True)
class _Need:
    """What the person needs until then. `moment`: as it was when they said so; `is_due`: its end is yet to be shown."""

    moment: Moment
    until: datetime
    is_due: bool = True


class Moments:
    """The moments of one occurrence. `quiet`: it belongs to a quiet week, and no nudge is shown."""

    def __init__(self, began: PartnerTimeBegan, policy: PolicySettings, attention: Attention, busy: BusyState) -> None:
        self.quiet = began.quiet
        self._began = began
        self._policy = policy
        self._attention = attention
        self._busy = busy
        # By number; the one that was recorded last stands last.
        self._moments: dict[int, Moment] = {}
        self._count = 0
        self._repeats: Counter[str] = Counter()
        self._past_nudges: dict[int, PastNudge] = {}
        self._dismissed = 0
        self._for_both: set[str] = set()
        self._awaiting_length: set[int] = set()
        self._needs: dict[tuple[str, str | None], _Need] = {}
        self._held: list[_HeldMatch] = []
        self._open: dict[int, _OpenNudge] = {}

    @property
    def deadline(self) -> datetime:
        """The next instant at which time alone decides something."""
        if not (self._held or self._open or self._needs):
            return NEVER
        needs = (need.until for need in self._needs.values() if need.is_due)
        held = (held.until for held in self._held)
        return min((*held, *(nudge.until for nudge in self._open.values()), *needs), default=NEVER)

    def add(self, match: Match) -> list[Effect]:
        """Make a moment of a match that has just begun to hold, and decide about it."""
        self._count += 1
        # What holds again within a use that was named already does not count as another time.
        if match.use is None or all(nudge.use != match.use for nudge in self._past_nudges.values()):
            self._repeats[match.rule] += 1
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
            repeat=max(1, self._repeats[match.rule]),
        )
        return self._decide(_HeldMatch(self._count, match, match.at), match.at)

    def on_deadline(self, at: datetime) -> list[Effect]:
        """Decide again about held matches, and give outcomes to open nudges, as far as they are due at `at`."""
        effects: list[Effect] = []
        for held in [held for held in self._held if held.until <= at]:
            self._held.remove(held)
            effects += self._decide(held, at)
        for nudge in [nudge for nudge in self._open.values() if nudge.until <= at]:
            effects += self._conclude(nudge, None)
        for need in [need for need in self._needs.values() if need.is_due and need.until <= at]:
            need.is_due = False
            effects += self._end_need(need)
        return effects

    def after_observation(self, at: datetime) -> list[Effect]:
        """Decide again about every held match: something changed. One whose use is over has passed."""
        effects: list[Effect] = []
        # A copy, for deciding may hold a match again.
        for held in list(self._held):
            self._held.remove(held)
            effects += self._decide(held, at)
        return effects

    def set_use_end(self, use: int, ended: datetime) -> list[Effect]:
        """Write the end of a use into its moments."""
        found = [moment for moment in self._moments.values() if moment.use == use]
        return [self._record(replace(moment, ended=max(ended, moment.began))) for moment in found]

    def on_shown(self, observation: Shown | NotShown) -> list[Effect]:
        """Write down which notifier showed the nudge, or that none did."""
        nudge = self._open.get(observation.nudge)
        if nudge is None:
            return []
        if isinstance(observation, NotShown):
            # What nobody saw takes nothing off the budget, and other nudges need not keep their distance from it.
            self._past_nudges.pop(nudge.number, None)
            return self._conclude(nudge, Outcome.UNDELIVERED)
        moment = self._moments[nudge.number]
        self._attention.nudged(observation.at, moment.category)
        return [self._record(replace(moment, shown_by=observation.by))]

    def on_answer(self, observation: Answered) -> list[Effect]:
        """Write down an answer; what it means for the rest of partner time follows from it."""
        if observation.answer in NEEDED_LENGTHS:
            return self._begin_need(observation)
        nudge = self._open.get(observation.nudge)
        if nudge is None or self._moments[nudge.number].answer is not None:
            return []
        moment = replace(self._moments[nudge.number], answer=observation.answer, answered_at=observation.at)
        effects: list[Effect] = [self._record(moment)]
        if observation.answer == "dismissed":
            # No outcome yet: the device may still be put away, and that counts more.
            self._dismissed += 1
        elif observation.answer == "together":
            if moment.category is not None:
                self._for_both.add(moment.category)
            effects += self._conclude(nudge, Outcome.TOGETHER)
        elif observation.answer == "needed":
            effects += self._conclude(nudge, Outcome.NEEDED)
            # Asked once: the answer is accepted for nudges in this set, and takes them out of it.
            self._awaiting_length.add(nudge.number)
            effects.append(AskHowLong(moment=self._moments[nudge.number]))
        return effects

    def close_open(
        self, device: str | None, at: datetime, reason: Reason, *, put_to_sleep: str | None = None
    ) -> list[Effect]:
        """Close the held matches and open nudges of the device (None: of all): nothing more will be known of it.

        Of a device that was put to sleep it is known that it was left.
        """
        effects: list[Effect] = []
        for need in [need for (name, _), need in self._needs.items() if device in {None, name}]:
            need.is_due = False
        for held in [held for held in self._held if device in {None, held.match.device}]:
            self._held.remove(held)
            effects.append(self._settle(held, "suppressed", reason, at))
        for nudge in [nudge for nudge in self._open.values() if device in {None, nudge.device}]:
            effects.append(Withdraw(nudge=nudge.number))
            _, left = left_at(self._attention.devices, self._moments[nudge.number].decided_at)
            is_over = (reason is Reason.ENDED or nudge.device == put_to_sleep) and left is not None
            effects += self._conclude(nudge, None if is_over else Outcome.UNKNOWN)
        return effects

    def mark_unknown_since(self, since: datetime) -> list[Effect]:
        """Turn "ignored" into "unknown" where it rests only on a use of which the end since then is not known."""
        doubtful = [
            moment
            for moment in self._moments.values()
            if moment.outcome is Outcome.IGNORED
            and since <= moment.decided_at + LATE_PUT_AWAY
            and left_at(self._attention.devices, moment.decided_at) != (True, None)
        ]
        in_order = sorted(doubtful, key=lambda moment: moment.number)
        return [self._record(replace(moment, outcome=Outcome.UNKNOWN)) for moment in in_order]

    def is_excused(self, device: str, use: UseState, at: datetime) -> bool:
        """Return whether something that the person said or set excuses the use on the device at `at`."""
        # "I need this" excuses the very use for good, and the category only for the length that was chosen.
        if any(moment.use == use.number and moment.outcome is Outcome.NEEDED for moment in self._moments.values()):
            return True
        category = use.activity.category
        return find_excuse(category, at, self._history(device, category), self._policy) is not None

    def _history(self, device: str, category: str | None) -> History:
        need = self._needs.get((device, category))
        return History(
            began=self._began.at,
            past_nudges=tuple(self._past_nudges.values()),
            dismissed=self._dismissed,
            for_both=frozenset(self._for_both),
            needed_until=need.until if need else None,
            on_call=self._began.on_call,
            quiet=self.quiet,
        )

    def _decide(self, held: _HeldMatch, at: datetime) -> list[Effect]:
        match = held.match
        device = self._attention.device(match.device)
        # A nudge about something that was left already would only disturb.
        if device.open_use is None or device.open_use.number != match.use:
            return [self._settle(held, "suppressed", Reason.FILM if device.film else Reason.PASSED, at)]
        busy, last_keys = self._busy.reason(device)
        history = replace(
            self._history(match.device, match.category), held_since=held.since, busy=busy, last_keys=last_keys
        )
        decision = decide(match, at, history, self._policy)
        if isinstance(decision, Hold):
            is_new = decision.reason not in held.since
            held.since.setdefault(decision.reason, at)
            held.until = decision.until
            self._held.append(held)
            return [self._settle(held, "held", decision.reason, at)] if is_new else []
        if not isinstance(decision, Nudge):
            return [self._settle(held, "suppressed", decision.reason, at)]
        self._past_nudges[held.number] = PastNudge(rule=match.rule, at=at, use=match.use)
        record = self._settle(held, "nudged", decision.reason, at)
        # Leaving within 60 s shows as idleness only `idle_after` later; before that nothing can be said of the outcome.
        until = at + LATE_PUT_AWAY + self._attention.settings.idle_after + IDLE_NOTICE_DELAY
        self._open[held.number] = _OpenNudge(held.number, match.device, until)
        return [record, Notify(moment=self._moments[held.number])]

    def _settle(
        self, held: _HeldMatch, decided: Literal["nudged", "held", "suppressed"], reason: Reason | None, at: datetime
    ) -> Record:
        # A held match whose use ended has passed, and its moment is recorded without that end.
        moment = replace(self._moments[held.number], decided=decided, reason=reason, decided_at=at, ended=None)
        return self._record(moment)

    def _begin_need(self, observation: Answered) -> list[Effect]:
        """Write down for how long it is needed; until then it is excused."""
        if observation.nudge not in self._awaiting_length:
            return []
        self._awaiting_length.remove(observation.nudge)
        moment = replace(self._moments[observation.nudge], answer=observation.answer, answered_at=observation.at)
        until = observation.at + NEEDED_LENGTHS[observation.answer]
        self._needs[moment.device, moment.category] = _Need(moment, until)
        return [self._record(moment)]

    def _end_need(self, need: _Need) -> list[Effect]:
        device = self._attention.device(need.moment.device)
        # A person who has put it away need not hear of it, and one who is busy is left alone: it is no nudge.
        is_used = device.open_use is not None and device.open_use.activity.category == need.moment.category
        if not is_used or self._busy.reason(device)[0] is not None:
            return []
        return [NotifyNeedOver(moment=need.moment, at=need.until)]

    def _conclude(self, nudge: _OpenNudge, outcome: Outcome | None) -> list[Effect]:
        """Give the nudge its outcome; None: the one that was measured."""
        del self._open[nudge.number]
        moment = self._moments[nudge.number]
        if outcome is None:
            is_known, left = left_at(self._attention.devices, moment.decided_at)
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
        return Record(occurrence=moment.occurrence, what=moment)
