"""What the commands of phones share: finding one by name, and what the daemon says of the door."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from detector.cli.plan.context import CLOCK
from detector.control.lock import running_status
from detector.devices import Phone
from detector.errors import DaemonNotRunning, UserError

if TYPE_CHECKING:
    from detector.store.store import Store

NEEDED: Final = (
    "Turntoward is not running, and a phone speaks to it alone.\n  `turntoward run` starts it; then try again."
)
_BETWEEN_LOOKS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the daemon says of the door. `why`: why it is shut, where there is a reason; `phones`: by name."""

    url: str | None = None
    is_open: bool = False
    why: str | None = None
    phones: Mapping[str, Mapping[str, Any]]


def door() -> Door:
    """Return what the daemon that runs says of the door.

    Raises:
        DaemonNotRunning: if none runs.
    """
    said = running_status()
    if said is None:
        raise DaemonNotRunning(NEEDED)
    try:
        state = json.loads(said or "{}")
    except ValueError:
        state = {}
    told = state.get("door") or {}
    return Door(
        url=told.get("url"),
        is_open=bool(told.get("open")),
        why=told.get("why"),
        phones={phone["name"]: phone for phone in state.get("phones") or () if "name" in phone},
    )


def look_until(held: Callable[[], bool], lasts: timedelta, each: Callable[[timedelta], None] | None = None) -> bool:
    """Look again and again until `held` holds or the time is over; return whether it held.

    `each` is told how much is left, at every look.
    """
    ends = CLOCK.monotonic() + lasts.total_seconds()
    while not held():
        left = ends - CLOCK.monotonic()
        if left <= 0:
            return held()
        if each is not None:
            each(timedelta(seconds=left))
        time.sleep(min(_BETWEEN_LOOKS, left))
    return True


def instant(text: Any) -> datetime | None:
    """Return the instant that the daemon wrote, or None."""
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def choose(phones: Sequence[Phone], name: str) -> Phone:
    """Return the phone of this name, however it is capitalised.

    Raises:
        UserError: if there is none, with the nearest name.
    """
    wanted = name.strip().casefold()
    for phone in phones:
        if phone.name.casefold() == wanted:
            return phone
    if not phones:
        raise UserError('No phone is paired.\n  `turntoward phone pair "my phone"` pairs one.')
    near = get_close_matches(name, [phone.name for phone in phones], n=1)
    hint = f"Did you mean '{near[0]}'?" if near else "`turntoward phone list` shows them."
    raise UserError(f"No phone is called '{name}'.\n  {hint}")


def let_out(store: Store) -> bool:
    """Let the service reach the network exactly if it must by now; return whether it was restarted for that.

    Raises:
        TurntowardError: if what allows it cannot be written or removed.
    """
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.config.settings import Settings  # noqa: PLC0415 - not for --help
    from detector.control.systemd_unit import follow  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help

    try:
        settings = read_settings(config_path())
    except UserError:
        # What is wrong with it `doctor` says; a phone can be paired and removed all the same.
        settings = Settings()
    return follow(store.phones.all(), settings.sources, store.calendars.all())


def wake(store: Store) -> bool:
    """Let the daemon look again, with the network if it needs it; return whether one runs. Raises as `let_out`."""
    from detector.control.lock import wake_daemon  # noqa: PLC0415 - not for --help

    restarted = let_out(store)
    return wake_daemon() or restarted
