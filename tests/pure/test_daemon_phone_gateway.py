"""The phone gateway passes events on, remembers phones that were put away, and runs the page's requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.core.effects import Record
from detector.core.observations import Activity, Gap, GapReason, PartnerTimeBegan, PickedUp
from detector.daemon.phone_gateway import MAX_EARLY, DaemonPhoneGateway
from detector.daemon.phone_tracker import PhoneTracker
from detector.devices import Phone, needs_phone_api
from detector.partner_time.model import partner_time_from_now
from detector.partner_time.schedule import OccurrenceOverrides, Schedule
from detector.phone_api.model import PhoneEvent
from detector.store.store import Store

AT = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOCIAL = PhoneEvent(event="app_open", category="social")
AWAY = PhoneEvent(event="put_away")


class GatewayRig:
    """A gateway with a store in memory, and partner time as the test wants it."""

    def __init__(self) -> None:
        self.clock = ManualClock(AT)
        self.store = Store.in_memory()
        self.put: list[object] = []
        self.tracker: PhoneTracker | None = None
        self.changes = 0
        self.gateway = DaemonPhoneGateway(
            store=self.store, clock=self.clock, tracker=lambda: self.tracker, changed=self.changed
        )
        self.phone = self.store.phones.save(Phone(name="my phone", code="c" * 64, code_until=AT + 5 * MINUTE))
        self.gateway.reload_phones()

    def changed(self) -> None:
        self.changes += 1

    def start_session(self) -> None:
        self.tracker = PhoneTracker(
            put=self.put.append,
            clock=self.clock,
            later=lambda _seconds, _call: None,
            classify=lambda app: Activity(category=app.category or "other"),
        )

    def under_way(self) -> datetime | None:
        plan = Schedule(
            self.store.plans.partner_times(),
            OccurrenceOverrides(self.store.plans.ended_early(), self.store.plans.extended()),
        ).at(self.clock.at)
        return plan.current.ends if plan.current else None


@pytest.fixture
def rig() -> GatewayRig:
    return GatewayRig()


async def test_outside_partner_time_events_are_dropped(rig: GatewayRig) -> None:
    assert await rig.gateway.receive(rig.phone, SOCIAL) is None
    rig.start_session()
    assert rig.put == []
    await rig.gateway.receive(rig.phone, SOCIAL)
    assert len(rig.put) == 1


async def test_a_phone_put_away_before_the_start_is_remembered_once(rig: GatewayRig) -> None:
    await rig.gateway.receive(rig.phone, AWAY)
    assert rig.gateway.pop_early_put_aways(AT + 10 * MINUTE) == ("my phone",)
    assert rig.gateway.pop_early_put_aways(AT + 10 * MINUTE) == (), "it is said once"


@pytest.mark.parametrize(
    "later",
    [
        SOCIAL,
        PhoneEvent(event="unlock"),
        PhoneEvent(event="screen_on"),
        PhoneEvent(event="app_close", category="social"),
    ],
)
async def test_any_later_event_means_that_the_phone_is_not_put_away(rig: GatewayRig, later: PhoneEvent) -> None:
    await rig.gateway.receive(rig.phone, AWAY)
    await rig.gateway.receive(rig.phone, later)
    assert rig.gateway.pop_early_put_aways(AT + MINUTE) == ()


async def test_a_notification_leaves_a_phone_put_away(rig: GatewayRig) -> None:
    await rig.gateway.receive(rig.phone, AWAY)
    await rig.gateway.receive(rig.phone, PhoneEvent(event="notified"))
    assert rig.gateway.pop_early_put_aways(AT + MINUTE) == ("my phone",)


async def test_a_phone_put_away_too_early_does_not_count(rig: GatewayRig) -> None:
    await rig.gateway.receive(rig.phone, AWAY)
    assert rig.gateway.pop_early_put_aways(AT + MAX_EARLY + MINUTE) == ()


def test_a_pairing_code_is_claimed_once_and_the_daemon_reconciles(rig: GatewayRig) -> None:
    claimed = rig.gateway.use_pairing_code("c" * 64, "t" * 64)
    assert claimed is not None
    assert claimed.token == "t" * 64
    assert rig.gateway.phones()[0].token == "t" * 64
    assert rig.changes == 1
    assert rig.gateway.use_pairing_code("c" * 64, "u" * 64) is None
    assert rig.gateway.phones()[0].token == "t" * 64
    assert rig.changes == 1


def test_an_expired_pairing_code_is_refused(rig: GatewayRig) -> None:
    rig.clock.at += 5 * MINUTE + timedelta(seconds=1)
    assert rig.gateway.use_pairing_code("c" * 64, "t" * 64) is None


def test_the_page_starts_extends_and_stops_partner_time(rig: GatewayRig) -> None:
    rig.gateway.change_partner_time(rig.phone, "extend", 30 * MINUTE)
    rig.gateway.change_partner_time(rig.phone, "stop", timedelta(0))
    assert rig.under_way() is None, "what cannot be is not done"
    rig.gateway.change_partner_time(rig.phone, "start", 30 * MINUTE)
    assert rig.under_way() == AT + 30 * MINUTE
    rig.gateway.change_partner_time(rig.phone, "start", 60 * MINUTE)
    assert rig.under_way() == AT + 30 * MINUTE, "it is under way already"
    rig.gateway.change_partner_time(rig.phone, "extend", 15 * MINUTE)
    assert rig.under_way() == AT + 45 * MINUTE
    rig.clock.at += MINUTE
    rig.gateway.change_partner_time(rig.phone, "stop", timedelta(0))
    assert rig.under_way() is None
    assert rig.changes == 6


async def test_a_removed_phone_is_forgotten_at_once(rig: GatewayRig) -> None:
    await rig.gateway.receive(rig.phone, AWAY)
    rig.gateway.note_test(rig.phone)
    assert rig.gateway.tested_at == {"my phone": AT}
    rig.gateway.remove(rig.phone)
    assert rig.gateway.phones() == ()
    assert rig.store.phones.all() == []
    assert rig.gateway.tested_at == {}
    assert rig.gateway.pop_early_put_aways(AT) == ()


@pytest.mark.parametrize(
    ("phone", "wanted"),
    [
        (Phone(name="a", token="t" * 64), True),
        (Phone(name="a", code="c" * 64, code_until=AT + MINUTE), True),
        (Phone(name="a", code="c" * 64, code_until=AT), False),
        (Phone(name="a", adb="R58M"), False),
        (Phone(name="a"), False),
    ],
)
def test_the_phone_api_is_needed_while_a_phone_is_paired_or_being_paired(phone: Phone, *, wanted: bool) -> None:
    assert needs_phone_api([phone], AT) is wanted
    assert needs_phone_api([Phone(name="b"), phone], AT) is wanted


def test_without_a_phone_the_phone_api_is_not_needed() -> None:
    assert not needs_phone_api([], AT)


def test_the_overview_has_the_hours_of_a_week_and_what_was_heard_today(rig: GatewayRig) -> None:
    dinner = partner_time_from_now("Dinner", timedelta(hours=2), AT - timedelta(minutes=30))
    rig.store.plans.add(dinner)
    rig.store.plans.add(partner_time_from_now("Later", timedelta(hours=1), AT + timedelta(days=6)))
    rig.store.plans.add(partner_time_from_now("Too late", timedelta(hours=1), AT + timedelta(days=8)))
    began = PartnerTimeBegan(at=dinner.begins.replace(tzinfo=UTC), occurrence="x@1", title="Dinner", ends=AT)
    told = [
        *(PickedUp(at=AT + timedelta(seconds=second), device="my phone") for second in range(3)),
        PickedUp(at=AT, device="old phone"),
        Gap(at=AT, since=AT, device="my phone", reason=GapReason.SILENT),
    ]
    rig.store.history.save([Record(occurrence="x@1", item=one) for one in (began, *told)])
    found = rig.gateway.overview(rig.phone)
    assert found.heard_today == 3
    assert [ends - begins for begins, ends in found.hours] == [timedelta(hours=2), timedelta(hours=1)]
    assert "Dinner" not in repr(found)
    rig.gateway.change_partner_time(rig.phone, "stop", timedelta(0))
    assert [ends - begins for begins, ends in rig.gateway.overview(rig.phone).hours] == [timedelta(hours=1)]
    rig.clock.at += timedelta(days=1)
    assert rig.gateway.overview(rig.phone).heard_today == 0
