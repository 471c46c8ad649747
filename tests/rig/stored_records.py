"""Things to keep: an evening's records, built by minutes after 18:30 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from detector.core.effects import Coverage, Moment, Outcome, Record, Use
from detector.core.observations import Activity, Observation, PartnerTimeBegan, PartnerTimeEnded
from rules.model import FeatureKey, Filter, Reason

BEGAN: Final = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
EVENING: Final = "1@20261123T183000Z"


def after_minutes(minutes: float) -> datetime:
    """Return the instant so many minutes after the evening began."""
    return BEGAN + timedelta(minutes=minutes)


def begins(occurrence: str = EVENING, at: float = 0, lasts: float = 90, title: str = "Dinner") -> Record:
    """Return the record that opens an evening."""
    began = PartnerTimeBegan(at=after_minutes(at), occurrence=occurrence, title=title, ends=after_minutes(at + lasts))
    return Record(occurrence=occurrence, item=began)


def ends(occurrence: str = EVENING, at: float = 90, reason: Any = "ended") -> Record:
    """Return the record that closes an evening."""
    return Record(occurrence=occurrence, item=PartnerTimeEnded(at=after_minutes(at), reason=reason))


def seen(observation: Observation, occurrence: str = EVENING) -> Record:
    """Return the record of an observation."""
    return Record(occurrence=occurrence, item=observation)


def use(
    number: int, began: float, ended: float | None, category: str = "social", occurrence: str = EVENING, **more: Any
) -> Record:
    """Return the record of a use."""
    what = Use(
        number=number,
        device="laptop",
        activity=Activity(category=category, name=more.pop("name", None)),
        began=after_minutes(began),
        ended=None if ended is None else after_minutes(ended),
        **more,
    )
    return Record(occurrence=occurrence, item=what)


def covered(number: int, began: float, ended: float, occurrence: str = EVENING) -> Record:
    """Return the record of a stretch of coverage."""
    what = Coverage(number=number, device="laptop", began=after_minutes(began), ended=after_minutes(ended))
    return Record(occurrence=occurrence, item=what)


def moment(number: int, began: float, ended: float | None, occurrence: str = EVENING, **more: Any) -> Record:
    """Return the record of a moment with everything in it."""
    given: dict[str, Any] = {
        "rule": "feed",
        "device": "laptop",
        "use": 1,
        "category": "social",
        "name": None,
        "decided_at": after_minutes(began),
        "decided": "nudged",
        "reason": Reason.TYPING,
        "evidence": (
            (FeatureKey("dwell"), timedelta(seconds=70)),
            (FeatureKey("uses", timedelta(minutes=15), "social", "all"), 2),
            (FeatureKey("scroll_rate", timedelta(seconds=30)), 12.0),
            (FeatureKey("category"), "social"),
            (FeatureKey("full_screen"), False),
            (
                FeatureKey(
                    "uses",
                    timedelta(minutes=5),
                    None,
                    "phone",
                    Filter(frozenset({"video", "news"}), timedelta(seconds=30)),
                ),
                3,
            ),
            (
                FeatureKey("time", timedelta(hours=24), None, "all", Filter(None, None, timedelta(seconds=4))),
                timedelta(0),
            ),
            (
                FeatureKey(
                    "followed", timedelta(seconds=60), steps=(frozenset({"messaging", "mail"}), frozenset({"social"}))
                ),
                True,
            ),
            (FeatureKey("usual", timedelta(minutes=10), steps=(frozenset({"glances"}),), part=75), 4),
        ),
        "repeat": 2,
        "shown_by": "freedesktop",
        "answer": "put_away",
        "answered_at": after_minutes(began + 0.1),
        "outcome": Outcome.PUT_AWAY_30,
    }
    given |= more
    what = Moment(
        number=number,
        occurrence=occurrence,
        began=after_minutes(began),
        ended=None if ended is None else after_minutes(ended),
        **given,
    )
    return Record(occurrence=occurrence, item=what)
