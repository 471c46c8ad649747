"""The schema, the rows and the words of the core stay in step."""

from __future__ import annotations

from dataclasses import fields

from detector.effects import Coverage, Moment, Use
from detector.store import opening, rows
from detector.store.migrations import MIGRATIONS
from detector.store.model import KeptOccurrence


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_every_field_of_what_is_kept_has_a_column() -> None:
    assert set(rows.MOMENT) == names(Moment)
    assert set(rows.COVERAGE) == names(Coverage) | {"occurrence"}
    assert set(rows.USE) == (names(Use) - {"activity"}) | {"occurrence", "category", "name"}
    assert set(rows.OCCURRENCE) == names(KeptOccurrence)


def test_the_version_of_the_schema_counts_its_migrations() -> None:
    assert len(MIGRATIONS._migrations) == opening.VERSION
