"""Which categories could be made always for both of you: `together` and `status` offer them."""

from collections.abc import Sequence

from detector.cli.plan.context import open_store
from detector.report.rituals import DECLINED, declined, offers
from detector.store.errors import StoreMissing


def offered_categories(chosen: Sequence[str]) -> list[tuple[str, int]]:
    """Return what could be always for both, with how often it was for both; `chosen`: what is so already."""
    try:
        with open_store(read_only=True) as store:
            return offers(store.history.moments(), declined(store.state.get(DECLINED)).union(chosen))
    except StoreMissing:
        return []
