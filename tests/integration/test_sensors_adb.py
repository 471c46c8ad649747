"""A phone by adb, against a fake server that the real adb binary talks to as well."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from detector.clock import SystemClock
from detector.core.observations import Focused, Gap, GapReason, LaidDown, LitUp, PickedUp, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import adb_client, adb_phone
from detector.sensors.adb_guidance import connected_phones, diagnose_phone
from detector.sensors.adb_phone import AdbPhone
from detector.sensors.android_events import TAGS
from detector.sensors.android_state import SensorEvent
from detector.sensors.model import AppFocused
from tests.rig.adb_server import FakeAdb, FakePhone
from tests.rig.processes import needs, until
from tests.rig.sensing import open_descriptors_and_threads, take_next

pytestmark = pytest.mark.real

FEED, CHAT = "com.instagram.android", "com.whatsapp"
QUIET = 0.4


@pytest.fixture
def phone(adb: FakeAdb) -> FakePhone:
    return adb.phone()


def sensor(adb: FakeAdb, phone: FakePhone, **options: Any) -> AdbPhone:
    return AdbPhone(SystemClock(), "my phone", phone.serial, adb.server, **options)


async def begun(observing: AsyncGenerator[Any, None], *kinds: type) -> list[Any]:
    taken = [await take_next(observing) for _ in range(1 + len(kinds))]
    assert [type(each) for each in taken] == [SensorStarted, *kinds]
    return taken


@pytest_asyncio.fixture
async def seen(adb: FakeAdb, phone: FakePhone) -> AsyncIterator[AsyncGenerator[Any, None]]:
    observing = sensor(adb, phone).observe()
    await begun(observing, Focused)
    yield observing
    await observing.aclose()


async def silent(observing: AsyncGenerator[Any, None]) -> bool:
    waiting = asyncio.ensure_future(anext(observing))
    done, _ = await asyncio.wait([waiting], timeout=QUIET)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    return not done


# What the phone tells.


async def test_it_starts_with_the_app_in_front(adb: FakeAdb, phone: FakePhone) -> None:
    phone.holds(FEED)
    observing = sensor(adb, phone).observe()
    started, front = await begun(observing, AppFocused)
    assert (started.sense, started.sensor, started.device) == ("focus", "adb_phone", "my phone")
    assert (front.app, front.opened, front.device) == (FEED, False, "my phone")
    await observing.aclose()


@pytest.mark.parametrize(("awake", "locked"), [("Asleep", True), ("Dozing", True), ("Awake", True), ("Asleep", False)])
async def test_a_phone_that_is_off_or_locked_at_start_is_laid_down(
    adb: FakeAdb, phone: FakePhone, awake: str, *, locked: bool
) -> None:
    phone.holds(FEED, awake=awake, locked=locked)
    observing = sensor(adb, phone).observe()
    await begun(observing, LaidDown)
    await observing.aclose()


async def test_opening_apps_and_dialogs_in_a_row(phone: FakePhone, seen: AsyncGenerator[Any, None]) -> None:
    phone.opens(FEED)
    opened = await take_next(seen)
    assert (opened.app, opened.opened) == (FEED, True)
    phone.opens(FEED)
    phone.opens("com.example.home")
    home = await take_next(seen)
    assert isinstance(home, Focused)
    assert home.activity is None
    phone.opens(CHAT, tag="am_set_resumed_activity")
    assert (await take_next(seen)).app == CHAT


async def test_laid_down_lit_up_and_picked_up(phone: FakePhone, seen: AsyncGenerator[Any, None]) -> None:
    phone.opens(FEED)
    await take_next(seen)
    phone.screen(0)
    phone.lock(True)
    assert isinstance(await take_next(seen), LaidDown)
    phone.screen(1)
    assert isinstance(await take_next(seen), LitUp)
    phone.opens(CHAT)
    phone.lock(False)
    picked, front = await take_next(seen), await take_next(seen)
    assert isinstance(picked, PickedUp)
    assert not picked.blind
    assert (front.app, front.opened) == (CHAT, False)
    phone.screen(2)
    assert isinstance(await take_next(seen), LaidDown)


@pytest.mark.parametrize(("torn", "end"), [(1, "\n"), (7, "\r\n"), (0, "\r\n")])
async def test_log_lines_arrive_in_chunks_of_any_size(
    phone: FakePhone, seen: AsyncGenerator[Any, None], torn: int, end: str
) -> None:
    lines = [phone.line("wm_set_resumed_activity", f"[0,{app}/.X,r]", uid="") for app in (FEED, CHAT)]
    phone.say("--------- beginning of events", *lines, torn=torn, end=end)
    assert [(await take_next(seen)).app for _ in range(2)] == [FEED, CHAT]


async def test_noise_in_the_log_is_skipped(phone: FakePhone, seen: AsyncGenerator[Any, None]) -> None:
    phone.raw(bytes(range(256)) * 300)
    phone.raw(b"\n")
    phone.opens(FEED)
    assert (await take_next(seen)).app == FEED


async def test_another_users_apps_are_not_yielded(adb: FakeAdb, phone: FakePhone) -> None:
    phone.write("am", "10\n")
    phone.holds(user=10)
    observing = sensor(adb, phone).observe()
    await begun(observing, Focused)
    phone.opens(FEED, user=0)
    phone.opens(CHAT, user=10)
    assert (await take_next(observing)).app == CHAT
    await observing.aclose()


async def test_the_phone_is_asked_for_its_launcher_and_need_not_know_it(adb: FakeAdb, phone: FakePhone) -> None:
    for name in ("cmd", "am", "getprop", "zone"):
        (phone.place / name).unlink()
    phone.holds(FEED)
    observing = sensor(adb, phone).observe()
    await begun(observing, AppFocused)
    phone.opens("com.miui.home")
    assert isinstance(await take_next(observing), Focused)
    await observing.aclose()


async def test_a_phone_without_answers_is_unknown_until_it_logs_something(adb: FakeAdb, phone: FakePhone) -> None:
    for name in ("dumpsys.power", "dumpsys.activity"):
        (phone.place / name).unlink()
    observing = sensor(adb, phone).observe()
    await begun(observing)
    phone.opens(FEED)
    front = await take_next(observing)
    assert (front.app, front.opened) == (FEED, False)
    await observing.aclose()


# Time.


@pytest.mark.parametrize("ahead", [0, 7200, -86400, -3])
@pytest.mark.parametrize("finely", [True, False])
async def test_a_wrong_phone_clock_is_converted_to_our_instants(
    adb: FakeAdb, phone: FakePhone, ahead: float, *, finely: bool
) -> None:
    phone.set_ahead(ahead)
    phone.write("date.sed", "" if finely else "s/%N/%%N/")
    observing = sensor(adb, phone).observe()
    await begun(observing, Focused)
    before = datetime.now(UTC)
    phone.opens(FEED)
    at = (await take_next(observing)).at
    assert at <= datetime.now(UTC)
    # Within what the asking itself may take on a busy machine.
    assert before - at < timedelta(seconds=1.4)
    await observing.aclose()


async def test_instants_are_never_in_the_future_and_never_go_back(
    phone: FakePhone, seen: AsyncGenerator[Any, None]
) -> None:
    taken = []
    for ago in (0.0, -30.0, 0.5, 3000.0, -7200.0):
        phone.opens(FEED if len(taken) % 2 else CHAT, ago=ago)
        taken.append(await take_next(seen))
        assert taken[-1].at <= datetime.now(UTC)
    assert [each.at for each in taken] == sorted(each.at for each in taken)


async def test_a_log_line_from_before_the_start_is_dropped(adb: FakeAdb, phone: FakePhone) -> None:
    phone.opens(CHAT, ago=120)
    phone.holds(FEED)
    observing = sensor(adb, phone).observe()
    _, front = await begun(observing, AppFocused)
    assert front.app == FEED
    assert await silent(observing)
    await observing.aclose()


# Plugging.


async def test_unplugging_is_a_gap_and_plugging_in_yields_the_present_state(
    phone: FakePhone, seen: AsyncGenerator[Any, None]
) -> None:
    for log_first in (True, False):
        phone.unplug(log_first=log_first)
        gap = await take_next(seen)
        assert isinstance(gap, Gap)
        assert (gap.device, gap.sense, gap.reason) == ("my phone", "focus", GapReason.SENSOR_LOST)
        assert gap.since == gap.at
        phone.holds(FEED)
        phone.plug()
        assert isinstance(await take_next(seen), SensorStarted)
        front = await take_next(seen)
        assert (front.app, front.opened) == (FEED, False)
    phone.opens(CHAT)
    assert (await take_next(seen)).app == CHAT


async def test_an_unplugged_phone_is_waited_for_without_polling(
    adb: FakeAdb, phone: FakePhone, seen: AsyncGenerator[Any, None]
) -> None:
    phone.unplug()
    assert isinstance(await take_next(seen), Gap)
    waiting = asyncio.ensure_future(anext(seen))
    before = adb.requests()
    await asyncio.wait([waiting], timeout=1.0)
    assert adb.requests() == before
    assert adb.listened()["open"] == 1
    phone.plug()
    assert isinstance(await waiting, SensorStarted)


async def test_an_idle_phone_is_not_polled(adb: FakeAdb, seen: AsyncGenerator[Any, None]) -> None:
    before = adb.requests()
    assert await silent(seen)
    assert adb.requests() == before


async def test_a_phone_that_comes_back_unauthorized_is_waited_for(
    phone: FakePhone, seen: AsyncGenerator[Any, None]
) -> None:
    phone.plug(state="offline")
    assert isinstance(await take_next(seen), Gap)
    waiting = asyncio.ensure_future(anext(seen))
    phone.plug(state="unauthorized")
    done, _ = await asyncio.wait([waiting], timeout=QUIET)
    assert not done
    phone.plug()
    assert isinstance(await waiting, SensorStarted)


async def test_a_phone_that_is_not_there_yet_is_waited_for(adb: FakeAdb) -> None:
    phone = adb.phone(plugged=False)
    waits = sensor(adb, phone, waits=True)
    await waits.probe()
    observing = waits.observe()
    waiting = asyncio.ensure_future(anext(observing))
    await asyncio.wait([waiting], timeout=QUIET)
    phone.plug()
    assert isinstance(await waiting, SensorStarted)
    await observing.aclose()


async def test_missed_events_are_handed_over_and_complete_the_present_state(adb: FakeAdb, phone: FakePhone) -> None:
    told: list[Sequence[SensorEvent]] = []
    observing = sensor(adb, phone, on_missed=told.append).observe()
    await begun(observing, Focused)
    phone.unplug()
    broke = (await take_next(observing)).at
    local = datetime.fromtimestamp(time.time() + 1, UTC) + timedelta(hours=1)
    phone.write(
        "dumpsys.usagestats",
        'user=0\n  Last 24 hour events (timeRange="x" )\n'
        f'    time="{local - timedelta(minutes=9):%F %T}" type=ACTIVITY_RESUMED package={CHAT} class=x instanceId=1\n'
        f'    time="{local:%F %T}" type=ACTIVITY_RESUMED package={FEED} class=com.example.Secret instanceId=1\n',
    )
    phone.write("dumpsys.activity", "")
    until(lambda: time.time() > local.timestamp() - 3600 + 1, what="the next second")
    phone.plug()
    _, front = await take_next(observing), await take_next(observing)
    assert (front.app, front.opened) == (FEED, False)
    assert [(each.app, each.opened) for each in told[0] if isinstance(each, AppFocused)] == [(FEED, True)]
    assert all(broke <= each.at <= front.at for each in told[0])
    await observing.aclose()


async def test_the_log_that_ends_while_the_phone_stays_is_a_loss(
    phone: FakePhone, seen: AsyncGenerator[Any, None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adb_phone, "UNPLUG_DELAY", 0.1)
    phone.end_log()
    with pytest.raises(SensorLost, match="does not answer"):
        await take_next(seen)


async def test_a_connected_phone_that_does_not_answer_is_a_loss(
    adb: FakeAdb, phone: FakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adb_phone, "UNPLUG_DELAY", 0.1)
    monkeypatch.setattr(adb_client, "SHELL_TIMEOUT", 0.3)
    (phone.place / "bin/am").write_text("#!/bin/sh\nsleep 3\n")
    before = open_descriptors_and_threads()
    with pytest.raises(SensorLost, match="does not answer"):
        await anext(sensor(adb, phone).observe())
    assert open_descriptors_and_threads() == before


async def test_a_server_that_goes_away_is_a_loss_also_while_waiting(adb: FakeAdb, phone: FakePhone) -> None:
    phone.unplug()
    observing = sensor(adb, phone).observe()
    waiting = asyncio.ensure_future(anext(observing))
    await asyncio.wait([waiting], timeout=QUIET)
    adb.kill()
    with pytest.raises(SensorLost, match="server"):
        await asyncio.wait_for(waiting, 60)
    with pytest.raises(SensorLost, match="server"):
        await anext(sensor(adb, phone).observe())


async def test_a_server_that_sends_nonsense_is_a_loss(adb: FakeAdb, seen: AsyncGenerator[Any, None]) -> None:
    adb.call("garble")
    with pytest.raises(SensorLost):
        await take_next(seen)


async def test_several_phones_are_independent(adb: FakeAdb) -> None:
    phones = [adb.phone("1A2B3C4D"), adb.phone("192.168.1.7:41234"), adb.phone("adb-77._adb-tls-connect._tcp")]
    observing = [sensor(adb, phone).observe() for phone in phones]
    for each in observing:
        await begun(each, Focused)
    phones[0].unplug()
    phones[1].opens(FEED)
    phones[2].opens(CHAT)
    assert isinstance(await take_next(observing[0]), Gap)
    assert [(await take_next(each)).app for each in observing[1:]] == [FEED, CHAT]
    assert await silent(observing[1])
    for each in observing:
        await each.aclose()


# Letting go, and keeping to oneself.


async def test_closing_ends_every_connection_at_once(adb: FakeAdb, phone: FakePhone) -> None:
    observing = sensor(adb, phone).observe()
    before = open_descriptors_and_threads()
    await begun(observing, Focused)
    assert adb.listened()["open"] == 2
    await observing.aclose()
    assert open_descriptors_and_threads() == before
    until(lambda: adb.listened()["open"] == 0, what="the connections closed")


async def test_only_five_tags_and_five_commands_are_used(adb: FakeAdb, phone: FakePhone) -> None:
    observing = sensor(adb, phone).observe()
    await begun(observing, Focused)
    phone.say(phone.line("am_crash", "[1,0,com.example.canary,1,what,was,written]"))
    assert await silent(observing)
    asked = adb.requests()
    assert {request.partition(":")[0] for request in asked} == {"host", "shell"}
    shells = [request for request in asked if request.startswith("shell:")]
    assert len(shells) == 3
    (log,) = [request for request in shells if "logcat" in request]
    assert log.rpartition("-s ")[2].split() == list(TAGS)
    assert not any("usagestats" in request for request in shells), "the past is asked for only after a break"
    await observing.aclose()


async def test_no_package_is_in_a_log_a_repr_or_an_exception(
    adb: FakeAdb, phone: FakePhone, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adb_phone, "UNPLUG_DELAY", 0.1)
    caplog.set_level(logging.DEBUG)
    watched = sensor(adb, phone)
    observing = watched.observe()
    await begun(observing, Focused)
    phone.opens("com.example.canary")
    told = await take_next(observing)
    phone.end_log()
    with pytest.raises(SensorLost) as lost:
        await take_next(observing)
    chain = [lost.value, lost.value.__cause__, lost.value.__context__]
    assert "canary" not in f"{told!r} {watched!r} {chain!r} {caplog.text}"


# Guidance.


@pytest.mark.parametrize(
    ("state", "why", "remedy"),
    [
        ("unauthorized", "has not allowed this computer", "Allow USB debugging"),
        ("offline", "does not answer", "plug it in again"),
        ("no permissions (user in plugdev group; are your udev rules wrong?); see [http://x.y]", "over USB", "udev"),
        ("authorizing", "being asked", "confirm"),
        ("recovery", "not started", "restart"),
        ("enchanted", "adb reports for the phone: enchanted", "plug it in again"),
    ],
)
async def test_each_adb_state_has_a_remedy(adb: FakeAdb, state: str, why: str, remedy: str) -> None:
    phone = adb.phone()
    phone.plug(state=state)
    with pytest.raises(SensorUnavailable) as refused:
        await sensor(adb, phone).probe()
    assert why in refused.value.why
    assert remedy in (refused.value.remedy or "")
    said = await diagnose_phone(phone.serial, adb.server)
    assert said is not None
    assert (said.sensor, said.why) == ("adb_phone", refused.value.why)


@pytest.mark.parametrize(
    ("serial", "remedy"),
    [("1A2B3C4D", "cable"), ("192.168.1.7:41234", "Wireless debugging"), ("adb-77._adb-tls-connect._tcp", "Wireless")],
)
async def test_the_remedy_for_an_absent_phone_depends_on_cable_or_wireless(
    adb: FakeAdb, serial: str, remedy: str
) -> None:
    said = await diagnose_phone(serial, adb.server)
    assert said is not None
    assert remedy in (said.remedy or "")


async def test_without_an_adb_server_the_remedy_says_how_to_start_it(adb: FakeAdb, phone: FakePhone) -> None:
    assert await diagnose_phone(phone.serial, adb.server) is None
    adb.kill()
    for waits in (False, True):
        with pytest.raises(SensorUnavailable) as refused:
            await sensor(adb, phone, waits=waits).probe()
        assert "adb start-server" in (refused.value.remedy or "")
    with pytest.raises(SensorUnavailable):
        await connected_phones(adb.server)


async def test_another_program_on_the_port_counts_as_no_adb_server() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with other:
        with pytest.raises(SensorUnavailable, match="server"):
            await connected_phones(f"127.0.0.1:{other.sockets[0].getsockname()[1]}")


@pytest.mark.parametrize("server", ["10.0.0.1:5037", "example.org:5037", "127.0.0.1", "127.0.0.1:0", "", "[::2]:5037"])
async def test_a_remote_adb_server_is_never_connected_to(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def reach(*_: object, **__: object) -> None:
        pytest.fail("it reached out")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", reach)
    with pytest.raises(SensorUnavailable):
        await connected_phones(server)


async def test_the_phones_are_listed_with_their_models(adb: FakeAdb) -> None:
    adb.phone("1A2B3C4D")
    adb.phone("192.168.1.7:41234", model="SM_G991B").plug(state="unauthorized")
    found = [(phone.serial, phone.state, phone.model) for phone in await connected_phones(adb.server)]
    assert found == [("1A2B3C4D", "device", "Pixel 6"), ("192.168.1.7:41234", "unauthorized", "SM G991B")]


# The real binary takes the fake server for its own.


def real(adb: FakeAdb, *arguments: str) -> subprocess.CompletedProcess[str]:
    needs("adb")
    return subprocess.run(
        ["adb", "-P", str(adb.port), *arguments], capture_output=True, text=True, timeout=20, check=False
    )


def test_the_real_adb_lists_the_phones(adb: FakeAdb, phone: FakePhone) -> None:
    adb.phone("192.168.1.7:41234").plug(state="unauthorized")
    lines = real(adb, "devices").stdout.splitlines()
    assert lines[:3] == ["List of devices attached", "1A2B3C4D\tdevice", "192.168.1.7:41234\tunauthorized"]
    assert "model:Pixel_6" in real(adb, "devices", "-l").stdout


def test_the_real_adb_runs_our_commands_with_the_same_output(adb: FakeAdb, phone: FakePhone) -> None:
    phone.holds(FEED)
    for command in (adb_phone.android_query.COMMAND, adb_phone.android_query.CLOCK_COMMAND):
        printed = real(adb, "-s", phone.serial, "shell", command)
        assert printed.returncode == 0, printed.stderr
        assert printed.stdout
        assert "Secret" not in printed.stdout
    facts = adb_phone.android_query.parse_phone_state(real(adb, "shell", adb_phone.android_query.COMMAND).stdout)
    assert facts.snapshot.package == FEED
    assert facts.home == "com.example.home"


def test_the_real_adb_fails_for_an_absent_or_unauthorized_phone(adb: FakeAdb) -> None:
    phone = adb.phone()
    assert "not found" in real(adb, "-s", "nobody", "shell", "true").stderr
    phone.plug(state="unauthorized")
    assert "unauthorized" in real(adb, "shell", "true").stderr


async def test_the_real_adb_prints_the_same_log(adb: FakeAdb, phone: FakePhone) -> None:
    needs("adb")
    command = adb_phone.android_events.COMMAND.split()
    heard = await asyncio.create_subprocess_exec(
        "adb", "-P", str(adb.port), "shell", *command, stdout=asyncio.subprocess.PIPE
    )
    assert heard.stdout is not None
    assert b"beginning of events" in await heard.stdout.readline()
    observing = sensor(adb, phone).observe()
    await begun(observing, Focused)
    line = phone.line("wm_set_resumed_activity", f"[0,{FEED}/.X,r]")
    phone.say(phone.line("am_crash", "[1,0,com.example.canary,1,what]"), line)
    assert (await heard.stdout.readline()).decode().rstrip() == line
    assert (await take_next(observing)).app == FEED
    await observing.aclose()
    phone.unplug()
    await asyncio.wait_for(heard.wait(), 60)


async def test_the_real_adb_sees_plug_and_unplug(adb: FakeAdb, phone: FakePhone) -> None:
    needs("adb")
    tracking = await asyncio.create_subprocess_exec(
        "adb", "-P", str(adb.port), "track-devices", stdout=asyncio.subprocess.PIPE
    )
    assert tracking.stdout is not None
    assert (await tracking.stdout.readexactly(4 + len("1A2B3C4D\tdevice\n"))).endswith(b"device\n")
    phone.plug(state="offline")
    assert (await tracking.stdout.readexactly(4 + len("1A2B3C4D\toffline\n"))).endswith(b"offline\n")
    tracking.kill()
    await tracking.wait()
