"""Calendars and what they propose.

Invariant 1: a number is never given twice.
Invariant 2: a partner time that was accepted is deleted with its proposal, and a proposal with its calendar.
"""

import json
from dataclasses import replace
from typing import Final

from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.model import PartnerTime
from detector.store.database import Database, StateStore
from detector.store.microseconds import to_optional_instant, to_optional_microseconds
from detector.store.model import Calendar, CalendarProblem, EventFilter, Proposal
from detector.store.partner_time_rows import from_partner_time, to_partner_time
from detector.store.plans import PlanStore
from detector.store.rows import Row, RowConverter, insert_statement


def _problems_to_json(problems: tuple[CalendarProblem, ...]) -> str:
    return json.dumps([[each.text, to_optional_microseconds(each.until)] for each in problems], ensure_ascii=False)


def _problems_from_json(text: str) -> tuple[CalendarProblem, ...]:
    return tuple(CalendarProblem(text=text, until=to_optional_instant(until)) for text, until in json.loads(text))


_FILTER: Final = RowConverter(EventFilter)
_CALENDAR: Final = RowConverter(
    Calendar,
    omit={"choice"},
    renamed={"location": "place", "auto_accepts": "accepts"},
    problems=(_problems_to_json, _problems_from_json),
)
_COLUMNS: Final = (*_FILTER.columns, *_CALENDAR.columns)
_REPLACE_CALENDAR: Final = insert_statement("calendars", _COLUMNS, or_replace=True)


class CalendarStore:
    """Calendars and proposals, each by number."""

    def __init__(self, database: Database, plans: PlanStore) -> None:
        self._database = database
        self._state = StateStore(database)
        self._plans = plans

    def all(self) -> list[Calendar]:
        with self._database.reading() as connection:
            cursor = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM calendars ORDER BY number")
            return [_to_calendar(row) for row in cursor]

    def save(self, calendar: Calendar) -> Calendar:
        """Save the calendar and return it with its number. Raises `UserError` if it was removed meanwhile."""
        with self._database.writing() as connection:
            row = connection.execute("SELECT 1 FROM calendars WHERE number = ?", (calendar.number,)).fetchone()
            if calendar.number is None:
                calendar = replace(calendar, number=self._state.next_number("last_calendar"))
            elif row is None:
                message = _(
                    "This calendar was removed meanwhile; nothing was changed.\n"
                    "  `turntoward calendar list` shows which there are."
                )
                raise UserError(message)
            connection.execute(_REPLACE_CALENDAR, (*_FILTER.to_row(calendar.choice), *_CALENDAR.to_row(calendar)))
        return calendar

    def remove(self, number: int) -> bool:
        """Delete a calendar, its proposals and what was accepted of them; return whether there was one."""
        with self._database.writing() as connection:
            # One by one, for accepted partner times have to go with their proposals.
            for proposal in self.proposals(number):
                if proposal.number is not None:
                    self.remove_proposal(proposal.number)
            return connection.execute("DELETE FROM calendars WHERE number = ?", (number,)).rowcount > 0

    def proposals(self, calendar: int | None = None) -> list[Proposal]:
        with self._database.reading() as connection:
            cursor = connection.execute(
                f"SELECT {', '.join(_PROPOSAL.columns)} FROM proposals WHERE ?1 IS NULL OR calendar = ?1 ORDER BY number",
                (calendar,),
            )
            return [_PROPOSAL.from_row(row) for row in cursor]

    def save_proposal(self, proposal: Proposal) -> Proposal:
        """Save a proposal in place of the one of its calendar and uid; return it with its number."""
        with self._database.writing() as connection:
            # It keeps its number when its event changes: the person may have read the number in a list.
            row = connection.execute(
                "SELECT number FROM proposals WHERE calendar = ? AND uid = ?", (proposal.calendar, proposal.uid)
            ).fetchone()
            number = self._state.next_number("last_proposal") if row is None else row[0]
            proposal = replace(proposal, number=number)
            connection.execute(_REPLACE_PROPOSAL, _PROPOSAL.to_row(proposal))
        return proposal

    def remove_proposal(self, number: int) -> bool:
        """Delete a proposal, and the partner time that was accepted from it; return whether there was one."""
        with self._database.writing() as connection:
            row = connection.execute("SELECT accepted_as FROM proposals WHERE number = ?", (number,)).fetchone()
            if row is None:
                return False
            if row[0] is not None:
                self._plans.remove(row[0])
            connection.execute("DELETE FROM proposals WHERE number = ?", (number,))
        return True


def _to_calendar(row: Row) -> Calendar:
    choice, calendar = row[: len(_FILTER.columns)], row[len(_FILTER.columns) :]
    return _CALENDAR.from_row(calendar, choice=_FILTER.from_row(choice))


def _partner_time_to_json(partner_time: PartnerTime) -> str:
    return json.dumps(from_partner_time(partner_time), ensure_ascii=False)


def _partner_time_from_json(text: str) -> PartnerTime:
    return to_partner_time(json.loads(text))


_PROPOSAL: Final = RowConverter(Proposal, partner_time=(_partner_time_to_json, _partner_time_from_json))
_REPLACE_PROPOSAL: Final = insert_statement("proposals", _PROPOSAL.columns, or_replace=True)
