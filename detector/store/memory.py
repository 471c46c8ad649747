"""The store in memory: every promise of `model.Keeping` but the one to last. For tests, replays and benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.effects import Coverage, Moment, Record, Use
from detector.observations import Observation, PartnerTimeBegan, PartnerTimeEnded
from detector.partner_time.model import PartnerTime
from detector.store.instants import EPOCH
from detector.store.model import Forgotten, KeptCoverage, KeptOccurrence, KeptUse
from detector.store.plans import refuse_title
from detector.store.stretches import Stretch, admit, cut, over_at, spared_coverage, spared_use, spares_moment


@dataclass(slots=True)
class _Evening:
    kept: KeptOccurrence
    observations: list[Observation] = field(default_factory=list)
    uses: dict[int, Use] = field(default_factory=dict)
    coverage: dict[int, Coverage] = field(default_factory=dict)
    moments: dict[int, Moment] = field(default_factory=dict)


@dataclass(slots=True)
class _Plans:
    last_number: int = 0
    partner_times: dict[int, PartnerTime] = field(default_factory=dict)
    stopped: dict[str, datetime] = field(default_factory=dict)
    paused_until: datetime | None = None
    state: dict[str, str] = field(default_factory=dict)


class MemoryStore:
    """What is kept, as long as the object lives; see `model.Keeping` for what each method promises."""

    def __init__(self) -> None:
        self._evenings: dict[str, _Evening] = {}
        self._plans = _Plans()
        self._forgotten: tuple[Stretch, ...] = ()

    def close(self) -> None:
        """Do nothing: there is no file."""

    def keep_all(self, records: Sequence[Record]) -> None:
        """Keep all of the records or none."""
        admitted, anew = admit(records, self._forgotten, lambda name: name in self._evenings)
        if anew:
            self._forgotten = ()
        for record in admitted:
            self._keep(record)

    def _keep(self, record: Record) -> None:
        what = record.what
        if isinstance(what, PartnerTimeBegan):
            evening = self._evenings.get(record.occurrence)
            began = evening.kept.began if evening else what.at
            kept = KeptOccurrence(
                id=record.occurrence, title=what.title, began=began, ends=what.ends, ended=None, end_reason=None
            )
            if evening:
                evening.kept = kept
            else:
                self._evenings[record.occurrence] = _Evening(kept)
        evening = self._evenings[record.occurrence]
        if isinstance(what, Use):
            evening.uses[what.number] = what
        elif isinstance(what, Coverage):
            evening.coverage[what.number] = what
        elif isinstance(what, Moment):
            evening.moments[what.number] = what
        else:
            evening.observations.append(what)
            if isinstance(what, PartnerTimeEnded):
                evening.kept = replace(evening.kept, ended=what.at, end_reason=what.reason)

    def observations(self, occurrence: str) -> Iterator[Observation]:
        """Yield what was observed in the occurrence."""
        if evening := self._evenings.get(occurrence):
            yield from evening.observations

    def unfinished(self) -> list[KeptOccurrence]:
        """Return the occurrences without an end."""
        return [evening.kept for evening in self._chosen(None, None) if evening.kept.ended is None]

    def occurrences(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptOccurrence]:
        """Return the occurrences."""
        return [evening.kept for evening in self._chosen(since, until)]

    def moments(self, since: datetime | None = None, until: datetime | None = None) -> list[Moment]:
        """Return the moments of these occurrences."""
        found = [moment for evening in self._chosen(since, until) for moment in evening.moments.values()]
        return sorted(found, key=lambda moment: (moment.began, moment.occurrence, moment.number))

    def uses(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptUse]:
        """Return the uses of these occurrences."""
        found = [
            KeptUse(occurrence=evening.kept.id, use=use)
            for evening in self._chosen(since, until)
            for use in evening.uses.values()
        ]
        return sorted(found, key=lambda kept: (kept.use.began, kept.occurrence, kept.use.number))

    def coverage(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptCoverage]:
        """Return the coverage of these occurrences."""
        found = [
            KeptCoverage(occurrence=evening.kept.id, coverage=coverage)
            for evening in self._chosen(since, until)
            for coverage in evening.coverage.values()
        ]
        return sorted(found, key=lambda kept: (kept.coverage.began, kept.occurrence, kept.coverage.number))

    def last_moment(self) -> Moment | None:
        """Return the moment that was decided last."""
        return max(self.moments(), key=lambda moment: (moment.decided_at, moment.number), default=None)

    def add_partner_time(self, partner_time: PartnerTime) -> PartnerTime:
        """Keep what was declared; return it with its number."""
        refuse_title(partner_time.title)
        self._plans.last_number += 1
        numbered = replace(partner_time, number=self._plans.last_number)
        self._plans.partner_times[self._plans.last_number] = numbered
        return numbered

    def partner_times(self) -> list[PartnerTime]:
        """Return what is declared."""
        return list(self._plans.partner_times.values())

    def remove_partner_time(self, number: int) -> bool:
        """Take a declared partner time back."""
        for occurrence in [name for name in self._plans.stopped if name.startswith(f"{number}@")]:
            del self._plans.stopped[occurrence]
        return self._plans.partner_times.pop(number, None) is not None

    def stop_occurrence(self, occurrence: str, at: datetime) -> None:
        """Keep that the occurrence was stopped early."""
        self._plans.stopped.setdefault(occurrence, at)

    def stopped(self) -> dict[str, datetime]:
        """Return when occurrences were stopped."""
        return dict(self._plans.stopped)

    def pause_until(self, until: datetime | None) -> None:
        """Keep until when the program pauses."""
        self._plans.paused_until = until

    def paused_until(self) -> datetime | None:
        """Return until when the program pauses."""
        return self._plans.paused_until

    def remember(self, key: str, value: object) -> None:
        """Keep one small JSON value."""
        self._plans.state.pop(key, None)
        if value is not None:
            self._plans.state[key] = json.dumps(value)

    def recall(self, key: str) -> object:
        """Return the value, or None."""
        value: object = json.loads(self._plans.state.get(key, "null"))
        return value

    def prune(self, before: datetime) -> int:
        """Delete the occurrences that were over before the instant."""
        self._plans.stopped = {name: at for name, at in self._plans.stopped.items() if at >= before}
        over = [name for name, evening in self._evenings.items() if (evening.kept.ended or evening.kept.ends) < before]
        for name in over:
            del self._evenings[name]
        return len(over)

    def forget(self, since: datetime, *, now: datetime) -> Forgotten:
        """Delete what was observed and decided from `since` on."""
        stretch = Stretch(since, now)
        evenings = self._chosen(None, None)
        counts = {"occurrences": 0, "observations": 0, "uses": 0, "coverage": 0, "moments": 0}
        for evening in evenings:
            self._forget_in(evening, stretch, counts)
        if evenings:
            self._forgotten = (*self._forgotten, stretch)
        return Forgotten(**counts)

    def _forget_in(self, evening: _Evening, stretch: Stretch, counts: dict[str, int]) -> None:
        devices = sorted({observation.device for observation in evening.observations})
        over = over_at(evening.kept, stretch.until)
        uses = {number: spared_use(use, stretch, over) for number, use in evening.uses.items()}
        counts["uses"] += sum(uses[number] != use for number, use in evening.uses.items())
        evening.uses = {number: use for number, use in uses.items() if use is not None}
        coverage = {number: spared_coverage(covered, stretch) for number, covered in evening.coverage.items()}
        counts["coverage"] += sum(coverage[number] != covered for number, covered in evening.coverage.items())
        evening.coverage = {number: covered for number, covered in coverage.items() if covered is not None}
        moments = {number: moment for number, moment in evening.moments.items() if spares_moment(moment, stretch, over)}
        counts["moments"] += len(evening.moments) - len(moments)
        evening.moments = moments
        observations = [observation for observation in evening.observations if observation.at < stretch.since]
        counts["observations"] += len(evening.observations) - len(observations)
        outcome = cut(evening.kept, devices, stretch)
        if outcome.left is None:
            counts["occurrences"] += 1
            del self._evenings[evening.kept.id]
        else:
            evening.kept = outcome.left
            evening.observations = [*observations, *outcome.instead]

    def forget_all(self, *, now: datetime, plans: bool = False) -> Forgotten:
        """Delete everything that was observed and decided; with `plans` everything else, too."""
        forgotten = self.forget(EPOCH, now=now)
        if not plans:
            return forgotten
        under_way, declared = len(self._evenings), len(self._plans.partner_times)
        self._evenings, self._plans = {}, _Plans()
        return replace(forgotten, occurrences=forgotten.occurrences + under_way, partner_times=declared)

    def _chosen(self, since: datetime | None, until: datetime | None) -> list[_Evening]:
        found = [
            evening
            for evening in self._evenings.values()
            if (since is None or evening.kept.began >= since) and (until is None or evening.kept.began < until)
        ]
        return sorted(found, key=lambda evening: (evening.kept.began, evening.kept.id))
