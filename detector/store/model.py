"""The values that the store returns beside those of the core."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from detector.core.effects import Coverage, Use


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOccurrence:
    """Partner time as it really was: `ends` was planned, `ended` happened (None: still under way, or cut off).

    `started_well`: every device that is sensed was put away by the end of the grace, at `started_at`; both None where that
    is not known.
    """

    id: str
    title: str
    began: datetime
    ends: datetime
    ended: datetime | None
    end_reason: str | None
    started_well: bool | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUse:
    """A use, and the id of its occurrence."""

    occurrence: str
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCoverage:
    """An interval of coverage, and the id of its occurrence."""

    occurrence: str
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownApps:
    """How often apps were opened on a device that the catalogue does not know.

    `apps`: how many different ones at least. `named`: how often each, where names are kept.
    """

    opens: int
    apps: int
    named: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledOccurrence:
    """An occurrence that was cancelled, as it was planned.

    `instead`: the number of the partner time that makes up for it, if any, as soon as an occurrence of that took place.
    """

    occurrence: str
    title: str
    begins: datetime
    ends: datetime
    at: datetime
    instead: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedCounts:
    """How much was deleted. A use or a coverage that was only cut counts, too."""

    occurrences: int = 0
    observations: int = 0
    uses: int = 0
    coverage: int = 0
    moments: int = 0
    partner_times: int = 0
    phones: int = 0
