"""Sanitize imported events: an event comes in with its title and its URL, and goes on as instants and a category.

Invariant 1: nothing behind this module ever sees a title, the URL of a page, or what an app or a site is called, even with
`keep_names`: when the history was recorded, nobody knew that it would be read.
Invariant 2: an invalid event is named by its bucket and number, never by what it holds; the others go on.
Invariant 3: what goes on costs four integers, however long a title was.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from detector.activities.classifier import LOCK_SCREEN, Classifier
from detector.core.observations import LAPTOP, Activity
from detector.i18n import _
from detector.importing.model import ImportReport
from detector.importing.timeline import to_microseconds
from detector.importing.tracks import NOTHING, OTHER_BROWSER, OVERLAY, EventTracks
from detector.sensors.activitywatch_events import (
    ANY_BROWSER,
    BROWSERS,
    EVENT_TYPES,
    AfkFields,
    AppFields,
    Browser,
    BucketKind,
    FrontFields,
    TabFields,
    browser_for,
    bucket_kind,
)
from detector.sensors.known_programs import KNOWN_PROGRAMS

MAX_DURATION: Final = 31 * 24 * 3600.0
"""Seconds; an event that lasts longer comes from a clock that was wrong."""
MAX_CLOCK_SKEW: Final = timedelta(minutes=10)
"""How far an event may lie in the future: the clocks of two devices differ by less."""
_CACHE_SIZE: Final = 8192
_HOST: Final = re.compile(r"https?://(?:[^/?#@]{0,200}@)?([^/?#:@]{1,253})", re.IGNORECASE)


class _UnusableEvent(Exception):
    """One event is invalid. The message contains nothing of the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBucket:
    """A bucket of ActivityWatch. `host` is the device that its events are of, as ActivityWatch calls it."""

    name: str
    kind: BucketKind
    host: str


