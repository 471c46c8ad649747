"""The catalogue of the features that a rule may use; `detector.core.attention` measures them.

Invariant 1: the unit decides what a feature may be compared with.
Invariant 2: a span ends now and never begins before partner time.
"""

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
    "call",
    "other",
)

UNKNOWN: Final = "unknown"
"""The category that is stored for a browser's page that no entry names. To rules it is an unknown feature."""

DISTRACTING: Final = frozenset(
    {"social", "video", "messaging", "mail", "news", "games", "shopping", "dating", "work", "phone"}
)
"""Categories that count as distraction; the set `distraction` in conditions. `phone` is an unlocked phone of which it is not
known what is in front. Left out are categories that a couple often looks at together (reading, together), that are a
conversation (call), or that tell nothing (system, other)."""

UNNAMED: Final = frozenset({"dating"})
"""Categories that no nudge, report, explanation or export names, because another person could read it, or the phone could be
another person's. They are counted normally and shown as "something else"."""

LAPTOP: Final = "laptop"
"""The device on which the program runs; every other device is a phone."""
CATEGORY_SETS: Final = {"distraction": DISTRACTING}
SCOPES: Final = {"all": "all", "any": "all", "laptop": "laptop", "phone": "phone"}
"""Prefixes of features, and the scopes that they mean; `phone` is every phone together."""
DEVICE_KINDS: Final = {
    "laptop": frozenset({"laptop"}),
    "phone": frozenset({"phone"}),
    "any": frozenset({"laptop", "phone"}),
}
"""The kinds of devices in a hop."""
MAX_SPAN: Final = timedelta(hours=24)
"""Maximum length of partner time; `since start` is a span of this length."""


class Unit(StrEnum):
    """The type of a feature: a timedelta, an int, a float per minute, a float from 0 to 1, a word, a bool."""

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


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of the catalogue. `has_scopes`: it can also be measured over all devices, the laptop or the phones.

    `filters`: whether the uses can be narrowed by their category, or also by their length. `has_usual`: it can be compared
    with its usual value. `led_pick_ups` are pick-ups shortly after a notification, `own_pick_ups` all others.
    """

    name: str
    unit: Unit
    arguments: ArgumentKind
    has_scopes: bool = False
    filters: Literal["", "category", "length"] = ""
    has_usual: bool = True

    @property
    def meaning(self) -> str:
        """What it measures, in words."""
        return _MEANINGS[self.name]


FEATURES: Final[dict[str, Feature]] = {
    feature.name: feature
    for feature in (
        Feature("category", Unit.CATEGORY, ArgumentKind.NONE),
        Feature("came_from", Unit.CATEGORY, ArgumentKind.NONE),
        Feature("dwell", Unit.LENGTH, ArgumentKind.NONE),
        Feature("since_input", Unit.LENGTH, ArgumentKind.NONE),
        Feature("elapsed", Unit.LENGTH, ArgumentKind.NONE, has_usual=False),
        Feature("remaining", Unit.LENGTH, ArgumentKind.NONE, has_usual=False),
        Feature("since_nudge", Unit.LENGTH, ArgumentKind.NONE),
        Feature("reopened_after", Unit.LENGTH, ArgumentKind.NONE, has_usual=False),
        Feature("put_away", Unit.FLAG, ArgumentKind.NONE),
        Feature("full_screen", Unit.FLAG, ArgumentKind.NONE, has_scopes=True),
        Feature("playing", Unit.FLAG, ArgumentKind.NONE, has_scopes=True),
        Feature("in_call", Unit.FLAG, ArgumentKind.NONE, has_scopes=True),
        Feature("share", Unit.SHARE, ArgumentKind.NONE, has_scopes=True),
        Feature("glances", Unit.COUNT, ArgumentKind.SPAN, has_scopes=True),
        Feature("uses", Unit.COUNT, ArgumentKind.CATEGORY_AND_SPAN, has_scopes=True, filters="length"),
        Feature("opens", Unit.COUNT, ArgumentKind.SPAN, has_scopes=True, filters="category"),
        Feature("pick_ups", Unit.COUNT, ArgumentKind.SPAN, has_scopes=True),
        Feature("led_pick_ups", Unit.COUNT, ArgumentKind.SPAN, has_scopes=True),
        Feature("own_pick_ups", Unit.COUNT, ArgumentKind.SPAN, has_scopes=True),
        Feature("time", Unit.LENGTH, ArgumentKind.CATEGORY_AND_SPAN, has_scopes=True, filters="length"),
        Feature("switches", Unit.COUNT, ArgumentKind.SPAN, has_scopes=True),
        Feature("scrolls", Unit.COUNT, ArgumentKind.SPAN),
        Feature("keys", Unit.COUNT, ArgumentKind.SPAN),
        Feature("clicks", Unit.COUNT, ArgumentKind.SPAN),
        Feature("scroll_rate", Unit.RATE, ArgumentKind.SPAN),
        Feature("key_rate", Unit.RATE, ArgumentKind.SPAN),
        Feature("click_rate", Unit.RATE, ArgumentKind.SPAN),
        Feature("switch_rate", Unit.RATE, ArgumentKind.SPAN, has_scopes=True),
    )
}

_MEANINGS: Final = {
    "category": "the category of the use under way",
    "came_from": "the category of the use that ended on any device at most 60 s before this one began",
    "dwell": "how long the use under way has lasted, without idle time",
    "since_input": "how long ago the last scroll, key press or click was",
    "elapsed": "how long ago partner time began",
    "remaining": "how long until partner time is planned to end",
    "since_nudge": "how long ago the last nudge of this partner time reached the screen; unknown before the first",
    "reopened_after": "how long after the last nudge the use under way began, on any device, if it is of the category of that nudge; else unknown",
    "put_away": "whether the device was left alone for 60 s, or reported as put away, since partner time began; unknown if no sensor could notice it",
    "full_screen": "whether the window in front covers the screen",
    "playing": "whether a film or music plays on the device",
    "in_call": "whether there is a call on the device",
    "share": "the share of partner time so far that went into uses of distracting categories",
    "glances": "how many looks under 30 s at something distracting began in the span; one under way counts",
    "uses": "how many uses of the category began in the span; one under way counts",
    "opens": "how many openings of something distracting a phone reported in the span; unknown before the first",
    "pick_ups": "how often a phone was unlocked in the span; unknown before the first time",
    "led_pick_ups": "how often a phone was unlocked in the span, at most 30 s after a notification on it; unknown before it reported one",
    "own_pick_ups": "how often a phone was unlocked in the span, with no notification in the 30 s before; unknown before it reported one",
    "time": "how much of the span went into uses of the category",
    "switches": "how often one activity followed another in the span, without a pause between them",
    "scrolls": "scroll steps in the span",
    "keys": "key presses in the span",
    "clicks": "clicks in the span",
    "scroll_rate": "scroll steps per minute over the span",
    "key_rate": "key presses per minute over the span",
    "click_rate": "clicks per minute over the span",
    "switch_rate": "switches per minute over the span",
}
