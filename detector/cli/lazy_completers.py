"""What Tab may write for an argument: the definitions of commands name these functions as `shell_complete`.

What they return is found in `completion_values.py`, which is imported only when a shell wants it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def titles(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _complete("titles", incomplete)


def calendars(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _complete("calendars", incomplete)


def phones(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _complete("phones", incomplete)


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _complete("files", incomplete)


def _complete(kind: str, incomplete: str) -> list[CompletionItem]:
    candidates: list[CompletionItem] = getattr(import_module("detector.cli.completion_values"), kind)(incomplete)
    return candidates
