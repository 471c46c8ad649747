"""What sensors can be told: which other programs on this device they may ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSettings:
    """`activitywatch`: a running aw-server, such as http://127.0.0.1:5600; None: it is not asked. `adb`: the adb server."""

    activitywatch: str | None = None
    adb: str = "127.0.0.1:5037"
