"""What `turntoward backtest` says: a table of rules, the evenings that change, and the same as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from detector.backtest.compare import Comparison, EveningChanged, Found, RuleCompared
    from detector.core.effects import Moment

WIDTH: Final = 80
NAME: Final = 36
SHOWN: Final = 20
"""Evenings that are listed; JSON has them all."""
NOT_COMPARED: Final = (
    "Both sides are played anew from what was observed, so like stands beside like. What you answered then is kept "
    "where the same use is named. What would have come of a nudge that never was, nobody knows: outcomes are not compared."
)


def nothing_kept(since: datetime, *, under_way: int) -> str:
    """Return what to do where there is nothing to play."""
    said = (
        "Partner time is under way; it can be played once it is over."
        if under_way
        else f"No partner time is kept since {_day(since)}, so there is nothing to play. Evenings are kept from now on; "
        "`turntoward import activitywatch` takes in those that ActivityWatch kept, and `--since` looks further back."
    )
    return "\n".join(_wrapped(said))


def as_text(found: Comparison, since: datetime, *, under_way: int, is_in_force: bool, zone: ZoneInfo) -> Iterator[str]:
    """Yield the lines: the table, the evenings that change, and what is not compared."""
    heads = ("without", "with") if is_in_force else ("now", "then")
    yield f"{_count(found.evenings, 'partner time')} since {_day(since)}, {found.observations:,} observations."
    if found.empty:
        yield f"Of {_count(found.empty, 'more')} nothing that was observed is kept."
    if under_way:
        yield "The one under way is left out."
    yield ""
    yield from _table(found, heads)
    if found.then is None:
        yield ""
        yield from _wrapped("`--rules FILE` shows beside it what a pack of yours would have found.")
        return
    yield ""
    yield from _changes(found, heads, zone)
    yield ""
    yield from _wrapped(NOT_COMPARED)


def as_json(found: Comparison | None, since: datetime, *, under_way: int, is_in_force: bool, zone: ZoneInfo) -> str:
    """Return the same as JSON; instants in ISO 8601."""
    import json  # noqa: PLC0415 - not for --help

    evenings = found.evenings if found else 0
    whole: dict[str, Any] = {
        "since": since.isoformat(),
        "partner_times": evenings,
        "without_observations": found.empty if found else 0,
        "under_way": under_way,
        "observations": found.observations if found else 0,
        "in_force_already": is_in_force,
        "rules": [_rule_json(each, evenings) for each in found.rules] if found else [],
        "all": {
            "now": _found_json(found.now, evenings) if found else None,
            "then": _found_json(found.then, evenings) if found and found.then else None,
        },
        "changed": [_changed_json(each, zone) for each in found.changed] if found else [],
        "not_compared": ["outcomes"],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _table(found: Comparison, heads: tuple[str, str]) -> Iterator[str]:
    both = found.then is not None
    yield (
        f"{'':{NAME + 9}}{'moments each':>15}{'nudges':>16}"
        if both
        else f"{'':{NAME + 9}}{'moments each':>13}{'nudges':>9}"
    )
    names = f"{'CODE':<8} {'NAME':<{NAME}}"
    yield (names + (f"{heads[0]:>8}{heads[1]:>7}{heads[0]:>9}{heads[1]:>7}" if both else "")).rstrip()
    silent = 0
    for rule in found.rules:
        if not rule.changed and not any(side and side.moments for side in (rule.now, rule.then)):
            silent += 1
            continue
        mark = "" if not rule.changed else " +" if rule.now is None else " -" if rule.then is None else " *"
        name = rule.name if len(rule.name) < NAME else rule.name[: NAME - 2].rstrip() + "…"
        yield f"{rule.code + mark:<8} {name:<{NAME}}{_cells(rule.now, rule.then, found.evenings, both=both)}"
    yield f"{'all rules':<{NAME + 9}}{_cells(found.now, found.then, found.evenings, both=both)}"
    if any(rule.changed for rule in found.rules):
        yield "* changed, + new, - gone"
    if silent:
        yield f"{_count(silent, 'rule')} more found nothing."


def _cells(now: Found | None, then: Found | None, evenings: int, *, both: bool) -> str:
    each, nudges = [_each(side, evenings) for side in (now, then)], [_nudges(side) for side in (now, then)]
    if not both:
        return f"{each[0]:>13}{nudges[0]:>9}"
    return f"{each[0]:>8}{each[1]:>7}{nudges[0]:>9}{nudges[1]:>7}"


def _each(side: Found | None, evenings: int) -> str:
    if side is None:
        return ""
    mean = side.moments / evenings
    return f"{mean:.1f}" if mean >= 0.05 or not side.moments else "<0.1"


def _nudges(side: Found | None) -> str:
    return "" if side is None else f"{side.nudges:,}"


def _changes(found: Comparison, heads: tuple[str, str], zone: ZoneInfo) -> Iterator[str]:
    said = [each for each in found.changed if each.appear or each.vanish]
    unsaid = len(found.changed) - len(said)
    if not found.changed:
        yield "No evening changes."
        return
    if said:
        yield f"{_count(len(said), 'evening')} {'changes' if len(said) == 1 else 'change'}; + is said only {heads[1]}, - only {heads[0]}:"
    for evening in said[:SHOWN]:
        yield f"{evening.occurrence.began.astimezone(zone):%a %d %b %Y, %H:%M}"
        signed = [("+", moment) for moment in evening.appear] + [("-", moment) for moment in evening.vanish]
        for sign, moment in sorted(signed, key=lambda pair: pair[1].decided_at):
            yield _line(sign, moment, {rule.code: rule for rule in found.rules}, zone)
    if len(said) > SHOWN:
        yield f"… and {_count(len(said) - SHOWN, 'evening')} more; `--json` lists them all."
    if unsaid:
        yield from _wrapped(
            f"In {_count(unsaid, 'evening')} {'more ' if said else ''}only what is kept and not said changes."
        )


def _line(sign: str, moment: Moment, rules: dict[str, RuleCompared], zone: ZoneInfo) -> str:
    from rules.explain import say_what  # noqa: PLC0415 - not for --help

    at = f"{moment.decided_at.astimezone(zone):%H:%M:%S}"
    what = say_what(moment.category, device=moment.device)
    line = f"  {sign} {at}  {rules[moment.rule].name} ({moment.rule}): {what}"
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rstrip() + "…"


def _rule_json(rule: RuleCompared, evenings: int) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "changed": rule.changed,
        "now": _found_json(rule.now, evenings),
        "then": _found_json(rule.then, evenings),
    }


def _found_json(side: Found | None, evenings: int) -> dict[str, Any] | None:
    if side is None:
        return None
    each = round(side.moments / evenings, 3) if evenings else None
    return {"moments": side.moments, "moments_each": each, "nudges": side.nudges}


def _changed_json(evening: EveningChanged, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "occurrence": evening.occurrence.id,
        "began": evening.occurrence.began.astimezone(zone).isoformat(),
        "appear": [_nudge_json(moment, zone) for moment in evening.appear],
        "vanish": [_nudge_json(moment, zone) for moment in evening.vanish],
    }


def _nudge_json(moment: Moment, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "at": moment.decided_at.astimezone(zone).isoformat(),
        "rule": moment.rule,
        "category": moment.category,
        "device": moment.device,
    }


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _day(at: datetime) -> str:
    return f"{at:%d %b %Y}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 or what == 'more' else 's'}"
