"""What the commands of partner time share: the store while it is open, the plan, and how a sentence goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from detector.cli import output
from detector.clock import Clock, SystemClock
from detector.partner_time.describe import say_instant, say_occurrence, say_partner_time
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.schedule import Exceptions, Plan, Schedule
from detector.zone import local_zone

if TYPE_CHECKING:
    from detector.store.store import Store

CLOCK: Final[Clock] = SystemClock()
say: Final = output.say  # until every command imports it from `output`
NOT_RUNNING: Final = "Turntoward is not running; `turntoward run` starts it."
NOTHING_DECLARED: Final = "No partner time is declared; `turntoward add --help` shows how."


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is declared at the instant at which a command began, and for whom it is said."""

    now: datetime
    zone: ZoneInfo
    schedule: Schedule = field(default_factory=lambda: Schedule(started=()))
    paused_until: datetime | None = None
    skipped: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()

    @property
    def partner_times(self) -> Sequence[PartnerTime]:
        """What is declared."""
        return self.schedule.partner_times

    @property
    def plan(self) -> Plan:
        """What is current, and what comes."""
        return self.schedule.at(self.now)

    @property
    def under_way(self) -> tuple[Occurrence, ...]:
        """Every occurrence that is under way, the current one first."""
        return self.schedule.under_way(self.now)

    def coming(self, partner_time: PartnerTime, within: timedelta) -> Iterator[Occurrence]:
        """Yield what is under way of this partner time, as it began, and what comes of it, by beginning."""
        return self.schedule.coming(partner_time, self.now, within=within)

    def say(self, occurrence: Occurrence) -> str:
        """Return the occurrence's day and span."""
        return say_occurrence(occurrence, self.now, self.zone)

    @property
    def exceptions_but_skips(self) -> Exceptions:
        """The exceptions without what was skipped or cancelled: what was stopped had begun."""
        stopped, extended = self.schedule.exceptions.stopped, self.schedule.exceptions.extended
        return Exceptions({name: at for name, at in stopped.items() if name not in self.skipped}, extended)

    def plain(self, partner_time: PartnerTime) -> dict[str, Any]:
        """Return what is declared of it as JSON has it; what takes place is not among it."""
        return {
            "number": partner_time.number,
            "title": partner_time.title,
            "words": say_partner_time(partner_time, self.now, self.zone),
            "begins": partner_time.begins.isoformat(),
            "lasts_seconds": int(partner_time.lasts.total_seconds()),
            "zone": partner_time.zone,
            "recurrence": partner_time.recurrence,
            "floats": partner_time.floats,
            "quiet": partner_time.quiet,
        }

    def does_not_take_place(self, occurrence: Occurrence) -> str | None:
        """Return "skipped" or "cancelled" if either was said of it, else None."""
        if occurrence.id not in self.skipped:
            return None
        return "cancelled" if occurrence.id in self.cancelled else "skipped"

    def clock(self, at: datetime) -> str:
        """Return the time of `at`, with its day where it is far."""
        return say_instant(at, self.now, self.zone)

    def what_holds(self) -> list[str]:
        """Return what is under way or comes next, and whether a pause keeps it quiet: a sentence each."""
        plan = self.plan
        sentences = []
        if plan.current is not None:
            sentences.append(f"{plan.current.title} is under way until {self.clock(plan.current.ends)}.")
        elif plan.upcoming:
            following = plan.upcoming[0]
            sentences.append(f"Next: {following.title}, {self.say(following)}.")
        elif self.partner_times:
            sentences.append("No partner time comes in the next weeks.")
        else:
            sentences.append(NOTHING_DECLARED)
        return [*sentences, *self.what_pauses()]

    def what_follows(self) -> list[str]:
        """Return what comes after what is under way, where something does: one sentence or none."""
        plan = self.plan
        if plan.current is None or not plan.upcoming:
            return []
        following = plan.upcoming[0]
        if following.begins == plan.current.ends:
            return [f"{following.title} goes on from there until {self.clock(following.ends)}."]
        return [f"Next: {following.title}, {self.say(following)}."]

    def what_pauses(self) -> list[str]:
        """Return whether a pause keeps everything quiet: one sentence or none."""
        if self.paused_until is None:
            return []
        return [f"You paused until {self.clock(self.paused_until)}; `turntoward resume` ends the pause."]


def read_only() -> Declared:
    """Return what is declared now, for a command that changes nothing, not even by making the file.

    Raises:
        StoreError: with what is wrong and what to do.
    """
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            return read(store)
    except StoreMissing:
        return Declared(now=CLOCK.now(), zone=local_zone())


@contextmanager
def opened_to_read() -> Iterator[Store]:
    """Open the store, which is there, for a command that changes nothing.

    Raises:
        StoreError: with what is wrong and what to do.
    """
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    with Store.open(store_path(), read_only=True) as store:
        yield store


@contextmanager
def opened() -> Iterator[Store]:
    """Open the store for as long as a command needs it.

    Raises:
        StoreError: with what is wrong and what to do.
    """
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    with Store.open(store_path()) as store:
        yield store


def read(store: Store) -> Declared:
    """Return what is declared now."""
    from detector.store.schedule import read_schedule  # noqa: PLC0415 - not for --help

    now = CLOCK.now()
    paused_until = store.plans.paused_until()
    return Declared(
        now=now,
        zone=local_zone(),
        schedule=read_schedule(store, now),
        paused_until=paused_until if paused_until is not None and paused_until > now else None,
        skipped=store.plans.skipped(),
        cancelled=frozenset(each.occurrence for each in store.plans.cancelled()),
    )


def conclude(sentences: Sequence[str]) -> None:
    """Wake the daemon after a change, and say the sentences, each wrapped for 80 columns; last, if no daemon woke."""
    from detector.control.lock import wake_daemon  # noqa: PLC0415 - not for --help

    for sentence in [*sentences, *([] if wake_daemon() else [NOT_RUNNING])]:
        say(sentence)


def nobody_to_ask() -> bool:
    """Until every command uses `output.confirm` or `output.is_interactive`."""
    return not output.is_interactive()
