"""Moments in words, the same in the notification, the report and on the command line.

Invariant 1: a phone is named, as the person called it; this laptop is not.
Invariant 2: a category of `UNNAMED` is written as `other`, without a name.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from rules.features import LAPTOP, UNNAMED
from rules.language.formatter import format_key
from rules.lengths import format_length
from rules.model import DEVICE_PLACEHOLDER, FeatureKey, Reason, Value
from rules.policy import NEEDED_LENGTHS

CATEGORY_WORDS: Final[Mapping[str, str]] = {
    "social": "social media",
    "video": "video",
    "messaging": "messages",
    "mail": "mail",
    "news": "news",
    "games": "games",
    "shopping": "shopping",
    "work": "work",
    "phone": "the phone",
    "reading": "reading",
    "together": "something for both of you",
    "system": "the system",
    "call": "a call",
    "other": "something else",
    "unknown": "a page that is not known",
}

REASON_WORDS: Final[Mapping[Reason, str]] = {
    Reason.REPORT_ONLY: "this rule is only for the report, and never causes a nudge",
    Reason.COOL_DOWN: "another nudge was only a short while ago",
    Reason.RULE_COOL_DOWN: "this rule had caused a nudge only a short while ago",
    Reason.BUDGET: "this partner time had had as many nudges as are allowed",
    Reason.DISMISSED: "you had closed several nudges in this partner time",
    Reason.SAME_USE: "there had been a nudge about the same use already",
    Reason.TOGETHER: "you said that this is for both of you",
    Reason.FOR_BOTH: "you said that this is always for both of you",
    Reason.NEEDED: "you said that you need this for a while",
    Reason.ON_CALL: "you are on call, and this may be about that",
    Reason.FILM: "a film covered the screen, and nobody touched the device",
    Reason.GRACE: "partner time had only just begun",
    Reason.TYPING: "you were typing",
    Reason.FULL_SCREEN: "something covered the whole screen",
    Reason.CALL: "you were in a call",
    Reason.DO_NOT_DISTURB: "Do Not Disturb was on",
    Reason.LOCKED: "the screen was locked, so nobody would have seen it",
    Reason.PASSED: "it had ended by itself while the nudge waited",
    Reason.ENDED: "partner time ended while the nudge waited",
    Reason.UNKNOWN: "the device could not be sensed while the nudge waited",
    Reason.IMPORTED: "it was imported afterwards",
    Reason.QUIET_WEEK: "it is the quiet week, in which no nudges are shown",
}

OUTCOME_WORDS: Final[Mapping[str, str]] = {
    "put_away_30": "You put it away within 30 s.",
    "put_away_60": "You put it away within 60 s.",
    "together": "You said that it is for both of you.",
    "needed": "You said that you needed it.",
    "dismissed": "You closed the nudge, and went on.",
    "ignored": "You did not answer, and went on.",
    "undelivered": "Nobody saw it: no notifier could show it.",
    "unknown": "What came of it is not known: nothing more was sensed.",
}

_ANSWER_WORDS: Final[Mapping[str, str]] = {
    "put_away": 'You answered "Put it away".',
    "dismissed": "You closed the nudge.",
    "expired": "You did not answer.",
}
_NOT_YET: Final = "Whether you put it away is known about two minutes after the nudge."

MAX_DEVICE_NAME: Final = 40
"""Maximum length of a device's name as it is shown."""
CATEGORY_FEATURES: Final = frozenset({"category", "came_from"})
_GLANCE: Final = timedelta(seconds=30)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINER: Final = "\u200d"
"""The only character without a width that is kept, because it joins emoji."""
_COUNTED: Final[Mapping[str, str]] = {
    "opens": "opening",
    "led_pick_ups": "pick-up after a notification",
    "own_pick_ups": "pick-up without one",
    "pick_ups": "pick-up",
    "glances": "look",
    "uses": "time",
}

