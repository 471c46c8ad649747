"""Whether somebody could see that partner time has begun, and how much may be sensed because of that. Pure.

Invariant 1: until a notifier has shown the start, nothing is sensed; it is tried again, with growing waits.
Invariant 2: shown while nobody is there, it stays on the screen and is shown once more to whoever comes back. Until then only
idleness and locking are sensed of this device: they tell that somebody has come.
Invariant 3: in a long partner time it is shown again after a long absence; where it cannot be, Invariant 1 holds again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import detector.core.observations as obs

LONG_PARTNER_TIME: Final = timedelta(hours=4)
LONG_ABSENCE: Final = timedelta(hours=1)
"""Whoever was away for so long may not be the one who saw the start."""
FIRST_RETRY: Final = timedelta(seconds=5)
MAX_RETRY: Final = timedelta(minutes=5)
# A sensor that has just started reports the lock of the screen so late.
LOCK_NOTICE: Final = timedelta(seconds=2)

Sensing: TypeAlias = Literal["nothing", "presence", "all"]
"""How much may be sensed; "presence": of this device idleness and locking, and of phones everything."""


class StartNotice:
    """What is known of the notification that partner time has begun.

    `is_due`: it is to be shown as soon as possible, whether or not somebody is there. `shown_at`: when it was shown last.
    """

    def __init__(self) -> None:
        self.sensing: Sensing = "nothing"
        self.is_due = True
        self._retry_at: datetime | None = None
        self._wait = FIRST_RETRY
        self.shown_at: datetime | None = None
        self._is_unseen = False
        self._away: set[str] = set()
        self._away_since: datetime | None = None
        self._lasts = timedelta(0)

    @property
    def deadline(self) -> datetime | None:
        """When it is to be tried again."""
        return self._retry_at

    @property
    def is_anybody_there(self) -> bool:
        return not self._away

    def show_again(self) -> None:
        """Have it shown (again): a notification server appeared, or the end is another one now."""
        self.is_due = True

    def advance(self, now: datetime) -> None:
        if self._retry_at is not None and self._retry_at <= now:
            self.is_due = True

    def record_attempt(self, at: datetime, *, was_shown: bool, lasts: timedelta) -> None:
        """Take in what came of showing it; `lasts`: how long this partner time is in all."""
        self.is_due, self._lasts = False, lasts
        if not was_shown:
            self.sensing, self._retry_at = "nothing", at + self._wait
            self._wait = min(self._wait * 2, MAX_RETRY)
            return
        self._retry_at, self._wait, self.shown_at = None, FIRST_RETRY, at
        self._is_unseen = not self.is_anybody_there
        # Whoever is away saw the start before, unless this is the first time.
        if self.is_anybody_there:
            self.sensing = "all"
        elif self.sensing == "nothing":
            self.sensing = "presence"

    def observe(self, observations: Sequence[obs.Observation]) -> None:
        """Take in what this device's sensors observed, in order; other devices have no screen of ours."""
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
                    self.is_due = self.is_due or self.sensing == "nothing"
                case obs.Gap(sense=None):
                    # Sleep is an absence; whether somebody is back the sensors report, which start again after it.
                    self._away_since, slept = min(self._away_since or observation.since, observation.since), True
        # A sensor that starts while nobody is there reports a return first: only what is true in the end counts.
        if (was_away or slept) and not self._away:
            absence = observations[-1].at - (self._away_since or observations[-1].at)
            self._away_since = None
            if self._is_unseen or (self._lasts > LONG_PARTNER_TIME and absence >= LONG_ABSENCE):
                self.is_due = True

    def _leave(self, how: str, since: datetime) -> None:
        # Nobody has touched the device since it was shown: it may have disappeared before anybody saw it.
        self._is_unseen = self._is_unseen or (self.shown_at is not None and since <= self.shown_at)
        self._away.add(how)
        self._away_since = min(self._away_since or since, since)
