"""The running session agrees with what is declared: a real store, the real core, a clock set by hand, no desktop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.clock import ManualClock
from detector.config.settings import Settings
from detector.control.sd_notify import Systemd
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect
from detector.core.observations import (
    Activity,
    Answer,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    Resumed,
    Sense,
    SensorStarted,
)
from detector.core.pipeline import Pipeline
from detector.daemon.clock_watch import ClockWatch
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.loop import Loop
from detector.daemon.reconciler import Reconciler, Upcoming
from detector.daemon.session import CoreFailed, Session
from detector.daemon.wording import Wording
from detector.notifier.model import NotificationText
from detector.partner_time.model import Occurrence, PartnerTime
from detector.sensors.model import Toplevel
from detector.store.model import StoredOccurrence
from detector.store.store import Store
from rules.language import compile_condition
from rules.model import Page, Rule
from rules.policy import PolicySettings
from tests.rig.day import inbox_of_others

BEGINS = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
ENDS = BEGINS + timedelta(minutes=90)
SENSES: tuple[Sense, ...] = ("focus", "idle", "input")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def a_minute_of_feed() -> Rule:
    condition = compile_condition("category is social and dwell >= 60 s")
    page = Page(notices="", why="", wrong="", needs="", example="")
    return Rule(code="feed", name="A minute of scrolling", condition=condition, page=page, source="test")


class Sensors:
    """Sensors that say only what a test lets them say."""

    def __init__(self, put: Callable[[Observation], None], clock: ManualClock) -> None:
        self._put = put
        self._clock = clock
        self.running = False
        self.started = 0
        self.watched = ""
        self.finds: list[Observation] = []

    async def start(self) -> None:
        self.running = True
        self.started += 1
        for sense in SENSES:
            self._put(SensorStarted(at=self._clock.at, sense=sense, sensor="test"))

    async def start_presence_only(self, *, with_phones: bool) -> None:
        self.watched = "phones" if with_phones else "nobody's"
        for observation in self.finds:
            self._put(observation)

    async def stop(self) -> None:
        self.running = False

    def release_waiting_phones(self) -> None: ...


class FakeSender:
    """A notifier that remembers; while it is broken, it shows nothing."""

    def __init__(self, is_broken: Callable[[], bool] = lambda: False) -> None:
        self.is_broken = is_broken
        self.shown: list[int] = []
        self.texts: list[NotificationText] = []
        self.closed = False

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> str | None:
        if self.is_broken():
            return None
        self.shown.append(nudge)
        self.texts.append(words)
        return "voice"

    async def withdraw(self, nudge: int) -> None: ...

    async def close(self) -> None:
        self.closed = True


class Evening:
    """A daemon without a process: its loop is stepped by hand. A second one on the same store is a restart."""

    def __init__(self, path: Path, at: datetime) -> None:
        self.clock = ManualClock(at)
        self.slept = 0.0
        self.is_broken = False
        self.has_screen = True
        self.finds: list[Observation] = []
        self.store = Store.open(path)
        self.wake = asyncio.Event()
        self.sensors: list[Sensors] = []
        self.senders: list[FakeSender] = []
        self.effect_runners: list[EffectRunner] = []
        self.reconciler = Reconciler(store=self.store, open_session=self.open_session)
        self.upcoming = Upcoming()
        self.loop = Loop(
            clock=self.clock,
            reconciler=self.reconciler,
            wake=self.wake,
            restore_locks=lambda: None,
            after_reconcile=self.after_reconcile,
            systemd=Systemd(),
            clock_watch=ClockWatch(self.clock, lambda: self.slept),
        )

    def open_session(self, occurrence: Occurrence, stored_id: str) -> Session:
        inbox = inbox_of_others(self.clock, self.wake)
        self.sensors.append(Sensors(inbox.put, self.clock))
        self.sensors[-1].finds = self.finds
        self.senders.append(FakeSender(lambda: self.is_broken))
        self.effect_runners.append(
            EffectRunner(
                store=self.store,
                sender=self.senders[-1],
                wording=Wording(Settings(), began=occurrence.begins, rules={}),
                put=inbox.put,
                clock=self.clock,
            )
        )
        core = Pipeline([a_minute_of_feed()], PolicySettings(), AttentionSettings())
        return Session(
            occurrence=occurrence,
            stored_id=stored_id,
            core=core,
            inbox=inbox,
            sensors=self.sensors[-1],
            effect_runner=self.effect_runners[-1],
            has_screen=self.has_screen,
            why_not_shown=lambda: "it is broken",
            status_changed=lambda: None,
        )

    async def after_reconcile(self, coming: Upcoming) -> None:
        self.upcoming = coming

    @property
    def under_way(self) -> Session:
        assert self.reconciler.session is not None
        return self.reconciler.session

    async def at(self, at: datetime, *observations: Observation, asleep: float = 0.0, jump: float = 0.0) -> None:
        """Let time pass until `at`, asleep for part of it, or with the clock set by so much; then step."""
        self.clock.seconds += (at - self.clock.at).total_seconds() - asleep - jump
        self.slept += asleep
        self.clock.at = at
        for observation in observations:
            self.under_way.inbox.put(observation)
        await self.loop.step()
        await asyncio.sleep(0)
        if self.reconciler.session is not None:
            await self.effect_runners[-1].wait_until_shown()
            await self.loop.step()

    def kinds(self, occurrence: str) -> list[str]:
        return [type(observation).__name__ for observation in self.store.history.observations(occurrence)]

    def kept(self) -> dict[str, StoredOccurrence]:
        return {kept.id: kept for kept in self.store.history.occurrences()}


Make = Callable[[datetime], Evening]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "turntoward.sqlite"


@pytest.fixture
def evenings(path: Path) -> Iterator[Make]:
    made: list[Evening] = []

    def make(at: datetime) -> Evening:
        if not made:
            with Store.open(path) as store:
                store.plans.add(
                    PartnerTime(title="Dinner", begins=BEGINS.replace(tzinfo=None), lasts=ENDS - BEGINS, zone="UTC")
                )
        made.append(Evening(path, at))
        return made[-1]

    yield make
    for evening in made:
        evening.store.close()


THIS = "1@20261123T183000Z"


async def test_partner_time_begins_and_ends_as_planned_and_nothing_is_sensed_outside(evenings: Make) -> None:
    evening = evenings(BEGINS - minutes(10))
    await evening.at(BEGINS - minutes(10))
    assert (evening.sensors, evening.upcoming.wake_at) == ([], BEGINS)
    await evening.at(BEGINS + timedelta(milliseconds=300))
    assert evening.sensors[0].running
    assert evening.upcoming.wake_at == ENDS
    await evening.at(ENDS + timedelta(seconds=1))
    assert evening.reconciler.session is None
    assert not evening.sensors[0].running
    assert evening.senders[0].closed
    kept = evening.kept()[THIS]
    assert (kept.began, kept.ended, kept.end_reason) == (BEGINS, ENDS, "ended")
    assert "Gap" not in evening.kinds(THIS)
    assert list(evening.store.history.observations(THIS))[-1].at == ENDS


async def test_reconciling_again_changes_nothing(evenings: Make) -> None:
    evening = evenings(BEGINS)
    for second in range(5):
        evening.loop.request_reconcile()
        await evening.at(BEGINS + timedelta(seconds=second))
    assert evening.kinds(THIS) == ["PartnerTimeBegan", *["SensorStarted"] * 3]
    assert evening.sensors[0].started == 1


async def test_a_nudge_is_shown_once_and_recorded_as_shown(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    social = Focused(at=BEGINS + minutes(1), activity=Activity(category="social"))
    await evening.at(BEGINS + minutes(1), social)
    assert evening.under_way.deadline is not None
    for second in range(1, 61):
        at = BEGINS + minutes(1) + timedelta(seconds=second)
        await evening.at(at, InputCounted(at=at, scrolls=3))
    assert evening.senders[0].shown == [0, 1]
    (moment,) = evening.store.history.moments()
    assert (moment.decided, moment.shown_by) == ("nudged", "voice")


async def test_observations_after_the_planned_end_are_dropped(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    late = ENDS + timedelta(milliseconds=5)
    await evening.at(late + timedelta(milliseconds=5), Focused(at=late, activity=Activity(category="social")))
    assert evening.kinds(THIS)[-1] == "PartnerTimeEnded"
    assert "Focused" not in evening.kinds(THIS)


async def test_a_stopped_session_does_not_come_back(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    evening.store.plans.stop(THIS, BEGINS + minutes(10))
    evening.loop.request_reconcile()
    after = BEGINS + minutes(10) + timedelta(milliseconds=5)
    await evening.at(after, Focused(at=after, activity=Activity(category="social")))
    assert "Focused" not in evening.kinds(THIS)
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(11))
    assert evening.reconciler.session is None
    kept = evening.kept()
    assert list(kept) == [THIS]
    assert (kept[THIS].ended, kept[THIS].end_reason) == (BEGINS + minutes(10), "stopped")


LATER = ENDS + minutes(30)


def extensions(evening: Evening) -> list[tuple[datetime, datetime]]:
    return [(o.at, o.ends) for o in evening.store.history.observations(THIS) if isinstance(o, PartnerTimeExtended)]


async def test_an_extended_session_goes_on_and_is_neither_ended_nor_started_again(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    under_way = evening.under_way
    evening.store.plans.extend(THIS, LATER)
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(80))
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(81))
    assert evening.under_way is under_way
    assert extensions(evening) == [(BEGINS + minutes(80), LATER)]
    assert evening.upcoming.wake_at == LATER
    assert evening.kept()[THIS].ends == LATER
    await evening.at(ENDS + minutes(1), Focused(at=ENDS + minutes(1), activity=Activity(category="work")))
    assert evening.kinds(THIS)[-1] == "Focused"
    await evening.at(LATER + timedelta(seconds=1))
    assert evening.reconciler.session is None
    kept = evening.kept()
    assert list(kept) == [THIS]
    assert (kept[THIS].ends, kept[THIS].ended, kept[THIS].end_reason) == (LATER, LATER, "ended")
    assert evening.kinds(THIS).count("PartnerTimeBegan") == 1
    assert evening.sensors[0].started == 1


async def test_a_moment_across_the_planned_end_of_an_extended_session_is_noticed(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    social = ENDS - timedelta(seconds=30)
    await evening.at(social, Focused(at=social, activity=Activity(category="social")))
    evening.store.plans.extend(THIS, LATER)
    evening.loop.request_reconcile()
    for second in range(1, 61):
        at = social + timedelta(seconds=second)
        await evening.at(at, InputCounted(at=at, scrolls=3))
    # The second one names the later end.
    assert evening.senders[0].shown == [0, 0, 1]


async def test_an_extension_counts_even_if_the_loop_wakes_after_the_planned_end(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    evening.store.plans.extend(THIS, LATER)
    before, late = ENDS - timedelta(milliseconds=2), ENDS + timedelta(milliseconds=5)
    await evening.at(
        late + timedelta(milliseconds=5),
        Focused(at=before, activity=Activity(category="work")),
        Focused(at=late, activity=Activity(category="social")),
    )
    observations = list(evening.store.history.observations(THIS))
    assert [type(o).__name__ for o in observations[-3:]] == ["Focused", "PartnerTimeExtended", "Focused"]
    assert [o.at for o in observations[-3:]] == [before, ENDS - timedelta(microseconds=1), late]


async def test_an_occurrence_extended_at_the_instant_of_its_end_comes_back_for_the_rest(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(ENDS + timedelta(milliseconds=1))
    assert evening.reconciler.session is None
    # The command looked at its own clock just before the end.
    evening.store.plans.extend(THIS, LATER)
    evening.loop.request_reconcile()
    await evening.at(ENDS + timedelta(seconds=1))
    kept = evening.kept()
    assert (kept[THIS].ended, kept[THIS + "~2"].began, kept[THIS + "~2"].ends) == (
        ENDS,
        ENDS + timedelta(seconds=1),
        LATER,
    )
    await evening.at(LATER + timedelta(seconds=1))
    evening.loop.request_reconcile()
    await evening.at(LATER - timedelta(seconds=30), jump=-32)
    assert evening.reconciler.session is None
    assert len(evening.kept()) == 2


async def test_a_stop_after_an_extension_ends_the_session(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    evening.store.plans.extend(THIS, LATER)
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(80))
    evening.store.plans.stop(THIS, ENDS + minutes(10))
    evening.loop.request_reconcile()
    await evening.at(ENDS + minutes(10))
    kept = evening.kept()
    assert list(kept) == [THIS]
    assert (kept[THIS].ended, kept[THIS].end_reason) == (ENDS + minutes(10), "stopped")


async def test_a_pause_outlasts_the_extension(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    evening.store.plans.pause_until(ENDS + minutes(10))
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(80))
    evening.store.plans.extend(THIS, LATER)
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(81))
    await evening.at(ENDS + minutes(5))
    assert not evening.sensors[0].running
    await evening.at(ENDS + minutes(10))
    assert evening.sensors[0].running
    assert evening.kept()[THIS].ended is None


@pytest.mark.parametrize("heard", [True, False], ids=["heard before the kill", "wished while nobody ran"])
async def test_an_extended_session_is_resumed_after_a_restart_beyond_its_planned_end(
    evenings: Make, heard: bool
) -> None:
    before = evenings(BEGINS)
    await before.at(BEGINS)
    await before.at(BEGINS + minutes(80), Focused(at=BEGINS + minutes(80), activity=Activity(category="social")))
    before.store.plans.extend(THIS, LATER)
    if heard:
        before.loop.request_reconcile()
        await before.at(BEGINS + minutes(81))
    after = evenings(ENDS + minutes(5))
    await after.at(ENDS + minutes(5))
    assert after.under_way.stored_id == THIS
    assert after.under_way.occurrence.ends == LATER
    assert after.kinds(THIS).count("PartnerTimeExtended") == 1
    gaps = [o for o in after.store.history.observations(THIS) if isinstance(o, Gap)]
    assert [(gap.reason, gap.since, gap.at) for gap in gaps] == [
        (GapReason.RESTART, BEGINS + minutes(81 if heard else 80), ENDS + minutes(5))
    ]
    assert after.sensors[0].running
    at = ENDS + minutes(6)
    await after.at(at, Focused(at=at, activity=Activity(category="work")))
    assert after.kinds(THIS)[-1] == "Focused"
    await after.at(LATER + timedelta(seconds=1))
    assert [(kept.id, kept.ended, kept.end_reason) for kept in after.kept().values()] == [(THIS, LATER, "ended")]


@pytest.mark.parametrize("heard", [True, False], ids=["heard before the kill", "wished while nobody ran"])
async def test_an_extended_session_that_was_cut_off_is_closed_at_its_later_end(evenings: Make, heard: bool) -> None:
    before = evenings(BEGINS)
    await before.at(BEGINS)
    before.store.plans.extend(THIS, LATER)
    if heard:
        before.loop.request_reconcile()
        await before.at(BEGINS + minutes(81))
    after = evenings(LATER + minutes(600))
    await after.at(LATER + minutes(600))
    assert [(kept.id, kept.ends, kept.ended) for kept in after.kept().values()] == [(THIS, LATER, LATER)]
    assert [kept.id for kept in after.store.history.unfinished()] == []


async def test_sleep_across_the_planned_end_right_after_an_extension(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(80), CameBack(at=BEGINS + minutes(80)))
    evening.store.plans.extend(THIS, LATER)
    await evening.at(ENDS + minutes(5), asleep=15 * 60 - 1)
    extended, gap = [o for o in evening.store.history.observations(THIS) if isinstance(o, Gap | PartnerTimeExtended)]
    assert extended.at == BEGINS + minutes(80)
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.since, gap.at) == (GapReason.SUSPEND, BEGINS + minutes(80), ENDS + minutes(5))
    assert evening.under_way.stored_id == THIS
    assert evening.sensors[0].started == 2


async def test_an_overlapping_occurrence_begins_when_the_extended_one_is_over(evenings: Make) -> None:
    evening = evenings(BEGINS)
    evening.store.plans.add(PartnerTime(title="Walk", begins=ENDS.replace(tzinfo=None), lasts=minutes(60), zone="UTC"))
    await evening.at(BEGINS)
    evening.store.plans.extend(THIS, LATER)
    evening.loop.request_reconcile()
    await evening.at(ENDS + minutes(5))
    assert evening.under_way.stored_id == THIS
    await evening.at(LATER)
    assert evening.under_way.stored_id == "2@20261123T200000Z"
    assert [(kept.began, kept.ended) for kept in evening.kept().values()] == [(BEGINS, LATER), (LATER, None)]


async def test_a_removed_partner_time_ends_the_session_as_removed(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    evening.store.plans.remove(1)
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(10))
    assert evening.kept()[THIS].end_reason == "removed"
    assert evening.upcoming.wake_at is None


async def test_a_pause_stops_the_sensors_and_ends_by_itself(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    evening.store.plans.pause_until(BEGINS + minutes(30))
    evening.loop.request_reconcile()
    await evening.at(BEGINS + minutes(10))
    assert not evening.sensors[0].running
    assert evening.upcoming.wake_at == BEGINS + minutes(30)
    await evening.at(BEGINS + minutes(30))
    assert evening.sensors[0].running
    observations = list(evening.store.history.observations(THIS))
    assert [o.at for o in observations if isinstance(o, Paused | Resumed)] == [
        BEGINS + minutes(10),
        BEGINS + minutes(30),
    ]


async def test_a_kill_loses_nothing_and_a_restart_resumes_after_a_gap(evenings: Make) -> None:
    before = evenings(BEGINS)
    await before.at(BEGINS)
    await before.at(BEGINS + minutes(1), Focused(at=BEGINS + minutes(1), activity=Activity(category="social")))
    for second in range(1, 65):
        at = BEGINS + minutes(1) + timedelta(seconds=second)
        await before.at(at, InputCounted(at=at, scrolls=3))
    kept = before.kinds(THIS)
    last = list(before.store.history.observations(THIS))[-1].at

    after = evenings(BEGINS + minutes(20))
    await after.at(BEGINS + minutes(20))
    assert after.kinds(THIS)[: len(kept)] == kept
    gap = list(after.store.history.observations(THIS))[len(kept)]
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.since, gap.at) == (GapReason.RESTART, last, BEGINS + minutes(20))
    # That it goes on, and no nudge a second time.
    assert after.senders[0].shown == [0]
    assert len(after.store.history.moments()) == 1
    assert after.sensors[0].running


async def test_a_session_cut_off_in_the_past_is_closed_at_its_planned_end(evenings: Make) -> None:
    before = evenings(BEGINS)
    await before.at(BEGINS)
    after = evenings(ENDS + minutes(600))
    await after.at(ENDS + minutes(600))
    assert after.store.history.unfinished() == []
    assert after.kept()[THIS].ended == ENDS
    assert after.sensors[0].started == 0


async def test_sleep_across_the_end_ends_the_session_at_its_planned_end(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(10), CameBack(at=BEGINS + minutes(10)))
    await evening.at(ENDS + minutes(60), asleep=140 * 60 - 1)
    observations = list(evening.store.history.observations(THIS))
    gap, ended = observations[-2:]
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.since) == (GapReason.SUSPEND, BEGINS + minutes(10))
    assert timedelta(0) < ENDS - gap.at <= timedelta(microseconds=1)
    assert evening.sensors[0].started == 1
    assert isinstance(ended, PartnerTimeEnded)
    assert evening.kept()[THIS].ended == ENDS


async def test_a_sleep_in_the_middle_is_a_gap_and_the_sensors_are_restarted(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(1), Focused(at=BEGINS + minutes(1), activity=Activity(category="social")))
    await evening.at(BEGINS + minutes(30), asleep=29 * 60 - 1)
    assert evening.kinds(THIS)[-4:] == ["Gap", *["SensorStarted"] * 3]
    assert evening.sensors[0].started == 2
    assert evening.store.history.moments() == []


async def test_sleep_across_the_start_is_a_gap(evenings: Make) -> None:
    evening = evenings(BEGINS - minutes(10))
    await evening.at(BEGINS - minutes(10))
    await evening.at(BEGINS + minutes(30), asleep=40 * 60 - 1)
    began, gap, *_ = evening.store.history.observations(THIS)
    assert isinstance(began, PartnerTimeBegan)
    assert began.at == BEGINS
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.since, gap.at) == (GapReason.SUSPEND, BEGINS, BEGINS + minutes(30))


async def test_a_clock_set_back_ends_the_session_and_starts_one_with_another_id(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(40))
    await evening.at(BEGINS + minutes(10), jump=-30 * 60 - 1)
    kept = evening.kept()
    assert kept[THIS].end_reason == "clock_jump"
    assert kept[THIS].ended == BEGINS + minutes(40)
    assert kept[THIS + "~2"].ended is None
    assert kept[THIS + "~2"].began == BEGINS + minutes(10)


async def test_a_clock_set_back_before_the_end_does_not_restart_an_ended_session(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(ENDS + timedelta(seconds=1))
    await evening.at(ENDS - timedelta(seconds=30), jump=-32)
    assert evening.reconciler.session is None
    assert list(evening.kept()) == [THIS]


async def test_a_failure_of_the_core_carries_the_last_observations(
    evenings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)

    def fails(self: Pipeline, seen: Observation) -> tuple[Effect, ...]:
        raise ZeroDivisionError

    monkeypatch.setattr(Pipeline, "feed", fails)
    with pytest.raises(CoreFailed) as failure:
        await evening.at(BEGINS + minutes(1), CameBack(at=BEGINS + minutes(1)))
    assert [type(observation).__name__ for observation in failure.value.observations][-1] == "CameBack"


async def test_a_session_that_makes_the_core_fail_again_is_closed_and_the_daemon_goes_on(
    evenings: Make, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    before = evenings(BEGINS)
    await before.at(BEGINS)
    feed = Pipeline.feed

    def fails_once(self: Pipeline, seen: Observation) -> tuple[Effect, ...]:
        if isinstance(seen, Gap) and seen.reason is GapReason.RESTART and seen.since < BEGINS + minutes(1):
            raise ZeroDivisionError
        return feed(self, seen)

    monkeypatch.setattr(Pipeline, "feed", fails_once)
    after = evenings(BEGINS + minutes(5))
    await after.at(BEGINS + minutes(5))
    assert after.kept()[THIS].end_reason == "removed"
    assert after.under_way.stored_id == THIS + "~2"
    assert list((home / ".local/state/turntoward").glob("failure-*.jsonl"))


def test_the_repr_of_a_toplevel_has_no_title() -> None:
    assert "secret" not in repr(Toplevel(app_id="x", title="secret"))
