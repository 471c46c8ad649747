"""Read the plan as it is now for the commands about partner time, and describe it in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from detector.cli.output import attributes, choose_by_name, print_text
from detector.cli.stored import open_stored
from detector.clock import Clock, SystemClock
from detector.control.lock import own_store, wake_daemon
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.describe import format_instant, format_occurrence, format_partner_time
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import SEARCH_HORIZON
from detector.partner_time.schedule import OccurrenceOverrides, Plan, Schedule
from detector.store.schedule import read_schedule
from detector.store.store import Store
from detector.zone import local_zone

CLOCK: Final[Clock] = SystemClock()
NOT_RUNNING: Final = _("Turntoward is not running; `turntoward run` starts it.")
NOTHING_DECLARED: Final = _("No partner time is declared; `turntoward add --help` shows how.")


@dataclass(frozen=True, kw_only=True)
class PlanContext:
    """The declared partner times, and what is under way or comes next at `now`; described for a reader in `zone`."""

    # Without slots, as cached properties need a `__dict__`: computing them goes through all partner times.

    now: datetime
    zone: ZoneInfo
    schedule: Schedule = field(default_factory=lambda: Schedule(started=()))
    paused_until: datetime | None = None
    skipped: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()

    @property
    def partner_times(self) -> Sequence[PartnerTime]:
        return self.schedule.partner_times

    @cached_property
    def _plan(self) -> Plan:
        return self.schedule.at(self.now)

    @property
    def current(self) -> Occurrence | None:
        return self._plan.current

    @property
    def upcoming(self) -> Sequence[Occurrence]:
        return self._plan.upcoming

    @cached_property
    def under_way(self) -> tuple[Occurrence, ...]:
        """Every occurrence that is under way, the current one first."""
        return self.schedule.under_way(self.now)

    @cached_property
    def overrides_without_skips(self) -> OccurrenceOverrides:
        # What was stopped had begun, so only skips and cancellations are taken out.
        stopped, extended = self.schedule.exceptions.ended_early, self.schedule.exceptions.extended
        return OccurrenceOverrides({name: at for name, at in stopped.items() if name not in self.skipped}, extended)

    def following(self, partner_time: PartnerTime) -> Iterator[Occurrence]:
        """Yield its occurrence under way and those to come, without skipped ones; it need not be stored yet."""
        numbered = replace(partner_time, number=partner_time.number or 0)
        return self.schedule.upcoming_of(numbered, self.now, within=SEARCH_HORIZON)

    def following_and_skipped(self, partner_time: PartnerTime, count: int = 3) -> list[Occurrence]:
        """Return the next `count` occurrences, and those that were skipped or cancelled among and before them."""
        following: list[Occurrence] = []
        schedule = replace(self.schedule, exceptions=self.overrides_without_skips)
        numbered = replace(partner_time, number=partner_time.number or 0)
        # A skip is stored as a stop. Without it the schedule still yields what was skipped, marked by its id.
        for occurrence in schedule.upcoming_of(numbered, self.now, within=SEARCH_HORIZON):
            following.append(occurrence)
            count -= occurrence.id not in self.skipped
            if count == 0:
                break
        return following

    def describe(self, occurrence: Occurrence) -> str:
        return format_occurrence(occurrence, self.now, self.zone)

    def describe_instant(self, at: datetime) -> str:
        return format_instant(at, self.now, self.zone)

    def describe_skip(self, occurrence: Occurrence) -> str | None:
        if occurrence.id not in self.skipped:
            return None
        return _("cancelled") if occurrence.id in self.cancelled else _("skipped")

    def to_json(self, partner_time: PartnerTime) -> dict[str, Any]:
        return {
            **attributes(partner_time, "number", "title"),
            "words": format_partner_time(partner_time, self.now, self.zone),
            "begins": partner_time.begins,
            "lasts_seconds": int(partner_time.lasts.total_seconds()),
            "zone": partner_time.zone,
            "recurrence": partner_time.recurrence,
            "floats": partner_time.is_floating,
            "quiet": partner_time.do_not_disturb,
        }

    def fill(self, text: str, occurrence: Occurrence, **values: object) -> str:
        """Return the text with the occurrence's `{title}`, its day and times as `{when}`, its end as `{end}`."""
        when, end = self.describe(occurrence), self.describe_instant(occurrence.ends)
        return text.format(title=occurrence.title, when=when, end=end, **values)

    def under_way_sentence(self, occurrence: Occurrence) -> str:
        return self.fill(_("{title} is under way until {end}."), occurrence)

    def unchanged_sentence(self, occurrence: Occurrence) -> str:
        return self.fill(_("{title} is under way until {end}; nothing was changed."), occurrence)

    def state_sentences(self) -> list[str]:
        """Return what is under way or comes next, and until when a pause lasts: a sentence each."""
        if self.current is not None:
            sentence = self.under_way_sentence(self.current)
        elif self.upcoming:
            sentence = self._next_sentence(self.upcoming[0])
        elif self.partner_times:
            sentence = _("No partner time comes in the next weeks.")
        else:
            sentence = NOTHING_DECLARED
        return [sentence, *self.pause_sentences()]

    def following_sentences(self) -> list[str]:
        """Return what comes after the current one: one sentence or none."""
        if self.current is None or not self.upcoming:
            return []
        following = self.upcoming[0]
        # Where two overlap, the plan lets the second begin when the first ends.
        if following.begins != self.current.ends:
            return [self._next_sentence(following)]
        return [self.fill(_("{title} goes on from there until {end}."), following)]

    def pause_sentences(self) -> list[str]:
        if self.paused_until is None:
            return []
        text = _("You paused until {time}; `turntoward resume` ends the pause.")
        return [text.format(time=self.describe_instant(self.paused_until))]

    def _next_sentence(self, occurrence: Occurrence) -> str:
        return self.fill(_("Next: {title}, {when}."), occurrence)


