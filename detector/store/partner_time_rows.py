"""Partner time as a row of its table, and as the JSON object that a proposal holds.

Invariant 1: local beginnings are text in ISO 8601 without a zone; lengths are whole microseconds.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from detector.core.observations import MICROSECOND
from detector.i18n import _
from detector.partner_time.model import Moved, PartnerTime
from detector.store.rows import RowConverter, RowDamaged


def from_partner_time(partner_time: PartnerTime) -> dict[str, Any]:
    values = dict(zip(_CONVERTER.columns, _CONVERTER.to_row(partner_time), strict=True))
    return {name: values[name] for name in COLUMNS}


def to_partner_time(row: Mapping[str, Any]) -> PartnerTime:
    """Return the partner time of a row. Raises `RowDamaged` if `from_partner_time` did not make it."""
    try:
        return _CONVERTER.from_row([row[name] for name in _CONVERTER.columns])
    except (ValueError, TypeError, KeyError) as error:
        raise RowDamaged(_("a row of a partner time cannot be read")) from error


def is_long_over(occurrence: str, before: datetime) -> bool:
    """Return whether the occurrence of this id was planned to begin more than two days before the instant."""
    day = occurrence.partition("@")[2][: len("20261123")]
    return not day.isdigit() or day < f"{before - timedelta(days=2):%Y%m%d}"


def _to_length(microseconds: int) -> timedelta:
    return timedelta(microseconds=microseconds)


def _from_starts(starts: tuple[datetime, ...]) -> str:
    return json.dumps([start.isoformat() for start in starts])


def _to_starts(text: str) -> tuple[datetime, ...]:
    return tuple(datetime.fromisoformat(start) for start in json.loads(text))


def _from_moved(moved: tuple[Moved, ...]) -> str:
    rows = [
        [start.original_start.isoformat(), start.begins.isoformat(), start.lasts // MICROSECOND, start.title]
        for start in moved
    ]
    return json.dumps(rows, ensure_ascii=False)


def _to_moved(text: str) -> tuple[Moved, ...]:
    return tuple(
        Moved(
            original_start=datetime.fromisoformat(of),
            begins=datetime.fromisoformat(begins),
            lasts=_to_length(lasts),
            title=title,
        )
        for of, begins, lasts, title in json.loads(text)
    )


_CONVERTER: Final = RowConverter(
    PartnerTime,
    renamed={"is_floating": "floats", "excluded": "without", "additional": "also", "do_not_disturb": "quiet"},
    # Local time without a zone: the converter's own integers are for instants.
    begins=(datetime.isoformat, datetime.fromisoformat),
    lasts=(lambda length: length // MICROSECOND, _to_length),
    excluded=(_from_starts, _to_starts),
    additional=(_from_starts, _to_starts),
    moved=(_from_moved, _to_moved),
)
# The number comes first: the objects in proposals, and so an export, have always been written in this order.
COLUMNS: Final = ("number", *(name for name in _CONVERTER.columns if name != "number"))
