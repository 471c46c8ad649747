"""All settings in one frozen `Settings`, gathered from the settings of each package.

Invariant 1: an option is described where its field is declared: `rules.options.option` puts the arguments of `Option` into its metadata.
"""

from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from typing import Any, Final

from detector.activities.settings import ActivitySettings, OwnEntry, check_own_entries
from detector.calendars.settings import CalendarSettings
from detector.core.attention.settings import AttentionSettings
from detector.dnd.model import DndSettings
from detector.errors import Problem
from detector.i18n import _
from detector.notifier import NotifierSettings
from detector.partner_time.settings import ReminderSettings
from detector.sensors.settings import SensorSettings
from detector.store.settings import StoreSettings
from rules.policy import PolicySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a person may set. `Settings()` are the defaults."""

    policy: PolicySettings = field(default_factory=PolicySettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    notifications: NotifierSettings = field(default_factory=NotifierSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    rituals: ReminderSettings = field(default_factory=ReminderSettings)
    quiet: DndSettings = field(default_factory=DndSettings)
    calendars: CalendarSettings = field(default_factory=CalendarSettings)
    sources: SensorSettings = field(default_factory=SensorSettings)
    activities: ActivitySettings = field(default_factory=ActivitySettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """The meaning of an option, and its limits.

    `minimum` and `maximum` limit a length or a number, both included; `choices` a word; `max_words` and `max_characters`
    a text.
    """

    meaning: str
    minimum: timedelta | int | None = None
    maximum: timedelta | int | None = None
    choices: tuple[str, ...] | None = None
    max_words: int | None = None
    max_characters: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedSection:
    """A section that may be written many times, such as `[[activity]]`.

    Its entries become the tuple `entries` of the settings `settings`. `check` returns the problems of entries.
    """

    settings: str
    entries: str
    entry: type
    meaning: str
    example: str
    check: Callable[[Any], list[Problem]]


REPEATED_SECTIONS: Final[Mapping[str, RepeatedSection]] = {
    "activity": RepeatedSection(
        settings="activities",
        entries="own",
        entry=OwnEntry,
        meaning=_("What an app or a site is to you. Your own entries win over the built-in catalogue."),
        example='category = "reading"\nname = "Our recipe book"\napps = ["org.gnome.Recipes"]\nsites = ["Chefkoch"]',
        check=check_own_entries,
    )
}

# The meaning of each section that is written once; its key is the name of a field of `Settings`.
SECTIONS: Final[Mapping[str, str]] = {
    "policy": _("How often a nudge may come, and when none is shown."),
    "attention": _("When a use is a glance, and when a device counts as left."),
    "notifications": _("How nudges are shown. They are always silent."),
    "store": _("What is kept on this device, and for how long."),
    "rituals": _("Notifications before partner time begins, when it begins, and when it is over. Never with a sound."),
    "quiet": _("The desktop's own Do Not Disturb during partner time. Afterwards it is restored."),
    "calendars": _("The calendars that propose partner time."),
    "sources": _("Other programs on this device that are also read. Never one on another device."),
}


def options_of(kind: Any) -> dict[str, Field[Any]]:
    return {setting.name: setting for setting in fields(kind)}


def option_of(setting: Field[Any]) -> Option:
    metadata = dict(setting.metadata)
    if "maximum" in metadata:
        metadata.setdefault("minimum", type(metadata["maximum"])(0))
    return Option(**metadata)
