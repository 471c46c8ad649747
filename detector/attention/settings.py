"""What attention can be told: when a use is a glance, and when a device counts as left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionSettings:
    """`glance`: a use shorter than this (Oulasvirta et al. 2012; Heitmayer & Lahlou 2021).

    `idle_after`: so long without input, and the device was left at the last input. As long as a glance, so that a look
    that ended is never taken for dwelling; see docs/decisions/.
    """

    glance: timedelta = timedelta(seconds=30)
    idle_after: timedelta = timedelta(seconds=30)
