"""Which past partner times are filled: no two of them overlap, and asking again gives the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from detector.importing.model import TimesOption
from detector.importing.past_times import DAY_TITLE, NoWholeDays, PastTime, earlier_by, past_times
from detector.partner_time.model import PartnerTime
from detector.partner_time.schedule import OccurrenceOverrides, Schedule
from detector.store.model import StoredOccurrence
from tests.rig.activitywatch_history import utc
from tests.rig.importing import BERLIN, NOW

SINCE = utc(2026, 10, 12)


def declared(
    number: int = 1,
    recurrence: str | None = "FREQ=WEEKLY;BYDAY=MO,FR",
    begins: datetime | None = None,
    hours: float = 2,
) -> PartnerTime:
    return PartnerTime(
        title=f"Number {number}",
        begins=begins or datetime(2026, 11, 23, 18, 30),
        lasts=timedelta(hours=hours),
        zone="Europe/Berlin",
        recurrence=recurrence,
        number=number,
    )


def kept(name: str, began: datetime, ended: datetime | None, ends: datetime | None = None) -> StoredOccurrence:
    return StoredOccurrence(
        id=name, title="Kept", began=began, ends=ends or ended or began, ended=ended, end_reason="ended"
    )


def asked(
    times: TimesOption = "declared",
    *partner_times: PartnerTime,
    of: list[StoredOccurrence] | None = None,
    since: datetime = SINCE,
    now: datetime = NOW,
    stopped: dict[str, datetime] | None = None,
    extended: dict[str, datetime] | None = None,
    zone: ZoneInfo = BERLIN,
) -> list[PastTime]:
    return past_times(
        times,
        since=since,
        now=now,
        zone=zone,
        schedule=Schedule(partner_times, OccurrenceOverrides(stopped or {}, extended or {})),
        stored=of or [],
    )


def ids(found: list[PastTime]) -> list[str]:
    return [each.occurrence.id for each in found]


def test_declared_partner_times_are_projected_into_the_past_in_local_time() -> None:
    found = asked("declared", declared())
    assert ids(found)[:2] == ["1@20261012T163000Z", "1@20261016T163000Z"]
    assert ids(found)[-2:] == ["1@20261116T173000Z", "1@20261120T173000Z"]
    assert len(found) == 12
    assert not any(each.stored for each in found)


def test_an_unfinished_partner_time_is_left_out() -> None:
    during = utc(2026, 11, 20, 18)
    assert ids(asked("declared", declared(), now=during))[-1] == "1@20261116T173000Z"
    over = utc(2026, 11, 20, 19, 30)
    assert ids(asked("declared", declared(), now=over))[-1] == "1@20261120T173000Z"


def test_a_partner_time_that_began_before_since_is_left_out() -> None:
    assert ids(asked("declared", declared(), since=utc(2026, 11, 20, 17, 30)))[0] == "1@20261120T173000Z"
    assert asked("declared", declared(), since=utc(2026, 11, 20, 17, 31)) == []


@pytest.mark.parametrize(
    ("recurrence", "begins", "expected"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", datetime(2026, 11, 30, 18, 30), ["1019", "1102", "1116"]),
        ("FREQ=DAILY;INTERVAL=10", datetime(2026, 11, 25, 18, 30), ["1016", "1026", "1105", "1115"]),
        ("FREQ=MONTHLY;BYMONTHDAY=15", datetime(2026, 12, 15, 18, 30), ["1015", "1115"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", datetime(2026, 11, 27, 18, 30), ["1030"]),
        ("FREQ=MONTHLY;INTERVAL=2", datetime(2027, 1, 4, 18, 30), ["1104"]),
        ("FREQ=YEARLY", datetime(2027, 11, 1, 18, 30), ["1101"]),
        (
            "FREQ=WEEKLY;BYDAY=WE;COUNT=3",
            datetime(2026, 11, 25, 18, 30),
            ["1014", "1021", "1028", "1104", "1111", "1118"],
        ),
    ],
)
def test_a_recurrence_runs_back_on_the_days_on_which_it_runs_on(
    recurrence: str, begins: datetime, expected: list[str]
) -> None:
    found = asked("declared", declared(recurrence=recurrence, begins=begins))
    assert [each.occurrence.begins.strftime("%m%d") for each in found] == expected


def test_a_leap_day_runs_back_to_leap_days() -> None:
    leap = declared(recurrence="FREQ=YEARLY", begins=datetime(2028, 2, 29, 18))
    earlier = earlier_by(leap, timedelta(days=3000)).begins
    assert (earlier.month, earlier.day) == (2, 29)
    assert earlier <= leap.begins - timedelta(days=3000)


def test_a_single_partner_time_is_not_projected() -> None:
    once = declared(recurrence=None, begins=datetime(2026, 11, 7, 20))
    assert ids(asked("declared", once)) == ["1@20261107T190000Z"]


def test_stopped_and_extended_partner_times_end_as_they_ended() -> None:
    name = "1@20261120T173000Z"
    stopped = asked("declared", declared(), stopped={name: utc(2026, 11, 20, 18)})[-1]
    assert stopped.occurrence.ends == utc(2026, 11, 20, 18)
    extended = asked("declared", declared(), extended={name: utc(2026, 11, 20, 20)})[-1]
    assert extended.occurrence.ends == utc(2026, 11, 20, 20)


def test_of_two_overlapping_partner_times_the_later_one_gets_the_rest_and_its_own_id() -> None:
    later = declared(2, begins=datetime(2026, 11, 23, 19, 30))
    inside = declared(3, begins=datetime(2026, 11, 23, 19), hours=1)
    found = asked("declared", declared(), later, inside)[-2:]
    assert ids(found) == ["1@20261120T173000Z", "2@20261120T183000Z"]
    assert (found[1].occurrence.begins, found[1].occurrence.ends) == (
        utc(2026, 11, 20, 19, 30),
        utc(2026, 11, 20, 20, 30),
    )


def test_a_stored_occurrence_is_unchanged_and_not_planned_again() -> None:
    was = kept("1@20261120T173000Z", utc(2026, 11, 20, 17, 40), utc(2026, 11, 20, 19))
    last = asked("declared", declared(), of=[was])[-1]
    assert (last.stored, last.occurrence.begins, last.occurrence.ends) == (was, was.began, was.ended)
    assert len(asked("declared", declared(), of=[was])) == 12


def test_a_partner_time_that_overlaps_a_stored_one_is_left_out() -> None:
    other = kept("7@20261120T170000Z", utc(2026, 11, 20, 17), utc(2026, 11, 20, 17, 31))
    assert ids(asked("declared", declared(), of=[other]))[-1] == other.id
    before = kept("7@20261120T170000Z", utc(2026, 11, 20, 17), utc(2026, 11, 20, 17, 30))
    assert ids(asked("declared", declared(), of=[before]))[-1] == "1@20261120T173000Z"


def test_a_stored_occurrence_without_an_end_is_left_out() -> None:
    open_ended = kept("1@20261120T173000Z", utc(2026, 11, 20, 17, 30), None, utc(2026, 11, 20, 19, 30))
    assert open_ended.id not in ids(asked("declared", declared(), of=[open_ended]))


def test_times_kept_returns_stored_occurrences_only() -> None:
    was = kept("1@20261120T173000Z", utc(2026, 11, 20, 17, 40), utc(2026, 11, 20, 19))
    assert ids(asked("kept", declared(), of=[was])) == [was.id]


ALWAYS = declared(9, "FREQ=DAILY", datetime(2026, 10, 1), 24)


def test_whole_days_are_refused_unless_they_were_declared_partner_time() -> None:
    since, now = utc(2026, 10, 23, 22), utc(2026, 11, 26, 12)
    evenings = declared(1, "FREQ=DAILY", datetime(2026, 10, 1, 18), 6)
    later = declared(2, "FREQ=DAILY", datetime(2026, 11, 26), 24)
    for partner_times in ((), (evenings,), (evenings, later)):
        with pytest.raises(NoWholeDays):
            asked("all-day", *partner_times, since=since, now=now)
    since_monday = declared(3, "FREQ=DAILY", datetime(2026, 11, 23), 24)
    found = asked("all-day", since_monday, since=since, now=now)
    assert ids(found) == ["import@20261122T230000Z", "import@20261123T230000Z", "import@20261124T230000Z"]
    # Two that follow one another are a whole day as well.
    days = declared(4, "FREQ=DAILY", datetime(2026, 10, 1), 18)
    assert len(asked("all-day", evenings, days, since=since, now=utc(2026, 10, 26, 12))) == 2


def test_whole_days_are_local_days_without_today() -> None:
    found = asked("all-day", ALWAYS, since=utc(2026, 10, 23, 22), now=utc(2026, 10, 26, 12))
    assert ids(found) == ["import@20261023T220000Z", "import@20261024T220000Z"]
    lasting = [each.occurrence.ends - each.occurrence.begins for each in found]
    assert lasting == [timedelta(hours=24), timedelta(hours=25)]
    assert {each.occurrence.title for each in found} == {DAY_TITLE}


def test_the_rest_of_a_day_stays_the_same_once_part_of_it_is_stored() -> None:
    was = kept("1@20261120T173000Z", utc(2026, 11, 20, 17, 30), utc(2026, 11, 20, 19, 30))
    since, now = utc(2026, 11, 19, 23), utc(2026, 11, 21, 12)
    first = asked("all-day", ALWAYS, of=[was], since=since, now=now)
    assert ids(first) == ["import@20261119T230000Z", was.id, "import@20261120T193000Z"]
    half = kept(first[0].occurrence.id, first[0].occurrence.begins, first[0].occurrence.ends)
    again = asked("all-day", ALWAYS, of=[half, was], since=since, now=now)
    assert [each.occurrence.id for each in again] == ids(first)
    assert [each.occurrence.begins for each in again] == [each.occurrence.begins for each in first]
    assert again[-1].stored is None


def test_past_times_never_overlap() -> None:
    was = kept("9@x", utc(2026, 11, 16, 18), utc(2026, 11, 16, 18, 20))
    for times in ("declared", "all-day", "kept"):
        found = asked(times, declared(), declared(2, "FREQ=DAILY"), ALWAYS, of=[was])  # type: ignore[arg-type]
        edges = sorted((each.occurrence.begins, each.occurrence.ends) for each in found)
        assert all(ended <= began for (_, ended), (began, _) in pairwise(edges))
        assert len(set(ids(found))) == len(found)
