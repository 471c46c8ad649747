"""Quiet is wanted, and no longer wanted: on every desktop, with every accident in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dbus_fast.aio import MessageBus

from detector.clock import SystemClock
from detector.core.observations import Observation, QuietBegan, QuietEnded
from detector.dnd import REGISTRY
from detector.dnd.controller import KEY, DndController
from detector.dnd.settings import DndSettings
from detector.errors import StoreError
from detector.notifier.chain import NotifierChain
from detector.notifier.freedesktop import FreedesktopNotifier
from detector.notifier.model import NotificationText
from detector.store.store import Store
from tests.rig.quiet_servers import RINGING, Stage, stages
from tests.rig.x11 import until, until_async

pytestmark = pytest.mark.real
SETTINGS = DndSettings(ringing=RINGING, even_without_nudges=True)
DINNER, WALK = "1@20261123T183000", "2@20261123T193000"
WORDS = NotificationText(title="A minute of scrolling", body="social, 70 s", answers=(("put_away", "Put it away"),))


class Daemon:
    """A daemon as far as quiet is concerned, on a store that outlives it."""

    def __init__(self, stage: Stage, bus: MessageBus, store: Store) -> None:
        self.stage, self.bus, self.store = stage, bus, store
        self.heard: list[Observation] = []
        self.quieting = DndController(store=store, clock=SystemClock(), bus=lambda: self.bus)
        self.quieting.through(NotifierChain(()), self.heard.append)

    async def want(self, occurrence: str | None, settings: DndSettings = SETTINGS) -> None:
        self.quieting.agree(occurrence, settings)
        async with asyncio.timeout(60):
            await self.quieting.settled()

    async def killed(self) -> Daemon:
        """Be gone without a farewell, and come back as another process."""
        self.bus.disconnect()
        await self.bus.wait_for_disconnect()
        return Daemon(self.stage, await MessageBus(bus_address=self.stage.address).connect(), self.store)


@pytest.fixture(params=tuple(REGISTRY))
async def stage(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    async with stages(home)[request.param]() as running:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running.address)
        yield running


@pytest.fixture
async def daemon(stage: Stage) -> AsyncIterator[Daemon]:
    bus = await MessageBus(bus_address=stage.address).connect()
    yield Daemon(stage, bus, Store.in_memory())
    bus.disconnect()


def only(*ways: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stage", ways, indirect=True)


readable = only(*(way for way in REGISTRY if way != "dunst_rules"))
"""dunst 1.9 does not tell of its rules; there, a person's hand goes to `paused`, which we do not touch."""


async def test_it_is_quiet_while_wanted_and_exactly_as_before_afterwards(stage: Stage, daemon: Daemon) -> None:
    for bring_about in stage.earlier.values():
        bring_about()
        was = stage.look()
        await daemon.want(DINNER)
        assert stage.is_quiet()
        await daemon.want(DINNER)
        assert stage.is_quiet()
        await daemon.want(None)
        assert stage.look() == was
        daemon.store.state.set(KEY, None)


async def test_a_pause_ends_it_and_going_on_begins_it_again(stage: Stage, daemon: Daemon) -> None:
    was = stage.look()
    for _ in range(2):
        await daemon.want(DINNER)
        assert stage.is_quiet()
        await daemon.want(None)
        assert stage.look() == was
    assert daemon.store.state.get(KEY) is None


async def test_two_partner_times_in_a_row_come_back_to_what_was_before_the_first(stage: Stage, daemon: Daemon) -> None:
    was = stage.look()
    await daemon.want(DINNER)
    await daemon.want(WALK)
    assert stage.is_quiet()
    await daemon.want(None)
    assert stage.look() == was


async def test_a_daemon_that_leaves_brings_it_back(stage: Stage, daemon: Daemon) -> None:
    was = stage.look()
    await daemon.want(DINNER)
    await daemon.quieting.close()
    assert stage.look() == was
    assert daemon.store.state.get(KEY) is None


async def test_a_wish_that_is_taken_back_at_once_leaves_nothing(stage: Stage, daemon: Daemon) -> None:
    was = stage.look()
    daemon.quieting.agree(DINNER, SETTINGS)
    await asyncio.sleep(0)
    await daemon.want(None)
    assert stage.look() == was
    assert daemon.store.state.get(KEY) is None


async def test_a_killed_daemons_next_start_brings_it_back(stage: Stage, daemon: Daemon) -> None:
    was = stage.look()
    await daemon.want(DINNER)
    heir = await daemon.killed()
    await heir.want(None)
    assert stage.look() == was
    assert heir.store.state.get(KEY) is None
    heir.bus.disconnect()


