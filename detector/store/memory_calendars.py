"""Calendars and what they propose, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from detector.errors import UserError
from detector.partner_time.proposed import Calendar, Proposal
from detector.store.calendars import REMOVED

if TYPE_CHECKING:
    from detector.store.memory_plans import Declared


class MemoryCalendars:
    """See `plan_model.KeepingPlans` for what each method promises."""

    _plans: Declared

    def remove_partner_time(self, number: int) -> bool:
        """Take a declared partner time back."""
        raise NotImplementedError

    def calendars(self) -> list[Calendar]:
        """Return the calendars."""
        return [calendar for _, calendar in sorted(self._plans.calendars.items())]

    def keep_calendar(self, calendar: Calendar) -> Calendar:
        """Keep a new calendar, or the one of this number; return it with its number."""
        number = calendar.number
        if number is None:
            self._plans.last_calendar += 1
            number = self._plans.last_calendar
            calendar = replace(calendar, number=number)
        elif number not in self._plans.calendars:
            raise UserError(REMOVED)
        self._plans.calendars[number] = calendar
        return calendar

    def remove_calendar(self, number: int) -> bool:
        """Remove a calendar, its proposals and what was accepted of them."""
        for proposal in self.proposals(number):
            if proposal.number is not None:
                self.remove_proposal(proposal.number)
        return self._plans.calendars.pop(number, None) is not None

    def proposals(self, calendar: int | None = None) -> list[Proposal]:
        """Return the proposals."""
        known = (proposal for _, proposal in sorted(self._plans.proposals.items()))
        return [proposal for proposal in known if calendar is None or proposal.calendar == calendar]

    def keep_proposal(self, proposal: Proposal) -> Proposal:
        """Keep a proposal in place of the one of its calendar and uid; return it with its number."""
        same = (kept for kept in self.proposals(proposal.calendar) if kept.uid == proposal.uid)
        number = next((kept.number for kept in same), None)
        if number is None:
            self._plans.last_proposal += 1
            number = self._plans.last_proposal
        kept = replace(proposal, number=number)
        self._plans.proposals[number] = kept
        return kept

    def remove_proposal(self, number: int) -> bool:
        """Remove a proposal, and the partner time that was accepted from it."""
        proposal = self._plans.proposals.pop(number, None)
        if proposal is None:
            return False
        if proposal.accepted_as is not None:
            self.remove_partner_time(proposal.accepted_as)
        return True
