"""Read from the store for a command that changes nothing."""

from collections.abc import Callable
from typing import TypeVar

from detector.control.lock import own_store
from detector.store.errors import StoreMissing
from detector.store.store import Store

T = TypeVar("T")
M = TypeVar("M")


def read_stored(read: Callable[[Store], T], missing: M) -> T | M:
    """Return what `read` reads from the store, or `missing` where nothing was ever stored."""
    try:
        # Read-only, as a command that only shows something must not make a store.
        with Store.open(own_store(), read_only=True) as store:
            return read(store)
    except StoreMissing:
        return missing
