"""Declare an option of the configuration together with its field."""

from dataclasses import field
from typing import Any


def option(default: Any, meaning: str, **limits: Any) -> Any:
    """Return a dataclass field with this default, and with the option's meaning and limits as metadata.

    `limits`: those of `detector.config.settings.Option`. With only a maximum, the minimum is zero.
    """
    return field(default=default, metadata={"meaning": meaning, **limits})
