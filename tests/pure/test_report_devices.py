"""The report of a laptop and phones: one story, each device with what is known of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from click.testing import CliRunner

from detector.cli.history.commands import report_command
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Record
from detector.core.observations import (
    LAPTOP,
    Activity,
    Focused,
    Gap,
    GapReason,
    LaidDown,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PickedUp,
    PutAway,
    SensorStarted,
)
from detector.core.pipeline import Pipeline
from detector.devices import Phone
from detector.paths import rules_dir, store_path
from detector.report.as_text import as_text
from detector.report.summarise import summarise
from detector.report.summary import Device, Summary, as_json
from detector.rulebook.loading import load_rules
from detector.store.store import Store
from rules.policy import PolicySettings

BERLIN = ZoneInfo("Europe/Berlin")
BEGAN = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "report.md"
EVENING = "1@20261123T173000Z"
MINE = Phone(name="my phone", number=1, token="70" * 32)
OLD = Phone(name="old phone", number=2, token="71" * 32)
SOCIAL, MAIL, DESKTOP = (Activity(category=category) for category in ("social", "mail", "desktop"))


def at(minute: float) -> datetime:
    return BEGAN + timedelta(minutes=minute)


def front(minute: float, activity: Activity | None, device: str = MINE.name, *, opened: bool = False) -> Focused:
    return Focused(at=at(minute), device=device, activity=activity, opened=opened)


def sensed(minute: float, device: str) -> list[Observation]:
    return [SensorStarted(at=at(minute), sense="focus", sensor="x", device=device)]


LAPTOP_SENSED: list[Observation] = [
    *sensed(0, LAPTOP),
    SensorStarted(at=at(0), sense="idle", sensor="x"),
    front(0, DESKTOP, LAPTOP),
]


def recorded(*observed: Observation, minutes: float = 90, ended: bool = True) -> list[Record]:
    """Return what the core keeps of an evening in which this was observed."""
    core = Pipeline(rules=(), policy=PolicySettings(), attention=AttentionSettings())
    began = PartnerTimeBegan(at=BEGAN, occurrence=EVENING, title="Evening", ends=at(minutes))
    stream: list[Observation] = [began, *sorted(observed, key=lambda seen: seen.at)]
    stream += [PartnerTimeEnded(at=at(minutes))] if ended else []
    return [effect for seen in stream for effect in core.feed(seen) if isinstance(effect, Record)]


def summary_of(*observed: Observation, phones: Sequence[Phone] = (MINE,), minutes: float = 90) -> Summary:
    store = Store.in_memory()
    store.history.save(recorded(*observed, minutes=minutes))
    return summarise(
        store.history.occurrences(),
        store.history.uses(),
        store.history.moments(),
        store.history.coverage(),
        since=at(-60),
        until=at(600),
        zone=BERLIN,
        rules={},
        phone_events=store.history.observations_by_kind([PickedUp, PutAway]),
        phones=phones,
    )


def device(summary: Summary, name: str = MINE.name) -> Device:
    (found,) = [each for each in summary.devices if each.name == name]
    return found


def test_a_hop_from_one_device_to_another_counts_its_time_once() -> None:
    summary = summary_of(
        *LAPTOP_SENSED,
        front(10, SOCIAL, LAPTOP),
        front(20, DESKTOP, LAPTOP),
        *sensed(0, MINE.name),
        front(15, SOCIAL),
        front(25, DESKTOP),
    )
    assert (device(summary, LAPTOP).used, device(summary).used) == (timedelta(minutes=10), timedelta(minutes=10))
    assert summary.share.distraction == timedelta(minutes=15)
    assert summary.share.presence == timedelta(minutes=75)
    assert (device(summary, LAPTOP).looks, device(summary).looks) == (1, 1)


def test_a_phone_that_sent_nothing_is_unknown_and_not_put_away() -> None:
    summary = summary_of(*LAPTOP_SENSED, front(10, SOCIAL, LAPTOP), front(20, DESKTOP, LAPTOP))
    assert device(summary) == Device(
        name=MINE.name,
        kind="phone",
        paired=True,
        spoke=False,
        lived=timedelta(minutes=90),
        known=timedelta(0),
        used=None,
        looks=None,
        of_unknown_length=None,
        pick_ups=None,
        put_away_first=None,
    )
    text = as_text(summary)
    assert "  my phone: reported nothing, so nothing is known of it.\n" in text
    assert "  laptop: 1 h 30 min of 1 h 30 min known, 1 look, 10 min long in all.\n" in text
    assert "began with a phone put away" not in text


def test_a_phone_has_known_time_pick_ups_and_looks() -> None:
    summary = summary_of(
        *LAPTOP_SENSED,
        *sensed(10, MINE.name),
        PickedUp(at=at(10), device=MINE.name),
        front(10, MAIL),
        LaidDown(at=at(12), device=MINE.name),
        PickedUp(at=at(30), device=MINE.name),
        front(30, DESKTOP),
        front(31, SOCIAL),
        front(33, DESKTOP),
        Gap(at=at(50), since=at(50), sense="focus", reason=GapReason.SENSOR_LOST, device=MINE.name),
    )
    mine = device(summary)
    assert (mine.known, mine.pick_ups, mine.looks, mine.used) == (
        timedelta(minutes=40),
        2,
        2,
        timedelta(minutes=4),
    )
    assert "  my phone: 40 min of 1 h 30 min known, 2 pick-ups, 2 looks, 4 min long in all.\n" in as_text(summary)


def test_an_opening_without_an_end_is_a_look_of_unknown_length() -> None:
    summary = summary_of(
        *LAPTOP_SENSED,
        *sensed(10, MINE.name),
        front(10, SOCIAL, opened=True),
        front(20, SOCIAL, opened=True),
        front(25, None),
    )
    mine = device(summary)
    assert (mine.looks, mine.of_unknown_length, mine.used) == (2, 1, timedelta(minutes=5))
    assert summary.share.distraction == timedelta(minutes=5)
    assert "2 looks, 5 min long in all, 1 of unknown length." in " ".join(as_text(summary).split())


@pytest.mark.parametrize(
    ("observed", "well"),
    [
        ([PutAway(at=at(0), device=MINE.name)], True),
        ([PutAway(at=at(5), device=MINE.name)], True),
        ([PutAway(at=at(5) + timedelta(microseconds=1), device=MINE.name)], False),
        ([front(1, SOCIAL), front(2, DESKTOP), PutAway(at=at(3), device=MINE.name)], False),
        ([front(1, DESKTOP), PutAway(at=at(3), device=MINE.name)], True),
        ([PutAway(at=at(0), device=MINE.name), front(2, SOCIAL), PutAway(at=at(4), device=MINE.name)], True),
        ([front(1, SOCIAL, LAPTOP), front(2, DESKTOP, LAPTOP), PutAway(at=at(3), device=MINE.name)], True),
        ([LaidDown(at=at(1), device=MINE.name)], False),
    ],
)
def test_put_away_first_needs_a_phone_put_away_before_the_first_look(observed: list[Observation], well: bool) -> None:
    summary = summary_of(*LAPTOP_SENSED, *sensed(0, MINE.name), *observed)
    assert summary.put_away_first == device(summary).put_away_first == int(well)
    assert ("1 partner time began with a phone put away." in as_text(summary)) == well


def test_two_phones_put_away_first_count_as_one_partner_time() -> None:
    away: list[Observation] = [PutAway(at=at(1), device=phone.name) for phone in (MINE, OLD)]
    summary = summary_of(*LAPTOP_SENSED, *away, phones=(MINE, OLD))
    assert (summary.put_away_first, device(summary).put_away_first, device(summary, OLD.name).put_away_first) == (
        1,
        1,
        1,
    )


def test_an_unpaired_phone_stays_in_the_report() -> None:
    summary = summary_of(*LAPTOP_SENSED, *sensed(0, OLD.name), front(1, SOCIAL, OLD.name), front(3, DESKTOP, OLD.name))
    assert [each.name for each in summary.devices] == [LAPTOP, MINE.name, OLD.name]
    assert not device(summary, OLD.name).paired
    assert "1 look, 2 min long in all; it is not paired any more." in " ".join(as_text(summary).split())


def test_a_phone_whose_pairing_is_not_finished_is_left_out() -> None:
    waiting = Phone(name="new phone", code="c0" * 32, code_until=at(5))
    assert [each.name for each in summary_of(*LAPTOP_SENSED, phones=(waiting,)).devices] == [LAPTOP]


def test_without_a_phone_the_text_has_no_devices() -> None:
    text = as_text(summary_of(*LAPTOP_SENSED, phones=()))
    assert "Your devices" not in text
    assert "By device" not in text


def test_names_of_forty_characters_fit_the_terminal() -> None:
    long = Phone(name="the very old phone of the summer holiday"[:40], token="70" * 32)
    summary = summary_of(
        *LAPTOP_SENSED,
        *sensed(1, long.name),
        PickedUp(at=at(2), device=long.name),
        front(2, SOCIAL, long.name, opened=True),
        front(3, SOCIAL, long.name, opened=True),
        front(4, DESKTOP, long.name),
        phones=(long,),
    )
    assert max(map(len, as_text(summary).splitlines())) <= 80


def test_json_has_the_devices_with_null_for_unknown() -> None:
    plain = json.loads(
        as_json(summary_of(*LAPTOP_SENSED, *sensed(10, MINE.name), front(12, SOCIAL), phones=(MINE, OLD)))
    )
    laptop, mine, old = plain["devices"]
    assert (laptop["kind"], laptop["pick_ups"], laptop["known_seconds"]) == ("laptop", None, 5400.0)
    assert (mine["name"], mine["spoke"], mine["looks"], mine["lived_seconds"]) == ("my phone", True, 1, 5400.0)
    assert (old["spoke"], old["looks"], old["known_seconds"]) == (False, None, 0.0)
    assert plain["put_away_first"] == 0
    assert plain["format"] == 1


def test_the_command_reports_devices_from_observations_in_the_store(home: object) -> None:
    rules = load_rules(rules_dir()).rules
    core = Pipeline(rules=rules, policy=PolicySettings(), attention=AttentionSettings())
    stream: list[Observation] = [
        PartnerTimeBegan(at=BEGAN, occurrence=EVENING, title="Evening", ends=at(90)),
        *LAPTOP_SENSED,
        PutAway(at=at(1), device=MINE.name),
        *sensed(20, MINE.name),
        PickedUp(at=at(20), device=MINE.name),
        front(20, SOCIAL),
        front(24, DESKTOP),
        front(70, SOCIAL, LAPTOP),
        front(76, DESKTOP, LAPTOP),
    ]
    with Store.open(store_path()) as store:
        for phone in (MINE, OLD):
            store.phones.save(Phone(name=phone.name, token=phone.token))
        store.history.save([each for seen in stream for each in core.feed(seen) if isinstance(each, Record)])
    with time_machine.travel(at(80), tick=False):
        output = CliRunner().invoke(report_command, []).output
        plain = json.loads(CliRunner().invoke(report_command, ["--json"]).output)
    assert "my phone: " in output
    assert "1 pick-up, 1 look, 4 min long in all." in " ".join(output.split())
    by_device = output[output.index("By device") :].split("\n\n", maxsplit=1)[0].splitlines()
    assert [line[:23].split() for line in by_device[1:]] == [["on", "this", "laptop"], ["on", "my", "phone"]]
    assert "old phone: reported nothing, so nothing is known of it." in output
    assert "1 partner time began with a phone put away." in output
    assert [each["name"] for each in plain["devices"]] == ["laptop", "my phone", "old phone"]


def test_docs_show_the_devices_as_the_report_writes_them() -> None:
    summary = summary_of(
        *LAPTOP_SENSED,
        front(10, SOCIAL, LAPTOP),
        front(20, DESKTOP, LAPTOP),
        PutAway(at=at(0), device=MINE.name),
        *sensed(10, MINE.name),
        PickedUp(at=at(10), device=MINE.name),
        front(10, MAIL),
        LaidDown(at=at(12), device=MINE.name),
        PickedUp(at=at(30), device=MINE.name),
        front(30, DESKTOP),
        front(31, SOCIAL, opened=True),
        front(35, SOCIAL, opened=True),
        front(37, DESKTOP),
        Gap(at=at(50), since=at(50), sense="focus", reason=GapReason.SENSOR_LOST, device=MINE.name),
        phones=(MINE, OLD),
    )
    text = as_text(summary)
    said = text[text.index("Your devices") :].split("\n\n", maxsplit=1)[0]
    assert f"```text\n{said}\n```" in PAGE.read_text(encoding="utf-8")
