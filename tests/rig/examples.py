"""How many examples Hypothesis tries: written once in each test for `make test-all`, scaled here for the other targets.

`TURNTOWARD_EXAMPLES` chooses the profile: `test` (the default), `all` or `search`.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import settings

PROFILE: Final = os.environ.get("TURNTOWARD_EXAMPLES", "test")
SCALE: Final = {"test": 0.15, "all": 1.0, "search": 10.0}[PROFILE]
MINIMUM: Final = 10
"""Examples that a test tries at least: the simplest ones come first, and they find most faults."""

DEFAULT: Final = 100
"""Examples of a test that names no number."""


def examples(count: int) -> int:
    """Return how many examples a test tries in this profile, where `make test-all` tries `count`."""
    return max(min(count, MINIMUM), round(count * SCALE))


def load_profile() -> None:
    """Let `make test` and `make test-all` try the same examples for everybody; `make search` tries new ones each time."""
    is_search = PROFILE == "search"
    settings.register_profile(
        PROFILE,
        derandomize=not is_search,
        # What a search found is kept in `.hypothesis`, and tried first the next time.
        database=settings.default.database if is_search else None,
        deadline=None,
        max_examples=examples(DEFAULT),
    )
    settings.load_profile(PROFILE)
