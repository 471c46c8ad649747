"""What a person may set about calendars. Limits are checked by `detector.config`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSettings:
    """`refresh`: how often a calendar that you subscribed to is fetched again."""

    refresh: timedelta = timedelta(hours=6)
