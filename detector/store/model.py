"""What the store hands out beside what the core keeps, and what every store can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from detector.core.effects import Coverage, Moment, Record, Use
from detector.core.observations import Observation
from detector.devices import Phone, PhoneApiAddress
from detector.store.plan_model import KeepingPlans


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOccurrence:
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
    phones: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """How often apps were opened on a device that the catalogue does not know.

    `apps`: how many different ones at least. `named`: how often each, where names are kept.
    """

    opens: int
    apps: int
    named: Mapping[str, int]


class Keeping(KeepingPlans, Protocol):
    """What the store can do; see `Store`. Instants: aware, UTC.

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

    def signs(
        self, kinds: Sequence[type[Observation]], since: datetime | None = None, until: datetime | None = None
    ) -> list[tuple[str, Observation]]:
        """Return what was observed of these kinds in these occurrences, each with its occurrence's id."""

    def keep_unknown(self, occurrence: str, device: str, app: str, *, names: bool, first: bool) -> None:
        """Count that an app was opened that the catalogue does not know; its name is kept with `names` alone.

        `first`: it was not opened before on this device in this occurrence, so that it counts among the different ones.
        Of an occurrence that is not kept (any more) nothing is counted.
        """

    def unknown(self, since: datetime | None = None, until: datetime | None = None) -> dict[str, Unknown]:
        """Return what was counted of unknown apps in these occurrences, by device."""

    def last_moment(self) -> Moment | None:
        """Return the moment that was decided last, suppressed ones too, or None."""

    def phones(self) -> list[Phone]:
        """Return the phones that are paired or being paired, by number."""

    def keep_phone(self, phone: Phone) -> Phone:
        """Keep a new phone, or the one of this number as it is now; return it with its number, never given twice.

        Raises:
            UserError: if another device has this name, the name is no text, or the phone was removed meanwhile.
        """

    def remove_phone(self, number: int) -> bool:
        """Remove a phone, its token with it; return whether there was one of that number. What it told stays."""

    def claim_code(self, code: str, token: str, now: datetime) -> Phone | None:
        """Give the phone of this open pairing code its token (both SHA-256, in hex), and close the code; once.

        Returns None where no code like it is open at `now`, also where somebody else was faster.
        """

    def phone_api_address(self) -> PhoneApiAddress | None:
        """Return where the door for phones is, or None while nobody chose."""

    def keep_phone_api_address(self, place: PhoneApiAddress | None) -> None:
        """Keep where the door for phones is; None: nowhere any more."""

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
        of that stretch in its memory is left out when it is kept later. Counts of unknown apps know no instants: those
        of an occurrence that reaches into the stretch go whole.
        """

    def forget_all(self, *, now: datetime, plans: bool = False) -> Forgotten:
        """Delete everything that was observed and decided; with `plans` everything else that is kept, phones too."""

    def close(self) -> None:
        """Let go of the file."""
