"""What attention can be told: when a use is a glance, and when a device counts as left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionSettings:
    """Where a glance ends and where being away begins.

    `glance`: a use shorter than this is a glance (Oulasvirta et al. 2012; Heitmayer & Lahlou 2021).
    `idle_after`: so long without input, and the device was left at the last input. As long as a glance, so that a look
    that ended is never taken for dwelling: docs/decisions/idle-after-30-seconds.md.
    `fleeting`: a use shorter than this is a toplevel passed over on the way to another; it counts as nothing.
    """

    glance: timedelta = timedelta(seconds=30)
    idle_after: timedelta = timedelta(seconds=30)
    fleeting: timedelta = timedelta(seconds=2)
