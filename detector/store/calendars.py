"""Calendars and what they propose.

Rule 1: a number is never given twice.
Rule 2: a partner time that was accepted is deleted with its proposal, and a proposal with its calendar.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.proposals import Calendar, EventFilter, Proposal
from detector.store.database import Database, StateStore
from detector.store.microseconds import to_optional_instant, to_optional_microseconds
from detector.store.partner_time_rows import from_partner_time, to_partner_time
from detector.store.plans import PlanStore
from detector.store.rows import Row, insert_statement

_COLUMNS: Final = (
    "number",
    "name",
    "place",
    "tag",
    "category",
    "everything",
    "subscribed",
    "accepts",
    "local",
    "etag",
    "modified",
    "refreshed",
    "tried",
    "why",
)
_REPLACE_CALENDAR: Final = insert_statement("calendars", _COLUMNS, or_replace=True)
_PROPOSAL: Final = ("number", "calendar", "uid", "partner_time", "decided", "accepted_as")
_REPLACE_PROPOSAL: Final = insert_statement("proposals", _PROPOSAL, or_replace=True)


class CalendarStore:
    """Calendars and proposals, each by number."""

    def __init__(self, database: Database, plans: PlanStore) -> None:
        self._database = database
        self._state = StateStore(database)
        self._plans = plans

    def all(self) -> list[Calendar]:
        """Return the calendars, by number."""
        with self._database.reading() as connection:
            found = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM calendars ORDER BY number")
            return [_to_calendar(row) for row in found]

    def save(self, calendar: Calendar) -> Calendar:
        """Save a new calendar, or the one of this number; return it with its number.

        Raises:
            UserError: if the calendar of this number was removed meanwhile.
        """
        with self._database.writing() as connection:
            known = connection.execute("SELECT 1 FROM calendars WHERE number = ?", (calendar.number,)).fetchone()
            if calendar.number is None:
                calendar = replace(calendar, number=self._state.next_number("last_calendar"))
            elif known is None:
                raise UserError(
                    _(
                        "This calendar was removed meanwhile; nothing was changed.\n"
                        "  `turntoward calendar list` shows which there are."
                    )
                )
            connection.execute(_REPLACE_CALENDAR, _from_calendar(calendar))
        return calendar

    def remove(self, number: int) -> bool:
        """Delete a calendar, its proposals and what was accepted of them; return whether there was one."""
        with self._database.writing() as connection:
            for proposal in self.proposals(number):
                if proposal.number is not None:
                    self.remove_proposal(proposal.number)
            return connection.execute("DELETE FROM calendars WHERE number = ?", (number,)).rowcount > 0

    def proposals(self, calendar: int | None = None) -> list[Proposal]:
        """Return the proposals, of one calendar or all, by number."""
        with self._database.reading() as connection:
            found = connection.execute(
                f"SELECT {', '.join(_PROPOSAL)} FROM proposals WHERE ?1 IS NULL OR calendar = ?1 ORDER BY number",
                (calendar,),
            )
            return [
                Proposal(
                    number=number,
                    calendar=of,
                    uid=uid,
                    partner_time=to_partner_time(json.loads(partner_time)),
                    decided=decided,
                    accepted_as=accepted_as,
                )
                for number, of, uid, partner_time, decided, accepted_as in found
            ]

    def save_proposal(self, proposal: Proposal) -> Proposal:
        """Save a proposal in place of the one of its calendar and uid; return it with its number."""
        partner_time = json.dumps(from_partner_time(proposal.partner_time), ensure_ascii=False)
        with self._database.writing() as connection:
            known = connection.execute(
                "SELECT number FROM proposals WHERE calendar = ? AND uid = ?", (proposal.calendar, proposal.uid)
            ).fetchone()
            number = self._state.next_number("last_proposal") if known is None else known[0]
            connection.execute(
                _REPLACE_PROPOSAL,
                (number, proposal.calendar, proposal.uid, partner_time, proposal.decided, proposal.accepted_as),
            )
        return replace(proposal, number=number)

    def remove_proposal(self, number: int) -> bool:
        """Delete a proposal, and the partner time that was accepted from it; return whether there was one."""
        with self._database.writing() as connection:
            found = connection.execute("SELECT accepted_as FROM proposals WHERE number = ?", (number,)).fetchone()
            if found is None:
                return False
            if found[0] is not None:
                self._plans.remove(found[0])
            connection.execute("DELETE FROM proposals WHERE number = ?", (number,))
        return True


def _from_calendar(calendar: Calendar) -> Row:
    return (
        calendar.number,
        calendar.name,
        calendar.place,
        calendar.choice.tag,
        calendar.choice.category,
        int(calendar.choice.everything),
        int(calendar.subscribed),
        int(calendar.accepts),
        int(calendar.local),
        calendar.etag,
        calendar.modified,
        to_optional_microseconds(calendar.refreshed),
        to_optional_microseconds(calendar.tried),
        calendar.why,
    )


def _to_calendar(row: Row) -> Calendar:
    number, name, place, tag, category, everything, subscribed, accepts, local, etag, modified, *rest = row
    refreshed, tried, why = rest
    return Calendar(
        number=number,
        name=name,
        place=place,
        choice=EventFilter(tag=tag, category=category, everything=bool(everything)),
        subscribed=bool(subscribed),
        accepts=bool(accepts),
        local=bool(local),
        etag=etag,
        modified=modified,
        refreshed=to_optional_instant(refreshed),
        tried=to_optional_instant(tried),
        why=why,
    )
