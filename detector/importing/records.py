"""Run one past partner time through the core, and return what is to be stored of it.

Invariant 1: the same core decides as live, by the rules in force today; a nudge that it decides on is stored as suppressed.
Invariant 2: of a partner time that is stored already nothing is changed: only devices that were not observed in it are added,
numbered after everything that is stored of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

import detector.core.observations as obs
from detector.core.effects import Coverage, Moment, Record, StartResult, Use
from detector.core.pipeline import Pipeline
from detector.importing.past_times import PastTime
from detector.store.store import Store
from rules.model import Reason

_OF_A_DEVICE = (obs.Focused, obs.LitUp, obs.PickedUp, obs.LaidDown, obs.PutAway, obs.WentIdle, obs.CameBack)


@dataclass(slots=True)
class StoredHistory:
    """The stored part of one occurrence: observations, devices observed, and the last numbers given."""

    observations: list[obs.Observation]
    devices: frozenset[str]
    last_use: int
    last_moment: int


def read_stored(store: Store, past: PastTime) -> StoredHistory:
    """Return what is stored of the occurrence: nothing, where it is new."""
    if past.stored is None:
        return StoredHistory([], frozenset(), 0, 0)
    name, since = past.stored.id, past.stored.began
    until = since + datetime.resolution
    observations = list(store.history.observations(name))
    uses: list[Use | Coverage] = [each.use for each in store.history.uses(since, until) if each.occurrence == name]
    uses += [each.coverage for each in store.history.coverage(since, until) if each.occurrence == name]
    moments = [each.number for each in store.history.moments(since, until) if each.occurrence == name]
    devices = {each.device for each in uses} | {
        each.device
        for each in observations
        if isinstance(each, _OF_A_DEVICE) or (isinstance(each, obs.SensorStarted) and each.sense == "focus")
    }
    last_use = max((each.number for each in uses), default=0)
    return StoredHistory(observations, frozenset(devices), last_use, max(moments, default=0))


def build_records(
    core: Pipeline, past: PastTime, stored: StoredHistory, observed: Sequence[obs.Observation]
) -> list[Record]:
    """Return what is to be stored of the occurrence; `observed` is what the new devices recorded, in order of time."""
    occurrence = past.occurrence
    latest: dict[tuple[str, int], Record] = {}
    observations: list[Record] = []
    began = obs.PartnerTimeBegan(
        at=occurrence.begins, occurrence=occurrence.id, title=occurrence.title, ends=occurrence.ends
    )
    new_devices = {each.device for each in observed}
    # What was observed live goes through the core as well: whether a use is a moment depends on the other devices.
    live = list(_observed_live(stored.observations, occurrence.begins, occurrence.ends))
    live_ids = {id(each) for each in live}
    for each in (began, *sorted((*live, *observed), key=attrgetter("at")), obs.PartnerTimeEnded(at=occurrence.ends)):
        for effect in core.feed(each):
            if not isinstance(effect, Record):
                continue
            what = effect.item
            if isinstance(what, obs.PartnerTimeBegan | obs.PartnerTimeEnded):
                if past.stored is None:
                    observations.append(effect)
            elif isinstance(what, StartResult):
                continue  # nobody observed how the evening started
            elif what.device not in new_devices:
                continue
            elif isinstance(what, obs.Observation):
                # Input may have been observed live on a device of which nothing else was.
                if id(each) not in live_ids:
                    observations.append(effect)
            else:
                # Live, each version of a use is stored over the one before; here only the last one is written.
                latest[_kind(what), what.number] = effect
    return [*observations, *(replace(each, item=_renumbered(each.item, stored)) for each in latest.values())]


def _observed_live(
    observations: Iterable[obs.Observation], begins: datetime, ends: datetime
) -> Iterator[obs.Observation]:
    for each in observations:
        if (
            isinstance(each, obs.PartnerTimeBegan | obs.PartnerTimeEnded | obs.PartnerTimeExtended)
            or not begins <= each.at < ends
        ):
            continue
        # A gap of the whole program says nothing about a device that another program observed.
        yield replace(each, sense="focus") if isinstance(each, obs.Gap) and each.sense is None else each


def _kind(what: Use | Coverage | Moment) -> str:
    # Uses and coverage are numbered together, moments by themselves.
    return "moment" if isinstance(what, Moment) else "use"


def _renumbered(
    what: obs.Observation | Use | Coverage | Moment | StartResult, stored: StoredHistory
) -> Use | Coverage | Moment:
    if isinstance(what, Use | Coverage):
        return replace(what, number=what.number + stored.last_use)
    if not isinstance(what, Moment):
        raise TypeError(f"{type(what).__name__} has no number")
    return replace(
        what,
        number=what.number + stored.last_moment,
        use=None if what.use is None else what.use + stored.last_use,
        decided="suppressed",
        reason=Reason.IMPORTED,
        shown_by=None,
        answer=None,
        answered_at=None,
        outcome=None,
    )
