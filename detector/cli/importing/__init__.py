"""`turntoward import`: take in history that another program kept."""

from typing import Final

# Where a running ActivityWatch listens unless it is set up otherwise.
DEFAULT_URL: Final = "http://127.0.0.1:5600"
