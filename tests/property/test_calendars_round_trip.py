"""What is exported and imported again is the same partner time, and takes place at the same instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.calendars.writing import ExportOptions, write_calendar
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import split_rrule
from tests.rig.examples import examples
from tests.rig.ics import read, why

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES: Final = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tokyo", "UTC")
RULES: Final = (
    None,
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;COUNT=20",
    "FREQ=WEEKLY;BYDAY=MO,TU,FR",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;WKST=SU",
    "FREQ=WEEKLY;UNTIL=20270301",
    "FREQ=WEEKLY;UNTIL=20270301T183000",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=MONTHLY;BYMONTHDAY=15",
    "FREQ=YEARLY",
    "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1",
)
DAY: Final = timedelta(days=1)
TITLES: Final = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=60)
MINUTES: Final = st.integers(1, 24 * 60)


@st.composite
def partner_times(draw: st.DrawFn, *, at_night: bool = False) -> PartnerTime:
    """Return what a person may have declared, beginning at one of its own times, with exceptions to it."""
    hour = st.integers(0, 5) if at_night else st.integers(6, 23)
    begins = datetime(2026, 11, 24) + draw(st.integers(0, 120)) * DAY
    begins = begins.replace(hour=draw(hour), minute=draw(st.sampled_from((0, 30, 45))))
    zone, floats = draw(st.sampled_from(ZONES)), draw(st.booleans())
    plain = PartnerTime(
        title=draw(TITLES),
        begins=begins,
        lasts=timedelta(minutes=draw(MINUTES)),
        is_floating=floats,
        zone="Europe/Berlin" if floats else zone,
        recurrence=draw(st.sampled_from(RULES)),
        number=draw(st.integers(1, 99)),
    )
    own = list(local_starts(plain, begins, begins + 60 * DAY))
    if plain.recurrence is None or not own:
        return replace(plain, recurrence=None)
    plain = replace(plain, begins=own[0])
    several = st.sets(st.sampled_from(own), max_size=3) if len(own) > 1 else st.just(set[datetime]())
    without, elsewhere = draw(several.filter(lambda chosen: len(chosen) < len(own))), draw(several)
    moved = [
        Moved(
            original_start=of,
            begins=of.replace(hour=12) + draw(st.integers(-2, 2)) * timedelta(hours=1, minutes=7),
            lasts=timedelta(minutes=draw(MINUTES)),
            title=draw(st.none() | TITLES),
        )
        for of in sorted(elsewhere - without)
    ]
    also = draw(st.sets(st.integers(1, 90), max_size=2))
    return replace(
        plain,
        excluded=tuple(sorted(without)),
        moved=tuple(moved),
        additional=tuple(sorted(begins.replace(hour=13, minute=17) + days * DAY for days in also)),
    )


def there_and_back(partner_time: PartnerTime, *skipped: str) -> PartnerTime:
    """Return what comes back of it, with its number."""
    written = write_calendar([partner_time], ExportOptions(identity="tests", now=NOW, tag="#us", skipped=skipped))
    assert max(map(len, written.split(b"\r\n"))) <= 75
    reading = read(written)
    assert why(reading) == []
    (event,) = reading.events
    assert event.uid == f"tests-{partner_time.number}@turntoward"
    return replace(event.partner_time, number=partner_time.number)


def parts(recurrence: str | None) -> dict[str, str]:
    """Return the parts of a recurrence, in whatever order, without its end: that is written as an instant."""
    return {} if recurrence is None else {k: v for k, v in split_rrule(recurrence).items() if k != "UNTIL"}


def took_place(partner_time: PartnerTime) -> list[tuple[datetime, datetime, str]]:
    found = occurrences(partner_time, NOW - DAY, NOW + 500 * DAY)
    return [(each.begins, each.ends, each.title) for each in found]


@settings(max_examples=examples(150))
@given(partner_times())
def test_an_export_is_imported_unchanged(partner_time: PartnerTime) -> None:
    back = there_and_back(partner_time)
    assert parts(back.recurrence) == parts(partner_time.recurrence)
    titled = tuple(
        replace(each, title=None if each.title == partner_time.title else each.title) for each in partner_time.moved
    )
    assert replace(back, recurrence=partner_time.recurrence) == replace(partner_time, as_rfc=True, moved=titled)
    assert took_place(back) == took_place(partner_time)


@settings(max_examples=examples(150))
@given(partner_times(at_night=True))
def test_occurrences_are_the_same_instants_also_across_dst_gaps(
    partner_time: PartnerTime,
) -> None:
    # Floating times follow the zone of the program that reads them.
    partner_time = replace(
        partner_time, is_floating=False, moved=(), recurrence=_without_count(partner_time.recurrence)
    )
    assert took_place(there_and_back(partner_time)) == took_place(partner_time)


@given(partner_times(), st.data())
def test_skipped_occurrences_are_not_exported(partner_time: PartnerTime, data: st.DataObject) -> None:
    coming = occurrences(partner_time, NOW - DAY, NOW + 200 * DAY)
    if len(coming) < 2:
        return
    skipped = data.draw(st.sampled_from(coming))
    left = [each for each in took_place(partner_time) if each != (skipped.begins, skipped.ends, skipped.title)]
    assert took_place(there_and_back(partner_time, skipped.id)) == left


def _without_count(recurrence: str | None) -> str | None:
    return None if recurrence is None else ";".join(part for part in recurrence.split(";") if "COUNT" not in part)
