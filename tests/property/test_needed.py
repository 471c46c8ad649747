""" "I need this" for a while: no nudge for that time, one question, at most one message that it is over."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import Phase, find, given, settings

from detector.core.effects import AskHowLong, Effect, Moment, Notify, NotifyNeedOver, Record
from detector.core.observations import Observation
from rules.policy import NEEDED_LENGTHS, PolicySettings
from tests.property.evenings import evenings
from tests.property.test_core_laws import RULES
from tests.rig.examples import examples
from tests.timelines.reading import play

OPEN = PolicySettings(cool_down=timedelta(0), rule_cool_down=timedelta(0), budget=20, quiet_after=0)


def overs(effects: list[Effect]) -> list[NotifyNeedOver]:
    return [effect for effect in effects if isinstance(effect, NotifyNeedOver)]


@pytest.mark.thorough
def test_the_generator_reaches_the_end_of_what_was_needed() -> None:
    find(
        evenings(),
        lambda evening: bool(overs(play(evening, RULES, policy=OPEN))),
        settings=settings(max_examples=10_000, database=None, phases=[Phase.generate]),
    )


@settings(max_examples=examples(100))
@given(evening=evenings())
def test_a_needed_use_gets_no_nudge_for_its_time_and_its_end_is_shown_at_most_once(evening: list[Observation]) -> None:
    effects = play(evening, RULES, policy=OPEN)
    asked = Counter(effect.moment.number for effect in effects if isinstance(effect, AskHowLong))
    said = Counter(over.moment.number for over in overs(effects))
    assert all(times == 1 for times in (*asked.values(), *said.values()))
    assert said.keys() <= asked.keys()
    kept = {
        each.item.number: each.item for each in effects if isinstance(each, Record) and isinstance(each.item, Moment)
    }
    needed = [moment for moment in kept.values() if moment.answer in NEEDED_LENGTHS]
    for over in overs(effects):
        assert over.moment.answered_at is not None
        assert over.at == over.moment.answered_at + NEEDED_LENGTHS[over.moment.answer or ""]
    for effect in effects:
        if isinstance(effect, Notify):
            for moment in needed:
                if (moment.device, moment.category) != (effect.moment.device, effect.moment.category):
                    continue
                assert moment.answered_at is not None
                later = [
                    each.answered_at
                    for each in needed
                    if each.answered_at is not None and each.answered_at > moment.answered_at
                ]
                until = min([moment.answered_at + NEEDED_LENGTHS[moment.answer or ""], *later])
                assert not moment.answered_at <= effect.moment.decided_at < until
