"""Simulate a couple's year: what they do goes through the real commands, and the daemon's real reconciler does the rest.

Only the core is left out, for nobody looks at a screen here. Time is set from boundary to boundary, as the planner would
wake for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import time_machine

from detector.cli import main
from detector.core.effects import Record
from detector.core.observations import PartnerTimeBegan, PartnerTimeEnded, PartnerTimeExtended
from detector.daemon.reconciler import Reconciler
from detector.partner_time.model import Occurrence
from detector.paths import store_path
from detector.store.store import Store

HERE = Path(__file__).parent
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
_SAID = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)  (turntoward|lands in|boards) ?(.*)")
_MARGIN = re.compile(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)  (.*)")


@dataclass
class Line:
    """A day in one place."""

    day: date
    zone: str
    occurrences: list[str] = field(default_factory=list)
    margin: list[str] = field(default_factory=list)


class Evening:
    """Stands for partner time under way: keeps that it began, went on longer, and ended, and senses nothing."""

    in_quiet_week = False

    def __init__(self, store: Store, occurrence: Occurrence, stored_id: str) -> None:
        self.store, self.occurrence, self.stored_id = store, occurrence, stored_id

    def _keep(self, what: Any) -> None:
        self.store.history.save([Record(occurrence=self.stored_id, item=what)])

    async def begin(self, at: datetime, _now: datetime, _missed: object) -> None:
        title, ends = self.occurrence.title, self.occurrence.ends
        self._keep(PartnerTimeBegan(at=at, occurrence=self.stored_id, title=title, ends=ends))

    def extend(self, ends: datetime, now: datetime) -> None:
        self._keep(PartnerTimeExtended(at=now, ends=ends))
        self.occurrence = replace(self.occurrence, ends=ends)

    async def end(self, at: datetime, reason: Any) -> None:
        self._keep(PartnerTimeEnded(at=at, reason=reason))

    async def resume(self, *_: object, **__: object) -> None:
        """Nothing was paused."""


class Year:
    """The year as it goes on: what is said, where they are, and what takes place."""

    def __init__(self, year: int, zone: str, script: str, clock: time_machine.Traveller) -> None:
        self.clock = clock
        self.zone = zone
        self.places: list[tuple[datetime, str]] = []
        self.margins: list[tuple[date, date, str]] = []
        self.said: list[tuple[datetime, str, str]] = []
        self.first, self.last = date(year, 1, 1), date(year, 12, 31)
        self._read(script)

    def _read(self, script: str) -> None:
        zone = self.zone
        for text in script.splitlines():
            if said := _SAID.fullmatch(text):
                if said[3] == "lands in":
                    zone = said[4]
                at = datetime.fromisoformat(f"{said[1]} {said[2]}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
                assert not self.said or at > self.said[-1][0], f"out of order: {text}"
                self.said.append((at, said[3], said[4]))
            elif margin := _MARGIN.fullmatch(text):
                self.margins.append((date.fromisoformat(margin[1]), date.fromisoformat(margin[2]), margin[3]))
            else:
                assert not text or text.startswith("#"), f"cannot be read: {text}"

    async def simulate(self) -> None:
        """Go through the year, from what is said to what begins or ends and on."""
        begins, ends = self._midnight(self.first), self._midnight(self.last + DAY)
        self._move(begins, self.zone)
        with Store.open(store_path()) as store:
            daemon: Any = Reconciler(store=store, open_session=lambda of, stored_id: Evening(store, of, stored_id))  # type: ignore[arg-type, return-value]
            said = iter([*self.said, (ends, "", "")])
            until, kind, words = next(said)
            now = begins
            while now < ends:
                now = min(daemon.upcoming.wake_at or until, until)
                self.clock.move_to(now.timestamp())  # an aware datetime would set the zone as well
                if now == until and kind == "lands in":
                    self._move(now, words)
                elif now == until and kind == "turntoward":
                    run_command(words)
                if now == until:
                    until, kind, words = next(said, (ends, "", ""))
                await daemon.reconcile(now)
            self.kept = store.history.occurrences()

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def _move(self, at: datetime, zone: str) -> None:
        os.environ["TZ"] = zone
        self.places.append((at, zone))

    def zone_at(self, at: datetime) -> str:
        return next(zone for since, zone in reversed(self.places) if since <= at)

    def lines(self) -> list[Line]:
        """Return every day in every place, in the order of time."""
        found: list[Line] = []
        leaves = [at for at, _ in self.places[1:]] + [self._midnight(self.last + DAY)]
        for (since, zone), until in zip(self.places, leaves, strict=True):
            here = ZoneInfo(zone)
            day, last = since.astimezone(here).date(), (until - MINUTE).astimezone(here).date()
            while day <= last:
                found.append(Line(day, zone, margin=list(self._margin(day, here, since, until))))
                day += DAY
        for kept in self.kept:
            zone = self.zone_at(kept.began)
            line = next(
                each for each in found if (each.zone, each.day) == (zone, kept.began.astimezone(ZoneInfo(zone)).date())
            )
            line.occurrences.append(_say(kept.title, kept.began, kept.ended or kept.ends, ZoneInfo(zone)))
        return found

    def _margin(self, day: date, here: ZoneInfo, since: datetime, until: datetime) -> Iterator[str]:
        yield from (words for first, last, words in self.margins if first <= day <= last)
        for step in range(24 * 60):
            at = datetime(day.year, day.month, day.day, tzinfo=here).astimezone(UTC) + step * MINUTE
            then, shown = (at - MINUTE).astimezone(here).replace(tzinfo=None), at.astimezone(here).replace(tzinfo=None)
            if shown - then != MINUTE and shown.date() == day:
                yield f"CLOCKS: {then + MINUTE:%H:%M} becomes {shown:%H:%M}"
        for at, kind, words in self.said:
            if since <= at < until and at.astimezone(here).date() == day:
                said = {"boards": "boards", "lands in": "lands"}.get(kind, f"`{words.removesuffix(' --yes')}`")
                if not words.startswith("add ") or day.month > 1:
                    yield f"{at.astimezone(here):%H:%M} {said}"


def _say(title: str, begins: datetime, ends: datetime, here: ZoneInfo) -> str:
    shown = [at.astimezone(here).replace(tzinfo=None) for at in (begins, ends)]
    minutes = (ends - begins) // MINUTE
    end = f"{shown[1]:%H:%M}" if shown[1].time() != time() or shown[1] - shown[0] > DAY else "24:00"
    real = "" if shown[1] - shown[0] == ends - begins else f" (really {minutes // 60} h {minutes % 60:02} min)"
    return f"{title} {shown[0]:%H:%M}–{end}{real}"


def run_command(words: str) -> None:
    """Run one command of the program, which is to succeed."""
    said, code = io.StringIO(), None
    with (
        patch.object(sys, "argv", ["turntoward", *shlex.split(words)]),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        contextlib.chdir(HERE),
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
    assert not code, f"turntoward {words}\n{said.getvalue()}"


def simulate_year(home: Path) -> str:
    """Return the year as text. `home` is an empty folder; the environment points to it only meanwhile."""
    (home / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
    place = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "TZ": "Europe/Berlin"}
    begins = datetime(2027, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    with patch.dict(os.environ, place), time_machine.travel(begins.timestamp(), tick=False) as clock:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            os.environ.pop(name, None)
        year = Year(2027, "Europe/Berlin", (HERE / "the_couple.txt").read_text(encoding="utf-8"), clock)
        asyncio.run(year.simulate())
        return written(year.lines())


def written(lines: list[Line]) -> str:
    """Return the lines as the golden file has them."""
    made, place = [HEAD], ""
    for line in lines:
        if line.day.day == 1 and line.zone == place:
            made.append("")
        if line.zone != place:
            made += ["", f"-- {line.zone}"]
            place = line.zone
        margin = f"   [{'; '.join(line.margin)}]" if line.margin else ""
        made.append(f"{line.day:%a %d %b}  {' · '.join(line.occurrences)}{margin}".rstrip())
    return "\n".join(made) + "\n"


HEAD = """\
The year 2027 of the couple of the_couple.txt as the program computes it: a line for each day in each place, by the clock on the wall.
An end that is earlier than its beginning is on the next day. In brackets: what is special, and what they said."""
