"""One past partner time through the core: what would be kept of it, and nothing said.

Rule 1: the same core decides as live, by the rules in force today; of what it decides nothing is said afterwards.
Rule 2: of a partner time that is kept already nothing is changed: only devices that were not observed in it are added,
numbered after everything that is kept of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from detector.core.effects import Coverage, Moment, Record, Started, Use
from detector.core.observations import (
    CameBack,
    Focused,
    Gap,
    LaidDown,
    LitUp,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    PickedUp,
    PutAway,
    SensorStarted,
    WentIdle,
)
from detector.core.pipeline import Pipeline
from detector.importing.times import Past
from detector.store.store import Store
from rules.model import Reason

_OF_A_DEVICE = (Focused, LitUp, PickedUp, LaidDown, PutAway, WentIdle, CameBack)


@dataclass(slots=True)
class Kept:
    """What is kept of one occurrence already."""

    observations: list[Observation]
    devices: frozenset[str]
    numbered: int
    moments: int


def what_is_kept(store: Store, past: Past) -> Kept:
    """Return what is kept of the occurrence: nothing, where it is new."""
    if past.kept is None:
        return Kept([], frozenset(), 0, 0)
    name, since = past.kept.id, past.kept.began
    until = since + datetime.resolution
    observations = list(store.history.observations(name))
    spent: list[Use | Coverage] = [each.use for each in store.history.uses(since, until) if each.occurrence == name]
    spent += [each.coverage for each in store.history.coverage(since, until) if each.occurrence == name]
    moments = [each.number for each in store.history.moments(since, until) if each.occurrence == name]
    devices = {each.device for each in spent} | {
        seen.device
        for seen in observations
        if isinstance(seen, _OF_A_DEVICE) or (isinstance(seen, SensorStarted) and seen.sense == "focus")
    }
    numbered = max((each.number for each in spent), default=0)
    return Kept(observations, frozenset(devices), numbered, max(moments, default=0))


def records(core: Pipeline, past: Past, kept: Kept, seen: Sequence[Observation]) -> list[Record]:
    """Return what is to be kept of the occurrence, at once; `seen` is what the new devices told, in order of time."""
    occurrence = past.occurrence
    found: dict[tuple[str, int], Record] = {}
    observed: list[Record] = []
    began = PartnerTimeBegan(
        at=occurrence.begins, occurrence=occurrence.id, title=occurrence.title, ends=occurrence.ends
    )
    new = {each.device for each in seen}
    both = sorted((*_of_before(kept.observations, occurrence.begins, occurrence.ends), *seen), key=lambda each: each.at)
    ended = PartnerTimeEnded(at=occurrence.ends)
    for each in (began, *both, ended):
        for effect in core.feed(each):
            if not isinstance(effect, Record):
                continue
            what = effect.what
            if isinstance(what, PartnerTimeBegan | PartnerTimeEnded):
                if past.kept is None:
                    observed.append(effect)
            elif isinstance(what, Started):
                continue  # how an evening started, nobody watched
            elif what.device not in new:
                continue
            elif isinstance(what, Observation):
                observed.append(effect)
            else:
                # The last one of a number is the one that is kept: what came before it need not be written.
                found[_kind(what), what.number] = effect
    decided = [replace(each, what=_afterwards(each.what, kept)) for each in found.values()]
    return [*observed, *decided]


def _of_before(observations: Iterable[Observation], begins: datetime, ends: datetime) -> Iterator[Observation]:
    for each in observations:
        if isinstance(each, PartnerTimeBegan | PartnerTimeEnded | PartnerTimeExtended) or not begins <= each.at < ends:
            continue
        # That the program itself was away says nothing of a device that somebody else watched.
        yield replace(each, sense="focus") if isinstance(each, Gap) and each.sense is None else each


def _kind(what: Use | Coverage | Moment) -> str:
    # Uses and coverage are numbered together, moments by themselves.
    return "moment" if isinstance(what, Moment) else "use"


def _afterwards(what: Observation | Use | Coverage | Moment | Started, kept: Kept) -> Use | Coverage | Moment:
    if isinstance(what, Use | Coverage):
        return replace(what, number=what.number + kept.numbered)
    if not isinstance(what, Moment):
        raise TypeError(f"{type(what).__name__} has no number")
    return replace(
        what,
        number=what.number + kept.moments,
        use=None if what.use is None else what.use + kept.numbered,
        decided="suppressed",
        reason=Reason.IMPORTED,
        shown_by=None,
        answer=None,
        answered_at=None,
        outcome=None,
    )
