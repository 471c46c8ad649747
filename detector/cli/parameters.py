"""Types of options that several commands have."""

from datetime import timedelta
from typing import Any, Final

import click

from rules.lengths import parse_length


class LengthType(click.ParamType[timedelta]):
    """A length such as `90s` or `10min`."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length; what cannot be read is refused with the reason."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_length(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


LENGTH: Final = LengthType()
