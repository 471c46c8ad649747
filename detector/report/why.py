"""Why a moment was said, or was not: the rule, its words, the evidence, the policy's reason, and what came of it.

Rule 1: every sentence is made by one function, of `rules.explain` or `rules.reckoning`, wherever it stands.
Rule 2: a rule that was changed since says so: today's words do not explain yesterday's moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Any

from detector.core.effects import Moment
from rules.explain import say_because, say_key, say_outcome, say_policy, say_value, say_what, why
from rules.model import FeatureKey, Rule, Value
from rules.parts import Joint, parts
from rules.reckoning import what_would_have_kept_it_quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A moment in sentences. `condition` None: no such rule is in force; `quiet` None: there is nothing to say."""

    moment: Moment
    name: str
    condition: str | None
    changed: bool
    said: str
    evidence: tuple[tuple[str, str], ...]
    policy: str
    quiet: str | None
    outcome: str | None


def explain(moment: Moment, rules: Mapping[str, Rule], clock: Callable[[datetime], str], since: datetime) -> Explained:
    """Return the moment in sentences; `clock` says an instant as the person reads it, `since` is when partner time began."""
    rule = rules.get(moment.rule)
    evidence = dict(moment.evidence)
    held = _held(rule, evidence)
    changed = rule is not None and (held is None or held.holds is False)
    own = say_because(rule.because_parts, evidence, moment.device) if rule and not changed else None
    quiet = None
    if moment.decided == "nudged" and held is not None and not changed:
        quiet = what_would_have_kept_it_quiet(held, moment.began, clock)
    return Explained(
        moment=moment,
        name=rule.name if rule else moment.rule,
        condition=" ".join(rule.condition.text.split()) if rule else None,
        changed=changed,
        said=own
        or why(
            moment.category, moment.name, moment.evidence, moment.repeat, f"{clock(since)}"[:5], device=moment.device
        ),
        evidence=tuple((say_key(key), say_value(value)) for key, value in moment.evidence),
        policy=say_policy(moment.decided, moment.reason, clock(moment.decided_at)),
        quiet=quiet,
        outcome=say_outcome(moment.decided, moment.outcome, moment.answer),
    )


def lines(told: Explained, clock: Callable[[datetime], str], width: int) -> Iterator[str]:
    """Yield the explanation as lines of at most `width` columns."""
    moment = told.moment
    kind = {"nudged": "A nudge", "suppressed": "A moment, kept and not said"}.get(moment.decided, "A moment that waits")
    what = say_what(moment.category, moment.name, moment.device)
    yield from wrap(f"{moment.number}. {clock(moment.began)}  {kind}: {what}.", width, subsequent_indent="   ")
    yield from wrap(told.said, width, initial_indent="   ", subsequent_indent="   ")
    yield ""
    yield from wrap(f"Rule {moment.rule}: {told.name}.", width)
    if told.condition is None:
        yield from wrap("It is not in force any more, so its words are not known here.", width, initial_indent="  ")
    else:
        yield from wrap(told.condition, width, initial_indent="  ", subsequent_indent="  ")
    if told.changed:
        yield from wrap("It reads so now; when this was decided it read otherwise.", width, initial_indent="  ")
    if told.evidence:
        yield f"What was measured at {clock(moment.began)}:"
        column = max(len(name) for name, _ in told.evidence)
        for name, value in told.evidence:
            yield f"  {name:<{column}}  {value}"
    yield ""
    for sentence in (told.policy, told.quiet, told.outcome):
        if sentence:
            yield from wrap(sentence, width, subsequent_indent="  ")


def plain(told: Explained) -> dict[str, Any]:
    """Return the explanation as JSON has it: the same sentences, instants with their offset."""
    moment = told.moment
    return {
        "moment": moment.number,
        "began": moment.began.isoformat(),
        "decided_at": moment.decided_at.isoformat(),
        "decided": moment.decided,
        "device": moment.device,
        "category": moment.category,
        "rule": {"code": moment.rule, "name": told.name, "when": told.condition, "changed": told.changed},
        "said": told.said,
        "evidence": dict(told.evidence),
        "reason": moment.reason,
        "policy": told.policy,
        "quiet": told.quiet,
        "answer": moment.answer,
        "outcome": moment.outcome,
        "came_of_it": told.outcome,
    }


def _held(rule: Rule | None, evidence: Mapping[FeatureKey, Value]) -> Joint | None:
    if rule is None:
        return None
    # What was not known then is not among the evidence, and is not known here either.
    return parts(rule.condition.text, evidence.get)
