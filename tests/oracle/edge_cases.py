"""Rules at the corners, thought of by a person: what dice meet too seldom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from detector.partner_time.model import Moved
from tests.oracle.generated_rules import DAY, HOUR, MINUTE, GeneratedRule


def edge_case(
    zone: str,
    begins: datetime,
    lasts: timedelta,
    recurrence: str | None = None,
    *,
    days: int = 40,
    **more: tuple[object, ...],
) -> GeneratedRule:
    """Return a rule that is watched from two days before it begins."""
    after = begins.replace(tzinfo=UTC) - 2 * DAY
    return GeneratedRule(
        zone=zone, begins=begins, lasts=lasts, recurrence=recurrence, after=after, before=after + days * DAY, **more
    )  # type: ignore[arg-type]


SPRING, AUTUMN = datetime(2027, 3, 28, 2, 30), datetime(2026, 10, 25, 2, 30)
EDGE_CASES = (
    # Once, in the gap: read with the offset before it, however short it is.
    edge_case("Europe/Berlin", SPRING, 15 * MINUTE),
    edge_case("Europe/Berlin", SPRING, HOUR),
    edge_case("Europe/Berlin", SPRING, 2 * HOUR),
    edge_case("America/Santiago", datetime(2027, 9, 5, 0, 45), 15 * MINUTE),
    edge_case("Australia/Lord_Howe", datetime(2027, 10, 3, 2, 15), 15 * MINUTE),
    edge_case("Pacific/Apia", datetime(2011, 12, 30, 12), HOUR),
    # Through the gap, counted and not; with an added or a moved one inside it.
    edge_case("Europe/Berlin", SPRING - 3 * DAY, HOUR, "FREQ=DAILY;COUNT=5"),
    edge_case("Europe/Berlin", SPRING - 14 * DAY, HOUR, "FREQ=WEEKLY;BYDAY=SU"),
    edge_case("Europe/Berlin", SPRING - 14 * DAY, 24 * HOUR, "FREQ=DAILY;UNTIL=20270328T013000Z"),
    edge_case("Europe/Berlin", SPRING - 14 * DAY - HOUR, HOUR, "FREQ=WEEKLY", also=(SPRING,)),
    edge_case("Europe/Berlin", SPRING - 14 * DAY, HOUR, "FREQ=WEEKLY", also=(SPRING,)),
    edge_case(
        "Europe/Berlin",
        SPRING - 15 * DAY,
        HOUR,
        "FREQ=WEEKLY",
        moved=(Moved(original_start=SPRING - DAY, begins=SPRING, lasts=45 * MINUTE, title="Late dinner"),),
    ),
    edge_case(
        "Europe/Berlin",
        SPRING - 14 * DAY,
        HOUR,
        "FREQ=DAILY;COUNT=20",
        moved=(Moved(original_start=SPRING - DAY, begins=SPRING, lasts=2 * HOUR, title="Late dinner"),),
    ),
    # In the hour that is shown twice: it is the first, and an UNTIL in the second comes after it.
    edge_case("Europe/Berlin", AUTUMN - 5 * DAY, HOUR, "FREQ=DAILY;UNTIL=20261025T003000Z"),
    edge_case("Europe/Berlin", AUTUMN - 5 * DAY, HOUR, "FREQ=DAILY;UNTIL=20261025T002959Z"),
    edge_case("Europe/Berlin", AUTUMN - 5 * DAY, HOUR, "FREQ=DAILY;UNTIL=20261025T011500Z"),
    edge_case("Europe/Berlin", AUTUMN - 5 * DAY, 30 * MINUTE, "FREQ=DAILY;COUNT=9", without=(AUTUMN,)),
    edge_case("Australia/Lord_Howe", datetime(2027, 3, 30, 1, 45), HOUR, "FREQ=DAILY;UNTIL=20270403T151500Z"),
    # The day that Samoa left out.
    edge_case("Pacific/Apia", datetime(2011, 12, 26, 18), 2 * HOUR, "FREQ=DAILY;COUNT=8"),
    edge_case("Pacific/Apia", datetime(2011, 12, 29, 18), 24 * HOUR, "FREQ=DAILY"),
    edge_case(
        "Pacific/Apia", datetime(2011, 12, 30, 0, 15), 8 * HOUR, "FREQ=MONTHLY", also=(datetime(2011, 12, 31, 0, 15),)
    ),
    edge_case("Pacific/Apia", datetime(2011, 12, 30, 9), HOUR, "FREQ=WEEKLY"),
    # Weeks: their first day, and the ones that belong to two years.
    edge_case("UTC", datetime(2028, 1, 21, 11), HOUR, "FREQ=WEEKLY;BYDAY=FR,SU,MO,WE,SA;BYSETPOS=1,2;COUNT=5;WKST=WE"),
    edge_case("Europe/Berlin", datetime(1997, 8, 5, 9), HOUR, "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO"),
    edge_case("Europe/Berlin", datetime(1997, 8, 5, 9), HOUR, "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU"),
    edge_case("UTC", datetime(2008, 1, 12, 1, 15), HOUR, "FREQ=YEARLY;BYWEEKNO=53,10,2;BYDAY=SA", days=2600),
    edge_case("UTC", datetime(2026, 5, 11, 9), HOUR, "FREQ=YEARLY;BYWEEKNO=20", days=900),
    # What the first of the series does, what leaves nothing, what is far between.
    edge_case("UTC", datetime(2026, 11, 23, 9), HOUR, "FREQ=WEEKLY;BYDAY=TU;COUNT=3"),
    edge_case("UTC", datetime(2026, 11, 23, 9), HOUR, "FREQ=DAILY;COUNT=1", without=(datetime(2026, 11, 23, 9),)),
    edge_case("UTC", datetime(2026, 11, 23, 9), HOUR, "FREQ=DAILY;UNTIL=20261122T090000Z"),
    edge_case("UTC", datetime(2024, 2, 29, 9), HOUR, "FREQ=YEARLY", days=3000),
    edge_case("UTC", datetime(2026, 1, 31, 9), HOUR, "FREQ=MONTHLY", days=800),
    edge_case("UTC", datetime(2026, 11, 24, 9), HOUR, "FREQ=DAILY;INTERVAL=7;BYDAY=TU"),
    edge_case(
        "Europe/Berlin", datetime(2026, 1, 30, 18), HOUR, "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", days=700
    ),
    # One that is known by UTC as another is by local time.
    edge_case(
        "Europe/Berlin",
        datetime(2026, 11, 23, 18),
        HOUR,
        "FREQ=DAILY",
        without=(datetime(2026, 11, 25, 18),),
        also=(datetime(2026, 11, 25, 17), datetime(2026, 11, 25, 19)),
    ),
)
