"""What a phone may send, and what the phone API needs of the daemon.

Invariant 1: of what is stored, sensed and decided a phone can read only how often it reported something today, and for which hours
partner time is declared. So the person who holds a phone can see that it reports.
Invariant 2: a phone is identified by its token alone; nothing that a request states about its sender counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, get_args

from detector.devices import Phone

EventName: TypeAlias = Literal["app_open", "app_close", "screen_on", "screen_off", "unlock", "put_away", "notified"]
EVENT_NAMES: Final[tuple[EventName, ...]] = get_args(EventName)
PartnerTimeAction: TypeAlias = Literal["start", "stop", "extend"]
PARTNER_TIME_ACTIONS: Final[tuple[PartnerTimeAction, ...]] = get_args(PartnerTimeAction)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEvent:
    """One event that a phone reported. `at`: aware UTC, None where the phone gave no time."""

    event: EventName
    category: str | None = None
    app: str | None = field(default=None, repr=False)
    at: datetime | None = None


class PhoneOverview(NamedTuple):
    """How often a phone reported something today, and begin and end of each partner time of the next days, without titles."""

    heard_today: int
    hours: tuple[tuple[datetime, datetime], ...]


class PhoneGateway(Protocol):
    """What the daemon does for the phone API. Every call is quick, belongs to the loop's thread, and raises nothing."""

    def phones(self) -> Sequence[Phone]:
        """Return the phones that are paired or being paired."""

    def use_pairing_code(self, code: str, token: str) -> Phone | None:
        """Give the phone of this open pairing code its token (both SHA-256, in hex), once; None: no such code now."""

    async def receive(self, phone: Phone, event: PhoneEvent) -> str | None:
        """Process the event, or drop it outside partner time.

        Returns the sentence that the phone is to show, where it shows nudges and there is one. Any other phone gets None
        at once.
        """

    def change_partner_time(self, phone: Phone, action: PartnerTimeAction, length: timedelta) -> None:
        """Start, stop or extend partner time, as a command on this device could; where that is impossible, do nothing."""

    def overview(self, phone: Phone) -> PhoneOverview:
        """Return what the phone's page shows of it."""

    def note_test(self, phone: Phone) -> None:
        """Note that the phone's page tested the connection."""

    def remove(self, phone: Phone) -> None:
        """Remove the phone at once: its token is valid no longer."""
