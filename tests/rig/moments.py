"""A nudged moment as the core hands it out, for tests of what shows it."""

from __future__ import annotations

from datetime import datetime

from detector.core.effects import Moment


def nudged_moment(
    at: datetime, *, number: int = 1, occurrence: str = "1@x", rule: str = "F101", device: str = "laptop"
) -> Moment:
    """Return a moment of social media that began, and was nudged, at `at`."""
    return Moment(
        number=number,
        occurrence=occurrence,
        rule=rule,
        device=device,
        use=1,
        category="social",
        name=None,
        began=at,
        decided_at=at,
        ended=None,
        decided="nudged",
        reason=None,
        evidence=(),
    )
