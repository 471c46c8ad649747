"""Laws that the store of a day must keep, whatever happened. None of them reads the plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from detector.core.effects import Moment, Record, Use
from detector.core.observations import PartnerTimeBegan, PartnerTimeEnded
from detector.partner_time.occurrences import occurrences
from detector.store.model import StoredOccurrence
from detector.store.store import Store
from tests.rig.day import core

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


def planned(stored_id: str) -> str:
    """Return the id in the plan."""
    return stored_id.partition("~")[0]


def check_each_occurrence(store: Store) -> None:
    """Time never goes back in it; it begins once; nothing is observed or decided before its beginning or after its end."""
    for kept in store.history.occurrences():
        observations = list(store.history.observations(kept.id))
        assert isinstance(observations[0], PartnerTimeBegan)
        assert sum(isinstance(each, PartnerTimeBegan) for each in observations) == 1
        assert observations[0].at == kept.began
        assert all(one.at <= other.at for one, other in pairwise(observations))
        ends = [each for each in observations if isinstance(each, PartnerTimeEnded)]
        assert ends == ([] if kept.ended is None else [observations[-1]])
        assert kept.ends - kept.began <= DAY + timedelta(hours=2), "24 h on the wall, and no more"
        if kept.ended is not None:
            assert kept.began <= kept.ended <= kept.ends
            assert kept.end_reason != "ended" or kept.began < kept.ended == kept.ends
    ended = {kept.id: kept.ended or kept.ends for kept in store.history.occurrences()}
    for moment in store.history.moments():
        assert moment.decided_at <= ended[moment.occurrence]
    for use in store.history.uses():
        assert use.use.ended is None or use.use.ended <= ended[use.occurrence]


def check_all_occurrences(store: Store, epochs: Mapping[str, int]) -> None:
    """Nothing overlaps unless the clock was set back in between; only what was cut off begins again."""
    by_epoch: dict[int, list[StoredOccurrence]] = {}
    known = {kept.id: kept for kept in store.history.occurrences()}
    for kept in known.values():
        by_epoch.setdefault(epochs[kept.id], []).append(kept)
    for together in by_epoch.values():
        # What is stopped in the very instant in which it begins has no length.
        for one, other in pairwise(sorted(together, key=lambda kept: (kept.began, kept.ended or kept.ends))):
            assert (one.ended or one.ends) <= other.began, (one, other)
    extended = store.plans.extended()
    for name in known:
        own, _, again = name.partition("~")
        if again:
            before = known[own if again == "2" else f"{own}~{int(again) - 1}"]
            was_cut_off = before.end_reason in {"clock_jump", "removed"}
            assert was_cut_off or extended.get(own, before.ends) > before.ends, before


def check_exceptions(store: Store, begun_when_said: Mapping[str, frozenset[str]]) -> None:
    """Nothing that was skipped or cancelled begins afterwards."""
    skipped = store.plans.skipped()
    for kept in store.history.occurrences():
        name = planned(kept.id)
        assert name not in skipped or kept.id in begun_when_said.get(name, ()), kept


def planned_now(store: Store, now: datetime) -> set[str]:
    """Return the ids of all that was declared and not taken back, and that holds `now`: one of them has to be under way."""
    stopped, extended = store.plans.ended_early(), store.plans.extended()
    latest: dict[str, StoredOccurrence] = {}
    first: dict[str, datetime] = {}
    for kept in sorted(store.history.occurrences(), key=lambda kept: int(kept.id.partition("~")[2] or 1)):
        latest[planned(kept.id)] = kept
        first[planned(kept.id)] = min(kept.began, first.get(planned(kept.id), kept.began))
    declared = store.plans.partner_times()
    found = set()
    for partner_time in declared:
        for occurrence in occurrences(partner_time, now, now + INSTANT):
            if occurrence.id not in latest and occurrence.id not in stopped:
                found.add(occurrence.id)
    numbers = {str(partner_time.number) for partner_time in declared}
    for name, kept in latest.items():
        ends = max(kept.ends, extended.get(name, kept.ends))
        is_over = kept.end_reason in {"ended", "stopped"} and ends <= kept.ends
        if is_over or name.partition("@")[0] not in numbers or name in stopped:
            continue
        if first[name] <= now < ends:
            found.add(name)
    return found


def replays(store: Store, kept: StoredOccurrence) -> None:
    """Feeding what was observed again gives what was decided."""
    again = core()
    effects = [effect for seen in store.history.observations(kept.id) for effect in again.feed(seen)]
    records = [effect.item for effect in effects if isinstance(effect, Record)]
    moments = {what.number: what for what in records if isinstance(what, Moment)}
    uses = {what.number: what for what in records if isinstance(what, Use)}
    assert list(moments.values()) == [moment for moment in store.history.moments() if moment.occurrence == kept.id]
    assert list(uses.values()) == [use.use for use in store.history.uses() if use.occurrence == kept.id]
