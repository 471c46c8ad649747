"""The texts that a person sees: all are in the catalogue, and a translation of it is shown."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo

from tests.architecture.sources import PACKAGES, ROOT, SOURCES, Source, source
from tests.texts import TEMPLATE, collect, template


def test_the_catalogue_is_up_to_date() -> None:
    assert TEMPLATE.read_text(encoding="utf-8") == template(), "make texts"


@pytest.mark.parametrize(
    "text", ["Every command, grouped", "notice", "status"], ids=["docstring", "part of a word", "name of a command"]
)
def test_what_no_person_sees_is_not_in_the_catalogue(text: str) -> None:
    assert collect().get(text) is None


def test_a_text_that_depends_on_a_number_has_both_forms() -> None:
    plurals = [message.id for message in collect() if isinstance(message.id, tuple)]
    assert plurals
    assert all(len(forms) == 2 for forms in plurals)


def test_placeholders_are_named() -> None:
    texts = [text for message in collect() for text in (message.id if isinstance(message.id, tuple) else [message.id])]
    assert [text for text in texts if "{}" in text or "{0" in text] == [], "a translator needs to move them"


def test_a_translation_is_shown_in_help_and_in_output(tmp_path: Path) -> None:
    """Every text translated into itself, in capitals of the first letter's choice, by a catalogue made here."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    translation = Catalog(locale="de")
    for message in collect():
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
    assert "[partner time begins now" in ask("--help")
    assert "[Example: turntoward now" in ask("now", "--help")
    assert "[" in ask("list")
    assert "[" in ask("now", "a while")


def assignments_to_underscore(module: Source) -> list[int]:
    """Return the lines that give `_` another value in a module that imports gettext's `_`."""
    imports = [node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom)]
    if not any(node.module == "detector.i18n" and "_" in {name.name for name in node.names} for node in imports):
        return []
    names = (node for node in ast.walk(module.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return [node.lineno for node in names if node.id == "_"]


def test_no_variable_hides_the_underscore_of_gettext() -> None:
    assert {str(module): lines for module in SOURCES if (lines := assignments_to_underscore(module))} == {}
    hidden = "from detector.i18n import _\nfor _ in range(3): ...\n"
    assert assignments_to_underscore(source(hidden)) == [2]
    assert assignments_to_underscore(source("for _ in range(3): ...\n")) == []
