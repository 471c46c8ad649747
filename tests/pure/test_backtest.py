"""Kept evenings through two sets of rules: what is counted, what changes, and what is carried over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from detector.backtest.compare import Comparison, RecordedOccurrence, RuleCounts, add_up, play_evening
from detector.backtest.evening import EveningReplay
from detector.backtest.timelines import Timeline, read_timelines
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment, Outcome, Record
from detector.core.observations import Answered, NotShown, Observation, PartnerTimeBegan, Shown
from detector.core.pipeline import Pipeline
from detector.rulebook.loading import load_rules
from detector.store.model import StoredOccurrence
from rules.model import Rule
from rules.pack import read_pack
from rules.policy import PolicySettings
from tests.timelines.reading import play, shift

POLICY, ATTENTION = PolicySettings(), AttentionSettings()
BUILT_IN = load_rules(None).rules
PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
MAIL = """
# two mails, the first of them answered
18:30:00   partner time until 20:00
19:00:00   mail
19:01:30   desktop
19:20:00   mail
19:21:30   desktop
19:40:00   shopping
19:42:00   desktop
20:00:00   ends
"""


def rules(**conditions: str) -> tuple[Rule, ...]:
    text = "".join(
        f'[[rule]]\ncode = "{code}"\nname = "{code}"\nwhen = "{when}"\n{PAGE}' for code, when in conditions.items()
    )
    return read_pack(text, "test").rules


NOW = rules(M1="category is mail and dwell >= 45 s", S1="category is shopping and dwell >= 60 s")
LATER = rules(M1="category is mail and dwell >= 60 s", S1="category is shopping and dwell >= 60 s")


def timeline(text: str = MAIL) -> Timeline:
    (only,) = read_timelines(text, "test")
    return only


def evening(observations: Sequence[Observation], moments: Sequence[Moment] = ()) -> RecordedOccurrence:
    first, last = observations[0], observations[-1]
    occurrence = StoredOccurrence(
        id="1", title="Dinner", began=first.at, ends=last.at, ended=last.at, end_reason="ended"
    )
    return RecordedOccurrence(occurrence=occurrence, observations=iter(observations), moments=moments)


def compared(
    evenings: Iterable[RecordedOccurrence],
    now: Sequence[Rule] = NOW,
    then: Sequence[Rule] | None = LATER,
    progress: Callable[[int, int], None] = lambda _evenings, _observations: None,
) -> Comparison:
    played = (play_evening(each, now, then, policy=POLICY, attention=ATTENTION) for each in evenings)
    return add_up(played, now, then, progress)


def nudged(moments: Iterable[Moment]) -> list[str]:
    return [f"{moment.decided_at:%H:%M:%S} {moment.rule}" for moment in moments if moment.decided == "nudged"]


def decided(observations: Sequence[Observation], with_rules: Sequence[Rule]) -> dict[int, Moment]:
    effects = play(observations, with_rules)
    return {
        each.item.number: each.item for each in effects if isinstance(each, Record) and isinstance(each.item, Moment)
    }


def test_only_nudges_that_appear_or_vanish_are_listed() -> None:
    found = compared([evening(timeline().observations)])
    (changed,) = found.changed
    assert nudged(changed.appear) == ["19:01:00 M1", "19:21:00 M1"]
    assert nudged(changed.vanish) == ["19:00:45 M1", "19:20:45 M1"]
    assert (found.evenings, found.observations) == (1, len(timeline().observations))
    assert (found.current, found.candidate) == (RuleCounts(moments=3, nudges=3), RuleCounts(moments=3, nudges=3))
    assert [(each.code, each.changed) for each in found.rules] == [("M1", True), ("S1", False)]


def test_a_new_or_removed_rule_has_counts_on_one_side_only() -> None:
    then = rules(S1="category is shopping and dwell >= 60 s", X1="category is mail and dwell >= 80 s")
    found = {each.code: each for each in compared([evening(timeline().observations)], then=then).rules}
    assert (found["M1"].current, found["M1"].candidate, found["M1"].changed) == (
        RuleCounts(moments=2, nudges=2),
        None,
        True,
    )
    assert (found["X1"].current, found["X1"].candidate, found["X1"].changed) == (
        None,
        RuleCounts(moments=2, nudges=2),
        True,
    )
    assert found["S1"].changed is False


def test_without_other_rules_only_one_side_is_played() -> None:
    found = compared([evening(timeline().observations)], then=None)
    assert (found.current, found.candidate, found.changed) == (RuleCounts(moments=3, nudges=3), None, ())
    assert not any(each.changed for each in found.rules)


def test_an_evening_changes_if_only_suppressed_moments_differ() -> None:
    then = (*NOW, *rules(X1="category is shopping and dwell >= 80 s"))
    (changed,) = compared([evening(timeline().observations)], then=then).changed
    assert (changed.appear, changed.vanish) == ((), ())
    assert compared([evening(timeline().observations)], then=NOW).changed == ()


def test_evenings_are_independent_of_each_other() -> None:
    first = timeline().observations
    # The second begins within the cool-down of the last nudge of the first.
    second = shift(first, timedelta(minutes=35))
    found = compared([evening(first), evening(second), evening(first)])
    assert (found.evenings, found.current, len(found.changed)) == (3, RuleCounts(moments=9, nudges=9), 3)


def test_an_evening_without_observations_is_counted_as_empty() -> None:
    none = replace(evening(timeline().observations), observations=iter(()))
    found = compared([none, evening(timeline().observations)])
    assert (found.evenings, found.empty) == (1, 1)


def test_an_evening_whose_beginning_was_forgotten_is_played() -> None:
    whole = timeline().observations
    kept = replace(evening(whole), observations=iter(whole[1:]))
    assert compared([kept]).current == RuleCounts(moments=3, nudges=3)


def test_progress_is_reported_after_each_evening() -> None:
    told: list[tuple[int, int]] = []
    both = [evening(timeline().observations), evening(timeline().observations)]
    compared(both, progress=lambda *at: told.append(at))
    length = len(timeline().observations)
    assert told == [(1, length), (2, 2 * length)]


def answered(
    how: str, *, at: str = "19:01:10", rules_then: Sequence[Rule] = NOW
) -> tuple[list[Observation], list[Moment]]:
    """Return the evening with an answer to its first nudge, and the moments that were kept of it."""
    text = MAIL.replace("19:01:30 ", f"{at}   answers 1 {how}\n19:01:30 ", 1)
    observations = timeline(text).observations
    return observations, list(decided(observations, rules_then).values())


def test_an_answer_goes_to_the_nudge_about_the_same_use() -> None:
    observations, moments = answered("together")
    # A rule about nothing much is first, so that the numbers differ.
    then = (*LATER, *rules(A1="category is mail and dwell >= 5 s and all.uses(mail, 10 min) >= 2"))
    found = compared([evening(observations, moments)], then=then)
    # It was for both: the second mail is not named, on neither side.
    assert nudged(found.changed[0].vanish) == ["19:00:45 M1"]
    assert nudged(found.changed[0].appear) == ["19:01:00 M1"]
    assert found.current == RuleCounts(moments=3, nudges=2)


def test_an_answer_is_dropped_if_there_is_no_nudge_about_its_use() -> None:
    observations, moments = answered("together")
    then = rules(M1="category is mail and dwell >= 45 s and elapsed >= 40 min")
    found = compared([evening(observations, moments)], then=then)
    assert nudged(found.changed[0].appear) == ["19:20:45 M1"]
    # Nor is it given to whichever nudge has that number.
    side = EveningReplay(then, POLICY, ATTENTION, moments)
    for seen in observations:
        side.feed(seen)
    assert [moment.answer for moment in side.moments.values()] == [None]


def test_an_answer_is_dropped_if_the_nudge_comes_later() -> None:
    observations, moments = answered("together", at="19:00:50")
    found = compared([evening(observations, moments)])
    assert nudged(found.changed[0].appear) == ["19:01:00 M1", "19:21:00 M1"]


def test_an_undelivered_nudge_is_undelivered_on_both_sides() -> None:
    observations = timeline(MAIL.replace("19:01:30 ", "19:00:46   not shown 1\n19:01:30 ", 1)).observations
    moments = list(decided(observations, NOW).values())
    assert moments[0].outcome is Outcome.UNDELIVERED
    for with_rules in (NOW, LATER):
        side = EveningReplay(with_rules, POLICY, ATTENTION, moments)
        for seen in observations:
            side.feed(seen)
        assert side.moments[1].outcome is Outcome.UNDELIVERED
        assert side.moments[2].shown_by == "backtest"


def test_recorded_shown_observations_are_ignored() -> None:
    """What is numbered 1 here is another nudge than the one that was shown as number 1 then."""
    observations = timeline(MAIL.replace("19:42:00 ", "19:41:30   shown 1\n19:42:00 ", 1)).observations
    side = EveningReplay(rules(S1="category is shopping and dwell >= 60 s"), POLICY, ATTENTION)
    for seen in observations:
        side.feed(seen)
    assert [(moment.number, moment.shown_by) for moment in side.moments.values()] == [(1, "backtest")]
    assert any(isinstance(seen, Shown) for seen in observations)


def test_an_answer_is_not_matched_by_the_number_of_the_nudge() -> None:
    lines = "18:50:00 news", "18:50:40 mail", "18:51:30 answers 1 together", "18:51:40 desktop", "20:00 ends"
    observations = timeline("\n".join(("# x", "18:30:00 partner time until 20:00", *lines))).observations
    moments = list(decided(observations, NOW).values())
    assert [(moment.category, moment.answer) for moment in moments] == [("mail", "together")]
    side = EveningReplay(rules(N1="category is news and dwell >= 30 s"), POLICY, ATTENTION, moments)
    for seen in observations:
        side.feed(seen)
    assert [(moment.category, moment.answer) for moment in side.moments.values()] == [("news", None)]


@given(
    st.lists(st.sampled_from(["mail", "social", "news", "desktop", "shopping", "work"]), min_size=1, max_size=40),
    st.data(),
)
def test_the_rules_in_force_decide_as_they_do_live(categories: list[str], data: st.DataObject) -> None:
    """Law 2 in a backtest: with the same rules the evening comes out as it did, answers and all."""
    at, lines = 0, ["# drawn", "18:30:00 partner time until 20:00"]
    for category in categories:
        at += data.draw(st.integers(1, 200))
        lines.append(f"{18 + (1800 + at) // 3600}:{(1800 + at) // 60 % 60:02}:{at % 60:02} {category}")
    observations = [
        seen
        for seen in timeline("\n".join(lines)).observations
        if seen.at < timeline("\n".join(lines)).observations[0].at + timedelta(minutes=90)
    ]
    answer = data.draw(st.sampled_from(["together", "dismissed", "needed", None]))
    live: dict[int, Moment] = {}
    kept: list[Observation] = []
    core = Pipeline(BUILT_IN, POLICY, ATTENTION)

    def take(effects: Iterable[object]) -> None:
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.item, Moment):
                is_new = effect.item.decided == "nudged" and live.get(effect.item.number) != effect.item
                first = is_new and (effect.item.number not in live or live[effect.item.number].decided != "nudged")
                live[effect.item.number] = effect.item
                if first and core.now is not None:
                    shown = Shown(at=core.now, nudge=effect.item.number, by="backtest")
                    kept.append(shown)
                    take(core.feed(shown))
                if first and answer is not None and core.now is not None:
                    said = Answered(at=core.now, nudge=effect.item.number, answer=answer)
                    kept.append(said)
                    take(core.feed(said))

    for seen in observations:
        while core.deadline is not None and core.deadline <= seen.at:
            take(core.advance(core.deadline))
        kept.append(seen)
        take(core.feed(seen))
    again = EveningReplay(BUILT_IN, POLICY, ATTENTION, live.values())
    for seen in kept:
        again.feed(seen)
    assert isinstance(kept[0], PartnerTimeBegan)
    assert not any(isinstance(seen, NotShown) for seen in kept)
    assert list(again.moments.values()) == list(live.values())
