"""Every measure against a reckoning that remembers nothing and takes no short cut."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.attention.attention import Attention
from detector.attention.device import DeviceState, UseState
from detector.attention.settings import AttentionSettings
from detector.observations import Gap, InputCounted, Observation, PartnerTimeBegan, PartnerTimeEnded, Paused, Resumed
from rules.features import DISTRACTING
from rules.model import FeatureKey, Value
from tests.property.evenings import BEGAN, ENDS, evenings

SHORT, LONG = timedelta(seconds=40), timedelta(minutes=6)
ZERO = timedelta(0)
KEYS = tuple(
    FeatureKey(name, span, category, scope)
    for span in (SHORT, LONG)
    for scope in ("device", "all")
    for name, category in (("glances", None), ("uses", "social"), ("switches", None), ("time", "social"))
) + tuple(FeatureKey(name, span) for span in (SHORT, LONG) for name in ("scrolls", "keys", "clicks"))
SETTINGS = AttentionSettings()


def naive(key: FeatureKey, at: datetime, devices: list[DeviceState], counts: list[InputCounted]) -> Value | None:
    span = key.span or ZERO
    if key.name in {"scrolls", "keys", "clicks"}:
        device = devices[0]
        if device.input_since is None:
            return None
        return sum(getattr(seen, key.name) for seen in counts if at - span < seen.at <= at)
    if not any(device.is_known for device in devices):
        return None
    uses = [use for device in devices for use in (*device.uses, device.open) if use is not None]
    if key.name == "time":
        return naive_time(uses, at, span, key.category)
    wanted = {
        "glances": lambda use: use.activity.category in DISTRACTING and length(use, at) < SETTINGS.glance,
        "uses": lambda use: use.activity.category == key.category,
        "switches": lambda use: use.follows,
    }[key.name]
    return sum(wanted(use) and at - span < use.began and length(use, at) >= SETTINGS.fleeting for use in uses)


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
    paused = False
    for seen, following in pairwise(evening):
        if isinstance(seen, PartnerTimeBegan | PartnerTimeEnded):
            continue
        paused = (paused or isinstance(seen, Paused)) and not isinstance(seen, Resumed)
        if paused and not isinstance(seen, Paused):
            continue
        attention.observe(seen)
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
                    assert view.get(key) == naive(key, at, devices, counts.get(device.name, [])), key
