"""Whether a match is said, held or suppressed: cool-down, budget, hold, quiet; always with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """How far apart nudges are and when they keep quiet; the defaults and their sources: docs/evidence.md, section 2."""

    cool_down: timedelta = timedelta(minutes=5)
    rule_cool_down: timedelta = timedelta(minutes=10)
    budget: int = 4
    quiet_after: int = 2
    grace: timedelta = timedelta(minutes=5)
    typing_wait: timedelta = timedelta(seconds=15)
    busy_wait: timedelta = timedelta(seconds=60)
