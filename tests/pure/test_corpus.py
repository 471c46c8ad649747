"""The evenings of tests/corpus: they can be read and are judged, and what comes out of them is known by name."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from detector.core.observations import LAPTOP, CameBack, Gap, InputCounted, PartnerTimeBegan, Suspended, WentIdle
from detector.errors import UserError
from detector.rulebook.loading import built_in_pack
from rules.features import CATEGORIES
from tests.benchmarks.corpus import PRECISION, RECALL, corpus_bars
from tests.corpus.comparing import Compared, compare, decided_moments
from tests.corpus.evenings import FOLDER, Evening, corpus, evenings

EVENINGS = corpus()
BY_NAME = {evening.name: evening for evening in EVENINGS}
RULES = built_in_pack().rules
CODES = [rule.code for rule in RULES]

FALSE = """
dinner, and a restaurant that has only a page on a social site: 19:11:42 F104
dinner, and the sitter who has not written yet: 18:45:02 G202
dinner, and a sitter to be arranged for Saturday: 19:06:37 M301
choosing a film together takes a while: 20:17:30 F105
a crossword for both: 20:21:30 O701
a holiday, booked by both: 20:39:32 O701
a message holds a link, and they look at it together: 19:20:50 F103
breakfast on Sunday, and the paper on the tablet: 12:11:30 O701
the tickets for tonight are somewhere in the mail: 18:50:45 M302
on call, and a feed is no call: 18:43:17 F103
the tax return, done by both: 18:48:00 W601
home late, and the back of a phone: 18:33:45 F103
a grandmother in hospital: 18:42:07 M301
"""
"""Mostly what both of them looked at, and no sensor knows that; and what was said a minute sooner than an observer would."""
MISSED = """
a long-distance call, and mail beside it: 18:51:00
"""
"""Nothing is said in a call."""
KEPT_BACK = """
on call, and a feed is no call: 18:44:30
"""


@pytest.fixture(scope="module")
def every() -> Compared:
    result = Compared()
    for evening in EVENINGS:
        result.add(compare(evening, decided_moments(evening, RULES)))
    return result


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def test_evenings_have_unique_names() -> None:
    assert len(EVENINGS) >= 40
    assert len(BY_NAME) == len(EVENINGS)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_every_file_names_its_judge_and_the_day(path: Path) -> None:
    head = path.read_text(encoding="utf-8").split("\n# ")[0]
    assert re.search(r"Written on \d{4}-\d\d-\d\d by \w+", head)
    assert "before any rule was run on them" in head.replace(")\n(", " ")


@pytest.mark.parametrize("evening", EVENINGS, ids=lambda evening: evening.name)
def test_judgements_lie_within_the_evening_at_distinct_instants(evening: Evening) -> None:
    began = next(seen for seen in evening.observations if isinstance(seen, PartnerTimeBegan))
    ends = max([began.ends, *(seen.ends for seen in evening.observations if hasattr(seen, "ends"))])
    judged = sorted(evening.judgements, key=lambda judgement: judgement.begins)
    assert judged
    assert began.at <= judged[0].begins
    assert judged[-1].until <= ends
    assert all(judgement.begins < judgement.until for judgement in judged)
    assert all(one.until <= other.begins for one, other in pairwise(judged))
    assert not any(code in judgement.why for judgement in judged for code in CODES), "people do not speak in codes"


@pytest.mark.parametrize("evening", EVENINGS, ids=lambda evening: evening.name)
def test_a_laptop_is_idle_half_a_minute_after_the_last_touch_and_never_sooner(evening: Evening) -> None:
    touched, idle, came_back, half_a_minute = None, False, None, timedelta(seconds=30)
    for seen in evening.observations:
        if seen.device != LAPTOP:
            continue
        if isinstance(seen, Suspended) or (isinstance(seen, Gap) and seen.sense is None):
            touched, idle = None, False
        elif isinstance(seen, WentIdle):
            assert not idle
            assert seen.at - seen.since == half_a_minute
            assert touched in {None, seen.since}
            idle = True
        elif isinstance(seen, CameBack):
            assert idle
            idle, came_back = False, seen.at
        elif isinstance(seen, InputCounted):
            assert not idle
            assert touched is None or seen.at - touched <= half_a_minute or came_back == seen.at
            touched = seen.at


def test_the_evenings_are_of_many_kinds() -> None:
    seen = [each for evening in EVENINGS for each in evening.observations]
    kinds = {type(each).__name__ for each in seen}
    assert kinds >= {
        "Focused",
        "InputCounted",
        "WentIdle",
        "CameBack",
        "Gap",
        "Suspended",
        "MediaStarted",
        "CallStarted",
        "Paused",
        "PartnerTimeExtended",
        "PickedUp",
        "LaidDown",
        "PutAway",
        "LitUp",
        "Notified",
    }
    shown = {each.activity.category for each in seen if getattr(each, "activity", None)}
    assert shown >= set(CATEGORIES) - {"phone"}
    should = [judgement.should for evening in EVENINGS for judgement in evening.judgements]
    assert min(should.count("should speak"), should.count("should keep quiet")) >= 30


def test_false_nudges_are_exactly_the_listed_ones(every: Compared) -> None:
    assert every.false == lines(FALSE)


def test_missed_nudges_are_exactly_the_listed_ones(every: Compared) -> None:
    assert every.missed == lines(MISSED)


def test_nudges_suppressed_by_a_cool_down_are_exactly_the_listed_ones(every: Compared) -> None:
    assert every.kept_back == lines(KEPT_BACK)


def test_the_bars_follow_from_the_lists(every: Compared, capsys: pytest.CaptureFixture[str]) -> None:
    precision, recall = corpus_bars()
    assert (precision.figure, recall.figure) == (100 * every.precision, 100 * every.recall)
    assert (precision.limit, recall.limit) == (PRECISION, RECALL)
    assert precision.is_met
    assert recall.is_met
    printed = capsys.readouterr().out
    assert all(named in printed for named in (*every.false, *every.missed, *every.kept_back))


MAIL = """\
# a mail
18:30:00            partner time until 20:00
19:00:00            mail
19:00:02-19:04:00   {how}
19:04:01            desktop
judge {begins}-{until} {should}: so it was
"""


@pytest.mark.parametrize(
    ("begins", "until", "should", "expected"),
    [
        ("19:00:30", "19:04:00", "should speak", (1, 1, 0, 0)),
        # Up to a minute before and after is near enough, and a second more is not.
        ("19:01:45", "19:04:00", "should speak", (1, 1, 0, 0)),
        ("19:01:46", "19:04:00", "should speak", (0, 0, 1, 1)),
        ("18:40:00", "18:59:45", "should speak", (1, 1, 0, 0)),
        ("18:40:00", "18:59:44", "should speak", (0, 0, 1, 1)),
        ("18:40:00", "19:10:00", "may speak", (0, 0, 0, 0)),
        ("19:01:00", "19:10:00", "may speak", (0, 0, 0, 0)),
        ("18:40:00", "19:10:00", "should keep quiet", (0, 0, 1, 0)),
        # What nobody judged should be quiet, too.
        ("19:20:00", "19:30:00", "should keep quiet", (0, 0, 1, 0)),
    ],
)
def test_a_nudge_is_right_false_or_neither(
    begins: str, until: str, should: str, expected: tuple[int, int, int, int]
) -> None:
    # M302 speaks at 19:00:45.
    (evening,) = evenings(MAIL.format(how="paging", begins=begins, until=until, should=should), "x.txt")
    result = compare(evening, decided_moments(evening, RULES))
    assert (result.hits, result.found, len(result.false), len(result.missed)) == expected
    assert result.false in ([], ["a mail: 19:00:45 M302"])


def test_a_stretch_without_nudges_takes_precedence_over_a_near_one() -> None:
    text = MAIL.format(how="paging", begins="19:01:00", until="19:04:00", should="should speak")
    text += "judge 19:00:00-19:00:50 should keep quiet: one word\n"
    (evening,) = evenings(text, "x.txt")
    result = compare(evening, decided_moments(evening, RULES))
    assert (result.hits, result.false, result.missed) == (0, ["a mail: 19:00:45 M302"], ["a mail: 19:01:00"])


def test_a_nudge_suppressed_by_a_cool_down_is_not_missed() -> None:
    text = MAIL.format(how="paging", begins="19:00:00", until="19:04:00", should="should speak").replace(
        "judge", "19:04:02            shopping\n19:04:04-19:07:00   clicking\n19:07:01            desktop\njudge", 1
    )
    text += "judge 19:05:10-19:07:00 should speak: a shop\n"
    (evening,) = evenings(text, "x.txt")
    result = compare(evening, decided_moments(evening, RULES))
    assert (result.found, result.missed, result.kept_back) == (1, [], ["a mail: 19:05:10"])
    assert (result.precision, result.recall) == (1, 1)


def test_observations_that_devices_report_by_themselves_are_added() -> None:
    text = """\