_ORDINALS: Final = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def shown_category(category: str) -> str:
    """Return the category as it may be shown to a person or another program."""
    return "other" if category in UNNAMED else category


def format_category(category: str | None) -> str:
    """Return the category in words, such as `social media`."""
    shown = shown_category(category or "")
    return CATEGORY_WORDS.get(shown, shown or "nothing in front")


def shown_instant(at: datetime, device: str) -> datetime:
    """Return the instant as it may be shown: of a phone to the minute, because the phone may be another person's."""
    return at if device == LAPTOP else at.replace(second=0, microsecond=0)


def format_device(device: str) -> str:
    """Return the device's name on one line, of visible characters, shortened to `MAX_DEVICE_NAME`."""
    spaced = "".join(" " if character.isspace() else character for character in device)
    # Characters without a width could reorder or hide the text around them.
    visible = (letter for letter in spaced if letter == _JOINER or unicodedata.category(letter) not in _HIDDEN)
    line = " ".join("".join(visible).split())
    return line if len(line) <= MAX_DEVICE_NAME else line[: MAX_DEVICE_NAME - 1].rstrip() + "…"


def format_activity(category: str | None, name: str | None = None, device: str | None = None) -> str:
    """Return the activity, and the device unless it is the laptop: `social media on my phone`. `name` None: the category."""
    name = None if category in UNNAMED else name
    what = name or format_category(category)
    where = format_device(device) if device is not None and device != LAPTOP else ""
    if not where:
        return what
    # Of a phone that does not report its apps only the phone is named.
    return where if category == "phone" and not name else f"{what} on {where}"


def format_reason(reason: Reason) -> str:
    """Return why a nudge was deferred or suppressed, as a subordinate clause."""
    return REASON_WORDS[reason]


def format_needed(category: str | None, device: str | None = None) -> str:
    """Return the effect of an answer to "for how long?", as one sentence."""
    return f"Until then there is no nudge about {format_activity(category, device=device)}."


def format_need_over(category: str | None, device: str | None, answer: str | None) -> str:
    """Return the sentence at the end of a needed time; `answer` determines its length."""
    what, length = _capitalised(format_activity(category, device=device)), NEEDED_LENGTHS.get(answer or "")
    return f"{what}, needed for {format_length(length)}." if length else f"{what}."


def format_evidence(parts: Sequence[str | FeatureKey], evidence: Mapping[FeatureKey, Value], device: str) -> str | None:
    """Return the rule's own sentence with the measured values; None if it has none, or if a value is unknown."""
    words: list[str] = []
    for part in parts:
        if part == DEVICE_PLACEHOLDER:
            words.append(format_device(device))
        elif isinstance(part, str):
            words.append(part)
        elif (value := evidence.get(part)) is None:
            return None
        else:
            words.append(format_category(str(value)) if part.name in CATEGORY_FEATURES else format_value(value))
    return "".join(words) or None


def format_policy(decided: str, reason: Reason | None, at: str, *, was_shown: bool = True) -> str:
    """Return the decision about a match and its reason as one sentence. `at`: the local time of the decision."""
    if decided == "nudged" and not was_shown:
        return f"It was to be shown at {at}, but no notifier could show it."
    if decided == "nudged":
        if reason is None:
            return "It was shown at once: there was no reason to wait."
        return f"It was shown at {at}; before that, it waited because {format_reason(reason)}."
    because = f", because {format_reason(reason)}" if reason is not None else ""
    return f"There was no nudge{because}." if decided == "suppressed" else f"It waits{because}."


