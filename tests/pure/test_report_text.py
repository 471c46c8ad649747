from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from click.testing import CliRunner

from detector.cli.history.commands import report_command
from detector.core.effects import Coverage, Moment, Outcome, Record, Use
from detector.core.observations import Activity, Observation, PartnerTimeBegan, PartnerTimeEnded
from detector.errors import StoreError, UserError
from detector.partner_time.parse_dates import parse_since
from detector.paths import store_path
from detector.report.as_text import FIRST_USE, as_text
from detector.report.summarise import summarise
from detector.report.summary import MomentCount, Summary, as_json
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse
from detector.store.store import Store
from rules.model import Reason

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "report.md"
NAMES = {"S1": "Scrolling in a feed", "M1": "A second message", "W1": "Work during partner time"}

EVENINGS: tuple[tuple[int, int, tuple[tuple[str, str, int, int, str, Outcome | Reason], ...]], ...] = (
    (
        20,
        90,
        (
            ("social", "S1", 12, 240, "nudged", Outcome.IGNORED),
            ("messaging", "M1", 40, 70, "suppressed", Reason.COOL_DOWN),
            ("social", "S1", 60, 150, "nudged", Outcome.PUT_AWAY_60),
        ),
    ),
    (
        18,
        90,
        (
            ("social", "S1", 30, 100, "nudged", Outcome.PUT_AWAY_30),
            ("work", "W1", 50, 300, "suppressed", Reason.CALL),
        ),
    ),
    (13, 90, (("messaging", "M1", 5, 45, "nudged", Outcome.PUT_AWAY_30),)),
    (11, 30, (("social", "S1", 20, 100, "nudged", Outcome.UNKNOWN),)),
    (
        6,
        90,
        (
            ("social", "S1", 44, 80, "nudged", Outcome.PUT_AWAY_30),
            ("social", "S1", 70, 90, "nudged", Outcome.TOGETHER),
        ),
    ),
    (4, 80, ()),
)
"""Days ago, minutes known of 90, and moments: category, rule, minute, seconds, what was decided, what came of it."""


def records(evenings: object = EVENINGS) -> list[Record]:
    kept: list[Record] = []
    for days, known, moments in evenings:  # type: ignore[attr-defined]
        began = datetime(2026, 11, 23, 17, 30, tzinfo=UTC) - timedelta(days=days)
        ends, name = began + timedelta(minutes=90), f"1@{began:%Y%m%dT%H%M%SZ}"
        things: list[Observation | Use | Coverage | Moment] = [
            PartnerTimeBegan(at=began, occurrence=name, title="Evening", ends=ends),
            Coverage(number=1, device="laptop", began=began, ended=began + timedelta(minutes=known)),
        ]
        for number, (category, rule, minute, seconds, decided, came) in enumerate(moments, 1):
            start = began + timedelta(minutes=minute)
            end = start + timedelta(seconds=seconds)
            things.append(
                Use(number=number, device="laptop", activity=Activity(category=category), began=start, ended=end)
            )
            things.append(
                Moment(
                    number=number,
                    occurrence=name,
                    rule=rule,
                    device="laptop",
                    use=number,
                    category=category,
                    name=None,
                    began=start,
                    decided_at=start + timedelta(minutes=1),
                    ended=end,
                    decided=decided,
                    reason=came if isinstance(came, Reason) else None,
                    evidence=(),
                    outcome=came if isinstance(came, Outcome) else None,
                )
            )
        things.append(PartnerTimeEnded(at=ends))
        kept += [Record(occurrence=name, item=thing) for thing in things]
    return kept


def summary(evenings: object = EVENINGS, days: int = 28) -> Summary:
    occurrences, uses, moments, coverage = [], [], [], []
    for record in records(evenings):
        what = record.item
        if isinstance(what, PartnerTimeBegan):
            occurrences.append(
                StoredOccurrence(
                    id=record.occurrence,
                    title=what.title,
                    began=what.at,
                    ends=what.ends,
                    ended=what.ends,
                    end_reason="ended",
                )
            )
        elif isinstance(what, Use):
            uses.append(StoredUse(occurrence=record.occurrence, use=what))
        elif isinstance(what, Moment):
            moments.append(what)
        elif isinstance(what, Coverage):
            coverage.append(StoredCoverage(occurrence=record.occurrence, coverage=what))
    since = NOW - timedelta(days=days)
    return summarise(occurrences, uses, moments, coverage, since=since, until=NOW, zone=BERLIN, rules=NAMES)


def test_docs_show_the_report_as_it_is_written() -> None:
    assert f"```text\n{as_text(summary())}```" in PAGE.read_text(encoding="utf-8")


def test_a_small_rate_is_never_written_as_none() -> None:
    count = MomentCount(code="S1", name="feed", moments=1, per_hour=0.04)
    text = as_text(replace(summary(), moments=1, per_hour=0.04, by_category=(count,)))
    assert "Moments: 1, <0.1 per hour" in text
    assert "1  <0.1 per h  █" in text
    assert " 0.0 per h" not in text


def test_the_good_number_comes_first() -> None:
    lines = as_text(summary()).splitlines()
    assert lines[2].startswith("For 7 h 2 min no screen took you away: 96 % of the 7 h 20 min")


