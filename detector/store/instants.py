"""Instants and lengths as the integers that SQLite keeps: microseconds, instants since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def as_integer(at: datetime) -> int:
    """Return the instant as microseconds since 1970.

    Raises:
        ValueError: if the instant names no zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant without a zone cannot be kept")
    return (at - EPOCH) // MICROSECOND


def as_instant(microseconds: int) -> datetime:
    """Return the instant, aware and UTC.

    Raises:
        OverflowError: if it lies outside the years 1 to 9999.
    """
    return EPOCH + timedelta(microseconds=microseconds)


def maybe_integer(at: datetime | None) -> int | None:
    """Return `as_integer`, or None for None."""
    return None if at is None else as_integer(at)


def maybe_instant(microseconds: int | None) -> datetime | None:
    """Return `as_instant`, or None for None."""
    return None if microseconds is None else as_instant(microseconds)
