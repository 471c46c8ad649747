"""The bars of the source code itself: lengths, comments, exemptions, circles and names."""

from __future__ import annotations

from collections.abc import Iterator

from tests.architecture.figures import figures
from tests.architecture.sources import SOURCES, TESTS
from tests.benchmarks.bars import Bar


def code_bars() -> Iterator[Bar]:
    """Yield each figure of the code; the note names the first places that count."""
    for figure in figures(SOURCES, TESTS):
        note = ", ".join(figure.where[:2])
        yield Bar(
            name=f"code: {figure.name}",
            figure=figure.value,
            limit=figure.limit,
            unit=figure.unit,
            at_most=figure.at_most,
            note=note,
        )
