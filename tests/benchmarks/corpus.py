"""The bars of the corpus: what is said, and what should be, over evenings that people live through (tests/corpus)."""

from __future__ import annotations

from collections.abc import Iterator

from detector.rulebook.loading import built_in_pack
from tests.benchmarks.bars import Bar
from tests.corpus.comparing import Compared, compare, decided_moments
from tests.corpus.evenings import corpus

PRECISION, RECALL = 65, 90
"""A fair observer sees what no sensor does, such as a crossword for two: precision has an end that is not 100 %."""


def corpus_bars() -> Iterator[Bar]:
    """Let every evening of the corpus be played, and print what was missed and what was false, by name."""
    rules = built_in_pack().rules
    evenings = corpus()
    every = Compared()
    for evening in evenings:
        every.add(compare(evening, decided_moments(evening, rules)))
    note = f"{every.hits} right, {len(every.false)} false, over {len(evenings)} evenings"
    yield Bar(
        name="corpus: precision", figure=100 * every.precision, limit=PRECISION, unit="%", at_most=False, note=note
    )
    note = f"{every.found} found, {len(every.missed)} missed, {len(every.kept_back)} kept back by the distance"
    yield Bar(name="corpus: recall", figure=100 * every.recall, limit=RECALL, unit="%", at_most=False, note=note)
    for word, named in (("false", every.false), ("missed", every.missed), ("kept back", every.kept_back)):
        for each in named:
            print(f"  {word:<9}  {each}")
