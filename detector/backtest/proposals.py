"""Thresholds that fit one's own evenings: after the quiet week, what to change in which rule, and what that would do.

Rule 1: a proposal only ever makes a rule speak later, never sooner: no built-in number is lowered.
Rule 2: a rule that held in at most one of four evenings is left as it is, and so is one that never speaks.
Rule 3: the proposed number is the lowest that the rule reaches in at most one of four evenings: the 75th percentile of
one's own greatest values.
Rule 4: what would bring more nudges over the same evenings is not proposed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final, TypeAlias

from detector.backtest.evening import EveningReplay
from detector.backtest.thresholds import Number, Threshold, felt, higher, say_number
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment
from detector.core.observations import Observation
from detector.store.model import StoredOccurrence
from rules.model import Rule
from rules.policy import PolicySettings

EVENINGS_NEEDED: Final = 7
_ONE_IN: Final = 4
_Held: TypeAlias = tuple[Number, Rule, int]
COUNTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "glances": "looks",
        "uses": "uses",
        "opens": "openings",
        "pick_ups": "pick-ups",
        "led_pick_ups": "pick-ups after a notification",
        "own_pick_ups": "pick-ups without one",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvening:
    """One evening as it is kept: its partner times in order, each with what was observed and decided."""

    parts: Sequence[tuple[StoredOccurrence, Sequence[Observation], Sequence[Moment]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one number gives over the evenings: how many of them the rule holds in, its moments, and all nudges."""

    evenings: int
    moments: int
    nudges: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A higher number for one rule. `rule`: it with that number. `bounded`: one's own is higher still.

    `below`: in so many of `evenings` it stayed below what is proposed. `nudges` of a side: of all rules together.
    """

    code: str
    name: str
    threshold: Threshold
    proposed: Number
    rule: Rule
    evenings: int
    now: Side
    then: Side
    bounded: bool

    @property
    def below(self) -> int:
        """In how many evenings the rule does not hold with the proposed number."""
        return self.evenings - self.then.evenings


def propose(
    evenings: Sequence[OwnEvening],
    rules: Sequence[Rule],
    *,
    mine: Iterable[str] = (),
    declined: Iterable[str] = (),
    only: str | None = None,
    policy: PolicySettings,
    attention: AttentionSettings,
    needed: int = EVENINGS_NEEDED,
) -> list[Proposal]:
    """Return the proposals, by code; none where there are fewer evenings than it takes.

    `rules`: those in force. `mine`: the codes of the person's own, which stay as they are; `declined`: those of rules
    whose proposal is not wanted. `only`: the one code that is asked about; None: all.
    """
    if len(evenings) < needed:
        return []
    left = {*mine, *declined}
    chosen = {
        rule.code: (rule, own)
        for rule in rules
        if rule.code not in left and only in {None, rule.code} and rule.speaks and (own := felt(rule.condition.text))
    }
    held = _held_in(evenings, chosen, attention)
    most = len(evenings) // _ONE_IN
    proposals: list[Proposal] = []
    found: tuple[Counter[str], int] | None = None
    for code, (rule, threshold) in chosen.items():
        (_, _, before), *higher_ones = held[code]
        fitting = [each for each in higher_ones if each[2] <= most] or higher_ones[-1:]
        if before <= most or not fitting:
            continue
        number, changed, after = fitting[0]
        found = found or _found(evenings, rules, policy, attention)
        others = [changed if other.code == code else other for other in rules]
        (now, nudges_now), (then, nudges_then) = found, _found(evenings, others, policy, attention)
        if then[code] >= now[code] or nudges_then > nudges_now:
            continue
        proposals.append(
            Proposal(
                code=code,
                name=rule.name,
                threshold=threshold,
                proposed=number,
                rule=changed,
                evenings=len(evenings),
                now=Side(evenings=before, moments=now[code], nudges=nudges_now),
                then=Side(evenings=after, moments=then[code], nudges=nudges_then),
                bounded=after > most,
            )
        )
    return sorted(proposals, key=lambda proposal: proposal.code)


def say_why(proposal: Proposal) -> str:
    """Return in one sentence what one's own evenings say."""
    threshold, number = proposal.threshold, say_number(proposal.proposed)
    before, reached = say_number(threshold.number), f"reached in {proposal.now.evenings}"
    span = (threshold.span or "").strip("()").rpartition(",")[2].strip()
    within = " in all" if span == "since start" else f" within {span}" if span else ""
    if proposal.bounded:
        return (
            f"In {proposal.then.evenings} of your {proposal.evenings} evenings even {number}{within} "
            f"{_were(proposal.proposed)} reached; nothing higher is proposed."
        )
    stayed = {
        "dwell": f"it lasted less than {number} at a time",
        "for": f"it went on for less than {number}",
        "time": f"it took less than {number}{within}",
    }.get(threshold.name) or f"there were fewer than {number} {COUNTED[threshold.name]}{within}"
    return f"In {proposal.below} of your {proposal.evenings} evenings {stayed}; {before} {_were(threshold.number)} {reached}."


def _were(number: Number) -> str:
    return "was" if number == timedelta(minutes=1) and say_number(number).startswith("1 ") else "were"


def _held_in(
    evenings: Sequence[OwnEvening], chosen: Mapping[str, tuple[Rule, Threshold]], attention: AttentionSettings
) -> dict[str, list[_Held]]:
    """Return for each code the numbers from the present one on, the rule with each, and how many evenings it held in.

    All of them are played at once; nothing is said meanwhile, as nothing was said in the quiet week.
    """
    tried = {code: [(threshold.number, rule), *higher(rule, threshold)] for code, (rule, threshold) in chosen.items()}
    each = [replace(rule, code=f"{code} {at}") for code, ones in tried.items() for at, (_, rule) in enumerate(ones)]
    silent = PolicySettings(budget=0)
    found: Counter[str] = Counter()
    for evening in evenings:
        held: set[str] = set()
        for _, observations, _ in evening.parts:
            played = EveningReplay(each, silent, attention)
            for seen in observations:
                played.feed(seen)
            held |= {moment.rule for moment in played.moments.values()}
        found.update(held)
    return {
        code: [(number, rule, found[f"{code} {at}"]) for at, (number, rule) in enumerate(ones)]
        for code, ones in tried.items()
    }


def _found(
    evenings: Sequence[OwnEvening], rules: Sequence[Rule], policy: PolicySettings, attention: AttentionSettings
) -> tuple[Counter[str], int]:
    """Return how many moments each rule finds with the voice on, and how many nudges there are in all."""
    moments: Counter[str] = Counter()
    nudges = 0
    for _, observations, kept in (part for evening in evenings for part in evening.parts):
        played = EveningReplay(rules, policy, attention, kept)
        for seen in observations:
            played.feed(seen)
        moments.update(moment.rule for moment in played.moments.values())
        nudges += sum(moment.decided == "nudged" for moment in played.moments.values())
    return moments, nudges
