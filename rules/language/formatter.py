"""Format a feature as in a condition.

Invariant 1: parsing the result gives the same key; lengths are exact.
"""

from datetime import timedelta

from rules.features import CATEGORIES, CATEGORY_SETS, DEVICE_KINDS, MAX_SPAN
from rules.model import FeatureKey, Filter

_UNITS = (("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def format_key(key: FeatureKey) -> str:
    """Return the words of the key, such as `all.uses(messaging, 15 min)` or `messaging then social within 60 s`.

    A usual value is `usual(p75) of glances(10 min)`, because in a condition it is never on the left.
    """
    scope = "" if key.scope == "device" else f"{key.scope}."
    if key.name == "usual" and key.steps:
        (name,) = key.steps[0]
        return f"usual(p{key.part}) of {format_key(key._replace(name=name, steps=(), part=0))}"
    if key.name == "followed":
        return f"{scope}{' then '.join(map(_step, key.steps))} within {length_literal(key.span)}"
    if key.name == "hopped":
        ends = [next((kind for kind, kinds in DEVICE_KINDS.items() if kinds == step), "any") for step in key.steps]
        return f"hop from {' to '.join(ends)} within {length_literal(key.span)}"
    arguments = [key.category] if key.category else []
    arguments += _filters(key.which) if key.which else []
    if key.span is not None:
        arguments.append("since start" if key.span == MAX_SPAN else length_literal(key.span))
    return f"{scope}{key.name}({', '.join(arguments)})" if arguments else f"{scope}{key.name}"


def length_literal(length: timedelta | None) -> str:
    """Return the length without rounding: `1 min 40 s`, `0.5 s`."""
    rest, parts = length or timedelta(0), list[str]()
    # Unlike `format_length`, because the result is parsed again.
    for unit, size in _UNITS:
        count, less = divmod(rest, size)
        # Lengths up to 90 s are written in seconds, as everywhere else.
        if count and not (unit == "min" and count == 1 and not parts and rest <= timedelta(seconds=90)):
            parts.append(f"{count} {unit}")
            rest = less
    if rest or not parts:
        parts.append(f"{rest.total_seconds():.6f}".rstrip("0").rstrip(".") + " s")
    return " ".join(parts)


def _filters(which: Filter) -> list[str]:
    filters = [] if which.categories is None else [f"category {_among(which.categories)}"]
    filters += [] if which.longer is None else [f"longer than {length_literal(which.longer)}"]
    return filters + ([] if which.shorter is None else [f"shorter than {length_literal(which.shorter)}"])


def _among(categories: frozenset[str]) -> str:
    if len(categories) == 1:
        return f"is {next(iter(categories))}"
    rest = frozenset(CATEGORIES) - categories
    return f"is not {next(iter(rest))}" if len(rest) == 1 else f"in {_step(categories)}"


def _step(categories: frozenset[str]) -> str:
    name = next((name for name, known in CATEGORY_SETS.items() if known == categories), None)
    if name is not None or len(categories) == 1:
        return name or next(iter(categories))
    # Unknown categories as well: they may come from an older file.
    unknown = sorted(categories - set(CATEGORIES))
    return f"({', '.join([*(name for name in CATEGORIES if name in categories), *unknown])})"
