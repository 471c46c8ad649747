"""Propose thresholds that fit the person's evenings after the quiet week, with the results of each.

Invariant 1: a proposal only delays a rule: no built-in number is lowered.
Invariant 2: there is none for a rule that held in at most one of four evenings, or that never causes nudges.
Invariant 3: the proposed number is the lowest that the rule reaches in at most one of four evenings: the 75th percentile of
    the person's maxima.
Invariant 4: there is none that would cause more nudges in the same evenings.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

from detector.backtest.evening import EveningReplay
from detector.backtest.thresholds import Number, Threshold, find_threshold, format_number, higher
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment
from detector.core.observations import Observation
from detector.i18n import _
from detector.store.model import StoredOccurrence
from rules.model import Rule
from rules.policy import PolicySettings

EVENINGS_NEEDED: Final = 7
# A rule may hold in one of this many evenings without a proposal (invariants 2 and 3).
_ONE_IN: Final = 4
# A number, the rule with it, and in how many evenings that rule held.
_Candidate: TypeAlias = tuple[Number, Rule, int]
COUNTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "glances": _("looks"),
        "uses": _("uses"),
        "opens": _("openings"),
        "pick_ups": _("pick-ups"),
        "led_pick_ups": _("pick-ups after a notification"),
        "own_pick_ups": _("pick-ups without one"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvening:
    """One stored evening: its occurrences in order, each with its observations and moments."""

    parts: Sequence[tuple[StoredOccurrence, Sequence[Observation], Sequence[Moment]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalSide:
    """The results of a rule with one number: the evenings in which it holds, its moments, and the nudges of all rules."""

    evenings: int
    moments: int
    nudges: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdProposal:
    """A higher number for one rule. `rule`: the rule with that number.

    `bounded`: it is the highest that may be proposed, and the rule still holds in more than one of four evenings.
    """

    code: str
    name: str
    threshold: Threshold
    proposed: Number
    rule: Rule
    evenings: int
    now: ProposalSide
    then: ProposalSide
    bounded: bool


def propose(
    evenings: Sequence[RecordedEvening],
    rules: Sequence[Rule],
    *,
    mine: Iterable[str] = (),
    declined: Iterable[str] = (),
    only: str | None = None,
    policy: PolicySettings,
    attention: AttentionSettings,
    needed: int = EVENINGS_NEEDED,
) -> list[ThresholdProposal]:
    """Return the proposals in the order of their codes; none if there are fewer evenings than `needed`.

    `rules`: those in force. There are no proposals for the codes in `mine` (the person's own rules) and `declined`.
    `only`: the code to look for; None: all.
    """
    if len(evenings) < needed:
        return []
    excluded = {*mine, *declined}
    chosen = {
        rule.code: (rule, threshold)
        for rule in rules
        if rule.code not in excluded
        and only in {None, rule.code}
        and rule.may_nudge
        and (threshold := find_threshold(rule.condition.text))
    }
    candidates = _candidates(evenings, chosen, attention)
    maximum = len(evenings) // _ONE_IN
    proposals: list[ThresholdProposal] = []
    current: tuple[Counter[str], int] | None = None
    for code, (rule, threshold) in chosen.items():
        (_number, _rule, before), *higher_ones = candidates[code]
        # Candidates ascend, so the first that fits is the lowest (invariant 3); if none fits, the highest is proposed.
        fitting = [candidate for candidate in higher_ones if candidate[2] <= maximum] or higher_ones[-1:]
        if before <= maximum or not fitting:
            continue
        number, changed, after = fitting[0]
        # Playing all evenings takes seconds, so it is done only if there is a candidate.
        current = current or _count(evenings, rules, policy, attention)
        others = [changed if other.code == code else other for other in rules]
        (now, nudges_now), (then, nudges_then) = current, _count(evenings, others, policy, attention)
        # Another rule may get the nudge instead (invariant 4).
        if then[code] >= now[code] or nudges_then > nudges_now:
            continue
        proposals.append(
            ThresholdProposal(
                code=code,
                name=rule.name,
                threshold=threshold,
                proposed=number,
                rule=changed,
                evenings=len(evenings),
                now=ProposalSide(evenings=before, moments=now[code], nudges=nudges_now),
                then=ProposalSide(evenings=after, moments=then[code], nudges=nudges_then),
                bounded=after > maximum,
            )
        )
    return sorted(proposals, key=lambda proposal: proposal.code)


def format_proposal_reason(proposal: ThresholdProposal) -> str:
    """Return the reason for the proposal as one sentence."""
    threshold, number = proposal.threshold, format_number(proposal.proposed)
    span = (threshold.span or "").strip("()").rpartition(",")[2].strip()
    within = _(" in all") if span == "since start" else _(" within {span}").format(span=span) if span else ""
    if proposal.bounded:
        text = _("{number} or more{within} in {count} of your {all} evenings; nothing higher is proposed.")
        return text.format(count=proposal.then.evenings, all=proposal.evenings, number=number, within=within)
    templates = {
        "dwell": _("it lasted less than {number} at a time"),
        "for": _("it went on for less than {number}"),
        "time": _("it took less than {number}{within}"),
    }
    template = templates.get(threshold.name, _("there were fewer than {number} {things}{within}"))
    text = _("In {below} of your {all} evenings {stayed}; {before} or more in {reached}.")
    return text.format(
        below=proposal.evenings - proposal.then.evenings,
        all=proposal.evenings,
        stayed=template.format(number=number, within=within, things=COUNTED.get(threshold.name, "")),
        before=format_number(threshold.number),
        reached=proposal.now.evenings,
    )


def _candidates(
    evenings: Sequence[RecordedEvening], chosen: Mapping[str, tuple[Rule, Threshold]], attention: AttentionSettings
) -> dict[str, list[_Candidate]]:
    # All candidates are played at once, each as a rule of its own: one pass over the evenings.
    ascending = {
        code: [(threshold.number, rule), *higher(rule, threshold)] for code, (rule, threshold) in chosen.items()
    }
    rules = [
        replace(rule, code=f"{code} {at}")
        for code, ones in ascending.items()
        for at, (_number, rule) in enumerate(ones)
    ]
    # A nudge changes the rest of the evening, so no candidate may nudge while it is measured.
    without_nudges = PolicySettings(budget=0)
    evenings_held: Counter[str] = Counter()
    for evening in evenings:
        held: set[str] = set()
        for _occurrence, observations, _moments in evening.parts:
            held |= {moment.rule for moment in EveningReplay(rules, without_nudges, attention).play(observations)}
        evenings_held.update(held)
    return {
        code: [(number, rule, evenings_held[f"{code} {at}"]) for at, (number, rule) in enumerate(ones)]
        for code, ones in ascending.items()
    }


def _count(
    evenings: Sequence[RecordedEvening], rules: Sequence[Rule], policy: PolicySettings, attention: AttentionSettings
) -> tuple[Counter[str], int]:
    moments: Counter[str] = Counter()
    nudges = 0
    for _occurrence, observations, recorded in (part for evening in evenings for part in evening.parts):
        played = EveningReplay(rules, policy, attention, recorded).play(observations)
        moments.update(moment.rule for moment in played)
        nudges += sum(moment.decided == "nudged" for moment in played)
    return moments, nudges
