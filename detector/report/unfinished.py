"""Measure a partner time that has no end yet: the store has its uses and coverage only when it ends.

Invariant 1: uses and coverage reach up to the last observation, and no further.
"""

from collections.abc import Iterable

from detector.core.attention.attention import Attention
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Coverage, Use
from detector.core.observations import Observation, PartnerTimeBegan, PartnerTimeEnded, PartnerTimeExtended
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse


def measure_unfinished(
    occurrence: StoredOccurrence, observations: Iterable[Observation]
) -> tuple[list[StoredUse], list[StoredCoverage]]:
    """Return the uses and the coverage that follow from the occurrence's observations, which come in their order."""
    attention = Attention((), occurrence.began, occurrence.ends, AttentionSettings())
    last = occurrence.began
    for observation in observations:
        if not isinstance(observation, PartnerTimeBegan | PartnerTimeEnded | PartnerTimeExtended):
            attention.observe(observation)
        last = max(last, observation.at)
    attention.end(last)
    closed = attention.pop_closed()
    # A use whose end was corrected later comes again under the same number; the last one counts.
    uses = {use.number: use for use in closed if isinstance(use, Use)}
    return (
        [StoredUse(occurrence=occurrence.id, use=use) for use in uses.values()],
        [StoredCoverage(occurrence=occurrence.id, coverage=row) for row in closed if isinstance(row, Coverage)],
    )
