"""The quiet week, whatever the evening: everything is decided as always, and nothing is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import find, given, settings

from detector.core.effects import AskHowLong, Effect, Moment, Notify, NotifyNeedOver, Record, Withdraw
from detector.core.observations import Answered, NotShown, Observation, PartnerTimeBegan, QuietWeekEnded, Shown
from detector.rulebook.loading import load_rules
from rules.model import Reason
from tests.property.evenings import ENDS, evenings
from tests.rig.examples import examples
from tests.timelines.reading import play

# What a rule says of nudges that were given cannot be the same where none was.
RULES = [
    rule
    for rule in load_rules(None).rules
    if not {key.name for key in rule.features_used} & {"since_nudge", "reopened_after"}
]


def as_quiet(seen: Sequence[Observation]) -> list[Observation]:
    """Return the evening as one of the quiet week; there is no nudge, so nothing is shown and nothing answered."""
    left = [each for each in seen if not isinstance(each, Shown | NotShown | Answered)]
    return [replace(each, quiet=True) if isinstance(each, PartnerTimeBegan) else each for each in left]


def moments(effects: Sequence[Effect]) -> dict[tuple[str, int], Moment]:
    kept = [effect.item for effect in effects if isinstance(effect, Record) and isinstance(effect.item, Moment)]
    return {(moment.occurrence, moment.number): moment for moment in kept}


def said(effects: Sequence[Effect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, Notify | Withdraw | AskHowLong | NotifyNeedOver)]


@settings(max_examples=examples(30))
@given(evenings())
def test_nothing_is_said_and_the_same_is_found(seen: list[Observation]) -> None:
    loud, quiet = play(seen, RULES), play(as_quiet(seen), RULES)
    assert said(quiet) == []
    found = moments(quiet).values()
    assert all(moment.decided != "nudged" and moment.outcome is None for moment in found)
    assert not {moment.reason for moment in found} & {Reason.COOL_DOWN, Reason.BUDGET, Reason.SAME_USE}
    held = [(moment.rule, moment.device, moment.began) for moment in found]
    assert held == [(moment.rule, moment.device, moment.began) for moment in moments(loud).values()]


@settings(max_examples=examples(30))
@given(evenings())
def test_what_is_kept_of_a_quiet_evening_is_quiet_again(seen: list[Observation]) -> None:
    effects = play(as_quiet(seen), RULES)
    kept = [effect.item for effect in effects if isinstance(effect, Record) and isinstance(effect.item, Observation)]
    assert moments(play(kept, RULES)) == moments(effects)


@settings(max_examples=examples(30))
@given(evenings())
def test_once_it_is_ended_it_is_as_if_it_had_never_been(seen: list[Observation]) -> None:
    quiet = as_quiet(seen)
    at = next(number for number, each in enumerate(quiet) if isinstance(each, PartnerTimeBegan))
    ended = [*quiet[: at + 1], QuietWeekEnded(at=quiet[at].at), *quiet[at + 1 :]]
    loud = [replace(each, quiet=False) if isinstance(each, PartnerTimeBegan) else each for each in quiet]
    if sum(isinstance(each, PartnerTimeBegan) for each in quiet) == 1:
        assert moments(play(ended, RULES)) == moments(play(loud, RULES))


@pytest.mark.thorough
def test_the_evenings_made_up_here_would_be_nudged_and_are_kept_quiet() -> None:
    def is_kept_quiet(seen: list[Observation]) -> bool:
        return any(moment.reason is Reason.QUIET_WEEK for moment in moments(play(as_quiet(seen), RULES)).values())

    seen = find(evenings(), lambda seen: is_kept_quiet(seen) and bool(said(play(seen, RULES))))
    assert timedelta() < ENDS - seen[0].at
