"""Which categories could be made always for both of you: `together` and `status` offer them."""

from collections.abc import Sequence

from detector.cli.stored import open_stored
from detector.report.starts_and_cancellations import DECLINED, declined, offers


def offered_categories(chosen: Sequence[str]) -> list[tuple[str, int]]:
    """Return the categories to offer, with how often each was for both; `chosen`: those that always are."""
    with open_stored() as store:
        return offers(store.history.moments(), declined(store.state.get(DECLINED)).union(chosen))
