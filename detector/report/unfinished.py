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
    for seen in observations:
        if not isinstance(seen, PartnerTimeBegan | PartnerTimeEnded | PartnerTimeExtended):
            attention.observe(seen)
        last = max(last, seen.at)
    attention.end(last)
    found = attention.pop_closed()
    # A use whose end was corrected later comes again under the same number; the last one counts.
    uses = {each.number: each for each in found if isinstance(each, Use)}
    return (
        [StoredUse(occurrence=occurrence.id, use=use) for use in uses.values()],
        [StoredCoverage(occurrence=occurrence.id, coverage=each) for each in found if isinstance(each, Coverage)],
    )
