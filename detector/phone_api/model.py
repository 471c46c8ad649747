"""What comes through the door, and what the door asks of the daemon behind it.

Rule 1: nothing of what is kept, sensed or decided can be asked for through the door.
Rule 2: who speaks is known by the token alone; nothing that a request says of itself counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias, get_args

from detector.devices import Phone

EventName: TypeAlias = Literal["app_open", "app_close", "screen_on", "screen_off", "unlock", "put_away", "notified"]
EVENTS: Final[tuple[EventName, ...]] = get_args(EventName)
PartnerTimeAction: TypeAlias = Literal["start", "stop", "extend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEvent:
    """One thing that a phone told of itself. `at`: aware UTC, None where the phone did not say when."""

    event: EventName
    category: str | None = None
    app: str | None = field(default=None, repr=False)
    at: datetime | None = None


class PhoneGateway(Protocol):
    """Who sits behind the door: the daemon. Every call is quick, belongs to the loop's thread, and raises nothing."""

    def phones(self) -> Sequence[Phone]:
        """Return the phones that are paired or being paired."""

    def claim(self, code: str, token: str) -> Phone | None:
        """Give the phone of this open pairing code its token (both SHA-256, in hex), once; None: no such code now."""

    async def take(self, phone: Phone, told: PhoneEvent) -> str | None:
        """Take in what the phone told, or drop it outside partner time.

        Returns the sentence that the phone is to show, where it may and there is one; at once for any other phone.
        """

    def wish(self, phone: Phone, what: PartnerTimeAction, lasts: timedelta) -> None:
        """Start, stop or extend partner time, as somebody at the laptop could; where that cannot be, do nothing."""

    def tested(self, phone: Phone) -> None:
        """Note that the phone's page tested the connection."""

    def remove(self, phone: Phone) -> None:
        """Forget the phone at once: its token opens nothing any more."""
