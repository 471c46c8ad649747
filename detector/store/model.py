"""What the store hands out beside what the core keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOccurrence:
    """Partner time as it really was: `ends` was planned, `ended` happened (None: still under way, or cut off)."""

    id: str
    title: str
    began: datetime
    ends: datetime
    ended: datetime | None
    end_reason: str | None
