"""A phone in the hand or not, and what is in front on it: from what Android tells, step by step.

Rule 1: an app counts as in front only while the screen is on and the lock screen is gone; what is resumed beneath is
remembered, and in front again once the lock screen goes.
Rule 2: the launcher, the system's own dialogs and whatever belongs to another user of the phone are nothing in front.
Rule 3: what is said twice happened once.
Rule 4: an opening is an app that comes to the front under the person's hands. What is in front by itself (after
unlocking, after a dialog of the system's, when sensing starts) is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from detector.core.observations import Focused, LaidDown, LitUp, PickedUp
from detector.sensors.android_events import Event, Keyguard, Resumed, Screen
from detector.sensors.model import AppFocused, SensorEvent

LAUNCHERS: Final = frozenset(
    {
        "com.android.launcher",
        "com.android.launcher2",
        "com.android.launcher3",
        "com.android.quickstep",
        "com.google.android.launcher",
        "com.google.android.apps.nexuslauncher",
        "com.google.android.googlequicksearchbox",
        "com.sec.android.app.launcher",
        "com.miui.home",
        "com.mi.android.globallauncher",
        "com.huawei.android.launcher",
        "com.hihonor.android.launcher",
        "com.oppo.launcher",
        "com.coloros.launcher",
        "net.oneplus.launcher",
        "com.oneplus.launcher",
        "com.bbk.launcher2",
        "com.vivo.launcher",
        "com.motorola.launcher3",
        "com.sonymobile.home",
        "com.lge.launcher2",
        "com.lge.launcher3",
        "com.asus.launcher",
        "com.htc.launcher",
        "com.nothing.launcher",
        "com.transsion.hilauncher",
        "com.tcl.android.launcher",
        "com.realme.launcher",
        "com.microsoft.launcher",
        "com.teslacoilsw.launcher",
        "app.lawnchair",
        "bitpit.launcher",
        "com.actionlauncher.playstore",
        "ginlemon.flowerfree",
        "com.amazon.firelauncher",
        "foundation.e.blisslauncher",
        "org.fossify.home",
        "com.fairphone.spring.launcher",
    }
)
"""Home screens that are known by name; the phone's own is asked for besides."""

SYSTEM: Final = frozenset(
    {
        "android",
        "com.android.systemui",
        "com.android.permissioncontroller",
        "com.google.android.permissioncontroller",
        "com.android.packageinstaller",
        "com.google.android.packageinstaller",
        "com.samsung.android.packageinstaller",
        "com.miui.packageinstaller",
        "com.android.settings.intelligence",
        "com.google.android.settings.intelligence",
        "com.android.intentresolver",
        "com.android.credentialmanager",
        "com.android.biometrics",
        "com.samsung.android.biometrics.app.setting",
        "com.miui.securitycenter",
        "com.lbe.security.miui",
    }
)
"""Dialogs and panels of the system's own, which lie over an app for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What a phone says of itself when asked; None: it does not say. `package` is what is resumed, of `user`."""

    is_on: bool | None = None
    is_locked: bool | None = None
    user: int = 0
    package: str | None = field(default=None, repr=False)


