"""Read what a phone tells of itself: the format of the door, version 1.

Rule 1: the form is checked in the same way at all times; what is told outside partner time is told no differently.
Rule 2: every problem is listed, and none repeats the app.
Rule 3: what an event does not need is let go of right here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from detector.phone_api.json_fields import PayloadError, did_you_mean, kind, read_fields, shown
from detector.phone_api.model import EVENTS, EventName, PartnerTimeAction, PhoneEvent
from rules.features import CATEGORIES

FIELDS: Final = ("event", "category", "app", "at")
LONGEST_APP: Final = 200
FARTHEST: Final = timedelta(minutes=10)
"""How far `at` may be from this device's clock: phones hand on late, and their clocks differ by less."""
LONGEST_WISH: Final = timedelta(hours=24)
WISHES: Final[tuple[PartnerTimeAction, ...]] = ("start", "stop", "extend")

_APP_EVENTS: Final = ("app_open", "app_close")
_LONGEST_AT: Final = 64
_AT: Final = "2026-11-23T19:02:11+01:00"
_UNFIT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_VARIABLE: Final = re.compile(r"%[A-Za-z_]\w*|\[[a-z_]+\]|\{[a-z_]+\}")

__all__ = ["PayloadError", "parse_partner_time_request", "parse_phone_event"]


def parse_phone_event(body: bytes, now: datetime) -> PhoneEvent:
    """Return what the phone told. `now`: aware; `at` is compared with it and handed on in UTC.

    Raises:
        PayloadError: with every problem there is; nothing else is ever raised.
    """
    fields, problems = read_fields(body, FIELDS)
    event = _event(fields, problems)
    category = _category(fields, problems)
    app = _app(fields, problems)
    at = _at(fields, now, problems)
    if event in _APP_EVENTS and "category" not in fields and "app" not in fields:
        problems.append(f"{event} needs a category or an app")
    if problems or event is None:
        raise PayloadError(problems)
    if event not in _APP_EVENTS:
        category = app = None
    return PhoneEvent(event=event, category=category, app=app, at=at)


def parse_partner_time_request(body: bytes) -> tuple[PartnerTimeAction, timedelta]:
    """Return what is wished for together, and for how long; a stop lasts no time.

    Raises:
        PayloadError: with every problem there is; nothing else is ever raised.
    """
    fields, problems = read_fields(body, ("do", "minutes"))
    what = _word(fields, "do", problems)
    if what is None and "do" not in fields:
        problems.append(f"do is missing: there is {', '.join(WISHES)}")
    wish = next((one for one in WISHES if one == what), None)
    if what is not None and wish is None:
        problems.append(f"do is {shown(what)}{did_you_mean(what, WISHES)}")
    minutes = fields.get("minutes")
    most = int(LONGEST_WISH / timedelta(minutes=1))
    if "minutes" not in fields:
        if wish in ("start", "extend"):
            problems.append(f"{wish} needs minutes")
    elif isinstance(minutes, bool) or not isinstance(minutes, int):
        problems.append(f"minutes is {kind(minutes)} where a whole number is needed")
    elif not 1 <= minutes <= most:
        problems.append(f"minutes is not between 1 and {most}")
    if problems or wish is None:
        raise PayloadError(problems)
    return wish, timedelta(minutes=minutes or 0) if wish != "stop" else timedelta(0)


def _event(fields: Mapping[str, Any], problems: list[str]) -> EventName | None:
    word = _word(fields, "event", problems)
    if word is None:
        if "event" not in fields:
            problems.append(f"event is missing: there is {', '.join(EVENTS)}")
        return None
    event = next((one for one in EVENTS if one == word), None)
    if event is None:
        problems.append(f"event is {shown(word)}{did_you_mean(word, EVENTS)}")
    return event


def _category(fields: Mapping[str, Any], problems: list[str]) -> str | None:
    word = _word(fields, "category", problems)
    if word is not None and word not in CATEGORIES:
        problems.append(f"category is {shown(word)}{did_you_mean(word, CATEGORIES)}")
    return word


def _app(fields: Mapping[str, Any], problems: list[str]) -> str | None:
    app = _word(fields, "app", problems)
    if app is None:
        return None
    if not app.strip():
        problems.append("app is empty")
    if len(app) > LONGEST_APP:
        problems.append(f"app has {len(app)} characters, and {LONGEST_APP} at most can be taken")
    if any(char in _TURNING or unicodedata.category(char) in _UNFIT for char in app):
        problems.append("app has control characters in it")
    if _VARIABLE.fullmatch(app.strip()):
        problems.append("app is the name of a variable, not what is in it: choose the variable from your app's list")
    return app


def _at(fields: Mapping[str, Any], now: datetime, problems: list[str]) -> datetime | None:
    word = _word(fields, "at", problems)
    if word is None:
        return None
    try:
        at = datetime.fromisoformat(word) if len(word) <= _LONGEST_AT and word.isascii() else None
    except ValueError:
        at = None
    if at is None:
        problems.append(f"at is no instant in the form of ISO 8601, such as {_AT}; without it, now is meant")
        return None
    try:
        off = None if at.utcoffset() is None else at.astimezone(UTC) - now
    except OverflowError:  # the first and the last day that there are, in another zone
        off = timedelta.max
    if off is None:
        problems.append(f"at has no zone: it ends in Z or in an offset, as in {_AT}")
        return None
    if abs(off) > FARTHEST:
        most = int(FARTHEST / timedelta(minutes=1))
        problems.append(f"at is more than {most} minutes off: set the clocks right, or leave it out")
        return None
    return at.astimezone(UTC)


def _word(fields: Mapping[str, Any], name: str, problems: list[str]) -> str | None:
    value = fields.get(name)
    if name in fields and not isinstance(value, str):
        problems.append(f"{name} is {kind(value)} where text is needed")
    return value if isinstance(value, str) else None
