"""Describe an option of the configuration where the field that it sets is declared."""

from dataclasses import field
from typing import Any


def option(default: Any, meaning: str, **limits: Any) -> Any:
    """Return a dataclass field with this default, and the option's meaning and limits as its metadata.

    `limits`: those of `detector.config.settings.Option`. Where only a maximum is given, the minimum is zero.
    """
    return field(default=default, metadata={"meaning": meaning, **limits})
