"""Open the store for a command that changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from detector.control.lock import own_store
from detector.store.errors import StoreMissing
from detector.store.store import Store


@contextmanager
def open_stored() -> Iterator[Store]:
    """Open the store read-only, or an empty one in memory where nothing was ever stored: reading makes no file."""
    try:
        store = Store.open(own_store(), read_only=True)
    except StoreMissing:
        store = Store.in_memory()
    with store:
        yield store
