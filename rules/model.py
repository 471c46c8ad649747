"""Features, conditions, rules, matches and decisions: what the packages hand to each other.

Invariant 1: a feature that is not known is `None`, never zero.
Invariant 2: every decision carries its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

Value: TypeAlias = timedelta | int | float | str | bool
Memory: TypeAlias = list[datetime | None] | tuple[()]
"""Since when each part with a `for` has certainly held; None: it does not hold."""
_Result_co = TypeVar("_Result_co", covariant=True)


class Filter(NamedTuple):
    """Which uses a feature counts: of these categories (None: of any), shorter and longer than these lengths."""

    categories: frozenset[str] | None = None
    shorter: timedelta | None = None
    longer: timedelta | None = None


class FeatureKey(NamedTuple):
    """A feature with its arguments: `uses(messaging, 15 min)` is `FeatureKey("uses", 15 min, "messaging")`.

    `scope` is "device" (the device on which the rule is evaluated), "all" (every device together), "laptop" or "phone"
    (every phone together). `which` narrows the uses that count. `steps` are those of a sequence, `part` is the percentile
    of a usual value.
    """

    name: str
    span: timedelta | None = None
    category: str | None = None
    scope: str = "device"
    which: Filter | None = None
    steps: tuple[frozenset[str], ...] = ()
    part: int = 0


DEVICE_PLACEHOLDER: Final = "{device}"
"""Stands for the device's name in the sentence of a rule."""


_INTERNED: Final[dict[FeatureKey, FeatureKey]] = {}


def intern_key(key: FeatureKey) -> FeatureKey:
    """Return one object for all equal keys: a dictionary finds an identical key in half the time."""
    # Never emptied, because a process has few keys: those of its rules.
    return _INTERNED.setdefault(key, key)


class FeatureSet(Protocol):
    """The features of one device at one instant; each is measured when `get` is called."""

    @property
    def at(self) -> datetime:
        """The instant of measuring."""

    def get(self, key: FeatureKey, /) -> Value | None:
        """Return the feature's value, or None where it is unknown."""

    def deadline(self, key: FeatureKey, value: Value, /) -> datetime | None:
        """Return the first instant after `at` at which comparing the feature with `value` may come out differently.

        This holds until the next observation. None: never. An instant too early is allowed, one too late is not.
        """


@dataclass(frozen=True, slots=True)
class FixedFeatures:
    """A feature set of fixed values, for tests, examples and explanations."""

    at: datetime
    values: Mapping[FeatureKey, Value] = field(default_factory=dict)

    def get(self, key: FeatureKey, /) -> Value | None:
        """Return the feature's value, or None where it is unknown."""
        return self.values.get(key)

    def deadline(self, _key: FeatureKey, _value: Value, /) -> datetime | None:
        """Return None, because time never changes these values."""
        return None


class ConditionFn(Protocol[_Result_co]):
    """A compiled function of a condition over one feature set."""

    def __call__(self, features: FeatureSet, memory: Memory = (), /) -> _Result_co:
        """Return the result; only `evaluate` writes into `memory`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A compiled condition.

    `holds(features)` is True only if the condition is certain: unknown features make it neither true nor false.
    `deadline(features)` is the first instant after `features.at` at which `holds` may change without an observation; None:
    never. It may be too early, never too late.
    `evaluate(features)` returns both, and is faster than the two calls.
    `categories`: while the category in front is not one of them, the condition cannot hold and has no deadline; None: it may
    hold for any category.
    `memory_size` is the number of its parts with a `for` (`for 20 s`). All three functions take a memory of that length,
    which begins as Nones; `evaluate` updates it, the other two only read it. Without such parts no memory is needed.
    """

    text: str
    features_used: frozenset[FeatureKey]
    holds: ConditionFn[bool]
    deadline: ConditionFn[datetime | None]
    evaluate: ConditionFn[tuple[bool, datetime | None]]
    categories: frozenset[str] | None = None
    memory_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The description of a rule, in the same five parts for every rule."""

    notices: str
    why: str
    wrong: str
    needs: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """The numbers of a rule that a person can set: a length, a count, and the span in which it is counted.

    None: the rule does not have this knob, or, in a setting, it is not set.
    """

    after: timedelta | None = None
    times: int | None = None
    within: timedelta | None = None

    def declared(self) -> frozenset[str]:
        """Return the names of the knobs that are there."""
        named = {"after": self.after, "times": self.times, "within": self.within}
        return frozenset(name for name, value in named.items() if value is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTemplate:
    """The texts of a rule with `{after}`, `{times}` and `{within}` in them, as the pack has them."""

    when: str
    notices: str
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredRule:
    """A rule that a pack once had: its code and name then, the rules that took its place, and one sentence about it."""

    code: str
    name: str
    heirs: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named condition. `after_grace`: the grace at the start of partner time delays its nudge.

    `knobs`: the numbers with which `template` was rendered (`rules/knobs.py`); without knobs there is no template.
    `not_before`: how long after the start of partner time its nudge waits.
    `may_nudge`: False where its moments are only recorded for the report (`speaks = false` in a pack).
    `until`: once the rule holds, it continues to hold until this certainly holds; None: until `condition` does not.
    `because`: the person's own sentence, `{scrolls(60 s)} steps in {dwell}`; `because_parts` is the same as words and
    features, with `DEVICE_PLACEHOLDER` for the device's name.
    """

    code: str
    name: str
    condition: Condition
    page: Page
    source: str
    after_grace: bool = False
    may_nudge: bool = True
    until: Condition | None = None
    because: str | None = None
    because_parts: tuple[str | FeatureKey, ...] = ()
    knobs: Knobs = Knobs()
    template: RuleTemplate | None = None
    not_before: timedelta | None = None

    @property
    def features_used(self) -> frozenset[FeatureKey]:
        """Every feature that the condition, `until` and `because` use."""
        in_sentence = frozenset(part for part in self.because_parts if isinstance(part, FeatureKey))
        return self.condition.features_used | in_sentence | (self.until.features_used if self.until else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule began to hold at `at`, in use number `use`, with the features that made it hold."""

    rule: str
    at: datetime
    device: str
    use: int | None
    category: str | None
    name: str | None
    evidence: tuple[tuple[FeatureKey, Value], ...]
    after_grace: bool = False
    may_nudge: bool = True
    not_before: timedelta | None = None


class Reason(StrEnum):
    """Why a match was deferred or suppressed."""

    REPORT_ONLY = "report_only"
    COOL_DOWN = "cool_down"
    RULE_COOL_DOWN = "rule_cool_down"
    BUDGET = "budget"
    DISMISSED = "dismissed_twice"
    SAME_USE = "same_use"
    TOGETHER = "together"
    FOR_BOTH = "for_both"
    NEEDED = "needed"
    ON_CALL = "on_call"
    FILM = "film"
    GRACE = "grace"
    TYPING = "typing"
    FULL_SCREEN = "full_screen"
    CALL = "call"
    DO_NOT_DISTURB = "do_not_disturb"
    LOCKED = "locked"
    PASSED = "passed"
    ENDED = "ended"
    UNKNOWN = "unknown"
    IMPORTED = "imported"
    QUIET_WEEK = "quiet_week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """Show a nudge. `reason`: that of the last `Defer` before it, or None."""

    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defer:
    """Decide again at `until`, or earlier if something changes."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Record the moment without a nudge."""

    reason: Reason


Decision: TypeAlias = Nudge | Defer | Suppressed
