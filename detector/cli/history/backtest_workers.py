"""Play many kept evenings at once, in as many processes as there are processors.

Invariant 1: evenings depend on each other only by the baselines, so any process may play any evening.
Invariant 2: every process opens the store for itself, and returns counts and what changed, never observations.
"""

import os
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final, NamedTuple, TypeAlias

from detector.backtest import compare
from detector.cli.output import ProgressLine
from detector.config.settings import Settings
from detector.core.attention.baselines import MAX_AGE, maxima, measured_key
from detector.errors import TurntowardError
from detector.i18n import _
from detector.paths import store_path
from detector.store.model import StoredOccurrence
from detector.store.store import Store
from rules.model import FeatureKey, Rule, Value

# Calls a function with each of many arguments, and yields the results in their order.
MapFunction: TypeAlias = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]
# Up to this number, evenings are played in this process: starting others would take longer.
FEW_EVENINGS: Final = 8
MAX_PROCESSES: Final = 8


class _Job(NamedTuple):
    """What every process needs: its own store, both sets of rules, and the settings."""

    store: Store
    current: Sequence[Rule]
    candidate: Sequence[Rule] | None
    settings: Settings


# The job of this process; a store cannot be sent to another process.
_job: list[_Job] = []


def compare_kept(
    occurrences: Sequence[StoredOccurrence],
    current: Sequence[Rule],
    candidate: Sequence[Rule] | None,
    settings: Settings,
    monotonic: Callable[[], float],
) -> compare.Comparison:
    """Play the kept evenings through both sets of rules; the progress is written to the standard error."""
    progress_line = ProgressLine(monotonic)
    keys = compare.compared_baselines(current, candidate)
    progress = _("evening {evening:,} of {all:,}, {observations:,} observations")
    try:
        with _processes(len(occurrences), current, candidate, settings) as run:
            baselines = _baselines(run, occurrences, keys, progress_line) if keys else [{}] * len(occurrences)
            return compare.add_up(
                run(_play, list(zip(occurrences, baselines, strict=True))),
                current,
                candidate,
                lambda evening, seen: progress_line(
                    progress.format(evening=evening, all=len(occurrences), observations=seen)
                ),
            )
    finally:
        progress_line.clear()


def _baselines(
    run: MapFunction,
    occurrences: Sequence[StoredOccurrence],
    keys: Collection[FeatureKey],
    progress_line: Callable[[str], None],
) -> Iterable[Mapping[FeatureKey, Value]]:
    # Evenings before the first one are measured as well: its baselines come from them.
    if not occurrences:
        return []
    with Store.open(store_path(), read_only=True) as store:
        # The daemon measures an evening when it ends, so one that was cut off does not count.
        before = [
            occurrence
            for occurrence in store.history.occurrences(occurrences[0].began - MAX_AGE, occurrences[-1].began)
            if occurrence.ended is not None
        ]
    measures: list[compare.EveningMaxima] = []
    progress = _("what is usual: evening {evening:,} of {all:,}")
    measured = frozenset(map(measured_key, keys))
    for values in run(_greatest, [(occurrence, measured) for occurrence in before]):
        measures.append(values)
        progress_line(progress.format(evening=len(measures), all=len(before)))
    return [compare.baselines_before(occurrence.began, measures, keys) for occurrence in occurrences]


@contextmanager
def _processes(
    evenings: int, current: Sequence[Rule], candidate: Sequence[Rule] | None, settings: Settings
) -> Iterator[MapFunction]:
    # The processors that this process may use: a container often has fewer than the machine.
    count = min(len(os.sched_getaffinity(0)), MAX_PROCESSES)
    if evenings <= FEW_EVENINGS or count < 2:
        _start_job(current, candidate, settings)
        try:
            yield map
        finally:
            _job.pop().store.close()
        return
    # A rule is a compiled function and cannot be pickled, so processes must be forked with it.
    pool = ProcessPoolExecutor(
        count, mp_context=get_context("fork"), initializer=_start_job, initargs=(current, candidate, settings)
    )

    def run(function: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Any]:
        # Ctrl-C reaches every process of the terminal, but only this one may act on it: it shuts the pool down. The pool
        # starts its processes here, and they inherit the blocked signal.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            return pool.map(function, tasks)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield run
    except BrokenProcessPool:
        message = _("A process that played evenings was ended from outside. Nothing was changed.")
        raise TurntowardError(message) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start_job(current: Sequence[Rule], candidate: Sequence[Rule] | None, settings: Settings) -> None:
    _job.append(_Job(Store.open(store_path(), read_only=True), current, candidate, settings))


def _play(task: tuple[StoredOccurrence, Mapping[FeatureKey, Value]]) -> compare.PlayedEvening:
    (occurrence, baselines), job = task, _job[-1]
    evening = compare.RecordedOccurrence(
        occurrence=occurrence,
        observations=job.store.history.observations(occurrence.id),
        moments=job.store.history.moments_of(occurrence),
        baselines=baselines,
    )
    return compare.play_evening(
        evening, job.current, job.candidate, policy=job.settings.policy, attention=job.settings.attention
    )


def _greatest(task: tuple[StoredOccurrence, Collection[FeatureKey]]) -> compare.EveningMaxima:
    (occurrence, keys), job = task, _job[-1]
    return occurrence.began, maxima(job.store.history.observations(occurrence.id), keys, job.settings.attention)
