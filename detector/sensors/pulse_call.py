"""Whether somebody is in a call: a microphone or a camera is in use, yes or no.

Rule 1: no polling: the sound server and the kernel tell of changes, and only then it is looked.
Rule 2: which program it is, and what is said, is never asked.
Rule 3: what lasts less than three seconds is no call: programs try a microphone or a camera when they start; and a call
that changes its headset has not ended. What is in use already at the start is a call at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Final

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import CallEnded, CallStarted, Observation, Sense, SensorStarted
from detector.sensors.cameras import Cameras
from detector.sensors.channel import Channel
from detector.sensors.model import SensorEvent
from detector.sensors.pulse_server import PulseServer
from detector.sensors.settle import Settled

LASTS: Final = timedelta(seconds=3)
"""So long a microphone or a camera is in use, or out of use, before it is said."""
GATHERS: Final = 0.25
"""Seconds: changes come in bursts, one look serves them all."""


class _Look:
    """Between two observations: something has changed, so it is looked anew."""


class PulseCall:
    """A call by the microphone, as PulseAudio or PipeWire tell, or by the camera, as the kernel tells."""

    name = "pulse_call"
    sense: Sense = "call"

    def __init__(self, clock: Clock, settings: AttentionSettings | None = None, *, lasts: timedelta = LASTS) -> None:
        del settings
        self._clock = clock
        self._lasts = lasts

    async def probe(self) -> None:
        """Return if the sound server tells; raise `SensorUnavailable` if not."""
        server = PulseServer(on_change=lambda: None, on_lost=lambda _: None)
        try:
            await server.open()
        finally:
            server.close()

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        """Yield `CallStarted` and `CallEnded` in turn, first as it is now."""
        channel: Channel[Observation | _Look] = Channel()
        settled = Settled(
            channel.put,
            self._clock,
            lambda at: CallStarted(at=at),
            lambda at: CallEnded(at=at),
            after_on=self._lasts,
            after_off=self._lasts,
        )
        soon: asyncio.TimerHandle | None = None

        def look_soon() -> None:
            nonlocal soon
            if soon is None:
                soon = asyncio.get_running_loop().call_later(GATHERS, look)

        def look() -> None:
            nonlocal soon
            soon = None
            channel.put(_Look())

        server = PulseServer(on_change=look_soon, on_lost=channel.lose)
        cameras = Cameras(on_change=look_soon)
        try:
            await server.open()
            cameras.open()
            is_on = await _in_use(server, cameras)
            channel.put(SensorStarted(at=self._clock.now(), sense="call", sensor=self.name))
            settled.turn(is_on=is_on)
            while True:
                what = await channel.take()
                if isinstance(what, _Look):
                    settled.turn(is_on=await _in_use(server, cameras))
                else:
                    yield what
        finally:
            if soon is not None:
                soon.cancel()
            settled.close()
            cameras.close()
            server.close()


async def _in_use(server: PulseServer, cameras: Cameras) -> bool:
    return await server.microphone_in_use() or cameras.in_use()
