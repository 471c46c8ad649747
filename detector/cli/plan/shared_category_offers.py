"""Which categories could be made always for both of you: `together` and `status` offer them."""

from collections.abc import Sequence

from detector.cli.stored import read_stored
from detector.report.starts_and_cancellations import DECLINED, declined, offers


def offered_categories(chosen: Sequence[str]) -> list[tuple[str, int]]:
    """Return what could be always for both, with how often it was for both; `chosen`: what is so already."""
    return read_stored(
        lambda store: offers(store.history.moments(), declined(store.state.get(DECLINED)).union(chosen)), []
    )
