"""How much of a calendar is read, and for how long: a hostile one costs a sentence, and neither memory nor the evening."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from detector.errors import UserError

LARGEST: Final = 20_000_000
"""Bytes. Fifteen years of a busy calendar are about 10 MB."""

LONGEST: Final = timedelta(seconds=20)
"""For reading the whole of it."""

MOST_EVENTS: Final = 50_000
MOST_EXCEPTIONS: Final = 5_000
"""Of one event: dates that it leaves out, dates beside, and single ones that were moved."""

LONGEST_LINE: Final = 200_000
"""Bytes of one line of a kind that is read, unfolded: 5,000 dates to leave out take half of it."""

MOST_LINES: Final = MOST_EXCEPTIONS + 100
"""Of one event, of a kind that is read."""

DEEPEST: Final = 50
"""How deep parts stand in one another; three is what there is in practice."""

TOO_LARGE: Final = (
    f"This calendar is larger than {LARGEST // 1_000_000} MB, and is not read. Share one of its own for the two of you, "
    "or export less of it."
)
TOO_MANY: Final = (
    f"This calendar has more than {MOST_EVENTS:,} events, and is not read. Export a shorter stretch of it."
)
TOO_SLOW: Final = (
    f"Reading this calendar takes longer than {LONGEST.seconds} s, so nothing of it was taken over. "
    "Export a shorter stretch of it."
)


@dataclass(slots=True)
class Budget:
    """What is left of the bytes and the time for one calendar; says what is being done meanwhile.

    `monotonic`: seconds that never move back. `progress`: told what is being done, often.
    """

    monotonic: Callable[[], float]
    progress: Callable[[str], None] | None = None
    _bytes: int = 0
    _until: float = field(default=0.0)

    def __post_init__(self) -> None:
        """Begin now."""
        self._until = self.monotonic() + LONGEST.total_seconds()

    def spend(self, size: int) -> None:
        """Count so many bytes more.

        Raises:
            UserError: if the calendar is larger than it may be.
        """
        self._bytes += size
        if self._bytes > LARGEST:
            raise UserError(TOO_LARGE)

    def go_on(self, doing: str) -> None:
        """Say what is being done.

        Raises:
            UserError: if it takes longer than it may.
        """
        if self.monotonic() > self._until:
            raise UserError(TOO_SLOW)
        if self.progress is not None:
            self.progress(doing)

    def chunks(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks, each counted."""
        for chunk in chunks:
            self.spend(len(chunk))
            self.go_on("Reading the calendar")
            yield chunk
