"""The numbers of a rule that a person can set: `{after}`, `{times}` and `{within}` in its texts, and their values.

A pack declares them beside the condition (`after = "90 s"`), and the condition uses them, as they are or with a plain
number: `dwell >= {after}`, `dwell >= {after / 2}`, `all.uses(mail, {within}) >= {times}`.

Invariant 1: a text with other values differs from the first one in nothing but those values.
Invariant 2: every offset in the rendered text has its offset in the template, so that a problem points into the file.
"""

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import Final

from rules.features import MAX_SPAN
from rules.language import compile_condition
from rules.language.formatter import length_literal
from rules.language.problems import Problems, RuleError, did_you_mean, shown
from rules.model import Knobs, Rule

KNOBS: Final = ("after", "times", "within")
MIN_LENGTH: Final = timedelta(seconds=1)
MAX_TIMES: Final = 100
_EXAMPLE: Final = "Write for example {after}, {after / 2} or {after * 2}."
_PLACEHOLDER: Final = re.compile(r"\{([^{}\n]*)\}")
_INSIDE: Final = re.compile(r"\s*([A-Za-z_]+)\s*(?:([*/])\s*(\d{1,4}(?:\.\d{1,4})?)\s*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedText:
    """A text with the values of the knobs in it.

    `places`: for each value, where it begins and ends here, and where its placeholder begins and ends in the template.
    """

    text: str
    places: tuple[tuple[int, int, int, int], ...]

    def in_template(self, offset: int, width: int) -> tuple[int, int]:
        """Return the offset and the width in the template of a part of this text; a part of a value is all of it."""
        shift = 0
        for begins, ends, template_begins, template_ends in self.places:
            if offset < begins:
                break
            if offset < ends:
                return template_begins, template_ends - template_begins
            shift = template_ends - ends
        return offset + shift, width


def render(template: str, knobs: Knobs) -> RenderedText:
    """Return the template with the values of the knobs in place of `{after}` and the others.

    Raises:
        RuleError: with every placeholder that means no knob of this rule.
    """
    problems = Problems(template)
    declared = knobs.declared()
    pieces: list[str] = []
    places: list[tuple[int, int, int, int]] = []
    end = length = 0
    for found in _PLACEHOLDER.finditer(template):
        value = _value(found[1], found.start(), knobs, declared, problems)
        before = template[end : found.start()]
        begins = length + len(before)
        pieces += (before, value)
        length, end = begins + len(value), found.end()
        places.append((begins, length, found.start(), end))
    if problems.found:
        raise RuleError(problems.in_order())
    pieces.append(template[end:])
    return RenderedText(text="".join(pieces), places=tuple(places))


def render_sentence(sentence: str, knobs: Knobs) -> str:
    """Return the sentence with the values of the knobs; braces round anything else stay as they are."""
    declared = knobs.declared()

    def fill(found: re.Match[str]) -> str:
        inside = _INSIDE.fullmatch(found[1])
        is_knob = inside is not None and inside[1] in declared
        return _value(found[1], found.start(), knobs, declared, Problems(sentence)) if is_knob else found[0]

    return _PLACEHOLDER.sub(fill, sentence)


def with_knobs(rule: Rule, knobs: Knobs) -> Rule:
    """Return the rule with other values for its knobs: its condition, `until` and `notices` are rendered with them.

    Raises:
        RuleError: where the condition is impossible with these values.
        ValueError: for a knob that the rule does not have.
    """
    merged = replace(rule.knobs, **{name: getattr(knobs, name) for name in knobs.declared()})
    unknown = merged.declared() - rule.knobs.declared()
    if unknown:
        raise ValueError(f"{rule.code} has no {', '.join(sorted(unknown))}")
    template = rule.template
    if template is None or merged == rule.knobs:
        return rule
    return replace(
        rule,
        knobs=merged,
        condition=compile_condition(render(template.when, merged).text),
        until=None if template.until is None else compile_condition(render(template.until, merged).text),
        page=replace(rule.page, notices=render_sentence(template.notices, merged)),
    )


def _value(inside: str, opening: int, knobs: Knobs, declared: Container[str], problems: Problems) -> str:
    found = _INSIDE.fullmatch(inside)
    width = len(inside) + 2
    if found is None:
        problems.add("Between braces stands a knob of the rule, with at most one number.", opening, width, _EXAMPLE)
        return ""
    name = found[1]
    if name not in KNOBS:
        problems.add(f"'{shown(name)}' is not a knob.", opening, width, did_you_mean(name, KNOBS, _EXAMPLE))
        return ""
    if name not in declared:
        example = "3" if name == "times" else '"90 s"'
        problems.add(f"This rule has no '{name}'.", opening, width, f"Write {name} = {example} beside the condition.")
        return ""
    factor = float(found[3]) if found[2] else 1.0
    if not factor:
        problems.add("Zero leaves nothing of it.", opening, width, _EXAMPLE)
        return ""
    factor = 1 / factor if found[2] == "/" else factor
    value = getattr(knobs, name)
    if isinstance(value, timedelta):
        # Whole seconds: a rule that a person set in minutes must not read as 66.666667 s.
        seconds = timedelta(seconds=round((value * factor).total_seconds()))
        return length_literal(min(max(seconds, MIN_LENGTH), MAX_SPAN))
    return str(max(1, ceil(value * factor)))
