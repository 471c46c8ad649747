"""Evenings as people live through them, each with what a fair observer would have said.

An evening is a timeline without `=>` (`detector.backtest.timelines`), and with lines of two more kinds:

    judge 18:51:00-18:56:20 should speak: he is talking, and she scrolls for six minutes
    judge 18:30:00-18:46:55 should keep quiet: a look or two; nobody minds yet
    judge 20:37:00-20:45:10 may speak: some couples mind, some do not

    18:50:00-18:56:20   phone: looks at social      (lit, unlocked, opened; closed and laid down)
    20:10:02-20:12:30   scrolling                   (on the laptop, as a hand does it: see TOUCHES)

What the devices say by themselves nobody writes down: that the laptop is idle 30 s after the last touch, and back at
the next; and that a phone in use, of which nothing is heard for ten minutes, is silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal, get_args

from detector.backtest.timeline_words import clock
from detector.backtest.timelines import read_timelines
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import (
    LAPTOP,
    Activity,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    LaidDown,
    LitUp,
    Observation,
    PartnerTimeBegan,
    PickedUp,
    PutAway,
    SensorStarted,
    Suspended,
    WentIdle,
)

FOLDER: Final = Path(__file__).parent
SECOND: Final = timedelta(seconds=1)
SILENCE: Final = timedelta(minutes=10)
"""Of a phone in use; detector/daemon/phone_tracker.py."""

Should = Literal["should speak", "should keep quiet", "may speak"]

TOUCHES: Final[dict[str, tuple[str, ...]]] = {
    # One word for each second, over and over: s scrolls, k keys, c clicks, and how many.
    "scrolling": ("s2", "s3", "s1", "", "s2", "", "", "s3", "s1", "s2", "", "s1", "", "", "s2", "s2", "", "c1", "", ""),
    "wheeling": ("s1", "s2", "", "s2", "s1", "", "", "s3", "", "s1", "s1", ""),
    "swiping": ("k1", *[""] * 8, "k1", *[""] * 13, "k1", *[""] * 16),
    "typing": ("k4", "k5", "k3", "k6", "k4", "k2", "k5", "k3", "", "", "", "", "k1", "k4", "k4", "", "", ""),
    "clicking": ("c1", "", "", "s1", "", "", "c1", "", "", "", "s2", "", "", "", ""),
    "paging": ("s2", *[""] * 12, "s1", *[""] * 10, "k1", *[""] * 17),
    "gaming": ("k2", "k1", "", "k3", "c1", "k2"),
}
"""What a hand does that goes on with something, a second at a time."""
_KINDS: Final = {"s": "scrolls", "k": "keys", "c": "clicks"}
_CLOCK: Final = r"(\d\d:\d\d:\d\d)"
_JUDGE: Final = re.compile(rf"judge {_CLOCK}-{_CLOCK} ({'|'.join(get_args(Should))}): (\S.*)")
_GOES_ON: Final = re.compile(rf"{_CLOCK}-{_CLOCK}\s+(?:({'|'.join(TOUCHES)})|(\w+): looks at (\w+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a fair observer says of a stretch of the evening, and why."""

    begins: datetime
    until: datetime
    should: Should
    why: str


@dataclass(slots=True, kw_only=True)
class Evening:
    """One evening: its name and place, what the devices said, and the judgements."""

    name: str
    place: str
    observations: list[Observation]
    judgements: list[Judgement] = field(default_factory=list)


def corpus() -> list[Evening]:
    """Return every evening of this folder."""
    return [
        evening for path in sorted(FOLDER.glob("*.txt")) for evening in evenings(path.read_text("utf-8"), path.name)
    ]


def evenings(text: str, name: str) -> list[Evening]:
    """Return the evenings of a text. Raises UserError as `read_timelines`, and ValueError for a wrong judgement."""
    plain: list[str] = []
    judged: list[list[Judgement]] = []
    more: list[list[Observation]] = []
    for number, line in enumerate(text.splitlines(), 1):
        plain.append(line)
        if line.startswith("# "):
            judged.append([])
            more.append([])
        elif line.startswith("judge"):
            plain[-1] = ""
            judged[-1].append(_judgement(line, f"{name}:{number}"))
        elif going := _GOES_ON.fullmatch(line.rstrip()):
            plain[-1] = ""
            begins, until, touches, device, category = going.groups()
            seen = _touches(touches, begins, until) if touches else _look(device, category, begins, until)
            more[-1] += seen
    found = []
    for timeline, judgements, besides in zip(read_timelines("\n".join(plain), name), judged, more, strict=True):
        seen = sorted([*timeline.observations, *besides], key=lambda each: each.at)
        found.append(
            Evening(
                name=timeline.name,
                place=timeline.place,
                judgements=judgements,
                observations=_with_silence(_with_idleness(seen)),
            )
        )
    return found


