"""Divide the observations of one device into uses: one activity, from its start to its end.

Invariant 1: a gap closes the open use, whose end is then not trusted; such a use is never evidence.
Invariant 2: idleness ends a use at the last input, not at the instant at which idleness was noticed.
Invariant 3: an opening that a phone reports begins a use, however short. Where no end was reported before the next opening,
or before the screen went on, the use before is recorded with an unknown length.
Invariant 4: media that plays over the whole screen without input is a film for two: the device does not count as left, and a
touch shorter than a glance is part of the film.
Invariant 5: `put_away` is None (not known) if no sensor would have noticed that the device was left alone.
Invariant 6: an interruption shorter than the setting `fleeting` is ignored; the use continues.
Invariant 7: no use follows from a use before a gap.
Invariant 8: the previous use is looked for on all devices: a hop from the laptop to the phone is one sequence.
Invariant 9: a phone in the hand without a known app does not follow from a use and does not lead to one: between two apps
it is mostly the home screen.
Invariant 10: a use is of one category, so uses do not depend on whether names are kept. The last name counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import detector.core.observations as obs
from detector.core.attention.film import FILM_ACTIVITY, Film
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.uses import PHONE_IN_HAND, TimedEvent, UseState
from detector.core.effects import Coverage
from rules.features import DISTRACTING, MAX_SPAN

CAME_FROM_WITHIN: Final = timedelta(seconds=60)
"""Maximum time between a use and one that follows from it: people slide from a message to a feed (arXiv 2410.11354)."""
PUT_AWAY_AFTER: Final = timedelta(seconds=60)
"""Duration after which a device that is left alone counts as put away; see the feature `put_away`."""
PROMPTED_WITHIN: Final = timedelta(seconds=30)
"""Maximum time between a notification and a pick-up that it prompted: the length of a glance."""
SAME_PICK_UP: Final = timedelta(seconds=3)
"""Maximum time between two reports of one unlocking, by two sources of one phone."""


@dataclass(slots=True)
class DeviceGroup:
    """The devices of one person. `keep`: how far back uses have to be remembered."""

    devices: list[DeviceState] = field(default_factory=list)
    keep: timedelta = MAX_SPAN

    def came_from(self, at: datetime, min_use_duration: timedelta) -> tuple[bool, str | None]:
        """Return whether a use that begins at `at` follows another one without a pause, and the category of that one."""
        # An open use on another device counts as left now: one person uses one device after another.
        latest, left = None, None
        for device in self.devices:
            for use in (device.last_app_use, device.open_use):
                ended = None if use is None or use.activity == PHONE_IN_HAND else use.ended or at
                if ended is not None and (left is None or ended > left):
                    latest, left = use, ended
        if latest is None or left is None or at - left > CAME_FROM_WITHIN:
            return False, None
        return at - left < min_use_duration, latest.activity.category

    def retain_from(self, at: datetime) -> datetime:
        """Return the earliest instant that a span can reach, from `at` or from the start of an open use."""
        # A sequence that led to an open use is looked for before its start.
        open_since = (device.open_use.began for device in self.devices if device.open_use is not None)
        return min((at, *open_since)) - self.keep

    def remember(self, events: deque[TimedEvent], at: datetime, category: str) -> None:
        """Add an event, and forget those that no span can reach now."""
        events.append(TimedEvent(at, category))
        while events[0].at <= at - self.keep:
            events.popleft()


def _have_same_category(activity: obs.Activity | None, other: obs.Activity | None) -> bool:
    # Invariant 10.
    return (activity.category if activity else None) == (other.category if other else None)


class DeviceState:
    """What is known of one device.

    `uses`: those that ended, as far back as a span may reach. `version` grows whenever a use changes: then measures have
    to measure again. `forgotten_distraction`: total length of the distracting uses that are no longer in `uses`.
    `events`: openings and pick-ups, by the feature that counts them. `closed` and `covered`: uses and coverage that have
    not been fetched yet. How much is known of the device:

    `_is_observed`: it has had any observation. `_is_reported`: its sensors have reported what is in front, since the last
    gap. `is_known`: besides, neither focus nor idle sensor is lost, so that no observation means that nothing happened.
    `was_known`: it was known before, and then became unknown.
    """

    def __init__(
        self,
        name: str,
        began: datetime,
        settings: AttentionSettings,
        next_number: Callable[[], int],
        group: DeviceGroup | None = None,
    ) -> None:
        self.name = name
        self.version = 0
        self.open_use: UseState | None = None
        self.uses: deque[UseState] = deque()
        self.forgotten_distraction = timedelta(0)
        self.closed: list[UseState] = []
        self.covered: list[Coverage] = []
        self.was_known = False
        self.put_away: bool | None = None
        self.full_screen = False
        self.in_call: bool | None = None
        self.input_since: datetime | None = None
        self.last_input: datetime | None = None
        self.last_notification: datetime | None = None
        self.events: dict[str, deque[TimedEvent]] = {
            name: deque() for name in ("opens", "pick_ups", "led_pick_ups", "own_pick_ups")
        }
        self._began = began
        self._settings = settings
        self._next_number = next_number
        self._group = group or DeviceGroup()
        self._group.devices.append(self)
        self._film = Film()
        self._activity: obs.Activity | None = None
        self._is_observed = False
        self._is_reported = False
        self._lost_senses: set[str] = set()
        self._is_idle = self._is_locked = self._is_laid_down = self._is_in_hand = False
        self._away_since: datetime | None = None
        self._covered_since: datetime | None = None
        self._last_use_before_gap = 0

    @property
    def is_known(self) -> bool:
        return self._covered_since is not None

    @property
    def film(self) -> bool:
        return self._film.is_on

    @property
    def playing(self) -> bool | None:
        """Whether media plays; None if no sensor reports it."""
        return self._film.playing

    @property
    def last_app_use(self) -> UseState | None:
        """The last use other than a phone in the hand; None if a gap came after it."""
        use = next((use for use in reversed(self.uses) if use.activity != PHONE_IN_HAND), None)
        return use if use is not None and use.number > self._last_use_before_gap else None

    def past_uses(self) -> Iterator[UseState]:
        """Yield the ended uses since the last gap, the last one first."""
        for use in reversed(self.uses):
            if use.number <= self._last_use_before_gap:
                return
            yield use

    def observe(self, observation: obs.Observation) -> None:
        """Take in one observation of this device; instants never decrease."""
        at = observation.at
        # A device may have been left alone before its first observation.
        if not self._is_observed:
            self._is_observed = True
            self.put_away = None if at - self._began >= PUT_AWAY_AFTER else False
        if self._away_since is not None and at - self._away_since >= PUT_AWAY_AFTER:
            self.put_away = True
        match observation:
            # The most frequent observation comes first.
            case obs.InputCounted():
                self.last_input = at
            case obs.Focused():
                self._focused(observation)
            case obs.Notified():
                self.last_notification = at
            case obs.LitUp():
                self._lit_up(at)
            case obs.PickedUp():
                self._picked_up(observation)
            case obs.LaidDown() | obs.PutAway():
                self._put_down(at, put_away=isinstance(observation, obs.PutAway))
            case obs.WentIdle():
                self._went_idle(observation)
            case obs.MediaStarted() | obs.MediaEnded():
                self._film.playing = isinstance(observation, obs.MediaStarted)
                self._update_film()
            case obs.CallStarted() | obs.CallEnded():
                self.in_call = isinstance(observation, obs.CallStarted)
            case obs.CameBack():
                self._is_idle = False
                self._returned(at)
            case obs.Locked():
                self._is_locked = True
                self._end_film(at)
                self._away_since = self._away_since or at
                self._update_open_use(at)
            case obs.Unlocked():
                self._is_locked = False
                self._returned(at)
            case obs.SensorStarted():
                self._sensor_started(observation)
            case obs.Suspended():
                self._away_since = self._away_since or at
                self._become_unknown(at, trusted=True)
            case obs.Paused():
                # What begins or ends in a pause is not observed; the sensors start again after it.
                self._film.forget()
                self.in_call = None
                self._become_unknown(at, trusted=True)
            case obs.Gap():
                self._gap(observation)

    def end(self, at: datetime) -> None:
        self._become_unknown(at, trusted=True)

    def _sensor_started(self, observation: obs.SensorStarted) -> None:
        self._lost_senses.discard(observation.sense)
        if observation.sense == "input":
            self.input_since = observation.at
        elif observation.sense == "session":
            # If the session is locked, a session sensor reports `Locked` next.
            self._is_locked = False
        elif observation.sense == "media":
            self._film.playing = False
        elif observation.sense == "call":
            self.in_call = False
        self._update_open_use(observation.at)

    def _report(self, at: datetime, *, opened: bool = False) -> None:
        self._is_reported = True
        # A phone reports by itself what is in front, so a lost focus sensor no longer matters.
        self._lost_senses.discard("focus")
        self._update_open_use(at, opened=opened)

    def _focused(self, observation: obs.Focused) -> None:
        at, activity = observation.at, observation.activity
        if not _have_same_category(activity, self._activity) or not observation.full_screen:
            self._end_film(at)
        self._activity, self.full_screen = activity, observation.full_screen
        self._update_film()
        # A phone that was laid down is in use again, even without a reported unlocking.
        if activity is not None and self._is_laid_down:
            self._is_laid_down, self._away_since = False, None
        if not observation.opened or activity is None:
            self._report(at)
            return
        self._group.remember(self.events["opens"], at, activity.category)
        # The app was opened again, so it was left in between, at an unknown instant.
        if self.open_use is not None and _have_same_category(self.open_use.activity, activity):
            self._close_with_unknown_end(self.open_use, at)
        self._report(at, opened=True)

    def _picked_up(self, observation: obs.PickedUp) -> None:
        at, pick_ups = observation.at, self.events["pick_ups"]
        # A second report of the same pick-up is not counted and closes nothing.
        if not pick_ups or at - pick_ups[-1].at >= SAME_PICK_UP:
            was_prompted = self.last_notification is not None and at - self.last_notification <= PROMPTED_WITHIN
            for counted in ("pick_ups", "led_pick_ups" if was_prompted else "own_pick_ups"):
                self._group.remember(self.events[counted], at, PHONE_IN_HAND.category)
            self._close_if_screen_was_off(at)
        self._is_laid_down, self._away_since, self._is_in_hand = False, None, observation.blind
        self._report(at)

    def _lit_up(self, at: datetime) -> None:
        if self._close_if_screen_was_off(at):
            # The screen went off at an unknown instant, and went on by itself or by a touch: unknown until more is reported.
            self._become_unknown(at, trusted=False)
        else:
            self._report(at)

    def _put_down(self, at: datetime, *, put_away: bool) -> None:
        self._activity, self._is_in_hand, self._is_laid_down = None, False, True
        self._away_since = self._away_since or at
        self.put_away = put_away or self.put_away
        self._report(at)

    def _close_if_screen_was_off(self, at: datetime) -> bool:
        # The screen had gone off before, at an unknown instant: the open use ended then.
        if self.open_use is None or at - self.open_use.began < SAME_PICK_UP:
            return False
        self._close_with_unknown_end(self.open_use, at)
        self._activity, self._is_in_hand = None, False
        return True

    def _update_film(self) -> None:
        untouched = self._is_idle and not self._is_locked
        if self._film.update(self._activity, full_screen=self.full_screen, untouched=untouched) and untouched:
            self._away_since = None

    def _end_film(self, at: datetime) -> None:
        if self._film.end() and self._is_idle:
            # After the film, the device may be left.
            self._away_since = self._away_since or at

    def _went_idle(self, observation: obs.WentIdle) -> None:
        if self._is_idle:
            return
        self._is_idle = True
        since = max(observation.since, self._began)
        if self.film and self.open_use is not None and since - self.open_use.began < self._settings.glance:
            # A short touch during the film (pause, volume) belongs to the film.
            self.open_use.activity = FILM_ACTIVITY
        self._update_film()
        if not self.film:
            self._away_since = self._away_since or since
            if observation.at - self._away_since >= PUT_AWAY_AFTER:
                self.put_away = True
        self._close(since)
        self._shorten_uses(since)

    def _returned(self, at: datetime) -> None:
        if not self._is_idle and not self._is_locked:
            self._away_since = None
        self._update_open_use(at)

    def _gap(self, gap: obs.Gap) -> None:
        since = max(gap.since, self._began)
        # It may have been left alone during the gap; `put_away` stays true if it was.
        if gap.at - since >= PUT_AWAY_AFTER and not self.put_away:
            self.put_away = None
        if gap.sense in {None, "input"}:
            self.input_since = self.last_input = None
        if gap.sense in {None, "focus", "idle"}:
            self._become_unknown(since, trusted=False)
        if gap.sense in {None, "media"}:
            self._film.forget()
        if gap.sense in {None, "call"}:
            self.in_call = None
        if gap.sense is None:
            # The program did not run: every sensor starts again and reports its state again.
            self._lost_senses.clear()
            self._is_idle = self._is_locked = False
            self._away_since = None
        elif gap.sense in {"focus", "idle"}:
            # Without one of them it is not known whether anything is in use.
            self._lost_senses.add(gap.sense)
            if gap.sense == "idle":
                self._is_idle = False
            if gap.sense == "idle" or self._is_laid_down:
                self._away_since = None
        elif gap.sense == "session":
            # Unlocking would not be reported, and a device that stays locked would never be in use.
            self._is_locked = False

    def _become_unknown(self, at: datetime, *, trusted: bool) -> None:
        self._close(at, trusted=trusted)
        if self._covered_since is not None:
            self._add_coverage(self._covered_since, at)
            self.was_known = True
        self._covered_since = None
        self._break_history()
        self._is_reported = self._is_in_hand = self.full_screen = False
        self._film.end()
        self._activity = None

    def _update_open_use(self, at: datetime, *, opened: bool = False) -> None:
        """Close the open use if it is no longer in front, and begin one with what is."""
        known = self._is_reported and not self._lost_senses & {"focus", "idle"}
        if known and self._covered_since is None:
            self._covered_since = at
        in_front = self._activity or (PHONE_IN_HAND if self._is_in_hand else None)
        # While it is idle or locked, nothing is in use.
        in_use = in_front if known and not self._is_idle and not self._is_locked else None
        if self.open_use is not None and not _have_same_category(self.open_use.activity, in_use):
            self._close(at)
        if in_use is not None and self.open_use is None:
            self._begin_use(in_use, at, opened=opened)
        elif self.open_use is not None and in_use is not None:
            # Same category, but perhaps another name.
            self.open_use.activity = in_use

    def _begin_use(self, activity: obs.Activity, at: datetime, *, opened: bool) -> None:
        self.version += 1
        min_use_duration = self._settings.fleeting
        last = next(self.past_uses(), None)
        directly_before = (
            last if last is not None and last.ended is not None and at - last.ended < min_use_duration else None
        )
        if directly_before is not None and not opened and _have_same_category(directly_before.activity, activity):
            self.uses.pop()
            directly_before.ended, directly_before.activity = None, activity
            self.open_use = directly_before
            return
        follows, came_from = self._group.came_from(at, min_use_duration)
        follows = follows and activity != PHONE_IN_HAND
        self.open_use = UseState(self._next_number(), activity, at, follows, came_from, opened=opened)
        if directly_before is not None:
            # A phone in the hand directly before or after an app is part of the same glance.
            directly_before.joined_to_app = directly_before.joined_to_app or directly_before.activity == PHONE_IN_HAND
            self.open_use.joined_to_app = activity == PHONE_IN_HAND

    def _close_with_unknown_end(self, use: UseState, latest_end: datetime) -> None:
        use.latest_end = latest_end
        if self._covered_since is not None:
            # How long it was used is not known, so there is no coverage from its start to its latest end.
            self._add_coverage(self._covered_since, use.began)
            self._covered_since = latest_end
        self._close(use.began, trusted=False)

    def _add_coverage(self, began: datetime, ended: datetime) -> None:
        ended = max(began, ended)
        self.covered.append(Coverage(number=self._next_number(), device=self.name, began=began, ended=ended))

    def _close(self, at: datetime, *, trusted: bool = True) -> None:
        use = self.open_use
        if use is None:
            return
        self.version += 1
        self.open_use = None
        use.ended = max(at, use.began)
        use.trusted = trusted
        if not trusted:
            self.closed.append(use)
            # With a latest end it still counts as a glance or an opening; without one it is not evidence (invariant 1).
            if use.latest_end is not None:
                self.uses.append(use)
            self._break_history()
        elif use.opened or use.ended - use.began >= self._settings.fleeting:
            self.uses.append(use)
            self.closed.append(use)
        if self.uses:
            self._forget_before(self._group.retain_from(at))

    def _forget_before(self, instant: datetime) -> None:
        # This bounds the memory of a long evening. Only `share` depends on older uses, and needs no more than their sum.
        while self.uses and (self.uses[0].ended or instant) < instant:
            oldest = self.uses.popleft()
            if oldest.activity.category in DISTRACTING:
                self.forgotten_distraction += (oldest.ended or oldest.began) - oldest.began

    def _break_history(self) -> None:
        if self.uses:
            self._last_use_before_gap = self.uses[-1].number
            self.version += 1

    def _shorten_uses(self, since: datetime) -> None:
        # Changes after the last input happened by themselves (a page that reloads, a film that ends): they are no use.
        while self.uses and (self.uses[-1].ended or since) > since:
            use = self.uses[-1]
            use.ended = max(since, use.began)
            self.closed.append(use)
            self.version += 1
            if use.ended - use.began >= self._settings.fleeting:
                break
            self.uses.pop()
