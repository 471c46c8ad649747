"""Laws of importing: twice is once, an interrupted import gives the same, and silence never becomes presence."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.core.attention.device_state import SAME_PICK_UP
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.time_split import split_time
from detector.core.effects import Moment, Record
from detector.core.observations import (
    Activity,
    Focused,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
)
from detector.core.pipeline import Pipeline
from detector.importing.timeline import known_length, known_states, to_microseconds
from detector.importing.tracks import SourceHost
from detector.partner_time.model import PartnerTime
from detector.store.history import HistoryStore
from detector.store.store import Store
from rules.model import Reason
from rules.policy import PolicySettings
from tests.rig.activitywatch_history import History, days, event, utc
from tests.rig.examples import examples
from tests.rig.importing import BEGAN, BERLIN, after_seconds, built_in, import_history, sanitize_history, stored_history

LASTS = 7200.0
TITLES = ("x • Instagram — Mozilla Firefox", "x — Mozilla Firefox", "Cats - YouTube — Mozilla Firefox")
PACKAGES = ("com.instagram.android", "com.whatsapp", "com.google.android.deskclock")
EVENINGS = [BEGAN - timedelta(days=step) for step in range(3)]

seconds = st.floats(-900, LASTS + 900, width=32).map(lambda at: round(at, 3))
lasting = st.one_of(st.just(0.0), st.floats(0, 1500, width=32).map(lambda lasted: round(lasted, 3)))
rows = st.lists(st.tuples(st.integers(0, 2), seconds, lasting, st.integers(0, 2)), max_size=25)


@st.composite
def histories(draw: st.DrawFn) -> History:
    history = History()
    # Something long after, so that the last evening is reached.
    reach = event(after_seconds(LASTS + 3600), 1, app="code", title="x")
    history.front(reach)
    history.apps(event(after_seconds(LASTS + 3600), 1, app="X", package="com.whatsapp"))
    for evening, at, lasted, which in draw(rows):
        history.front(event(_at(evening, at), lasted, app="firefox", title=TITLES[which]))
    for evening, at, lasted, which in draw(rows):
        history.apps(event(_at(evening, at), lasted, app="X", package=PACKAGES[which]))
    for evening, at, _, _ in draw(rows):
        history.unlocks(event(_at(evening, at), 0))
    if draw(st.booleans()):
        for evening, at, lasted, which in draw(rows):
            history.afk(event(_at(evening, at), lasted, status=("afk", "not-afk", "not-afk")[which]))
    if draw(st.booleans()):
        for evening, at, lasted, which in draw(rows):
            history.tabs(event(_at(evening, at), lasted, title=TITLES[which].rpartition(" — ")[0], url=""))
    return history


def _at(evening: int, at: float) -> Any:
    return EVENINGS[evening] + timedelta(seconds=at)


def store() -> Store:
    made = Store.in_memory()
    local = BEGAN.astimezone(BERLIN).replace(tzinfo=None)
    made.plans.add(
        PartnerTime(
            title="Dinner",
            begins=local + timedelta(days=7),
            lasts=timedelta(seconds=LASTS),
            zone="Europe/Berlin",
            recurrence="FREQ=DAILY",
        )
    )
    return made


class Broken(Exception):
    """The power went."""


class BreakingHistory(HistoryStore):
    """Saves so often as `left` says, and then raises `Broken`."""

    left = 0

    def save(self, records: Any) -> None:
        if self.left == 0:
            raise Broken
        self.left -= 1
        super().save(records)


@settings(max_examples=examples(150))
@given(histories())
def test_importing_twice_is_importing_once(history: History) -> None:
    kept = store()
    import_history(kept, history)
    once = stored_history(kept)
    again = import_history(kept, history)
    assert stored_history(kept) == once
    assert (again.added, again.extended) == (0, 0)
    assert all(tally.used == 0 for tally in again.devices.values())


@settings(max_examples=examples(100))
@given(histories(), st.integers(0, 3))
def test_an_interrupted_import_gives_the_same_result(history: History, kept_first: int) -> None:
    whole = store()
    import_history(whole, history)
    broken = Store.in_memory()
    broken.history = history_of_broken = BreakingHistory(broken._database)
    broken.plans.add(whole.plans.partner_times()[0])
    history_of_broken.left = kept_first
    try:
        import_history(broken, history)
    except Broken:
        history_of_broken.left = 10**9
        import_history(broken, history)
    assert stored_history(broken) == stored_history(whole)


@settings(max_examples=examples(100))
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(history: History, shuffling: random.Random) -> None:
    kept, other = store(), store()
    import_history(kept, history)
    for bucket in history.buckets.values():
        shuffling.shuffle(bucket["events"])
    import_history(other, history)
    before, now = stored_history(kept), stored_history(other)
    # Of two different events at one and the same instant either may be the later one.
    if _is_unambiguous(history):
        assert now == before


def _is_unambiguous(history: History) -> bool:
    for bucket in history.buckets.values():
        instants = [each["timestamp"] for each in bucket["events"]]
        if len(set(instants)) < len(instants):
            return False
    return True


def covered_length(host: SourceHost, begins: int, ends: int, unbounded: set[int]) -> int:
    """Return how long anything is known, in microseconds, without the uses of unknown length, which begin at `unbounded`.

    Such a use is neither presence nor use: the device is unknown from its beginning to the next report.
    """
    states = known_states(host, begins, ends)
    unlocks = [at for at in host.tracks["unlock"].began if begins <= at < ends] if "unlock" in host.tracks else []
    known = known_length(states, ends)
    changes = [*(state.at for state in states), ends]
    is_known = {state.at: state.is_known for state in states}
    for began in unbounded:
        # Where the use itself began with a state that knows nothing, nothing is to be taken off.
        last = max((at for at in is_known if at <= began), default=begins)
        if is_known[last]:
            # An unlock just after the app came to the front belongs to the same pick-up.
            later = [at for at in unlocks if at - began >= SAME_PICK_UP // timedelta(microseconds=1)]
            known -= min([*(at for at in changes if at > began), *later]) - began
    return known


@settings(max_examples=examples(150))
@given(histories())
def test_exactly_what_is_known_is_stored(history: History) -> None:
    kept = store()
    report = import_history(kept, history)
    tracks, _ = sanitize_history(history)
    for occurrence in kept.history.occurrences():
        assert occurrence.ended is not None
        begins, ends = to_microseconds(occurrence.began), to_microseconds(occurrence.ended)
        for device in ("laptop", "phone"):
            of_it = [host for host in tracks.hosts.values() if host.device == device]
            covered = sum(
                to_microseconds(each.coverage.ended) - to_microseconds(each.coverage.began)
                for each in kept.history.coverage()
                if each.occurrence == occurrence.id and each.coverage.device == device
            )
            unbounded = {
                to_microseconds(each.use.began)
                for each in kept.history.uses()
                if each.occurrence == occurrence.id and each.use.device == device and each.use.ended == each.use.began
            }
            best = max(
                of_it, key=lambda host: known_length(known_states(host, begins, ends), ends), default=SourceHost(device)
            )
            assert covered == covered_length(best, begins, ends, unbounded)
        uses = [each.use for each in kept.history.uses() if each.occurrence == occurrence.id]
        coverage = [each.coverage for each in kept.history.coverage() if each.occurrence == occurrence.id]
        share = split_time(uses, coverage, occurrence.began, occurrence.ended).totals
        assert share.known <= occurrence.ended - occurrence.began
    for tally in report.devices.values():
        assert tally.read == tally.used + tally.outside + tally.duplicate + tally.deferred + tally.invalid
        assert tally.outside >= 0


@settings(max_examples=examples(150))
@given(histories())
def test_no_nudge_is_shown_about_the_past(history: History) -> None:
    kept = store()
    import_history(kept, history)
    for moment in kept.history.moments():
        assert (moment.decided, moment.reason) == ("suppressed", Reason.IMPORTED)
        assert (moment.shown_by, moment.answer, moment.answered_at, moment.outcome) == (None, None, None, None)


@pytest.mark.thorough
def test_the_generator_reaches_moments() -> None:
    found = 0

    @settings(max_examples=examples(30), database=None, derandomize=True)
    @given(histories())
    def count(history: History) -> None:
        nonlocal found
        kept = store()
        import_history(kept, history)
        found += len(kept.history.moments())

    count()
    assert found > 10


def live(kept: Store, *devices: str, category: str = "other", later: float = 0) -> list[Observation]:
    """Keep an evening as it was observed live, on these devices."""
    name, ends = f"1@{EVENINGS[1]:%Y%m%dT%H%M%SZ}", EVENINGS[1] + timedelta(seconds=LASTS)
    seen: list[Observation] = [PartnerTimeBegan(at=EVENINGS[1], occurrence=name, title="Dinner", ends=ends)]
    for device in devices:
        seen.append(SensorStarted(at=EVENINGS[1], device=device, sense="focus", sensor="x"))
        at = EVENINGS[1] + timedelta(seconds=later)
        seen.append(Focused(at=at, device=device, activity=Activity(category=category)))
    seen.append(InputCounted(at=EVENINGS[1] + timedelta(seconds=later + 9), keys=1))
    core = Pipeline(built_in(), PolicySettings(), AttentionSettings())
    for each in (*seen, PartnerTimeEnded(at=ends)):
        kept.history.save([effect for effect in core.feed(each) if isinstance(effect, Record)])
    return seen


@settings(max_examples=examples(100))
@given(histories(), st.sampled_from([(), ("laptop",), ("phone",), ("laptop", "phone"), ("tablet",)]))
def test_stored_occurrences_are_unchanged_and_observed_devices_are_not_added(
    history: History, devices: tuple[str, ...]
) -> None:
    kept = store()
    live(kept, *devices)
    name = f"1@{EVENINGS[1]:%Y%m%dT%H%M%SZ}"
    before = stored_history(kept)
    report = import_history(kept, history)
    now = stored_history(kept)
    for what in ("uses", "coverage"):
        assert [each for each in before[what] if each not in now[what]] == []
        added = [each for each in now[what] if each.occurrence == name and each not in before[what]]
        assert all((each.use if what == "uses" else each.coverage).device not in devices for each in added)
    new = list(now["observations"][name])
    for each in before["observations"][name]:
        new.remove(each)
    assert [each for each in now["observations"][name] if each not in new] == before["observations"][name]
    assert not any(isinstance(each, PartnerTimeBegan | PartnerTimeEnded) for each in new)
    assert not {each.device for each in new} & set(devices)
    assert [each for each in now["occurrences"] if each.id == name] == before["occurrences"]
    assert [each for each in before["moments"] if each not in now["moments"]] == []
    _numbers_are_given_once(kept)
    again = import_history(kept, history)
    assert stored_history(kept) == now
    assert again.extended == 0
    assert report.extended <= 1


def _numbers_are_given_once(kept: Store) -> None:
    for occurrence in kept.history.occurrences():
        numbers = [each.use.number for each in kept.history.uses() if each.occurrence == occurrence.id]
        numbers += [each.coverage.number for each in kept.history.coverage() if each.occurrence == occurrence.id]
        assert len(numbers) == len(set(numbers))
        uses = {each.use.number: each.use for each in kept.history.uses() if each.occurrence == occurrence.id}
        moments: list[Moment] = [each for each in kept.history.moments() if each.occurrence == occurrence.id]
        for moment in moments:
            if moment.use in uses:
                assert uses[moment.use].device == moment.device
                assert uses[moment.use].activity.category == moment.category


def test_an_added_device_is_numbered_after_stored_ones_and_sees_their_observations() -> None:
    kept, history = store(), History()
    live(kept, "laptop", category="social", later=3600)
    began = EVENINGS[1]
    for step in range(6):
        at = began + timedelta(seconds=100 + 500 * step)
        history.apps(event(at, 300, app="X", package="com.instagram.android"))
    history.apps(event(after_seconds(LASTS + 3600), 1, app="X", package="com.whatsapp"))
    before, live_moments = len(kept.history.uses()), kept.history.moments()
    assert live_moments
    report = import_history(kept, history, phone="my phone")
    assert report.extended == 1
    added = [
        each.use
        for each in kept.history.uses()
        if each.use.device == "my phone" and each.use.began < began + timedelta(hours=2)
    ]
    assert len(added) == 6
    assert min(use.number for use in added) > before
    moments = [each for each in kept.history.moments() if each.device == "my phone"]
    assert moments
    assert [each for each in kept.history.moments() if each.device == "laptop"] == live_moments
    assert min(each.number for each in moments) > max(each.number for each in live_moments)
    assert all(moment.use in {use.number for use in added} for moment in moments)


def test_a_dry_run_keeps_nothing_and_counts_the_same() -> None:
    kept, history = store(), days(utc(2026, 11, 17), 5)
    dry = import_history(kept, history, keeps=False)
    assert stored_history(kept)["occurrences"] == []
    assert import_history(kept, history) == dry
    assert dry.added > 2


def test_partner_time_beyond_the_data_is_deferred() -> None:
    kept, history = store(), History()
    history.front(event(after_seconds(0), LASTS - 1, app="firefox", title=TITLES[0]))
    report = import_history(kept, history)
    assert (report.added, report.deferred, report.counts("laptop").deferred) == (0, 1, 1)
    history.front(event(after_seconds(LASTS - 1), 1, app="firefox", title=TITLES[0]))
    assert import_history(kept, history).added == 1


def test_of_several_computers_the_one_with_the_most_known_time_is_used() -> None:
    kept, history = store(), History()
    history.front(event(after_seconds(0), 300, app="firefox", title=TITLES[0]), host="old")
    history.front(event(after_seconds(0), 3000, app="firefox", title=TITLES[1]))
    for host in ("old", "desk"):
        history.front(event(after_seconds(LASTS + 9), 9, app="code", title="x"), host=host)
    import_history(kept, history)
    assert {each.use.activity.category for each in kept.history.uses()} == {"unknown"}
