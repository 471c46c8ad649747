"""The phone API runs exactly while a phone is paired or being paired."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator

import pytest

from detector.clock import SystemClock
from detector.daemon.phone_api_switch import PhoneApiSwitch
from detector.devices import PhoneApiAddress
from tests.rig.phone import free_port, listens
from tests.rig.phone_api import FakeGateway


@pytest.fixture
async def switch() -> AsyncIterator[PhoneApiSwitch]:
    kept = PhoneApiSwitch(FakeGateway(), SystemClock())
    yield kept
    await kept.close()


def place(port: int, address: str = "127.0.0.1") -> PhoneApiAddress:
    return PhoneApiAddress(address=address, port=port, host=address)


async def test_the_api_starts_when_it_is_wanted_and_stops_when_it_is_not(switch: PhoneApiSwitch) -> None:
    port = free_port()
    await switch.update(place(port), is_needed=False)
    assert not listens(port)
    assert switch.state is None
    await switch.update(place(port), is_needed=True)
    assert await asyncio.to_thread(listens, port)
    assert switch.state is not None
    assert switch.state.open
    await switch.update(place(port), is_needed=False)
    assert not listens(port)
    assert switch.state is None


async def test_without_an_address_nothing_starts(switch: PhoneApiSwitch) -> None:
    await switch.update(None, is_needed=True)
    assert switch.state is None


async def test_updating_again_changes_nothing_and_a_new_address_stops_the_old_api(switch: PhoneApiSwitch) -> None:
    one, other = free_port(), free_port()
    await switch.update(place(one), is_needed=True)
    _reader, writer = await asyncio.open_connection("127.0.0.1", one)
    await switch.update(place(one), is_needed=True)
    assert not writer.is_closing()
    assert await asyncio.to_thread(listens, one)
    await switch.update(place(other), is_needed=True)
    assert not listens(one)
    assert await asyncio.to_thread(listens, other)
    writer.close()


async def test_a_taken_port_is_logged_once_and_tried_again(
    switch: PhoneApiSwitch, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    with socket.socket() as squatter, caplog.at_level(logging.WARNING):
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        for _ in range(3):
            await switch.update(place(port), is_needed=True)
        assert switch.state is not None
        assert not switch.state.open
        assert str(port) in (switch.state.why or "")
    assert len([record for record in caplog.records if "cannot start" in record.message]) == 1
    await switch.update(place(port), is_needed=True)
    assert switch.state.open
    assert await asyncio.to_thread(listens, port)


async def test_an_address_of_another_device_is_reported(switch: PhoneApiSwitch) -> None:
    await switch.update(place(free_port(), "192.0.2.1"), is_needed=True)
    assert switch.state is not None
    assert not switch.state.open
    assert "192.0.2.1" in (switch.state.why or "")
