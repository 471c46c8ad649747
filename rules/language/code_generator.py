"""Write the Python of a condition, and compile it once.

Rule 1: nothing that a person wrote enters the source: constants are reached by their number.
Rule 2: what is to hold for a while is looked at at every look, before all else, and kept in the memory that is given.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from rules.model import ConditionFn, FeatureKey, Value, intern_key

Functions: TypeAlias = tuple[ConditionFn[bool], ConditionFn[datetime | None], ConditionFn[tuple[bool, datetime | None]]]
_HOLD: str = """\
if {truth}:
    since = memory[{number}]
    if since is None: memory[{number}] = since = at
    ripe = since + {length}
    h{number} = at >= ripe
    if not h{number} and (soon is None or ripe < soon): soon = ripe
else:
    memory[{number}] = None
    h{number} = False
"""
_SOONER: str = """\
turn = {turn}
if turn is not None and (soon is None or turn < soon): soon = turn
"""


class CodeFragment(NamedTuple):
    """An expression, and which features have certainly been read once it came out true, or not true."""

    source: str
    if_true: frozenset[int]
    if_false: frozenset[int]

    @classmethod
    def of(cls, source: str, known: frozenset[int]) -> CodeFragment:
        """Return a truth that reads the same features either way."""
        return cls(source, known, known)


class CodeGenerator:
    """Collects the constants and the functions of one condition."""

    def __init__(self) -> None:
        self._keys: dict[FeatureKey, int] = {}
        self._values: dict[tuple[type, Value | frozenset[str]], int] = {}
        self._functions: list[str] = []
        self._held: dict[Hashable, int] = {}
        self._holds: list[str] = []

    @property
    def remembered(self) -> tuple[Hashable, ...]:
        """The parts that are to hold for a while, in the order of their memory."""
        return tuple(self._held)

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

    def deadline(self, key: FeatureKey, value: Value) -> str:
        """Return the expression that asks when the feature passes the value."""
        return f"changes(k{self.key(key)}, {self.value(value)})"

    def held(self, part: Hashable) -> str | None:
        """Return the name that says whether the part has held for long enough; None: it has none yet."""
        return f"h{self._held[part]}" if part in self._held else None

    def hold(self, part: Hashable, truth: str, turn: str | None, length: timedelta) -> str:
        """Have the part looked at at every look, and return its name; parts within it have theirs already."""
        number = self._held.setdefault(part, len(self._held))
        self._holds.append(_HOLD.format(truth=truth, number=number, length=self.value(length)))
        if turn is not None:
            self._holds.append(_SOONER.format(turn=turn))
        return f"h{number}"

    def function(self, body: list[str]) -> str:
        """Add a function with this body, and return the expression that calls it."""
        name = f"turn{len(self._functions)}"
        given = ", ".join(["get", "changes", *(f"h{number}" for number in self._held.values())])
        self._functions += [f"def {name}({given}):\n" + _indented("\n".join(body))]
        return f"{name}({given})"

    def compiled(self, truth: str, turn: str | None, look: list[str]) -> Functions:
        """Return `holds`, `turns` and `look` as functions of a feature set and a memory.

        `truth` and `turn` are expressions; `look` is a body that returns both, or empty where they may stand in a row.
        """
        look = look or [f"return {truth}, {turn}"]
        written = self._remembering(self.function(look)) if self._held else _plain(truth, turn, look)
        parameters = [f"k{number}" for number in self._keys.values()] + [f"c{n}" for n in self._values.values()]
        source = (
            f"def build({', '.join(parameters)}):\n"
            + _indented("".join(self._functions) + written)
            + "    return holds, turns, look\n"
        )
        room: dict[str, Any] = {"__builtins__": {}}
        exec(compile(source, "<condition>", "exec"), room)  # noqa: S102 - rule 1: the source holds only our own words
        built: Functions = room["build"](*map(intern_key, self._keys), *(value for _, value in self._values))
        return built

    def _remembering(self, main: str) -> str:
        return (
            "def look(features, memory=()):\n"
            "    get, changes, at, soon = features.get, features.deadline, features.at, None\n"
            f"    memory = memory or [None] * {len(self._held)}\n"
            + _indented("".join(self._holds))
            + f"    holds, turn = {main}\n"
            "    return holds, soon if turn is None or (soon is not None and soon < turn) else turn\n"
            "def holds(features, memory=()):\n"
            "    return look(features, [*memory])[0]\n"
            "def turns(features, memory=()):\n"
            "    return look(features, [*memory])[1]\n"
        )


def _plain(truth: str, turn: str | None, look: list[str]) -> str:
    return (
        f"def holds(features, memory=()):\n    get = features.get\n    return {truth}\n"
        "def turns(features, memory=()):\n    get, changes = features.get, features.deadline\n"
        f"    return {turn}\n"
        "def look(features, memory=()):\n    get, changes = features.get, features.deadline\n"
    ) + _indented("\n".join(look))


def _indented(source: str) -> str:
    return "".join(f"    {line}\n" for line in source.splitlines())