# nobody writes down what a device says by itself
18:30:00            partner time until 20:00
18:40:00            mail
18:41:00            desktop
18:50:00            phone: opens social
19:10:00            phone: closes
"""
    (evening,) = evenings(text, "x.txt")
    idle = [
        (f"{seen.at:%H:%M:%S}", type(seen).__name__)
        for seen in evening.observations
        if type(seen) in {WentIdle, CameBack}
    ]
    assert idle == [
        ("18:30:30", "WentIdle"),
        ("18:40:00", "CameBack"),
        ("18:40:30", "WentIdle"),
        ("18:41:00", "CameBack"),
        ("18:41:30", "WentIdle"),
    ]
    silent = [seen for seen in evening.observations if isinstance(seen, Gap)]
    assert [(f"{gap.since:%H:%M}", f"{gap.at:%H:%M}", gap.device) for gap in silent] == [("18:50", "19:00", "phone")]


@pytest.mark.parametrize("line", ["judge 19:00 should speak: x", "judge 19:00:00-19:10:00 must speak: x", "judge"])
def test_an_unreadable_judgement_is_refused_with_its_place(line: str) -> None:
    with pytest.raises(ValueError, match=r"x.txt:3: not a judgement"):
        evenings(f"# wrong\n18:30:00            partner time until 20:00\n{line}\n", "x.txt")


def test_an_invalid_line_is_refused_with_its_line_number() -> None:
    text = MAIL.format(how="paging", begins="19:00:00", until="19:04:00", should="should speak") + "19:09:00  nothing\n"
    with pytest.raises(UserError, match=r"(?s)x\.txt:7"):
        evenings(text, "x.txt")
