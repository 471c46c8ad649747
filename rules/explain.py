"""A match or a suppression as a sentence: the same words in the notification, the report and on the command line.

Invariant 1: what happened on a phone says so, by the name that the person gave it; of this laptop nothing is added.
Invariant 2: a category of `UNNAMED` is not told apart from `other`, and nothing of it is named.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from rules.features import LAPTOP, UNNAMED
from rules.language.formatter import format_key
from rules.lengths import format_length
from rules.model import DEVICE_PLACEHOLDER, FeatureKey, Reason, Value
from rules.policy import NEEDED_LENGTHS

CATEGORY_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
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
)

REASON_WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
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
)

OUTCOME_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "put_away_30": "You put it away within 30 s.",
        "put_away_60": "You put it away within 60 s.",
        "together": "You said that it is for both of you.",
        "needed": "You said that you needed it.",
        "dismissed": "You closed the nudge, and went on.",
        "ignored": "You did not answer, and went on.",
        "undelivered": "Nobody saw it: no notifier could show it.",
        "unknown": "What came of it is not known: nothing more was sensed.",
    }
)

_ANSWER_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "put_away": 'You answered "Put it away".',
        "dismissed": "You closed the nudge.",
        "expired": "You did not answer.",
    }
)
_NOT_YET: Final = "Whether you put it away is known about two minutes after the nudge."

MAX_DEVICE_NAME: Final = 40
"""Characters of a device's name that are shown; what the person typed may be longer."""
CATEGORY_FEATURES: Final = frozenset({"category", "came_from"})
_GLANCE: Final = timedelta(seconds=30)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINER: Final = "\u200d"
"""The one character without a width that is kept: it holds emoji together."""
_COUNTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "opens": "opening",
        "led_pick_ups": "pick-up after a notification",
        "own_pick_ups": "pick-up without one",
        "pick_ups": "pick-up",
        "glances": "look",
        "uses": "time",
    }
)

_ORDINALS: Final = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def shown_category(category: str) -> str:
    """Return the category as it may be written where a person or another program reads it."""
    return "other" if category in UNNAMED else category


def format_category(category: str | None) -> str:
    """Return the category in words, such as `social media`."""
    shown = shown_category(category or "")
    return CATEGORY_WORDS.get(shown, shown or "nothing in front")


def shown_instant(at: datetime, device: str) -> datetime:
    """Return the instant as it may be shown: that of a phone to the minute, for the phone may be somebody else's."""
    return at if device == LAPTOP else at.replace(second=0, microsecond=0)


def format_device(device: str) -> str:
    """Return the device's name as the person gave it, on one line, of visible characters, not too long."""
    spaced = "".join(" " if character.isspace() else character for character in device)
    # Characters without a width can reorder or hide the text around them.
    kept = "".join(each for each in spaced if each == _JOINER or unicodedata.category(each) not in _HIDDEN)
    line = " ".join(kept.split())
    # It stands in notifications and in a terminal: a name of many lines or invisible characters must not spoil them.
    return line if len(line) <= MAX_DEVICE_NAME else line[: MAX_DEVICE_NAME - 1].rstrip() + "…"


def format_activity(category: str | None, name: str | None = None, device: str | None = None) -> str:
    """Return what was used, and where unless it was here: `social media on my phone`. `name` None: the category."""
    name = None if category in UNNAMED else name
    what = name or format_category(category)
    where = format_device(device) if device is not None and device != LAPTOP else ""
    if not where:
        return what
    # Of a phone that reports no apps there is nothing more to say.
    return where if category == "phone" and not name else f"{what} on {where}"


def format_reason(reason: Reason) -> str:
    """Return why a nudge was held or suppressed, as half a sentence."""
    return REASON_WORDS[reason]


def format_needed(category: str | None, device: str | None = None) -> str:
    """Return what an answer to "for how long?" does, as one sentence."""
    return f"Until then there is no nudge about {format_activity(category, device=device)}."


def format_need_over(category: str | None, device: str | None, answer: str | None) -> str:
    """Return that the time is over for which something was needed; `answer` says how long that was."""
    what, length = _capitalised(format_activity(category, device=device)), NEEDED_LENGTHS.get(answer or "")
    return f"{what}, needed for {format_length(length)}." if length else f"{what}."


