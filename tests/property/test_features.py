"""Every measure against a computation that remembers nothing and takes no short cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.core.attention import measure_factory
from detector.core.attention.attention import Attention
from detector.core.attention.device_state import DeviceState
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.uses import UseState
from detector.core.observations import (
    CallEnded,
    CallStarted,
    Focused,
    Gap,
    InputCounted,
    MediaEnded,
    MediaStarted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    PickedUp,
    Resumed,
    SensorStarted,
    Shown,
    Suspended,
)
from rules.features import DISTRACTING
from rules.model import FeatureKey, Filter, Value
from tests.property.evenings import BEGAN, ENDS, evenings
from tests.rig.examples import examples

SHORT, LONG = timedelta(seconds=40), timedelta(minutes=6)
ZERO, MINUTE, TICK = timedelta(0), timedelta(minutes=1), timedelta(microseconds=1)
SCOPES = ("device", "all", "laptop", "phone")
MEANT = (
    Filter(frozenset({"social", "video"}), shorter=timedelta(seconds=30)),
    Filter(None, shorter=timedelta(seconds=45), longer=timedelta(seconds=4)),
    Filter(frozenset({"messaging", "phone"}), longer=timedelta(seconds=10)),
)
STEPS = (
    (frozenset({"messaging"}), frozenset({"social", "video"})),
    (frozenset({"mail", "work", "social"}), frozenset({"other", "news"}), frozenset({"messaging", "social", "phone"})),
)
LAPTOP_KIND, PHONE_KIND = frozenset({"laptop"}), frozenset({"phone"})
ANY_KIND = LAPTOP_KIND | PHONE_KIND
COUNTS = tuple(
    FeatureKey(name, span, category, scope)
    for span in (SHORT, LONG)
    for scope in SCOPES
    for name, category in (
        ("glances", None),
        ("uses", "social"),
        ("switches", None),
        ("time", "social"),
        ("opens", None),
        ("pick_ups", None),
    )
) + tuple(FeatureKey(name, span) for span in (SHORT, LONG) for name in ("scrolls", "keys", "clicks"))
FILTERED = tuple(
    FeatureKey(name, span, None, scope, which)
    for name in ("uses", "time")
    for span in (SHORT, LONG)
    for scope in SCOPES
    for which in MEANT
) + tuple(FeatureKey("opens", LONG, None, scope, Filter(frozenset({"news", "together"}))) for scope in SCOPES)
SEQUENCES = (
    *(
        FeatureKey("followed", span, None, scope, None, steps)
        for span in (MINUTE, LONG)
        for scope in SCOPES
        for steps in STEPS
    ),
    *(
        FeatureKey("hopped", MINUTE, steps=steps)
        for steps in (
            (LAPTOP_KIND, PHONE_KIND),
            (PHONE_KIND, LAPTOP_KIND),
            (ANY_KIND, ANY_KIND),
            (PHONE_KIND, PHONE_KIND),
        )
    ),
    FeatureKey("since_nudge"),
    FeatureKey("reopened_after"),
    *(FeatureKey(name, scope=scope) for name in ("playing", "in_call") for scope in SCOPES),
)
PRESENT = tuple(
    FeatureKey(name) for name in ("dwell", "since_input", "elapsed", "remaining", "put_away", "full_screen", "category")
)
KEYS = (*COUNTS, *FILTERED, *SEQUENCES)
SETTINGS = AttentionSettings()


class Told:
    """What was told, remembered whole: openings and pick-ups by device, and what each use came from."""

    def __init__(self) -> None:
        self.instants: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
        self.flags: dict[tuple[str, str], bool] = {}
        self.record_nudge: tuple[datetime, str | None] | None = None
        self.parts: set[int] = set()
        self.switches: set[int] = set()
        self._known: set[int] = set()
        self._forgotten: dict[str, int] = {}

    def before(self, seen: Observation, devices: list[DeviceState]) -> None:
        """What was left before something unknown is no beginning of a story."""
        for device in devices:
            everything = isinstance(seen, Paused) or (isinstance(seen, Gap) and seen.sense is None)
            own = isinstance(seen, Suspended) or (isinstance(seen, Gap) and seen.sense in {"focus", "idle"})
            if everything or (own and seen.device == device.name):
                numbers = [use.number for use in (*device.uses, device.open_use) if use is not None]
                self._forgotten[device.name] = max(numbers, default=0)
        if isinstance(seen, Focused) and seen.opened and seen.activity:
            self.instants.setdefault((seen.device, "opens"), []).append((seen.at, seen.activity.category))
        if isinstance(seen, PickedUp):
            told = self.instants.setdefault((seen.device, "pick_ups"), [])
            if not told or seen.at - told[-1][0] >= timedelta(seconds=3):
                told.append((seen.at, "phone"))
        self._flag(seen)

    def _flag(self, seen: Observation) -> None:
        says = {MediaStarted: ("playing", True), MediaEnded: ("playing", False), CallStarted: ("in_call", True)}
        says[CallEnded] = ("in_call", False)
        senses = {"media": "playing", "call": "in_call"}
        if type(seen) in says:
            name, so = says[type(seen)]
            self.flags[seen.device, name] = so
        elif isinstance(seen, SensorStarted) and seen.sense in senses:
            self.flags[seen.device, senses[seen.sense]] = False
        elif isinstance(seen, Gap) and seen.sense in senses:
            self.flags.pop((seen.device, senses[seen.sense]), None)
        elif isinstance(seen, Paused) or (isinstance(seen, Gap) and seen.sense is None):
            self.flags.clear()

    def after(self, devices: list[DeviceState]) -> None:
        """Reckon where each new use came from, out of everything that is remembered."""
        for device in devices:
            use = device.open_use
            if use is None or use.number in self._known:
                continue
            self._known.add(use.number)
            is_hand = use.activity.category == "phone"
            left = [
                (other.ended or use.began, other.activity.category)
                for each in devices
                for other in self.remembered(each)
                if other is not use and other.activity.category != "phone"
            ]
            latest = max((at for at, _ in left), default=None)
            known = latest is not None and use.began - latest <= MINUTE
            assert use.came_from in {category for at, category in left if known and at == latest} or (
                use.came_from is None and not known
            )
            if known and latest is not None and use.began - latest < SETTINGS.fleeting and not is_hand:
                self.switches.add(use.number)
            own = [other for other in self.remembered(device) if other is not use]
            if own and own[-1].ended and use.began - own[-1].ended < SETTINGS.fleeting:
                self.parts |= {use.number} if is_hand else set()
                self.parts |= {own[-1].number} if own[-1].activity.category == "phone" else set()

    def remembered(self, device: DeviceState) -> list[UseState]:
        lost = max((use.number for use in device.uses if use.latest_end is not None), default=0)
        oldest = max(lost, self._forgotten.get(device.name, 0))
        return [use for use in (*device.uses, device.open_use) if use is not None and use.number > oldest]


class Naive:
    """Every feature on one device at one instant, out of all that was told."""

    def __init__(self, at: datetime, device: DeviceState, devices: list[DeviceState], told: Told) -> None:
        self.at, self.device, self.devices, self.told = at, device, devices, told

    def of(self, key: FeatureKey, counts: list[InputCounted]) -> Value | None:
        span, at = key.span or ZERO, self.at
        if key.name in {"scrolls", "keys", "clicks"}:
            if self.device.input_since is None:
                return None
            return sum(getattr(seen, key.name) for seen in counts if at - span < seen.at <= at)
        if key.name in {"since_nudge", "reopened_after"}:
            return self._nudge(key.name)
        kinds = {"laptop": ["laptop"], "phone": ["phone", "tablet"], "device": [self.device.name]}
        devices = [each for each in self.devices if key.scope == "all" or each.name in kinds[key.scope]]
        if key.name in {"playing", "in_call"}:
            known = [
                self.told.flags[each.name, key.name] for each in devices if (each.name, key.name) in self.told.flags
            ]
            return True in known if known else None
        if key.name in {"followed", "hopped"}:
            if self.device.open_use is None:
                return None
            return self._hopped(key) if key.name == "hopped" else self._followed(key, devices)
        if not any(each.is_known for each in devices):
            return None
        if key.name in {"opens", "pick_ups"}:
            instants = [self.told.instants.get((each.name, key.name), []) for each in devices]
            tell = any(each.is_known and found for each, found in zip(devices, instants, strict=True))
            wanted = (key.which and key.which.categories) or DISTRACTING
            found = [said for each in instants for instant, said in each if at - span < instant]
            return sum(said in wanted for said in found) if tell else None
        uses = [use for each in devices for use in (*each.uses, each.open_use) if use is not None]
        if key.name == "time":
            return self._time([use for use in uses if self._is_meant(use, key, unknown=ZERO)], span)
        return sum(
            at - span < use.began
            and (self._length(use) >= SETTINGS.fleeting or use.opened or use.latest_end is not None)
            and self._counts(use, key)
            for use in uses
        )

    def _counts(self, use: UseState, key: FeatureKey) -> bool:
        if key.name == "switches":
            return use.number in self.told.switches
        if key.name == "uses":
            return self._is_meant(use, key, unknown=use.latest_end and use.latest_end - use.began)
        short = self._length(use) < SETTINGS.glance
        return use.activity.category in DISTRACTING and short and use.number not in self.told.parts

    def _is_meant(self, use: UseState, key: FeatureKey, *, unknown: timedelta | None) -> bool:
        which = key.which or Filter(frozenset({str(key.category)}))
        if which.categories is not None and use.activity.category not in which.categories:
            return False
        if use.latest_end is not None and unknown is not None:
            return which.longer is None and (which.shorter is None or unknown < which.shorter)
        length = self._length(use)
        return (which.shorter is None or length < which.shorter) and (which.longer is None or length > which.longer)

    def _length(self, use: UseState) -> timedelta:
        return (use.ended or self.at) - use.began

    def _time(self, uses: list[UseState], span: timedelta) -> timedelta:
        at = self.at
        cut = [(max(use.began, at - span), min(use.ended or at, at)) for use in uses]
        edges = sorted({edge for pair in cut for edge in pair})
        return sum((b - a for a, b in pairwise(edges) if any(began <= a and b <= ended for began, ended in cut)), ZERO)

    def _nudge(self, name: str) -> timedelta | None:
        if self.told.record_nudge is None:
            return None
        at, category = self.told.record_nudge
        if name == "since_nudge":
            return self.at - at
        use = self.device.open_use
        return use.began - at if use and use.began >= at and use.activity.category == category else None

    def _followed(self, key: FeatureKey, devices: list[DeviceState]) -> bool:
        now = self.device.open_use
        assert now is not None
        left = [use for each in devices for use in self.told.remembered(each) if use.ended is not None]
        chains = [[use] for use in left if use.activity.category in key.steps[0]]
        for step in key.steps[1:-1]:
            chains = [
                [*chain, use]
                for chain in chains
                for use in left
                if use.activity.category in step and chain[-1].number < use.number and chain[-1].ended <= use.began
            ]
        assert key.span is not None
        return (
            self.device in devices
            and now.activity.category in key.steps[-1]
            and any(
                chain[-1].number < now.number
                and chain[-1].ended <= now.began
                and now.began - chain[0].ended <= key.span
                for chain in chains
            )
        )

    def _hopped(self, key: FeatureKey) -> bool:
        now = self.device.open_use
        assert now is not None
        assert key.span is not None
        others = [
            (min(use.ended or now.began, now.began), use.number, each.name)
            for each in self.devices
            for use in self.told.remembered(each)
            if use.number < now.number and use.activity.category in DISTRACTING - {"phone"}
        ]
        if not others or now.began - max(others)[0] > key.span or max(others)[2] == self.device.name:
            return False
        kinds = ["laptop" if name == "laptop" else "phone" for name in (max(others)[2], self.device.name)]
        return all(kind in step for kind, step in zip(kinds, key.steps, strict=True))


def heard(evening: list[Observation]) -> Iterator[tuple[Observation, Observation]]:
    """What attention is told of, and what comes next; nothing is heard in a pause."""
    paused = False
    for seen, following in pairwise(evening):
        if isinstance(seen, PartnerTimeBegan | PartnerTimeEnded | PartnerTimeExtended):
            continue
        paused = (paused or isinstance(seen, Paused)) and not isinstance(seen, Resumed)
        if not paused or isinstance(seen, Paused):
            yield seen, following


def in_front(attention: Attention, seen: Shown) -> str | None:
    """The category that a nudge would name: one shown to make something up, the same in every run."""
    open_uses = [each.open_use for each in attention.devices if each.open_use is not None]
    return open_uses[seen.nudge % len(open_uses)].activity.category if open_uses else None


seeds = st.integers(0, 2**32).map(Random)


@settings(max_examples=examples(120))
@given(evening=evenings(), parts=st.lists(st.floats(0, 1), min_size=1, max_size=3), seed=seeds)
def test_features_equal_those_of_a_slow_oracle(evening: list[Observation], parts: list[float], seed: Random) -> None:
    keys = seed.sample(KEYS, 40)
    attention = Attention(keys, BEGAN, ENDS, SETTINGS)
    attention.device("laptop")
    counts: dict[str, list[InputCounted]] = {}
    told = Told()
    for seen, following in heard(evening):
        told.before(seen, attention.devices)
        attention.observe(seen)
        told.after(attention.devices)
        if isinstance(seen, Shown):
            told.record_nudge = seen.at, in_front(attention, seen)
            attention.record_nudge(*told.record_nudge)
        if isinstance(seen, InputCounted):
            counts.setdefault(seen.device, []).append(seen)
        elif isinstance(seen, Paused) or (isinstance(seen, Gap) and seen.sense is None):
            counts.clear()
        elif isinstance(seen, Gap) and seen.sense == "input":
            counts.pop(seen.device, None)
        for at in [seen.at, *(seen.at + (following.at - seen.at) * part for part in sorted(parts))]:
            for device in attention.devices:
                view, naive = attention.view(device.name, at), Naive(at, device, attention.devices, told)
                for key in keys:
                    assert view.get(key) == naive.of(key, counts.get(device.name, [])), key


AGAINST: dict[str, tuple[Value, ...]] = (
    {
        name: (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2))
        for name in ("time", "dwell", "since_input", "elapsed", "remaining", "since_nudge", "reopened_after")
    }
    | dict.fromkeys(("followed", "hopped", "playing", "in_call", "put_away", "full_screen"), (True,))
    | {
        "category": ("social",),
        "share": (0.05, 0.5),
        "usual": (3,),
    }
)
TURNING = (*KEYS, *PRESENT, FeatureKey("share"), FeatureKey("share", scope="all"), FeatureKey("usual", SHORT))


def compared(value: Value | None, against: Value) -> object:
    return None if value is None else (value == against, not isinstance(value, str) and value > against)  # type: ignore[operator]


@settings(max_examples=examples(60))
@given(evening=evenings(), parts=st.lists(st.floats(0, 1), min_size=1, max_size=3), seed=seeds)
def test_no_comparison_changes_before_its_deadline(
    evening: list[Observation], parts: list[float], seed: Random
) -> None:
    keys = seed.sample(TURNING, 30)
    attention = Attention(keys, BEGAN, ENDS, SETTINGS, {FeatureKey("usual", SHORT): 4})
    attention.device("laptop")
    asked = [(key, against) for key in keys for against in AGAINST.get(key.name, (1, 2))]
    for seen, following in heard(evening):
        attention.observe(seen)
        if isinstance(seen, Shown):
            attention.record_nudge(seen.at, in_front(attention, seen))
        standing: dict[tuple[str, FeatureKey, Value], tuple[object, datetime]] = {}
        instants = sorted(seen.at + (following.at - seen.at) * part for part in (0, *parts))
        for _ in range(len(instants) + 2):
            if not instants:
                break
            at = instants.pop(0)
            for device in attention.devices:
                view = attention.view(device.name, at)
                for key, against in asked:
                    says, turn = compared(view.get(key), against), view.deadline(key, against)
                    assert turn is None or turn > at, key
                    before, until = standing.get((device.name, key, against), (says, at))
                    assert says == before or at >= until, (key, against)
                    standing[device.name, key, against] = says, turn or following.at
            # Just before something turns is where a turn that is too late shows.
            soon = [until - TICK for _, until in standing.values() if at < until - TICK < following.at]
            instants = sorted([*instants, *seed.sample(soon, min(1, len(soon)))])


@settings(max_examples=examples(60))
@given(evening=evenings(), parts=st.lists(st.floats(0, 1), min_size=1, max_size=2))
def test_forgotten_uses_never_change_a_feature(evening: list[Observation], parts: list[float]) -> None:
    short = tuple(key for key in KEYS if key.span in {SHORT, MINUTE, None})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(measure_factory, "MIN_MEMORY", ZERO)
        some, all_of_it = (
            Attention(needs, BEGAN, ENDS, SETTINGS)
            for needs in (short, (*short, FeatureKey("glances", timedelta(hours=24))))
        )
    for seen, following in heard(evening):
        for attention in (some, all_of_it):
            attention.observe(seen)
            if isinstance(seen, Shown):
                attention.record_nudge(seen.at, in_front(attention, seen))
        for at in [seen.at, *(seen.at + (following.at - seen.at) * part for part in sorted(parts))]:
            for device in some.devices:
                one, other = some.view(device.name, at), all_of_it.view(device.name, at)
                for key in short:
                    assert one.get(key) == other.get(key), key
