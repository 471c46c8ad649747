"""Timelines that a person can read and write: observations on the left, expected decisions after `=>`.

One line is `HH:MM[:SS] what`, or `HH:MM:SS-HH:MM:SS what` for something that continues; `phone: what` names another
device. The decisions must be exactly the lines with `=>`, in their order:

    # a feed, scrolled
    18:30:00            partner time until 20:00
    19:00:00            social
    19:00:01-19:01:05   2 scrolls a second
    19:01:00            => nudged F101
    19:01:36            idle since 19:01:05
    end                 => 1 put_away_30

docs/rules.md, "Timelines of your own", describes every word. A line in parentheses is a remark. A timeline with the outcome of
one nudge must name those of all; the start is compared only if it is named.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

from detector.backtest.timeline_words import DAY, InvalidLine, clock, format_clock, observed
from detector.core.effects import AskHowLong, Effect, Moment, NotifyNeedOver, Record, StartResult
from detector.core.observations import LAPTOP, Observation, PartnerTimeBegan
from detector.core.pipeline import Pipeline
from detector.errors import Problem, UserError, printable
from detector.i18n import _
from detector.spelling import did_you_mean

LINE: Final = re.compile(r"^(?:(end)|([\d:]+)(?:-([\d:]+))?)\s+(?:(\w+): )?(.*?)\s*$")
_FIRST_LINE: Final = _("Its first line is for example '18:30:00  partner time until 20:00'.")
STARTS: Final = {None: "unknown how it started", True: "started well", False: "not started well"}
# Maximum number of problems that are listed; the rest is counted.
MAX_PROBLEMS: Final = 20


@dataclass(slots=True)
class Timeline:
    """One evening in a file of timelines. `place` is `file:line`; `expected`, `outcomes` and `start` are the expected results."""

    name: str
    place: str
    observations: list[Observation] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def read_timelines(text: str, name: str) -> list[Timeline]:
    """Return the timelines of a text, each of which begins with a line `# what it is`; `name` is the name of the text.

    Raises:
        UserError: with every problem, each with its place.
    """
    reader = _TimelineReader(name)
    for number, line in enumerate(text.splitlines(), 1):
        reader.take(number, line)
    if not reader.found and not reader.problems:
        reader.problems.append(
            Problem(
                file=name, message=_("There is no timeline in it."), hint=_("A timeline begins with '# what it is'.")
            )
        )
    reader.problems += [
        Problem(file=timeline.place, message=_("no partner time begins in this timeline"), hint=_FIRST_LINE)
        for timeline in reader.found
        if not any(isinstance(observation, PartnerTimeBegan) for observation in timeline.observations)
    ]
    if reader.problems:
        more = len(reader.problems) - MAX_PROBLEMS
        rest = [Problem(file=name, message=_("and {count:,} more").format(count=more))] if more > 0 else []
        raise UserError([*reader.problems[:MAX_PROBLEMS], *rest])
    # Observations of `19:00:01-19:01:05   2 scrolls a second` lie between those of later lines.
    for timeline in reader.found:
        timeline.observations.sort(key=lambda observation: observation.at)
    return reader.found


class _TimelineReader:
    def __init__(self, name: str) -> None:
        self.found: list[Timeline] = []
        self.problems: list[Problem] = []
        self._name = name
        self._latest = DAY

    def take(self, number: int, line: str) -> None:
        # `# ` begins a timeline, so a remark stands in parentheses instead.
        if line.startswith("# "):
            self.found.append(Timeline(line[2:].strip(), f"{self._name}:{number}"))
            self._latest = DAY
        elif line.strip() and not line.startswith("("):
            try:
                self._line(line)
            except InvalidLine as error:
                # The caret fits the printed line, because `printable` replaces letters one by one.
                at = line.find(error.word) if error.word else 0
                problem = Problem(
                    file=self._name,
                    line=number,
                    column=max(at, 0) + 1,
                    width=max(1, len(error.word)),
                    source=printable(line),
                    message=str(error),
                    hint=error.hint,
                )
                self.problems.append(problem)

    def _line(self, line: str) -> None:
        parts = LINE.match(line)
        if parts is None:
            raise InvalidLine(_("not a line of a timeline"), hint=_("Write for example '18:40:00  social'."))
        if not self.found:
            raise InvalidLine(_("no timeline has begun"), hint=_("A timeline begins with a line '# what it is'."))
        timeline = self.found[-1]
        timeline.text.append(line)
        end, begins, until, device, words = parts.groups()
        if end:
            end_words = words.removeprefix("=> ")
            (timeline.start if end_words in STARTS.values() else timeline.outcomes).append(end_words)
            return
        at = clock(begins)
        if at < self._latest:
            raise InvalidLine(_("time moves back"), begins)
        self._latest = at
        if words.startswith("=> "):
            timeline.expected.append(f"{format_clock(at)} {words.removeprefix('=> ')}")
            return
        timeline.observations += observed(at, clock(until) if until else None, device or LAPTOP, words)


def decisions(effects: Iterable[Effect]) -> tuple[list[str], list[str]]:
    """Return the decisions in order, and the last outcome of each nudge."""
    decided: list[str] = []
    last: dict[tuple[str, int], Moment] = {}
    for effect in effects:
        if isinstance(effect, Record) and isinstance(effect.item, Moment):
            moment = effect.item
            # A moment is recorded again for every change; only a changed decision is a line.
            before = last.get((moment.occurrence, moment.number))
            if before is None or (before.decided, before.reason) != (moment.decided, moment.reason):
                words = (format_clock(moment.decided_at), moment.decided, moment.rule, moment.reason)
                decided.append(" ".join(word for word in words if word))
            last[moment.occurrence, moment.number] = moment
        elif isinstance(effect, AskHowLong) and effect.moment.answered_at is not None:
            decided.append(f"{format_clock(effect.moment.answered_at)} asks {effect.moment.number}")
        elif isinstance(effect, NotifyNeedOver):
            decided.append(f"{format_clock(effect.at)} over {effect.moment.number}")
    return decided, [f"{number} {moment.outcome}" for (_occurrence, number), moment in last.items() if moment.outcome]


def started(effects: Iterable[Effect]) -> str:
    results = [
        effect.item.started_well
        for effect in effects
        if isinstance(effect, Record) and isinstance(effect.item, StartResult)
    ]
    return STARTS[results[-1] if results else None]


def play(timeline: Timeline, core: Pipeline) -> list[Effect]:
    """Feed the core the observations of the timeline, and let the rest of the evening pass; return every effect."""
    effects: list[Effect] = []
    for observation in timeline.observations:
        effects += core.feed(observation)
    # The outcome of the last nudge, and the end of partner time, may come after the last line.
    while core.deadline is not None:
        effects += core.advance(core.deadline)
    return effects


def differs(timeline: Timeline, effects: Sequence[Effect]) -> str | None:
    """Return a text about how the effects differ from the expected ones; None if they do not."""
    decided, outcomes = decisions(effects)
    differences = []
    if decided != timeline.expected:
        differences.append(_side_by_side(timeline.expected, decided))
    # Decisions must all be listed; outcomes and the start are compared only where the timeline names any.
    if timeline.outcomes and outcomes != timeline.outcomes:
        differences.append(_("  At the end:") + "\n" + _side_by_side(timeline.outcomes, outcomes))
    if timeline.start and [started(effects)] != timeline.start:
        differences.append(_("  How it started:") + "\n" + _side_by_side(timeline.start, [started(effects)]))
    return "\n".join([f"{timeline.place}: {timeline.name}", *differences]) if differences else None


def misspelt(timeline: Timeline, codes: Iterable[str]) -> str | None:
    """Return a hint about the first expected line with a code that no rule has; None: all codes exist."""
    existing = set(codes)
    for line in timeline.expected:
        _clock, _decision, *rest = line.split()
        if rest and rest[0] not in existing:
            text = _("{place}: no rule in force has the code '{code}'. {hint}")
            return text.format(place=timeline.place, code=rest[0], hint=did_you_mean(rest[0], sorted(existing))).strip()
    return None


def _side_by_side(expected: Sequence[str], decided: Sequence[str]) -> str:
    # As `diff --side-by-side` marks them: `|` same, `<` only left, `>` only right; `x` where they differ.
    rows = [(_("expected"), "", _("decided"))]
    for tag, left, left_end, right, right_end in SequenceMatcher(None, expected, decided).get_opcodes():
        for one, other in zip_longest(expected[left:left_end], decided[right:right_end]):
            sign = "|" if tag == "equal" else "<" if other is None else ">" if one is None else "x"
            rows.append((one or "", sign, other or ""))
    if len(rows) == 1:
        rows.append((_("(nothing)"), "|", _("(nothing)")))
    width = max(len(one) for one, _sign, _other in rows)
    return "\n".join(f"    {one:{width}}  {sign or ' '}  {other}".rstrip() for one, sign, other in rows)