def _judgement(line: str, place: str) -> Judgement:
    said = _JUDGE.fullmatch(line.rstrip())
    if said is None:
        raise ValueError(f"{place}: not a judgement: {line!r}")
    begins, until, should, why = said.groups()
    return Judgement(begins=clock(begins), until=clock(until), should=should, why=why)  # type: ignore[arg-type]


def _touches(how: str, begins: str, until: str) -> Iterator[Observation]:
    at, pattern = clock(begins), TOUCHES[how]
    for second in range(int((clock(until) - at) / SECOND) + 1):
        if word := pattern[second % len(pattern)]:
            yield InputCounted(at=at + second * SECOND, **{_KINDS[word[0]]: int(word[1:])})


def _look(device: str, category: str, begins: str, until: str) -> Iterator[Observation]:
    at, end = clock(begins), clock(until)
    yield LitUp(at=at, device=device)
    yield PickedUp(at=at + SECOND, device=device, blind=True)
    yield Focused(at=at + 2 * SECOND, device=device, activity=Activity(category=category), opened=True)
    yield Focused(at=end - SECOND, device=device, activity=None)
    yield LaidDown(at=end, device=device)


def _with_idleness(observations: Sequence[Observation]) -> list[Observation]:
    """Return the observations with what the laptop says of idleness; without counts where input is not sensed."""
    after = AttentionSettings().idle_after
    told: list[Observation] = []
    touched: datetime | None = None
    sensed: set[str] = set()
    idle = False
    for seen in observations:
        is_touch = seen.device == LAPTOP and isinstance(seen, InputCounted | Focused)
        if touched is not None and not idle and "idle" in sensed and seen.at - touched >= after:
            told.append(WentIdle(at=touched + after, since=touched))
            idle = True
        match seen:
            case PartnerTimeBegan():
                touched = seen.at
            case SensorStarted(sense=sense):
                sensed.add(sense)
            case Suspended(device=device) if device == LAPTOP:
                touched, idle = None, False
            case Gap(sense=None):
                touched, idle = seen.at, False
            case _ if is_touch and touched is not None:
                touched = seen.at
                if idle:
                    told.append(CameBack(at=seen.at))
                    idle = False
            case _:
                pass
        if not isinstance(seen, InputCounted):
            told.append(seen)
            # Nothing comes to the front of a laptop without a click or a key.
            if is_touch and "input" in sensed:
                told.append(InputCounted(at=seen.at, clicks=1))
        elif "input" in sensed:
            told.append(seen)
    if touched is not None and not idle and "idle" in sensed:
        told.append(WentIdle(at=touched + after, since=touched))
    return told


def _with_silence(observations: Sequence[Observation]) -> list[Observation]:
    """Return the observations with the silences of phones that are in use and give no sign."""
    ends = max(seen.at for seen in observations) + SILENCE
    told = list(observations)
    for device in {seen.device for seen in observations} - {LAPTOP}:
        signs = [
            seen
            for seen in observations
            if seen.device == device and isinstance(seen, Focused | LitUp | PickedUp | LaidDown | PutAway)
        ]
        in_hand = is_open = False
        for sign, following in zip(signs, [*(each.at for each in signs[1:]), ends + SECOND], strict=True):
            match sign:
                case LaidDown() | PutAway():
                    in_hand = is_open = False
                case Focused(activity=activity):
                    is_open = activity is not None
                case PickedUp():
                    in_hand = True
                case _:
                    pass
            if (in_hand or is_open) and following - sign.at > SILENCE:
                at, since = sign.at + SILENCE, sign.at
                told.append(Gap(at=at, since=since, device=device, reason=GapReason.SILENT, sense="focus"))
    return sorted(told, key=lambda seen: seen.at)
