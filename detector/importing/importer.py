"""Import past partner times, one after another, each stored whole or not at all.

Invariant 1: each is stored at once, so an import that was interrupted goes on where it was.
Invariant 2: importing the same twice changes nothing.
Invariant 3: a partner time that is not over, or that reaches beyond what is recorded, is left for the next time, unless an
incomplete one is wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Literal

from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Observation
from detector.core.pipeline import Pipeline
from detector.i18n import _
from detector.importing.model import ImportReport, ProgressCallback
from detector.importing.past_times import PastTime
from detector.importing.records import build_records, read_stored
from detector.importing.timeline import (
    KnownState,
    from_microseconds,
    known_length,
    known_states,
    observations,
    to_microseconds,
)
from detector.importing.tracks import EventTrack, EventTracks, SourceHost
from detector.store.store import Store
from rules.model import Rule
from rules.policy import PolicySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSettings:
    """The rules and settings of the core."""

    rules: Sequence[Rule]
    policy: PolicySettings
    attention: AttentionSettings


@dataclass(slots=True)
class HistoryImporter:
    """One import. `saves` False counts everything and stores nothing.

    `takes_incomplete`: a partner time that reaches beyond what is recorded is stored as well, its rest as unknown for good.
    """

    store: Store
    tracks: EventTracks
    report: ImportReport
    settings: DecisionSettings
    saves: bool = True
    takes_incomplete: bool = False
    progress: ProgressCallback = lambda _activity: None
    _counted: dict[int, int] = field(default_factory=dict)

    def run(self, past: Sequence[PastTime], since: datetime) -> None:
        """Import these. `since`: the first instant that is wanted, for what the report says of the time before."""
        self._note_edges(to_microseconds(since))
        last_instants = {id(host): host.last_instant for host in self.tracks.hosts.values()}
        for number, each in enumerate(past, start=1):
            activity = _("partner time {number} of {count}")
            self.progress(activity.format(number=f"{number:,}", count=f"{len(past):,}"))
            self._import_one(each, last_instants)

    def _import_one(self, past: PastTime, last_instants: dict[int, int]) -> None:
        begins, ends = to_microseconds(past.occurrence.begins), to_microseconds(past.occurrence.ends)
        # Read for each occurrence, not once: the one before may have been stored just now.
        stored = read_stored(self.store, past)
        observed: list[Observation] = []
        # Counted once for each partner time, however many devices lack data.
        is_deferred = False
        for device, hosts in self._by_device().items():
            best = _best_known(hosts, begins, ends)
            if best is None:
                continue
            host, states = best
            if device in stored.devices:
                self._count(hosts, begins, ends, "duplicate")
            # Invariant 3: what the source has not recorded yet would be stored as unknown for good.
            elif last_instants[id(host)] < ends and not self.takes_incomplete:
                is_deferred = True
                self._count(hosts, begins, ends, "deferred")
            else:
                self._count(hosts, begins, ends, "used")
                observed += observations(host, states, begins, ends, self.tracks.activities)
        if is_deferred:
            self.report.deferred += 1
        if not observed:
            return
        if past.stored is None:
            self.report.added += 1
        else:
            self.report.extended += 1
        self.report.first = self.report.first or past.occurrence
        # A core of its own: nothing of one evening may count in another.
        core = Pipeline(self.settings.rules, self.settings.policy, self.settings.attention)
        records = build_records(core, past, stored, sorted(observed, key=attrgetter("at")))
        if self.saves:
            self.store.history.save(records)

    def _note_edges(self, since: int) -> None:
        tracks = [track for host in self.tracks.hosts.values() for track in host.all_tracks if len(track)]
        if tracks:
            self.report.oldest = from_microseconds(min(track.began[0] for track in tracks))
            self.report.newest = from_microseconds(max(max(track.ended) for track in tracks))
        self.report.earlier = sum(sum(ended <= since for ended in track.ended) for track in tracks)

    def _by_device(self) -> dict[str, list[SourceHost]]:
        found: dict[str, list[SourceHost]] = {}
        for host in self.tracks.hosts.values():
            found.setdefault(host.device, []).append(host)
        return found

    def _count(
        self, hosts: Sequence[SourceHost], begins: int, ends: int, outcome: Literal["used", "duplicate", "deferred"]
    ) -> None:
        for host in hosts:
            counts = self.report.counts(host.device)
            for track in host.all_tracks:
                # An event that reaches into two partner times is counted with the first.
                first = max(_first_overlapping(track, begins), self._counted.get(id(track), 0))
                last = max(first, track.first_from(ends))
                self._counted[id(track)] = last
                setattr(counts, outcome, getattr(counts, outcome) + last - first)


def _first_overlapping(track: EventTrack, begins: int) -> int:
    last = track.last_until(begins)
    return last if last >= 0 and (track.ended[last] > begins or track.began[last] == begins) else last + 1


def _best_known(hosts: Sequence[SourceHost], begins: int, ends: int) -> tuple[SourceHost, list[KnownState]] | None:
    """Return the host with the most known time in the span, with its states; None if nothing is known."""
    # A device may have had several names, and a home several computers: the one in use knows most.
    best, best_length = None, 0
    for host in hosts:
        states = known_states(host, begins, ends)
        if (length := known_length(states, ends)) > best_length:
            best, best_length = (host, states), length
    return best
