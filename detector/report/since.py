"""Read from when on a report looks back: `7d`, `2w`, `12 h`, `2026-11-01`."""

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from detector.errors import Problem, UserError
from detector.i18n import _
from rules.lengths import parse_length

_DATE: Final = re.compile(r"\d{1,5}-\d{1,2}-\d{1,2}", re.ASCII)
_EARLIEST: Final = date(1970, 1, 1)
_HINT: Final = _("Write a length such as 7d or 2w, or a date such as {day}.")


def parse_since(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant, aware, from which on to look back; whole days begin at midnight in the zone.

    Raises:
        UserError: if the text is neither a length nor a date, or lies in the future.
    """
    today = now.astimezone(zone).date()
    hint = _HINT.format(day=today - timedelta(days=7))
    wanted = text.strip()
    if _DATE.fullmatch(wanted):
        try:
            day = date.fromisoformat(wanted)
        except ValueError:
            message = _("--since: there is no date '{date}'").format(date=wanted)
            raise UserError([Problem(message=message, hint=hint)]) from None
        if day > today:
            raise UserError([Problem(message=_("--since: {date} lies in the future").format(date=wanted), hint=hint)])
        # In the first years of the calendar an instant cannot be converted to UTC, and nothing is kept of then anyway.
        return datetime.combine(max(day, _EARLIEST), time(), tzinfo=zone)
    try:
        length = parse_length(wanted)
    except ValueError as failure:
        neither = _("'{text}' is neither a length nor a date").format(text=text)
        why = str(failure) if "too long" in str(failure) else neither
        raise UserError([Problem(message=f"--since: {why}", hint=hint)]) from None
    # "7d" means seven whole days, "36h" means 36 hours to the second.
    return now - length if length % timedelta(days=1) else datetime.combine(today - length, time(), tzinfo=zone)
