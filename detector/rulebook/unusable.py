"""Find the unusable rules: those that can never hold with the senses of these devices.

Invariant 1: a rule is unusable only if it certainly cannot hold; one that can hold with an unknown value is usable.
Invariant 2: an unusable rule stays in force, and can hold as soon as its sense is there.

Every combination of relevant values is tried with the compiled condition, so the result always agrees with the daemon.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from math import prod
from typing import Any, Final

from detector.i18n import _
from rules.features import CATEGORIES, FEATURES, LAPTOP, Unit
from rules.model import Condition, FeatureKey, Rule

PHONE: Final = "phone"
_KINDS: Final = (LAPTOP, PHONE)
_FEATURES_OF_SENSE: Final[Mapping[str, frozenset[str]]] = {
    "input": frozenset({"scrolls", "keys", "clicks", "scroll_rate", "key_rate", "click_rate", "since_input"}),
    "media": frozenset({"playing"}),
    "call": frozenset({"in_call"}),
}
_WITHOUT_SENSE: Final = frozenset({"elapsed", "remaining", "since_nudge"})
_OF_PHONES: Final = frozenset({"opens", "pick_ups", "led_pick_ups", "own_pick_ups"})
# Maximum number of combinations that are tried; a condition with more counts as usable.
_MAX_COMBINATIONS: Final = 20_000

NO_PHONE: Final = _("no phone is paired")
_NOT_SENSED_HERE: Final[Mapping[str, str]] = {
    "focus": _("what is in front is not sensed here"),
    "input": _("scrolls, keys and clicks are not sensed here"),
    "media": _("whether a film or music plays is not sensed here"),
    "call": _("whether there is a call is not sensed here"),
}
_NOT_SENSED_ON_PHONE: Final[Mapping[str, str]] = {
    "focus": _("what is in front is not sensed on a phone"),
    "input": _("scrolls, keys and clicks are not sensed on a phone"),
    "media": _("whether a film or music plays is not sensed on a phone"),
    "call": _("whether there is a call is not sensed on a phone"),
}
_NOW: Final = datetime(2026, 1, 2, tzinfo=UTC)
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def unusable_rules(rules: Iterable[Rule], sensed: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return why rules are unusable, by code, without the usable ones.

    `sensed`: the senses by the kind of device, "laptop" or "phone"; a kind without a device is left out.
    """
    unusable: dict[str, str] = {}
    for rule in rules:
        # A rule is usable if it can hold on one kind of device.
        kinds = {kind: _missing(rule.condition, kind, sensed) for kind in _KINDS if kind in sensed}
        if all(_cannot_hold(rule.condition, kind, without) for kind, without in kinds.items()):
            unusable[rule.code] = _why(min(kinds.values(), key=len, default={}), sensed)
    return unusable


def summarize(unusable: Mapping[str, str]) -> list[str]:
    """Return one sentence for each reason, such as `F106, G202 and P802: no phone is paired`."""
    by_reason: dict[str, list[str]] = {}
    for code, reason in unusable.items():
        by_reason.setdefault(reason, []).append(code)
    return [
        _("{codes} and {last}: {reason}.").format(codes=", ".join(codes[:-1]), last=codes[-1], reason=reason)
        if len(codes) > 1
        else f"{codes[0]}: {reason}."
        for reason, codes in by_reason.items()
    ]


def _missing(condition: Condition, kind: str, sensed: Mapping[str, Collection[str]]) -> dict[FeatureKey, str]:
    """Return the features that are never known on a device of the kind, each with its reason."""
    keys = sorted(condition.features_used, key=repr)
    return {key: reason for key in keys if (reason := _missing_reason(key, kind, sensed)) is not None}


def _missing_reason(key: FeatureKey, kind: str, sensed: Mapping[str, Collection[str]]) -> str | None:
    # `usual` needs the sense of its feature.
    name = next(iter(key.steps[0])) if key.name == "usual" and key.steps else key.name
    if name in _WITHOUT_SENSE:
        return None
    sense = next((sense for sense, names in _FEATURES_OF_SENSE.items() if name in names), "focus")
    if name == "hopped":
        reasons = [_unsensed(step, sense, sensed) for step in key.steps]
        return next((reason for reason in reasons if reason is not None), None)
    if key.scope == PHONE or name in _OF_PHONES:
        return _unsensed({PHONE}, sense, sensed) or (
            _("only a phone reports it") if key.scope == "device" and kind != PHONE else None
        )
    where = set(_KINDS) if key.scope == "all" else {LAPTOP} if key.scope == LAPTOP else {kind}
    return _unsensed(where, sense, sensed)


def _unsensed(kinds: Collection[str], sense: str, sensed: Mapping[str, Collection[str]]) -> str | None:
    if any(sense in sensed.get(kind, ()) for kind in kinds):
        return None
    if set(kinds) == {PHONE} and PHONE not in sensed:
        return NO_PHONE
    return (_NOT_SENSED_ON_PHONE if set(kinds) == {PHONE} else _NOT_SENSED_HERE)[sense]


def _why(missing: Mapping[FeatureKey, str], sensed: Mapping[str, Collection[str]]) -> str:
    reasons = list(dict.fromkeys(missing.values()))
    if not reasons:
        return NO_PHONE if PHONE not in sensed else _("no device here has what it asks for")
    # Without focus the other senses do not matter.
    no_focus = {_NOT_SENSED_HERE["focus"], _NOT_SENSED_ON_PHONE["focus"]}
    return _(" and ").join([reason for reason in reasons if reason in no_focus] or reasons)


def _cannot_hold(condition: Condition, kind: str, missing: Collection[FeatureKey]) -> bool:
    # The number is checked first, so that a long condition does not keep `doctor` busy for minutes.
    keys = sorted(condition.features_used, key=repr)
    choices = [_choices(key, condition, kind, missing) for key in keys]
    if prod(len(values) for values in choices) > _MAX_COMBINATIONS:
        return False
    return not any(_holds(condition, dict(zip(keys, values, strict=True))) for values in product(*choices))


def _choices(key: FeatureKey, condition: Condition, kind: str, missing: Collection[FeatureKey]) -> Sequence[Any]:
    """Return the relevant values of a feature; even with its sense it may be unknown for a while."""
    if key in missing:
        return (None,)
    unit = FEATURES[key.name].unit if key.name in FEATURES else None
    if unit is Unit.CATEGORY:
        words: tuple[str, ...] = CATEGORIES
        if key == FeatureKey("category"):
            # The laptop never has the category "phone", an unlocked phone without a known app.
            allowed = condition.categories
            words = tuple(category for category in CATEGORIES if kind == PHONE or category != "phone")
            words = words if allowed is None else tuple(word for word in words if word in allowed)
        return (*words, None)
    if unit is Unit.FLAG or key.name in {"followed", "hopped"}:
        return (True, False, None)
    return (_ANY, None)


def _holds(condition: Condition, values: Mapping[FeatureKey, Any]) -> bool:
    # With parts that have held for years, so that each `for` is met.
    memory: list[datetime | None] = [_LONG_AGO] * condition.memory_size
    return bool(condition.holds(_AssumedFeatures(values), memory))


class _AnyNumber:
    """Stands for any number: every comparison with it holds, because some number would make it hold."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def _is(self, _other: object) -> bool:
        return True

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _is


_ANY: Final = _AnyNumber()


class _AssumedFeatures:
    """A feature set of assumed values."""

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
