"""The store in memory: every promise of `model.Keeping` but the one to last. For tests, replays and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.core.effects import Coverage, Moment, Record, Started, Use
from detector.core.observations import Observation, PartnerTimeBegan, PartnerTimeEnded, PartnerTimeExtended
from detector.store.instants import EPOCH
from detector.store.memory_plans import Declared, MemoryPlans
from detector.store.model import Forgotten, KeptCoverage, KeptOccurrence, KeptUse, Unknown
from detector.store.plan_rows import is_long_over
from detector.store.stretches import Stretch, admit, cut, over_at, reaches, spared_coverage, spared_use, spares_moment
from detector.store.unknown_apps import UNNAMED, totals
from detector.zone import here


@dataclass(slots=True)
class _Evening:
    kept: KeptOccurrence
    observations: list[Observation] = field(default_factory=list)
    uses: dict[int, Use] = field(default_factory=dict)
    coverage: dict[int, Coverage] = field(default_factory=dict)
    moments: dict[int, Moment] = field(default_factory=dict)
    unknown: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


class MemoryStore(MemoryPlans):
    """What is kept, as long as the object lives; see `model.Keeping` for what each method promises."""

    def __init__(self, zone: Callable[[], str] = here) -> None:
        super().__init__(zone)
        self._evenings: dict[str, _Evening] = {}
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
        elif isinstance(what, Started):
            at = None if what.well is None else what.at
            evening.kept = replace(evening.kept, started_well=what.well, started_at=at)
        else:
            evening.observations.append(what)
            if isinstance(what, PartnerTimeEnded):
                evening.kept = replace(evening.kept, ended=what.at, end_reason=what.reason)
            elif isinstance(what, PartnerTimeExtended):
                evening.kept = replace(evening.kept, ends=what.ends)

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

    def signs(
        self, kinds: Sequence[type[Observation]], since: datetime | None = None, until: datetime | None = None
    ) -> list[tuple[str, Observation]]:
        """Return what was observed of these kinds in these occurrences."""
        found = [
            (evening.kept.id, observation)
            for evening in self._chosen(since, until)
            for observation in evening.observations
            if isinstance(observation, tuple(kinds))
        ]
        return sorted(found, key=lambda each: each[1].at)

    def keep_unknown(self, occurrence: str, device: str, app: str, *, names: bool, first: bool) -> None:
        """Count that an app was opened that the catalogue does not know."""
        if evening := self._evenings.get(occurrence):
            key = device, app if names else UNNAMED
            opens, apps = evening.unknown.get(key, (0, 0))
            evening.unknown[key] = opens + 1, apps + (first and not names) if apps else 1

    def unknown(self, since: datetime | None = None, until: datetime | None = None) -> dict[str, Unknown]:
        """Return what was counted of unknown apps in these occurrences, by device."""
        return totals(
            (device, app, opens, apps)
            for evening in self._chosen(since, until)
            for (device, app), (opens, apps) in evening.unknown.items()
        )

    def last_moment(self) -> Moment | None:
        """Return the moment that was decided last."""
        return max(self.moments(), key=lambda moment: (moment.decided_at, moment.number), default=None)

    def prune(self, before: datetime) -> int:
        """Delete the occurrences that were over before the instant."""
        for said in (self._plans.stopped, self._plans.extended, self._plans.skipped):
            for name in [name for name, at in said.items() if at < before and is_long_over(name, before)]:
                del said[name]
        for name in [name for name, was in self._plans.cancelled.items() if was.ends < before]:
            del self._plans.cancelled[name]
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
        extended = any(
            isinstance(observation, PartnerTimeExtended) and observation.at >= stretch.since
            for observation in evening.observations
        )
        if reaches(evening.kept, stretch):
            evening.unknown = {}
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
        quiet = any(isinstance(each, PartnerTimeBegan) and each.quiet for each in evening.observations)
        outcome = cut(evening.kept, devices, stretch, extended_in=extended, quiet=quiet)
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
        phones = len(self._plans.phones)
        self._evenings, self._plans = {}, Declared()
        return replace(forgotten, occurrences=forgotten.occurrences + under_way, partner_times=declared, phones=phones)

    def _chosen(self, since: datetime | None, until: datetime | None) -> list[_Evening]:
        found = [
            evening
            for evening in self._evenings.values()
            if (since is None or evening.kept.began >= since) and (until is None or evening.kept.began < until)
        ]
        return sorted(found, key=lambda evening: (evening.kept.began, evening.kept.id))
