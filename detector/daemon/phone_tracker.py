"""What phones tell during one partner time, turned into observations, and what silence of theirs means.

Rule 1: a close ends only what was told open: late and doubled ones change nothing.
Rule 2: an app that was told open, or a phone in the hand, of which nothing is heard for ten minutes is unknown from its
last sign on: silence must not look like rejection. A notification is no sign: it comes by itself.
Rule 3: while adb tells of a phone, its own word on apps is not needed: the nearer witness is heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from detector.clock import Clock
from detector.core.effects import Moment
from detector.core.observations import (
    Activity,
    Focused,
    Gap,
    GapReason,
    LaidDown,
    LitUp,
    Notified,
    PickedUp,
    PutAway,
)
from detector.devices import Phone
from detector.notifier.model import NotificationText
from detector.phone_api.model import PhoneEvent
from detector.sensors.model import AppFocused, SensorEvent

SILENCE: Final = timedelta(minutes=10)
"""After so long without another sign an opening says nothing any more (shared/phones.md)."""


@dataclass(slots=True)
class _Heard:
    """What a phone told last. `front`: the app or category that it told open, and its category."""

    front: tuple[str, str] | None = None
    in_hand: bool = False
    sign: datetime | None = None
    timer: asyncio.TimerHandle | None = None


class PhoneTracker:
    """What is heard of phones while one partner time lasts. `spoke`: those that told anything. Belongs to the loop's thread.

    `put` is the inbox's door, `classify` says what an app is. `sees_apps(device)`: whether a nearer source, adb, tells of
    that phone's apps now. `later` calls something after so many seconds; tests do it at once.
    """

    def __init__(
        self,
        *,
        put: Callable[[SensorEvent], None],
        classify: Callable[[AppFocused], Activity],
        clock: Clock,
        sees_apps: Callable[[str], bool] = lambda _: False,
        later: Callable[[float, Callable[[], None]], asyncio.TimerHandle] | None = None,
    ) -> None:
        self._put = put
        self._classify = classify
        self._clock = clock
        self._sees_apps = sees_apps
        self._later = later or (lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call))
        self.spoke: set[str] = set()
        self._heard: dict[str, _Heard] = {}
        self._waiting: dict[str, list[asyncio.Future[str | None]]] = {}

    def hear(self, device: str, told: PhoneEvent) -> None:
        """Put what the phone told into the inbox."""
        at = told.at or self._clock.now()
        self.spoke.add(device)
        if told.event == "notified":
            self._put(Notified(at=at, device=device))
            return
        heard = self._heard.setdefault(device, _Heard())
        heard.sign = at if heard.sign is None else max(at, heard.sign)
        match told.event:
            case "app_open":
                self._opened(device, told, at, heard)
            case "app_close":
                self._closed(device, told, at, heard)
            case "screen_on":
                self._put(LitUp(at=at, device=device))
            case "unlock":
                heard.in_hand = True
                self._put(PickedUp(at=at, device=device, blind=not self._sees_apps(device)))
            case "screen_off" | "put_away":
                heard.front, heard.in_hand = None, False
                self._put((LaidDown if told.event == "screen_off" else PutAway)(at=at, device=device))
        self._wait_for_a_sign(device, heard)

    def was_put_away(self, devices: Iterable[str]) -> None:
        """Say of these phones that they were put away before partner time began."""
        for device in devices:
            self._put(PutAway(at=self._clock.now(), device=device))

    async def answer(self, phone: Phone, told: PhoneEvent) -> str | None:
        """Put in what the phone told; return the nudge's sentence that follows from it at once, or None."""
        waiting: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(phone.name, []).append(waiting)
        self.hear(phone.name, told)
        return await waiting

    def carry(self, moment: Moment, words: NotificationText) -> bool:
        """Hand the words to the phone that waits for an answer now; return whether it does."""
        waiting = self._waiting.get(moment.device)
        if not waiting:
            return False
        first = waiting.pop(0)
        if first.done():
            return False
        first.set_result(f"{words.title} — {words.body}" if words.body else words.title)
        return True

    def decided(self) -> None:
        """Everything that was told has been decided about: nobody waits any longer."""
        for waiting in self._waiting.values():
            for each in waiting:
                if not each.done():
                    each.set_result(None)
        self._waiting.clear()

    def close(self) -> None:
        """Let go of every timer, and let nobody wait."""
        for heard in self._heard.values():
            if heard.timer is not None:
                heard.timer.cancel()
        self._heard.clear()
        self.decided()

    def forget(self, device: str) -> None:
        """Hear nothing more of the phone: it was removed."""
        heard = self._heard.pop(device, None)
        if heard is not None and heard.timer is not None:
            heard.timer.cancel()

    def _opened(self, device: str, told: PhoneEvent, at: datetime, heard: _Heard) -> None:
        app = AppFocused(at=at, device=device, app=told.app or "", category=told.category, opened=True)
        heard.front = (told.app or "", self._classify(app).category)
        if not self._sees_apps(device):
            self._put(app)

    def _closed(self, device: str, told: PhoneEvent, at: datetime, heard: _Heard) -> None:
        app = AppFocused(at=at, device=device, app=told.app or "", category=told.category)
        if heard.front is not None:
            open_app, category = heard.front
            names_both = bool(open_app and told.app)
            if open_app != told.app if names_both else category != self._classify(app).category:
                return
        heard.front = None
        if not self._sees_apps(device):
            self._put(Focused(at=at, device=device, activity=None))

    def _wait_for_a_sign(self, device: str, heard: _Heard) -> None:
        if heard.timer is not None:
            heard.timer.cancel()
            heard.timer = None
        if (heard.front is not None or heard.in_hand) and heard.sign is not None:
            left = (heard.sign + SILENCE - self._clock.now()).total_seconds()
            heard.timer = self._later(max(0.0, left), partial(self._fell_silent, device, heard))

    def _fell_silent(self, device: str, heard: _Heard) -> None:
        now = self._clock.now()
        since = heard.sign or now
        self._heard[device] = _Heard()
        if not self._sees_apps(device):
            self._put(Gap(at=now, device=device, since=since, reason=GapReason.SILENT, sense="focus"))
