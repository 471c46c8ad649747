"""What the report says of how partner times started, and of what was cancelled and held later."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from click.testing import CliRunner

from detector.cli.history.commands import report_command
from detector.core.effects import Coverage, Record, StartResult
from detector.core.observations import PartnerTimeBegan, PartnerTimeEnded
from detector.partner_time.model import Occurrence, PartnerTime
from detector.paths import store_path
from detector.report.as_text import as_text
from detector.report.starts_and_cancellations import cancellations
from detector.report.summarise import summarise
from detector.report.summary import Cancellation, Summary, as_json
from detector.store.model import CancelledOccurrence, StoredOccurrence
from detector.store.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DINNER = CancelledOccurrence(
    occurrence="1@20261120T173000Z", title="Dinner", begins=FRIDAY, ends=FRIDAY + HOUR, at=FRIDAY - HOUR
)
INSTEAD = PartnerTime(
    title="Dinner",
    begins=datetime(2026, 11, 22, 11, 0),
    lasts=HOUR,
    zone="Europe/Berlin",
    number=7,
    instead_of=DINNER.occurrence,
)


def occurrence(
    name: str = "7@x",
    *,
    began: datetime = SUNDAY,
    minutes: float | None = 60,
    reason: str | None = "ended",
    well: bool | None = None,
) -> StoredOccurrence:
    ended = None if minutes is None else began + timedelta(minutes=minutes)
    return StoredOccurrence(
        id=name, title="Dinner", began=began, ends=SUNDAY + HOUR, ended=ended, end_reason=reason, started_well=well
    )


def became(
    *occurrences: StoredOccurrence,
    of: tuple[CancelledOccurrence, ...] = (replace(DINNER, instead=7),),
    declared: tuple[PartnerTime, ...] = (INSTEAD,),
    skipped: tuple[str, ...] = (),
    now: datetime = NOW,
) -> list[tuple[str, datetime | None]]:
    found = cancellations(of, occurrences, declared, skipped, now=now, zone=UTC)
    return [(each.became, each.instead) for each in found]


@pytest.mark.parametrize(
    ("parts", "is_good"),
    [
        ([occurrence()], True),
        ([occurrence(began=SUNDAY + timedelta(minutes=55), minutes=5)], True),
        ([occurrence(minutes=30, reason="stopped")], True),
        ([occurrence(minutes=29.9, reason="stopped")], False),
        (
            [
                occurrence(minutes=20, reason="removed"),
                occurrence("7@x~2", began=SUNDAY + 0.5 * HOUR, minutes=10, reason="stopped"),
            ],
            True,
        ),
        ([occurrence(minutes=None, reason=None)], False),
        ([occurrence("17@x")], False),
        ([], False),
    ],
    ids=["ended", "joined late", "half of it", "less", "in two parts", "cut off", "another one", "never began"],
)
def test_a_cancelled_partner_time_is_made_good_by_one_that_took_place(
    parts: list[StoredOccurrence], is_good: bool
) -> None:
    began = parts[0].began if parts else None
    assert became(*parts) == [("made_good", began) if is_good else ("open", None)]
    # Also where it is declared no more: its length is then what was planned.
    assert became(*parts, declared=()) == [("made_good", began) if is_good else ("open", None)]


def test_a_new_date_is_planned_until_it_is_over_skipped_or_removed() -> None:
    before = SUNDAY - HOUR
    assert became(now=before) == [("planned", SUNDAY)]
    assert became(occurrence(minutes=None, reason=None), now=SUNDAY + 0.5 * HOUR) == [("planned", SUNDAY)]
    assert became(now=SUNDAY + HOUR) == [("open", None)]
    assert became(now=before, skipped=("7@20261122T100000Z",)) == [("open", None)]
    assert became(now=before, skipped=("77@20261122T100000Z",)) == [("planned", SUNDAY)]
    assert became(now=before, declared=()) == [("open", None)]
    assert became(occurrence(), of=(DINNER,), now=before) == [("open", None)]


def test_cancelling_a_new_date_for_another_one_is_no_second_cancellation() -> None:
    first = replace(DINNER, instead=7)
    second = CancelledOccurrence(
        occurrence="7@20261122T100000Z", title="Dinner", begins=SUNDAY, ends=SUNDAY + HOUR, at=SUNDAY - HOUR, instead=8
    )
    assert became(occurrence("8@y", began=SUNDAY + 5 * HOUR), of=(first, second)) == [("made_good", SUNDAY + 5 * HOUR)]
    assert became(of=(first, replace(second, instead=None)), skipped=(second.occurrence,)) == [("open", None)]


def summary_of(*occurrences: StoredOccurrence, cancelled: tuple[Cancellation, ...] = ()) -> Summary:
    return summarise(
        occurrences, [], [], [], since=FRIDAY - 24 * HOUR, until=NOW, zone=BERLIN, rules={}, cancelled=cancelled
    )


def test_started_well_counts_only_known_starts() -> None:
    some = [occurrence(f"{number}@x", well=well) for number, well in enumerate((True, True, False))]
    assert "\nEvery screen put away at the start: in 2 of 3 partner times.\n" in as_text(summary_of(*some))
    assert "\nEvery screen put away at the start: in 2 of 3 partner times. Not" in as_text(
        summary_of(*some, occurrence("9@x"))
    )
    assert "put away at the start" not in as_text(summary_of(occurrence("9@x")))
    plain = json.loads(as_json(summary_of(*some, occurrence("9@x"))))
    assert plain["starts"] == {"well": 2, "known": 3}


CANCELLED = (
    Cancellation(title="Tea", begins=FRIDAY, instead=None, became="open"),
    Cancellation(
        title="Walk",
        begins=datetime(2026, 11, 21, 9, tzinfo=BERLIN),
        instead=datetime(2026, 11, 29, 10, tzinfo=BERLIN),
        became="planned",
    ),
    Cancellation(title="Dinner", begins=FRIDAY, instead=SUNDAY.astimezone(BERLIN), became="made_good"),
)


def test_made_good_comes_first_and_open_cancellations_are_only_counted() -> None:
    said = (
        "Cancelled 3, held later 1:\n"
        "  Dinner of Friday 20 November on Sunday 22 November 11:00.\n"
        "  Walk of Saturday 21 November is planned for Sunday 29 November 10:00.\n"
    )
    page = Path(__file__).parents[2] / "docs" / "report.md"
    for summary in (summary_of(occurrence(), cancelled=CANCELLED), summary_of(cancelled=CANCELLED)):
        assert said in as_text(summary)
    assert said in page.read_text(encoding="utf-8")
    assert "\nCancelled 1.\n" in as_text(summary_of(cancelled=CANCELLED[:1]))
    assert "Cancelled" not in as_text(summary_of(occurrence()))


def test_a_cancelled_title_is_printable_and_fits_the_terminal() -> None:
    long = replace(CANCELLED[2], title="Dinner \x1b[31m" + "and tea " * 20)
    text = as_text(summary_of(cancelled=(long,)))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


@time_machine.travel(NOW, tick=False)
def test_the_command_reports_cancellations_from_the_store(home: Path) -> None:
    with Store.open(store_path(), zone=lambda: "Europe/Berlin") as store:
        weekly = store.plans.add(replace(INSTEAD, number=None, instead_of=None, title="Dinner"))
        planned = Occurrence(
            id=f"{weekly.number}@20261120T173000Z",
            partner_time=1,
            title="Dinner",
            begins=FRIDAY,
            ends=FRIDAY + HOUR,
            zone="Europe/Berlin",
        )
        made = store.plans.cancel(planned, FRIDAY - HOUR, replace(INSTEAD, number=None))
        assert made is not None
        name = f"{made.number}@20261122T100000Z"
        parts = (
            PartnerTimeBegan(at=SUNDAY, occurrence=name, title="Dinner", ends=SUNDAY + HOUR),
            Coverage(number=1, device="laptop", began=SUNDAY, ended=SUNDAY + HOUR),
            StartResult(at=SUNDAY + timedelta(minutes=5), started_well=True),
            PartnerTimeEnded(at=SUNDAY + HOUR),
        )
        store.history.save([Record(occurrence=name, item=part) for part in parts])
    plain = json.loads(CliRunner().invoke(report_command, ["--json"]).output)
    assert [(each["title"], each["became"]) for each in plain["cancelled"]] == [("Dinner", "made_good")]
    assert plain["starts"] == {"well": 1, "known": 1}
    text = CliRunner().invoke(report_command, []).output
    assert "Every screen put away at the start: in 1 of 1 partner time." in text
    assert "Cancelled 1, held later 1:" in text
    # What made it good lies before the time that is asked for.
    assert CliRunner().invoke(report_command, ["--since", "1d"]).output.count("Cancelled") == 0
