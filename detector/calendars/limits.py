"""Limits on the size of a calendar and the time to read it, so that a hostile one costs little memory and time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from detector.errors import UserError
from detector.i18n import _

MAX_BYTES: Final = 20_000_000
"""Fifteen years of a busy calendar are about 10 MB."""

TIMEOUT: Final = timedelta(seconds=20)
"""For reading the whole of it."""

MAX_EVENTS: Final = 50_000
MAX_EXCEPTIONS: Final = 5_000
"""Of one event: excluded dates, additional dates, and single ones that were moved."""

MAX_LINE_BYTES: Final = 200_000
"""Of one unfolded line that is read: 5,000 dates to leave out take half of it."""

MAX_LINES: Final = MAX_EXCEPTIONS + 100
"""Of one event, counting only those that are read."""

MAX_RULES: Final = 10
"""Recurrences of one event."""

MAX_ZONES: Final = 300
"""How many zones a calendar may define."""

MAX_OWN_ZONES: Final = 50
"""How many of these may have no known name: comparing one with all known zones takes up to 0.1 s."""

MAX_ZONE_BYTES: Final = 20_000
"""Of one definition; a century of clock changes is 5 kB."""

MAX_DEPTH: Final = 50
"""How deep components are nested; in practice three deep."""

TOO_LARGE: Final = _(
    "This calendar is larger than {size} MB, and is not read. Share one of its own for the two of you, "
    "or export less of it."
).format(size=MAX_BYTES // 1_000_000)
TOO_MANY: Final = _(
    "This calendar has more than {count} events, and is not read. Export a shorter stretch of it."
).format(count=f"{MAX_EVENTS:,}")
TOO_SLOW: Final = _(
    "Reading this calendar takes longer than {seconds} s, so nothing of it was taken over. "
    "Export a shorter stretch of it."
).format(seconds=TIMEOUT.seconds)


@dataclass(slots=True)
class ReadingBudget:
    """Counts the bytes and the time for one calendar; `progress` is called often with what is being done."""

    monotonic: Callable[[], float]
    progress: Callable[[str], None] | None = None
    _bytes: int = 0
    _until: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._until = self.monotonic() + TIMEOUT.total_seconds()

    def check_time(self, activity: str) -> None:
        """Report what is being done. Raises `UserError` if reading takes too long."""
        if self.monotonic() > self._until:
            raise UserError(TOO_SLOW)
        if self.progress is not None:
            self.progress(activity)

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks. Raises `UserError` if they are too large together, or take too long."""
        for chunk in chunks:
            self._bytes += len(chunk)
            if self._bytes > MAX_BYTES:
                raise UserError(TOO_LARGE)
            self.check_time(_("Reading the calendar"))
            yield chunk
