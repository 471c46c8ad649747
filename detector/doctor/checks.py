"""What `doctor` finds out: what can be sensed here, who can speak, what is kept, and what is wrong with the files.

Rule 1: every sensor and notifier is asked as the daemon asks it; nothing is shown, sensed or changed.
Rule 2: what is found of phones stands in `examine_phones`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.clock import Clock
from detector.config.read import read_settings
from detector.config.settings import Settings
from detector.control.lock import running_pid, running_status
from detector.control.session_owner import require_session_owner
from detector.control.systemd_unit import is_ours, unit_path
from detector.core.attention.time_split import split_time
from detector.core.observations import Sense
from detector.devices import Phone, PhoneApiAddress
from detector.doctor.calendars import CalendarFound, find_calendars
from detector.doctor.dnd import DndFindings, find_dnd
from detector.doctor.phones import (
    DeviceKnown,
    PhoneApiFound,
    PhoneFound,
    find_phone_api,
    find_phones,
    known_of,
    spoken,
    unexpected,
)
from detector.errors import StoreError, TurntowardError, UserError
from detector.notifier import make_notifiers
from detector.notifier.chain import NotifierChain
from detector.partner_time.proposals import Calendar
from detector.paths import config_path, rules_dir, store_path
from detector.report.unfinished import measure_unfinished
from detector.rulebook.loading import load_rules
from detector.rulebook.unusable import asleep
from detector.sensors import SENSES, SessionType, UnavailableSensor, first_available, session_type
from detector.store.errors import StoreMissing
from detector.store.store import Store
from rules.model import Rule

LATELY = timedelta(days=7)
"""How far `coverage` looks back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """One sense: the sensor that would speak for it, or None, and why the others would not."""

    sense: Sense
    sensor: str | None
    refusals: tuple[UnavailableSensor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One notifier: whether it can speak now, and what there is to say of it."""

    name: str
    usable: bool
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How much of a partner time was known."""

    began: datetime
    lasted: timedelta
    known: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that `doctor` says.

    `asleep`: why rules sleep that can never hold with what is sensed here, by their codes.
    `listening`: the sockets on which the daemon listens to the network; `unexpected`: those that are not the door.
    """

    session: SessionType
    pid: int | None
    service: str | None
    senses: tuple[Sensed, ...]
    speakers: tuple[Speaker, ...]
    store: str
    store_problem: str | None
    coverage: tuple[Covered, ...]
    config: str
    rules: int
    asleep: Mapping[str, str]
    problems: tuple[str, ...]
    listening: tuple[str, ...]
    unexpected: tuple[str, ...]
    door: PhoneApiFound | None
    phones: tuple[PhoneFound, ...]
    devices: tuple[DeviceKnown, ...]
    calendars: tuple[CalendarFound, ...]
    quiet: DndFindings


async def examine(clock: Clock) -> Findings:
    """Find everything out; takes seconds at most, changes nothing."""
    settings, problems = _settings()
    in_force = load_rules(rules_dir())
    problems += [str(problem) for problem in in_force.problems]
    try:
        require_session_owner()
    except TurntowardError as wrong:
        problems.append(str(wrong))
    session = session_type()
    senses = await _senses(clock, settings, session)
    speakers, wrong_names = await _speakers(settings)
    problems += wrong_names
    kept = _kept(clock.now())
    pid, unit = running_pid(), unit_path()
    listening = _listening(pid)
    door = find_phone_api(kept.door, kept.phones, clock.now(), running_status() if pid is not None else None)
    return Findings(
        session=session,
        pid=pid,
        service=str(unit) if is_ours(unit) else None,
        senses=senses,
        speakers=speakers,
        store=str(store_path()),
        store_problem=kept.problem,
        coverage=kept.coverage,
        config=str(config_path()),
        rules=len(in_force.rules),
        asleep=asleep(in_force.rules, _sensed(senses, kept.phones)),
        problems=tuple(problems),
        listening=tuple(spoken(*each) for each in listening),
        unexpected=unexpected(listening, kept.door, door),
        door=door,
        phones=await find_phones(kept.phones, clock, settings.sources.adb),
        devices=kept.devices,
        calendars=find_calendars(kept.calendars),
        quiet=await find_dnd(settings.quiet, declared=kept.quiet),
    )


async def asleep_here(rules: Sequence[Rule], clock: Clock) -> Mapping[str, str]:
    """Return why rules sleep on this machine and with the phones that are paired, by their codes."""
    settings, _ = _settings()
    senses = await _senses(clock, settings, session_type())
    return asleep(rules, _sensed(senses, _kept(clock.now()).phones))


async def _senses(clock: Clock, settings: Settings, session: SessionType) -> tuple[Sensed, ...]:
    senses = []
    for sense in SENSES:
        sensor, refusals = await first_available(sense, clock, settings.attention, session, settings.sources)
        senses.append(Sensed(sense=sense, sensor=sensor.name if sensor else None, refusals=tuple(refusals)))
    return tuple(senses)


def _sensed(senses: Sequence[Sensed], phones: Sequence[Phone]) -> dict[str, set[Sense]]:
    """Return which senses speak, by the kind of device; a phone that is paired tells what is in front."""
    found: dict[str, set[Sense]] = {"laptop": {each.sense for each in senses if each.sensor is not None}}
    if any(phone.token is not None or phone.adb is not None for phone in phones):
        found["phone"] = {"focus"}
    return found


def _settings() -> tuple[Settings, list[str]]:
    try:
        return read_settings(config_path()), []
    except UserError as wrong:
        return Settings(), [str(problem) for problem in wrong.problems]


async def _speakers(settings: Settings) -> tuple[tuple[Speaker, ...], Sequence[str]]:
    try:
        chain, wrong = NotifierChain(make_notifiers(settings.notifications.only)), []
    except UserError as unknown:
        chain, wrong = NotifierChain(make_notifiers()), [str(problem) for problem in unknown.problems]
    try:
        found = await chain.probe_all()
    finally:
        await chain.close()
    return tuple(Speaker(name=name, usable=usable, remark=remark) for name, usable, remark in found), wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What the store tells; `problem`: why it cannot."""

    coverage: tuple[Covered, ...] = ()
    phones: tuple[Phone, ...] = ()
    devices: tuple[DeviceKnown, ...] = ()
    door: PhoneApiAddress | None = None
    calendars: tuple[Calendar, ...] = ()
    quiet: bool = False
    problem: str | None = None


def _kept(now: datetime) -> _Kept:
    try:
        with Store.open(store_path(), read_only=True) as store:
            occurrences = store.history.occurrences(since=now - LATELY)
            stretches = store.history.coverage(since=now - LATELY)
            for each in occurrences:
                if each.ended is None:  # coverage is kept whole only once partner time ends
                    stretches += measure_unfinished(each, store.history.observations(each.id))[1]
            phones, place = store.phones.all(), store.phones.api_address()
            calendars = store.calendars.all()
            quiet = any(declared.quiet for declared in store.plans.partner_times())
    except StoreMissing:
        return _Kept()
    except StoreError as wrong:
        return _Kept(problem=str(wrong))
    found: list[Covered] = []
    for kept in occurrences:
        own = [each.coverage for each in stretches if each.occurrence == kept.id]
        share = split_time((), own, kept.began, max(kept.began, kept.ended or min(kept.ends, now))).share
        found.append(Covered(began=kept.began, lasted=share.lasted, known=share.known))
    return _Kept(
        coverage=tuple(found),
        phones=tuple(phones),
        door=place,
        calendars=tuple(calendars),
        quiet=quiet,
        devices=known_of(phones, occurrences, stretches, now),
    )


def _listening(pid: int | None) -> tuple[tuple[str, int], ...]:
    if pid is None:
        return ()
    import psutil  # noqa: PLC0415 - only where there is a daemon to look at

    try:
        connections = psutil.Process(pid).net_connections("inet")
    except psutil.Error:
        return ()
    return tuple((each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN)
