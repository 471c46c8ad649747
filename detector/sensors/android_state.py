"""The state of an Android phone: in use or not, and which app is in front, event by event.

Invariant 1: an app counts as in front only while the screen is on and the lock screen is gone. What is resumed beneath the lock
screen is remembered, and is in front again once that goes.
Invariant 2: the launcher and whatever belongs to another user of the phone count as nothing in front. The system's own dialogs lie
over what is in front, and do not end it.
A work profile or a second copy of an app has a user of its own in Android, and is the same person.
Invariant 3: an event that is logged twice happened once.
Invariant 4: an app is opened when it comes to the front while the phone is in use. What is in front by itself (after unlocking,
when sensing starts) is not opened, and an app from which somebody only looked at the launcher is not opened again.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from detector.core.observations import Focused, LaidDown, LitUp, PickedUp
from detector.sensors.android_events import (
    AndroidEvent,
    AppPaused,
    AppResumed,
    KeyguardToggled,
    PhoneShutDown,
    ScreenToggled,
)
from detector.sensors.known_programs import KNOWN_PROGRAMS
from detector.sensors.model import AppFocused, SensorEvent

PASSED_OVER: Final = timedelta(seconds=2)
"""As the core's `fleeting`: an app in front for less than this was only passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AndroidSnapshot:
    """A phone's state at one instant; None: not known. `package`: the app that is resumed, and `user` its user."""

    is_on: bool | None = None
    is_locked: bool | None = None
    user: int = 0
    package: str | None = field(default=None, repr=False)


