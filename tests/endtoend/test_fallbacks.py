"""When something that the program needs is lost, it logs that once, goes on, and recovers."""

from __future__ import annotations

import json

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import NO_LIMITS, Evening
from tests.rig.processes import until
from tests.rig.x11 import Terminal

pytestmark = [pytest.mark.real, pytest.mark.thorough]
PRINTED = "Turntoward (only printed): "


def take_up_again(feed: Terminal, other: Terminal) -> None:
    """Leave the feed for something else, and come back: a new use."""
    other.activate()
    feed.activate()


def test_without_a_bus_nudges_are_printed_and_recorded_so(evening: Evening) -> None:
    del evening.env["DBUS_SESSION_BUS_ADDRESS"]
    evening.in_terminal = True
    evening.run()
    evening.run_command("now", "30min")
    until(evening.is_sensed, what="everything is sensed")
    evening.feed()
    assert evening.scroll_until_nudged()["shown_by"] == "print"
    output = evening.daemon_output().splitlines()
    greeting, nudge = (line.partition(PRINTED)[2] for line in output if PRINTED in line)
    assert greeting.startswith("Partner time until ")
    assert " — Social media, 2 s." in nudge
    (why,) = (line for line in output if "nudges are shown by print" in line)
    assert all(refused in why for refused in ("freedesktop: ", "notify-send: ", "plyer: "))
    assert evening.dunst.displayed() == 0


def test_dunst_is_killed_and_restarted_between_nudges(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS)
    evening.in_terminal = True
    evening.run()
    evening.begin()
    other, feed = evening.desktop.xterm("a terminal"), evening.feed()
    assert evening.scroll_until_nudged()["shown_by"] == "freedesktop"
    evening.dunst.stop()
    take_up_again(feed, other)
    assert evening.scroll_until_nudged(2)["shown_by"] == "print"
    evening.dunst.start()
    take_up_again(feed, other)
    assert evening.scroll_until_nudged(3)["shown_by"] == "freedesktop"
    evening.answer("needed")
    until(lambda: evening.moments("outcome = 'needed' AND number = 3"), what="the answer of the third")
    output = evening.daemon_output()
    assert (output.count("shown by freedesktop"), output.count("shown by print")) == (2, 1)


def test_the_session_bus_is_killed_and_restarted_between_nudges(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS)
    evening.in_terminal = True
    daemon = evening.run()
    evening.begin()
    other, feed = evening.desktop.xterm("a terminal"), evening.feed()
    assert evening.scroll_until_nudged()["shown_by"] == "freedesktop"
    evening.bus.kill()
    take_up_again(feed, other)
    assert evening.scroll_until_nudged(2)["shown_by"] == "print"
    evening.bus.start()
    evening.dunst.process.kill()
    evening.dunst.process.wait(10)
    evening.dunst.start()
    take_up_again(feed, other)
    assert evening.scroll_until_nudged(3)["shown_by"] == "freedesktop"
    evening.answer("together")
    until(lambda: evening.moments("outcome = 'together' AND number = 3"), what="the answer of the third")
    assert daemon.poll() is None
    assert "Traceback" not in evening.daemon_output()


def test_a_nudge_that_no_notifier_could_show_is_stored_as_undelivered(evening_with: Begin) -> None:
    evening = evening_with(config='[notifications]\nonly = ["freedesktop"]\n')
    evening.run()
    evening.begin()
    evening.dunst.stop()
    evening.feed()
    evening.scroll_until(lambda: evening.moments("outcome IS NOT NULL"), what="an outcome")
    (moment,) = evening.moments("decided = 'nudged'")
    assert (moment["shown_by"], moment["outcome"]) == (None, "undelivered")
    assert PRINTED not in evening.daemon_output()


def test_the_x_server_is_killed_and_replaced(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS)
    daemon = evening.run()
    evening.begin()
    evening.feed()
    first = evening.scroll_until_nudged()
    evening.lose_the_display()
    until(lambda: not evening.senses().keys() & {"focus", "idle", "input", "quiet"}, what="nothing of it is sensed")
    lost = [json.loads(fields) for _, _, kind, fields in evening.observations() if kind == "Gap"]
    # With the display goes dunst, and with dunst what was known of Do Not Disturb.
    assert sorted(gap["sense"] for gap in lost) in (["focus", "idle", "input"], ["focus", "idle", "input", "quiet"])
    assert {gap["reason"] for gap in lost} == {"sensor_lost"}
    # Nobody could see whether the device was put away.
    assert [row["outcome"] for row in evening.moments()] == ["unknown"]

    evening.display_again()
    until(evening.is_sensed, what=f"everything is sensed again; its output: {evening.daemon_output()}")
    evening.feed()
    again = evening.scroll_until_nudged(2)
    assert (again["shown_by"], again["use"] == first["use"]) == ("freedesktop", False)
    assert daemon.poll() is None
    output = evening.daemon_output()
    for sensor in ("x11_focus", "x11_idle", "pynput_input"):
        assert (output.count(f"{sensor} is lost"), output.count(f"{sensor} is back")) == (1, 1)
    assert "Traceback" not in output
    # What was unknown is said as such.
    evening.over()
    parsed = json.loads(evening.run_command("report", "--json"))
    assert parsed["coverage"] < 1


def test_the_person_is_notified_where_nothing_can_be_sensed(evening: Evening) -> None:
    evening.env |= {"XDG_SESSION_TYPE": "wayland", "WAYLAND_DISPLAY": "wayland-0"}
    evening.run()
    evening.run_command("now", "30min")
    until(lambda: "what is in front cannot be sensed here" in evening.daemon_output(), what="the log's line")
    until(lambda: evening.status().get("partner_time"), what="partner time")
    seen = evening.dunst.shown()
    assert seen.summary.startswith("Turntoward: Partner time until ")
    assert "turntoward doctor" in seen.body
    assert evening.daemon_output().count("what is in front cannot be sensed here") == 1
    assert "Not sensed: call, focus" in evening.run_command("status")
