"""What we read of another program's calendar is what was meant by it: the same rules, written as events and read back."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from detector.calendars.reading import read_calendar
from detector.partner_time.model import Occurrence
from detector.partner_time.occurrences import occurrences
from detector.store.model import EventFilter
from tests.oracle.edge_cases import EDGE_CASES
from tests.oracle.generated_rules import GeneratedRule, write
from tests.oracle.test_recurring_ical_events import SEED

pytestmark = pytest.mark.timeout(300)
RULES = 1500


def read(rule: GeneratedRule) -> list[Occurrence]:
    """Return the occurrences of the one event of its calendar, as it proposes it; what never takes place it does not."""
    copy = rule.as_calendar().encode()
    reading = read_calendar(
        copy, choice=EventFilter(everything=True), zone="Asia/Tokyo", now=rule.after, monotonic=time.monotonic
    )
    assert all("never takes place" in wrong.why for wrong in reading.problems), (reading.problems, rule.as_calendar())
    assert len(reading.events) <= 1
    proposed = [replace(event.partner_time, number=1) for event in reading.events]
    return [found for one in proposed for found in occurrences(one, rule.after, rule.before)]


def test_an_imported_event_has_its_original_occurrences() -> None:
    found = 0
    for rule in [*EDGE_CASES, *write(SEED, RULES)]:
        meant, are = rule.occurrences(), read(rule)
        assert are == meant, f"{rule.as_calendar()}\n{set(are) ^ set(meant)}"
        found += len(meant)
    assert found > 10_000
