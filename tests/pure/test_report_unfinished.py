from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from click.testing import CliRunner

from detector.cli.history.commands import report_command
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Coverage, Moment, Record, Use
from detector.core.observations import (
    Activity,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
    WentIdle,
)
from detector.core.pipeline import Pipeline
from detector.paths import store_path
from detector.report.unfinished import measure_unfinished
from detector.store.model import StoredOccurrence
from detector.store.store import Store
from rules.policy import PolicySettings

BEGAN = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
EVENING = "1@20261123T173000Z"


def at(minute: float) -> datetime:
    return BEGAN + timedelta(minutes=minute)


OBSERVED: tuple[Observation, ...] = (
    PartnerTimeBegan(at=BEGAN, occurrence=EVENING, title="Evening", ends=at(90)),
    SensorStarted(at=at(0.1), sense="focus", sensor="x11"),
    SensorStarted(at=at(0.1), sense="idle", sensor="x11"),
    Focused(at=at(0.2), activity=Activity(category="system")),
    Focused(at=at(5), activity=Activity(category="social")),
    InputCounted(at=at(7), scrolls=3),
    WentIdle(at=at(7.5), since=at(7)),
    CameBack(at=at(20)),
    Focused(at=at(22), activity=Activity(category="mail")),
    Gap(at=at(30), since=at(24), reason=GapReason.SUSPEND),
    Focused(at=at(31), activity=Activity(category="work")),
    InputCounted(at=at(40), keys=3),
)


def test_an_unfinished_occurrence_is_measured_as_a_finished_one() -> None:
    core = Pipeline(rules=(), policy=PolicySettings(), attention=AttentionSettings())
    kept = [effect for seen in OBSERVED for effect in core.feed(seen)]
    kept += core.feed(PartnerTimeEnded(at=at(40)))
    whole = [effect.item for effect in kept if isinstance(effect, Record)]
    occurrence = StoredOccurrence(id=EVENING, title="Evening", began=BEGAN, ends=at(90), ended=None, end_reason=None)
    uses, coverage = measure_unfinished(occurrence, OBSERVED)
    last = {use.number: use for use in whole if isinstance(use, Use)}
    assert len(last) == 5
    assert {used.use.number: used.use for used in uses} == last
    assert [covered.coverage for covered in coverage] == [each for each in whole if isinstance(each, Coverage)]
    assert len(coverage) == 2


def test_a_report_during_partner_time_counts_what_was_noticed_so_far(home: Path) -> None:
    moment = Moment(
        number=1,
        occurrence=EVENING,
        rule="S1",
        device="laptop",
        use=2,
        category="social",
        name=None,
        began=at(6),
        decided_at=at(6),
        ended=at(7),
        decided="nudged",
        reason=None,
        evidence=(),
    )
    with Store.open(store_path()) as store:
        store.history.save([Record(occurrence=EVENING, item=what) for what in (*OBSERVED, moment)])
    with time_machine.travel(at(41), tick=False):
        output = CliRunner().invoke(report_command, [])
    text = " ".join(output.output.split())
    assert "For 18 min no screen took you away" in text
    assert "1 partner time, 40 min in all; 82 % of it is known." in text
    assert "1 is still under way." in text
    assert "Moments: 1" in text
    assert "1 not known yet" in text
