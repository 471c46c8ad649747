"""What an import counts, finds wrong, and says while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from detector.partner_time.model import Occurrence

SHOWN: Final = 10
"""Problems that are kept with their words; the rest is counted."""

Times: TypeAlias = Literal["declared", "kept", "all-day"]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the events of one device. `used + outside + twice + left + wrong == read`.

    `twice`: told twice by the source, or of a partner time in which the device was observed already. `left`: of a
    partner time that could not be taken in yet.
    """

    read: int = 0
    used: int = 0
    twice: int = 0
    left: int = 0
    wrong: int = 0

    @property
    def outside(self) -> int:
        """How many lie outside every partner time."""
        return self.read - self.used - self.twice - self.left - self.wrong


@dataclass(slots=True)
class Account:
    """What an import did. `unknown` names buckets that hold nothing which is looked at."""

    devices: dict[str, Tally] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    wrong: int = 0
    passed_over: list[str] = field(default_factory=list)
    added: int = 0
    extended: int = 0
    left: int = 0
    first: Occurrence | None = None

    def tally(self, device: str) -> Tally:
        """Return the device's tally."""
        return self.devices.setdefault(device, Tally())

    def say(self, problem: str) -> None:
        """Note one thing that is wrong with what was read."""
        self.wrong += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


Progress: TypeAlias = Callable[[str], None]
"""Takes what is being done now, as half a sentence; says it, or not, as it sees fit."""
