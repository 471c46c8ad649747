"""What could be said once for good: a category that was for both of you again and again.

Rule 1: it is offered, never taken; what was declined is not offered again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from detector.core.effects import Moment, Outcome

ENOUGH: Final = 3
"""So many times "This is for both of us" about one category before it is offered."""
DECLINED: Final = "together_declined"
"""Where the store keeps the categories that are not to be offered."""


def offers(moments: Iterable[Moment], settled: Collection[str]) -> list[tuple[str, int]]:
    """Return the categories to offer, with how often each was for both; `settled`: taken or declined already."""
    said = Counter(
        moment.category
        for moment in moments
        if moment.outcome is Outcome.TOGETHER and moment.category is not None and moment.category not in settled
    )
    return sorted((category, times) for category, times in said.items() if times >= ENOUGH)


def declined(kept: object) -> frozenset[str]:
    """Return what was declined, of what the store kept under `DECLINED`."""
    return frozenset(word for word in kept if isinstance(word, str)) if isinstance(kept, list) else frozenset()
