"""Order the observations of sensors and notifications before the session feeds them to the core, and drop titles.

Invariant 1: a title is classified and dropped in `put`; no later code gets one. The same holds for the name of an app on a
phone, whatever the settings are: the phone may be somebody else's.
Invariant 2: the instants of what `take` returns never decrease, and none lies in the future.
Invariant 3: repetitions are left out: the same activity twice in a row on one device counts once.
Invariant 4: the queue is bounded; observations that do not fit are recorded as one `Gap`.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

import detector.core.observations as obs
from detector.clock import Clock
from detector.sensors.model import AppFocused, SensorEvent, Toplevel, ToplevelFocused
from rules.features import UNNAMED

# Maximum of observations that wait: a minute of the busiest input that a person makes.
MAX_WAITING: Final = 2000

# One or two for each nudge, and not repeated: they are added although the queue is full.
_NEVER_DROPPED: Final = (obs.Shown, obs.NotShown, obs.Answered)
# After these the core no longer knows what is in front, so the same activity is no repetition.
_FORGETS_FRONT: Final = (
    obs.Gap,
    obs.SensorStarted,
    obs.PartnerTimeBegan,
    obs.Resumed,
    obs.Unlocked,
    obs.PickedUp,
    obs.LaidDown,
    obs.PutAway,
)


class Inbox:
    """A bounded queue of observations, in order. Belongs to the thread of the event loop.

    `classify` turns a toplevel into an activity, `classify_app` an app on a phone. Unless `keep_names`, the catalogue's name
    of the activity is dropped; of a phone's app it always is. `arrived` is set when something came in.
    """

    def __init__(
        self,
        *,
        classify: Callable[[Toplevel], obs.Activity],
        classify_app: Callable[[AppFocused], obs.Activity],
        clock: Clock,
        arrived: asyncio.Event,
        keep_names: bool = False,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._classify = classify
        self._classify_app = classify_app
        self._clock = clock
        self._keep_names = keep_names
        self._max_waiting = max_waiting
        self._waiting: deque[obs.Observation] = deque()
        self._latest: datetime | None = None
        self._front: dict[str, tuple[obs.Activity | None, bool]] = {}
        self._lost_from: datetime | None = None
        self._arrived = arrived

    def __repr__(self) -> str:
        """Return how many observations wait, without their content."""
        return f"<Inbox: {len(self._waiting)} waiting>"

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: SensorEvent) -> None:
        """Add an observation. Never waits; of a toplevel or an app only its activity is kept."""
        observation = self._focused(event) if isinstance(event, ToplevelFocused | AppFocused) else event
        if isinstance(observation, _FORGETS_FRONT):
            self._front.pop(observation.device, None)
        if isinstance(observation, obs.Focused):
            observation = self._without_name(observation)
            front = (observation.activity, observation.full_screen)
            # An opening begins a new use, even of the app that is in front already.
            if not observation.opened and self._front.get(observation.device) == front:
                return
            self._front[observation.device] = front
        observation = self._in_order(observation)
        if len(self._waiting) >= self._max_waiting and not isinstance(observation, _NEVER_DROPPED):
            self._lost_from = self._lost_from or observation.at
            return
        self._waiting.append(observation)
        self._arrived.set()

    def take(self) -> tuple[obs.Observation, ...]:
        """Return the waiting observations in order, and empty the queue; the last is a `Gap` if some did not fit."""
        if self._lost_from is not None:
            # What was dropped came after everything that waits, because the queue was full by then.
            latest = self._latest or self._lost_from
            self._waiting.append(obs.Gap(at=latest, since=self._lost_from, reason=obs.GapReason.OVERFLOW))
            self._front.clear()
            self._lost_from = None
        observations = tuple(self._waiting)
        self._waiting.clear()
        return observations

    def not_before(self, at: datetime) -> None:
        """Give all later observations an instant of at least `at`, which the core has reached already."""
        if self._latest is None or at > self._latest:
            self._latest = at

    def _focused(self, event: ToplevelFocused | AppFocused) -> obs.Focused:
        if isinstance(event, AppFocused):
            activity = replace(self._classify_app(event), name=None)
            return obs.Focused(at=event.at, device=event.device, activity=activity, opened=event.opened)
        if event.toplevel is None:
            return obs.Focused(at=event.at, device=event.device, activity=None)
        return obs.Focused(
            at=event.at,
            device=event.device,
            activity=self._classify(event.toplevel),
            full_screen=event.toplevel.full_screen,
        )

    def _without_name(self, focused: obs.Focused) -> obs.Focused:
        if focused.activity is None or focused.activity.name is None:
            return focused
        if self._keep_names and focused.activity.category not in UNNAMED:
            return focused
        return replace(focused, activity=replace(focused.activity, name=None))

    def _in_order(self, observation: obs.Observation) -> obs.Observation:
        # A phone's clock may be ahead, and a sensor's thread may report late: their observations are moved, not dropped.
        at = min(observation.at, self._clock.now())
        if self._latest is not None and at < self._latest:
            at = self._latest
        self._latest = at
        return observation if at == observation.at else replace(observation, at=at)
