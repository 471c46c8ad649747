"""The daemon's status: for `turntoward status`, the session bus and systemd.

Invariant 1: it reports on the program and on what the person declared, never on what the person does. Of a phone it says
whether it sent anything in this partner time, and never when.
Invariant 2: the keys of `status --json` do not change: a field that is renamed keeps its key, as `json` in its metadata.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any

from detector.i18n import _


def jsonable(value: Any) -> Any:
    """Return the value for JSON: dataclasses as objects, instants and dates in ISO 8601, durations in seconds."""
    if is_dataclass(value) and not isinstance(value, type):
        # A renamed field keeps the key that earlier versions wrote, and that scripts read.
        return {field.metadata.get("json", field.name): getattr(value, field.name) for field in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneApiStatus:
    """Whether the phone API listens at `url`; `why`: why it does not, although it should."""

    url: str
    open: bool
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneStatus:
    """One phone.

    `uses_phone_api`: it is paired with the phone API. `adb`: its serial, where it is sensed by adb, and `speaks`: the sensor
    that does so now. `tested`: when its page last tested the connection. `spoke`: whether it sent anything in this partner
    time, so that silence means something; None outside partner time.
    """

    name: str
    uses_phone_api: bool = field(metadata={"json": "through_door"})
    adb: str | None = None
    speaks: str | None = None
    spoke: bool | None = None
    tested: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStatus:
    """The status. `senses` maps each sense to the sensor that runs, or None; without those that this device cannot have.

    `sensing`: how much is sensed, see `detector.daemon.start_notice`; `why_nothing`: why the start could not be shown.
    `quiet_reason`: why no nudge is shown just now, as moments keep it; `quiet_until`: until when, None: until the end.

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
    sensing: str | None = None
    why_nothing: str | None = None
    quiet_reason: str | None = None
    quiet_until: datetime | None = None
    has_screen: bool = True
    bus: bool = False
    problems: tuple[str, ...] = ()
    phone_api: PhoneApiStatus | None = field(metadata={"json": "door"}, default=None)
    phones: tuple[PhoneStatus, ...] = ()

    def as_json(self) -> str:
        """Return one line of JSON; instants in ISO 8601, UTC."""
        # One line: the lock's file holds the status as its second line.
        return json.dumps(self, default=jsonable, ensure_ascii=False, sort_keys=True)

    def as_line(self) -> str:
        if self.partner_time is not None:
            if self.paused_until:
                return _("partner time under way, paused")
            if self.sensing == "nothing":
                return _("partner time under way; nothing is sensed, for its start could not be shown")
            return _("partner time under way")
        if self.next_begins is not None:
            return _("waiting for the next partner time")
        return _("no partner time is declared")
