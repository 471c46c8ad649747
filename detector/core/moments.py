"""What becomes of a match: held, said or suppressed; then what came of what was said.

Rule 1: every match becomes one moment, and every decision about it is kept with its reason.
Rule 2: an outcome is decided once: undelivered, then what the person answered (together, needed), then what was
measured (put away within 30 s, within 60 s), then dismissed, else ignored; unknown where the device was not sensed, even
if that comes out later. Putting the device to sleep is putting it away.
Rule 3: the device counts as left at the last instant at which it was left for good within 60 s of the nudge, and not for
another device.
Rule 4: what is needed is asked for how long once, and that its time is over is said once, and only to who is still there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from detector.core.attention.attention import Attention
from detector.core.attention.departure import LATE_PUT_AWAY, left_at
from detector.core.attention.device_state import DeviceState
from detector.core.attention.uses import UseState
from detector.core.effects import AskHowLong, Effect, Moment, Notify, NotifyNeedOver, Outcome, Record, Withdraw
from detector.core.observations import Answered, NotShown, Shown
from rules.engine import NEVER
from rules.model import Hold, Match, Nudge, Reason
from rules.policy import NEEDED_LENGTHS, History, PastNudge, PolicySettings, decide, find_excuse

EARLY_PUT_AWAY: Final = timedelta(seconds=30)
"""As long as a look; this and the late one are shown."""
IDLE_NOTICE_DELAY: Final = timedelta(seconds=2)
"""How late a sensor may be in noticing idleness."""


@dataclass(slots=True)
class _Held:
    match: Match
    moment: Moment
    until: datetime
    since: dict[Reason, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class _Said:
    moment: Moment
    device: str
    until: datetime


@dataclass(slots=True)
class _Needed:
    """What is needed until then; `waits`: that it is over is yet to be said."""

    moment: Moment
    until: datetime
    waits: bool = True


class Moments:
    """The moments of one occurrence. `on_call`: whether the person is on call during it; `quiet`: nothing is said."""

    def __init__(
        self,
        *,
        occurrence: str,
        began: datetime,
        policy: PolicySettings,
        attention: Attention,
        idle_after: timedelta,
        busy: Callable[[DeviceState], tuple[Reason | None, datetime | None]],
        on_call: bool = False,
        quiet: bool = False,
    ) -> None:
        self._occurrence = occurrence
        self._began = began
        self._policy = policy
        self._attention = attention
        self._idle_after = idle_after
        self._busy = busy
        self._on_call = on_call
        self.quiet = quiet
        self._numbered = 0
        self._repeats: Counter[str] = Counter()
        self._history: dict[int, PastNudge] = {}
        self._dismissed = 0
        self._for_both: set[str] = set()
        self._asked: dict[int, Moment] = {}
        self._needed: dict[tuple[str, str | None], _Needed] = {}
        self._waiting: list[_Held] = []
        self._followed: list[_Said] = []
        self._by_use: dict[int, list[Moment]] = {}

    @property
    def deadline(self) -> datetime:
        """The next instant at which time alone decides something."""
        if not (self._waiting or self._followed or self._needed):
            return NEVER
        over = (needed.until for needed in self._needed.values() if needed.waits)
        waited = (held.until for held in self._waiting)
        return min((*waited, *(said.until for said in self._followed), *over), default=NEVER)

    def notice(self, match: Match) -> list[Effect]:
        """Decide about a match that has just begun to hold."""
        self._numbered += 1
        if match.use is None or all(said.use != match.use for said in self._history.values()):
            self._repeats[match.rule] += 1
        moment = Moment(
            number=self._numbered,
            occurrence=self._occurrence,
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
        return self._decide(_Held(match, moment, match.at), match.at)

    def on_deadline(self, at: datetime) -> list[Effect]:
        """Decide again about what waits, and about what came of nudges, as far as `at` says so."""
        effects: list[Effect] = []
        for held in [held for held in self._waiting if held.until <= at]:
            self._waiting.remove(held)
            effects += self._decide(held, at)
        for said in [said for said in self._followed if said.until <= at]:
            effects += self._conclude(said, None)
        for needed in [needed for needed in self._needed.values() if needed.waits and needed.until <= at]:
            needed.waits = False
            effects += self._say_over(needed)
        return effects

    def after_observation(self, at: datetime) -> list[Effect]:
        """Decide again about what waits: something changed. A held match whose use is over has passed."""
        effects: list[Effect] = []
        for held in list(self._waiting):
            self._waiting.remove(held)
            effects += self._decide(held, at)
        return effects

    def use_ended(self, number: int, ended: datetime) -> list[Effect]:
        """Write the end of a use into its moments."""
        return [self._keep(replace(moment, ended=max(ended, moment.began))) for moment in self._by_use.get(number, ())]

    def shown(self, seen: Shown | NotShown) -> list[Effect]:
        """Write down which notifier spoke, or that none did."""
        said = self._find(seen.nudge)
        if said is None:
            return []
        if isinstance(seen, NotShown):
            # What nobody saw was not said: it takes nothing off the budget and asks for no distance.
            self._history.pop(seen.nudge, None)
            return self._conclude(said, Outcome.UNDELIVERED)
        self._attention.nudged(seen.at, said.moment.category)
        return [self._keep(replace(said.moment, shown_by=seen.by))]

    def answered(self, seen: Answered) -> list[Effect]:
        """Write down an answer; what it means for the rest of partner time follows from it."""
        if seen.answer in NEEDED_LENGTHS:
            return self._needed_for(seen)
        said = self._find(seen.nudge)
        if said is None or said.moment.answer is not None:
            return []
        effects: list[Effect] = [self._keep(replace(said.moment, answer=seen.answer, answered_at=seen.at))]
        if seen.answer == "dismissed":
            self._dismissed += 1
        elif seen.answer == "together":
            if said.moment.category is not None:
                self._for_both.add(said.moment.category)
            effects += self._conclude(said, Outcome.TOGETHER)
        elif seen.answer == "needed":
            effects += self._conclude(said, Outcome.NEEDED)
            self._asked[seen.nudge] = moment = replace(said.moment, outcome=Outcome.NEEDED)
            effects.append(AskHowLong(moment=moment))
        return effects

    def lose(
        self, device: str | None, at: datetime, reason: Reason, *, put_to_sleep: str | None = None
    ) -> list[Effect]:
        """Close what waits and what is followed on the device (None: on all): nothing more will be known of it.

        Of the device that was put to sleep it is known that it was left.
        """
        effects: list[Effect] = []
        for needed in [needed for (name, _), needed in self._needed.items() if device in {None, name}]:
            needed.waits = False
        for held in [held for held in self._waiting if device in {None, held.match.device}]:
            self._waiting.remove(held)
            effects.append(self._settled(held, "suppressed", reason, at))
        for said in [said for said in self._followed if device in {None, said.device}]:
            effects.append(Withdraw(nudge=said.moment.number))
            left = left_at(self._attention.devices, said.moment.decided_at)[1]
            is_over = (reason is Reason.ENDED or said.device == put_to_sleep) and left is not None
            effects += self._conclude(said, None if is_over else Outcome.UNKNOWN)
        return effects

    def doubt(self, since: datetime) -> list[Effect]:
        """Take back that a nudge was ignored, where nothing says so but a use of which the end since then is unknown."""
        doubtful = [
            moment
            for moments in self._by_use.values()
            for moment in moments
            if moment.outcome is Outcome.IGNORED
            and since <= moment.decided_at + LATE_PUT_AWAY
            and left_at(self._attention.devices, moment.decided_at) != (True, None)
        ]
        return [self._keep(replace(moment, outcome=Outcome.UNKNOWN)) for moment in doubtful]

    def excuses(self, device: str, use: UseState, at: datetime) -> bool:
        """Return whether something that the person said or set makes the use on the device no turning away at `at`."""
        if any(moment.outcome is Outcome.NEEDED for moment in self._by_use.get(use.number, ())):
            return True
        needed = self._needed.get((device, use.activity.category))
        history = History(
            began=self._began,
            for_both=frozenset(self._for_both),
            needed_until=needed.until if needed else None,
            on_call=self._on_call,
        )
        return find_excuse(use.activity.category, at, history, self._policy) is not None

    def _decide(self, held: _Held, at: datetime) -> list[Effect]:
        match = held.match
        device = self._attention.device(match.device)
        use_now = device.open
        if use_now is None or use_now.number != match.use:
            return [self._settled(held, "suppressed", Reason.FILM if device.film else Reason.PASSED, at)]
        busy, last_keys = self._busy(device)
        needed = self._needed.get((match.device, match.category))
        history = History(
            began=self._began,
            past_nudges=tuple(self._history.values()),
            dismissed=self._dismissed,
            for_both=frozenset(self._for_both),
            needed_until=needed.until if needed else None,
            on_call=self._on_call,
            quiet=self.quiet,
            held_since=held.since,
            busy=busy,
            last_keys=last_keys,
        )
        decision = decide(match, at, history, self._policy)
        if isinstance(decision, Hold):
            is_news = decision.reason not in held.since
            held.since.setdefault(decision.reason, at)
            held.until = decision.until
            self._waiting.append(held)
            return [self._settled(held, "held", decision.reason, at)] if is_news else []
        if not isinstance(decision, Nudge):
            return [self._settled(held, "suppressed", decision.reason, at)]
        self._history[held.moment.number] = PastNudge(rule=match.rule, at=at, use=match.use)
        effect = self._settled(held, "nudged", decision.reason, at)
        self._followed.append(
            _Said(held.moment, match.device, at + LATE_PUT_AWAY + self._idle_after + IDLE_NOTICE_DELAY)
        )
        return [effect, Notify(moment=held.moment)]

    def _needed_for(self, seen: Answered) -> list[Effect]:
        """Write down for how long it is needed, and be silent about it for so long."""
        moment = self._asked.pop(seen.nudge, None)
        if moment is None:
            return []
        until = seen.at + NEEDED_LENGTHS[seen.answer]
        # Its use may have ended since it was asked.
        kept = self._by_use.get(moment.use, ()) if moment.use is not None else ()
        latest = next((each for each in kept if each.number == moment.number), moment)
        answered = replace(latest, answer=seen.answer, answered_at=seen.at)
        self._needed[moment.device, moment.category] = _Needed(answered, until)
        return [self._keep(answered)]

    def _say_over(self, needed: _Needed) -> list[Effect]:
        moment = needed.moment
        device = self._attention.device(moment.device)
        use = device.open
        # To who has put it away there is nothing to say, and who is busy is left alone: it is no nudge.
        if use is None or use.activity.category != moment.category or self._busy(device)[0] is not None:
            return []
        return [NotifyNeedOver(moment=moment, at=needed.until)]

    def _settled(
        self, held: _Held, decided: Literal["nudged", "held", "suppressed"], reason: Reason | None, at: datetime
    ) -> Record:
        held.moment = replace(held.moment, decided=decided, reason=reason, decided_at=at)
        if held.moment.use is not None:
            self._by_use.setdefault(held.moment.use, []).append(held.moment)
        return self._keep(held.moment)

    def _conclude(self, said: _Said, outcome: Outcome | None) -> list[Effect]:
        self._followed.remove(said)
        moment = said.moment
        if outcome is None:
            is_known, left = left_at(self._attention.devices, moment.decided_at)
            if not is_known:
                outcome = Outcome.UNKNOWN
            elif left is not None:
                outcome = Outcome.PUT_AWAY_30 if left - moment.decided_at <= EARLY_PUT_AWAY else Outcome.PUT_AWAY_60
            else:
                outcome = Outcome.DISMISSED if moment.answer == "dismissed" else Outcome.IGNORED
        return [self._keep(replace(moment, outcome=outcome))]

    def _find(self, nudge: int) -> _Said | None:
        return next((said for said in self._followed if said.moment.number == nudge), None)

    def _keep(self, moment: Moment) -> Record:
        for said in self._followed:
            if said.moment.number == moment.number:
                said.moment = moment
        if moment.use is not None and moment.use in self._by_use:
            kept = [other for other in self._by_use[moment.use] if other.number != moment.number]
            self._by_use[moment.use] = [*kept, moment]
        return Record(occurrence=self._occurrence, what=moment)
