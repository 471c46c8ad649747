"""What the running daemon reports about phones, waiting for it to change, and choosing a phone by name."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from detector.cli import output
from detector.cli.plan.context import CLOCK, NOT_RUNNING
from detector.control.lock import running_status
from detector.devices import Phone
from detector.errors import DaemonNotRunning, UserError
from detector.i18n import _

_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedStatus:
    """What the daemon reports about the phone API; `why`: why it is closed; `phones`: each phone's status by name."""

    url: str | None = None
    is_open: bool = False
    why: str | None = None
    phones: Mapping[str, Mapping[str, Any]]


def reported_status() -> ReportedStatus:
    """Return what the running daemon reports. Raises `DaemonNotRunning` if none runs."""
    text = running_status()
    if text is None:
        raise DaemonNotRunning(NOT_RUNNING)
    try:
        status = json.loads(text or "{}")
    except ValueError:  # the daemon is just writing it
        status = {}
    # "door" is the name of the phone API in the status since 0.1.0.
    api = status.get("door") or {}
    return ReportedStatus(
        url=api.get("url"),
        is_open=bool(api.get("open")),
        why=api.get("why"),
        phones={phone["name"]: phone for phone in status.get("phones") or () if "name" in phone},
    )


def wait_until(
    holds: Callable[[], bool], timeout: timedelta, progress: Callable[[timedelta], None] | None = None
) -> bool:
    """Poll until `holds` does or the time is over; return whether it held. `progress` gets the time that is left."""
    # Polling: the daemon does not notify anybody of a new status, and a command that waits runs for minutes at most.
    ends = CLOCK.monotonic() + timeout.total_seconds()
    while not holds():
        left = ends - CLOCK.monotonic()
        if left <= 0:
            return holds()
        if progress is not None:
            progress(timedelta(seconds=left))
        time.sleep(min(_POLL_SECONDS, left))
    return True


def parse_instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def choose_phone(phones: Sequence[Phone], name: str) -> Phone:
    if not phones:
        raise UserError(_('No phone is paired.\n  `turntoward phone pair "my phone"` pairs one.'))
    unknown = _("No phone is called '{name}'.").format(name=name)
    otherwise = _("`turntoward phone list` shows them.")
    return output.choose_by_name(phones, name, lambda phone: phone.name, unknown=unknown, otherwise=otherwise)[0]
