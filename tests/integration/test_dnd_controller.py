"""Do Not Disturb is requested, and no longer requested: on every desktop, with every accident in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.clock import SystemClock
from detector.core.observations import Observation, QuietBegan, QuietEnded
from detector.dbus import Bus
from detector.dnd import REGISTRY
from detector.dnd.controller import KEY, DndController, UrgentSender
from detector.dnd.model import DndSettings
from detector.errors import StoreError
from detector.notifier.chain import NotifierChain
from detector.notifier.freedesktop import FreedesktopNotifier
from detector.notifier.model import NotificationText
from detector.store.store import Store
from tests.rig.dnd_servers import RINGING, DndDesktop, dnd_desktops
from tests.rig.processes import TIMEOUT, until, until_async

pytestmark = pytest.mark.real
SETTINGS = DndSettings(ringing=RINGING, even_without_nudges=True)
DINNER, WALK = "1@20261123T183000", "2@20261123T193000"
TEXT = NotificationText(title="A minute of scrolling", body="social, 70 s", answers=(("put_away", "Put it away"),))


class Daemon:
    """A daemon as far as Do Not Disturb is concerned, on a store that outlives it."""

    def __init__(self, desktop: DndDesktop, bus: Bus, store: Store) -> None:
        self.desktop, self.bus, self.store = desktop, bus, store
        self.heard: list[Observation] = []
        self.dnd = DndController(store=store, clock=SystemClock(), bus=lambda: self.bus)
        self.dnd.attach(self.heard.append)

    async def request(self, occurrence: str | None, settings: DndSettings = SETTINGS) -> None:
        self.dnd.request(occurrence, settings)
        async with asyncio.timeout(60):
            await self.dnd.wait_until_done()

    async def killed(self) -> Daemon:
        """End as after a kill, and return the daemon of the next start."""
        await self.bus.close()
        return Daemon(self.desktop, await Bus.connect(address=self.desktop.address), self.store)


@pytest.fixture(params=tuple(REGISTRY))
async def desktop(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DndDesktop]:
    async with dnd_desktops(home)[request.param]() as running:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running.address)
        yield running


@pytest.fixture
async def daemon(desktop: DndDesktop) -> AsyncIterator[Daemon]:
    bus = await Bus.connect(address=desktop.address)
    yield Daemon(desktop, bus, Store.in_memory())
    bus.disconnect()


def only(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("desktop", names, indirect=True)


can_read = only(*(name for name in REGISTRY if name != "dunst_rules"))
"""dunst 1.9 does not tell of its rules; there a person changes `paused`, which we do not touch."""


async def test_do_not_disturb_is_on_while_requested_and_restored_afterwards(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    for bring_about in desktop.earlier_states.values():
        bring_about()
        was = desktop.state()
        await daemon.request(DINNER)
        assert desktop.is_quiet()
        await daemon.request(DINNER)
        assert desktop.is_quiet()
        await daemon.request(None)
        assert desktop.state() == was
        daemon.store.state.set(KEY, None)


async def test_a_pause_switches_it_off_and_resuming_switches_it_on_again(desktop: DndDesktop, daemon: Daemon) -> None:
    was = desktop.state()
    for _ in range(2):
        await daemon.request(DINNER)
        assert desktop.is_quiet()
        await daemon.request(None)
        assert desktop.state() == was
    assert daemon.store.state.get(KEY) is None


async def test_after_two_partner_times_in_a_row_the_state_before_the_first_is_restored(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    was = desktop.state()
    await daemon.request(DINNER)
    await daemon.request(WALK)
    assert desktop.is_quiet()
    await daemon.request(None)
    assert desktop.state() == was


async def test_closing_the_controller_restores_the_state(desktop: DndDesktop, daemon: Daemon) -> None:
    was = desktop.state()
    await daemon.request(DINNER)
    await daemon.dnd.close()
    assert desktop.state() == was
    assert daemon.store.state.get(KEY) is None


async def test_a_request_withdrawn_at_once_changes_nothing(desktop: DndDesktop, daemon: Daemon) -> None:
    was = desktop.state()
    daemon.dnd.request(DINNER, SETTINGS)
    await asyncio.sleep(0)
    await daemon.request(None)
    assert desktop.state() == was
    assert daemon.store.state.get(KEY) is None


async def test_after_a_kill_the_next_start_restores_the_state(desktop: DndDesktop, daemon: Daemon) -> None:
    was = desktop.state()
    await daemon.request(DINNER)
    restarted = await daemon.killed()
    await restarted.request(None)
    assert desktop.state() == was
    assert restarted.store.state.get(KEY) is None
    restarted.bus.disconnect()


async def test_after_a_kill_the_next_start_keeps_it_on_and_still_restores_the_earlier_state(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    was = desktop.state()
    await daemon.request(DINNER)
    restarted = await daemon.killed()
    await restarted.request(DINNER)
    assert desktop.is_quiet()
    await restarted.request(None)
    assert desktop.state() == was
    restarted.bus.disconnect()


async def test_a_kill_between_saving_and_changing_loses_nothing(desktop: DndDesktop, daemon: Daemon) -> None:
    was = desktop.state()
    remember, saved = daemon.store.state.set, []

    def killed(key: str, value: Any) -> None:
        remember(key, value)
        saved.append(value)
        raise StoreError("killed here")

    daemon.store.state.set = killed  # type: ignore[method-assign]
    await daemon.request(DINNER)
    daemon.store.state.set = remember  # type: ignore[method-assign]
    assert desktop.state() == was
    assert saved
    assert not saved[0]["done"]
    restarted = await daemon.killed()
    await restarted.request(None)
    assert desktop.state() == was
    assert restarted.store.state.get(KEY) is None
    restarted.bus.disconnect()


@can_read
async def test_a_change_by_hand_is_not_undone_at_the_end(desktop: DndDesktop, daemon: Daemon) -> None:
    await daemon.request(DINNER)
    desktop.change_by_hand()
    trestarteds = desktop.state()
    await daemon.request(None)
    assert desktop.state() == trestarteds


@can_read
async def test_after_a_change_by_hand_nothing_is_switched_in_that_partner_time(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    await daemon.request(DINNER)
    desktop.change_by_hand()
    trestarteds = desktop.state()
    for occurrence in (DINNER, None, DINNER):
        await daemon.request(occurrence)
        assert desktop.state() == trestarteds
    restarted = await daemon.killed()
    await restarted.request(DINNER)
    assert desktop.state() == trestarteds
    restarted.bus.disconnect()


@can_read
async def test_a_change_by_hand_while_the_daemon_was_dead_is_not_undone(desktop: DndDesktop, daemon: Daemon) -> None:
    await daemon.request(DINNER)
    restarted = await daemon.killed()
    desktop.change_by_hand()
    trestarteds = desktop.state()
    await restarted.request(None)
    assert desktop.state() == trestarteds
    restarted.bus.disconnect()


@only("dunst_rules", "dunst_paused", "mako")
async def test_a_server_that_restarts_is_switched_again_and_nothing_is_restored_into_the_next_one(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    await daemon.request(DINNER)
    assert desktop.restart is not None
    desktop.restart()
    was = desktop.state()
    await daemon.request(DINNER)
    assert desktop.is_quiet()
    desktop.restart()
    await daemon.request(None)
    assert desktop.state() == was
    assert daemon.store.state.get(KEY) is None


async def test_a_server_that_hangs_delays_nobody_and_is_left_to_the_next_start(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    assert desktop.hang is not None
    await daemon.request(DINNER)
    kept = daemon.store.state.get(KEY)
    desktop.hang()
    daemon.dnd.request(None, SETTINGS)
    async with asyncio.timeout(60):
        await daemon.dnd.close()
    assert daemon.store.state.get(KEY) == kept, "the next start brings it back"


async def test_without_a_bus_nothing_happens(desktop: DndDesktop, daemon: Daemon) -> None:
    none = DndController(store=daemon.store, clock=SystemClock(), bus=lambda: None)
    none.request(DINNER, SETTINGS)
    await none.wait_until_done()
    assert daemon.store.state.get(KEY) is None


@only("dunst_paused")
async def test_it_is_not_switched_on_where_nudges_would_be_held_unless_the_settings_allow_it(
    desktop: DndDesktop, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    await daemon.request(DINNER, replace(SETTINGS, even_without_nudges=False))
    assert desktop.state() == "false"
    assert "does not keep quiet" in caplog.text


async def test_our_own_change_does_not_count_as_the_persons_do_not_disturb(desktop: DndDesktop, daemon: Daemon) -> None:
    began = QuietBegan(at=SystemClock().now())
    assert not daemon.dnd.is_own_change(began)
    await daemon.request(DINNER)
    # Where the sensor reports our change: it does not see a rule, and where we pause dunst, our nudges really are held.
    expected = desktop.dnd_name in {"dunst_levels", "kde"}
    assert daemon.dnd.is_own_change(began) is expected
    assert not daemon.dnd.is_own_change(QuietEnded(at=began.at))
    restarted = await daemon.killed()
    assert restarted.dnd.is_own_change(began) is expected, "right after a crash, too"
    await restarted.bus.close()


@only("dunst_levels")
async def test_the_persons_do_not_disturb_in_place_of_ours_reaches_the_core(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    await daemon.request(DINNER)
    desktop.change_by_hand()
    await daemon.request(DINNER)
    assert [type(each) for each in daemon.heard] == [QuietBegan]
    assert not daemon.dnd.is_own_change(QuietBegan(at=SystemClock().now()))


@only("dunst_levels", "kde")
async def test_do_not_disturb_from_before_counts_as_the_persons(desktop: DndDesktop, daemon: Daemon) -> None:
    list(desktop.earlier_states.values())[-1]()
    await daemon.request(DINNER)
    assert not daemon.dnd.is_own_change(QuietBegan(at=SystemClock().now()))


async def show_nudge(daemon: Daemon, text: NotificationText = TEXT) -> str | None:
    notifiers = NotifierChain([FreedesktopNotifier(bus=daemon.bus, timeout=TIMEOUT)])
    sender = UrgentSender(notifiers, daemon.dnd)
    return await sender.show(1, text, lambda *_: None)


@only("dunst_rules")
async def test_dunst_shows_a_nudge_and_no_other_notification(desktop: DndDesktop, daemon: Daemon) -> None:
    await daemon.request(DINNER)
    assert desktop.is_quiet(), "another program's notification is not shown"
    held = desktop.server.history()
    assert [each.appname for each in held] == ["other"]
    assert await show_nudge(daemon) == "freedesktop"
    until(lambda: desktop.server.displayed() == 1, what="the nudge")
    await daemon.request(None)
    assert not desktop.is_quiet()


@only("mako")
async def test_mako_shows_a_nudge_and_no_other_notification(desktop: DndDesktop, daemon: Daemon) -> None:
    mako = desktop.server
    await daemon.request(DINNER)
    mako.run("notify-send", "-a", "other", "-t", "0", "held")
    assert "held" in mako.ctl("list")
    assert await show_nudge(daemon) == "freedesktop"
    await until_async(lambda: not mako.is_bare(), what="the nudge on the screen")
    mako.ctl("dismiss")
    await until_async(mako.is_bare, what="the nudge gone, and nothing else to be seen")
    assert "held" in mako.ctl("list")
    await daemon.request(None)
    await until_async(lambda: not mako.is_bare(), what="what was held back, afterwards")


@only("mako")
async def test_mako_shows_an_app_that_must_ring(desktop: DndDesktop, daemon: Daemon) -> None:
    await daemon.request(DINNER)
    desktop.server.run("notify-send", "-t", "0", "-h", f"string:desktop-entry:{RINGING[0]}", "the babysitter")
    await until_async(lambda: not desktop.server.is_bare(), what="the babysitter")


@only("dunst_rules")
async def test_dunst_shows_an_app_that_must_ring(desktop: DndDesktop, daemon: Daemon) -> None:
    await daemon.request(DINNER)
    desktop.server.notify("the babysitter", entry=RINGING[0])
    until(lambda: desktop.server.displayed() == 1, what="the babysitter")


@only("mako")
async def test_mako_keeps_the_persons_own_modes_beside_ours(desktop: DndDesktop, daemon: Daemon) -> None:
    desktop.earlier_states["modes of one's own"]()
    await daemon.request(DINNER)
    assert desktop.server.modes() == ["night", "work", "turntoward"]


@only("gnome", "kde")
async def test_our_nudges_are_not_urgent_under_the_persons_own_do_not_disturb(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    desktop.earlier_states["banners off" if desktop.dnd_name == "gnome" else "Do Not Disturb of its own"]()
    was = desktop.state()
    await daemon.request(DINNER)
    assert desktop.state() == was
    assert await show_nudge(daemon) == "freedesktop"
    assert desktop.server.notified[-1].hints["urgency"] < 2


@only("gnome", "kde")
async def test_nudges_are_urgent_only_while_our_do_not_disturb_is_on(desktop: DndDesktop, daemon: Daemon) -> None:
    usual = 1 if desktop.dnd_name == "gnome" else 0
    for occurrence, urgency in ((None, usual), (DINNER, 2), (None, usual)):
        await daemon.request(occurrence)
        assert await show_nudge(daemon) == "freedesktop"
        assert desktop.server.notified[-1].hints["urgency"] == urgency
        assert desktop.server.notified[-1].hints["suppress-sound"] is True


START = NotificationText(title="Partner time until 20:00", body="", is_start_notice=True)


@only("gnome", "kde")
async def test_the_start_gets_through_the_persons_own_do_not_disturb_by_being_urgent(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    usual = 1 if desktop.dnd_name == "gnome" else 0
    assert await show_nudge(daemon, START) == "freedesktop"
    assert desktop.server.notified[-1].hints["urgency"] == usual
    desktop.earlier_states["banners off" if desktop.dnd_name == "gnome" else "Do Not Disturb of its own"]()
    assert await show_nudge(daemon, START) == "freedesktop"
    assert desktop.server.notified[-1].hints["urgency"] == 2
    assert not daemon.dnd.holds_back


@only("dunst_paused", "dunst_levels")
async def test_where_do_not_disturb_holds_everything_back_the_start_counts_as_not_shown(
    desktop: DndDesktop, daemon: Daemon
) -> None:
    list(desktop.earlier_states.values())[-1]()
    assert await show_nudge(daemon, START) is None
    assert daemon.dnd.holds_back
    assert await show_nudge(daemon) == "freedesktop"


@only("dunst_rules", "dunst_levels", "mako", "kde", "gnome")
async def test_the_start_gets_through_our_own_do_not_disturb(desktop: DndDesktop, daemon: Daemon) -> None:
    await daemon.request(DINNER)
    assert await show_nudge(daemon, START) == "freedesktop"
    assert not daemon.dnd.holds_back
