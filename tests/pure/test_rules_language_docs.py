"""docs/rules-language.md says what the language does: every example is taken, every mistake is said in these words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.features import CATEGORY_SETS, DEVICE_KINDS, MAX_SPAN, SCOPES
from rules.language import MAX_TEXT_LENGTH, RuleError, compile_condition, parse_template
from rules.language.parser import MAX_COMPARISONS, MAX_DEPTH
from rules.language.template import MAX_SENTENCE
from rules.language.tokenizer import COMPARISONS, KEYWORDS
from rules.lengths import UNITS
from rules.model import DEVICE_PLACEHOLDER, FeatureKey
from rules.pack import MAX_RULES, VERSION, read_pack

FOLDER = Path(__file__).parents[2] / "docs"
DOCS = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("rules-language.md", "rules-language-time.md"))


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)


def lines(kind: str) -> list[str]:
    return [line for block in blocks(kind) for line in block.splitlines()]


def said_of(text: str, read: Callable[[str], object]) -> str:
    """Return the text with its problem below it, as the command line shows it."""
    with pytest.raises(RuleError) as refused:
        read(text)
    (problem,) = refused.value.problems
    said = f"{problem.message} {problem.hint}" if problem.hint else problem.message
    return f"{text}\n{' ' * problem.offset_column}{'^' * problem.width} {said}\n"


@pytest.mark.parametrize("text", lines("condition"))
def test_every_example_is_a_condition(text: str) -> None:
    assert compile_condition(text).features_used


@pytest.mark.parametrize("block", blocks("refused"))
def test_every_mistake_is_said_in_the_words_of_the_page(block: str) -> None:
    assert said_of(block.splitlines()[0], compile_condition) == block


@pytest.mark.parametrize("block", blocks("refused-because"))
def test_every_mistake_in_a_sentence_is_said_in_the_words_of_the_page(block: str) -> None:
    assert said_of(block.splitlines()[0], parse_template) == block


@pytest.mark.parametrize("text", lines("because"))
def test_every_sentence_is_read(text: str) -> None:
    parts = parse_template(text)
    assert any(isinstance(part, FeatureKey) for part in parts)
    assert DEVICE_PLACEHOLDER in parts or "{device}" not in text


def test_every_pack_is_read() -> None:
    packs = blocks("toml")
    assert packs
    for pack in packs:
        assert read_pack(pack, "docs").problems == ()


def test_the_page_has_an_example_of_every_form() -> None:
    examples = "\n".join(lines("condition"))
    forms = [
        " for ",
        " then ",
        " within ",
        "hop from ",
        "since start",
        "usual(p",
        "shorter than",
        "longer than",
        "is not ",
        "not in ",
        "in distraction",
        "is known",
        "is unknown",
        "(category in ",
        "(category is ",
        "%",
        "/ min",
        "not (",
        *(f"{scope}." for scope in SCOPES),
        *(f" {sign} " for sign in COMPARISONS if sign != "!="),
    ]
    assert [form for form in forms if form not in examples] == []
    assert len(blocks("refused")) >= 16


def test_the_grammar_names_every_word_of_the_language() -> None:
    (grammar,) = blocks("ebnf")
    words = KEYWORDS | SCOPES.keys() | DEVICE_KINDS.keys() | CATEGORY_SETS.keys() | UNITS.keys() | set(COMPARISONS)
    words |= {"hop", "from", "to", "shorter", "longer", "than", "since", "start", "usual", "known", "unknown"}
    assert [word for word in sorted(words) if f'"{word}"' not in grammar] == []
    defined = set(re.findall(r"^(\w+) +=", grammar, re.MULTILINE)) | {"name", "category", "digit"}
    used = set(re.findall(r"\w+", re.sub(r'"[^"]*"', "", grammar)))
    assert used <= defined


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    prose = " ".join(DOCS.split())
    assert f"{MAX_TEXT_LENGTH:,} characters and {MAX_COMPARISONS} comparisons" in prose
    assert f"at most {MAX_DEPTH} deep" in prose
    assert MAX_SPAN.total_seconds() == 24 * 3600
    assert "longer than 0 s and at most 24 h" in prose
    assert f"at most {MAX_SENTENCE} characters" in prose
    assert f"at most {MAX_RULES:,} rules" in prose
    assert f"`version = {VERSION}`" in prose
