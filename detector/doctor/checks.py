"""Find out for `doctor` what can be sensed here, which notifiers work, what is stored, and what is wrong with the files.

Invariant 1: every sensor and notifier is probed as the daemon probes it; nothing is shown, sensed or changed.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import psutil

from detector.clock import Clock
from detector.config.read import read_settings
from detector.config.settings import Settings
from detector.control.lock import LockUnusable, find_daemon, format_other_files
from detector.control.session_owner import require_session_owner
from detector.control.systemd_unit import is_own_unit, unit_path
from detector.core.observations import Sense
from detector.dbus import DAEMON, Bus, BusError
from detector.devices import Phone, PhoneApiAddress
from detector.doctor.calendars import CalendarFound, find_calendars
from detector.doctor.dnd import DndFindings, find_dnd
from detector.doctor.phones import (
    DeviceKnown,
    PhoneApiFound,
    PhoneFound,
    device_coverage,
    find_phone_api,
    find_phones,
    format_socket,
    known_share,
    read_status,
    unexpected_sockets,
)
from detector.errors import StoreError, TurntowardError, UserError
from detector.i18n import _
from detector.notifier import make_notifiers
from detector.notifier.chain import NotifierChain
from detector.paths import config_path, rules_dir, store_path
from detector.report.unfinished import measure_unfinished
from detector.rulebook.loading import load_rules
from detector.rulebook.unusable import unusable_rules
from detector.sensors import SENSES, SensorRefusal, SessionType, first_available, session_type
from detector.store.errors import StoreMissing
from detector.store.model import Calendar
from detector.store.store import Store
from rules.model import Rule

_BUS_VARIABLES: Final = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
"""By these the notifiers find the session bus."""
PRINTS: Final = _("prints a line in the daemon's terminal, and cannot be answered")

LOOK_BACK: Final = timedelta(days=7)
"""Of how many days the coverage is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseFound:
    """One sense: the sensor that the daemon would run, or None, and why the others cannot run."""

    sense: Sense
    sensor: str | None
    refusals: tuple[SensorRefusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierFound:
    """One notifier: whether it can be used now, and why not, or what it can do."""

    name: str
    usable: bool
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFound:
    """How much of an occurrence is known."""

    began: datetime
    lasted: timedelta
    known: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that `doctor` reports. The names of the fields are those of `doctor --json`, where `field` gives no other.

    `files`: those that the running daemon uses, see `RunningDaemon`.
    `unusable_rules`: the rules that can never hold with what is sensed here, by their codes, and why.
    `not_shown`: why nothing is sensed in the partner time under way, where its start could not be shown.
    `listening`: the sockets on which the daemon listens to the network; `unexpected`: those that are not the phone API's.
    """

    session: SessionType
    pid: int | None
    files: Mapping[str, str]
    service: str | None
    senses: tuple[SenseFound, ...]
    notifiers: tuple[NotifierFound, ...] = field(metadata={"json": "speakers"})
    store: str
    store_problem: str | None
    coverage: tuple[CoverageFound, ...]
    config: str
    rules: int
    unusable_rules: Mapping[str, str] = field(metadata={"json": "asleep"})
    problems: tuple[str, ...]
    listening: tuple[str, ...]
    unexpected: tuple[str, ...]
    phone_api: PhoneApiFound | None = field(metadata={"json": "door"})
    phones: tuple[PhoneFound, ...]
    devices: tuple[DeviceKnown, ...]
    calendars: tuple[CalendarFound, ...]
    dnd: DndFindings = field(metadata={"json": "quiet"})
    has_screen: bool = True
    not_shown: str | None = None


async def examine(clock: Clock) -> Findings:
    """Find everything out; takes seconds at most, changes nothing."""
    settings, problems = _settings()
    rulebook = load_rules(rules_dir())
    problems += [str(problem) for problem in rulebook.problems]
    # A session of another user is reported beside the rest, which may show why.
    try:
        require_session_owner()
    except TurntowardError as wrong:
        problems.append(str(wrong))
    session = session_type()
    stored = _read_store(clock.now())
    # The process first: its sockets are compared with the status that the same process wrote.
    try:
        daemon = find_daemon()
    except LockUnusable as wrong:
        daemon = None
        problems.append(str(wrong))
    pid, unit = daemon.pid if daemon else None, unit_path()
    problems += format_other_files(daemon.other_files()) if daemon else []
    on_bus = await _process_on_bus()
    if on_bus not in (None, pid):
        text = _(
            "Another turntoward runs in this session (process {pid}), with folders of its own. `kill {pid}` ends it."
        )
        problems.append(text.format(pid=on_bus))
    listening = _listening_sockets(pid)
    status = daemon.status if daemon else None
    notifiers = await _notifiers(settings, pid)
    senses = await _senses(clock, settings, session) if settings.notifications.screen else ()
    phone_api = find_phone_api(stored.phone_api, stored.phones, clock.now(), status)
    return Findings(
        session=session,
        pid=pid,
        files=daemon.files if daemon else {},
        service=str(unit) if is_own_unit(unit) else None,
        senses=senses,
        notifiers=notifiers,
        store=str(store_path()),
        store_problem=stored.problem,
        coverage=stored.coverage,
        config=str(config_path()),
        rules=len(rulebook.rules),
        unusable_rules=unusable_rules(rulebook.rules, _senses_by_kind(senses, stored.phones)),
        problems=tuple(problems),
        listening=tuple(format_socket(*socket) for socket in listening),
        unexpected=unexpected_sockets(listening, stored.phone_api, phone_api),
        phone_api=phone_api,
        phones=await find_phones(stored.phones, clock, settings.sources.adb),
        devices=stored.devices,
        calendars=find_calendars(stored.calendars, clock.now()),
        dnd=await find_dnd(settings.quiet, declared=stored.wants_dnd),
        has_screen=settings.notifications.screen,
        not_shown=_why_nothing_is_sensed(status),
    )


async def unusable_here(rules: Sequence[Rule], clock: Clock) -> Mapping[str, str]:
    """Return the rules that can never hold on this machine and with the paired phones, by their codes, and why."""
    settings, _problems = _settings()
    senses = await _senses(clock, settings, session_type())
    return unusable_rules(rules, _senses_by_kind(senses, _read_store(clock.now()).phones))


async def _senses(clock: Clock, settings: Settings, session: SessionType) -> tuple[SenseFound, ...]:
    senses = []
    for sense in SENSES:
        sensor, refusals = await first_available(sense, clock, settings.attention, session, settings.sources)
        senses.append(SenseFound(sense=sense, sensor=sensor.name if sensor else None, refusals=tuple(refusals)))
    return tuple(senses)


def _senses_by_kind(senses: Sequence[SenseFound], phones: Sequence[Phone]) -> dict[str, set[Sense]]:
    # Return the senses that are sensed, by the kind of device; a paired phone reports what is in front.
    by_kind: dict[str, set[Sense]] = {"laptop": {found.sense for found in senses if found.sensor is not None}}
    if any(phone.is_paired for phone in phones):
        by_kind["phone"] = {"focus"}
    return by_kind


async def _process_on_bus() -> int | None:
    try:
        async with await Bus.connect() as bus:
            return await bus.process_of(DAEMON)
    except BusError:
        return None


def _settings() -> tuple[Settings, list[str]]:
    try:
        return read_settings(config_path()), []
    except UserError as wrong:
        return Settings(), [str(problem) for problem in wrong.problems]


async def _notifiers(settings: Settings, pid: int | None) -> tuple[NotifierFound, ...]:
    # The daemon's own bus and output count, not those of the terminal in which `doctor` was typed.
    own = {name: os.environ.get(name) for name in _BUS_VARIABLES}
    daemon_environment = _daemon_environment(pid)
    _set_environment({name: daemon_environment.get(name) for name in _BUS_VARIABLES})
    try:
        chain = NotifierChain(make_notifiers(), settings.notifications.only)
        probed = await chain.probe_all()
        await chain.close()
    finally:
        _set_environment(own)
    why_not_printed = _why_not_printed(pid)
    return tuple(
        NotifierFound(name=name, usable=why_not_printed is None, remark=why_not_printed or PRINTS)
        if name == "print"
        else NotifierFound(name=name, usable=usable, remark=remark)
        for name, usable, remark in probed
    )


def _daemon_environment(pid: int | None) -> Mapping[str, str]:
    with suppress(psutil.Error):
        return dict(psutil.Process(pid).environ() if pid else os.environ)
    return os.environ


def _set_environment(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _why_not_printed(pid: int | None) -> str | None:
    if pid is None:
        return _("the daemon does not run; started in a terminal, it prints there")
    try:
        output = str(Path(f"/proc/{pid}/fd/2").readlink())
    except OSError:
        output = ""
    return None if output.startswith(("/dev/pts/", "/dev/tty")) else _("the daemon's output is not a terminal")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What is in the store; `problem`: why it cannot be read."""

    coverage: tuple[CoverageFound, ...] = ()
    phones: tuple[Phone, ...] = ()
    devices: tuple[DeviceKnown, ...] = ()
    phone_api: PhoneApiAddress | None = None
    calendars: tuple[Calendar, ...] = ()
    wants_dnd: bool = False
    problem: str | None = None


def _read_store(now: datetime) -> _Stored:
    try:
        # Read only: `doctor` changes nothing, so it neither creates a store nor migrates an older one.
        with Store.open(store_path(), read_only=True) as store:
            occurrences = store.history.occurrences(since=now - LOOK_BACK)
            coverage = store.history.coverage(since=now - LOOK_BACK)
            for occurrence in occurrences:
                if occurrence.ended is None:  # the store gets the coverage only when partner time ends
                    coverage += measure_unfinished(occurrence, store.history.observations(occurrence.id))[1]
            phones, phone_api = store.phones.all(), store.phones.api_address()
            calendars = store.calendars.all()
            wants_dnd = any(declared.do_not_disturb for declared in store.plans.partner_times())
    except StoreMissing:  # nothing was ever stored, which is no problem
        return _Stored()
    except StoreError as wrong:
        return _Stored(problem=str(wrong))
    coverage_found: list[CoverageFound] = []
    for occurrence in occurrences:
        own = [each.coverage for each in coverage if each.occurrence == occurrence.id]
        share = known_share(occurrence, own, now)
        coverage_found.append(CoverageFound(began=occurrence.began, lasted=share.lasted, known=share.known))
    return _Stored(
        coverage=tuple(coverage_found),
        phones=tuple(phones),
        phone_api=phone_api,
        calendars=tuple(calendars),
        wants_dnd=wants_dnd,
        devices=device_coverage(phones, occurrences, coverage, now),
    )


def _why_nothing_is_sensed(status: str | None) -> str | None:
    content = read_status(status)
    return str(content.get("why_nothing") or "") if content.get("sensing") == "nothing" else None


def _listening_sockets(pid: int | None) -> tuple[tuple[str, int], ...]:
    if pid is None:
        return ()
    # The daemon may end meanwhile, and a hardened kernel may not show its sockets.
    try:
        connections = psutil.Process(pid).net_connections("inet")
    except psutil.Error:
        return ()
    return tuple((socket.laddr.ip, socket.laddr.port) for socket in connections if socket.status == psutil.CONN_LISTEN)
