"""The start notice of a session: whether somebody could see it, and how much may therefore be sensed. Pure.

Invariant 1: until a notifier has shown the start notice, nothing is sensed; it is tried again, with growing waits.
Invariant 2: a notice that is shown while nobody is there stays on the screen, and is shown once more when somebody comes back.
Until then only idleness and locking are sensed on this device: they show that somebody has come.
Invariant 3: in a long partner time it is shown again after a long absence; if that fails, Invariant 1 holds again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import detector.core.observations as obs

LONG_PARTNER_TIME: Final = timedelta(hours=4)
LONG_ABSENCE: Final = timedelta(hours=1)
"""After an absence of this duration another person may have come than the one who saw the start."""
FIRST_RETRY: Final = timedelta(seconds=5)
MAX_RETRY: Final = timedelta(minutes=5)
# How late a sensor that has just started may report the lock of the screen.
LOCK_NOTICE: Final = timedelta(seconds=2)

Sensing: TypeAlias = Literal["nothing", "presence", "all"]
"""How much may be sensed; "presence": of this device idleness and locking, and of phones everything."""


class StartNotice:
    """The state of the notification that partner time has begun.

    `is_due`: it has to be shown as soon as possible, whether or not somebody is there. `shown_at`: when it was shown last.
    """

    def __init__(self) -> None:
        self.permitted_sensing: Sensing = "nothing"
        self.is_due = True
        self.deadline: datetime | None = None
        """When it is tried again."""
        self._wait = FIRST_RETRY
        self.shown_at: datetime | None = None
        self._is_unseen = False
        self._away: set[str] = set()
        self._away_since: datetime | None = None
        self._lasts = timedelta(0)

    @property
    def is_anybody_there(self) -> bool:
        return not self._away

    def show_again(self) -> None:
        """Show it (again): a notification server became available, or the end has changed."""
        self.is_due = True

    def advance(self, now: datetime) -> None:
        if self.deadline is not None and self.deadline <= now:
            self.is_due = True

    def record_attempt(self, at: datetime, *, was_shown: bool, lasts: timedelta) -> None:
        """Record the result of showing it; `lasts`: the duration of the whole partner time."""
        self.is_due, self._lasts = False, lasts
        if not was_shown:
            self.permitted_sensing, self.deadline = "nothing", at + self._wait
            self._wait = min(self._wait * 2, MAX_RETRY)
            return
        self.deadline, self._wait, self.shown_at = None, FIRST_RETRY, at
        self._is_unseen = not self.is_anybody_there
        # Somebody who is away saw the start before, unless this is the first time.
        if self.is_anybody_there:
            self.permitted_sensing = "all"
        elif self.permitted_sensing == "nothing":
            self.permitted_sensing = "presence"

    def observe(self, observations: Sequence[obs.Observation]) -> None:
        """Take in what this device's sensors observed, in order; the start is not shown on other devices."""
        was_away, slept = bool(self._away), False
        for observation in observations:
            if observation.device != obs.LAPTOP:
                continue
            match observation:
                case obs.WentIdle():
                    self._leave("idle", observation.since)
                case obs.Locked():
                    self._leave("locked", observation.at - LOCK_NOTICE)
                case obs.CameBack() | obs.SensorStarted(sense="idle") | obs.Gap(sense="idle"):
                    self._away.discard("idle")
                case obs.Unlocked() | obs.SensorStarted(sense="session") | obs.Gap(sense="session"):
                    self._away.discard("locked")
                case obs.QuietEnded() | obs.Gap(sense="quiet"):
                    self.is_due = self.is_due or self.permitted_sensing == "nothing"
                case obs.Gap(sense=None):
                    # Sleep is an absence; the sensors, which start again after it, report whether somebody is back.
                    self._away_since, slept = min(self._away_since or observation.since, observation.since), True
        # A sensor that starts while nobody is there reports a return first: only the last state counts.
        if (was_away or slept) and not self._away:
            absence = observations[-1].at - (self._away_since or observations[-1].at)
            self._away_since = None
            if self._is_unseen or (self._lasts > LONG_PARTNER_TIME and absence >= LONG_ABSENCE):
                self.is_due = True

    def _leave(self, how: str, since: datetime) -> None:
        # Nobody has touched the device since it was shown: it may have disappeared unseen.
        self._is_unseen = self._is_unseen or (self.shown_at is not None and since <= self.shown_at)
        self._away.add(how)
        self._away_since = min(self._away_since or since, since)
