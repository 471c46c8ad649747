"""The bars of a daemon that has nothing to do, and of one under load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from tests.benchmarks.bars import Bar, bench, read, waiting
from tests.rig.calendar_server import Served, calendar_server
from tests.rig.processes import end, until


def outside(folder: Path, seconds: float = 60) -> Iterator[Bar]:
    """Outside partner time, and again after partner times have come and gone."""
    with bench(folder) as setup, setup.daemon() as pid:
        waiting(5)
        before = read(pid)
        waiting(seconds)
        after = read(pid)
        minutes = (after.at - before.at) / 60
        yield Bar(
            name="outside: wake-ups a minute",
            figure=(after.wakes - before.wakes) / minutes,
            limit=3,
            unit="",
            note="ActivityWatch: 1,496",
        )
        yield Bar(name="outside: CPU in a minute", figure=(after.cpu - before.cpu) / minutes, limit=0, unit="s")
        yield Bar(name="outside: PSS before the first", figure=after.pss, limit=45, unit="MB", note="AW: 151")
        for _ in range(5):
            setup.call("now", "30min")
            until(lambda: setup.dunst.displayed() > 0, what="the greeting")
            terminal = setup.desktop.xterm("Instagram — Mozilla Firefox", wm_class="firefox")
            setup.desktop.scroll(20)
            waiting(2)
            terminal.close()
            setup.call("stop")
            setup.dunst.dismiss()
        waiting(3)
        yield Bar(name="outside: PSS after many", figure=read(pid).pss, limit=55, unit="MB")


def subscribed(folder: Path, seconds: float = 60) -> Iterator[Bar]:
    """Outside partner time, with 50 partner times declared, a heads-up for each, and a calendar subscribed to.

    The calendar is due when the daemon starts, so that it is asked some minutes later, while this looks on.
    """
    served = Served(etag='"1"')
    with calendar_server(served) as server, bench(folder) as setup:
        for number in range(50):
            setup.call("add", f"Evening {number}", "--every", "month on 1", "--from", "03:00", "--for", "1h", "--yes")
        setup.call("calendar", "subscribe", server.url(), "--local", "--accept", "--yes")
        setup.age_calendars(timedelta(days=1))
        asked = len(served.asked)
        with setup.daemon() as pid:
            waiting(5)
            before = read(pid)
            waiting(seconds)
            after = read(pid)
            minutes = (after.at - before.at) / 60
            wakes = (after.wakes - before.wakes) / minutes
            yield Bar(name="subscribed: wake-ups a minute", figure=wakes, limit=3, unit="")
            yield Bar(name="subscribed: CPU in a minute", figure=(after.cpu - before.cpu) / minutes, limit=0, unit="s")
            yield Bar(name="subscribed: PSS before it was asked", figure=after.pss, limit=45, unit="MB")
            until(lambda: len(served.asked) > asked, what="the calendar is requested again", within=400)
            waiting(10)
            note = f"asked {len(served.asked) - asked} time after {read(pid).at - before.at:.0f} s"
            yield Bar(name="subscribed: PSS after it was asked", figure=read(pid).pss, limit=55, unit="MB", note=note)


def nobody_there(folder: Path, seconds: float = 60) -> Iterator[Bar]:
    """In partner time, with a feed left open in front of an empty chair."""
    with bench(folder) as setup, setup.daemon() as pid:
        setup.desktop.xterm("Instagram — Mozilla Firefox", wm_class="firefox")
        setup.call("now", "30min")
        waiting(45)
        before = read(pid)
        waiting(seconds)
        after = read(pid)
        minutes = (after.at - before.at) / 60
        yield Bar(
            name="in partner time, nobody: wake-ups/min",
            figure=(after.wakes - before.wakes) / minutes,
            limit=10,
            unit="",
        )


def under_load(folder: Path, seconds: float = 30) -> Iterator[Bar]:
    """500 Hz of motion, 10 scrolls and 5 keys a second, in partner time."""
    with bench(folder) as setup, setup.daemon() as pid:
        setup.desktop.xterm("Instagram — Mozilla Firefox", wm_class="firefox")
        setup.call("now", "30min")
        load = setup.desktop.load()
        waiting(5)
        before = read(pid)
        waiting(seconds)
        after = read(pid)
        end(load)
        yield Bar(
            name="under load: CPU of one core",
            figure=100 * (after.cpu - before.cpu) / (after.at - before.at),
            limit=3.5,
            unit="%",
            note="AW: 8.6",
        )
