"""Turn the events of phones into observations during one session, and record a gap when events stay away.

Invariant 1: a close event ends only what an open event opened: late and doubled ones change nothing.
Invariant 2: when an app is open, or a phone in the hand, and no event comes for ten minutes, the time from the last event on is
unknown. A notification is no event in this sense, because it arrives by itself.
Invariant 3: while a phone's apps are sensed by adb, its own app events are not used: adb sees them exactly.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import detector.core.observations as obs
from detector.clock import Clock
from detector.core.effects import Moment
from detector.devices import Phone
from detector.notifier.model import NotificationText
from detector.phone_api.model import PhoneEvent
from detector.sensors.model import AppFocused, SensorEvent

# Without another event within this time an open app counts as unknown: the event that closed it may be lost.
EVENT_TIMEOUT: Final = timedelta(minutes=10)

# An opening of the app in front within this time is a duplicate: two automations report the same opening.
SAME_OPENING: Final = timedelta(seconds=10)


@dataclass(slots=True)
class _PhoneState:
    """The last state of a phone. `front`: the app or category that was opened, and its category; `opened`: when, at last."""

    front: tuple[str, str] | None = None
    opened: datetime | None = None
    in_hand: bool = False
    last_event: datetime | None = None
    timer: asyncio.TimerHandle | None = None


class PhoneTracker:
    """Tracks the phones while one session lasts. `heard_from`: those that sent anything. Belongs to the loop's thread.

    `put` adds to the inbox, `classify` classifies an app. `sees_apps(device)`: whether adb senses that phone's apps now.
    `later` replaces `call_later` of the event loop in tests.
    """

    def __init__(
        self,
        *,
        put: Callable[[SensorEvent], None],
        classify: Callable[[AppFocused], obs.Activity],
        clock: Clock,
        sees_apps: Callable[[str], bool] = lambda _: False,
        later: Callable[[float, Callable[[], None]], asyncio.TimerHandle] | None = None,
    ) -> None:
        self.heard_from: set[str] = set()
        self._put = put
        self._classify = classify
        self._clock = clock
        self._sees_apps = sees_apps
        self._later = later or (lambda seconds, call: asyncio.get_running_loop().call_later(seconds, call))
        self._states: dict[str, _PhoneState] = {}
        self._waiting: dict[str, list[asyncio.Future[str | None]]] = {}

    def receive(self, device: str, event: PhoneEvent) -> None:
        at = event.at or self._clock.now()
        self.heard_from.add(device)
        if event.event == "notified":
            self._put(obs.Notified(at=at, device=device))
            return
        state = self._states.setdefault(device, _PhoneState())
        # The phone's clock, or a late delivery, may make this event the older one.
        state.last_event = at if state.last_event is None else max(at, state.last_event)
        match event.event:
            case "app_open":
                self._app_opened(device, event, at, state)
            case "app_close":
                self._app_closed(device, event, at, state)
            case "screen_on":
                self._put(obs.LitUp(at=at, device=device))
            case "unlock":
                state.in_hand, state.opened = True, None
                self._put(obs.PickedUp(at=at, device=device, blind=not self._sees_apps(device)))
            case "screen_off":
                state.front, state.in_hand = None, False
                self._put(obs.LaidDown(at=at, device=device))
            case "put_away":
                state.front, state.in_hand = None, False
                self._put(obs.PutAway(at=at, device=device))
        self._restart_timer(device, state)

    def put_away_before(self, devices: Iterable[str]) -> None:
        for device in devices:
            self._put(obs.PutAway(at=self._clock.now(), device=device))

    async def receive_and_wait(self, phone: Phone, event: PhoneEvent) -> str | None:
        """Receive the event; return the nudge that follows from it at once as one sentence, or None."""
        # Registered before the event is received: the loop may decide about it before this coroutine runs again.
        waiting: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(phone.name, []).append(waiting)
        self.receive(phone.name, event)
        return await waiting

    def show_nudge(self, moment: Moment, text: NotificationText) -> bool:
        """Answer the phone on which the moment was noticed with the text; return whether it waits for an answer."""
        waiting = self._waiting.get(moment.device)
        if not waiting:
            return False
        first = waiting.pop(0)
        if first.done():  # its connection broke off
            return False
        first.set_result(f"{text.title} — {text.body}" if text.body else text.title)
        return True

    def release_waiting_phones(self) -> None:
        """Answer every phone that still waits: no nudge followed from its event."""
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)
        self._waiting.clear()

    def close(self) -> None:
        """Cancel every timer, and answer every phone that waits."""
        for device in tuple(self._states):
            self.forget(device)
        self.release_waiting_phones()

    def forget(self, device: str) -> None:
        state = self._states.pop(device, None)
        if state is not None and state.timer is not None:
            state.timer.cancel()

    def _app_opened(self, device: str, event: PhoneEvent, at: datetime, state: _PhoneState) -> None:
        app = AppFocused(at=at, device=device, app=event.app or "", category=event.category, opened=True)
        front = (event.app or "", self._classify(app).category)
        is_duplicate = state.front == front and state.opened is not None and at - state.opened < SAME_OPENING
        state.front, state.opened = front, at
        if is_duplicate:
            return
        if not self._sees_apps(device):
            self._put(app)

    def _app_closed(self, device: str, event: PhoneEvent, at: datetime, state: _PhoneState) -> None:
        app = AppFocused(at=at, device=device, app=event.app or "", category=event.category)
        if state.front is not None:
            open_app, category = state.front
            # An automation may name the app in one of its two events and only the category in the other.
            names_both = bool(open_app and event.app)
            if open_app != event.app if names_both else category != self._classify(app).category:
                return
        state.front = None
        if not self._sees_apps(device):
            self._put(obs.Focused(at=at, device=device, activity=None))

    def _restart_timer(self, device: str, state: _PhoneState) -> None:
        if state.timer is not None:
            state.timer.cancel()
            state.timer = None
        if (state.front is not None or state.in_hand) and state.last_event is not None:
            left = (state.last_event + EVENT_TIMEOUT - self._clock.now()).total_seconds()
            state.timer = self._later(max(0.0, left), partial(self._silent, device, state))

    def _silent(self, device: str, state: _PhoneState) -> None:
        now = self._clock.now()
        since = state.last_event or now
        self._states[device] = _PhoneState()
        if not self._sees_apps(device):
            self._put(obs.Gap(at=now, device=device, since=since, reason=obs.GapReason.SILENT, sense="focus"))
