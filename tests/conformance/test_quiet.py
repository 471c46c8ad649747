"""What every way of keeping a desktop quiet promises: above all, that what was before comes back exactly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dbus_fast.aio import MessageBus

from detector.dnd import REGISTRY, choose, make
from detector.dnd.model import DndUnavailable
from detector.dnd.settings import DndSettings
from tests.rig.bus import private_bus
from tests.rig.quiet_servers import RINGING, Stage, stages

pytestmark = pytest.mark.real
WAYS = tuple(REGISTRY)
SETTINGS = DndSettings(ringing=RINGING, even_without_nudges=True)


async def connect(address: str) -> MessageBus:
    return await MessageBus(bus_address=address).connect()


@pytest.fixture(params=WAYS)
async def stage(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    async with stages(home)[request.param]() as running:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running.address)
        yield running


@pytest.fixture
async def bus(stage: Stage) -> AsyncIterator[MessageBus]:
    connected = await connect(stage.address)
    yield connected
    connected.disconnect()


async def test_it_is_chosen_where_its_server_is(stage: Stage, bus: MessageBus) -> None:
    way, _ = await choose(bus, SETTINGS)
    assert way.name == stage.way


async def test_what_was_before_comes_back_exactly(stage: Stage, bus: MessageBus) -> None:
    for name, bring_about in stage.earlier.items():
        bring_about()
        was = stage.look()
        way = make(stage.way, bus)
        before = await way.read()
        assert stage.look() == was, f"{name}: reading changes nothing"
        await way.write(way.quietened(before), RINGING)
        assert stage.is_quiet(), name
        assert not way.reads or await way.read() == way.quietened(before), name
        await way.write(before, RINGING)
        assert await way.read() == before, name
        assert stage.look() == was, name


async def test_asking_twice_does_nothing_the_second_time(stage: Stage, bus: MessageBus) -> None:
    was, way = stage.look(), make(stage.way, bus)
    before = await way.read()
    for state in (way.quietened(before), before):
        for _ in range(2):
            await way.write(state, RINGING)
    assert stage.look() == was


async def test_looking_what_gets_through_changes_nothing(stage: Stage, bus: MessageBus) -> None:
    way = make(stage.way, bus)
    before = await way.read()
    await way.write(way.quietened(before), RINGING)
    quiet = stage.look()
    await way.probe()
    await way.passing((*RINGING, "org.example.Unknown"))
    assert stage.look() == quiet
    assert stage.is_quiet()


async def test_after_a_crash_another_process_brings_it_back(stage: Stage, bus: MessageBus) -> None:
    was, way = stage.look(), make(stage.way, bus)
    before, place = await way.read(), await way.place()
    await way.write(way.quietened(before), RINGING)
    bus.disconnect()
    await bus.wait_for_disconnect()
    another = await connect(stage.address)
    heir = make(stage.way, another)
    if await heir.place() == place:
        await heir.write(before, RINGING)
    else:
        assert stage.way == "kde", "what ends with the connection"
    assert stage.look() == was
    another.disconnect()


async def test_a_server_that_hangs_is_given_up(stage: Stage, bus: MessageBus) -> None:
    assert stage.hang is not None
    way = make(stage.way, bus)
    before = await way.read()
    stage.hang()
    questions = [way.probe, lambda: way.write(way.quietened(before), ())]
    async with asyncio.timeout(60):
        for question in [*questions, way.read] if way.reads else questions:
            with pytest.raises(DndUnavailable, match="does not answer"):
                await question()


async def test_a_state_that_ends_with_its_server_is_of_another_place_afterwards(stage: Stage, bus: MessageBus) -> None:
    way = make(stage.way, bus)
    before = await way.place()
    if stage.again is None:
        assert stage.way in {"gnome", "kde", "dunst_levels"}, (
            "one outlives its server; two are served by the test itself"
        )
        return
    stage.again()
    assert await way.place() != before


@pytest.mark.parametrize("way", WAYS)
async def test_without_a_server_it_says_so(way: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    with private_bus() as bare:
        bus = await connect(bare.address)
        with pytest.raises(DndUnavailable, match="no notification server"):
            await choose(bus, SETTINGS)
        if way != "gnome":  # its setting is there without the shell
            with pytest.raises(DndUnavailable):
                await make(way, bus).place()
        bus.disconnect()
