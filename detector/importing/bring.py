"""Bring history in: past partner times, one after another, each kept whole or not at all.

Rule 1: what is kept is kept at once, so whoever breaks off goes on later where it was.
Rule 2: bringing in the same twice changes nothing.
Rule 3: a partner time that is not over, or that reaches beyond what is told, is left for the next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Observation
from detector.core.pipeline import Pipeline
from detector.importing.keeping import records, what_is_kept
from detector.importing.model import Account, Progress
from detector.importing.timeline import Known, as_integer, known, known_for, observations
from detector.importing.times import Past
from detector.importing.tracks import Host, Track, Tracks
from detector.store.store import Store
from rules.model import Rule
from rules.policy import PolicySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """What the core decides by."""

    rules: Sequence[Rule]
    policy: PolicySettings
    attention: AttentionSettings


@dataclass(slots=True)
class _Told:
    """What one host tells of one past partner time."""

    host: Host
    stretches: list[Known]


@dataclass(slots=True)
class Bringing:
    """One import. `keeps` False looks at everything and keeps nothing."""

    store: Store
    tracks: Tracks
    account: Account
    deciding: Deciding
    keeps: bool = True
    progress: Progress = lambda _: None
    _counted: dict[int, int] = field(default_factory=dict)

    def bring(self, past: Sequence[Past]) -> None:
        """Bring in every past partner time that can be."""
        reach = {id(host): host.reach for host in self.tracks.hosts.values()}
        for number, each in enumerate(past, start=1):
            self.progress(f"partner time {number:,} of {len(past):,}")
            self._bring_one(each, reach)

    def _bring_one(self, past: Past, reach: dict[int, int]) -> None:
        begins, ends = as_integer(past.occurrence.begins), as_integer(past.occurrence.ends)
        kept = what_is_kept(self.store, past)
        seen: list[Observation] = []
        is_left = False
        for device, hosts in self._by_device().items():
            told = _most(hosts, begins, ends)
            if told is None:
                continue
            if device in kept.devices:
                self._count(hosts, begins, ends, "twice")
            elif reach[id(told.host)] < ends:
                is_left = True
                self._count(hosts, begins, ends, "left")
            else:
                self._count(hosts, begins, ends, "used")
                seen += observations(told.host, told.stretches, begins, ends, self.tracks.activities)
        if is_left:
            self.account.left += 1
        if not seen:
            return
        if past.kept is None:
            self.account.added += 1
        else:
            self.account.extended += 1
        self.account.first = self.account.first or past.occurrence
        deciding = self.deciding
        core = Pipeline(deciding.rules, deciding.policy, deciding.attention)
        found = records(core, past, kept, sorted(seen, key=_at))
        if self.keeps:
            self.store.history.save(found)

    def _by_device(self) -> dict[str, list[Host]]:
        found: dict[str, list[Host]] = {}
        for host in self.tracks.hosts.values():
            found.setdefault(host.device, []).append(host)
        return found

    def _count(self, hosts: Sequence[Host], begins: int, ends: int, what: str) -> None:
        for host in hosts:
            tally = self.account.tally(host.device)
            for track in host.tracks.values():
                # An event that reaches into two of them is counted with the first.
                first = max(_overlapping(track, begins), self._counted.get(id(track), 0))
                last = max(first, track.first_from(ends))
                self._counted[id(track)] = last
                setattr(tally, what, getattr(tally, what) + last - first)


def _at(seen: Observation) -> datetime:
    return seen.at


def _overlapping(track: Track, begins: int) -> int:
    before = track.before(begins)
    return before if before >= 0 and (track.ended[before] > begins or track.began[before] == begins) else before + 1


def _most(hosts: Sequence[Host], begins: int, ends: int) -> _Told | None:
    """Return what the host tells that knows most of the stretch, or None where none knows anything."""
    best, length = None, 0
    for host in hosts:
        stretches = known(host, begins, ends)
        if (covered := known_for(stretches, ends)) > length:
            best, length = _Told(host, stretches), covered
    return best
