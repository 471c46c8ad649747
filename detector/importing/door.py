"""The door for history: an event comes in with its title and its address, and goes on as an instant and a category.

Rule 1: nothing behind this door has ever seen a title, an address of a page, or what an app is called.
Rule 2: an event that is wrong is named by its bucket and number, never by what it holds; the others go on.
Rule 3: what goes on costs three integers, however long a title was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from detector.activities.classifier import Classifier
from detector.core.observations import LAPTOP, Activity
from detector.importing.model import Account
from detector.importing.tracks import NOTHING, Tracks
from detector.sensors.activitywatch_events import (
    ANY_BROWSER,
    BROWSERS,
    EVENT_TYPES,
    AfkData,
    AppData,
    Browser,
    BucketKind,
    FrontData,
    TabData,
    browser_of,
    kind_of,
)

LONGEST_EVENT: Final = 31 * 24 * 3600.0
"""Seconds; an event that lasts longer is a slip of a clock."""
AHEAD: Final = timedelta(minutes=10)
_REMEMBERED: Final = 8192
_HOST: Final = re.compile(r"https?://(?:[^/?#@]{0,200}@)?([^/?#:@]{1,253})", re.IGNORECASE)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class _Wrong(Exception):
    """What is wrong with one event, in words that hold nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is said of a bucket. `host` is the device that its events are of, as ActivityWatch calls it."""

    name: str
    kind: BucketKind
    host: str


class Door:
    """Takes events in. `phone`: what the phone is called whose buckets these are."""

    def __init__(
        self, classifier: Classifier, tracks: Tracks, account: Account, *, phone: str, keep_names: bool, now: datetime
    ) -> None:
        self._tracks = tracks
        self._account = account
        self._phone = phone
        self._keep_names = keep_names
        self._latest = _as_integer(now + AHEAD)
        self._earliest = _as_integer(datetime(2000, 1, 1, tzinfo=UTC))
        self._decoders = {kind: msgspec.json.Decoder(shape) for kind, shape in EVENT_TYPES.items()}
        self._front = lru_cache(_REMEMBERED)(_fronts(classifier))
        self._tab = lru_cache(_REMEMBERED)(_tabs(classifier))
        self._app = lru_cache(_REMEMBERED)(classifier.classify_phone)

    def admit(self, name: str, type_: str, host: str | None) -> Bucket | None:
        """Return the bucket, if it is one that is looked at; else it is noted as passed over."""
        kind = kind_of(name, type_)
        if kind is None:
            self._account.passed_over.append(name)
            return None
        return Bucket(name=name, kind=kind, host=host or "")

    def device(self, bucket: Bucket) -> str:
        """Return the device that the bucket is of."""
        return self._phone if bucket.kind in {"app", "unlock"} else LAPTOP

    def take(self, bucket: Bucket, number: int, raw: msgspec.Raw, *, goes_on_from: int | None = None) -> None:
        """Take in one event, the bucket's how-manyeth.

        `goes_on_from`: where a stretch that was asked for began; an event that begins there was counted before.
        """
        tally = self._account.tally(self.device(bucket))
        try:
            event = self._decoders[bucket.kind].decode(raw)
            began, ended = self._span(event.timestamp, event.duration)
            what, browser = self._what(bucket, event.content)
        except (_Wrong, msgspec.DecodeError, RecursionError) as wrong:
            tally.read += 1
            tally.wrong += 1
            self._account.say(f"{bucket.name}, event {number}: {_words(wrong)}")
            return
        track = self._tracks.track(self.device(bucket), bucket.host, bucket.kind)
        if goes_on_from is None or began > goes_on_from:
            tally.read += 1
        else:
            track.pieces.add(began)
        track.add(began, ended, what, browser)

    def _span(self, at: datetime, lasted: float) -> tuple[int, int]:
        # A time without a zone is meant as UTC: ActivityWatch itself reads it so.
        began = _as_integer(at.replace(tzinfo=UTC) if at.tzinfo is None else at)
        if not 0 <= lasted <= LONGEST_EVENT:
            raise _Wrong("its duration is below zero" if lasted < 0 else "it lasts longer than a month")
        ended = began + round(lasted * 1_000_000)
        if ended > self._latest:
            raise _Wrong("it lies in the future")
        if began < self._earliest:
            raise _Wrong("it lies before the year 2000")
        return began, ended

    def _what(self, bucket: Bucket, content: Any) -> tuple[int, int]:
        """Return the number of the activity (for idleness 1 or 0), and of the browser that it may be a page of, or 0."""
        match content:
            case FrontData(app=app, title=title):
                activity, browser = self._front(app or "", title or "")
                return self._number(activity), browser
            case TabData(title=title, url=url):
                page, browser = self._tab(bucket.name, title or "", _site(url or ""))
                return self._number(page), browser
            case AppData(package=package, app=app):
                if not package and not app:
                    raise _Wrong("it names no app")
                return self._number(self._app(package or app).activity()), 0
            case AfkData(status=status):
                if status not in {"afk", "not-afk"}:
                    raise _Wrong("its status is neither afk nor not-afk")
                return int(status == "afk"), 0
            case _:
                return NOTHING, 0

    def _number(self, activity: Activity | None) -> int:
        if activity is None:
            return NOTHING
        return self._tracks.number(activity if self._keep_names else Activity(category=activity.category))


def _fronts(classifier: Classifier) -> Callable[[str, str], tuple[Activity, int]]:
    def classify(app: str, title: str) -> tuple[Activity, int]:
        # ActivityWatch on Windows and macOS names programs as files; the catalogue does not.
        verdict = classifier.classify(app.removesuffix(".exe"), title)
        browser = None if verdict.entry is not None else browser_of(app)
        return verdict.activity(), 0 if browser is None else BROWSERS.index(browser) + 1

    return classify


def _tabs(classifier: Classifier) -> Callable[[str, str, str], tuple[Activity | None, int]]:
    def classify(bucket: str, title: str, site: str) -> tuple[Activity | None, int]:
        known = browser_of(bucket)
        browser: Browser = known or ANY_BROWSER
        number = 0 if known is None else BROWSERS.index(known) + 1
        for page in (title, site):
            verdict = classifier.classify(browser.app_id, browser.title(page)) if page else None
            if verdict is not None and verdict.entry is not None:
                return verdict.activity(), number
        return None, number

    return classify


def _site(url: str) -> str:
    """Return the name of a site as its host has it: `www.youtube.com` is `youtube`; '' where there is none."""
    found = _HOST.match(url)
    parts = [part for part in found[1].lower().split(".") if part] if found else []
    if len(parts) >= 3 and len(parts[-2]) <= 3 and len(parts[-1]) == 2:
        parts.pop()  # bbc.co.uk
    return parts[-2] if len(parts) >= 2 else ""


def _words(wrong: Exception) -> str:
    if isinstance(wrong, _Wrong):
        return str(wrong)
    # Of what msgspec says only the place: it knows what type is wanted there, never what stands there.
    _, at, place = str(wrong).rpartition(" - at `$.")
    return f"{place.strip('`')} is not what it should be" if at else "it is not what an event should be"


def _as_integer(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
