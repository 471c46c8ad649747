"""What every Do Not Disturb promises: above all, that what was before is restored exactly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from detector.dbus import Bus
from detector.dnd import REGISTRY, choose, make
from detector.dnd import gnome as dnd_gnome
from detector.dnd import server as dnd_server
from detector.dnd.model import DndSettings, DndUnavailable
from detector.dnd.server import NotificationServer
from tests.rig.bus import private_bus
from tests.rig.dnd_servers import RINGING, DndDesktop, dnd_desktops

pytestmark = pytest.mark.real
NAMES = tuple(REGISTRY)
SETTINGS = DndSettings(ringing=RINGING, even_without_nudges=True)


@pytest.fixture(params=NAMES)
async def desktop(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DndDesktop]:
    async with dnd_desktops(home)[request.param]() as running:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running.address)
        yield running


@pytest.fixture
async def bus(desktop: DndDesktop) -> AsyncIterator[Bus]:
    connected = await Bus.connect(address=desktop.address)
    yield connected
    connected.disconnect()


@pytest.fixture
def server(bus: Bus) -> NotificationServer:
    return NotificationServer(bus)


async def test_it_is_chosen_where_its_server_is(desktop: DndDesktop, server: NotificationServer) -> None:
    dnd, _ = await choose(server, SETTINGS)
    assert dnd.name == desktop.dnd_name


async def test_the_state_before_is_restored_exactly(desktop: DndDesktop, server: NotificationServer) -> None:
    for name, bring_about in desktop.earlier_states.items():
        bring_about()
        was = desktop.state()
        dnd = make(desktop.dnd_name, server)
        before = await dnd.read()
        assert desktop.state() == was, f"{name}: reading changes nothing"
        await dnd.write(dnd.state_when_on(before), RINGING)
        assert desktop.is_quiet(), name
        assert not dnd.can_read or await dnd.read() == dnd.state_when_on(before), name
        await dnd.write(before, RINGING)
        assert await dnd.read() == before, name
        assert desktop.state() == was, name


async def test_writing_a_state_twice_changes_nothing_the_second_time(
    desktop: DndDesktop, server: NotificationServer
) -> None:
    was, dnd = desktop.state(), make(desktop.dnd_name, server)
    before = await dnd.read()
    for state in (dnd.state_when_on(before), before):
        for _ in range(2):
            await dnd.write(state, RINGING)
    assert desktop.state() == was


async def test_asking_for_the_exceptions_changes_nothing(desktop: DndDesktop, server: NotificationServer) -> None:
    dnd = make(desktop.dnd_name, server)
    before = await dnd.read()
    await dnd.write(dnd.state_when_on(before), RINGING)
    quiet = desktop.state()
    await dnd.probe()
    await dnd.exceptions((*RINGING, "org.example.Unknown"))
    assert desktop.state() == quiet
    assert desktop.is_quiet()


async def test_after_a_crash_another_process_restores_the_state(
    desktop: DndDesktop, bus: Bus, server: NotificationServer
) -> None:
    was, dnd = desktop.state(), make(desktop.dnd_name, server)
    before, scope = await dnd.read(), await dnd.scope()
    await dnd.write(dnd.state_when_on(before), RINGING)
    await bus.close()
    other_bus = await Bus.connect(address=desktop.address)
    restarted = make(desktop.dnd_name, NotificationServer(other_bus))
    if await restarted.scope() == scope:
        await restarted.write(before, RINGING)
    else:
        assert desktop.dnd_name == "kde", "what ends with the connection"
    assert desktop.state() == was
    other_bus.disconnect()


async def test_a_server_that_hangs_is_given_up(
    desktop: DndDesktop, server: NotificationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desktop.hang is not None
    for module in (dnd_server, dnd_gnome):
        monkeypatch.setattr(module, "TIMEOUT", 0.5)
    dnd = make(desktop.dnd_name, server)
    before = await dnd.read()
    desktop.hang()
    calls = [dnd.probe, lambda: dnd.write(dnd.state_when_on(before), ())]
    async with asyncio.timeout(60):
        for call in [*calls, dnd.read] if dnd.can_read else calls:
            with pytest.raises(DndUnavailable, match="does not answer"):
                await call()


async def test_the_scope_changes_when_a_server_restarts_that_forgets_its_state(
    desktop: DndDesktop, server: NotificationServer
) -> None:
    dnd = make(desktop.dnd_name, server)
    before = await dnd.scope()
    if desktop.restart is None:
        assert desktop.dnd_name in {"gnome", "kde", "dunst_levels"}, (
            "one outlives its server; two are served by the test itself"
        )
        return
    desktop.restart()
    assert await dnd.scope() != before


@pytest.mark.parametrize("name", NAMES)
async def test_without_a_server_it_is_unavailable(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    with private_bus() as bare:
        bus = await Bus.connect(address=bare.address)
        server = NotificationServer(bus)
        with pytest.raises(DndUnavailable, match="no notification server"):
            await choose(server, SETTINGS)
        if name != "gnome":  # its setting is there without the shell
            with pytest.raises(DndUnavailable):
                await make(name, server).scope()
        bus.disconnect()
