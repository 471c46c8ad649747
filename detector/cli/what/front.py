"""What is in front on this device: each change of it, as a sensor reports it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import click

from detector.clock import SystemClock
from detector.core.attention.settings import AttentionSettings
from detector.errors import SensorUnavailable
from detector.i18n import _
from detector.sensors import first_available
from detector.sensors.model import Sensor, Toplevel, ToplevelFocused
from detector.sensors.settings import SensorSettings


async def watch_front(sources: SensorSettings) -> AsyncGenerator[ToplevelFocused, None]:
    """Yield what is in front now, and then each change."""
    sensor = await _focus_sensor(sources)
    async with aclosing(sensor.observe()) as events:
        async for event in events:
            if isinstance(event, ToplevelFocused):
                yield event


async def in_front(sources: SensorSettings, *, other: bool) -> Toplevel | None:
    """Return what is in front; with `other`, what comes to the front after the terminal in which the person types."""
    first: Toplevel | None = None
    async with aclosing(watch_front(sources)) as events:
        async for event in events:
            toplevel = event.toplevel
            if not other:
                return toplevel
            if toplevel is None:
                continue
            # When the command starts, the terminal in which the person types is in front.
            if first is None:
                first = toplevel
                click.echo(_("Turn to the app that you mean, then come back here. Ctrl-C leaves."))
            elif toplevel.app_id != first.app_id:
                return toplevel
    return None


async def _focus_sensor(sources: SensorSettings) -> Sensor:
    sensor, refusals = await first_available("focus", SystemClock(), AttentionSettings(), None, sources)
    if sensor is None:
        lines = [_("No sensor can tell here what is in front of you:")]
        for refusal in refusals:
            lines.append(f"  {refusal.sensor}: {refusal.why}.")
            if refusal.remedy:
                lines.append(f"    {refusal.remedy}")
        lines.append(_("Ask about words of yours instead, for example: turntoward what --app firefox --title YouTube"))
        raise SensorUnavailable("\n".join(lines))
    return sensor
