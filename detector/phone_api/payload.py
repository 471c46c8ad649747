"""Read what a phone sends: version 1 of the format.

Invariant 1: the form is checked in the same way at all times; outside partner time an event gets the same response.
Invariant 2: every problem is listed, and none quotes the app.
Invariant 3: what an event does not need is dropped right here.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from detector.i18n import _
from detector.partner_time.occurrences import MAX_LENGTH
from detector.phone_api.json_fields import PayloadError, did_you_mean, json_kind, quoted, read_fields
from detector.phone_api.model import EVENT_NAMES, PARTNER_TIME_ACTIONS, PartnerTimeAction, PhoneEvent
from rules.features import CATEGORIES

Word = TypeVar("Word", bound=str)

FIELDS: Final = ("event", "category", "app", "at")
MAX_APP_LENGTH: Final = 200
MAX_CLOCK_DIFFERENCE: Final = timedelta(minutes=10)
"""How far `at` may be from this device's clock: phones deliver late, and their clocks differ by less."""

_APP_EVENTS: Final = ("app_open", "app_close")
_MAX_AT_LENGTH: Final = 64
_EXAMPLE_AT: Final = "2026-11-23T19:02:11+01:00"
_BAD_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Characters that change the direction of text: a name with them can look like another one.
_BIDI_CONTROLS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Tasker, MacroDroid and Shortcuts send the name of a variable as it stands where the person mistyped it.
_VARIABLE: Final = re.compile(r"%[A-Za-z_]\w*|\[[a-z_]+\]|\{[a-z_]+\}")


def parse_phone_event(body: bytes, now: datetime) -> PhoneEvent:
    """Return the event in the body. `now`: aware; `at` is compared with it and returned in UTC.

    Raises `PayloadError` with every problem there is; nothing else is ever raised.
    """
    fields, problems = read_fields(body, FIELDS)
    event = _choice(fields, "event", EVENT_NAMES, problems, is_required=True)
    category = _choice(fields, "category", CATEGORIES, problems)
    app = _app(fields, problems)
    at = _at(fields, now, problems)
    if event in _APP_EVENTS and "category" not in fields and "app" not in fields:
        problems.append(_("{event} needs a category or an app").format(event=event))
    if problems or event is None:
        raise PayloadError(problems)
    if event not in _APP_EVENTS:
        # Invariant 3: an automation may send the app with every event.
        category = app = None
    return PhoneEvent(event=event, category=category, app=app, at=at)


def parse_partner_time_request(body: bytes) -> tuple[PartnerTimeAction, timedelta]:
    """Return what is to be done with partner time, and for how long; zero for a stop.

    Raises `PayloadError` with every problem there is; nothing else is ever raised.
    """
    fields, problems = read_fields(body, ("do", "minutes"))
    action = _choice(fields, "do", PARTNER_TIME_ACTIONS, problems, is_required=True)
    minutes = fields.get("minutes")
    maximum = int(MAX_LENGTH / timedelta(minutes=1))
    if "minutes" not in fields:
        if action in ("start", "extend"):
            problems.append(_("{action} needs minutes").format(action=action))
    # A boolean is an int in Python, and true would be one minute.
    elif isinstance(minutes, bool) or not isinstance(minutes, int):
        problems.append(_("minutes is {kind} where a whole number is needed").format(kind=json_kind(minutes)))
    elif not 1 <= minutes <= maximum:
        problems.append(_("minutes is not between 1 and {maximum}").format(maximum=maximum))
    if problems or action is None:
        raise PayloadError(problems)
    if action == "stop":
        return action, timedelta(0)
    return action, timedelta(minutes=minutes or 0)


def _choice(
    fields: Mapping[str, Any], name: str, choices: Sequence[Word], problems: list[str], *, is_required: bool = False
) -> Word | None:
    """Return which of the choices the field names, None where it is missing or names none of them."""
    word = _text(fields, name, problems)
    if is_required and name not in fields:
        problems.append(_("{name} is missing; allowed: {words}").format(name=name, words=", ".join(choices)))
    choice = next((choice for choice in choices if choice == word), None)
    if word is not None and choice is None:
        problem = _("{name} is {word}").format(name=name, word=quoted(word))
        problems.append(problem + did_you_mean(word, choices))
    return choice


def _app(fields: Mapping[str, Any], problems: list[str]) -> str | None:
    app = _text(fields, "app", problems)
    if app is None:
        return None
    if not app.strip():
        problems.append(_("app is empty"))
    if len(app) > MAX_APP_LENGTH:
        problem = _("app has {count} characters, and {maximum} at most are allowed")
        problems.append(problem.format(count=len(app), maximum=MAX_APP_LENGTH))
    if any(char in _BIDI_CONTROLS or unicodedata.category(char) in _BAD_CATEGORIES for char in app):
        problems.append(_("app has control characters in it"))
    if _VARIABLE.fullmatch(app.strip()):
        problems.append(_("app is the name of a variable, not what is in it: choose the variable from your app's list"))
    return app


def _at(fields: Mapping[str, Any], now: datetime, problems: list[str]) -> datetime | None:
    word = _text(fields, "at", problems)
    if word is None:
        return None
    at = None
    # ISO 8601 is ASCII, and a text that is longer than any instant need not be parsed.
    if len(word) <= _MAX_AT_LENGTH and word.isascii():
        with suppress(ValueError):
            at = datetime.fromisoformat(word)
    if at is None:
        problem = _("at is not a time in ISO 8601, such as {example}; leave it out to mean now")
        problems.append(problem.format(example=_EXAMPLE_AT))
        return None
    if at.utcoffset() is None:
        problem = _("at has no zone: it ends in Z or in an offset, as in {example}")
        problems.append(problem.format(example=_EXAMPLE_AT))
        return None
    try:
        difference = at.astimezone(UTC) - now
    except OverflowError:  # the first and the last day that datetime has, in another zone
        difference = timedelta.max
    if abs(difference) > MAX_CLOCK_DIFFERENCE:
        problem = _("at is more than {minutes} minutes off: set the clocks right, or leave it out")
        problems.append(problem.format(minutes=int(MAX_CLOCK_DIFFERENCE / timedelta(minutes=1))))
        return None
    return at.astimezone(UTC)


def _text(fields: Mapping[str, Any], name: str, problems: list[str]) -> str | None:
    value = fields.get(name)
    if name in fields and not isinstance(value, str):
        problem = _("{name} is {kind} where text is needed")
        problems.append(problem.format(name=name, kind=json_kind(value)))
    return value if isinstance(value, str) else None
