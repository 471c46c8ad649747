"""Divide an occurrence into presence, distraction and unknown time.

Invariant 1: the three lengths add up to the occurrence's own, exactly.
Invariant 2: time is known if at least one device was covered; uses that overlap on two devices count once.
Invariant 3: time with a page in front that no entry names is unknown, unless another device was distracting meanwhile.
Invariant 4: a use with an untrusted end counts only while its own device was covered.
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
    """The lengths of presence, distraction and unknown time."""

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
    """An occurrence divided into stretches, each list in order and without overlaps; time in no stretch is unknown.

    `unknown_pages`: the part of the unknown time with a page in front that no entry names.
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
    """Divide `[begins, ends)` into stretches of presence and of distraction.

    Distraction: uses of distracting categories (`rules.features.DISTRACTING`) on any device. Presence: known time without
    distraction and without uses of `rules.features.UNKNOWN`. A use with a trusted end is known even without coverage.
    """
    reported: dict[str, list[Stretch]] = {}
    for stretch in coverage:
        reported.setdefault(stretch.device, []).extend(_clipped(stretch.began, stretch.ended, begins, ends))
    # By device (invariant 4).
    covered = {device: merged(stretches) for device, stretches in reported.items()}
    distracting: list[Stretch] = []
    pages: list[Stretch] = []
    for use in uses:
        if use.activity.category == UNKNOWN:
            pages += _clipped(use.began, use.ended or ends, begins, ends)
        if use.activity.category not in DISTRACTING:
            continue
        used = _clipped(use.began, use.ended or ends, begins, ends)
        if use.trusted and use.ended is not None:
            distracting += used
        else:
            distracting += intersection(used, covered.get(use.device, []))
    distracted = merged(distracting)
    # Of all devices together (invariant 2).
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
    """Return the stretches in order; those that overlap or touch are joined."""
    joined: list[Stretch] = []
    for begins, ends in sorted(stretches):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return joined


def intersection(some: list[Stretch], others: list[Stretch]) -> list[Stretch]:
    """Return what lies in both lists; each is in order and without overlaps."""
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
    """Return what lies in the first list and not in the second; each is in order and without overlaps."""
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
