"""The catalogue of features: a rule may only use what stands here, and `attention` must be able to measure it.

Rule 1: the unit decides what a feature may be compared with.
Rule 2: a feature over a span looks back from the present instant, never further than the start of partner time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal

CATEGORIES: Final = (
    "social",
    "video",
    "messaging",
    "mail",
    "news",
    "games",
    "shopping",
    "dating",
    "work",
    "phone",
    "reading",
    "together",
    "system",
    "other",
)

DISTRACTING: Final = frozenset(
    {"social", "video", "messaging", "mail", "news", "games", "shopping", "dating", "work", "phone"}
)
"""Categories whose uses count as distraction; named `distraction` in conditions. `phone` is a phone in the hand of
which nobody tells what is in front. What the couple may well be looking at together (reading, together) and what says
nothing (system, other) is left out."""

CATEGORY_SETS: Final = {"distraction": DISTRACTING}
SCOPES: Final = {"all": "all", "any": "all", "laptop": "laptop", "phone": "phone"}
"""What may stand before a feature, and the scope that it means; `phone` is every phone together."""
DEVICE_KINDS: Final = {
    "laptop": frozenset({"laptop"}),
    "phone": frozenset({"phone"}),
    "any": frozenset({"laptop", "phone"}),
}
"""Kinds of devices between which a hop goes."""
MAX_SPAN: Final = timedelta(hours=24)
"""No partner time is longer; `since start` is a span of this length."""


class Unit(StrEnum):
    """What a feature is measured in: a timedelta, an int, a float per minute, a float of 0 to 1, a word, a bool."""

    LENGTH = "length"
    COUNT = "count"
    RATE = "rate"
    SHARE = "share"
    CATEGORY = "category"
    FLAG = "flag"


class ArgumentKind(StrEnum):
    """Whether a feature takes a span, `glances(10 min)`, or a category and a span, `uses(messaging, 15 min)`."""

    NONE = "none"
    SPAN = "span"
    CATEGORY_AND_SPAN = "category_and_span"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One row of the catalogue. `for_all`: it exists over all devices, the laptop or the phones together, too.

    `filtered`: which uses are meant may be said more closely, by their category or by their length, too.
    `has_usual`: what is usual of it on one's own evenings can be asked for.
    """

    name: str
    unit: Unit
    span: ArgumentKind = ArgumentKind.NONE
    for_all: bool = False
    filtered: Literal["", "category", "length"] = ""
    has_usual: bool = True
    meaning: str


FEATURES: Final[dict[str, Feature]] = {
    feature.name: feature
    for feature in (
        Feature(name="category", unit=Unit.CATEGORY, meaning="the category of the use under way"),
        Feature(
            name="came_from",
            unit=Unit.CATEGORY,
            meaning="the category of the use that was left, on any device, at most 60 s before this one was taken up",
        ),
        Feature(name="dwell", unit=Unit.LENGTH, meaning="how long the use under way has lasted, without idle time"),
        Feature(name="since_input", unit=Unit.LENGTH, meaning="how long ago the last scroll, key press or click was"),
        Feature(name="elapsed", unit=Unit.LENGTH, has_usual=False, meaning="how long ago partner time began"),
        Feature(
            name="remaining",
            unit=Unit.LENGTH,
            has_usual=False,
            meaning="how long until partner time is planned to end",
        ),
        Feature(
            name="since_nudge",
            unit=Unit.LENGTH,
            meaning="how long ago the last nudge of this partner time reached the screen; unknown before the first",
        ),
        Feature(
            name="reopened_after",
            unit=Unit.LENGTH,
            has_usual=False,
            meaning="how long after the last nudge, on whatever device, the use under way was taken up, where it is of "
            "the category that was named; else unknown",
        ),
        Feature(
            name="put_away",
            unit=Unit.FLAG,
            meaning="whether the device was left alone for 60 s, or said to be put away, since partner time began; "
            "unknown where nobody could tell",
        ),
        Feature(
            name="full_screen", unit=Unit.FLAG, for_all=True, meaning="whether the toplevel in front covers the screen"
        ),
        Feature(name="playing", unit=Unit.FLAG, for_all=True, meaning="whether a film or music plays on the device"),
        Feature(name="in_call", unit=Unit.FLAG, for_all=True, meaning="whether there is a call on the device"),
        Feature(
            name="share",
            unit=Unit.SHARE,
            for_all=True,
            meaning="the share of partner time so far that went into uses of distracting categories",
        ),
        Feature(
            name="glances",
            unit=Unit.COUNT,
            span=ArgumentKind.SPAN,
            for_all=True,
            meaning="how many looks under 30 s at something distracting began in the span; one under way counts",
        ),
        Feature(
            name="uses",
            unit=Unit.COUNT,
            span=ArgumentKind.CATEGORY_AND_SPAN,
            for_all=True,
            filtered="length",
            meaning="how many uses of the category began in the span; one under way counts",
        ),
        Feature(
            name="opens",
            unit=Unit.COUNT,
            span=ArgumentKind.SPAN,
            for_all=True,
            filtered="category",
            meaning="how many openings of something distracting a phone told of in the span; unknown before the first",
        ),
        Feature(
            name="pick_ups",
            unit=Unit.COUNT,
            span=ArgumentKind.SPAN,
            for_all=True,
            meaning="how often a phone was unlocked in the span; unknown before the first time",
        ),
        Feature(
            name="led_pick_ups",
            unit=Unit.COUNT,
            span=ArgumentKind.SPAN,
            for_all=True,
            meaning="how often a phone was unlocked in the span, at most 30 s after a notification on it; unknown before "
            "it told of one",
        ),
        Feature(
            name="own_pick_ups",
            unit=Unit.COUNT,
            span=ArgumentKind.SPAN,
            for_all=True,
            meaning="how often a phone was unlocked in the span, with no notification in the 30 s before; unknown before "
            "it told of one",
        ),
        Feature(
            name="time",
            unit=Unit.LENGTH,
            span=ArgumentKind.CATEGORY_AND_SPAN,
            for_all=True,
            filtered="length",
            meaning="how much of the span went into uses of the category",
        ),
        Feature(
            name="switches",
            unit=Unit.COUNT,
            span=ArgumentKind.SPAN,
            for_all=True,
            meaning="how often one activity gave way to another in the span, without a pause between them",
        ),
        Feature(name="scrolls", unit=Unit.COUNT, span=ArgumentKind.SPAN, meaning="scroll steps in the span"),
        Feature(name="keys", unit=Unit.COUNT, span=ArgumentKind.SPAN, meaning="key presses in the span"),
        Feature(name="clicks", unit=Unit.COUNT, span=ArgumentKind.SPAN, meaning="clicks in the span"),
        Feature(
            name="scroll_rate", unit=Unit.RATE, span=ArgumentKind.SPAN, meaning="scroll steps per minute over the span"
        ),
        Feature(
            name="key_rate", unit=Unit.RATE, span=ArgumentKind.SPAN, meaning="key presses per minute over the span"
        ),
        Feature(name="click_rate", unit=Unit.RATE, span=ArgumentKind.SPAN, meaning="clicks per minute over the span"),
        Feature(
            name="switch_rate",
            unit=Unit.RATE,
            span=ArgumentKind.SPAN,
            for_all=True,
            meaning="switches per minute over the span",
        ),
    )
}
