"""What every Do Not Disturb is.

Invariant 1: a state is JSON text, exact: what was read can be written back, and equal states are equal texts.
Invariant 2: no notification is sent from here, and no configuration file of the person's is written.
Invariant 3: every call is bounded: a server that hangs costs two seconds, never the partner time.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from detector.errors import TurntowardError
from detector.i18n import _
from rules.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class DndSettings:
    """When Do Not Disturb is switched on, and what may still be heard."""

    always: bool = option(
        False, _("Whether the desktop keeps quiet in every partner time, not only in those declared with --quiet.")
    )
    ringing: tuple[str, ...] = option(
        (), _("The apps that may still be heard, by their desktop ids, such as org.signal.Signal.")
    )
    even_without_nudges: bool = option(
        False, _("Whether it keeps quiet even where nudges cannot get through; they are kept then, unsaid.")
    )


class DndUnavailable(TurntowardError):
    """This Do Not Disturb cannot be switched here, or did not answer: `why`, and `remedy`, what a person could do."""

    def __init__(self, why: str, remedy: str | None = None) -> None:
        self.why = why
        self.remedy = remedy
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class DndExceptions:
    """What gets through while it is on: our own nudges, and of the apps that must ring those in `allowed`.

    `others_go_to` says where everything else goes, `remedy` what a person could do about the apps in `silenced`.
    """

    nudges: bool
    allowed: tuple[str, ...]
    silenced: tuple[str, ...]
    others_go_to: str
    remedy: str | None

    @classmethod
    def of(cls, apps: Iterable[str], allowed: Collection[str], **fields: Any) -> Self:
        """Return the exceptions for these apps, of which those in `allowed` get through."""
        ringing, silenced = (tuple(app for app in apps if (app in allowed) is wanted) for wanted in (True, False))
        return cls(allowed=ringing, silenced=silenced, **fields)


class DoNotDisturb(Protocol):
    """One way to switch a notification server's own Do Not Disturb.

    `can_read`: the server tells its state, so that a change by hand is noticed; otherwise what we set is all that is known.
    `seen_by_sensor`: the sensor `desktop_quiet` reports it when we have switched it on. `needs_urgent`: our nudges get
    through it by being marked urgent.
    """

    name: str
    can_read: bool
    seen_by_sensor: bool
    needs_urgent: bool

    async def probe(self) -> None:
        """Return if it can be switched here; raise `DndUnavailable` if not. Changes nothing."""

    async def scope(self) -> str:
        """Return an id of what the state ends with, such as the server's process. Raises `DndUnavailable`.

        A state of another scope is gone. '' where it outlives everything.
        """

    async def read(self) -> str:
        """Return the state as it is. Raises `DndUnavailable`."""

    def state_when_on(self, before: str) -> str:
        """Return the state with Do Not Disturb on; the same text where somebody else has switched it on already."""

    def is_on_by_others(self, state: str) -> bool:
        """Return whether somebody other than us has it switched on in this state."""

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Bring the state about. Writing it twice does no harm. Raises `DndUnavailable`."""

    async def exceptions(self, ringing: Sequence[str]) -> DndExceptions:
        """Return what gets through while it is on. Changes nothing. Raises `DndUnavailable`."""


def as_text(state: Mapping[str, object]) -> str:
    """Return the state as JSON text, always the same for the same state."""
    return json.dumps(state, sort_keys=True, separators=(",", ":"))