def format_outcome(decided: str, outcome: str | None, answer: str | None) -> str | None:
    """Return the outcome of a nudge as one sentence; None if there was no nudge."""
    if decided != "nudged":
        return None
    length = NEEDED_LENGTHS.get(answer or "")
    if outcome == "needed" and length:
        return f"You said that you needed it, for {format_length(length)}."
    if outcome == "ignored" and answer == "put_away":
        return 'You answered "Put it away", and it stayed in use.'
    # The answer is added only if the outcome was not measured.
    sentence = OUTCOME_WORDS[outcome] if outcome else _NOT_YET
    answered = _ANSWER_WORDS.get(answer or "") if outcome in {None, "unknown"} else None
    return f"{answered} {sentence}" if answered else sentence


def format_offer(category: str, times: int) -> str:
    """Return the offer to make a category always for both, with the commands for it."""
    return (
        f"You answered {times} times that {format_category(category)} is for both of you. "
        f"`turntoward together add {category}` makes that permanent; `turntoward together decline {category}` ends this offer."
    )


def format_ordinal(number: int) -> str:
    """Return `second`, `third` … `tenth`, `11th`."""
    if number < len(_ORDINALS):
        return _ORDINALS[number]
    return f"{number}{'th' if 10 <= number % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def format_feature(key: FeatureKey) -> str:
    """Return the feature as a condition names it: `all.uses(messaging, 15 min)`."""
    return format_key(key)


def format_measure(key: FeatureKey, value: Value) -> str:
    """Return a feature's value with its unit, a category in the word of conditions."""
    return shown_category(str(value)) if key.name in CATEGORY_FEATURES else format_value(value)


def format_value(value: Value) -> str:
    """Return a feature's value with its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return format_length(value)
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def why_line(
    category: str | None,
    name: str | None,
    evidence: Sequence[tuple[FeatureKey, Value]],
    repeat: int,
    since: str | None,
    *,
    device: str | None = None,
) -> str:
    """Return the why-line of a nudge: the activity, the device, how long or how often, and the number of the nudge.

    `name` None: the category is named. `repeat` counts the nudges about the category in this partner time, with this one;
    `since` is the local time at which partner time began. `device` None, or the laptop: it is not named.
    """
    # If a rule has a count of the device and one of all devices, the latter is shown.
    known = {key.name: (key, value) for key, value in sorted(evidence, key=lambda pair: pair[0].scope == "all")}
    parts = [_capitalised(format_activity(category, name, device))]
    dwell = known.get("dwell", (None, None))[1]
    counted = _counted(known, dwell if isinstance(dwell, timedelta) else None)
    if counted:
        parts.append(counted)
    elif "switches" in known:
        key, value = known["switches"]
        if key.span:
            parts = [f"{value} switches in {format_length(key.span)}"]
    # The length is shown only without a count.
    if isinstance(dwell, timedelta) and len(parts) == 1 and "switches" not in known:
        parts.append(format_length(dwell))
    came_from = known.get("came_from", (None, None))[1]
    if isinstance(came_from, str):
        parts.append(f"after {format_category(came_from)}")
    # Two counts in one line would confuse.
    if repeat > 1 and since and not (counted or {"glances", "uses"} & known.keys()):
        parts.append(f"the {format_ordinal(repeat)} nudge about it since {since}")
    return ", ".join(parts) + "."


def _counted(known: Mapping[str, tuple[FeatureKey, Value]], dwell: timedelta | None) -> str | None:
    for feature, one in _COUNTED.items():
        key, value = known.get(feature, (None, None))
        if key is None or key.span is None or not isinstance(value, int):
            continue
        # For a use longer than a glance the length is the reason, not that a phone was opened or picked up.
        is_beside = (
            feature in {"opens", "pick_ups", "led_pick_ups", "own_pick_ups"} and dwell is not None and dwell >= _GLANCE
        )
        # A first opening or pick-up is not mentioned; a glance is.
        if is_beside or (value < 2 and feature != "glances"):
            continue
        return f"the {format_ordinal(value)} {one} in {format_length(key.span)}"
    return None


def _capitalised(words: str) -> str:
    first = words.split(" ", 1)[0]
    return words[:1].upper() + words[1:] if first == first.lower() else words
