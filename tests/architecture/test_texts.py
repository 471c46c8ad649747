"""The texts that a person sees: all are in the catalogue, and a translation of it is shown."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo

from tests.architecture.sources import PACKAGES, ROOT, SOURCES, Source, source
from tests.texts import TEMPLATE, collect, template

catalogue = cache(collect)


def test_the_catalogue_is_up_to_date() -> None:
    assert TEMPLATE.read_text(encoding="utf-8") == template(), "make texts"


@pytest.mark.parametrize(
    "text", ["Every command, grouped", "notice", "status"], ids=["docstring", "part of a word", "name of a command"]
)
def test_what_no_person_sees_is_not_in_the_catalogue(text: str) -> None:
    assert catalogue().get(text) is None


def test_a_text_that_depends_on_a_number_has_both_forms() -> None:
    plurals = [message.id for message in catalogue() if isinstance(message.id, tuple)]
    assert plurals
    assert all(len(forms) == 2 for forms in plurals)


def test_placeholders_are_named() -> None:
    texts = [
        text for message in catalogue() for text in (message.id if isinstance(message.id, tuple) else [message.id])
    ]
    assert [text for text in texts if "{}" in text or "{0" in text] == [], "a translator needs to move them"


def test_a_translation_is_shown_in_help_and_in_output(tmp_path: Path) -> None:
    """Every text translated into itself, in capitals of the first letter's choice, by a catalogue made here."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    translation = Catalog(locale="de")
    for message in catalogue():
        if message.id:
            forms = message.id if isinstance(message.id, tuple) else None
            translation.add(message.id, tuple(f"[{form}" for form in forms) if forms else f"[{message.id}")
    folder = tmp_path / "detector" / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "turntoward.mo").open("wb") as file:
        write_mo(file, translation)

    def ask(*words: str) -> str:
        command = [sys.executable, "-m", "detector.cli", *words]
        env = os.environ | {"LANGUAGE": "de", "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout + done.stderr

    assert "[Notice the small moments" in ask("--help")
    assert "[begin partner time now" in ask("--help")
    assert "[Example: turntoward now" in ask("now", "--help")
    assert "[" in ask("list")
    assert "[" in ask("remove", "nothing like it")


COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function or module, without those of functions and comprehensions in it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | COMPREHENSIONS):
            yield from own_nodes(node)


def hidden_underscores(module: Source) -> list[int]:
    """Return the lines at which a function that calls gettext's `_` gives `_` another value."""
    found = []
    for scope in ast.walk(module.tree):
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [node for node in own_nodes(scope) if isinstance(node, ast.Name) and node.id == "_"]
            if any(isinstance(name.ctx, ast.Load) for name in names):
                found += [name.lineno for name in names if isinstance(name.ctx, ast.Store)]
    return found


def test_no_variable_hides_the_underscore_of_gettext() -> None:
    assert {str(module): lines for module in SOURCES if (lines := hidden_underscores(module))} == {}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n    for _ in range(3):\n        print(_('x'))\n", [2]),
        ("def f():\n    a, _, b = x.partition(':')\n    return _('x')\n", [2]),
        ("def f():\n    a, _, b = x.partition(':')\n", []),
        ("def f():\n    return [_('x'), [a for _, a in y]]\n", []),
    ],
    ids=["a loop", "an assignment", "no text in the function", "a comprehension"],
)
def test_a_hidden_underscore_is_found(text: str, lines: list[int]) -> None:
    assert hidden_underscores(source(text)) == lines
