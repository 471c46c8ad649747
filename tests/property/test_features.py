"""Every measure against a reckoning that remembers nothing and takes no short cut."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.attention.attention import Attention
from detector.attention.device import DeviceState
from detector.attention.settings import AttentionSettings
from detector.attention.uses import UseState
from detector.observations import (
    Focused,
    Gap,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    Paused,
    PickedUp,
    Resumed,
    Suspended,
)
from rules.features import DISTRACTING
from rules.model import FeatureKey, Value
from tests.property.evenings import BEGAN, ENDS, evenings

SHORT, LONG = timedelta(seconds=40), timedelta(minutes=6)
ZERO, MINUTE = timedelta(0), timedelta(minutes=1)
KEYS = tuple(
    FeatureKey(name, span, category, scope)
    for span in (SHORT, LONG)
    for scope in ("device", "all")
    for name, category in (
        ("glances", None), ("uses", "social"), ("switches", None), ("time", "social"), ("opens", None),
        ("pick_ups", None),
    )
) + tuple(FeatureKey(name, span) for span in (SHORT, LONG) for name in ("scrolls", "keys", "clicks"))  # fmt: skip
SETTINGS = AttentionSettings()


class Told:
    """What was told, remembered whole: openings and pick-ups by device, and what each use came from."""

    def __init__(self) -> None:
        self.instants: dict[tuple[str, str], list[datetime]] = {}
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
                numbers = [use.number for use in (*device.uses, device.open) if use is not None]
                self._forgotten[device.name] = max(numbers, default=0)
        if isinstance(seen, Focused) and seen.opened and seen.activity and seen.activity.category in DISTRACTING:
            self.instants.setdefault((seen.device, "opens"), []).append(seen.at)
        if isinstance(seen, PickedUp):
            told = self.instants.setdefault((seen.device, "pick_ups"), [])
            if not told or seen.at - told[-1] >= timedelta(seconds=3):
                told.append(seen.at)

    def after(self, devices: list[DeviceState]) -> None:
        """Reckon where each new use came from, out of everything that is remembered."""
        for device in devices:
            use = device.open
            if use is None or use.number in self._known:
                continue
            self._known.add(use.number)
            is_hand = use.activity.category == "phone"
            left = [
                (other.ended or use.began, other.activity.category)
                for each in devices
                for other in self._remembered(each)
                if other is not use and other.activity.category != "phone"
            ]
            latest = max((at for at, _ in left), default=None)
            known = latest is not None and use.began - latest <= MINUTE
            assert use.came_from in {category for at, category in left if known and at == latest} or (
                use.came_from is None and not known
            )
            if known and latest is not None and use.began - latest < SETTINGS.fleeting and not is_hand:
                self.switches.add(use.number)
            own = [other for other in self._remembered(device) if other is not use]
            if own and own[-1].ended and use.began - own[-1].ended < SETTINGS.fleeting:
                self.parts |= {use.number} if is_hand else set()
                self.parts |= {own[-1].number} if own[-1].activity.category == "phone" else set()

    def _remembered(self, device: DeviceState) -> list[UseState]:
        lost = max((use.number for use in device.uses if use.until is not None), default=0)
        oldest = max(lost, self._forgotten.get(device.name, 0))
        return [use for use in (*device.uses, device.open) if use is not None and use.number > oldest]


def naive(
    key: FeatureKey, at: datetime, devices: list[DeviceState], counts: list[InputCounted], told: Told
) -> Value | None:
    span = key.span or ZERO
    if key.name in {"scrolls", "keys", "clicks"}:
        device = devices[0]
        if device.input_since is None:
            return None
        return sum(getattr(seen, key.name) for seen in counts if at - span < seen.at <= at)
    if not any(device.is_known for device in devices):
        return None
    if key.name in {"opens", "pick_ups"}:
        instants = [told.instants.get((device.name, key.name), []) for device in devices]
        tell = any(device.is_known and found for device, found in zip(devices, instants, strict=True))
        return sum(at - span < instant for found in instants for instant in found) if tell else None
    uses = [use for device in devices for use in (*device.uses, device.open) if use is not None]
    if key.name == "time":
        return naive_time(uses, at, span, key.category)
    wanted = {
        "glances": lambda use: (
            use.activity.category in DISTRACTING and length(use, at) < SETTINGS.glance and use.number not in told.parts
        ),
        "uses": lambda use: use.activity.category == key.category,
        "switches": lambda use: use.number in told.switches,
    }[key.name]
    return sum(
        wanted(use)
        and at - span < use.began
        and (length(use, at) >= SETTINGS.fleeting or use.opened or use.until is not None)
        for use in uses
    )


def length(use: UseState, at: datetime) -> timedelta:
    return (use.ended or at) - use.began


def naive_time(uses: list[UseState], at: datetime, span: timedelta, category: str | None) -> timedelta:
    cut = [(max(use.began, at - span), min(use.ended or at, at)) for use in uses if use.activity.category == category]
    edges = sorted({edge for pair in cut for edge in pair})
    return sum((b - a for a, b in pairwise(edges) if any(began <= a and b <= ended for began, ended in cut)), ZERO)


@settings(max_examples=150, deadline=None)
@given(evening=evenings(), parts=st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_features_are_what_a_slow_reckoning_finds(evening: list[Observation], parts: list[float]) -> None:
    attention = Attention(KEYS, BEGAN, ENDS, SETTINGS)
    attention.device("laptop")
    counts: dict[str, list[InputCounted]] = {}
    told = Told()
    paused = False
    for seen, following in pairwise(evening):
        if isinstance(seen, PartnerTimeBegan | PartnerTimeEnded):
            continue
        paused = (paused or isinstance(seen, Paused)) and not isinstance(seen, Resumed)
        if paused and not isinstance(seen, Paused):
            continue
        told.before(seen, attention.devices)
        attention.observe(seen)
        told.after(attention.devices)
        if isinstance(seen, InputCounted):
            counts.setdefault(seen.device, []).append(seen)
        elif isinstance(seen, Paused) or (isinstance(seen, Gap) and seen.sense is None):
            counts.clear()
        elif isinstance(seen, Gap) and seen.sense == "input":
            counts.pop(seen.device, None)
        for at in [seen.at, *(seen.at + (following.at - seen.at) * part for part in sorted(parts))]:
            for device in attention.devices:
                view = attention.view(device.name, at)
                for key in KEYS:
                    devices = attention.devices if key.scope == "all" else [device]
                    assert view.get(key) == naive(key, at, devices, counts.get(device.name, []), told), key
