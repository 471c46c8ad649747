"""How the devices were left after a nudge."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.device_state import DeviceState
from rules.features import DISTRACTING

LATE_PUT_AWAY: Final = timedelta(seconds=60)
"""A third of reminders end use within a minute (Wellspent RCT, 2026)."""


def left_at(devices: Sequence[DeviceState], nudged: datetime) -> tuple[bool, datetime | None]:
    """Return whether it is known how the devices were left within 60 s of `nudged`, and when: None if they were not.

    Uses of what is not distracting count as having left: the map for both, the clock of the lock screen. Going on with
    another device is not leaving: a hop from the phone to the laptop belongs to the same distraction.
    """
    until, left, is_known = nudged + LATE_PUT_AWAY, nudged, True
    for use in (use for device in devices for use in (*device.uses, device.open_use)):
        if use is None or use.activity.category not in DISTRACTING or use.began > until:
            continue
        # A use that goes on 60 s after the nudge decides it, whatever the others did.
        if use.ended is None or use.ended > until:
            return True, None
        is_known = is_known and (use.until is None or use.until <= until)
        left = max(left, use.ended)
    return is_known, left if is_known else None
