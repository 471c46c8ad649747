"""The bars of the source code hold: lengths, comments, exemptions, circles, names. `make bench code` prints them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import figures
from tests.architecture.sources import SOURCES, TESTS, Source, source


def test_every_bar_is_met() -> None:
    unmet = [figure for figure in figures.figures(SOURCES, TESTS) if not figure.is_met]
    explained = [
        f"{figure.name}: {figure.value:g}, the bar is {figure.limit:g} {figure.where[:20]}" for figure in unmet
    ]
    assert not unmet, "\n".join(explained)


def test_only_a_comment_that_has_its_line_to_itself_and_is_no_directive_counts() -> None:
    text = '# why\nx = 1  # beside code\n# noqa: E501 - a directive\n"""# in a text"""\n    # indented\n'
    assert figures.comment_lines(source(text)) == 2


def test_an_exemption_is_found_with_its_reason() -> None:
    text = "import a  # noqa: F401 - for users\nimport b  # noqa: F401\nimport c  # noqa\n"
    assert figures.exemptions(source(text)) == [(1, "for users"), (2, ""), (3, "")]


def test_an_import_in_a_function_is_counted_once_and_one_at_the_top_is_not() -> None:
    text = "import a\ndef f():\n    import b\n    def g():\n        from c import d\nasync def h(): import e\n"
    assert figures.local_imports(source(text)) == [3, 5, 6]


def test_a_line_that_the_formatter_skips_is_found() -> None:
    assert figures.unformatted(source("x = {  1:2 }  # fmt: skip\ny = 1\n# fmt: off\n")) == [1, 3]


def modules(**texts: str) -> list[Source]:
    return [source(text, f"detector/{name}.py") for name, text in texts.items()]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"a": "import detector.b", "b": "import detector.c", "c": ""}, []),
        ({"a": "import detector.b", "b": "from detector.a import x"}, [["detector.a", "detector.b"]]),
        ({"a": "from detector import b", "b": "def f():\n    import detector.a"}, [["detector.a", "detector.b"]]),
        (
            {"a": "import detector.b", "b": "import detector.c", "c": "import detector.a", "d": "import detector.a"},
            [["detector.a", "detector.b", "detector.c"]],
        ),
    ],
    ids=["a chain", "two", "inside a function", "three"],
)
def test_a_circle_of_files_is_found(texts: dict[str, str], found: list[list[str]]) -> None:
    assert figures.circles(figures.imports(modules(**texts))) == found


def test_a_package_is_not_needed_where_only_its_modules_are_imported() -> None:
    package = source("from detector.p import a", "detector/p/__init__.py")
    graph = figures.imports(
        [package, source("from detector.p import b", "detector/p/a.py"), source("", "detector/p/b.py")]
    )
    assert graph["detector.p.a"] == {"detector.p.b"}


def test_a_class_name_that_is_defined_twice_is_found() -> None:
    places = figures.class_places(modules(a="class Request: ...", b="class Other:\n    class Request: ..."))
    assert places["Request"] == ["detector/a.py:1", "detector/b.py:2"]


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("ts = 1", "detector/a.py", ["detector/a.py:1: ts"]),
        ("def f(raw_data): ...", "detector/a.py", ["detector/a.py:1: raw_data"]),
        ("class FocusInfo: ...", "detector/a.py", ["detector/a.py:1: FocusInfo"]),
        ("self.door = None", "detector/a.py", ["detector/a.py:1: door"]),
        ("import x as utils", "detector/a.py", ["detector/a.py:1: utils"]),
        ("", "detector/text_utils.py", ["detector/text_utils.py: text_utils"]),
        ("", "detector/common/a.py", ["detector/common/a.py: common"]),
        ("database = updated = indoor = tsunami = f.data", "detector/a.py", []),
        ("kept_name = 1", "detector/a.py", []),
    ],
)
def test_a_word_of_the_glossary_is_found_in_names_and_paths(text: str, name: str, found: list[str]) -> None:
    forbidden = {"ts", "data", "info", "door", "utils", "common", "kept"}
    assert figures.glossary_breaks(source(text, name), forbidden, frozenset({"kept_name"})) == found


def test_the_glossary_says_for_each_word_what_to_write_instead(tmp_path: Path) -> None:
    words = figures.glossary(figures.GLOSSARY)
    assert len(words) > 20
    assert [word for word, instead in words.items() if not instead] == []


def test_every_persisted_name_is_still_in_use(identifier_names: Callable[[], set[str]]) -> None:
    persisted = set(figures.PERSISTED.read_text(encoding="utf-8").split())
    assert persisted - identifier_names() == set()


@pytest.fixture
def identifier_names() -> Callable[[], set[str]]:
    return lambda: {name for each in SOURCES for _, name in figures.identifiers(each)}
