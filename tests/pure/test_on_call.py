"""The tag #oncall in the title of partner time; what follows from it never needs the title again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO

import pytest

from detector.clock import ManualClock
from detector.core.observations import GapReason, Observation, PartnerTimeBegan
from detector.daemon.session import Session
from detector.partner_time.model import Occurrence, is_on_call
from detector.store.forget_interval import Interval, cut_occurrence
from detector.store.model import StoredOccurrence
from detector.store.recordings import read_recording, write_recording
from tests.rig.day import inbox_of_others

BEGINS = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
ENDS = BEGINS + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Dinner #oncall", True),
        ("#OnCall", True),
        ("Dinner, #oncall tonight", True),
        ("Dinner", False),
        ("Dinner oncall", False),
        ("Dinner #oncalled", False),
    ],
)
def test_the_tag_counts_only_as_a_word_of_its_own(title: str, *, expected: bool) -> None:
    assert is_on_call(title) is expected


class Silent:
    """A core that does nothing but remember, with sensors and an effect runner that do nothing."""

    now: datetime | None = None
    deadline: datetime | None = None

    def __init__(self) -> None:
        self.fed: list[Observation] = []

    async def announce(self, start: object, *, stays: bool) -> tuple[bool, datetime]:
        """Say that it was shown."""
        return True, BEGINS

    async def start_presence_only(self, *, with_phones: bool) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def feed(self, seen: Observation) -> tuple[()]:
        self.fed.append(seen)
        return ()

    def run(self, effects: object) -> None:
        """Do nothing."""

    async def start(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(("title", "on_call"), [("Dinner #oncall", True), ("Dinner", False)])
async def test_partner_time_began_carries_on_call(title: str, *, on_call: bool) -> None:
    silent = Silent()
    occurrence = Occurrence(id="1@x", partner_time=1, title=title, begins=BEGINS, ends=ENDS, zone="UTC")
    clock = ManualClock(BEGINS)
    inbox = inbox_of_others(clock, asyncio.Event())
    under_way = Session(
        occurrence=occurrence,
        stored_id="1@x",
        core=silent,
        inbox=inbox,
        sensors=silent,
        effect_runner=silent,  # type: ignore[arg-type]
        why_not_shown=str,
        status_changed=lambda: None,
    )
    await under_way.begin(BEGINS, BEGINS, GapReason.RESTART)
    (began,) = silent.fed
    assert isinstance(began, PartnerTimeBegan)
    assert began.on_call is on_call


def test_on_call_survives_forgetting_the_start_and_a_recording_without_the_title() -> None:
    kept = StoredOccurrence(id="1@x", title="Dinner #oncall", began=BEGINS, ends=ENDS, ended=None, end_reason=None)
    now = BEGINS + timedelta(minutes=30)
    again = cut_occurrence(kept, ["laptop"], Interval(since=BEGINS, until=now)).instead[0]
    assert isinstance(again, PartnerTimeBegan)
    assert again.on_call
    written = StringIO()
    write_recording(written, [again])
    (read,) = read_recording(BytesIO(written.getvalue().encode()), "test")
    assert isinstance(read, PartnerTimeBegan)
    assert read.on_call
    assert "#oncall" not in read.title
