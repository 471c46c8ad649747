"""The comparisons of a condition in words: which held, which did not, and what would have prevented a nudge.

Invariant 1: every number was measured, or is part of the condition.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from rules.evaluation import OPPOSITE, ComparisonResult, GroupResult
from rules.explain import format_category, format_feature, format_value
from rules.features import CATEGORY_SETS, Unit
from rules.language.formatter import length_literal
from rules.lengths import format_length
from rules.model import Value

Clock = Callable[[datetime], str]

_NOUNS: Final = {
    "glances": ("look under 30 s", "looks under 30 s"),
    "opens": ("opening", "openings"),
    "pick_ups": ("pick-up", "pick-ups"),
    "switches": ("switch", "switches"),
    "scrolls": ("scroll step", "scroll steps"),
    "keys": ("key press", "key presses"),
    "clicks": ("click", "clicks"),
}
_OTHERWISE: Final = {"<": "at least", "<=": "more than", ">": "at most", ">=": "fewer than"}
_LESS: Final = _OTHERWISE | {">=": "less than"}
_WHERE: Final = {"all": " on all devices together", "laptop": " on the laptop", "phone": " on a phone"}


def format_comparison(part: ComparisonResult) -> str:
    """Return the comparison as in a condition: `dwell >= 60 s`, `not put_away`."""
    name = format_feature(part.key)
    match part.kind:
        case "number":
            return f"{name} {part.sign} {'its usual' if part.limit is None else _limit(part)}"
        case "category":
            of_set = next((name for name, categories in CATEGORY_SETS.items() if categories == part.words), None)
            if of_set is not None:
                return f"{name} {'' if part.wanted else 'not '}in {of_set}"
            among = sorted(part.words)
            if len(among) == 1:
                return f"{name} is {'' if part.wanted else 'not '}{among[0]}"
            return f"{name} {'' if part.wanted else 'not '}in ({', '.join(among)})"
        case "known":
            return f"{name} is {'known' if part.wanted else 'unknown'}"
        case _:
            return name if part.wanted else f"not {name}"


def format_margin(part: ComparisonResult) -> str:
    """Return the measured value and what was missing: `48 s, 12 s short`, `it was video`, `not known`."""
    if part.found is None:
        return "not known" if part.kind != "known" or part.wanted else "not known, as it should be"
    if part.kind == "category":
        return f"it was {format_category(str(part.found))}"
    found = format_value(part.found)
    if part.kind != "number" or part.limit is None:
        return found
    short = _short(part)
    return f"{found}, {short}" if short else found


def what_would_have_kept_it_quiet(held: GroupResult, at: datetime, clock: Clock) -> str | None:
    """Return what would have prevented the nudge of a match at `at`: the nearest values at which the condition does not hold.

    `held`: the condition's parts with the evidence. None: the person could not have prevented it.
    """
    ways = _ways(held, at, clock)
    if not ways:
        return None
    return f"What would have prevented it: {', or '.join(dict.fromkeys(ways))}."


def format_comparisons(group: GroupResult) -> list[tuple[bool | None, str, str]]:
    """Return for each comparison, and for each `for`, whether it held, its words, and its margin."""
    lines: list[tuple[bool | None, str, str]] = []
    for part in group.parts:
        lines += (
            format_comparisons(part)
            if isinstance(part, GroupResult)
            else [(part.holds, format_comparison(part), format_margin(part))]
        )
    if group.required is not None and group.held_for is not None:
        short = group.required - group.held_for
        gap = f", {format_length(short)} short" if short > timedelta(0) else ""
        lines.append((not gap, f"for {length_literal(group.required)}", format_length(group.held_for) + gap))
    return lines


def _ways(group: GroupResult, at: datetime, clock: Clock) -> list[str]:
    holding = [part for part in group.parts if part.holds]
    alternatives = [
        _ways(part, at, clock) if isinstance(part, GroupResult) else [way for way in (_way(part, at, clock),) if way]
        for part in holding
    ]
    # For an `and` it is enough that one part fails.
    if group.joined_by == "and":
        ways = [way for alternative in alternatives for way in alternative]
        if group.required is not None:
            ways.append(f"a break in it within {format_length(group.required)}")
        return ways
    # For an `or` all parts that held must fail together.
    return [" and ".join(alternative[0] for alternative in alternatives)] if alternatives and all(alternatives) else []


def _way(part: ComparisonResult, at: datetime, clock: Clock) -> str | None:
    if part.kind == "number":
        return _other_number(part, at, clock)
    if part.kind == "category" and part.key.name == "came_from" and isinstance(part.found, str):
        return f"coming from anything but {format_category(part.found)}" if part.wanted else None
    if part.kind == "flag" and part.key.name == "put_away":
        return "having put the device away before" if not part.wanted else None
    return None


def _other_number(part: ComparisonResult, at: datetime, clock: Clock) -> str | None:
    name, limit = part.key.name, part.limit
    # These cannot be changed by the person, or not at once.
    if limit is None or part.sign in {"==", "!="} or name in {"elapsed", "remaining", "share"}:
        return None
    # A length that grows with time was reached at an instant; before it, it could have been prevented.
    if isinstance(limit, timedelta) and isinstance(part.found, timedelta) and part.sign in {">=", ">"}:
        due = at - part.found + limit
        if name == "dwell":
            return f"leaving it before {clock(due)}"
        if name == "since_input":
            return f"a touch before {clock(due)}"
    if part.key.which is not None or part.key.steps or part.key.name not in {*_NOUNS, "uses", "time"}:
        return f"{format_feature(part.key)} {OPPOSITE[part.sign]} {_limit(part)}"
    within = f" in {format_length(part.key.span)}" if part.key.span else ""
    return f"{_amount(part, limit)}{within}{_WHERE.get(part.key.scope, '')}"


def _amount(part: ComparisonResult, limit: Value) -> str:
    what = format_category(part.key.category)
    if isinstance(limit, timedelta):
        return f"{_LESS[part.sign]} {format_length(limit)} of {what}"
    one, many = _NOUNS.get(part.key.name, (f"use of {what}", f"uses of {what}"))
    if part.sign == ">=" and limit == 1:
        return f"no {one}"
    return f"{_OTHERWISE[part.sign]} {format_value(limit)} {one if limit == 1 else many}"


def _short(part: ComparisonResult) -> str | None:
    if part.holds or part.limit is None:
        return None
    found, limit = part.found, part.limit
    if part.sign in {"==", "!="}:
        return None
    if isinstance(found, timedelta) and isinstance(limit, timedelta):
        gap = abs(limit - found)
        amount = format_length(gap) if gap else "just"
    elif isinstance(found, int | float) and isinstance(limit, int | float):
        between = abs(limit - found)
        whole = isinstance(found, int) and isinstance(limit, int)
        # Three are one short of "more than 3"; the difference is zero.
        between += 1 if whole and part.sign in {">", "<"} else 0
        amount = f"{between * 100:.0f} %" if part.unit is Unit.SHARE else f"{between:g}" if whole else f"{between:.1f}"
    else:
        return None
    return (
        f"{amount} short"
        if part.sign in {">", ">="}
        else f"{amount} too {'long' if isinstance(limit, timedelta) else 'many'}"
    )


def _limit(part: ComparisonResult) -> str:
    if part.unit is Unit.SHARE and isinstance(part.limit, float):
        return f"{part.limit * 100:g} %"
    if part.unit is Unit.RATE and isinstance(part.limit, int | float):
        return f"{part.limit:g} / min"
    if isinstance(part.limit, timedelta):
        return length_literal(part.limit)
    return format_value(part.limit) if part.limit is not None else ""
