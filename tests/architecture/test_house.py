"""The rules of the house that a tool does not know: lengths, docstrings, words, and the packages that were asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import SOURCES, Source, source

LONGEST = 500
LONGER: dict[str, int] = {}
"""Files that may be longer, with how long: each needs a reason that a reader accepts."""

NO_ROOM = frozenset(
    {"util", "utils", "helper", "helpers", "manager", "managers", "common", "data", "info", "misc", "ts"}
)
"""What a module is not called: such names take in everything and promise nothing."""

NO_NAME = frozenset({"ts", "data", "info", "helper", "helpers", "util", "utils", "window", "windows"})
"""Words that no name in the code has: each has too many meanings here (design, vocabulary)."""

THEIR_WORD = {"detector/sensors/x11_focus.py": {"window"}}
"""Where another program's own word is meant: in X11 a window is what is asked for its properties."""

ASKED_FOR = ("psutil", "pynput", "apscheduler", "sqlite_utils", "plyer")


def words(name: str) -> set[str]:
    """Return the words of an identifier, in lower case: `_lastTs` has last and ts."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


def names(what: Source) -> Iterator[tuple[int, str]]:
    """Yield every name that the module gives to something, with its line."""
    for node in ast.walk(what.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def badly_named(what: Source) -> list[str]:
    allowed = THEIR_WORD.get(what.name, set())
    found = {(line, name) for line, name in names(what) if words(name) & NO_NAME - allowed}
    rooms = [part for part in what.path.with_suffix("").parts if words(part) & NO_ROOM]
    return [*(f"{what}: {part}" for part in rooms), *(f"{what}:{line}: {name}" for line, name in sorted(found))]


@pytest.mark.parametrize("what", SOURCES, ids=str)
def test_a_module_is_short_and_says_what_it_is_for(what: Source) -> None:
    assert len(what.text.splitlines()) <= LONGER.get(what.name, LONGEST), "one job each: cut it in two"
    said = ast.get_docstring(what.tree)
    assert said, "the first line of a module says what it is for"
    first = said.splitlines()[0]
    assert first.endswith((".", ":")), first
    assert "!" not in said


def test_a_file_that_may_be_longer_still_is() -> None:
    lengths = {what.name: len(what.text.splitlines()) for what in SOURCES}
    assert {name for name in LONGER if lengths.get(name, 0) <= LONGEST} == set()
    assert len(LONGER) <= 2


def test_nothing_has_a_name_that_takes_in_everything() -> None:
    assert [line for what in SOURCES for line in badly_named(what)] == []
    stale = {path for path in THEIR_WORD if path not in {what.name for what in SOURCES}}
    assert stale == set()


@pytest.mark.parametrize(
    ("text", "name", "seen"),
    [
        ("ts = 1", "detector/a.py", ["detector/a.py:1: ts"]),
        ("def f(raw_data): ...", "detector/a.py", ["detector/a.py:1: raw_data"]),
        ("class FocusInfo: ...", "detector/a.py", ["detector/a.py:1: FocusInfo"]),
        ("self.window = None", "detector/a.py", ["detector/a.py:1: window"]),
        ("self.window = None", "detector/sensors/x11_focus.py", []),
        ("import x as utils", "detector/a.py", ["detector/a.py:1: utils"]),
        ("", "detector/text_utils.py", ["detector/text_utils.py: text_utils"]),
        ("", "detector/common/a.py", ["detector/common/a.py: common"]),
        ("database = updated = widow = tsunami = f.data", "detector/a.py", []),
    ],
)
def test_a_name_that_takes_in_everything_is_seen(text: str, name: str, seen: list[str]) -> None:
    assert badly_named(source(text, name)) == seen


@pytest.mark.parametrize("package", ASKED_FOR)
def test_each_package_that_the_person_asked_for_is_in_use(package: str) -> None:
    assert [what.name for what in SOURCES if package in {name.split(".")[0] for name in what.imported()}]
