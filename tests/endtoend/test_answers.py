"""What an answer means for the rest of the session."""

from __future__ import annotations

import json

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import PAGE, SPEAKS_FREELY, Evening
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
    evening = evening_with(config=SPEAKS_FREELY, rules=FEEDS_AND_VIDEO)
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
    told = json.loads(evening.say("report", "--json"))
    assert (told["together"], told["nudges"]["together"], told["nudges"]["shown"]) == (2, 1, 2)


def test_two_dismissals_silence_the_rest_of_the_session(evening_with: Begin) -> None:
    evening = evening_with(config=SPEAKS_FREELY, rules=FEEDS_AND_VIDEO)
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
    evening = evening_with(config=SPEAKS_FREELY)
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
    evening = evening_with(config=SPEAKS_FREELY, rules=FEEDS_AND_VIDEO)
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
    told = json.loads(evening.say("report", "--json"))
    assert (told["needed"], told["nudges"]["needed"], told["moments"]) == (2, 1, 1)
    assert "You said that you needed it, for 15 min." in evening.say("why", "1")
