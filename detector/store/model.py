"""What the store hands out beside what the core keeps, and what every store can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from detector.effects import Coverage, Moment, Record, Use
from detector.observations import Observation
from detector.partner_time.model import PartnerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOccurrence:
    """Partner time as it really was: `ends` was planned, `ended` happened (None: still under way, or cut off)."""

    id: str
    title: str
    began: datetime
    ends: datetime
    ended: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptUse:
    """A use, and the occurrence that it belongs to."""

    occurrence: str
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCoverage:
    """A stretch of coverage, and the occurrence that it belongs to."""

    occurrence: str
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much was deleted. A use or a coverage that was only cut counts, too."""

    occurrences: int = 0
    observations: int = 0
    uses: int = 0
    coverage: int = 0
    moments: int = 0
    partner_times: int = 0


class Keeping(Protocol):
    """What every store can do; `Store` does it on disk, `MemoryStore` in memory. Instants: aware, UTC.

    `since` and `until` choose occurrences, by `since <= began < until`; None leaves that side open. So what is asked of
    one table goes with what is asked of another. Lists are in order of time.
    """

    def keep_all(self, records: Sequence[Record]) -> None:
        """Keep all of the records or none, in order; a use, coverage or moment replaces the one of its number."""

    def observations(self, occurrence: str) -> Iterator[Observation]:
        """Yield what was observed in the occurrence, in the order in which it was kept."""

    def unfinished(self) -> list[KeptOccurrence]:
        """Return the occurrences that began and of which no end was kept."""

    def occurrences(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptOccurrence]:
        """Return the occurrences."""

    def moments(self, since: datetime | None = None, until: datetime | None = None) -> list[Moment]:
        """Return the moments of these occurrences."""

    def uses(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptUse]:
        """Return the uses of these occurrences."""

    def coverage(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptCoverage]:
        """Return the coverage of these occurrences."""

    def last_moment(self) -> Moment | None:
        """Return the moment that was decided last, suppressed ones too, or None."""

    def add_partner_time(self, partner_time: PartnerTime) -> PartnerTime:
        """Keep what was declared; return it with its number, which is never given twice."""

    def partner_times(self) -> list[PartnerTime]:
        """Return what is declared, by number."""

    def remove_partner_time(self, number: int) -> bool:
        """Take a declared partner time back; return whether there was one of that number."""

    def stop_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence was stopped early; the first stop of an occurrence counts."""

    def stopped(self) -> Mapping[str, datetime]:
        """Return when occurrences were stopped, by their id."""

    def pause_until(self, until: datetime | None) -> None:
        """Keep until when the program pauses; None: it does not."""

    def paused_until(self) -> datetime | None:
        """Return until when the program pauses, also where that has passed."""

    def remember(self, key: str, value: object) -> None:
        """Keep one small JSON value under a name of its own; None takes it away."""

    def recall(self, key: str) -> object:
        """Return the value, or None."""

    def prune(self, before: datetime) -> int:
        """Delete the occurrences that were over before the instant, with all that belongs to them; return how many."""

    def forget(self, since: datetime, *, now: datetime) -> Forgotten:
        """Delete what was observed and decided from `since` on, beyond recovery from the files.

        Uses and coverage that reach into `[since, now)` are cut, moments that do go whole. What the daemon still holds
        of that stretch in its memory is left out when it is kept later.
        """

    def forget_all(self, *, now: datetime, plans: bool = False) -> Forgotten:
        """Delete everything that was observed and decided; with `plans` everything else that is kept, too."""

    def close(self) -> None:
        """Let go of the file."""