class AndroidState:
    """What is known of one phone. `device` is its name, `home` its own launcher.

    `users`: who uses it now, with that user's profiles. `logs_keyguard` False: Android 10 and before mostly logs nothing of
    the lock screen. Then something that is resumed while the screen is on shows that it is gone, and a screen that goes off
    that it is back; until the phone logs that the lock screen went.
    """

    def __init__(
        self, device: str, *, users: AbstractSet[int] = frozenset({0}), home: str = "", logs_keyguard: bool = True
    ) -> None:
        self._device = device
        self._users = users
        self._launchers = KNOWN_PROGRAMS["android_launchers"] | {home}
        self._logs_keyguard = logs_keyguard
        self._has_logged_keyguard = False
        self._has_toggled = False
        self._is_on: bool | None = None
        self._is_locked: bool | None = None
        self._in_use: bool | None = None
        self._resumed: tuple[int, str] | None = None
        self._front: str | None = None
        self._yielded_front = False
        self._yielded_down = False
        self._left: tuple[str, datetime] | None = None

    def __repr__(self) -> str:
        # Show nothing of what is in front.
        return f"<AndroidState: {self._device}>"

    @property
    def snapshot(self) -> AndroidSnapshot:
        user, package = self._resumed or (min(self._users), None)
        return AndroidSnapshot(is_on=self._is_on, is_locked=self._is_locked, user=user, package=package)

    def start(self, snapshot: AndroidSnapshot, at: datetime) -> list[SensorEvent]:
        """Return events for the state at `at`; none where that is not known."""
        self._is_on, self._is_locked = snapshot.is_on, snapshot.is_locked
        self._resumed = None if snapshot.package is None else (snapshot.user, snapshot.package)
        self._in_use, self._yielded_down = None, False
        return self._update_in_use(at)

    def update(self, event: AndroidEvent, at: datetime) -> list[SensorEvent]:
        """Take in an event; `at` is by our clock. Returns what is new, in order."""
        match event:
            case AppResumed():
                return self._on_resumed(event, at)
            case AppPaused():
                return self._on_paused(event, at)
            case PhoneShutDown():
                # After the next start nothing of before is in front.
                self._resumed = None
                return self._on_screen(ScreenToggled(at=event.at, is_on=False), at)
            case ScreenToggled():
                return self._on_screen(event, at)
            case KeyguardToggled():
                self._is_locked = event.is_shown
                # The screen's own log has only that it is shown.
                if not event.is_shown:
                    self._logs_keyguard = self._has_logged_keyguard = True
                return self._update_in_use(at)

    def _on_resumed(self, event: AppResumed, at: datetime) -> list[SensorEvent]:
        self._logs_keyguard = self._has_logged_keyguard or (self._logs_keyguard and not event.is_older)
        self._resumed = (event.user, event.package)
        # Where the phone did not answer, an app that comes to the front shows that its screen is on.
        if self._is_on is None:
            self._is_on = True
        if self._is_on and (self._is_locked is None or not self._logs_keyguard):
            self._is_locked = False
        return self._update_front(at, by_itself=False) if self._in_use else self._update_in_use(at)

    def _on_paused(self, event: AppPaused, at: datetime) -> list[SensorEvent]:
        # Beneath the lock screen and a dark screen every app is paused, and is in front again once that goes.
        if not self._in_use or self._resumed != (event.user, event.package):
            return []
        self._resumed = None
        return self._update_front(at, by_itself=False)

    def _on_screen(self, event: ScreenToggled, at: datetime) -> list[SensorEvent]:
        # A phone that logs `screen_toggled` logs `power_screen_state` for the same change a little later.
        if event.is_echo and self._has_toggled:
            return []
        self._has_toggled = self._has_toggled or not event.is_echo
        if event.is_on == self._is_on:
            return []
        self._is_on = event.is_on
        if event.is_on:
            self._yielded_down = False
            return [LitUp(at=at, device=self._device), *self._update_in_use(at)]
        if not self._logs_keyguard:
            self._is_locked = True
        # A screen that went on by itself (a notification) goes off again: nothing was picked up, and the phone still lies.
        return self._update_in_use(at) or self._lay_down(at)

    def _update_in_use(self, at: datetime) -> list[SensorEvent]:
        before, now = self._in_use, self._is_in_use()
        if now is None or before == now:
            return []
        self._in_use = now
        self._yielded_front, self._left = False, None
        if not now:
            return self._lay_down(at)
        self._yielded_down = False
        # Where the state before is not known, it may have been picked up earlier.
        is_picked_up = before is False and not self._is_another_users()
        picked_up: list[SensorEvent] = [PickedUp(at=at, device=self._device)] if is_picked_up else []
        return picked_up + (self._update_front(at, by_itself=True) if self._resumed else [])

    def _is_in_use(self) -> bool | None:
        if self._is_on is False or self._is_locked:
            return False
        return None if self._is_on is None or self._is_locked is None else True

    def _lay_down(self, at: datetime) -> list[SensorEvent]:
        if self._yielded_down:
            return []
        self._yielded_down = True
        return [LaidDown(at=at, device=self._device)]

    def _update_front(self, at: datetime, *, by_itself: bool) -> list[SensorEvent]:
        # Return what is in front now, where it is new.
        # `_front` is None for nothing in front, so whether anything was yielded at all needs a flag of its own.
        if self._yielded_front and self._is_dialog():
            return []
        before = self._front if self._yielded_front else None
        is_new = not self._yielded_front or self._app_in_front() != before
        self._front, self._yielded_front = self._app_in_front(), True
        if not is_new:
            return []
        if self._front is None:
            self._left = None if before is None else (before, at)
            return [Focused(at=at, device=self._device, activity=None)]
        # The list of recent apps belongs to the launcher.
        is_back = self._left is not None and self._left[0] == self._front and at - self._left[1] < PASSED_OVER
        self._left = None
        return [AppFocused(at=at, device=self._device, app=self._front, opened=not by_itself and not is_back)]

    def _app_in_front(self) -> str | None:
        if self._resumed is None or self._is_another_users() or self._is_dialog():
            return None
        package = self._resumed[1]
        return None if package in self._launchers else package

    def _is_another_users(self) -> bool:
        return self._resumed is not None and self._resumed[0] not in self._users

    def _is_dialog(self) -> bool:
        return self._resumed is not None and self._resumed[1] in KNOWN_PROGRAMS["android_dialogs"]
