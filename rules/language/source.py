"""Write the Python of a condition, and compile it once.

Rule 1: nothing that a person wrote enters the source: constants are reached by their number.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from rules.model import FeatureKey, FeatureSet, Value

Functions: TypeAlias = tuple[
    Callable[[FeatureSet], bool],
    Callable[[FeatureSet], datetime | None],
    Callable[[FeatureSet], tuple[bool, datetime | None]],
]


class Truth(NamedTuple):
    """An expression, and which features have certainly been read once it came out true, or not true."""

    source: str
    if_true: frozenset[int]
    if_false: frozenset[int]

    @classmethod
    def of(cls, source: str, known: frozenset[int]) -> Truth:
        """Return a truth that reads the same features either way."""
        return cls(source, known, known)


class Writer:
    """Collects the constants and the functions of one condition."""

    def __init__(self) -> None:
        self._keys: dict[FeatureKey, int] = {}
        self._values: dict[tuple[type, Value | frozenset[str]], int] = {}
        self._functions: list[str] = []

    def key(self, key: FeatureKey) -> int:
        """Return the number of the feature: it is `k<number>`, and `v<number>` once it is read."""
        return self._keys.setdefault(key, len(self._keys))

    def value(self, value: Value | frozenset[str]) -> str:
        """Return the name of the constant."""
        # The type belongs to the identity: 1, 1.0 and True are equal.
        return f"c{self._values.setdefault((type(value), value), len(self._values))}"

    def read(self, number: int, known: frozenset[int]) -> str:
        """Return the expression that reads a feature, once."""
        return f"v{number}" if number in known else f"(v{number} := get(k{number}))"

    def changes(self, key: FeatureKey, value: Value) -> str:
        """Return the expression that asks when the feature passes the value."""
        return f"changes(k{self.key(key)}, {self.value(value)})"

    def function(self, body: list[str]) -> str:
        """Add a function with this body, and return the expression that calls it."""
        name = f"turn{len(self._functions)}"
        self._functions += [f"def {name}(get, changes):\n" + "".join(f"    {line}\n" for line in body)]
        return f"{name}(get, changes)"

    def compiled(self, truth: str, turn: str | None, look: list[str]) -> Functions:
        """Return `holds`, `turns` and `look` as functions of a feature set.

        `truth` and `turn` are expressions; `look` is a body that returns both, or empty where they may stand in a row.
        """
        parameters = [f"k{number}" for number in self._keys.values()] + [f"c{n}" for n in self._values.values()]
        functions = "".join("    " + line + "\n" for function in self._functions for line in function.splitlines())
        source = (
            f"def build({', '.join(parameters)}):\n{functions}"
            f"    def holds(features):\n        get = features.get\n        return {truth}\n"
            "    def turns(features):\n        get, changes = features.get, features.changes\n"
            f"        return {turn}\n"
            "    def look(features):\n        get, changes = features.get, features.changes\n"
            + "".join(f"        {line}\n" for line in look or [f"return {truth}, {turn}"])
            + "    return holds, turns, look\n"
        )
        room: dict[str, Any] = {"__builtins__": {}}
        exec(compile(source, "<condition>", "exec"), room)  # noqa: S102 - rule 1: the source holds only our own words
        built: Functions = room["build"](*self._keys, *(value for _, value in self._values))
        return built
