"""What a person may set about the rituals of partner time. Limits are kept by `detector.config`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

LATE: Final = timedelta(seconds=60)
"""What was to be said at an instant and is noticed later than this is not said: nothing fires when the machine wakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RitualSettings:
    """What is said before partner time begins, when it begins, and when it is over; where numbers come from: docs/evidence.md.

    `heads_up`: so long before it begins it is announced; zero: never. `heads_up_sentence`: in these words of the person's
    own, at most 12. `suggestions`: of these one is offered at the beginning: a walk, tea, a question. `ending`: whether
    one line says at the end how it went.
    """

    heads_up: timedelta = timedelta(minutes=5)
    heads_up_sentence: str = ""
    suggestions: tuple[str, ...] = ()
    ending: bool = False
