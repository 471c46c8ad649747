"""Do Not Disturb by the real daemon, on a real dunst and a real mako: it is restored, whatever happens."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from detector.clock import SystemClock
from detector.dnd.dunst import config_lines as dunst_lines
from detector.dnd.mako import config_lines as mako_lines
from tests.endtoend.conftest import Begin
from tests.endtoend.evening import Evening
from tests.rig.processes import until
from tests.rig.wayland import mako_on_sway

pytestmark = [pytest.mark.real, pytest.mark.thorough]
ALWAYS = "[quiet]\nalways = true\n"
MINUTE = timedelta(minutes=1)
LONG = 90.0
"""Seconds: a compositor that draws without a graphics card takes its time beside other tests."""


@dataclass(kw_only=True)
class Place:
    """An evening on one kind of desktop: its exact state, whether it is quiet, and a person's hand in it."""

    evening: Evening
    look: Callable[[], Any]
    is_quiet: Callable[[], bool]
    by_hand: Callable[[], Any]


@pytest.fixture(params=["dunst", "dunst, paused", "mako"])
def place(request: pytest.FixtureRequest, evening_with: Begin) -> Iterator[Place]:
    with ExitStack() as stack:
        if request.param == "mako":
            mako = stack.enter_context(mako_on_sway(mako_lines(())))
            mako.ctl("mode", "-s", "evening", "default")
            evening = evening_with(config=ALWAYS)
            evening.env["DBUS_SESSION_BUS_ADDRESS"] = mako.address
            yield Place(
                evening=evening,
                look=mako.modes,
                is_quiet=lambda: mako.modes() == ["default", "evening", "turntoward"],
                by_hand=lambda: mako.ctl("mode", "-s", "night"),
            )
        elif request.param == "dunst":
            evening = evening_with(config=ALWAYS, dunstrc=dunst_lines(()))

            def shows() -> int:
                """Tell how many more stand on the screen after another program said something."""
                before = evening.dunst.displayed()
                evening.dunst.notify("x")
                more = evening.dunst.displayed() - before
                evening.dunst.ctl("close-all")
                return more

            yield Place(evening=evening, look=shows, is_quiet=lambda: shows() == 0, by_hand=evening.dunst.pause)
        else:
            evening = evening_with(config=f"{ALWAYS}even_without_nudges = true\n")
            yield Place(
                evening=evening,
                look=lambda: evening.dunst.ctl("is-paused"),
                is_quiet=lambda: evening.dunst.ctl("is-paused") == "true",
                by_hand=lambda: evening.dunst.pause(False),
            )


def test_do_not_disturb_is_on_as_long_as_partner_time_lasts(place: Place) -> None:
    evening, was = place.evening, place.look()
    evening.run()
    evening.begin()
    until(place.is_quiet, within=LONG, what=f"quiet; its output: {evening.daemon_output()}")
    evening.run_command("pause", "20min")
    until(lambda: place.look() == was, within=LONG, what="as before, in a pause")
    evening.run_command("resume")
    until(place.is_quiet, within=LONG, what="quiet again")
    evening.run_command("stop")
    until(lambda: place.look() == was, within=LONG, what="as before, at the end")
    evening.begin()
    until(place.is_quiet, within=LONG, what="quiet in the next one, too")


def test_do_not_disturb_is_restored_after_a_kill(place: Place) -> None:
    evening, was = place.evening, place.look()
    daemon = evening.run()
    evening.begin()
    until(place.is_quiet, within=LONG, what=f"quiet; its output: {evening.daemon_output()}")
    evening.kill(daemon)
    assert place.is_quiet()
    again = evening.run()
    until(evening.is_sensed, what="everything is sensed again")
    # Where it holds back our own notifications as well, it waits until the start was shown for its time.
    until(place.is_quiet, within=LONG, what="quiet again")
    evening.kill(again)
    evening.run_command("stop")
    evening.run()
    until(lambda: place.look() == was, within=LONG, what="as before")


