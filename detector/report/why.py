"""Explain a moment: the rule and its condition, what was measured, the policy's reason, and what came of it.

Invariant 1: sentences about rules and evidence are made by `rules.explain` and `rules.explain_condition` alone, here as on the screen.
Invariant 2: times of a phone are given to the minute.
Invariant 3: a rule that has changed since is reported as changed: today's condition does not explain yesterday's moment.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Any

from detector.core.effects import Moment, Outcome
from detector.i18n import _
from rules.explain import (
    format_activity,
    format_evidence,
    format_feature,
    format_measure,
    format_outcome,
    format_policy,
    shown_category,
    shown_instant,
    why_line,
)
from rules.explain_condition import what_would_have_kept_it_quiet
from rules.features import LAPTOP
from rules.language import evaluate
from rules.model import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A moment in sentences.

    `condition` None: no such rule is in force. `changed`: the rule's condition does not hold with this evidence, so it was
    different then. `how_to_avoid`: what would have prevented it; None: not known.
    """

    moment: Moment
    name: str
    condition: str | None
    changed: bool
    why_line: str
    evidence: tuple[tuple[str, str], ...]
    policy: str
    how_to_avoid: str | None
    outcome: str | None


def explain(
    moment: Moment, rules: Mapping[str, Rule], clock: Callable[[datetime], str], since: datetime
) -> Explanation:
    """Return the moment in sentences.

    `clock` writes an instant with its seconds by the person's clock; `since`: when partner time began.
    """
    rule = rules.get(moment.rule)
    began = _to_the_minute(since, clock)
    clock = clock_of(moment, clock)
    evidence = dict(moment.evidence)
    # A feature that was unknown then is missing from the evidence, so it is unknown here as well.
    result = evaluate(rule.condition.text, evidence.get) if rule else None
    changed = result is not None and result.holds is False
    own_line = format_evidence(rule.because_parts, evidence, moment.device) if rule and not changed else None
    # What would have prevented it is computed from the evidence; with another condition it would be wrong (invariant 3).
    how_to_avoid = None
    if moment.decided == "nudged" and result is not None and not changed:
        how_to_avoid = what_would_have_kept_it_quiet(result, moment.began, clock)
    return Explanation(
        moment=moment,
        name=rule.name if rule else moment.rule,
        condition=" ".join(rule.condition.text.split()) if rule else None,
        changed=changed,
        why_line=own_line
        or why_line(moment.category, moment.name, moment.evidence, moment.repeat, began, device=moment.device),
        evidence=tuple((format_feature(key), format_measure(key, value)) for key, value in moment.evidence),
        policy=format_policy(
            moment.decided,
            moment.reason,
            clock(moment.decided_at),
            was_shown=moment.outcome is not Outcome.UNDELIVERED,
        ),
        how_to_avoid=how_to_avoid,
        outcome=format_outcome(moment.decided, moment.outcome, moment.answer),
    )


def clock_of(moment: Moment, clock: Callable[[datetime], str]) -> Callable[[datetime], str]:
    """Return the clock that writes the moment's times: without seconds where it happened on a phone."""
    if moment.device == LAPTOP:
        return clock
    return lambda at: _to_the_minute(shown_instant(at, moment.device), clock)


def _to_the_minute(at: datetime, clock: Callable[[datetime], str]) -> str:
    # The seconds are zero, and left out however the clock writes them: "19:03:00", "7:03:00 pm".
    return "".join(clock(at.replace(second=0, microsecond=0)).rsplit(":00", 1))


def explanation_lines(explanation: Explanation, clock: Callable[[datetime], str], width: int) -> Iterator[str]:
    """Yield the explanation as lines of at most `width` columns."""
    moment = explanation.moment
    clock = clock_of(moment, clock)
    nudge = _("A nudge that nobody saw") if moment.outcome is Outcome.UNDELIVERED else _("A nudge")
    kinds = {"nudged": nudge, "suppressed": _("A moment without a nudge")}
    kind = kinds.get(moment.decided, _("A moment that waits"))
    activity = format_activity(moment.category, moment.name, moment.device)
    yield from wrap(f"{moment.number}. {clock(moment.began)}  {kind}: {activity}.", width, subsequent_indent="   ")
    yield from wrap(explanation.why_line, width, initial_indent="   ", subsequent_indent="   ")
    yield ""
    yield from wrap(_("Rule {code}: {name}.").format(code=moment.rule, name=explanation.name), width)
    if explanation.condition is None:
        unknown = _("It is not in force any more, so its condition is not known here.")
        yield from wrap(unknown, width, initial_indent="  ")
    else:
        yield from wrap(explanation.condition, width, initial_indent="  ", subsequent_indent="  ")
    if explanation.changed:
        changed = _("That is its condition now; it was different when this was decided.")
        yield from wrap(changed, width, initial_indent="  ")
    if explanation.evidence:
        yield _("What was measured at {instant}:").format(instant=clock(moment.began))
        column = max(len(name) for name, _value in explanation.evidence)
        for name, value in explanation.evidence:
            yield f"  {name:<{column}}  {value}"
    yield ""
    for sentence in (explanation.policy, explanation.how_to_avoid, explanation.outcome):
        if sentence:
            yield from wrap(sentence, width, subsequent_indent="  ")


def explanation_as_json(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation for JSON: the same sentences, instants in ISO 8601."""
    moment = explanation.moment
    return {
        "moment": moment.number,
        "began": shown_instant(moment.began, moment.device).isoformat(),
        "decided_at": shown_instant(moment.decided_at, moment.device).isoformat(),
        "decided": moment.decided,
        "device": moment.device,
        "category": None if moment.category is None else shown_category(moment.category),
        "rule": {
            "code": moment.rule,
            "name": explanation.name,
            "when": explanation.condition,
            "changed": explanation.changed,
        },
        "said": explanation.why_line,
        "evidence": dict(explanation.evidence),
        "reason": moment.reason,
        "policy": explanation.policy,
        "quiet": explanation.how_to_avoid,
        "answer": moment.answer,
        "outcome": moment.outcome,
        "came_of_it": explanation.outcome,
    }
