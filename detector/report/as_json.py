"""A summary as JSON: every number of the report, lengths in seconds, instants with their offset."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from typing import Any, Final

from detector.report.summary import Summary

FORMAT: Final = 1
"""Grows when a name changes its meaning or goes; new names may come at any time."""


def as_json(summary: Summary) -> str:
    """Return the summary as one JSON object; a number that rests on too little is null."""
    return json.dumps({"format": FORMAT, **_plain(summary)}, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name + ("_seconds" if isinstance(found, timedelta) else ""): _plain(found) for name, found in fields}
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
