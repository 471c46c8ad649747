"""Generate the Python of a condition, and compile it once.

Invariant 1: no text of a person enters the source: constants are parameters, named by their number.
Invariant 2: parts with a `for` are timed at every evaluation, before the rest, in the memory that the caller passes.

Conditions are compiled for speed: docs/dev/decisions/conditions-are-compiled.md.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from rules.model import ConditionFn, FeatureKey, Value, intern_key

Functions: TypeAlias = tuple[ConditionFn[bool], ConditionFn[datetime | None], ConditionFn[tuple[bool, datetime | None]]]
_TIMING: str = """\
if {truth}:
    since = memory[{number}]
    if since is None: memory[{number}] = since = at
    due = since + {length}
    held{number} = at >= due
    if not held{number} and (earliest is None or due < earliest): earliest = due
else:
    memory[{number}] = None
    held{number} = False
"""
_SOONER: str = """\
instant = {deadline}
if instant is not None and (earliest is None or instant < earliest): earliest = instant
"""


class CodeFragment(NamedTuple):
    """An expression, and the features that have certainly been read after it was true, or was not true."""

    source: str
    if_true: frozenset[int]
    if_false: frozenset[int]

    @classmethod
    def of(cls, source: str, known: frozenset[int]) -> CodeFragment:
        """Return a fragment that reads the same features either way."""
        return cls(source, known, known)


class CodeGenerator:
    """Collects the constants and the functions of one condition."""

    def __init__(self) -> None:
        self._keys: dict[FeatureKey, int] = {}
        self._constants: dict[tuple[type, Value | frozenset[str]], int] = {}
        self._functions: list[str] = []
        self._timed: dict[Hashable, int] = {}
        self._timing: list[str] = []

    @property
    def remembered(self) -> tuple[Hashable, ...]:
        """The parts with a `for`, in the order of the memory."""
        return tuple(self._timed)

    def key(self, key: FeatureKey) -> int:
        """Return the number of the feature: its key is `k<number>`, its value `v<number>`."""
        return self._keys.setdefault(key, len(self._keys))

    def constant(self, value: Value | frozenset[str]) -> str:
        """Return the name of the constant."""
        # With the type, because 1, 1.0 and True are equal.
        return f"c{self._constants.setdefault((type(value), value), len(self._constants))}"

    def read(self, number: int, known: frozenset[int]) -> str:
        """Return the expression that reads a feature, once."""
        return f"v{number}" if number in known else f"(v{number} := get(k{number}))"

    def deadline(self, key: FeatureKey, value: Value) -> str:
        """Return the expression for when the feature passes the value."""
        return f"deadline(k{self.key(key)}, {self.constant(value)})"

    def timed(self, part: Hashable) -> str | None:
        """Return the variable for whether the part has held long enough; None: it is not timed yet."""
        return f"held{self._timed[part]}" if part in self._timed else None

    def time(self, part: Hashable, truth: str, deadline: str | None, length: timedelta) -> str:
        """Add code that times the part at every evaluation; return its variable. Parts within it must be timed already."""
        # Equal parts share one timer.
        number = self._timed.setdefault(part, len(self._timed))
        self._timing.append(_TIMING.format(truth=truth, number=number, length=self.constant(length)))
        if deadline is not None:
            self._timing.append(_SOONER.format(deadline=deadline))
        return f"held{number}"

    def function(self, body: list[str]) -> str:
        """Add a function with this body, and return the expression that calls it."""
        name = f"part{len(self._functions)}"
        # The function does not see the variables of its caller: features are read again, timed parts are parameters.
        parameters = ", ".join(["get", "deadline", *(f"held{number}" for number in self._timed.values())])
        self._functions += [f"def {name}({parameters}):\n" + _indented("\n".join(body))]
        return f"{name}({parameters})"

    def compile(self, truth: str, deadline: str | None, evaluation: list[str]) -> Functions:
        """Return `holds`, `deadline` and `evaluate` as functions of a feature set and a memory.

        `truth` and `deadline` are expressions; `evaluation` is a body that returns both, or empty: then it is made of the
        two expressions.
        """
        evaluation = evaluation or [f"return {truth}, {deadline}"]
        if self._timed:
            main = self._with_memory(self.function(evaluation))
        else:
            main = _without_memory(truth, deadline, evaluation)
        parameters = [f"k{number}" for number in self._keys.values()] + [f"c{n}" for n in self._constants.values()]
        source = (
            f"def build({', '.join(parameters)}):\n"
            + _indented("".join(self._functions) + main)
            + "    return holds, when, evaluate\n"
        )
        # Without builtins, as a second safeguard beside invariant 1.
        namespace: dict[str, Any] = {"__builtins__": {}}
        exec(compile(source, "<condition>", "exec"), namespace)  # noqa: S102 - invariant 1: the source holds only our own words
        constants = (value for _, value in self._constants)
        built: Functions = namespace["build"](*map(intern_key, self._keys), *constants)
        return built

    def _with_memory(self, main: str) -> str:
        return (
            "def evaluate(features, memory=()):\n"
            "    get, deadline, at, earliest = features.get, features.deadline, features.at, None\n"
            f"    memory = memory or [None] * {len(self._timed)}\n"
            + _indented("".join(self._timing))
            + f"    holds, instant = {main}\n"
            "    return holds, earliest if instant is None or (earliest is not None and earliest < instant) else instant\n"
            # With a copy of the memory, which only `evaluate` may change.
            "def holds(features, memory=()):\n"
            "    return evaluate(features, [*memory])[0]\n"
            "def when(features, memory=()):\n"
            "    return evaluate(features, [*memory])[1]\n"
        )


def _without_memory(truth: str, deadline: str | None, evaluation: list[str]) -> str:
    return (
        f"def holds(features, memory=()):\n    get = features.get\n    return {truth}\n"
        "def when(features, memory=()):\n    get, deadline = features.get, features.deadline\n"
        f"    return {deadline}\n"
        "def evaluate(features, memory=()):\n    get, deadline = features.get, features.deadline\n"
    ) + _indented("\n".join(evaluation))


def _indented(source: str) -> str:
    return "".join(f"    {line}\n" for line in source.splitlines())
