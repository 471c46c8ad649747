"""Whatever may be observed comes back as it was; the two stores agree; and what was forgotten is gone."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
import sqlite_utils  # noqa: F401 - imported here, so that opening a file needs no child
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from detector.core.effects import Coverage, Moment, Record, Use
from detector.core.observations import KINDS, Activity, Observation, PartnerTimeBegan, PartnerTimeExtended, PickedUp
from detector.devices import Phone
from detector.errors import UserError
from detector.partner_time.model import DEFAULT_TITLE
from detector.store.codec import INTEGERS, TEXT, Codec, InvalidObservation
from detector.store.recordings import read_recording, shift, write_recording
from detector.store.store import Store
from rules.features import CATEGORIES
from tests.rig.examples import examples
from tests.rig.stored_records import after_minutes, begins, covered, ends, moment, seen, use

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))
ACTIVITIES = st.builds(Activity, category=st.sampled_from(CATEGORIES), name=st.none() | WORDS)


def values(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) in (UnionType, Union):
        return st.one_of(*(values(part) for part in get_args(hint)))
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if hint is NoneType:
        return st.none()
    plain: dict[Any, st.SearchStrategy[Any]] = {
        datetime: INSTANTS,
        str: WORDS,
        int: st.integers(0, 2**63 - 1),
        bool: st.booleans(),
        Activity: ACTIVITIES,
    }
    return plain[hint] if hint in plain else st.sampled_from(list(hint))


def observations_of(kind: type[Observation]) -> st.SearchStrategy[Observation]:
    hints = get_type_hints(kind)
    needed = {field.name: values(hints[field.name]) for field in fields(kind) if field.default is MISSING}
    more = {field.name: values(hints[field.name]) for field in fields(kind) if field.default is not MISSING}
    return st.fixed_dictionaries(needed, optional=more).map(lambda given: kind(**given)).map(_sensible)


def _sensible(observation: Observation) -> Observation:
    # What begins before it ends is part of what the words mean.
    changes: dict[str, Any] = {}
    if "since" in observation.__dataclass_fields__:
        changes["since"] = min(observation.at, observation.since)  # type: ignore[attr-defined]
    if "ends" in observation.__dataclass_fields__:
        changes["ends"] = max(observation.at, observation.ends)  # type: ignore[attr-defined]
    return replace(observation, **changes)


ANY = st.one_of(*(observations_of(kind) for kind in KINDS.values()))


@pytest.mark.parametrize("codec", [INTEGERS, TEXT], ids=["integers", "text"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_of_observation_survives_encoding_and_decoding(kind: type[Observation], codec: Codec) -> None:
    @settings(max_examples=examples(40))
    @given(observations_of(kind))
    def comes_back(observation: Observation) -> None:
        plain = json.loads(json.dumps(codec.write(observation)))
        again = codec.read(plain.pop("kind"), plain)
        assert again == observation
        assert type(again) is kind
        assert all(getattr(again, name).tzinfo is UTC for name in codec.instants_of(again))

    comes_back()


@settings(max_examples=examples(150))
@given(ANY, st.data())
def test_a_missing_or_unknown_field_or_a_wrong_type_is_an_error(observation: Observation, data: Any) -> None:
    plain = TEXT.write(observation)
    kind = plain.pop("kind")
    harm = data.draw(st.sampled_from(["missing", "unknown", "type"]))
    if harm == "missing":
        needed = [field.name for field in fields(observation) if field.default is MISSING]
        del plain[data.draw(st.sampled_from(needed))]
    elif harm == "unknown":
        plain["titel"] = "x"
    else:
        name = data.draw(st.sampled_from(sorted(plain)))
        plain[name] = data.draw(st.sampled_from([3.5, [], {"x": 1}, -1]))
    event(harm)
    with pytest.raises(InvalidObservation):
        TEXT.read(kind, plain)


@settings(max_examples=examples(60))
@given(st.lists(ANY, max_size=12))
def test_a_recording_is_read_as_it_was_written_but_for_the_title(observed: list[Observation]) -> None:
    observed.sort(key=lambda observation: observation.at)
    file = io.StringIO()
    assert write_recording(file, observed, note="an evening") == len(observed)
    told = [replace(one, title=DEFAULT_TITLE) if isinstance(one, PartnerTimeBegan) else one for one in observed]
    assert list(read_recording(io.BytesIO(file.getvalue().encode()))) == told


@settings(max_examples=examples(60))
@given(ANY, st.timedeltas(timedelta(days=-200), timedelta(days=200)))
def test_shifting_moves_every_instant_and_nothing_else(observation: Observation, by: timedelta) -> None:
    (moved,) = shift([observation], by)
    hints = get_type_hints(type(observation))
    for field in fields(observation):
        before, now = getattr(observation, field.name), getattr(moved, field.name)
        assert now == (before + by if hints[field.name] is datetime else before)


MINUTES = st.integers(0, 120)
EVENINGS = st.sampled_from(["1@a", "2@b"])


def _later(draw: Callable[..., Any], began: int) -> float | None:
    lasts = draw(st.none() | st.integers(0, 30))
    return None if lasts is None else began + lasts


@st.composite
def records(draw: Callable[..., Any]) -> Record:
    occurrence, at = draw(EVENINGS), draw(MINUTES)
    number = draw(st.integers(1, 3))
    match draw(st.integers(0, 7)):
        case 0:
            return begins(occurrence, at=at, lasts=draw(st.integers(1, 90)))
        case 1:
            return ends(occurrence, at=at, reason=draw(st.sampled_from(["ended", "stopped"])))
        case 2:
            return use(number, at, _later(draw, at), occurrence=occurrence)
        case 3:
            return covered(number, at, at + draw(st.integers(0, 30)), occurrence=occurrence)
        case 4:
            return moment(number, at, _later(draw, at), occurrence=occurrence)
        case 5:
            extended = PartnerTimeExtended(at=after_minutes(at), ends=after_minutes(at + draw(st.integers(1, 60))))
            return seen(extended, occurrence=occurrence)
        case 6:
            return seen(PickedUp(at=after_minutes(at), device="phone"), occurrence=occurrence)
        case _:
            return seen(
                replace(draw(observations_of(KINDS["InputCounted"])), at=after_minutes(at)), occurrence=occurrence
            )


NUMBERS, CODES = st.integers(1, 3), st.sampled_from(["c1", "c2"])
PHONES = st.builds(
    Phone,
    name=st.sampled_from(["my phone", "My phone", "tablet", "laptop"]),
    number=st.none() | NUMBERS,
    token=st.none() | st.just("t0"),
    code=st.none() | CODES,
    code_until=st.none() | MINUTES.map(after_minutes),
)
Step = tuple[str, Any]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.lists(records(), max_size=6)),
        st.tuples(st.just("keep"), st.lists(records(), max_size=6)),
        st.tuples(st.just("forget"), st.tuples(MINUTES, MINUTES).map(sorted)),
        st.tuples(st.just("prune"), MINUTES),
        st.tuples(st.just("forget_all"), st.tuples(MINUTES, st.booleans())),
        st.tuples(st.just("plans.stop"), st.tuples(EVENINGS, MINUTES.map(after_minutes))),
        st.tuples(st.just("plans.extend"), st.tuples(EVENINGS, MINUTES.map(after_minutes))),
        st.tuples(st.just("phones.save"), st.tuples(PHONES)),
        st.tuples(st.just("phones.remove"), st.tuples(NUMBERS)),
        st.tuples(
            st.just("phones.claim_code"), st.tuples(CODES, st.sampled_from(["t1", "t2"]), MINUTES.map(after_minutes))
        ),
        st.tuples(st.just("unknown"), st.tuples(EVENINGS, st.sampled_from("ab"), st.booleans(), st.booleans())),
    ),
    max_size=8,
)


def _take(store: Store, step: Step) -> Any:
    name, given = step
    try:
        if name == "keep":
            return store.history.save(given)
        if name == "forget":
            return store.forget(after_minutes(given[0]), now=after_minutes(given[1]))
        if name == "prune":
            return store.prune(after_minutes(given))
        if name == "unknown":
            occurrence, app, names, first = given
            return store.history.count_unknown_app(occurrence, "phone", app, names=names, first=first)
        if name != "forget_all":
            return attrgetter(name)(store)(*given)
        return store.forget_all(now=after_minutes(given[0]), plans=given[1])
    except Exception as refused:  # noqa: BLE001 - both must refuse alike
        return type(refused), str(refused)


def _all(store: Store) -> Any:
    return (
        store.history.occurrences(),
        store.history.uses(),
        store.history.coverage(),
        store.history.moments(),
        store.history.unfinished(),
        [list(store.history.observations(kept.id)) for kept in store.history.occurrences()],
        store.plans.ended_early(),
        store.plans.extended(),
        store.phones.all(),
        store.history.unknown_apps(),
        store.history.unknown_apps(after_minutes(5), after_minutes(90)),
        store.history.observations_by_kind([PickedUp]),
        store.history.observations_by_kind([PickedUp, PartnerTimeExtended], after_minutes(5)),
    )


OPENING = ("keep", [begins("1@a", lasts=60), begins("2@b", at=1, lasts=60)])


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_store_in_a_file_and_the_one_in_memory_agree(steps: list[Step], tmp_path_factory: Any) -> None:
    path: Path = tmp_path_factory.mktemp("agree") / "kept.sqlite"
    memory = Store.in_memory()
    with Store.open(path) as disk:
        for step in [OPENING, *steps]:
            assert _take(disk, step) == _take(memory, step)
            assert _all(disk) == _all(memory)
            event(step[0])


@given(said=st.lists(st.tuples(st.sampled_from(["stop", "extend"]), EVENINGS, MINUTES), max_size=12))
def test_the_first_stop_and_the_last_extension_count_in_any_order(said: list[Any]) -> None:
    store = Store.in_memory()
    first: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    for what, occurrence, minute in said:
        if what == "stop":
            store.plans.stop(occurrence, after_minutes(minute))
            first.setdefault(occurrence, after_minutes(minute))
        else:
            store.plans.extend(occurrence, after_minutes(minute))
            last[occurrence] = after_minutes(minute)
    assert (store.plans.ended_early(), store.plans.extended()) == (first, last)
    event(f"one was both stopped and extended: {bool(first.keys() & last.keys())}")


@given(steps=st.lists(st.tuples(st.booleans(), PHONES, CODES, MINUTES), max_size=14))
def test_a_pairing_code_is_used_at_most_once_each_time_it_is_given(steps: list[Any]) -> None:
    store, given_out, used = Store.in_memory(), Counter[str](), Counter[str]()
    for gives, phone, code, minute in steps:
        if gives:
            with suppress(UserError):
                store.phones.save(phone)
                given_out[phone.code or ""] += 1
            continue
        before = {each.number: each for each in store.phones.all()}
        claimed = store.phones.claim_code(code, "t9", after_minutes(minute))
        if claimed is None:
            assert {each.number: each for each in store.phones.all()} == before
            continue
        used[code] += 1
        was = before[claimed.number]
        assert (was.code, was.code_until is not None and after_minutes(minute) < was.code_until) == (code, True)
        assert (claimed.token, claimed.code, claimed.code_until, claimed.paired) == (
            "t9",
            None,
            None,
            after_minutes(minute),
        )
        assert store.phones.claim_code(code, "t9", after_minutes(minute)) != claimed
    assert all(used[code] <= given_out[code] for code in used)
    event(f"a code was used: {bool(used)}")


@settings(max_examples=examples(150))
@given(before=st.lists(records(), max_size=10), later=st.lists(records(), max_size=10), stretch=st.data())
def test_nothing_of_a_forgotten_interval_is_stored_then_or_later(
    before: list[Record], later: list[Record], stretch: Any
) -> None:
    since, until = sorted(stretch.draw(st.tuples(st.integers(5, 120), st.integers(5, 120))))
    assume(since < until)
    store = Store.in_memory()
    store.history.save([*OPENING[1], *before])
    kept_before = len(store.history.uses()) + len(store.history.moments())
    store.forget(after_minutes(since), now=after_minutes(until))
    # What is still open when it is forgotten ends with its occurrence as that was known then.
    over = {kept.id: kept.ended or kept.ends for kept in store.history.occurrences()}
    _nothing_of(store, after_minutes(since), after_minutes(until), over)
    # A new database holds nothing of before, so a late beginning is not part of this promise.
    store.history.save([record for record in later if not isinstance(record.item, PartnerTimeBegan)])
    _nothing_of(store, after_minutes(since), after_minutes(until), over)
    event(f"something was forgotten: {kept_before > len(store.history.uses()) + len(store.history.moments())}")


def _nothing_of(store: Store, since: datetime, until: datetime, over: Mapping[str, datetime]) -> None:
    for occurrence in [kept.id for kept in store.history.occurrences()]:
        assert not any(since < observation.at < until for observation in store.history.observations(occurrence))
    things: list[tuple[str, Use | Coverage]] = [(kept.occurrence, kept.use) for kept in store.history.uses()]
    things += [(kept.occurrence, kept.coverage) for kept in store.history.coverage()]
    for occurrence, thing in things:
        # A use that was still open when its occurrence was over had ended by then.
        ended = thing.ended or over.get(occurrence, until)
        assert thing.began >= until or (thing.began < since and ended <= since)
    for noticed in store.history.moments():
        instants: list[datetime | None] = [noticed.began, noticed.decided_at, noticed.ended, noticed.answered_at]
        assert not any(instant is not None and since <= instant < until for instant in instants)
        assert isinstance(noticed, Moment)