def test_the_text_names_what_is_left_out() -> None:
    text = " ".join(as_text(summary()).split())
    assert "1 of them is left out, because less than half of it is known; 1 moment in there is not counted." in text
    assert "Missing data never counts as a good evening." in text


def test_numbers_that_lack_data_are_not_shown() -> None:
    text = as_text(summary(EVENINGS[-1:]))
    assert "Not enough data" in text
    assert "Share of nudges that helped: it takes 5" in text
    assert "Week by week\n" not in text
    assert "Moments: none" in text


def test_an_unknown_evening_has_no_presence() -> None:
    text = as_text(summary([(4, 0, ())]))
    assert "took you away" not in text
    assert "nothing of it is known" in text
    assert "Moments" not in text


def test_plain_text_has_no_codes_and_colour_changes_nothing_but_codes() -> None:
    plain, coloured = as_text(summary()), as_text(summary(), colour=True)
    assert "\x1b" not in plain
    assert "\x1b" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain


def test_nearly_all_is_written_as_over_99_percent() -> None:
    assert "over 99 % of the" in as_text(summary([(4, 90, (("social", "S1", 5, 3, "suppressed", Reason.CALL),))]))


def test_json_has_lengths_in_seconds_and_null_for_unknown() -> None:
    parsed = json.loads(as_json(summary(EVENINGS[-1:])))
    assert parsed["format"] == 1
    assert parsed["partner_times"]["counted"] == 1
    assert parsed["share"]["presence_seconds"] == 80 * 60
    assert parsed["longest"]["began"] == "2026-11-19T18:30:00+01:00"
    assert parsed["nudges"]["share_30"] is None
    assert parsed["weeks"][0]["monday"] == "2026-11-16"
    assert parsed["weeks"][0]["known_seconds"] == 80 * 60


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("7d", "2026-11-16T00:00:00+01:00"),
        ("1w", "2026-11-16T00:00:00+01:00"),
        (" 5 w ", "2026-10-19T00:00:00+02:00"),
        ("12h", "2026-11-23T09:00:00+00:00"),
        ("2026-11-01", "2026-11-01T00:00:00+01:00"),
        ("2026-11-23", "2026-11-23T00:00:00+01:00"),
        ("0001-01-01", "1970-01-01T00:00:00+01:00"),
    ],
)
def test_since_is_a_length_or_a_date_and_whole_days_begin_at_midnight(text: str, since: str) -> None:
    assert parse_since(text, NOW, BERLIN).isoformat() == since


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "neither a length nor a date"),
        ("birthday", "neither a length nor a date"),
        ("-7d", "neither a length nor a date"),
        ("11y", "neither a length nor a date"),
    ],
)
def test_an_unreadable_since_is_refused_with_an_example(text: str, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)) as caught:
        parse_since(text, NOW, BERLIN)
    assert "7d or 2w, or a date such as 2026-11-16" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("4000d", "the maximum is ten years"),
        ("2026-02-30", "there is no 30 February: it has 28 days in 2026"),
        ("2026-11-24", "Tuesday 24 November 2026 lies in the future"),
    ],
)
def test_an_impossible_since_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        parse_since(text, NOW, BERLIN)


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")


@pytest.mark.usefixtures("_in_berlin")
def test_the_command_reads_what_is_kept_and_writes_it_plain_when_piped(home: Path) -> None:
    with Store.open(store_path()) as store:
        store.history.save(records())
    with time_machine.travel(NOW, tick=False):
        output = CliRunner().invoke(report_command, [])
        told = CliRunner().invoke(report_command, ["--json", "--since", "2026-11-16"])
    assert output.exit_code == 0, output.exception
    assert "For 7 h 2 min no screen took you away" in output.output
    assert "\x1b" not in output.output
    assert max(map(len, output.output.splitlines())) <= 80
    assert json.loads(told.output)["partner_times"]["all"] == 2


def test_without_a_store_the_report_says_how_to_begin_and_creates_nothing(home: Path) -> None:
    output = CliRunner().invoke(report_command, [])
    assert output.output == FIRST_USE
    assert not store_path().exists()
    with Store.open(store_path()):
        pass
    assert CliRunner().invoke(report_command, []).output == FIRST_USE
    assert json.loads(CliRunner().invoke(report_command, ["--json"]).output)["partner_times"]["all"] == 0


def test_an_empty_span_is_called_empty(home: Path) -> None:
    with Store.open(store_path()) as store:
        store.history.save(records())
    with time_machine.travel(NOW, tick=False):
        assert "Nothing is kept from that time." in CliRunner().invoke(report_command, ["--since", "1d"]).output


def test_a_damaged_store_is_reported_and_not_changed(home: Path) -> None:
    store_path().parent.mkdir(parents=True)
    store_path().write_bytes(b"no database" * 1000)
    assert isinstance(CliRunner().invoke(report_command, []).exception, StoreError)
    assert store_path().read_bytes() == b"no database" * 1000


def test_a_wrong_since_is_refused_before_anything_is_read(home: Path) -> None:
    assert isinstance(CliRunner().invoke(report_command, ["--since", "soon"]).exception, UserError)


def test_help_shows_an_example_and_fits() -> None:
    output = CliRunner().invoke(report_command, ["--help"], terminal_width=80).output
    assert "Example: turntoward report --since 2w" in output
    assert max(map(len, FIRST_USE.splitlines())) <= 80
