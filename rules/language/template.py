"""Parse the sentence of a rule that gives its reason: `because = "{scrolls(60 s)} steps of the wheel in {dwell}"`.

Invariant 1: braces contain a feature, parsed and checked as in a condition, or the word `device`.
Invariant 2: every problem of the sentence is noted, each at its own character.
"""

import re
from typing import Final

from rules.features import FEATURES, Unit
from rules.language.name_resolver import NameResolver
from rules.language.parser import Parser, Unreadable
from rules.language.problems import Problems, RuleError, did_you_mean
from rules.language.tokenizer import tokenize
from rules.model import DEVICE_PLACEHOLDER, FeatureKey

MAX_SENTENCE: Final = 200
MAX_PLACEHOLDERS: Final = 8
_EXAMPLE: Final = "Write for example 'You scrolled {scrolls(60 s)} steps in {dwell}.'"
_PIECE: Final = re.compile(r"(?P<words>[^{}]+)|\{(?P<named>[^{}]*)\}|(?P<brace>[{}])")


def parse_template(sentence: str) -> tuple[str | FeatureKey, ...]:
    """Return the words and features of the sentence, without blanks at its ends; `DEVICE_PLACEHOLDER` is the device's name.

    Raises:
        RuleError: with every problem of the sentence.
    """
    problems = Problems(sentence)
    if len(sentence) > MAX_SENTENCE:
        problems.add(f"A sentence has at most {MAX_SENTENCE} characters; this one has {len(sentence)}.", 0)
        raise RuleError(problems.in_order())
    parts: list[str | FeatureKey] = []
    placeholders = 0
    for piece in _PIECE.finditer(sentence, len(sentence) - len(sentence.lstrip()), len(sentence.rstrip())):
        if piece["words"]:
            parts.append(piece["words"])
        elif piece["brace"]:
            problems.add("Braces stand in pairs, and only round a feature.", piece.start(), 1, _EXAMPLE)
        else:
            placeholders += 1
            part = _placeholder(sentence[: piece.end() - 1], piece.start(), problems)
            parts += [] if part is None else [part]
    if placeholders > MAX_PLACEHOLDERS:
        problems.add(f"There are {placeholders} features in one sentence; {MAX_PLACEHOLDERS} are the most.", 0)
    if not sentence.strip():
        problems.add("The sentence is empty.", 0, hint=_EXAMPLE)
    if problems.found:
        raise RuleError(problems.in_order())
    return tuple(parts)


def _placeholder(until_here: str, opening: int, problems: Problems) -> str | FeatureKey | None:
    """Return the feature or placeholder between the brace at `opening` and the end of `until_here`."""
    # The tokenizer continues after a problem, so its problems are found by their number.
    before = len(problems.found)
    # With blanks in place of the text before, so that every token has its offset in the whole sentence.
    parser = Parser(tokenize(" " * (opening + 1) + until_here[opening + 1 :], problems), problems)
    if parser.is_at_end():
        problems.add("Between these braces nothing stands.", opening, 2, _EXAMPLE)
        return None
    if parser.current.text == "device" and parser.peek().kind == "end":
        return DEVICE_PLACEHOLDER
    try:
        named = parser.parse_feature()
        if not parser.is_at_end():
            parser.fail_expecting("'}'")
    except Unreadable:
        return None
    if named.name.text == "device" or (named.name.text not in FEATURES and named.arguments is None):
        hint = did_you_mean(named.name.text, [*FEATURES, "device"], "docs/rules.md lists the features.")
        problems.refuse(named, f"There is no feature '{named.name.text[:40]}'.", hint)
        return None
    found = NameResolver(problems).feature(named)
    if found is None or found[1] is None or len(problems.found) > before:
        return None
    feature, key = found
    if feature.unit is Unit.FLAG:
        problems.refuse(named, f"{feature.name} is yes or no: in a sentence it says nothing.", _EXAMPLE)
        return None
    return key
