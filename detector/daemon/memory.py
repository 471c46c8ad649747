"""Keep the daemon small while nothing happens: it waits for hours, and for minutes it works.

Rule 1: only what was measured to help stands here; docs/daemon.md has the numbers.
"""

from __future__ import annotations

import gc


def settle() -> None:
    """Put what starting left behind out of the collector's sight: it stays for life."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Give memory that partner time needed back to the system."""
    gc.collect()
