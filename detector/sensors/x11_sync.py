"""X's SYNC extension, as far as idleness needs it: the server's IDLETIME counter, and alarms on it.

python-xlib 0.33 does not know the extension; the requests follow the "X Synchronization Extension Protocol", version
3.1, §§ "Encoding" of ListSystemCounters, QueryCounter, CreateAlarm, DestroyAlarm and AlarmNotify.

Invariant 1: the server counts; while nothing happens nothing is sent.
"""

# python-xlib has no annotations.
# mypy: disallow-untyped-calls=False

import struct
from datetime import timedelta
from typing import Any, Final

from Xlib.protocol import rq

from detector.errors import SensorUnavailable
from detector.i18n import _

EXTENSION: Final = "SYNC"
COUNTER: Final = b"IDLETIME"
ALARM_NOTIFY: Final = 1
ABSOLUTE: Final = 0
RISES: Final = 0
FALLS: Final = 1
ALL_ATTRIBUTES: Final = 0b111111
"""All six attributes of an alarm are given: counter, type of value, value, test, delta, events."""


def _request_fields(opcode: int, *fields: Any) -> Any:
    return rq.Struct(rq.Card8("opcode"), rq.Opcode(opcode), rq.RequestLength(), *fields)


def _reply_fields(*fields: Any) -> Any:
    return rq.Struct(rq.ReplyCode(), rq.Pad(1), rq.Card16("sequence_number"), rq.ReplyLength(), *fields)


class _Initialize(rq.ReplyRequest):
    _request = _request_fields(0, rq.Card8("major"), rq.Card8("minor"), rq.Pad(2))
    _reply = _reply_fields(rq.Card8("major"), rq.Card8("minor"), rq.Pad(22))


class _ListSystemCounters(rq.ReplyRequest):
    _request = _request_fields(1)
    # The list is parsed by `_counters`: rq has no type for entries with a padded name of their own.
    _reply = _reply_fields(rq.Card32("count"), rq.Pad(20), rq.Binary("counters", pad=0))


class _QueryCounter(rq.ReplyRequest):
    _request = _request_fields(5, rq.Card32("counter"))
    _reply = _reply_fields(rq.Int32("high"), rq.Card32("low"), rq.Pad(16))


class _CreateAlarm(rq.Request):
    _request = _request_fields(
        8,
        *(rq.Card32(name) for name in ("alarm", "mask", "counter", "value_type")),
        rq.Int32("high"),
        rq.Card32("low"),
        rq.Card32("test"),
        rq.Int32("delta_high"),
        rq.Card32("delta_low"),
        rq.Card32("events"),
    )


class _DestroyAlarm(rq.Request):
    _request = _request_fields(11, rq.Card32("alarm"))


class AlarmNotify(rq.Event):
    """The alarm with the id `alarm` went off; `high` and `low` are the counter's value then, in milliseconds."""

    _code = None
    _fields = rq.Struct(
        rq.Card8("type"),
        rq.Card8("kind"),
        rq.Card16("sequence_number"),
        rq.Card32("alarm"),
        rq.Int32("high"),
        rq.Card32("low"),
        rq.Int32("alarm_high"),
        rq.Card32("alarm_low"),
        rq.Card32("timestamp"),
        rq.Card8("state"),
        rq.Pad(3),
    )


class IdleCounter:
    """The X server's own count of the time since the last input of any kind, and alarms on it."""

    def __init__(self, display: Any) -> None:
        """Find the counter. Raises `SensorUnavailable` where the server has none."""
        extension = display.query_extension(EXTENSION)
        if extension is None or not extension.present:
            raise SensorUnavailable(_("the X server has no SYNC extension"))
        self._display = display
        self._opcode = extension.major_opcode
        self._event = extension.first_event + ALARM_NOTIFY
        _Initialize(display=display.display, opcode=self._opcode, major=3, minor=1)
        listed = _ListSystemCounters(display=display.display, opcode=self._opcode)
        counters = _counters(bytes(listed.counters), listed.count)
        if COUNTER not in counters:
            raise SensorUnavailable(_("the X server's SYNC extension does not count idle time"))
        self._counter = counters[COUNTER]
        # Without this python-xlib would return the event without its fields.
        display.extension_add_event(self._event, AlarmNotify, "SyncAlarmNotify")

    def read(self) -> timedelta:
        reply = _QueryCounter(display=self._display.display, opcode=self._opcode, counter=self._counter)
        return _length(reply.high, reply.low)

    def alarm(self, at: timedelta, *, test: int) -> int:
        """Set an alarm for each time the counter passes `at` upwards (`RISES`) or downwards (`FALLS`); return its id.

        It stays set, and does not go off for what is already so.
        """
        connection = self._display.display
        name: int = connection.allocate_resource_id()
        # 64 bits, in two halves: `low` alone lasts for 49 days.
        value = {"value_type": ABSOLUTE, "high": 0, "low": at // timedelta(milliseconds=1), "test": test}
        # With a delta of 0 the alarm's value stays as it is after it went off.
        rest = {"delta_high": 0, "delta_low": 0, "events": 1, "mask": ALL_ATTRIBUTES}
        _CreateAlarm(display=connection, opcode=self._opcode, alarm=name, counter=self._counter, **value, **rest)
        return name

    def remove(self, alarm: int) -> None:
        _DestroyAlarm(display=self._display.display, opcode=self._opcode, alarm=alarm)
        self._display.display.free_resource_id(alarm)

    def alarm_of(self, event: Any) -> int | None:
        return event.alarm if event.type == self._event else None

    @staticmethod
    def value_at(event: Any) -> timedelta:
        return _length(event.high, event.low)


def _length(high: int, low: int) -> timedelta:
    return timedelta(milliseconds=(high << 32) | low)


def _counters(listed: bytes, count: int) -> dict[bytes, int]:
    counters: dict[bytes, int] = {}
    at = 0
    for _index in range(count):
        counter, _resolution_high, _resolution_low, length = struct.unpack_from("=IiIH", listed, at)
        counters[listed[at + 14 : at + 14 + length]] = counter
        # Each entry is padded as a whole, name and fields together, to a multiple of four.
        at += (14 + length + 3) & ~3
    return counters
