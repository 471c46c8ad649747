"""Which declared partner time is meant: by its number, or by its title."""

from __future__ import annotations

from collections.abc import Sequence

from detector.cli.output import choose_by_name
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.model import PartnerTime


def choose(partner_times: Sequence[PartnerTime], which: str) -> PartnerTime:
    """Return the one of this number, else the only one of this title, in whatever case.

    What stands in for a cancelled one of the same title is meant by its number only.

    Raises:
        UserError: if there is none, with the nearest title; or several, with their numbers.
    """
    found = choose_by_name(
        partner_times,
        which,
        lambda known: str(known.number),
        lambda known: known.title,
        unknown=_("No partner time has the number or title '{name}'.").format(name=which),
        otherwise=_("`turntoward list` shows what is declared, with numbers."),
    )
    own = [known for known in found if known.instead_of is None]
    found = own if len(own) == 1 else found
    if len(found) > 1:
        message = _("{count} partner times are called '{title}'.").format(count=len(found), title=found[0].title)
        hint = _("Say which by number: {numbers}.").format(numbers=", ".join(str(known.number) for known in found))
        raise UserError(f"{message}\n  {hint}")
    return found[0]
