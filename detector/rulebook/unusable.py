"""Which rules sleep: those that can never hold on devices that sense no more than these do.

Rule 1: a rule sleeps only where it certainly cannot hold; one that says what it does without a sensor is awake.
Rule 2: a rule that sleeps stays in force: it wakes as soon as its sense is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from itertools import product
from typing import Any, Final

from rules.features import CATEGORIES, FEATURES, Unit
from rules.model import Condition, FeatureKey, Rule

LAPTOP: Final = "laptop"
PHONE: Final = "phone"
KINDS: Final = (LAPTOP, PHONE)
BY_SENSE: Final[Mapping[str, frozenset[str]]] = {
    "input": frozenset({"scrolls", "keys", "clicks", "scroll_rate", "key_rate", "click_rate", "since_input"}),
    "media": frozenset({"playing"}),
    "call": frozenset({"in_call"}),
}
BY_NOTHING: Final = frozenset({"elapsed", "remaining", "since_nudge"})
BY_PHONES: Final = frozenset({"opens", "pick_ups", "led_pick_ups", "own_pick_ups"})
MOST: Final = 20_000
"""Combinations that are tried; a condition with more of them counts as awake."""
_MEANT: Final[Mapping[str, str]] = {
    "focus": "what is in front is",
    "input": "scrolls, keys and clicks are",
    "media": "whether a film or music plays is",
    "call": "whether there is a call is",
}
NO_PHONE: Final = "no phone is paired"
_NOW: Final = datetime(2026, 1, 2, tzinfo=UTC)
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def asleep(rules: Iterable[Rule], sensed: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return why rules sleep, by their codes; those that are awake are not among them.

    `sensed`: which senses speak, by the kind of device, "laptop" or "phone"; a kind of which there is none is not there.
    """
    found: dict[str, str] = {}
    for rule in rules:
        kinds = {kind: _missing(rule.condition, kind, sensed) for kind in KINDS if kind in sensed}
        if all(_cannot_hold(rule.condition, kind, without) for kind, without in kinds.items()):
            found[rule.code] = _why(min(kinds.values(), key=len, default={}), sensed)
    return found


def said(sleeping: Mapping[str, str]) -> list[str]:
    """Return one sentence for each reason, such as `F106, G202 and P802: no phone is paired`."""
    by_reason: dict[str, list[str]] = {}
    for code, reason in sleeping.items():
        by_reason.setdefault(reason, []).append(code)
    return [f"{' and '.join(filter(None, (', '.join(c[:-1]), c[-1])))}: {reason}." for reason, c in by_reason.items()]


def _missing(condition: Condition, kind: str, sensed: Mapping[str, Collection[str]]) -> dict[FeatureKey, str]:
    """Return what cannot be known on a device of the kind, each with its reason."""
    why = ((key, _lack(key, kind, sensed)) for key in sorted(condition.needs, key=repr))
    return {key: lack for key, lack in why if lack is not None}


def _lack(key: FeatureKey, kind: str, sensed: Mapping[str, Collection[str]]) -> str | None:
    name = next(iter(key.steps[0])) if key.name == "usual" and key.steps else key.name
    if name in BY_NOTHING:
        return None
    sense = next((sense for sense, names in BY_SENSE.items() if name in names), "focus")
    if name == "hopped":
        lacks = [_none_of(step, sense, sensed) for step in key.steps]
        return next((lack for lack in lacks if lack is not None), None)
    if key.scope == PHONE or name in BY_PHONES:
        return _none_of({PHONE}, sense, sensed) or (
            "only a phone tells of it" if key.scope == "device" and kind != PHONE else None
        )
    where = set(KINDS) if key.scope == "all" else {LAPTOP} if key.scope == LAPTOP else {kind}
    return _none_of(where, sense, sensed)


def _none_of(kinds: Collection[str], sense: str, sensed: Mapping[str, Collection[str]]) -> str | None:
    if any(sense in sensed.get(kind, ()) for kind in kinds):
        return None
    if set(kinds) == {PHONE} and PHONE not in sensed:
        return NO_PHONE
    return f"{_MEANT.get(sense, sense)} not sensed {'on a phone' if set(kinds) == {PHONE} else 'here'}"


def _why(missing: Mapping[FeatureKey, str], sensed: Mapping[str, Collection[str]]) -> str:
    reasons = list(dict.fromkeys(missing.values()))
    if not reasons:
        return NO_PHONE if PHONE not in sensed else "no device here has what it asks for"
    # Where not even that is known, nothing else matters.
    front = [reason for reason in reasons if reason.startswith(_MEANT["focus"])]
    return " and ".join(front or reasons)


def _cannot_hold(condition: Condition, kind: str, missing: Collection[FeatureKey]) -> bool:
    keys = sorted(condition.needs, key=repr)
    choices = [_choices(key, condition, kind, missing) for key in keys]
    if reduce(lambda many, some: many * len(some), choices, 1) > MOST:
        return False
    return not any(_holds(condition, dict(zip(keys, values, strict=True))) for values in product(*choices))


def _choices(key: FeatureKey, condition: Condition, kind: str, missing: Collection[FeatureKey]) -> Sequence[Any]:
    """Return every value that matters of a feature; what is sensed may be unknown for a while, too."""
    if key in missing:
        return (None,)
    unit = FEATURES[key.name].unit if key.name in FEATURES else None
    if unit is Unit.CATEGORY:
        words: tuple[str, ...] = CATEGORIES
        if key == FeatureKey("category"):
            # Only a phone is in the hand; in front of the laptop nobody knows what it is.
            allowed = condition.categories
            words = tuple(each for each in CATEGORIES if kind == PHONE or each != "phone")
            words = words if allowed is None else tuple(each for each in words if each in allowed)
        return (*words, None)
    if unit is Unit.FLAG or key.name in {"followed", "hopped"}:
        return (True, False, None)
    return (ANY, None)


def _holds(condition: Condition, values: Mapping[FeatureKey, Any]) -> bool:
    memory: list[datetime | None] = [_LONG_AGO] * condition.memory_size
    return bool(condition.holds(_Imagined(values), memory))


class _Any:
    """A number that compares as anything: whether a condition can hold is asked, not whether it does."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def _is(self, _other: object) -> bool:
        return True

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _is


ANY: Final = _Any()


class _Imagined:
    """A feature set of imagined values."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[FeatureKey, Any]) -> None:
        self._values = values

    @property
    def at(self) -> datetime:
        return _NOW

    def get(self, key: FeatureKey, /) -> Any:
        return self._values.get(key)

    def deadline(self, _key: FeatureKey, _value: Any, /) -> datetime | None:
        return None
