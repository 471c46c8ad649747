"""Conditions as people write them: tokens, syntax tree, type check, condition tree, compiled function.

Invariant 1: `compile_condition` raises nothing but `RuleError`, which contains every problem of the text.
Invariant 2: a condition reads only the features that it declares, and stops as soon as it is decided.
Invariant 3: an unknown value is neither true nor false; `holds` is True only if the condition is certain.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from rules.evaluation import Get, GroupResult
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

__all__ = [
    "MAX_TEXT_LENGTH",
    "RuleError",
    "RuleProblem",
    "compile_condition",
    "evaluate",
    "format_key",
    "parse_template",
]

MAX_TEXT_LENGTH: Final = 2000


def compile_condition(text: str) -> Condition:
    """Return the condition of `text`, such as `category is social and dwell >= 60 s`.

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
    node = _parse(text, problems)
    if node is not None:
        refuse_contradictions(node, problems)
    if node is None or problems.found:
        raise RuleError(problems.in_order())
    return _compile(text, node)


def evaluate(text: str, get: Get, held_for: Sequence[timedelta | None] = ()) -> GroupResult:
    """Return the result of each comparison of the condition, with the values that `get` returns for the features.

    `held_for`: how long each part with a `for` has held, in the order of the condition's memory.

    Raises:
        ValueError: if the text is not a condition.
    """
    problems = Problems(text)
    node = _parse(text, problems)
    if node is None or problems.found:
        raise ValueError("this is not a condition")
    result = node.result(get, iter(held_for))
    return result if isinstance(result, GroupResult) else GroupResult(joined_by="and", parts=(result,))


def _parse(text: str, problems: Problems) -> Node | None:
    return TypeChecker(problems).check(Parser(tokenize(text, problems), problems).parse())


def _compile(text: str, node: Node) -> Condition:
    generator = CodeGenerator()
    truth = node.truth(generator, frozenset()).source
    instant = node.deadline(generator)
    holds, deadline, evaluate = generator.compile(truth, instant, node.evaluation(generator))
    return Condition(
        text=text,
        features_used=node.keys(),
        holds=holds,
        deadline=deadline,
        evaluate=evaluate,
        categories=_categories(node, *(part for part in generator.remembered if isinstance(part, Node))),
        memory_size=len(generator.remembered),
    )


def _categories(*nodes: Node) -> frozenset[str] | None:
    allowed = [node.categories for node in nodes]
    bound = [categories for categories in allowed if categories is not None]
    return frozenset().union(*bound) if len(bound) == len(allowed) else None
