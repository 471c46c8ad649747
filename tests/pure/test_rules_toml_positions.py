"""Where values and keys of a TOML text stand."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.toml_positions import TomlPosition, TomlPositions

TEXT = '''# a comment with [brackets] and = signs
title = "mine"  # and another
"quoted key".inner = 'single'

[[rule]]
code = "A1"
when = """
first line
  second "line" """
list = [
  1, # one
  { deep = "here", 'x y' = 2 },
]

[[rule]]
code = "A2"
[rule.more]
folded = """one \\
    two\\u0041three"""
"with \\u0022 quote" = 1979-05-27 07:32:00
[[rule.part]]
n = 1
[[rule.part]]
n = -2.5
'''


def at(place: TomlPosition | None) -> tuple[int, int, int]:
    assert place is not None
    return place.line, place.column, place.width


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("title",), (2, 9, 6)),
        (("quoted key", "inner"), (3, 22, 8)),
        (("rule", 0), (5, 1, 8)),
        (("rule", 0, "code"), (6, 8, 4)),
        (("rule", 0, "when"), (7, 8, 3)),
        (("rule", 0, "list", 0), (11, 3, 1)),
        (("rule", 0, "list", 1, "deep"), (12, 12, 6)),
        (("rule", 0, "list", 1, "x y"), (12, 28, 1)),
        (("rule", 1, "code"), (16, 8, 4)),
        (("rule", 1, "more", "folded"), (18, 10, 8)),
        (("rule", 1, "more", 'with " quote'), (20, 23, 19)),
        (("rule", 1, "part", 1, "n"), (24, 5, 4)),
    ],
)
def test_a_value_is_found_by_its_path(path: tuple[str | int, ...], expected: tuple[int, int, int]) -> None:
    assert at(TomlPositions(TEXT).values.get(path)) == expected


def test_a_key_is_found_by_its_path_and_a_header_counts_as_its_key() -> None:
    assert at(TomlPositions(TEXT).keys.get(("rule", 0, "when"))) == (7, 1, 4)
    assert at(TomlPositions(TEXT).keys.get(("quoted key", "inner"))) == (3, 14, 5)
    assert at(TomlPositions(TEXT).keys.get(("rule", 1, "more"))) == (17, 7, 4)


def test_what_is_not_there_has_no_place() -> None:
    for path in [("nothing",), ("rule", 2), ("rule", 0, "list", 2), (), ("rule", "code")]:
        assert TomlPositions(TEXT).values.get(path) is None


@pytest.mark.parametrize(
    ("path", "word", "expected"),
    [
        (("rule", 0, "when"), "first", (8, 1)),
        (("rule", 0, "when"), "line", (8, 7)),
        (("rule", 0, "when"), "second", (9, 3)),
        (("rule", 1, "more", "folded"), "two", (19, 5)),
        (("rule", 1, "more", "folded"), "A", (19, 8)),
        (("rule", 1, "more", "folded"), "three", (19, 14)),
        (("title",), "ine", (2, 11)),
    ],
)
def test_a_character_within_a_string_is_found(
    path: tuple[str | int, ...], word: str, expected: tuple[int, int]
) -> None:
    value: Any = tomllib.loads(TEXT)
    for step in path:
        value = value[step]
    places = TomlPositions(TEXT)
    assert places.within(places.values[path], value.index(word)) == expected


def test_line_ends_of_another_system_move_nothing() -> None:
    windows = TomlPositions(TEXT.replace("\n", "\r\n"))
    assert windows.values == TomlPositions(TEXT).values
    assert windows.line(6) == 'code = "A1"'


@example('"\\1"')
@example('"\r\\1"')
@given(st.text(alphabet="ab=[]{}\"'\\#., \n\r1\t-é", max_size=60))
def test_no_text_makes_the_walk_fail_and_what_it_finds_in_toml_is_what_toml_says(text: str) -> None:
    places = TomlPositions(text)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for path, expected in leaves(content, ()):
        place = places.values[path]
        assert tomllib.loads("x = " + places.text[place.begins : place.ends])["x"] == expected
        if isinstance(expected, str):
            for index, character in enumerate(expected):
                line, column = places.within(place, index)
                assert column <= len(places.line(line)) + 1
                if not place.escapes and character != "\n":
                    assert places.line(line)[column - 1] == character


STRINGS = st.text(alphabet="ab\"'\\# =[]é\n\t", max_size=12)
KEYS = st.text(alphabet='ab. "é', max_size=3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers() | st.booleans() | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            if "'" in value or len(value) % 2:
                long = value.replace("\\", "\\\\").replace('"', '\\"')
                return quoted(value) if len(value) % 3 else f'"""\n{long}"""'
            return f"'''\n{value}'''"
        case list():
            return "[\n" + " , # comma\n".join(map(written, value)) + "\n]"
        case dict():
            return "{" + ", ".join(f"{quoted(key)} = {written(inner)}" for key, inner in value.items()) + "}"
        case _:
            return str(value)


def leaves(value: Any, path: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for number, inner in enumerate(value) for leaf in leaves(inner, (*path, number))]
    return [(path, value)]


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_every_value_of_every_document_is_found(tables: list[dict[str, Any]]) -> None:
    text = "".join(
        "[[a.'b c']]\n" + "".join(f"{quoted(key)} = {written(value)}\n" for key, value in table.items())
        for table in tables
    )
    content = tomllib.loads(text)
    assert content.get("a", {}).get("b c", []) == tables
    places = TomlPositions(text)
    for path, expected in leaves(content, ()):
        place = places.values[path]
        assert tomllib.loads("x = " + places.text[place.begins : place.ends])["x"] == expected
        assert places.position(place.begins) == (place.line, place.column)
