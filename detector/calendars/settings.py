"""The settings of calendars; `detector.config` checks the limits."""

from dataclasses import dataclass
from datetime import timedelta

from detector.i18n import _
from rules.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSettings:
    """When calendars that the person subscribed to are fetched."""

    refresh: timedelta = option(
        timedelta(hours=6),
        _("How often a calendar that you subscribed to is read again."),
        minimum=timedelta(minutes=15),
        maximum=timedelta(days=7),
    )
