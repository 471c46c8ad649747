"""What `calendar export` writes, another program shows at the same instants: recurring-ical-events reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from detector.calendars.writing import ExportOptions, write_calendar
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.recurrence import local_starts
from tests.oracle.oracle_process import run, skip_without

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
AFTER, BEFORE = NOW - DAY, NOW + 800 * DAY
ZONES: Final = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "UTC")
RULES: Final = (
    None,
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;COUNT=20",
    "FREQ=WEEKLY;BYDAY=MO,TU,FR",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR",
    "FREQ=WEEKLY;UNTIL=20270301",
    "FREQ=WEEKLY;UNTIL=20270301T183000",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=MONTHLY;BYMONTHDAY=15",
    "FREQ=YEARLY",
    "FREQ=MONTHLY;BYDAY=1FR,3FR",
)


def declared(dice: Random, number: int) -> PartnerTime:
    """Return partner time with exceptions, at hours that no clock leaves out."""
    begins = datetime(2026, 11, 24, dice.randint(6, 21), dice.choice((0, 15, 30))) + dice.randrange(100) * DAY
    plain = PartnerTime(
        title=dice.choice(("Dinner", "Tea, and cake; too", "Später\\Kaffee 🍰")),
        begins=begins,
        number=number,
        lasts=timedelta(minutes=dice.randint(1, 140)),
        zone=dice.choice(ZONES),
        recurrence=dice.choice(RULES),
    )
    own = list(local_starts(plain, begins, begins + 100 * DAY))
    if plain.recurrence is None or len(own) < 4:
        return replace(plain, recurrence=None, begins=begins)
    left_out, elsewhere = dice.sample(own[1:], 2)
    return replace(
        plain,
        begins=own[0],
        excluded=(left_out,),
        moved=(
            Moved(original_start=elsewhere, begins=elsewhere + DAY / 8, lasts=timedelta(minutes=40), title="Moved"),
        ),
        additional=((own[0] + dice.randint(2, 60) * DAY).replace(hour=22, minute=17),),
    )


def ours(partner_time: PartnerTime, skipped: set[str]) -> list[tuple[str, str, str]]:
    found = (each for each in occurrences(partner_time, AFTER, BEFORE) if each.id not in skipped)
    return sorted((each.begins.isoformat(), each.ends.isoformat(), each.title) for each in found)


def theirs(written: list[bytes]) -> list[list[tuple[str, str, str]]]:
    answers = run([(copy.decode(), AFTER, BEFORE) for copy in written])
    assert not [answer for answer in answers if isinstance(answer, str)], answers
    return [sorted((begins, ends, title) for _, begins, ends, title in answer) for answer in answers]


def written(partner_times: list[PartnerTime], skipped: set[str]) -> list[bytes]:
    how = ExportOptions(identity="tests", now=NOW, skipped=skipped)
    return [write_calendar([each], how) for each in partner_times]


def test_another_program_shows_what_was_declared_skipped_moved_and_added() -> None:
    skip_without()
    dice = Random(20261123)
    partner_times = [declared(dice, number) for number in range(1, 201)]
    skipped = set()
    for each in partner_times:
        coming = occurrences(each, AFTER, BEFORE)
        if each.recurrence is not None and len(coming) > 8:
            skipped.add(coming[5].id)
    assert len(skipped) > 80
    shown = theirs(written(partner_times, skipped))
    differ = [
        (each, sorted(set(there) ^ set(ours(each, skipped))))
        for each, there in zip(partner_times, shown, strict=True)
        if there != ours(each, skipped)
    ]
    assert differ == []
    assert sum(map(len, shown)) > 10_000


def test_another_program_shows_the_time_to_which_a_start_in_a_gap_is_moved() -> None:
    skip_without()
    nights = [
        PartnerTime(
            title="Night",
            begins=datetime(2026, 11, 24, 2, minute),
            lasts=timedelta(minutes=lasts),
            zone=zone,
            recurrence=rule,
            number=1,
        )
        for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
        for minute, lasts in ((0, 30), (15, 45), (30, 20), (30, 90))
        for rule in ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU,SA")
    ]
    shown = theirs(written(nights, set()))
    assert [there for there in shown if not there] == []
    for each, there in zip(nights, shown, strict=True):
        assert there == ours(each, set()), each
    moved = datetime(2027, 3, 28, 3, 30, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC).isoformat()
    assert sum(begins == moved for answer in shown[:8] for begins, _, _ in answer) == 4