def open_store() -> Store:
    return Store.open(own_store())


def load_plan() -> PlanContext:
    with open_stored() as store:
        return read_plan(store)


def read_plan(store: Store) -> PlanContext:
    now = CLOCK.now()
    paused_until = store.plans.paused_until()
    return PlanContext(
        now=now,
        zone=local_zone(),
        schedule=read_schedule(store, now),
        paused_until=paused_until if paused_until is not None and paused_until > now else None,
        skipped=store.plans.skipped(),
        cancelled=frozenset(cancellation.occurrence for cancellation in store.plans.cancelled()),
    )


def choose_partner_time(partner_times: Sequence[PartnerTime], name: str) -> PartnerTime:
    """Return the partner time with this number, else the only one with this title, in any case."""
    matches = choose_by_name(
        partner_times,
        name,
        lambda partner_time: str(partner_time.number),
        lambda partner_time: partner_time.title,
        unknown=_("No partner time has the number or title '{name}'.").format(name=name),
        otherwise=_("`turntoward list` shows what is declared, with numbers."),
    )
    # A replacement has the title of the cancelled one: the title means the original, the number the replacement.
    originals = [partner_time for partner_time in matches if partner_time.instead_of is None]
    matches = originals if len(originals) == 1 else matches
    if len(matches) > 1:
        message = _("{count} partner times are called '{title}'.").format(count=len(matches), title=matches[0].title)
        numbers = ", ".join(str(partner_time.number) for partner_time in matches)
        raise UserError(f"{message}\n  {_('Name one by its number: {numbers}.').format(numbers=numbers)}")
    return matches[0]


def wake_and_report(sentences: Sequence[str]) -> None:
    """Wake the daemon after a change, and write the sentences; the last one says where no daemon runs."""
    is_running = wake_daemon()
    for sentence in sentences:
        print_text(sentence)
    if not is_running:
        print_text(NOT_RUNNING)