class Hand:
    """What is known of one phone. `device` is its name, `user` who uses it now, `home` its own launcher.

    `tells_keyguard` False: Android 10 and before tells nothing of the lock screen. Then something that is resumed
    while the screen is on says that it is gone, and a screen that goes off that it is back.
    """

    def __init__(self, device: str, *, user: int = 0, home: str = "", tells_keyguard: bool = True) -> None:
        self._device = device
        self._user = user
        self._launchers = LAUNCHERS | {home}
        self._tells_keyguard = tells_keyguard
        self._has_toggled = False
        self._is_on: bool | None = None
        self._is_locked: bool | None = None
        self._in_hand: bool | None = None
        self._resumed: tuple[int, str] | None = None
        self._front: str | None = None
        self._said_front = False
        self._said_down = False
        self._beneath: str | None = None

    def __repr__(self) -> str:
        """Say nothing of what is in front."""
        return f"<Hand: {self._device}>"

    @property
    def present(self) -> Present:
        """Return what is known now, as the phone itself would say it."""
        user, package = self._resumed or (self._user, None)
        return Present(is_on=self._is_on, is_locked=self._is_locked, user=user, package=package)

    def begin(self, present: Present, at: datetime) -> list[SensorEvent]:
        """Say what holds now; nothing where the phone does not say."""
        self._is_on, self._is_locked = present.is_on, present.is_locked
        self._resumed = None if present.package is None else (present.user, present.package)
        self._in_hand, self._said_down = None, False
        return self._settle(at)

    def take(self, event: Event, at: datetime) -> list[SensorEvent]:
        """Take in what the log told; `at` is by our clock. Returns what is new in it, in order."""
        match event:
            case Resumed():
                return self._take_resumed(event, at)
            case Screen():
                return self._take_screen(event, at)
            case Keyguard():
                self._is_locked = event.is_shown
                return self._settle(at)

    def _take_resumed(self, event: Resumed, at: datetime) -> list[SensorEvent]:
        self._tells_keyguard = self._tells_keyguard and not event.is_older
        self._resumed = (event.user, event.package)
        if self._is_on is None:
            self._is_on = True
        if self._is_on and (self._is_locked is None or not self._tells_keyguard):
            self._is_locked = False
        return self._show(at, by_itself=False) if self._in_hand else self._settle(at)

    def _take_screen(self, event: Screen, at: datetime) -> list[SensorEvent]:
        if event.is_echo and self._has_toggled:
            return []
        self._has_toggled = self._has_toggled or not event.is_echo
        if event.is_on == self._is_on:
            return []
        self._is_on = event.is_on
        if event.is_on:
            self._said_down = False
            return [LitUp(at=at, device=self._device), *self._settle(at)]
        if not self._tells_keyguard:
            self._is_locked = True
        # A screen that went on by itself goes off again: nothing was picked up, and it lies there still.
        return self._settle(at) or self._put_down(at)

    def _settle(self, at: datetime) -> list[SensorEvent]:
        was, now = self._in_hand, self._is_in_hand()
        if now is None or was == now:
            return []
        self._in_hand = now
        self._said_front, self._beneath = False, None
        if not now:
            return self._put_down(at)
        self._said_down = False
        # Where it was not known before, it was not picked up now.
        is_picked = was is False and not self._is_anothers()
        picked: list[SensorEvent] = [PickedUp(at=at, device=self._device)] if is_picked else []
        return picked + (self._show(at, by_itself=True) if self._resumed else [])

    def _is_in_hand(self) -> bool | None:
        if self._is_on is False or self._is_locked:
            return False
        return None if self._is_on is None or self._is_locked is None else True

    def _put_down(self, at: datetime) -> list[SensorEvent]:
        if self._said_down:
            return []
        self._said_down = True
        return [LaidDown(at=at, device=self._device)]

    def _show(self, at: datetime, *, by_itself: bool) -> list[SensorEvent]:
        """Say what is in front now, where it is new."""
        before, self._front = self._front if self._said_front else None, self._use()
        is_new, self._said_front = not self._said_front or self._front != before, True
        is_back = self._front is not None and self._front == self._beneath
        if not self._is_dialog():
            self._beneath = None
        elif before is not None:
            self._beneath = before
        if not is_new:
            return []
        if self._front is None:
            return [Focused(at=at, device=self._device, activity=None)]
        return [AppFocused(at=at, device=self._device, app=self._front, opened=not by_itself and not is_back)]

    def _use(self) -> str | None:
        if self._resumed is None or self._is_anothers() or self._is_dialog():
            return None
        package = self._resumed[1]
        return None if package in self._launchers else package

    def _is_anothers(self) -> bool:
        return self._resumed is not None and self._resumed[0] != self._user

    def _is_dialog(self) -> bool:
        return self._resumed is not None and self._resumed[1] in SYSTEM
