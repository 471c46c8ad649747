"""What the store keeps of plans: partner times, what was said of single occurrences, calendars and their proposals."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.proposed import Calendar, Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """An occurrence that was cancelled, as it was planned; `instead` is the number of what is to make it good, if any.

    It is made good by an occurrence of that partner time that took place.
    """

    occurrence: str
    title: str
    begins: datetime
    ends: datetime
    at: datetime
    instead: int | None = None


class KeepingPlans(Protocol):
    """What every store can do with plans. Instants: aware, UTC."""

    def add_partner_time(self, partner_time: PartnerTime) -> PartnerTime:
        """Keep what was declared; return it with its number, which is never given twice."""

    def partner_times(self) -> list[PartnerTime]:
        """Return what is declared, by number; what floats is in the zone in which the device is just now."""

    def remove_partner_time(self, number: int) -> bool:
        """Take a declared partner time back; return whether there was one of that number.

        What a calendar proposed is declined by it, and what was cancelled for it has nothing any more that makes it good.
        """

    def change_partner_time(self, partner_time: PartnerTime, renamed: Mapping[str, str]) -> bool:
        """Keep it in place of the one of its number, and what was said of its occurrences under their new ids.

        `renamed`: new ids by old ones. All of it or nothing; returns whether there was one of that number.
        """

    def stop_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence was stopped early; the first stop of an occurrence counts."""

    def stopped(self) -> Mapping[str, datetime]:
        """Return when occurrences were stopped, skipped or cancelled, by their id; the first time it was said.

        What was said before an occurrence begins means that it does not take place.
        """

    def skip_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence does not take place, this once."""

    def cancel_occurrence(self, planned: Occurrence, at: datetime, instead: PartnerTime | None) -> PartnerTime | None:
        """Keep that the occurrence is cancelled; declare what is to make it good, and return that with its number."""

    def restore_occurrence(self, occurrence: str) -> bool:
        """Take back that the occurrence was skipped or cancelled; return whether it was."""

    def skipped(self) -> frozenset[str]:
        """Return the ids of the occurrences that were skipped or cancelled."""

    def cancelled(self, since: datetime | None = None, until: datetime | None = None) -> list[Cancelled]:
        """Return what was cancelled, chosen and ordered by its planned beginning; also of what is no longer declared."""

    def extend_occurrence(self, occurrence: str, ends: datetime) -> None:
        """Keep that the occurrence was given another end; the last one said counts."""

    def extended(self) -> Mapping[str, datetime]:
        """Return the ends that occurrences were given, by their id."""

    def calendars(self) -> list[Calendar]:
        """Return the calendars, by number."""

    def keep_calendar(self, calendar: Calendar) -> Calendar:
        """Keep a new calendar, or the one of this number; return it with its number, never given twice.

        Raises:
            UserError: if the calendar of this number was removed meanwhile.
        """

    def remove_calendar(self, number: int) -> bool:
        """Remove a calendar, its proposals and what was accepted of them; return whether there was one."""

    def proposals(self, calendar: int | None = None) -> list[Proposal]:
        """Return the proposals, of one calendar or all, by number."""

    def keep_proposal(self, proposal: Proposal) -> Proposal:
        """Keep a proposal in place of the one of its calendar and uid; return it with its number, never given twice."""

    def remove_proposal(self, number: int) -> bool:
        """Remove a proposal, and the partner time that was accepted from it; return whether there was one."""

    def all_or_nothing(self) -> AbstractContextManager[None]:
        """Make everything that is changed inside one transaction: all of it is kept, or nothing."""
