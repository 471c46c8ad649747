"""Conditions as people write them: tokens, forms, meaning, one compiled function.

Rule 1: no text raises anything but `RuleError`, and that says every problem of the text.
Rule 2: a condition asks only for the features that it declares, and only as far as it must.
Rule 3: the unknown is neither true nor false; `holds` is True only where the condition is certain.
"""

from __future__ import annotations

from typing import Final

from rules.language.code_generator import CodeGenerator
from rules.language.condition_tree import Node
from rules.language.contradictions import refuse_contradictions
from rules.language.formatter import format_key
from rules.language.parser import Parser
from rules.language.problems import Problems, RuleError, RuleProblem
from rules.language.template import parse_template
from rules.language.tokenizer import tokenize
from rules.language.type_checker import TypeChecker
from rules.model import Condition

__all__ = ["MAX_TEXT_LENGTH", "RuleError", "RuleProblem", "compile_condition", "format_key", "parse_template"]

MAX_TEXT_LENGTH: Final = 2000


def compile_condition(text: str) -> Condition:
    """Return the condition that `text` says, such as `category is social and dwell >= 60 s`.

    Raises:
        RuleError: with every problem of the text.
    """
    problems = Problems(text)
    if len(text) > MAX_TEXT_LENGTH:
        problems.add(f"A condition has at most {MAX_TEXT_LENGTH} characters; this one has {len(text)}.", 0)
        raise RuleError(problems.in_order())
    if not text.strip(" \t\r\n"):
        problems.add("The condition is empty.", 0, hint="Write for example 'category is social and dwell >= 60 s'.")
        raise RuleError(problems.in_order())
    node = TypeChecker(problems).of(Parser(tokenize(text, problems), problems).read())
    if node is not None:
        refuse_contradictions(node, problems)
    if node is None or problems.found:
        raise RuleError(problems.in_order())
    return _compiled(text, node)


def _compiled(text: str, node: Node) -> Condition:
    writer = CodeGenerator()
    truth = node.truth(writer, frozenset()).source
    turn = node.turn(writer)
    holds, turns, look = writer.compiled(truth, turn, node.look(writer))
    return Condition(
        text=text,
        needs=node.keys(),
        holds=holds,
        deadline=turns,
        evaluate=look,
        categories=_categories(node, *(part for part in writer.remembered if isinstance(part, Node))),
        memory_size=len(writer.remembered),
    )


def _categories(*nodes: Node) -> frozenset[str] | None:
    """Return in front of which categories one of the nodes can hold or turn: what lasts is looked at wherever it may."""
    each = [node.categories for node in nodes]
    bound = [categories for categories in each if categories is not None]
    return frozenset().union(*bound) if len(bound) == len(each) else None
