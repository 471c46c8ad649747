"""Whether somebody is in a call: a microphone or a camera is in use, yes or no.

Invariant 1: no polling: the sound server and the kernel report changes, and only then the state is read.
Invariant 2: the program's name, and what is recorded, are never read.
Invariant 3: what lasts less than three seconds is no call: programs try a microphone or a camera when they start; and a call
that changes its headset has not ended. What is in use already at the start is a call at once.
"""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Final

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import CallEnded, CallStarted, Observation, Sense, SensorStarted
from detector.sensors.cameras import Cameras
from detector.sensors.channel import Channel
from detector.sensors.debounce import Debouncer
from detector.sensors.model import ClockSensor, SensorEvent
from detector.sensors.pulse_server import PulseServer

MIN_DURATION: Final = timedelta(seconds=3)
"""How long a microphone or a camera has to be in use, or out of use, before that is reported."""
GATHER_DELAY: Final = 0.25
"""Seconds: changes come in bursts, and the state is read once for all of them."""


class _Recheck:
    """Put into the channel where something has changed, so that the state has to be read."""


class PulseCall(ClockSensor):
    """A call by the microphone, as PulseAudio or PipeWire report it, or by the camera, as the kernel does."""

    name = "pulse_call"
    sense: Sense = "call"

    def __init__(
        self, clock: Clock, settings: AttentionSettings | None = None, *, min_duration: timedelta = MIN_DURATION
    ) -> None:
        super().__init__(clock, settings)
        self._min_duration = min_duration

    async def probe(self) -> None:
        server = PulseServer(on_change=lambda: None, on_lost=lambda _why: None)
        try:
            await server.open()
        finally:
            server.close()

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        channel: Channel[Observation | _Recheck] = Channel()
        delay = self._min_duration
        debouncer = Debouncer(channel.put, self._clock, CallStarted, CallEnded, after_on=delay, after_off=delay)
        soon: asyncio.TimerHandle | None = None

        def recheck_soon() -> None:
            nonlocal soon
            if soon is None:
                soon = asyncio.get_running_loop().call_later(GATHER_DELAY, recheck)

        def recheck() -> None:
            nonlocal soon
            soon = None
            channel.put(_Recheck())

        server = PulseServer(on_change=recheck_soon, on_lost=channel.close_as_lost)
        cameras = Cameras(on_change=recheck_soon)
        try:
            await server.open()
            cameras.open()
            # Read before `SensorStarted`: a server that fails here has never been a running sensor.
            is_on = await _in_use(server, cameras)
            channel.put(SensorStarted(at=self._clock.now(), sense="call", sensor=self.name))
            debouncer.update(is_on=is_on)
            while True:
                item = await channel.get()
                if isinstance(item, _Recheck):
                    debouncer.update(is_on=await _in_use(server, cameras))
                else:
                    yield item
        finally:
            if soon is not None:
                soon.cancel()
            debouncer.close()
            cameras.close()
            server.close()


async def _in_use(server: PulseServer, cameras: Cameras) -> bool:
    return await server.microphone_in_use() or cameras.in_use()
