"""Which declared partner time is meant: by its number, or by its title."""

from __future__ import annotations

from collections.abc import Sequence

from detector.errors import UserError
from detector.partner_time.model import PartnerTime


def choose(partner_times: Sequence[PartnerTime], which: str) -> PartnerTime:
    """Return the one of this number, else the only one of this title, in whatever case.

    What stands in for a cancelled one of the same title is meant by its number only.

    Raises:
        UserError: if there is none, with the nearest title; or several, with their numbers.
    """
    wanted = which.strip()
    found = [known for known in partner_times if wanted == str(known.number)] or [
        known for known in partner_times if wanted.casefold() == known.title.casefold()
    ]
    own = [known for known in found if known.instead_of is None]
    found = own if len(own) == 1 else found
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(known.number) for known in found)
        raise UserError(f"{len(found)} partner times are called '{found[0].title}'.\n  Say which by number: {numbers}.")
    from difflib import get_close_matches  # noqa: PLC0415 - only on a mistake

    near = get_close_matches(wanted.casefold(), [known.title.casefold() for known in partner_times], n=1)
    meant = next((known.title for known in partner_times if [known.title.casefold()] == near), None)
    hint = f"Did you mean '{meant}'?" if meant else "`turntoward list` shows what is declared, with numbers."
    raise UserError(f"No partner time has the number or title '{which}'.\n  {hint}")
