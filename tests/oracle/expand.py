"""Run by the oracle's own Python: expands calendars by recurring-ical-events. Imports nothing of ours.

Reads one JSON list of `[calendar's text, after, before]` (instants as ISO 8601) from standard input, and writes one of the
answers: for each calendar the instances that overlap `[after, before)`, each as `[wall clock's beginning, begins, ends,
title]`, or the error as text.

With `--events` the instances are those of all calendars in the text, each as `[uid, begins, ends]`; floating times and whole days
are taken as UTC.

With `--time` each calendar is expanded that many times over, and written are the CPU seconds of the quickest round, from
parsed calendars to instances, and how many instances there were: what benchmarks compare with.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any

import recurring_ical_events  # type: ignore[import-not-found, unused-ignore]
from icalendar import Calendar
from icalendar.timezone import tzp


def expand(text: str, after: str, before: str) -> list[list[str]] | str:
    """Return the instances; an instance that was cancelled is recognised by its status, and left out here."""
    try:
        query = recurring_ical_events.of(Calendar.from_ical(text))
        found = query.between(datetime.fromisoformat(after), datetime.fromisoformat(before))
    except Exception as error:  # noqa: BLE001 - the error is the answer
        return f"{type(error).__name__}: {error}"
    return sorted(
        [
            event["DTSTART"].dt.replace(tzinfo=None).isoformat(),
            event["DTSTART"].dt.astimezone(UTC).isoformat(),
            event["DTEND"].dt.astimezone(UTC).isoformat(),
            str(event.get("SUMMARY", "")),
        ]
        for event in found
        if event.get("STATUS") != "CANCELLED"
    )


def expand_events(text: str, after: str, before: str) -> list[list[str]] | str:
    """Return the instances of every event with its uid, which are not cancelled."""
    found = []
    tzp.use_zoneinfo()  # forget the zones of the calendar before: they are known by name
    try:
        for calendar in Calendar.from_ical(text, multiple=True):
            query = recurring_ical_events.of(calendar, skip_bad_series=True)
            found += query.between(datetime.fromisoformat(after), datetime.fromisoformat(before))
    except Exception as error:  # noqa: BLE001 - the error is the answer
        return f"{type(error).__name__}: {error}"
    return sorted(
        [str(event.get("UID", "")).strip(), _instant(event["DTSTART"].dt), _instant(event["DTEND"].dt)]
        for event in found
        if event.get("STATUS") != "CANCELLED"
    )


def _instant(at: date) -> str:
    moment = at if isinstance(at, datetime) else datetime.combine(at, clock.min)
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()


def spent(queries: list[list[str]], rounds: int) -> dict[str, Any]:
    """Return what expanding all of them costs, calendars read beforehand."""
    best, count = float("inf"), 0
    for _ in range(rounds):
        read = [(Calendar.from_ical(text), *map(datetime.fromisoformat, span)) for text, *span in queries]
        began = time.process_time()
        count = sum(len(recurring_ical_events.of(of).between(after, before)) for of, after, before in read)
        best = min(best, time.process_time() - began)
    return {"seconds": best, "instances": count}


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if sys.argv[1:2] == ["--time"]:
        json.dump(spent(given, int(sys.argv[2])), sys.stdout)
    else:
        answer = expand_events if sys.argv[1:2] == ["--events"] else expand
        json.dump([answer(*each) for each in given], sys.stdout)