async def test_a_killed_daemons_next_start_goes_on_and_still_knows_what_was_before(
    stage: Stage, daemon: Daemon
) -> None:
    was = stage.look()
    await daemon.want(DINNER)
    heir = await daemon.killed()
    await heir.want(DINNER)
    assert stage.is_quiet()
    await heir.want(None)
    assert stage.look() == was
    heir.bus.disconnect()


async def test_killed_between_the_note_and_the_change_nothing_is_lost(stage: Stage, daemon: Daemon) -> None:
    was = stage.look()
    remember, notes = daemon.store.state.set, []

    def killed(key: str, value: Any) -> None:
        remember(key, value)
        notes.append(value)
        raise StoreError("killed here")

    daemon.store.state.set = killed  # type: ignore[method-assign]
    await daemon.want(DINNER)
    daemon.store.state.set = remember  # type: ignore[method-assign]
    assert stage.look() == was
    assert notes
    assert not notes[0]["done"]
    heir = await daemon.killed()
    await heir.want(None)
    assert stage.look() == was
    assert heir.store.state.get(KEY) is None
    heir.bus.disconnect()


@readable
async def test_a_hand_in_between_wins_at_the_end(stage: Stage, daemon: Daemon) -> None:
    await daemon.want(DINNER)
    stage.by_hand()
    theirs = stage.look()
    await daemon.want(None)
    assert stage.look() == theirs


@readable
async def test_a_hand_in_between_wins_for_the_rest_of_the_partner_time(stage: Stage, daemon: Daemon) -> None:
    await daemon.want(DINNER)
    stage.by_hand()
    theirs = stage.look()
    for wish in (DINNER, None, DINNER):
        await daemon.want(wish)
        assert stage.look() == theirs
    heir = await daemon.killed()
    await heir.want(DINNER)
    assert stage.look() == theirs
    heir.bus.disconnect()


@readable
async def test_a_hand_while_the_daemon_was_killed_wins(stage: Stage, daemon: Daemon) -> None:
    await daemon.want(DINNER)
    heir = await daemon.killed()
    stage.by_hand()
    theirs = stage.look()
    await heir.want(None)
    assert stage.look() == theirs
    heir.bus.disconnect()


@only("dunst_rules", "dunst_paused", "mako")
async def test_a_server_that_starts_anew_in_between_is_made_quiet_and_has_nothing_to_come_back_to(
    stage: Stage, daemon: Daemon
) -> None:
    await daemon.want(DINNER)
    assert stage.again is not None
    stage.again()
    was = stage.look()
    await daemon.want(DINNER)
    assert stage.is_quiet()
    stage.again()
    await daemon.want(None)
    assert stage.look() == was
    assert daemon.store.state.get(KEY) is None


async def test_a_server_that_hangs_holds_nobody_up_and_is_tried_again(stage: Stage, daemon: Daemon) -> None:
    assert stage.hang is not None
    await daemon.want(DINNER)
    kept = daemon.store.state.get(KEY)
    stage.hang()
    daemon.quieting.agree(None, SETTINGS)
    async with asyncio.timeout(60):
        await daemon.quieting.close()
    assert daemon.store.state.get(KEY) == kept, "the next start brings it back"


async def test_without_a_bus_nothing_happens(stage: Stage, daemon: Daemon) -> None:
    none = DndController(store=daemon.store, clock=SystemClock(), bus=lambda: None)
    none.agree(DINNER, SETTINGS)
    await none.settled()
    assert daemon.store.state.get(KEY) is None


