"""How an occurrence divides into presence, distraction and what is not known.

Invariant 1: the three lengths add up to the occurrence's own, exactly.
Invariant 2: time is known where the sensors of at least one device reported; uses that overlap on two devices count once.
Invariant 3: while a page that no entry names is in front, the time is unknown, unless another device was distracting meanwhile.
Invariant 4: where the end of a use is only bounded, it counts no further than the sensors of its own device reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from detector.core.effects import Coverage, Use
from rules.features import DISTRACTING, UNKNOWN

Stretch: TypeAlias = tuple[datetime, datetime]
"""A half-open interval `[begins, ends)`, never empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTotals:
    """How long presence, distraction and the unknown lasted. `known` is the first two together."""

    presence: timedelta = timedelta(0)
    distraction: timedelta = timedelta(0)
    unknown: timedelta = timedelta(0)

    def __add__(self, other: TimeTotals) -> TimeTotals:
        return TimeTotals(
            presence=self.presence + other.presence,
            distraction=self.distraction + other.distraction,
            unknown=self.unknown + other.unknown,
        )

    @property
    def known(self) -> timedelta:
        return self.presence + self.distraction

    @property
    def lasted(self) -> timedelta:
        return self.known + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSplit:
    """An occurrence cut into stretches: each list in order, without overlaps; what lies between them is unknown.

    `unknown_pages`: what part of the unknown went into pages that no entry names.
    """

    begins: datetime
    ends: datetime
    present: tuple[Stretch, ...]
    distracted: tuple[Stretch, ...]
    unknown_pages: tuple[Stretch, ...] = ()

    @property
    def totals(self) -> TimeTotals:
        presence, distraction = total_length(self.present), total_length(self.distracted)
        unknown = max(self.ends - self.begins, timedelta(0)) - presence - distraction
        return TimeTotals(presence=presence, distraction=distraction, unknown=unknown)


def split_time(uses: Iterable[Use], coverage: Iterable[Coverage], begins: datetime, ends: datetime) -> TimeSplit:
    """Cut `[begins, ends)` into stretches of presence and of distraction.

    Distraction: uses of distracting categories (`rules.features.DISTRACTING`) on any device. Presence: what is known,
    less distraction and the uses of `rules.features.UNKNOWN`. A use whose end is known is known time by itself, even where a sensor lost its coverage.
    """
    reported: dict[str, list[Stretch]] = {}
    for stretch in coverage:
        reported.setdefault(stretch.device, []).extend(_clipped(stretch.began, stretch.ended, begins, ends))
    # By device: the bounded use of one device gains nothing from the coverage of another.
    covered = {device: merged(stretches) for device, stretches in reported.items()}
    found: list[Stretch] = []
    pages: list[Stretch] = []
    for use in uses:
        if use.activity.category == UNKNOWN:
            pages += _clipped(use.began, use.ended or ends, begins, ends)
        if use.activity.category not in DISTRACTING:
            continue
        used = _clipped(use.began, use.ended or ends, begins, ends)
        if use.trusted and use.ended is not None:
            found += used
        else:
            found += intersection(used, covered.get(use.device, []))
    distracted = merged(found)
    # Of all devices together: one that reports makes the time known.
    known = merged(stretch for stretches in covered.values() for stretch in stretches)
    unknown_pages = difference(merged(pages), distracted)
    return TimeSplit(
        begins=begins,
        ends=ends,
        present=tuple(difference(known, merged([*distracted, *unknown_pages]))),
        distracted=tuple(distracted),
        unknown_pages=tuple(unknown_pages),
    )


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the stretches in order, those that overlap or touch made one."""
    whole: list[Stretch] = []
    for begins, ends in sorted(stretches):
        if whole and begins <= whole[-1][1]:
            if ends > whole[-1][1]:
                whole[-1] = (whole[-1][0], ends)
        else:
            whole.append((begins, ends))
    return whole


def intersection(some: list[Stretch], others: list[Stretch]) -> list[Stretch]:
    """Return what lies in both; each list in order and without overlaps."""
    found: list[Stretch] = []
    one = other = 0
    while one < len(some) and other < len(others):
        begins, ends = max(some[one][0], others[other][0]), min(some[one][1], others[other][1])
        if begins < ends:
            found.append((begins, ends))
        if some[one][1] <= others[other][1]:
            one += 1
        else:
            other += 1
    return found


def difference(some: list[Stretch], others: list[Stretch]) -> list[Stretch]:
    """Return what lies in the first and not in the second; each list in order and without overlaps."""
    found: list[Stretch] = []
    first = 0
    for begins, ends in some:
        since = begins
        while first < len(others) and others[first][1] <= since:
            first += 1
        position = first
        while position < len(others) and others[position][0] < ends:
            if others[position][0] > since:
                found.append((since, others[position][0]))
            since = others[position][1]
            position += 1
        if since < ends:
            found.append((since, ends))
    return found


def _clipped(began: datetime, ended: datetime, begins: datetime, ends: datetime) -> list[Stretch]:
    began, ended = max(began, begins), min(ended, ends)
    return [(began, ended)] if began < ended else []


def total_length(stretches: Iterable[Stretch]) -> timedelta:
    return sum((ends - begins for begins, ends in stretches), timedelta(0))
