"""A film for two, as what is kept of it: what is a use of what, and what counts as presence."""

from __future__ import annotations

from datetime import timedelta

from detector.backtest.timelines import play, read_timelines
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.time_split import TimeTotals, split_time
from detector.core.effects import Coverage, Use
from detector.core.effects import Record as Kept
from detector.core.observations import PartnerTimeBegan
from detector.core.pipeline import Pipeline
from rules.policy import PolicySettings

FILM = """
# a film, begun with the mouse at 19:00:10
18:30:00            partner time until 20:30
19:00:00            full screen video
19:00:05            media
19:00:40            idle since 19:00:10
"""


def uses_and_totals(text: str) -> tuple[list[tuple[str, float]], TimeTotals]:
    """Return the uses with their seconds, and how the evening divides."""
    timeline = read_timelines(text + "20:30:00            ends\n", "test")[0]
    effects = play(timeline, Pipeline((), PolicySettings(), AttentionSettings()))
    kept = [effect.item for effect in effects if isinstance(effect, Kept)]
    uses = {each.number: each for each in kept if isinstance(each, Use)}
    (began,) = (each for each in kept if isinstance(each, PartnerTimeBegan))
    covered = [each for each in kept if isinstance(each, Coverage)]
    lengths = [
        (each.activity.category, (each.ended - each.began).total_seconds())
        for each in uses.values()
        if each.ended is not None
    ]
    return lengths, split_time(uses.values(), covered, began.at, began.ends).totals


def test_choosing_a_film_is_distraction_and_watching_it_is_presence() -> None:
    uses, share = uses_and_totals(FILM)
    assert uses == [("video", 10)]
    assert share.distraction == timedelta(seconds=10)
    assert share.presence >= timedelta(minutes=89)


def test_a_touch_shorter_than_a_glance_belongs_to_the_film() -> None:
    uses, share = uses_and_totals(FILM + "19:30:00            back\n19:30:42            idle since 19:30:12\n")
    assert uses == [("video", 10), ("together", 12)]
    assert share.distraction == timedelta(seconds=10)


def test_touching_for_longer_than_a_glance_ends_the_film() -> None:
    uses, _ = uses_and_totals(FILM + "19:30:00            back\n19:31:00            idle since 19:30:30\n")
    assert uses == [("video", 10), ("video", 30)]


def test_a_touch_before_the_film_begins_is_a_glance() -> None:
    uses, _ = uses_and_totals(
        FILM.replace("19:00:05            media\n", "")
        + "19:30:00            back\n19:30:42            idle since 19:30:12\n"
    )
    assert uses == [("video", 10), ("video", 12)]
