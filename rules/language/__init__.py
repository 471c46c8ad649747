"""Conditions as people write them: tokens, forms, meaning, one compiled function.

Rule 1: no text raises anything but `RuleError`, and that says every problem of the text.
Rule 2: a condition asks only for the features that it declares, and only as far as it must.
Rule 3: the unknown is neither true nor false; `holds` is True only where the condition is certain.
"""

from __future__ import annotations

from typing import Final

from rules.language.because import parts_of
from rules.language.contradictions import refuse_contradictions
from rules.language.meaning import Meaning
from rules.language.parser import Parser
from rules.language.problems import Problems, RuleError, RuleProblem
from rules.language.source import Writer
from rules.language.tokens import tokens_of
from rules.language.tree import Node
from rules.language.written import written
from rules.model import Condition

__all__ = ["LONGEST_TEXT", "RuleError", "RuleProblem", "compile_condition", "parts_of", "written"]

LONGEST_TEXT: Final = 2000


def compile_condition(text: str) -> Condition:
    """Return the condition that `text` says, such as `category is social and dwell >= 60 s`.

    Raises:
        RuleError: with every problem of the text.
    """
    problems = Problems(text)
    if len(text) > LONGEST_TEXT:
        problems.add(f"A condition has at most {LONGEST_TEXT} characters; this one has {len(text)}.", 0)
        raise RuleError(problems.in_order())
    if not text.strip(" \t\r\n"):
        problems.add("The condition is empty.", 0, hint="Write for example 'category is social and dwell >= 60 s'.")
        raise RuleError(problems.in_order())
    node = Meaning(problems).of(Parser(tokens_of(text, problems), problems).read())
    if node is not None:
        refuse_contradictions(node, problems)
    if node is None or problems.found:
        raise RuleError(problems.in_order())
    return _compiled(text, node)


def _compiled(text: str, node: Node) -> Condition:
    writer = Writer()
    truth = node.truth(writer, frozenset()).source
    turn = node.turn(writer)
    holds, turns, look = writer.compiled(truth, turn, node.look(writer))
    return Condition(
        text=text,
        needs=node.keys(),
        holds=holds,
        turns=turns,
        look=look,
        categories=_categories(node, *(part for part in writer.remembered if isinstance(part, Node))),
        remembers=len(writer.remembered),
    )


def _categories(*nodes: Node) -> frozenset[str] | None:
    """Return in front of which categories one of the nodes can hold or turn: what lasts is looked at wherever it may."""
    each = [node.categories for node in nodes]
    bound = [categories for categories in each if categories is not None]
    return frozenset().union(*bound) if len(bound) == len(each) else None
