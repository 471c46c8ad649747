"""Partner time as it is declared, and the occurrences that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ON_CALL: Final = "#oncall"
"""Stands in the title of partner time during which the person is on call, or cares for somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTime:
    """What the user declared.

    `begins` is the first beginning as naive local time of `zone` (an IANA name); `lasts` is how long it lasts on the
    wall clock, more than zero, at most 24 h. `recurrence` is an RFC 5545 RRULE without DTSTART, or None for once.
    `number` is the store's; None before it is kept.
    """

    title: str
    begins: datetime
    lasts: timedelta
    zone: str
    recurrence: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One concrete half-open interval `[begins, ends)` of a partner time; aware UTC.

    `id` is `<partner time's number>@<planned beginning, UTC, as 20261123T173000Z>`: the same however often it is computed.
    """

    id: str
    partner_time: int
    title: str
    begins: datetime
    ends: datetime
    zone: str


def is_on_call(title: str) -> bool:
    """Return whether the title says that the person is on call: `Dinner #oncall`."""
    return ON_CALL in title.casefold().split()
