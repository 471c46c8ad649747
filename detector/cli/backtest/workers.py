"""Many kept evenings at once: as many processes as there are processors, each with a few evenings of its own.

Rule 1: but for what was usual before, evenings know nothing of each other, so it makes no difference who plays which.
Rule 2: every process reads the store for itself; what it gives back are counts and what changed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from detector.backtest.compare import Comparison, EveningPlayed, KeptEvening, gather, play_evening
from detector.backtest.usual_before import LOOKS_BACK, Greatest, asked, measured, usual_before
from detector.core.attention.baselines import greatest
from detector.errors import TurntowardError
from detector.paths import store_path
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.config.settings import Settings
    from detector.store.model import KeptOccurrence
    from rules.model import FeatureKey, Rule, Value

Players: TypeAlias = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]
"""What has a function done for each of many, and yields in their order what comes of it."""
FEW: Final = 8
"""So many evenings and fewer are played in one process: starting more would take longer."""
MOST: Final = 8
INSTANT: Final = timedelta(microseconds=1)


class _Work(NamedTuple):
    """What every process has: its own store, both sets of rules, and the settings."""

    store: Store
    now: Sequence[Rule]
    then: Sequence[Rule] | None
    settings: Settings


_work: list[_Work] = []


def compare_kept(
    over: Sequence[KeptOccurrence],
    now: Sequence[Rule],
    then: Sequence[Rule] | None,
    settings: Settings,
    monotonic: Callable[[], float],
) -> Comparison:
    """Play the kept evenings through both sets of rules, and say on the standard error how far it is.

    Raises:
        StoreError: if the store cannot be read.
        TurntowardError: if a process that helped was ended by somebody.
    """
    from detector.cli.importing.output import SensorEvent  # noqa: PLC0415 - not for --help

    saying = SensorEvent(monotonic)
    keys = asked(now, then)
    try:
        with _players(len(over), now, then, settings) as players:
            usuals = _usuals(players, over, keys, saying) if keys else ({} for _ in over)
            return gather(
                players(_play, list(zip(over, usuals, strict=True))),
                now,
                then,
                lambda evening, seen: saying(f"evening {evening:,} of {len(over):,}, {seen:,} observations"),
            )
    finally:
        saying.done()


def _usuals(
    players: Players, over: Sequence[KeptOccurrence], keys: Collection[FeatureKey], say: Callable[[str], None]
) -> Iterable[Mapping[FeatureKey, Value]]:
    """Return what was usual when each evening began; the evenings before the first count for it, too."""
    if not over:
        return []
    with Store.open(store_path(), read_only=True) as store:
        # One that was cut off was never over for the daemon, so that it does not count for it.
        before = [
            each for each in store.occurrences(over[0].began - LOOKS_BACK, over[-1].began) if each.ended is not None
        ]
    found: list[Greatest] = []
    for values in players(_greatest, [(each, measured(keys)) for each in before]):
        found.append(values)
        say(f"what is usual: evening {len(found):,} of {len(before):,}")
    return [usual_before(each.began, found, keys) for each in over]


@contextmanager
def _players(evenings: int, now: Sequence[Rule], then: Sequence[Rule] | None, settings: Settings) -> Iterator[Players]:
    processes = min(len(os.sched_getaffinity(0)), MOST)
    if evenings <= FEW or processes < 2:
        _begin(now, then, settings)
        try:
            yield map
        finally:
            _work.pop().store.close()
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - only where there is much to do
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - only where there is much to do
    from multiprocessing import get_context  # noqa: PLC0415 - only where there is much to do

    # A rule is a compiled function, which no other way of starting a process could hand over.
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("fork"), initializer=_begin, initargs=(now, then, settings)
    )

    def by_all(play: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Any]:
        # Ctrl-C reaches every process; the first one says to the others what to do. They begin here, and never hear it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            return pool.map(play, tasks)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield by_all
    except BrokenProcessPool:
        raise TurntowardError("A process that played evenings was ended from outside. Nothing was changed.") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(now: Sequence[Rule], then: Sequence[Rule] | None, settings: Settings) -> None:
    _work.append(_Work(Store.open(store_path(), read_only=True), now, then, settings))


def _play(task: tuple[KeptOccurrence, Mapping[FeatureKey, Value]]) -> EveningPlayed:
    (occurrence, usuals), work = task, _work[-1]
    kept = work.store.moments(occurrence.began, occurrence.began + INSTANT)
    evening = KeptEvening(
        occurrence=occurrence,
        observations=work.store.observations(occurrence.id),
        moments=[moment for moment in kept if moment.occurrence == occurrence.id],
        usuals=usuals,
    )
    return play_evening(evening, work.now, work.then, policy=work.settings.policy, attention=work.settings.attention)


def _greatest(task: tuple[KeptOccurrence, Collection[FeatureKey]]) -> Greatest:
    (occurrence, keys), work = task, _work[-1]
    observed = sorted(work.store.observations(occurrence.id), key=lambda seen: seen.at)
    return occurrence.began, greatest(observed, keys, work.settings.attention)
