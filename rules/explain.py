"""A match or a suppression as a sentence: the same words in the notification, the report and on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from rules.lengths import say_length
from rules.model import FeatureKey, Reason, Value

CATEGORY_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "social": "social media",
        "video": "video",
        "messaging": "messages",
        "mail": "mail",
        "news": "news",
        "games": "games",
        "shopping": "shopping",
        "dating": "dating",
        "work": "work",
        "phone": "the phone",
        "reading": "reading",
        "together": "something for both",
        "system": "the system",
        "other": "something else",
    }
)

REASON_WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.COOL_DOWN: "another nudge was only a short while ago",
        Reason.RULE_COOL_DOWN: "this rule had spoken only a short while ago",
        Reason.BUDGET: "this partner time had all its nudges",
        Reason.DISMISSED_TWICE: "two nudges were dismissed, so the rest of the time was quiet",
        Reason.SAME_USE: "the same use had been named already",
        Reason.TOGETHER: "you said that this is for both of you",
        Reason.GRACE: "partner time had only just begun",
        Reason.TYPING: "you were typing",
        Reason.FULL_SCREEN: "something covered the whole screen",
        Reason.CALL: "you were in a call",
        Reason.DO_NOT_DISTURB: "Do Not Disturb was on",
        Reason.PASSED: "it had passed by itself while the nudge waited",
        Reason.ENDED: "partner time ended while the nudge waited",
        Reason.UNKNOWN: "the device could not be sensed while the nudge waited",
        Reason.IMPORTED: "it was imported afterwards",
    }
)

_ORDINALS: Final = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def say_category(category: str | None) -> str:
    """Return the category in words, such as `social media`."""
    return CATEGORY_WORDS.get(category or "", category or "nothing in front")


def say_reason(reason: Reason) -> str:
    """Return why a nudge was held or suppressed, as half a sentence."""
    return REASON_WORDS[reason]


def say_ordinal(number: int) -> str:
    """Return `second`, `third` … `tenth`, `11th`."""
    if number < len(_ORDINALS):
        return _ORDINALS[number]
    return f"{number}{'th' if 10 <= number % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def say_key(key: FeatureKey) -> str:
    """Return the feature as a condition names it: `all.uses(messaging, 15 min)`."""
    inner = ", ".join(part for part in (key.category, say_length(key.span) if key.span else None) if part)
    return ("all." if key.scope == "all" else "") + key.name + (f"({inner})" if inner else "")


def say_value(value: Value) -> str:
    """Return a feature's value with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return say_length(value)
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def why(
    category: str | None,
    name: str | None,
    evidence: Sequence[tuple[FeatureKey, Value]],
    repeat: int,
    since: str | None,
) -> str:
    """Return the why-line of a nudge: what, how long or how often, and the how-manyeth time it is.

    `name` None keeps to the category. `repeat` counts the rule's moments in this partner time, this one included;
    `since` is partner time's beginning as the person reads a clock.
    """
    known = {key.name: (key, value) for key, value in evidence}
    what = name or say_category(category)
    parts = [what[:1].upper() + what[1:]]
    if "glances" in known:
        key, value = known["glances"]
        if isinstance(value, int) and key.span:
            parts.append(f"the {say_ordinal(value)} look in {say_length(key.span)}")
    elif "uses" in known:
        key, value = known["uses"]
        if isinstance(value, int) and key.span and value > 1:
            parts.append(f"the {say_ordinal(value)} time in {say_length(key.span)}")
    elif "switches" in known or "switch_rate" in known:
        key, value = known.get("switches") or known["switch_rate"]
        if key.name == "switches" and key.span:
            parts = [f"{value} switches in {say_length(key.span)}"]
    dwell = known.get("dwell", (None, None))[1]
    if isinstance(dwell, timedelta) and len(parts) == 1 and "switches" not in known:
        parts.append(say_length(dwell))
    came_from = known.get("came_from", (None, None))[1]
    if isinstance(came_from, str):
        parts.append(f"after {say_category(came_from)}")
    if repeat > 1 and since and not {"glances", "uses"} & known.keys():
        parts.append(f"the {say_ordinal(repeat)} time since {since}")
    return ", ".join(parts) + "."
