"""What the store can be told: how long things are kept, and whether names are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """`retention`: what is older is deleted. `keep_names`: keep the catalogue's names beside the categories."""

    retention: timedelta = timedelta(days=90)
    keep_names: bool = False
