"""When the devices were left after a nudge."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.device_state import DeviceState
from rules.features import DISTRACTING

LATE_PUT_AWAY: Final = timedelta(seconds=60)
"""A third of reminders end use within a minute (Wellspent RCT, 2026)."""


def find_departure(devices: Sequence[DeviceState], nudged_at: datetime) -> tuple[bool, datetime | None]:
    """Return whether it is known that the devices were left within 60 s of `nudged_at`, and when; None: not left.

    What is not distracting counts as having left: the map for both, the clock of the lock screen. Going on with another
    device is not leaving: a hop from the phone to the laptop belongs to the same distraction.
    """
    deadline, left_at, is_known = nudged_at + LATE_PUT_AWAY, nudged_at, True
    for use in (use for device in devices for use in (*device.uses, device.open_use)):
        if use is None or use.activity.category not in DISTRACTING or use.began > deadline:
            continue
        # A use that goes on 60 s after the nudge decides it, whatever the others did.
        if use.ended is None or use.ended > deadline:
            return True, None
        is_known = is_known and (use.latest_end is None or use.latest_end <= deadline)
        left_at = max(left_at, use.ended)
    return is_known, left_at if is_known else None
