"""The policy: each reason in its turn, and the holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rules.model import Decision, Defer, Match, Nudge, Reason, Suppressed
from rules.policy import History, NoNudgeReason, PastNudge, PolicySettings, decide, find_no_nudge_reason

BEGAN = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
AT = BEGAN + timedelta(minutes=30)
SETTINGS = PolicySettings()


def match(rule: str = "F101", use: int = 7, *, after_grace: bool = False, category: str = "social") -> Match:
    return Match(
        rule=rule, at=AT, device="laptop", use=use, category=category, name=None, evidence=(), after_grace=after_grace
    )


def past_nudge(ago: timedelta, rule: str = "M302", use: int = 1) -> PastNudge:
    return PastNudge(rule=rule, at=AT - ago, use=use)


MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (History(began=BEGAN), Nudge()),
        (History(began=BEGAN, dismissed=1), Nudge()),
        (History(began=BEGAN, dismissed=2), Suppressed(reason=Reason.DISMISSED)),
        (History(began=BEGAN, answered_together=frozenset({"social"})), Suppressed(reason=Reason.TOGETHER)),
        (History(began=BEGAN, answered_together=frozenset({"video"})), Nudge()),
        (
            History(began=BEGAN, dismissed=2, answered_together=frozenset({"social"})),
            Suppressed(reason=Reason.TOGETHER),
        ),
        (History(began=BEGAN, needed_until=AT + SECOND), Suppressed(reason=Reason.NEEDED)),
        (History(began=BEGAN, needed_until=AT), Nudge()),
        (History(began=BEGAN, on_call=True), Nudge()),
        (History(began=BEGAN, busy=Reason.FILM), Suppressed(reason=Reason.FILM)),
        (History(began=BEGAN, busy=Reason.LOCKED), Defer(until=AT + MINUTE, reason=Reason.LOCKED)),
        (
            History(began=BEGAN, busy=Reason.LOCKED, deferred_since={Reason.LOCKED: AT - MINUTE}),
            Suppressed(reason=Reason.LOCKED),
        ),
        (History(began=BEGAN, past_nudges=[past_nudge(20 * MINUTE, use=7)]), Suppressed(reason=Reason.SAME_USE)),
        (History(began=BEGAN, past_nudges=[past_nudge(5 * MINUTE)]), Nudge()),
        (History(began=BEGAN, past_nudges=[past_nudge(5 * MINUTE - SECOND)]), Suppressed(reason=Reason.COOL_DOWN)),
        (History(began=BEGAN, past_nudges=[past_nudge(9 * MINUTE, "F101")]), Suppressed(reason=Reason.RULE_COOL_DOWN)),
        (History(began=BEGAN, past_nudges=[past_nudge(10 * MINUTE, "F101")]), Nudge()),
        (
            History(began=BEGAN, past_nudges=[past_nudge(n * 6 * MINUTE, use=n) for n in (4, 3, 2, 1)]),
            Suppressed(reason=Reason.BUDGET),
        ),
        (History(began=BEGAN, busy=Reason.CALL), Defer(until=AT + MINUTE, reason=Reason.CALL)),
        (
            History(began=BEGAN, busy=Reason.CALL, deferred_since={Reason.CALL: AT - MINUTE}),
            Suppressed(reason=Reason.CALL),
        ),
        (History(began=BEGAN, deferred_since={Reason.CALL: AT - MINUTE}), Nudge(reason=Reason.CALL)),
        (History(began=BEGAN, last_keys=AT - SECOND), Defer(until=AT + SECOND, reason=Reason.TYPING)),
        (History(began=BEGAN, last_keys=AT - 2 * SECOND), Nudge()),
        (
            History(began=BEGAN, last_keys=AT, deferred_since={Reason.TYPING: AT - 14 * SECOND}),
            Defer(until=AT + SECOND, reason=Reason.TYPING),
        ),
        (
            History(began=BEGAN, last_keys=AT, deferred_since={Reason.TYPING: AT - 15 * SECOND}),
            Nudge(reason=Reason.TYPING),
        ),
    ],
)
def test_each_reason_in_its_turn(history: History, expected: Decision) -> None:
    assert decide(match(), AT, history, SETTINGS) == expected


def test_a_rule_that_never_speaks_is_for_the_report_unless_it_is_for_both_needed_or_on_call() -> None:
    silent = replace(match(), may_nudge=False)
    plain = History(began=BEGAN, past_nudges=[past_nudge(MINUTE, use=7)], dismissed=2, busy=Reason.CALL)
    for history in (History(began=BEGAN), plain):
        assert decide(silent, AT, history, SETTINGS) == Suppressed(reason=Reason.REPORT_ONLY)
    for_both = replace(plain, answered_together=frozenset({"social"}))
    assert decide(silent, AT, for_both, SETTINGS) == Suppressed(reason=Reason.TOGETHER)
    needed = replace(plain, needed_until=AT + SECOND)
    assert decide(silent, AT, needed, SETTINGS) == Suppressed(reason=Reason.NEEDED)


def test_the_grace_delays_only_rules_that_ask_for_it() -> None:
    early = BEGAN + 2 * MINUTE
    assert decide(match(), early, History(began=BEGAN), SETTINGS) == Nudge()
    assert decide(match(after_grace=True), early, History(began=BEGAN), SETTINGS) == Defer(
        until=BEGAN + 5 * MINUTE, reason=Reason.GRACE
    )
    assert decide(match(after_grace=True), BEGAN + 5 * MINUTE, History(began=BEGAN), SETTINGS) == Nudge()


def test_dismissals_suppress_nothing_where_that_is_switched_off() -> None:
    assert decide(match(), AT, History(began=BEGAN, dismissed=9), PolicySettings(quiet_after=0)) == Nudge()


@pytest.mark.parametrize(("category", "is_shown"), [("work", False), ("messaging", False), ("mail", True)])
def test_on_call_suppresses_nudges_about_work_and_messages(category: str, *, is_shown: bool) -> None:
    expected = Nudge() if is_shown else Suppressed(reason=Reason.ON_CALL)
    this_time, always = History(began=BEGAN, on_call=True), PolicySettings(on_call=True)
    assert decide(match(category=category), AT, this_time, SETTINGS) == expected
    assert decide(match(category=category), AT, History(began=BEGAN), always) == expected


def test_categories_that_are_always_shared_get_no_nudge() -> None:
    always = PolicySettings(for_both=("video", "social"))
    assert decide(match(), AT, History(began=BEGAN), always) == Suppressed(reason=Reason.FOR_BOTH)
    assert decide(match(category="mail"), AT, History(began=BEGAN), always) == Nudge()


def test_needed_comes_before_every_other_reason() -> None:
    history = History(
        began=BEGAN, dismissed=9, past_nudges=[past_nudge(SECOND, use=7)], needed_until=AT + MINUTE, on_call=True
    )
    assert decide(match(category="work"), AT, history, SETTINGS) == Suppressed(reason=Reason.NEEDED)


def test_no_nudge_while_the_dialer_is_in_front() -> None:
    decision = decide(match(category="call"), AT, History(began=BEGAN), SETTINGS)
    assert decision == Suppressed(reason=Reason.CALL)


def test_by_default_a_nudge_is_shown_unless_enough_were_dismissed() -> None:
    once = PolicySettings(quiet_after=1)
    assert decide(match(), AT, History(began=BEGAN), once) == Nudge()
    assert decide(match(), AT, History(began=BEGAN, dismissed=1), once) == Suppressed(reason=Reason.DISMISSED)
    for category in ("messaging", "work", "phone"):
        assert decide(replace(match(), category=category), AT, History(began=BEGAN), SETTINGS) == Nudge()


FOUR = [past_nudge(n * 6 * MINUTE, use=n) for n in (4, 3, 2, 1)]


@pytest.mark.parametrize(
    ("history", "settings", "expected"),
    [
        (History(began=BEGAN), SETTINGS, None),
        (History(began=BEGAN, dismissed=1), SETTINGS, None),
        (History(began=BEGAN, dismissed=2), SETTINGS, NoNudgeReason(Reason.DISMISSED)),
        (History(began=BEGAN, dismissed=2), PolicySettings(quiet_after=0), None),
        (History(began=BEGAN, past_nudges=FOUR), SETTINGS, NoNudgeReason(Reason.BUDGET)),
        (History(began=BEGAN), PolicySettings(budget=0), NoNudgeReason(Reason.BUDGET)),
        (
            History(began=BEGAN, past_nudges=[past_nudge(2 * MINUTE)]),
            SETTINGS,
            NoNudgeReason(Reason.COOL_DOWN, AT + 3 * MINUTE),
        ),
        (History(began=BEGAN, past_nudges=[past_nudge(5 * MINUTE)]), SETTINGS, None),
        (History(began=BEGAN, dismissed=2, in_quiet_week=True), SETTINGS, NoNudgeReason(Reason.QUIET_WEEK)),
    ],
)
def test_what_keeps_every_nudge_back_is_known_with_its_end(
    history: History, settings: PolicySettings, expected: NoNudgeReason | None
) -> None:
    assert find_no_nudge_reason(AT, history, settings) == expected
    # What it says is what would be decided, or a reason that `decide` puts before it.
    if expected is not None and expected.reason is not Reason.QUIET_WEEK:
        assert decide(match(), AT, history, settings) == Suppressed(reason=expected.reason)
