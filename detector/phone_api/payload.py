"""Read what a phone sends: version 1 of the format.

Invariant 1: the form is checked in the same way at all times; outside partner time an event gets the same response.
Invariant 2: every problem is listed, and none repeats the app.
Invariant 3: what an event does not need is dropped right here.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from detector.i18n import _
from detector.partner_time.occurrences import MAX_LENGTH
from detector.phone_api.json_fields import PayloadError, did_you_mean, json_kind, quoted, read_fields
from detector.phone_api.model import EVENT_NAMES, PARTNER_TIME_ACTIONS, EventName, PartnerTimeAction, PhoneEvent
from rules.features import CATEGORIES

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

__all__ = ["PayloadError", "parse_partner_time_request", "parse_phone_event"]


def parse_phone_event(body: bytes, now: datetime) -> PhoneEvent:
    """Return the event in the body. `now`: aware; `at` is compared with it and returned in UTC.

    Raises `PayloadError` with every problem there is; nothing else is ever raised.
    """
    fields, problems = read_fields(body, FIELDS)
    event = _event(fields, problems)
    category = _category(fields, problems)
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
    word = _text(fields, "do", problems)
    if word is None and "do" not in fields:
        problems.append(_("do is missing: there is {words}").format(words=", ".join(PARTNER_TIME_ACTIONS)))
    action = next((one for one in PARTNER_TIME_ACTIONS if one == word), None)
    if word is not None and action is None:
        problems.append(_("do is {word}").format(word=quoted(word)) + did_you_mean(word, PARTNER_TIME_ACTIONS))
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
    return action, timedelta(minutes=minutes or 0) if action != "stop" else timedelta(0)


def _event(fields: Mapping[str, Any], problems: list[str]) -> EventName | None:
    word = _text(fields, "event", problems)
    if word is None:
        if "event" not in fields:
            problems.append(_("event is missing: there is {words}").format(words=", ".join(EVENT_NAMES)))
        return None
    event = next((one for one in EVENT_NAMES if one == word), None)
    if event is None:
        problems.append(_("event is {word}").format(word=quoted(word)) + did_you_mean(word, EVENT_NAMES))
    return event


def _category(fields: Mapping[str, Any], problems: list[str]) -> str | None:
    word = _text(fields, "category", problems)
    if word is not None and word not in CATEGORIES:
        problems.append(_("category is {word}").format(word=quoted(word)) + did_you_mean(word, CATEGORIES))
    return word


def _app(fields: Mapping[str, Any], problems: list[str]) -> str | None:
    app = _text(fields, "app", problems)
    if app is None:
        return None
    if not app.strip():
        problems.append(_("app is empty"))
    if len(app) > MAX_APP_LENGTH:
        problem = _("app has {count} characters, and {maximum} at most can be taken")
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
    try:
        # ISO 8601 is ASCII, and what is longer than any instant need not be parsed.
        at = datetime.fromisoformat(word) if len(word) <= _MAX_AT_LENGTH and word.isascii() else None
    except ValueError:
        at = None
    if at is None:
        problem = _("at is no instant in the form of ISO 8601, such as {example}; without it, now is meant")
        problems.append(problem.format(example=_EXAMPLE_AT))
        return None
    try:
        difference = None if at.utcoffset() is None else at.astimezone(UTC) - now
    except OverflowError:  # the first and the last day that datetime has, in another zone
        difference = timedelta.max
    if difference is None:
        problem = _("at has no zone: it ends in Z or in an offset, as in {example}")
        problems.append(problem.format(example=_EXAMPLE_AT))
        return None
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
