"""What Tab may write for an argument: the definitions of commands name these functions as `shell_complete`.

What they return is found in `completion_values.py`, which is imported only when a shell wants it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Completer: TypeAlias = "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]"


def _completer(name: str) -> Completer:
    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found: list[CompletionItem] = getattr(import_module("detector.cli.completion_values"), name)(incomplete)
        return found

    return complete


titles, calendars, phones, files = map(_completer, ("titles", "calendars", "phones", "files"))
