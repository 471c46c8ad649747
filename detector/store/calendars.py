"""Calendars and what they propose. The caller holds the transaction.

Rule 1: a number is never given twice.
Rule 2: what was accepted goes with its proposal, and a proposal with its calendar.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Final

from detector.errors import UserError
from detector.partner_time.proposed import Calendar, Choice, Proposal
from detector.store import plans
from detector.store.instants import as_instant, maybe_integer
from detector.store.plan_rows import as_partner_time, written
from detector.store.state import next_number

REMOVED: Final = (
    "This calendar was removed meanwhile; nothing was changed.\n  `turntoward calendar list` shows which there are."
)
_LAST_CALENDAR: Final = "last_calendar"
_LAST_PROPOSAL: Final = "last_proposal"


def calendars(connection: sqlite3.Connection) -> list[Calendar]:
    """Return the calendars, by number."""
    found = connection.execute(
        "SELECT number, name, place, tag, category, everything, subscribed, accepts, local, etag, modified, refreshed, tried, why "
        "FROM calendars ORDER BY number"
    )
    return [
        Calendar(
            number=number,
            name=name,
            place=place,
            choice=Choice(tag=tag, category=category, everything=bool(everything)),
            subscribed=bool(subscribed),
            accepts=bool(accepts),
            local=bool(local),
            etag=etag,
            modified=modified,
            refreshed=None if refreshed is None else as_instant(refreshed),
            tried=None if tried is None else as_instant(tried),
            why=why,
        )
        for number, name, place, tag, category, everything, subscribed, accepts, local, etag, modified, refreshed, tried, why in found
    ]


def keep(connection: sqlite3.Connection, calendar: Calendar) -> Calendar:
    """Keep a new calendar, or the one of this number; return it with its number.

    Raises:
        UserError: if the calendar of this number was removed meanwhile.
    """
    if calendar.number is None:
        calendar = replace(calendar, number=next_number(connection, _LAST_CALENDAR))
    elif connection.execute("SELECT 1 FROM calendars WHERE number = ?", (calendar.number,)).fetchone() is None:
        raise UserError(REMOVED)
    choice = calendar.choice
    connection.execute(
        "INSERT OR REPLACE INTO calendars (number, name, place, tag, category, everything, subscribed, accepts, local, etag, "
        "modified, refreshed, tried, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            calendar.number,
            calendar.name,
            calendar.place,
            choice.tag,
            choice.category,
            int(choice.everything),
            int(calendar.subscribed),
            int(calendar.accepts),
            int(calendar.local),
            calendar.etag,
            calendar.modified,
            maybe_integer(calendar.refreshed),
            maybe_integer(calendar.tried),
            calendar.why,
        ),
    )
    return calendar


def remove(connection: sqlite3.Connection, number: int) -> bool:
    """Remove a calendar, its proposals and what was accepted of them; return whether there was one."""
    for proposal in proposals(connection, number):
        if proposal.number is not None:
            remove_proposal(connection, proposal.number)
    return bool(connection.execute("DELETE FROM calendars WHERE number = ?", (number,)).rowcount)


def proposals(connection: sqlite3.Connection, calendar: int | None) -> list[Proposal]:
    """Return the proposals, of one calendar or all, by number."""
    found = connection.execute(
        "SELECT number, calendar, uid, partner_time, decided, accepted_as FROM proposals "
        "WHERE ?1 IS NULL OR calendar = ?1 ORDER BY number",
        (calendar,),
    )
    return [
        Proposal(
            number=number,
            calendar=of,
            uid=uid,
            partner_time=as_partner_time(json.loads(row)),
            decided=decided,
            accepted_as=accepted_as,
        )
        for number, of, uid, row, decided, accepted_as in found
    ]


def keep_proposal(connection: sqlite3.Connection, proposal: Proposal) -> Proposal:
    """Keep a proposal in place of the one of its calendar and uid; return it with its number."""
    known = connection.execute(
        "SELECT number FROM proposals WHERE calendar = ? AND uid = ?", (proposal.calendar, proposal.uid)
    ).fetchone()
    number = next_number(connection, _LAST_PROPOSAL) if known is None else known[0]
    row = json.dumps(written(proposal.partner_time), ensure_ascii=False)
    connection.execute(
        "INSERT OR REPLACE INTO proposals (number, calendar, uid, partner_time, decided, accepted_as) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (number, proposal.calendar, proposal.uid, row, proposal.decided, proposal.accepted_as),
    )
    return replace(proposal, number=number)


def remove_proposal(connection: sqlite3.Connection, number: int) -> bool:
    """Remove a proposal, and the partner time that was accepted from it; return whether there was one."""
    found = connection.execute("SELECT accepted_as FROM proposals WHERE number = ?", (number,)).fetchone()
    if found is None:
        return False
    if found[0] is not None:
        plans.remove(connection, found[0])
    connection.execute("DELETE FROM proposals WHERE number = ?", (number,))
    return True
