"""Instants and lengths as the integers in the database: microseconds, instants since 1970 in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final

from detector.core.observations import MICROSECOND

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(at: datetime) -> int:
    """Return the instant as microseconds since 1970. Raises `ValueError` if the instant has no zone."""
    if at.tzinfo is None:
        raise ValueError("an instant without a zone cannot be stored")
    return (at - EPOCH) // MICROSECOND


def to_instant(microseconds: int) -> datetime:
    """Return the instant, aware and UTC. Raises `OverflowError` if it lies outside the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_optional_microseconds(at: datetime | None) -> int | None:
    return None if at is None else to_microseconds(at)


def to_optional_instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else to_instant(microseconds)
