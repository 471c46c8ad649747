"""The schema, the rows and the words of the core stay in step."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta

from detector.core.effects import Coverage, Moment, Use
from detector.store import rows, schema
from detector.store.migrations import MIGRATIONS
from detector.store.model import StoredOccurrence
from rules.model import FeatureKey, Value
from tests.rig import stored_records as told


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_every_field_of_a_stored_value_has_a_column() -> None:
    assert set(rows.MOMENTS.columns) == names(Moment)
    assert set(rows.COVERAGE) == names(Coverage) | {"occurrence"}
    assert set(rows.USE) == (names(Use) - {"activity"}) | {"occurrence", "category", "name"}
    columns = {"start_checked_at": "started_at"}
    assert set(rows.OCCURRENCES.columns) == {columns.get(name, name) for name in names(StoredOccurrence)}


def test_the_version_of_the_schema_counts_its_migrations() -> None:
    assert len(MIGRATIONS._migrations) == schema.VERSION


def test_evidence_of_an_older_version_is_read_as_before() -> None:
    old = '[["dwell",null,null,"device",{"lasts":70000000}],["uses",900000000,"social","all",2],["category",null,null,"device","social"]]'
    assert rows.to_evidence(old) == (
        (FeatureKey("dwell"), timedelta(seconds=70)),
        (FeatureKey("uses", timedelta(minutes=15), "social", "all"), 2),
        (FeatureKey("category"), "social"),
    )


def test_evidence_is_read_as_written_and_holds_only_what_differs_from_the_defaults() -> None:
    moment = told.moment(1, 0, None).item
    assert isinstance(moment, Moment)
    kept = rows.from_moment("1", moment)
    text = kept[rows.MOMENTS.columns.index("evidence")]
    found: tuple[tuple[FeatureKey, Value], ...] = rows.to_evidence(text)
    assert found == moment.evidence
    assert json.loads(text)[0] == [{"name": "dwell"}, {"lasts": 70_000_000}]