def test_do_not_disturb_is_restored_when_the_daemon_stops(place: Place) -> None:
    evening, was = place.evening, place.look()
    daemon = evening.run()
    evening.begin()
    until(place.is_quiet, within=LONG, what=f"quiet; its output: {evening.daemon_output()}")
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(15)
    assert place.look() == was


def test_a_change_by_the_person_wins(place: Place) -> None:
    evening = place.evening
    daemon = evening.run()
    evening.begin()
    until(place.is_quiet, within=LONG, what=f"quiet; its output: {evening.daemon_output()}")
    place.by_hand()
    theirs = place.look()
    evening.kill(daemon)
    evening.run()
    # Under the person's own Do Not Disturb the start may be held back, and then nothing is sensed.
    until(lambda: evening.status().get("sensing"), what="partner time goes on")
    evening.over()
    until(lambda: "keeps quiet" in evening.daemon_output(), what="a word of it")
    assert place.look() == theirs


def test_on_dunst_nudges_are_shown_and_other_notifications_are_not(evening_with: Begin) -> None:
    evening = evening_with(config=ALWAYS, dunstrc=dunst_lines(()))
    evening.run()
    evening.begin()
    evening.read_greeting()
    evening.dunst.notify("held back")
    assert evening.dunst.displayed() == 0
    evening.feed()
    assert evening.scroll_until_nudged()["shown_by"] == "freedesktop"
    until(lambda: evening.dunst.displayed() == 1, what="the nudge, alone")
    assert evening.dunst.shown().appname == "Turntoward"
    assert "QuietBegan" not in evening.kinds()
    assert "held back" in [each.summary for each in evening.dunst.history()]


def test_on_mako_nudges_are_shown_and_other_notifications_are_not(evening_with: Begin) -> None:
    with mako_on_sway(mako_lines(())) as mako:
        evening = evening_with(config=ALWAYS)
        evening.env["DBUS_SESSION_BUS_ADDRESS"] = mako.address
        evening.run()
        evening.begin()
        until(lambda: "turntoward" in mako.modes(), within=LONG, what=f"quiet; its output: {evening.daemon_output()}")
        until(lambda: not mako.is_bare(), what="the greeting")
        mako.ctl("dismiss", "--all")
        until(mako.is_bare, what="a bare screen")
        mako.run("notify-send", "-a", "other", "-t", "0", "held back")
        evening.feed()
        assert evening.scroll_until_nudged()["shown_by"] == "freedesktop"
        until(lambda: not mako.is_bare(), what="the nudge on the screen")
        mako.ctl("dismiss")
        until(mako.is_bare, what="the nudge gone, and nothing else to be seen")
        assert "held back" in mako.ctl("list")


def test_under_a_pause_that_holds_everything_a_nudge_is_stored_as_undelivered(evening_with: Begin) -> None:
    evening = evening_with(config=f'{ALWAYS}even_without_nudges = true\n[policy]\nbusy_wait = "1 s"\n')
    evening.run()
    evening.begin()
    until(lambda: "QuietBegan" in evening.kinds(), what="Do Not Disturb")
    evening.feed()
    (kept,) = evening.scroll_until(
        lambda: evening.moments("decided = 'suppressed'"), within=LONG, what="a moment, unsaid"
    )
    assert kept["shown_by"] is None


def test_only_partner_time_declared_quiet_switches_do_not_disturb(evening_with: Begin) -> None:
    evening = evening_with(dunstrc=dunst_lines(()))
    evening.run()
    evening.begin()
    assert "keeps quiet" not in evening.daemon_output()
    evening.over()
    begins = SystemClock().now() - MINUTE
    evening.run_command(
        "add", "Dinner", "--on", f"{begins:%Y-%m-%d}", "--from", f"{begins:%H:%M}", "--for", "60min", "--quiet", "--yes"
    )
    until(
        lambda: "the desktop keeps quiet" in evening.daemon_output(),
        what=f"quiet; its output: {evening.daemon_output()}",
    )
