"""The counts of an import, and the problems with what it could not read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from detector.partner_time.model import Occurrence

MAX_PROBLEMS: Final = 10
"""Maximum number of problems that are kept as sentences; the rest is counted."""

TimesOption: TypeAlias = Literal["declared", "kept", "all-day"]
ProgressCallback: TypeAlias = Callable[[str], None]
"""Called with what is being done, as a clause; it decides whether to show it."""


@dataclass(slots=True, kw_only=True)
class EventCounts:
    """How the events of one device were used. `used + outside + duplicate + deferred + invalid == read`.

    `duplicate`: recorded twice by the source, or of a partner time in which the device was observed already. `deferred`:
    of a partner time that ends after what the source holds.
    """

    read: int = 0
    used: int = 0
    duplicate: int = 0
    deferred: int = 0
    invalid: int = 0

    @property
    def outside(self) -> int:
        return self.read - self.used - self.duplicate - self.deferred - self.invalid


@dataclass(slots=True)
class ImportReport:
    """The result of an import. `skipped_buckets` have a kind of event that is not used; `first`: the first one imported.

    `earlier`: how many events ended before the first instant that was wanted. `oldest` and `newest`: the edges of what the
    source holds, None where it holds nothing.
    """

    devices: dict[str, EventCounts] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0
    skipped_buckets: list[str] = field(default_factory=list)
    added: int = 0
    extended: int = 0
    deferred: int = 0
    earlier: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    first: Occurrence | None = None

    def counts(self, device: str) -> EventCounts:
        return self.devices.setdefault(device, EventCounts())

    def add_problem(self, problem: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
