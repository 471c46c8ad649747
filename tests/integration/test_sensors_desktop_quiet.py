"""The desktop's own Do Not Disturb, by a real dunst."""

from __future__ import annotations

from typing import Any

import pytest

from detector.clock import SystemClock
from detector.core.observations import QuietBegan, QuietEnded, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors.bus import SensorBus
from detector.sensors.desktop_quiet import DesktopQuiet
from tests.rig.bus import Dunst, SessionBus
from tests.rig.sensing import take_next

pytestmark = pytest.mark.real


async def test_do_not_disturb_switched_on_and_off_is_yielded(dunst: Dunst) -> None:
    seen = DesktopQuiet(SystemClock()).observe()
    assert isinstance(await take_next(seen), SensorStarted)
    assert isinstance(await take_next(seen), QuietEnded)
    for _ in range(2):
        dunst.pause()
        assert isinstance(await take_next(seen), QuietBegan)
        dunst.pause(False)
        assert isinstance(await take_next(seen), QuietEnded)
    await seen.aclose()


async def test_do_not_disturb_on_already_is_yielded_at_start(dunst: Dunst) -> None:
    dunst.pause()
    seen = DesktopQuiet(SystemClock()).observe()
    await take_next(seen)
    assert isinstance(await take_next(seen), QuietBegan)
    await seen.aclose()


async def test_do_not_disturb_switched_on_during_the_start_is_not_lost(
    dunst: Dunst, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = SensorBus.get_property, []

    async def overtaken(bus: SensorBus, *what: str) -> Any:
        answer = await read(bus, *what)
        asked.append(what)
        if len(asked) == 2:  # it listens by now
            dunst.pause()
            await read(bus, *what)  # the signal comes before this answer
        return answer

    monkeypatch.setattr(SensorBus, "get_property", overtaken)
    seen = DesktopQuiet(SystemClock()).observe()
    while not isinstance(await take_next(seen), SensorStarted):
        pass
    assert isinstance(await take_next(seen), QuietBegan)
    await seen.aclose()


async def test_a_server_that_goes_away_is_a_loss(dunst: Dunst) -> None:
    seen = DesktopQuiet(SystemClock()).observe()
    await take_next(seen)
    await take_next(seen)
    dunst.stop()
    with pytest.raises(SensorLost):
        await take_next(seen)


async def test_without_a_server_it_refuses(session_bus: SessionBus) -> None:
    with pytest.raises(SensorUnavailable, match="Do Not Disturb"):
        await DesktopQuiet(SystemClock()).probe()
