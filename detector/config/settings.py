"""All settings in one frozen value, gathered from the rooms' own, and what each option means and allows.

Rule 1: a room owns its settings and their defaults; here stands only how a person may set them.
Rule 2: every option of every room has a row in `OPTIONS`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from detector.activities.settings import ActivitySettings, check_own
from detector.calendars.settings import CalendarSettings
from detector.core.attention.settings import AttentionSettings
from detector.dnd.settings import DndSettings
from detector.errors import Problem
from detector.notifier import REGISTRY
from detector.notifier.settings import NotifierSettings
from detector.partner_time.settings import RitualSettings
from detector.sensors.settings import SensorSettings
from detector.store.settings import StoreSettings
from rules.features import CATEGORIES
from rules.policy import PolicySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a person may set. `Settings()` is what holds where nothing is set."""

    policy: PolicySettings = field(default_factory=PolicySettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    notifications: NotifierSettings = field(default_factory=NotifierSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    sources: SensorSettings = field(default_factory=SensorSettings)
    activities: ActivitySettings = field(default_factory=ActivitySettings)
    rituals: RitualSettings = field(default_factory=RitualSettings)
    quiet: DndSettings = field(default_factory=DndSettings)
    calendars: CalendarSettings = field(default_factory=CalendarSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its meaning, and what it may be set to.

    `least` and `most` bound a length or a number, both included; `choices` a word; `words` and `characters` a text.
    """

    meaning: str
    least: timedelta | int | float | None = None
    most: timedelta | int | float | None = None
    choices: tuple[str, ...] | None = None
    words: int | None = None
    characters: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """A section that may be written many times, `[[activity]]`: where its entries go, and one for the sample."""

    settings: str
    entries: str
    meaning: str
    example: str
    check: Callable[[Any], list[Problem]]
    """Takes a tuple of entries and returns what the room itself finds wrong with them."""


TABLES: Final[dict[str, Tables]] = {
    "activity": Tables(
        settings="activities",
        entries="own",
        meaning="What an app or a site is to you. Your own entries win over the built-in catalogue.",
        example='category = "reading"\nname = "Our recipe book"\napps = ["org.gnome.Recipes"]\nsites = ["Chefkoch"]',
        check=check_own,
    ),
}
"""Sections that repeat, and the field of `Settings` and of its room that takes them."""

SECTIONS: Final[dict[str, str]] = {
    "policy": "How often a nudge may come, and when it keeps quiet.",
    "attention": "When a use is a glance, and when a device counts as left.",
    "notifications": "How a nudge looks and sounds. It never makes a sound.",
    "store": "What is kept on this device, and for how long.",
    "rituals": "What is said before partner time begins, when it begins, and when it is over. Never with a sound.",
    "quiet": "The desktop's own Do Not Disturb during partner time. As it was before, it is again afterwards.",
    "calendars": "The calendars that propose partner time.",
    "sources": "Other programs on this device that may be asked what they know. Never one elsewhere.",
}
"""Sections that are written once; each bears the name of a field of `Settings`."""

_NOTHING: Final = timedelta(0)

OPTIONS: Final[dict[str, dict[str, Option]]] = {
    "policy": {
        "cool_down": Option(
            meaning="The least time between two nudges, whatever the rule.",
            least=_NOTHING,
            most=timedelta(hours=24),
        ),
        "rule_cool_down": Option(
            meaning="The least time between two nudges of the same rule.",
            least=_NOTHING,
            most=timedelta(hours=24),
        ),
        "budget": Option(
            meaning="At most this many nudges in one partner time; 0 keeps moments and says nothing.", least=0, most=20
        ),
        "quiet_after": Option(
            meaning="After so many dismissed nudges it is quiet for the rest of the partner time; 0: never.",
            least=0,
            most=20,
        ),
        "grace": Option(
            meaning="How long you have, when partner time begins, to put the device away.",
            least=_NOTHING,
            most=timedelta(hours=1),
        ),
        "typing_wait": Option(
            meaning="A nudge waits at most this long for a pause in your typing.",
            least=_NOTHING,
            most=timedelta(minutes=2),
        ),
        "busy_wait": Option(
            meaning="Under Do Not Disturb, full screen, a call or a locked screen it waits at most this long; then it is kept, unsaid.",
            least=_NOTHING,
            most=timedelta(minutes=10),
        ),
        "on_call": Option(
            meaning="Whether you are always on call: work and messages are kept, unsaid, and counted apart. For one partner time write #oncall into its title."
        ),
        "for_both": Option(
            meaning="Categories that are always for both of you; `turntoward together add video` writes one here.",
            choices=CATEGORIES,
        ),
    },
    "attention": {
        "glance": Option(
            meaning="A use shorter than this is a glance.", least=timedelta(seconds=5), most=timedelta(minutes=2)
        ),
        "idle_after": Option(
            meaning="So long without input, and the device counts as left at the last input.",
            least=timedelta(seconds=5),
            most=timedelta(minutes=10),
        ),
        "fleeting": Option(
            meaning="A use shorter than this was only passed over on the way to another; it counts as nothing.",
            least=_NOTHING,
            most=timedelta(seconds=5),
        ),
    },
    "notifications": {
        "sentence": Option(
            meaning="A sentence of your own for nudges, at most 12 words; empty for the built-in ones.",
            words=12,
            characters=120,
        ),
        "show_names": Option(
            meaning="Whether the why-line may name the app or site, rather than only its category; needs keep_names."
        ),
        "expires": Option(
            meaning="How long a notification stays on the screen.",
            least=timedelta(seconds=5),
            most=timedelta(minutes=5),
        ),
        "greeting": Option(
            meaning="Whether the beginning of partner time offers a thought, or a suggestion of yours, beside saying so."
        ),
        "only": Option(
            meaning="Try only these notifiers, in this order, and not print alone; empty for all.",
            choices=tuple(REGISTRY),
        ),
    },
    "store": {
        "retention": Option(
            meaning="How long moments and observations are kept; what is older is deleted.",
            least=timedelta(days=1),
            most=timedelta(days=3650),
        ),
        "keep_names": Option(
            meaning="Whether the names of apps and sites are kept, rather than only their categories."
        ),
    },
    "rituals": {
        "heads_up": Option(
            meaning="So long before it begins, partner time is announced; 0 s: never.",
            least=_NOTHING,
            most=timedelta(hours=1),
        ),
        "heads_up_sentence": Option(
            meaning="A sentence of your own for it, at most 12 words; empty for the built-in one.",
            words=12,
            characters=120,
        ),
        "suggestions": Option(
            meaning="Of these one is offered when partner time begins: a walk, tea, a question.", characters=120
        ),
        "ending": Option(meaning="Whether one line says at the end how partner time went."),
    },
    "quiet": {
        "always": Option(
            meaning="Whether the desktop keeps quiet in every partner time, not only in those declared with --quiet."
        ),
        "ringing": Option(meaning="The apps that may still be heard, by their desktop ids, such as org.signal.Signal."),
        "even_without_nudges": Option(
            meaning="Whether it keeps quiet even where nudges cannot get through; they are kept then, unsaid."
        ),
    },
    "calendars": {
        "refresh": Option(
            meaning="How often a calendar that you subscribed to is asked anew.",
            least=timedelta(minutes=15),
            most=timedelta(days=7),
        ),
    },
    "sources": {
        "activitywatch": Option(
            meaning="A running ActivityWatch to ask where no sensor of our own can run, such as http://127.0.0.1:5600; empty: none."
        ),
        "adb": Option(meaning="The adb server, for a phone that is beside you by cable or wireless debugging."),
    },
    "activity": {
        "category": Option(meaning="What it is to you.", choices=CATEGORIES),
        "name": Option(meaning="What you call it.", characters=80),
        "apps": Option(meaning="Desktop app ids, as `turntoward what` shows them."),
        "sites": Option(meaning="Sites, as their names stand in a browser's title."),
        "programs": Option(meaning="Programs, also those inside a terminal."),
        "android": Option(meaning="Packages of apps on an Android phone."),
        "ios": Option(meaning="Bundle ids of apps on an iPhone."),
    },
}
"""What each option means and allows, by section and field."""
