"""A daemon without a process, on any store: the real loop, reconciler and core; its sensors and its notifier are fakes.

Invariant 1: time passes only where a test lets it, and the daemon is woken where a real one would be: at boundaries, at the
core's deadlines, and where a command wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from detector.clock import ManualClock
from detector.control.sd_notify import Systemd
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment, NotifyStart
from detector.core.observations import Activity, Answer, Focused, Observation, Sense, SensorStarted
from detector.core.pipeline import Pipeline
from detector.daemon.clock_watch import ClockWatch
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.inbox import Inbox
from detector.daemon.loop import Loop
from detector.daemon.reconciler import Reconciler, Upcoming
from detector.daemon.session import Session
from detector.daemon.wording import Wording
from detector.notifier.model import NotificationText
from detector.partner_time.model import Occurrence
from detector.store.store import Store
from rules.language import compile_condition
from rules.model import Page, Rule
from rules.policy import PolicySettings

GREETING: Final = "greeting"
GOES_ON: Final = "goes on"
NUDGE: Final = "nudge"
SENSES: Final[tuple[Sense, ...]] = ("focus", "idle", "input")


def a_minute_of_feed() -> Rule:
    """Return the rule that the day is judged by."""
    condition = compile_condition("category is social and dwell >= 60 s")
    page = Page(notices="", why="", wrong="", needs="", example="")
    return Rule(code="feed", name="A minute of scrolling", condition=condition, page=page, source="test")


def core() -> Pipeline:
    """Return a core that may nudge at any time: no cool-down, no grace, a large budget."""
    policy = PolicySettings(
        cool_down=timedelta(0), rule_cool_down=timedelta(0), budget=99, quiet_after=0, grace=timedelta(0)
    )
    return Pipeline([a_minute_of_feed()], policy, AttentionSettings(fleeting=timedelta(0)))


def inbox_of_others(clock: ManualClock, wake: asyncio.Event) -> Inbox:
    """Return an inbox for which every toplevel and app is of the category "other"."""
    other = Activity(category="other")
    return Inbox(classify=lambda _: other, classify_app=lambda _: other, clock=clock, arrived=wake)


class Sensors:
    """Sensors that report only that they have started."""

    def __init__(self, put: Callable[[Observation], None], clock: ManualClock) -> None:
        self._put = put
        self._clock = clock
        self.running = False

    async def start(self) -> None:
        """Report a start of every sense."""
        self.running = True
        for sense in SENSES:
            self._put(SensorStarted(at=self._clock.at, sense=sense, sensor="test"))

    async def start_presence_only(self, *, with_phones: bool) -> None:
        """Find that somebody is there, as nothing says otherwise."""

    async def stop(self) -> None:
        """Report nothing any more."""
        self.running = False

    def release_waiting_phones(self) -> None:
        """Do nothing."""


class FixedWording(Wording):
    """Texts that a test can tell apart."""

    def __init__(self) -> None:
        """Need nothing."""

    def nudge(self, moment: Moment) -> NotificationText:
        """Return the number of the moment as the body."""
        return NotificationText(title=NUDGE, body=str(moment.number))

    def start(self, event: NotifyStart) -> NotificationText:
        """Return the same for every start."""
        del event
        return NotificationText(title=GREETING, body="")

    def resumed(self, ends: datetime, now: datetime) -> NotificationText:
        """Return the same for every pause."""
        del ends, now
        return NotificationText(title=GOES_ON, body="")


class FakeSender:
    """A notifier that remembers what it showed, and when."""

    def __init__(self, said: list[tuple[datetime, str]], clock: ManualClock) -> None:
        self._said = said
        self._clock = clock

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> str:
        """Remember the title."""
        del nudge, answered
        self._said.append((self._clock.at, words.title))
        return "fake"

    async def withdraw(self, nudge: int) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""


class Day:
    """One run of the daemon, from its start to its end, however that comes. A second one on the same store is a restart."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.slept = 0.0
        self.wake = asyncio.Event()
        self.sensors: list[Sensors] = []
        self.said: list[tuple[datetime, str]] = []
        self._effect_runner: EffectRunner | None = None
        self.reconciler = Reconciler(store=store, open_session=self._open_session)
        self.loop = Loop(
            clock=clock,
            reconciler=self.reconciler,
            wake=self.wake,
            restore_locks=lambda: None,
            after_reconcile=self._after_reconcile,
            systemd=Systemd(),
            clock_watch=ClockWatch(clock, lambda: self.slept),
        )

    def _open_session(self, occurrence: Occurrence, stored_id: str) -> Session:
        inbox = inbox_of_others(self.clock, self.wake)
        self.sensors.append(Sensors(inbox.put, self.clock))
        self._effect_runner = EffectRunner(
            store=self.store,
            sender=FakeSender(self.said, self.clock),
            wording=FixedWording(),
            put=inbox.put,
            clock=self.clock,
        )
        return Session(
            occurrence=occurrence,
            stored_id=stored_id,
            core=core(),
            inbox=inbox,
            sensors=self.sensors[-1],
            effect_runner=self._effect_runner,
            why_not_shown=str,
            status_changed=lambda: None,
        )

    async def _after_reconcile(self, coming: Upcoming) -> None:
        del coming

    async def step(self, *, woken_by_command: bool = False) -> None:
        """Let the loop do what is due now; `woken_by_command`: as after SIGHUP."""
        if woken_by_command:
            self.loop.request_reconcile()
        await self.loop.step()
        await asyncio.sleep(0)
        if self.reconciler.session is not None and self._effect_runner is not None:
            await self._effect_runner.wait_until_shown()
            await self.loop.step()

    async def advance(self, by: timedelta) -> Iterator[datetime]:
        """Let time pass, awake, and return the instants at which the daemon woke."""
        until, woken = self.clock.at + by, []
        while True:
            under_way = self.reconciler.session
            wanted = [until, self.reconciler.upcoming.wake_at, under_way.deadline if under_way is not None else None]
            at = min(each for each in wanted if each is not None)
            self.pass_until(max(at, self.clock.at))
            await self.step()
            woken.append(self.clock.at)
            if self.clock.at >= until:
                return iter(woken)

    def pass_until(self, at: datetime) -> None:
        """Let both clocks go on."""
        self.clock.seconds += (at - self.clock.at).total_seconds()
        self.clock.at = at

    def see(self, category: str) -> None:
        """Let something come to the front, where that is sensed."""
        under_way = self.reconciler.session
        if under_way is not None and self.sensors[-1].running:
            under_way.inbox.put(Focused(at=self.clock.at, activity=Activity(category=category)))

    async def kill(self) -> None:
        """End without a word: nothing is kept, nothing is closed."""
        if self._effect_runner is not None:
            await self._effect_runner.close()
