"""The half of the store on disk that keeps plans; see `plan_model.KeepingPlans` for what each method promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.proposed import Calendar, Proposal
from detector.store import calendars, plans
from detector.store.plan_model import Cancelled


class Declaring:
    """Each change is one transaction of its own, or part of the one that `all_or_nothing` holds."""

    _zone: Callable[[], str]

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        raise NotImplementedError

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        raise NotImplementedError

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Make everything that is changed inside one transaction."""
        with self._writing():
            yield

    def add_partner_time(self, partner_time: PartnerTime) -> PartnerTime:
        """Keep what was declared; return it with its number."""
        with self._writing() as connection:
            return plans.add(connection, partner_time)

    def change_partner_time(self, partner_time: PartnerTime, renamed: Mapping[str, str]) -> bool:
        """Keep it in place of the one of its number."""
        with self._writing() as connection:
            return plans.change(connection, partner_time, renamed)

    def partner_times(self) -> list[PartnerTime]:
        """Return what is declared."""
        with self._reading() as connection:
            return plans.declared(connection, self._zone)

    def remove_partner_time(self, number: int) -> bool:
        """Take a declared partner time back."""
        with self._writing() as connection:
            return plans.remove(connection, number)

    def stop_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence was stopped early."""
        with self._writing() as connection:
            plans.stop(connection, occurrence, at)

    def stopped(self) -> dict[str, datetime]:
        """Return when occurrences were stopped, skipped or cancelled."""
        with self._reading() as connection:
            return plans.stopped(connection)

    def skip_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence does not take place."""
        with self._writing() as connection:
            plans.skip(connection, occurrence, at)

    def cancel_occurrence(self, planned: Occurrence, at: datetime, instead: PartnerTime | None) -> PartnerTime | None:
        """Keep that the occurrence is cancelled; declare what is to make it good."""
        with self._writing() as connection:
            made = None if instead is None else plans.add(connection, instead)
            plans.cancel(connection, planned, at, None if made is None else made.number)
            return made

    def restore_occurrence(self, occurrence: str) -> bool:
        """Take back that the occurrence was skipped or cancelled."""
        with self._writing() as connection:
            return plans.restore(connection, occurrence)

    def skipped(self) -> frozenset[str]:
        """Return the ids of the occurrences that were skipped or cancelled."""
        with self._reading() as connection:
            return plans.skipped(connection)

    def cancelled(self, since: datetime | None = None, until: datetime | None = None) -> list[Cancelled]:
        """Return what was cancelled."""
        with self._reading() as connection:
            return plans.cancelled(connection, since, until)

    def extend_occurrence(self, occurrence: str, ends: datetime) -> None:
        """Keep that the occurrence was given another end."""
        with self._writing() as connection:
            plans.extend(connection, occurrence, ends)

    def extended(self) -> dict[str, datetime]:
        """Return the ends that occurrences were given."""
        with self._reading() as connection:
            return plans.extended(connection)

    def calendars(self) -> list[Calendar]:
        """Return the calendars."""
        with self._reading() as connection:
            return calendars.calendars(connection)

    def keep_calendar(self, calendar: Calendar) -> Calendar:
        """Keep a new calendar, or the one of this number; return it with its number."""
        with self._writing() as connection:
            return calendars.keep(connection, calendar)

    def remove_calendar(self, number: int) -> bool:
        """Remove a calendar, its proposals and what was accepted of them."""
        with self._writing() as connection:
            return calendars.remove(connection, number)

    def proposals(self, calendar: int | None = None) -> list[Proposal]:
        """Return the proposals."""
        with self._reading() as connection:
            return calendars.proposals(connection, calendar)

    def keep_proposal(self, proposal: Proposal) -> Proposal:
        """Keep a proposal in place of the one of its calendar and uid; return it with its number."""
        with self._writing() as connection:
            return calendars.keep_proposal(connection, proposal)

    def remove_proposal(self, number: int) -> bool:
        """Remove a proposal, and the partner time that was accepted from it."""
        with self._writing() as connection:
            return calendars.remove_proposal(connection, number)