class EventSanitizer:
    """Adds sanitized events to tracks. `phone`: the name of the phone that the buckets of phones belong to."""

    def __init__(
        self,
        classifier: Classifier,
        tracks: EventTracks,
        report: ImportReport,
        *,
        phone: str,
        now: datetime,
    ) -> None:
        self._tracks = tracks
        self._report = report
        self._phone = phone
        self._latest = to_microseconds(now + MAX_CLOCK_SKEW)
        self._earliest = to_microseconds(datetime(2000, 1, 1, tzinfo=UTC))
        self._decoders = {kind: msgspec.json.Decoder(shape) for kind, shape in EVENT_TYPES.items()}
        # The same few thousand titles come again and again, and classifying is by far the slowest step of an import.
        self._classify_front = lru_cache(_CACHE_SIZE)(_front_classifier(classifier))
        self._classify_tab = lru_cache(_CACHE_SIZE)(_tab_classifier(classifier))
        self._classify_app = lru_cache(_CACHE_SIZE)(_app_classifier(classifier))
        self._screens: dict[tuple[str, str | None], int] = {}

    def accept_bucket(self, name: str, type_: str, host: str | None) -> SourceBucket | None:
        """Return the bucket, if its kind is used; else it is noted as skipped."""
        kind = bucket_kind(name, type_)
        if kind is None:
            self._report.skipped_buckets.append(name)
            return None
        return SourceBucket(name=name, kind=kind, host=host or "")

    def device(self, bucket: SourceBucket) -> str:
        return self._phone if bucket.kind in {"app", "unlock"} else LAPTOP

    def add(self, bucket: SourceBucket, number: int, raw: msgspec.Raw, *, split_at: int | None = None) -> None:
        """Add one event, the bucket's n-th.

        `split_at`: where the requested span began; an event that began before it was counted with the last span.
        """
        counts = self._report.counts(self.device(bucket))
        try:
            event = self._decoders[bucket.kind].decode(raw)
            began, ended = self._span(event.timestamp, event.duration)
            what, qualifier = self._activity(bucket, event.content)
        except (_UnusableEvent, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            counts.read += 1
            counts.invalid += 1
            problem = _("{bucket}, event {number}: {problem}")
            self._report.add_problem(problem.format(bucket=bucket.name, number=number, problem=_describe(error)))
            return
        if bucket.kind == "tab":
            track = self._tracks.tab_track(bucket.host, qualifier)
        else:
            track = self._tracks.track(self.device(bucket), bucket.host, bucket.kind)
        # aw-server cuts an event at the edge of what is requested: the rest of it begins exactly there.
        if split_at is None or began > split_at:
            counts.read += 1
        else:
            track.split_points.add(began)
        track.add(began, ended, what, qualifier)

    def _span(self, at: datetime, duration: float) -> tuple[int, int]:
        # A time without a zone means UTC: ActivityWatch itself reads it so.
        began = to_microseconds(at.replace(tzinfo=UTC) if at.tzinfo is None else at)
        if not 0 <= duration <= MAX_DURATION:
            raise _UnusableEvent(_("its duration is below zero") if duration < 0 else _("it lasts longer than a month"))
        ended = began + round(duration * 1_000_000)
        if ended > self._latest:
            raise _UnusableEvent(_("it lies in the future"))
        if began < self._earliest:
            raise _UnusableEvent(_("it lies before the year 2000"))
        return began, ended

    def _activity(self, bucket: SourceBucket, content: Any) -> tuple[int, int]:
        """Return the number of the activity (for idleness 1 or 0), and the qualifier that `EventTrack` keeps of it."""
        match content:
            case FrontFields(app=app, title=title):
                activity, browser = self._classify_front(app or "", title or "")
                return self._number(activity), browser
            case TabFields(title=title, url=url):
                page, browser = self._classify_tab(bucket.name, title or "", _site(url or ""))
                return self._number(page), browser
            case AppFields(package=package, app=app, classname=classname):
                name = package or app
                if not name:
                    raise _UnusableEvent(_("it names no app"))
                known = self._classify_app(name)
                screen = self._screens.setdefault((name, classname), len(self._screens))
                return known if isinstance(known, int) else self._number(known), screen
            case AfkFields(status=status):
                if status not in {"afk", "not-afk"}:
                    raise _UnusableEvent(_("its status is neither afk nor not-afk"))
                return int(status == "afk"), 0
            case _unlock:
                return NOTHING, 0

    def _number(self, activity: Activity | None) -> int:
        return NOTHING if activity is None else self._tracks.number(Activity(category=activity.category))


def _front_classifier(classifier: Classifier) -> Callable[[str, str], tuple[Activity | None, int]]:
    def classify(app: str, title: str) -> tuple[Activity | None, int]:
        verdict = classifier.classify(app, title)
        if verdict.name == LOCK_SCREEN:
            return None, 0  # nobody is there
        browser = browser_for(app)
        if browser is None:
            number = OTHER_BROWSER if classifier.browser_and_site(app, title)[0] else 0
        else:
            number = BROWSERS.index(browser) + 1
        # Negative where the toplevel's own title says which page it is.
        return verdict.activity(), number if verdict.entry is None else -number

    return classify


def _app_classifier(classifier: Classifier) -> Callable[[str], Activity | int]:
    def classify(package: str) -> Activity | int:
        if package in KNOWN_PROGRAMS["android_launchers"] or "launcher" in package.lower():
            return NOTHING
        if package in KNOWN_PROGRAMS["android_dialogs"]:
            return OVERLAY
        return classifier.classify_phone(package).activity()

    return classify


def _tab_classifier(classifier: Classifier) -> Callable[[str, str, str], tuple[Activity | None, int]]:
    def classify(bucket: str, title: str, site: str) -> tuple[Activity | None, int]:
        known = browser_for(bucket)
        browser: Browser = known or ANY_BROWSER
        number = 0 if known is None else BROWSERS.index(known) + 1
        for page in (title, site):
            verdict = classifier.classify(browser.app_id, browser.title(page)) if page else None
            if verdict is not None and verdict.entry is not None:
                return verdict.activity(), number
        return None, number

    return classify


def _site(url: str) -> str:
    """Return the name of a site by its host: `www.youtube.com` is `youtube`; '' where there is none."""
    found = _HOST.match(url)
    parts = [part for part in found[1].lower().split(".") if part] if found else []
    if len(parts) >= 3 and len(parts[-2]) <= 3 and len(parts[-1]) == 2:
        parts.pop()  # bbc.co.uk
    return parts[-2] if len(parts) >= 2 else ""


def _describe(error: Exception) -> str:
    if isinstance(error, _UnusableEvent):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return _("a character in it is broken")
    # Of what msgspec says only the place: it names the type that is wanted there, never what is there.
    _words, at, place = str(error).rpartition(" - at `$.")
    if not at:
        return _("it is not what an event should be")
    return _("{place} is not what it should be").format(place=place.strip("`"))
