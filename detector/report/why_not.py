"""Explain why there was no nudge at an instant: replay the evening up to it, and see how near each rule was to holding.

Invariant 1: the same core decides as live, with the rules and the settings that are in force now.
Invariant 2: where nothing was known, or nothing was in use, no rule is near; the answer says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any, Final

from detector.core.effects import Effect, Moment, Record
from detector.core.observations import Gap, GapReason, Observation, Paused, Resumed
from detector.core.pipeline import DeviceSnapshot, Pipeline
from detector.i18n import _
from detector.report.why import clock_of
from rules.evaluation import GroupResult
from rules.explain import format_activity, format_policy, shown_category
from rules.explain_condition import format_comparisons
from rules.features import LAPTOP
from rules.language import evaluate
from rules.model import Rule

# Rules that the text shows; JSON has all that were near.
MAX_RULES: Final = 5
_MARKS: Final[dict[bool | None, str]] = {True: _("held"), False: _("missing"), None: _("not known")}


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRule:
    """A rule that was near to holding on a device; `holds`: all of its parts held."""

    rule: Rule
    device: str
    parts: GroupResult
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What was the case at an instant: what was in use, which moments there were, which rules were near to holding.

    `why_no_rule`: why no rule could hold at all, as a sentence.
    """

    at: datetime
    in_use: tuple[tuple[str, str], ...] = ()
    near: tuple[NearRule, ...] = ()
    moments: tuple[Moment, ...] = ()
    why_no_rule: str | None = None


def find_situation(
    observations: Iterable[Observation], at: datetime, core: Pipeline, rules: Sequence[Rule]
) -> Situation:
    """Return what was the case at `at` in the evening of these observations; the nearest rule first."""
    effects: list[Effect] = []
    paused = False
    for observation in observations:
        # A gap is observed at its end, and means that nothing is known of the time before.
        if isinstance(observation, Gap) and observation.sense is None and observation.since <= at < observation.at:
            unknown = _("Nothing is known of that time, so no nudge was possible.")
            if observation.reason is GapReason.NOT_SHOWN:
                unknown = _("Nothing was sensed then: the start of partner time could not be shown to anybody.")
            return Situation(at=at, why_no_rule=unknown)
        if observation.at > at:
            break
        effects += core.feed(observation)
        if isinstance(observation, Paused | Resumed):
            paused = isinstance(observation, Paused)
    if paused:
        return Situation(at=at, why_no_rule=_("The program was paused then, so it sensed nothing."))
    effects += core.advance(at)
    snapshots = core.snapshots()
    if not snapshots:
        nothing = (
            _("Nothing is known of that time, so no nudge was possible.")
            if core.has_lost_all_devices
            else _("Nothing was in use then, so no rule could hold.")
        )
        return Situation(at=at, why_no_rule=nothing)
    uses = {snapshot.use for snapshot in snapshots}
    latest: dict[int, Moment] = {}
    for effect in effects:
        if isinstance(effect, Record) and isinstance(effect.item, Moment) and effect.item.use in uses:
            latest[effect.item.number] = effect.item
    return Situation(
        at=at,
        in_use=tuple((snapshot.device, snapshot.category) for snapshot in snapshots),
        near=tuple(_near_rules(snapshots, rules)),
        moments=tuple(latest.values()),
    )


def situation_lines(situation: Situation, clock: Callable[[datetime], str], width: int) -> Iterator[str]:
    """Yield what was the case as lines of at most `width` columns."""
    if situation.why_no_rule is not None:
        yield from wrap(f"{clock(situation.at)}  {situation.why_no_rule}", width)
        return
    in_front = _(" and ").join(format_activity(category, device=device) for device, category in situation.in_use)
    yield from wrap(f"{clock(situation.at)}  {_('In front: {uses}.').format(uses=in_front)}", width)
    for sentence in _of_moments(situation, clock):
        yield from wrap(sentence, width, subsequent_indent="  ")
    # A rule that has a moment was near: the sentences above say what was decided about it.
    decided = {(moment.rule, moment.device) for moment in situation.moments}
    shown = [near for near in situation.near if (near.rule.code, near.device) not in decided][:MAX_RULES]
    if not shown:
        yield "" if situation.moments else _("No rule was near to holding.")
        return
    for near in shown:
        yield ""
        yield from wrap(_heading(near, several=len(situation.in_use) > 1), width, subsequent_indent="  ")
        for holds, words, value_then in format_comparisons(near.parts):
            # The duration at a whole minute would give away the second at which it began on the phone.
            is_plain = near.device != LAPTOP or (holds and words.startswith("category "))
            tail = "" if is_plain else f": {value_then}"
            yield from wrap(f"{_MARKS[holds]:<9} {words}{tail}", width, initial_indent="  ", subsequent_indent=" " * 12)


def situation_as_json(situation: Situation, clock: Callable[[datetime], str]) -> dict[str, Any]:
    return {
        "at": situation.at.isoformat(),
        "nothing": situation.why_no_rule,
        "in_use": [{"device": device, "category": shown_category(category)} for device, category in situation.in_use],
        "moments": list(_of_moments(situation, clock)),
        "near": [
            {
                "rule": near.rule.code,
                "name": near.rule.name,
                "device": near.device,
                "holds": near.holds,
                "said": _heading(near, several=len(situation.in_use) > 1),
                "parts": [
                    {"part": words, "holds": holds, "stood": value_then if near.device == LAPTOP else None}
                    for holds, words, value_then in format_comparisons(near.parts)
                ],
            }
            for near in situation.near
        ],
    }


def _near_rules(snapshots: Sequence[DeviceSnapshot], rules: Sequence[Rule]) -> list[NearRule]:
    near_rules = []
    for snapshot in snapshots:
        for rule in rules:
            if (categories := rule.condition.categories) is not None and snapshot.category not in categories:
                continue
            since = snapshot.watch.holding_since(rule.code)
            held_for = [None if instant is None else snapshot.features.at - instant for instant in since]
            result = evaluate(
                rule.condition.text, snapshot.features.get, [length or timedelta(0) for length in held_for]
            )
            # `distance` counts the parts that are missing. A rule with hardly any part that held is not worth showing.
            if result.holds or result.distance < max(1, len(result.parts) - 1):
                near_rules.append(NearRule(rule=rule, device=snapshot.device, parts=result, holds=bool(result.holds)))
    return sorted(near_rules, key=lambda near: (near.parts.distance, near.rule.code, near.device))


def _of_moments(situation: Situation, clock: Callable[[datetime], str]) -> Iterator[str]:
    for moment in situation.moments:
        when = clock_of(moment, clock)
        policy = format_policy(moment.decided, moment.reason, when(moment.decided_at))
        text = _("{rule} had begun to hold at {instant}. {policy}")
        yield text.format(rule=moment.rule, instant=when(moment.began), policy=policy)


def _heading(near: NearRule, *, several: bool) -> str:
    where = f" ({near.device})" if several else ""
    rule = f"{near.rule.code}{where} {near.rule.name}"
    if near.holds:
        return _("{rule}: every part held, but it had already held before without a break.").format(rule=rule)
    comparisons = format_comparisons(near.parts)
    held = sum(1 for holds, _words, _value in comparisons if holds)
    return _("{rule}: {count} of {all} parts held.").format(rule=rule, count=held, all=len(comparisons))
