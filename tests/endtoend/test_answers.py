"""What an answer means for the rest of the session."""

from __future__ import annotations

import json

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import NO_LIMITS, PAGE, Evening
from tests.rig.processes import until
from tests.rig.x11 import Terminal

pytestmark = [pytest.mark.real, pytest.mark.thorough]
FEEDS_AND_VIDEO = (
    '[[rule]]\ncode = "F101"\nname = "A feed, or video"\n'
    f'when = "category in (social, video) and dwell >= 2 s and scrolls(60 s) >= 5"\n{PAGE}'
)
VIDEO = "A short one - YouTube — Mozilla Firefox"


def take_up(terminal: Terminal, other: Terminal) -> None:
    """Leave what is in front for something else, and take this up: a new use."""
    other.activate()
    terminal.activate()


def scroll_until_unsaid(evening: Evening, reason: str, times: int = 1) -> None:
    evening.scroll_until(
        lambda: len(evening.moments(f"decided = 'suppressed' AND reason = '{reason}'")) == times, what=reason
    )


def test_this_is_for_both_of_us_silences_the_category_and_no_other(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS, rules=FEEDS_AND_VIDEO)
    evening.run()
    evening.begin()
    other, video, feed = evening.desktop.xterm("a terminal"), evening.feed(VIDEO), evening.feed()
    evening.scroll_until_nudged()
    evening.answer("together")
    until(lambda: evening.moments("outcome = 'together'"), what="the outcome")
    take_up(feed, other)
    scroll_until_unsaid(evening, "together")
    take_up(video, other)
    moment = evening.scroll_until_nudged(2)
    assert moment["category"] == "video"
    evening.over()
    parsed = json.loads(evening.run_command("report", "--json"))
    assert (parsed["together"], parsed["nudges"]["together"], parsed["nudges"]["shown"]) == (2, 1, 2)


def test_two_dismissals_silence_the_rest_of_the_session(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS, rules=FEEDS_AND_VIDEO)
    evening.run()
    evening.begin()
    other, video, feed = evening.desktop.xterm("a terminal"), evening.feed(VIDEO), evening.feed()
    for times, taken in ((1, feed), (2, video)):
        take_up(taken, other)
        evening.scroll_until_nudged(times)
        evening.dunst.shown()
        until(lambda: len(evening.moments("answer = 'dismissed'")) == times, what="the dismissal")  # noqa: B023 - now
    take_up(feed, other)
    scroll_until_unsaid(evening, "dismissed_twice")
    take_up(video, other)
    scroll_until_unsaid(evening, "dismissed_twice", 2)
    assert evening.dunst.displayed() == 0
    # The next partner time begins without a grudge.
    evening.over()
    evening.begin()
    evening.scroll_until_nudged(3)


def test_i_need_this_asks_how_long_once_and_counts_once_without_an_answer(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS)
    evening.run()
    evening.begin()
    other, feed = evening.desktop.xterm("a terminal"), evening.feed()
    evening.scroll_until_nudged()
    evening.answer("needed")
    (moment,) = until(lambda: evening.moments("outcome IS NOT NULL"), what="the outcome")
    assert (moment["answer"], moment["outcome"]) == ("needed", "needed")
    until(lambda: evening.dunst.displayed() == 1, what="the question")
    asked = evening.dunst.shown()
    assert asked.summary == "Turntoward: For how long?"
    assert asked.body.startswith("Until then there is no nudge about social media.")
    assert evening.dunst.displayed() == 0
    # Another use is another matter.
    take_up(feed, other)
    assert evening.scroll_until_nudged(2)["outcome"] is None


def test_an_activity_needed_for_a_while_is_not_nudged_for_so_long(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS, rules=FEEDS_AND_VIDEO)
    evening.run()
    evening.begin()
    other, video, feed = evening.desktop.xterm("a terminal"), evening.feed(VIDEO), evening.feed()
    evening.scroll_until_nudged()
    evening.answer("needed")
    until(lambda: evening.moments("outcome = 'needed'"), what="the outcome")
    until(lambda: evening.dunst.displayed() == 1, what="the question")
    evening.dunst.answer("needed_15")
    until(lambda: evening.moments("answer = 'needed_15' AND outcome = 'needed'"), what="the length")
    take_up(feed, other)
    scroll_until_unsaid(evening, "needed")
    # Something else is not needed.
    take_up(video, other)
    assert evening.scroll_until_nudged(2)["category"] == "video"
    evening.over()
    parsed = json.loads(evening.run_command("report", "--json"))
    assert (parsed["needed"], parsed["nudges"]["needed"], parsed["moments"]) == (2, 1, 1)
    assert "You said that you needed it, for 15 min." in evening.run_command("why", "1")


def test_a_nudge_is_answered_in_a_terminal_where_dunst_has_no_menu(evening_with: Begin) -> None:
    evening = evening_with(config=NO_LIMITS, rules=FEEDS_AND_VIDEO, has_menu=False)
    assert "turntoward run" in evening.run_command("answer", "away", code=3)
    evening.run()
    assert "No partner time is under way" in evening.run_command("answer", "away", code=1)
    evening.begin()
    evening.read_greeting()
    assert "There was no nudge in this partner time so far." in evening.run_command("answer", "away", code=1)
    other, video, feed = evening.desktop.xterm("a terminal"), evening.feed(VIDEO), evening.feed()
    evening.scroll_until_nudged()
    assert "--for goes with `need`" in evening.run_command("answer", "away", "--for", "5min", code=2)
    output = evening.run_command("answer", "both")
    assert " ".join(output.split()) == (
        'You answered "This is for both of us". No more nudges about social media in this partner time.'
    )
    (moment,) = evening.moments("outcome = 'together'")
    assert moment["answer"] == "together"
    until(lambda: evening.dunst.displayed() == 0, what="the answered notification is gone")
    assert "middle click: put it away." in evening.dunst.history()[0].body.casefold()
    already = evening.run_command("answer", "away", code=1)
    assert "has been answered already. You said that it is for both of you." in " ".join(already.split())
    take_up(feed, other)
    scroll_until_unsaid(evening, "together")
    # With the length at once nothing more is asked.
    take_up(video, other)
    evening.scroll_until_nudged(2)
    assert "No nudges about video for 5 min." in evening.run_command("answer", "need", "--for", "5min")
    (needed,) = evening.moments("outcome = 'needed'")
    assert needed["answer"] == "needed_5"
    until(lambda: evening.dunst.displayed() == 0, what="no question for how long")
    assert "You said that you needed it, for 5 min." in evening.run_command("why")