@only("dunst_paused")
async def test_where_nudges_would_be_held_it_is_not_switched_on_unless_that_is_wished(
    stage: Stage, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    await daemon.want(DINNER, replace(SETTINGS, even_without_nudges=False))
    assert stage.look() == "false"
    assert "does not keep quiet" in caplog.text


async def test_what_we_did_is_no_do_not_disturb_of_the_persons(stage: Stage, daemon: Daemon) -> None:
    began = QuietBegan(at=SystemClock().now())
    assert not daemon.quieting.masks(began)
    await daemon.want(DINNER)
    # Where the sensor tells of what we did: it does not of a rule; and paused by us, dunst really holds our nudges.
    expected = stage.way in {"dunst_levels", "kde"}
    assert daemon.quieting.masks(began) is expected
    assert not daemon.quieting.masks(QuietEnded(at=began.at))
    heir = await daemon.killed()
    assert heir.quieting.masks(began) is expected, "at the very first look after a crash, too"
    heir.bus.disconnect()
    await heir.bus.wait_for_disconnect()


@only("dunst_levels")
async def test_a_do_not_disturb_of_the_persons_in_between_reaches_the_core(stage: Stage, daemon: Daemon) -> None:
    await daemon.want(DINNER)
    stage.by_hand()
    await daemon.want(DINNER)
    assert [type(each) for each in daemon.heard] == [QuietBegan]
    assert not daemon.quieting.masks(QuietBegan(at=SystemClock().now()))


@only("dunst_levels", "kde")
async def test_a_do_not_disturb_from_before_is_the_persons(stage: Stage, daemon: Daemon) -> None:
    list(stage.earlier.values())[-1]()
    await daemon.want(DINNER)
    assert not daemon.quieting.masks(QuietBegan(at=SystemClock().now()))


async def say(daemon: Daemon) -> str | None:
    voice = daemon.quieting.through(NotifierChain([FreedesktopNotifier(bus=daemon.bus)]), daemon.heard.append)
    return await voice.show(1, WORDS, lambda *_: None)


@only("dunst_rules")
async def test_on_dunst_a_nudge_is_seen_and_what_others_say_is_not(stage: Stage, daemon: Daemon) -> None:
    await daemon.want(DINNER)
    assert stage.is_quiet(), "another program's notification is not shown"
    held = stage.server.history()
    assert [each.appname for each in held] == ["other"]
    assert await say(daemon) == "freedesktop"
    until(lambda: stage.server.displayed() == 1, what="the nudge")
    await daemon.want(None)
    assert not stage.is_quiet()


@only("mako")
async def test_on_mako_a_nudge_is_seen_and_what_others_say_is_not(stage: Stage, daemon: Daemon) -> None:
    mako = stage.server
    await daemon.want(DINNER)
    mako.run("notify-send", "-a", "other", "-t", "0", "held")
    assert "held" in mako.ctl("list")
    assert await say(daemon) == "freedesktop"
    await until_async(lambda: not mako.is_bare(), what="the nudge on the screen")
    mako.ctl("dismiss")
    await until_async(mako.is_bare, what="the nudge gone, and nothing else to be seen")
    assert "held" in mako.ctl("list")
    await daemon.want(None)
    await until_async(lambda: not mako.is_bare(), what="what was held back, afterwards")


@only("mako")
async def test_on_mako_an_app_that_must_ring_is_seen(stage: Stage, daemon: Daemon) -> None:
    await daemon.want(DINNER)
    stage.server.run("notify-send", "-t", "0", "-h", f"string:desktop-entry:{RINGING[0]}", "the babysitter")
    await until_async(lambda: not stage.server.is_bare(), what="the babysitter")


@only("dunst_rules")
async def test_on_dunst_an_app_that_must_ring_is_seen(stage: Stage, daemon: Daemon) -> None:
    await daemon.want(DINNER)
    stage.server.notify("the babysitter", entry=RINGING[0])
    until(lambda: stage.server.displayed() == 1, what="the babysitter")


@only("mako")
async def test_on_mako_modes_of_the_persons_hold_beside_ours(stage: Stage, daemon: Daemon) -> None:
    stage.earlier["modes of one's own"]()
    await daemon.want(DINNER)
    assert stage.server.modes() == ["night", "work", "turntoward"]


@only("gnome", "kde")
async def test_a_do_not_disturb_from_before_is_not_broken_by_our_nudges(stage: Stage, daemon: Daemon) -> None:
    stage.earlier["banners off" if stage.way == "gnome" else "Do Not Disturb of its own"]()
    was = stage.look()
    await daemon.want(DINNER)
    assert stage.look() == was
    assert await say(daemon) == "freedesktop"
    assert stage.server.notified[-1].hints["urgency"] < 2


@only("gnome", "kde")
async def test_where_only_what_is_urgent_gets_through_our_nudges_are_urgent_for_so_long(
    stage: Stage, daemon: Daemon
) -> None:
    usual = 1 if stage.way == "gnome" else 0
    for wish, urgency in ((None, usual), (DINNER, 2), (None, usual)):
        await daemon.want(wish)
        assert await say(daemon) == "freedesktop"
        assert stage.server.notified[-1].hints["urgency"] == urgency
        assert stage.server.notified[-1].hints["suppress-sound"] is True
