"""What the daemon says of itself: to `status`, to the session bus and to systemd. Nothing in it is observed.

Rule 1: it tells of the program and of what the person declared, never of what the person does. Of a phone it tells
whether it spoke in this partner time, and never when.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneApiStatus:
    """How it stands with the door for phones; `why`: what keeps it shut although it should be open."""

    url: str
    open: bool
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneStatus:
    """How it stands with one phone.

    `through_door`: it has a token. `adb`: its serial, where it is sensed by adb, and `speaks` the sensor that does so now.
    `tested`: when its page last tested the connection. `spoke`: whether it said anything in this partner time, so that
    silence means something; None outside partner time.
    """

    name: str
    through_door: bool
    adb: str | None = None
    speaks: str | None = None
    spoke: bool | None = None
    tested: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStatus:
    """One line of truth about the daemon. `senses` maps each sense to the sensor that speaks for it, or None.

    `rule_files`: the fingerprint of the rule files that the session's rules come from; None where there is no session.
    """

    version: str
    started: datetime
    partner_time: str | None = None
    occurrence: str | None = None
    until: datetime | None = None
    paused_until: datetime | None = None
    next_title: str | None = None
    next_begins: datetime | None = None
    senses: dict[str, str | None] = field(default_factory=dict)
    rule_files: str | None = None
    bus: bool = False
    problems: tuple[str, ...] = ()
    door: PhoneApiStatus | None = None
    phones: tuple[PhoneStatus, ...] = ()

    def as_json(self) -> str:
        """Return one line of JSON; instants in ISO 8601, UTC."""
        return json.dumps(asdict(self), default=_plain, ensure_ascii=False, sort_keys=True)

    def as_line(self) -> str:
        """Return one sentence for `systemctl --user status`."""
        if self.partner_time is not None:
            paused = ", paused" if self.paused_until else ""
            return f"partner time under way{paused}"
        if self.next_begins is not None:
            return "waiting for the next partner time"
        return "no partner time is declared"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in the state")
