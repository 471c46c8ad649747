"""Partner time as a row of its table, and as the JSON object that a proposal holds.

Rule 1: local beginnings are text in ISO 8601 without a zone; lengths are whole microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from detector.i18n import _
from detector.partner_time.model import Moved, PartnerTime
from detector.store.microseconds import MICROSECOND
from detector.store.rows import RowDamaged

COLUMNS: Final = (
    "number",
    "title",
    "begins",
    "lasts",
    "zone",
    "recurrence",
    "floats",
    "without",
    "also",
    "moved",
    "as_rfc",
    "quiet",
    "instead_of",
    "proposal",
)


def from_partner_time(partner_time: PartnerTime) -> dict[str, Any]:
    """Return the row of the partner time, by column."""
    return {
        "number": partner_time.number,
        "title": partner_time.title,
        "begins": partner_time.begins.isoformat(),
        "lasts": partner_time.lasts // MICROSECOND,
        "zone": partner_time.zone,
        "recurrence": partner_time.recurrence,
        "floats": int(partner_time.floats),
        "without": json.dumps([at.isoformat() for at in partner_time.without]),
        "also": json.dumps([at.isoformat() for at in partner_time.also]),
        "moved": json.dumps(
            [
                [moved.of.isoformat(), moved.begins.isoformat(), moved.lasts // MICROSECOND, moved.title]
                for moved in partner_time.moved
            ],
            ensure_ascii=False,
        ),
        "as_rfc": int(partner_time.as_rfc),
        "quiet": int(partner_time.quiet),
        "instead_of": partner_time.instead_of,
        "proposal": partner_time.proposal,
    }


def to_partner_time(row: Mapping[str, Any]) -> PartnerTime:
    """Return the partner time of a row.

    Raises:
        RowDamaged: if the row is none that `from_partner_time` made.
    """
    try:
        return PartnerTime(
            number=row["number"],
            title=row["title"],
            begins=datetime.fromisoformat(row["begins"]),
            lasts=timedelta(microseconds=row["lasts"]),
            zone=row["zone"],
            recurrence=row["recurrence"],
            floats=bool(row["floats"]),
            without=_beginnings(row["without"]),
            also=_beginnings(row["also"]),
            moved=tuple(
                Moved(
                    of=datetime.fromisoformat(of),
                    begins=datetime.fromisoformat(begins),
                    lasts=timedelta(microseconds=lasts),
                    title=title,
                )
                for of, begins, lasts, title in json.loads(row["moved"])
            ),
            as_rfc=bool(row["as_rfc"]),
            quiet=bool(row["quiet"]),
            instead_of=row["instead_of"],
            proposal=row["proposal"],
        )
    except (ValueError, TypeError, KeyError) as wrong:
        raise RowDamaged(_("a row of a partner time cannot be read")) from wrong


def is_long_over(occurrence: str, before: datetime) -> bool:
    """Return whether the occurrence of this id was planned to begin more than two days before the instant.

    An exception to an occurrence that is still to come stays, however long ago it was made.
    """
    day = occurrence.partition("@")[2][: len("20261123")]
    return not day.isdigit() or day < f"{before - timedelta(days=2):%Y%m%d}"


def _beginnings(text: str) -> tuple[datetime, ...]:
    return tuple(datetime.fromisoformat(at) for at in json.loads(text))