def format_evidence(parts: Sequence[str | FeatureKey], evidence: Mapping[FeatureKey, Value], device: str) -> str | None:
    """Return the rule's own sentence with what was measured in it; None where it has none, or where a number is unknown."""
    said: list[str] = []
    for part in parts:
        if part == DEVICE_PLACEHOLDER:
            said.append(format_device(device))
        elif isinstance(part, str):
            said.append(part)
        elif (value := evidence.get(part)) is None:
            return None
        else:
            said.append(format_category(str(value)) if part.name in CATEGORY_FEATURES else format_value(value))
    return "".join(said) or None


def format_policy(decided: str, reason: Reason | None, at: str, *, was_shown: bool = True) -> str:
    """Return what became of a match, and why, as one sentence. `at`: when that was decided, by the person's clock."""
    if decided == "nudged" and not was_shown:
        return f"It was to be said at {at}, and could not be shown."
    if decided == "nudged":
        if reason is None:
            return "It was shown at once: there was no reason to wait."
        return f"It was shown at {at}; before that, it waited because {format_reason(reason)}."
    because = f", because {format_reason(reason)}" if reason is not None else ""
    return f"There was no nudge{because}." if decided == "suppressed" else f"It waits{because}."


def format_outcome(decided: str, outcome: str | None, answer: str | None) -> str | None:
    """Return what came of a nudge, as one sentence; None where nothing was said."""
    if decided != "nudged":
        return None
    length = NEEDED_LENGTHS.get(answer or "")
    if outcome == "needed" and length:
        return f"You said that you needed it, for {format_length(length)}."
    if outcome == "ignored" and answer == "put_away":
        return 'You answered "Put it away", and it stayed in use.'
    # What was measured says more than the answer; where nothing was, the answer is all that is known.
    became = OUTCOME_WORDS[outcome] if outcome else _NOT_YET
    answered = _ANSWER_WORDS.get(answer or "") if outcome in {None, "unknown"} else None
    return f"{answered} {became}" if answered else became


def format_offer(category: str, times: int) -> str:
    """Return that a category may be made always for both, with the command that does so."""
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
    """Return the why-line of a nudge: what, where, how long or how often, and the n-th nudge about it that this is.

    `name` None keeps to the category. `repeat` counts the nudges about the category in this partner time, this one
    included; `since` is partner time's beginning as the person reads a clock. `device`: where it happened; None, or this laptop:
    nothing is said of it.
    """
    # Where a rule asks for the device's own count and for that of all, the latter is what made it hold.
    known = {key.name: (key, value) for key, value in sorted(evidence, key=lambda each: each[0].scope == "all")}
    parts = [_capitalised(format_activity(category, name, device))]
    dwell = known.get("dwell", (None, None))[1]
    counted = _counted(known, dwell if isinstance(dwell, timedelta) else None)
    if counted:
        parts.append(counted)
    elif "switches" in known:
        key, value = known["switches"]
        if key.span:
            parts = [f"{value} switches in {format_length(key.span)}"]
    # The length is what is left to say where no count does.
    if isinstance(dwell, timedelta) and len(parts) == 1 and "switches" not in known:
        parts.append(format_length(dwell))
    came_from = known.get("came_from", (None, None))[1]
    if isinstance(came_from, str):
        parts.append(f"after {format_category(came_from)}")
    # A count in a span says the same already, and two counts in one line confuse.
    if repeat > 1 and since and not (counted or {"glances", "uses"} & known.keys()):
        parts.append(f"the {format_ordinal(repeat)} nudge about it since {since}")
    return ", ".join(parts) + "."


def _counted(known: Mapping[str, tuple[FeatureKey, Value]], dwell: timedelta | None) -> str | None:
    for feature, one in _COUNTED.items():
        key, value = known.get(feature, (None, None))
        if key is None or key.span is None or not isinstance(value, int):
            continue
        # Of a use longer than a glance the length says why; an opening or a pick-up says only that it is a phone.
        is_beside = (
            feature in {"opens", "pick_ups", "led_pick_ups", "own_pick_ups"} and dwell is not None and dwell >= _GLANCE
        )
        # A first opening or pick-up is no news; a glance is named from the first on.
        if is_beside or (value < 2 and feature != "glances"):
            continue
        return f"the {format_ordinal(value)} {one} in {format_length(key.span)}"
    return None


def _capitalised(words: str) -> str:
    first = words.split(" ", 1)[0]
    return words[:1].upper() + words[1:] if first == first.lower() else words
