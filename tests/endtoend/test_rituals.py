"""Reminder, start notification and line at the end, by the installed program and a real dunst; or none of them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.core.effects import Record
from detector.core.observations import PartnerTimeBegan
from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.endtoend.conftest import Begin
from tests.endtoend.evening import Evening, x_clients
from tests.endtoend.test_outside import descriptors, listening_sockets, threads
from tests.rig.processes import needs, started, until

pytestmark = [pytest.mark.real, pytest.mark.thorough]

AHEAD = timedelta(seconds=6)
OWN = (
    '[rituals]\nheads_up = "6 s"\nsuggestions = ["A walk round the pond"]\nending = true\n'
    '[notifications]\nexpires = "5 s"\n[policy]\ngrace = "3 s"\n'
)
OFF = (
    '[rituals]\nheads_up = "0 s"\nsuggestions = ["A walk round the pond"]\nending = false\n'
    "[notifications]\ngreeting = false\n"
)
LENGTH = timedelta(seconds=12)


def declare(evening: Evening, after: float, lasts: timedelta = LENGTH) -> datetime:
    """Declare a dinner that begins in so many seconds, and return when it does."""
    begins = (datetime.now(UTC) + timedelta(seconds=after)).replace(microsecond=0)
    with Store.open(evening.store) as store:
        store.plans.add(PartnerTime(title="Dinner", begins=begins.replace(tzinfo=None), lasts=lasts, zone="UTC"))
    return begins


@contextmanager
def overheard(evening: Evening, to: Path) -> Iterator[Path]:
    """Write everything that is asked of the notification server into a file."""
    needs("dbus-monitor")
    rule = "interface='org.freedesktop.Notifications',member='Notify'"
    with (
        to.open("wb") as log,
        started(["dbus-monitor", "--address", evening.bus.address, rule], stdout=log, stderr=subprocess.DEVNULL),
    ):
        until(lambda: to.stat().st_size > 0, what="dbus-monitor listens")
        yield to


def asked(log: Path) -> list[str]:
    """Return the calls of Notify, one text each."""
    return [part for part in re.split(r"^method call ", log.read_text(), flags=re.MULTILINE) if "member=Notify" in part]


def test_one_notification_before_at_the_start_and_at_the_end(evening_with: Begin, tmp_path: Path) -> None:
    evening = evening_with(config=OWN)
    with overheard(evening, tmp_path / "asked") as log:
        begins = declare(evening, 12)
        evening.run()
        assert (evening.dunst.displayed(), datetime.now(UTC) < begins - AHEAD) == (0, True)
        heads_up = evening.dunst.shown()
        assert datetime.now(UTC) < begins
        assert re.fullmatch(rf"Turntoward: Dinner begins at (\w+, )?{begins:%H:%M}", heads_up.summary)
        assert heads_up.urgency == "low"
        greeting = evening.dunst.shown()
        assert greeting.summary.startswith("Turntoward: Partner time until ")
        assert greeting.body == "Dinner. A walk round the pond."
        until(evening.is_sensed, what="everything is sensed")
        until(lambda: evening.rows("SELECT id FROM occurrences WHERE ended IS NOT NULL"), what="the end")
        ending = evening.dunst.shown()
        assert ending.summary.removeprefix("Turntoward: ") in {
            "Partner time is over",
            "For 1 min no screen took you away",
        }
        assert ending.body.startswith("Dinner. Every screen was put away at the start. ")
        assert ending.timeout_s == 5
        until(lambda: len(asked(log)) == 3, what="three notifications in all")
    for call in asked(log):
        assert re.search(r'string "suppress-sound"\s+variant\s+boolean true', call)
        assert "sound-file" not in call
        assert "sound-name" not in call
    (kept,) = evening.rows("SELECT started_well, end_reason FROM occurrences")
    assert kept == {"started_well": 1, "end_reason": "ended"}
    assert "Every screen put away at the start: in 1 of 1 partner time." in evening.run_command("report")


def test_each_notification_replaces_the_one_before_and_the_last_is_closed(evening_with: Begin, tmp_path: Path) -> None:
    evening = evening_with(config=OWN.replace('expires = "5 s"', 'expires = "15 s"'))
    with overheard(evening, tmp_path / "asked") as log:
        declare(evening, 12)
        daemon = evening.run()
        for number in (1, 2, 3):
            until(lambda number=number: len(asked(log)) == number, what=f"notification {number}")  # type: ignore[misc]
            until(lambda: evening.dunst.displayed() == 1, what="one on the screen")
        assert evening.dunst.history() == []
        # Who leaves takes away what stands, though its time is not over.
        daemon.terminate()
        assert daemon.wait(5) == 0
    until(lambda: evening.dunst.displayed() == 0, what="nothing on the screen")
    assert len(evening.dunst.history()) == 1


def test_a_restart_does_not_repeat_the_reminder_and_a_start_shows_none(evening_with: Begin, tmp_path: Path) -> None:
    evening = evening_with(config=OWN.replace('heads_up = "6 s"', 'heads_up = "40 s"'))
    with overheard(evening, tmp_path / "asked") as log:
        declare(evening, 46)
        daemon = evening.run()
        until(lambda: len(asked(log)) == 1, what="the heads-up")
        evening.kill(daemon)
        # Another one, of which no daemon knew when it was due: what comes late is not said.
        declare(evening, 30)
        daemon = evening.run()
        evening.run_command("pause", "1min")
        until(lambda: evening.status().get("paused_until"), what="it has looked at everything")
        assert len(asked(log)) == 1


def test_all_of_them_can_be_turned_off_but_the_start_notification(evening_with: Begin, tmp_path: Path) -> None:
    evening = evening_with(config=OFF)
    with overheard(evening, tmp_path / "asked") as log:
        declare(evening, 6, timedelta(seconds=5))
        evening.run()
        greeting = evening.dunst.shown()
        assert (greeting.summary[:31], greeting.body) == ("Turntoward: Partner time until ", "Dinner.")
        until(lambda: evening.rows("SELECT id FROM occurrences WHERE ended IS NOT NULL"), what="the end")
        # It has done all that it had to do at the end, and answers.
        evening.run_command("pause", "1min")
        until(lambda: evening.status().get("paused_until"), what="it has looked at everything")
        assert len(asked(log)) == 1


def test_no_line_at_an_end_that_was_slept_through(evening_with: Begin, tmp_path: Path) -> None:
    evening = evening_with(config=OWN)
    now = datetime.now(UTC)
    began = PartnerTimeBegan(
        at=now - timedelta(minutes=30), occurrence="1@x", title="Dinner", ends=now - timedelta(seconds=90)
    )
    with Store.open(evening.store) as store:
        store.history.save([Record(occurrence="1@x", item=began)])
    with overheard(evening, tmp_path / "asked") as log:
        evening.run()
        until(lambda: evening.rows("SELECT id FROM occurrences WHERE ended IS NOT NULL"), what="the end")
        evening.run_command("pause", "1min")
        until(lambda: evening.status().get("paused_until"), what="it has looked at everything")
        assert asked(log) == []


def test_notifications_outside_partner_time_leave_nothing_open(evening_with: Begin) -> None:
    evening = evening_with(config=OWN.replace('heads_up = "6 s"', 'heads_up = "1 min"'))
    declare(evening, 68)
    pid = evening.run().pid
    before = descriptors(pid)
    until(lambda: evening.dunst.displayed() == 1, what="the heads-up")
    assert (threads(pid), listening_sockets(pid), pid in x_clients(evening.desktop.display)) == (1, [], False)
    until(lambda: evening.dunst.displayed() == 0, what="it is gone by itself")
    # The two files beside the store's own come with the first write.
    left = {name for name in descriptors(pid) - before if not name.startswith(f"{evening.store}-")}
    assert (left, threads(pid), listening_sockets(pid)) == (set(), 1, [])
