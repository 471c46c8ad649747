"""What every way of keeping a desktop quiet is.

Rule 1: a state is JSON text, exact: what was read before is what can be written back, and two equal states are equal texts.
Rule 2: nothing is said of a notification here, and no file of the person's is written.
Rule 3: every question is bounded: a server that hangs costs two seconds, never the partner time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from detector.errors import TurntowardError

APP_NAME: Final = "Turntoward"
"""The name under which our own notifications reach a server."""
ENTRY: Final = "turntoward"
"""Their desktop entry, and the name of what is ours in a server's settings."""


class DndUnavailable(TurntowardError):
    """The desktop cannot be kept quiet this way, or did not answer: `why`, and `remedy`, what a person could do."""

    def __init__(self, why: str, remedy: str | None = None) -> None:
        self.why = why
        self.remedy = remedy
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Who serves notifications: the name and version that it gives itself, and its unique name on the bus."""

    name: str
    version: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DndExceptions:
    """What still gets through while it is quiet: our own nudges, and of the apps that must ring those in `rings`.

    `how` says it in words, `remedy` what a person could do about the apps in `held`.
    """

    nudges: bool
    rings: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    how: str = ""
    remedy: str | None = None


class DoNotDisturb(Protocol):
    """One server's own Do Not Disturb.

    `reads`: it tells its state, so that a person's hand is noticed; where it does not, what we set is all that is known.
    `masks`: its Do Not Disturb, set by us, is what the sensor `desktop_quiet` tells of. `urgent`: our nudges get through by
    being marked urgent. `servers`: the names that its servers give themselves.
    """

    name: str
    servers: tuple[str, ...]
    reads: bool
    masks: bool
    urgent: bool

    async def probe(self) -> None:
        """Return if it can be switched here; raise `DndUnavailable` if not. Changes nothing."""

    async def place(self) -> str:
        """Return where the state lives: a state of another place is gone. Raises `DndUnavailable`."""

    async def read(self) -> str:
        """Return the state as it is. Raises `DndUnavailable`."""

    def quietened(self, before: str) -> str:
        """Return the state in which it is quiet; the same text where it is so already, by somebody else's will."""

    def is_quiet(self, state: str) -> bool:
        """Return whether somebody other than us keeps it quiet in this state."""

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Bring the state about. Asking twice does no harm. Raises `DndUnavailable`."""

    async def passing(self, ringing: Sequence[str]) -> DndExceptions:
        """Return what still gets through. Changes nothing. Raises `DndUnavailable`."""


def as_text(state: Mapping[str, object]) -> str:
    """Return the state as JSON text, always the same for the same state."""
    return json.dumps(state, sort_keys=True, separators=(",", ":"))
