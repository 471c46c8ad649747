"""Why nothing was said at an instant: the evening played again up to then, and how near each rule was to holding.

Rule 1: it is the same core that decides live, with the rules and the settings that are in force now.
Rule 2: where nothing was known, or nothing was in use, no rule is near: that is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any, Final

from detector.core.effects import Effect, Moment, Record
from detector.core.observations import Gap, Observation, Paused, Resumed
from detector.core.pipeline import Look, Pipeline
from rules.explain import say_policy, say_what
from rules.model import Rule
from rules.parts import Joint, parts
from rules.reckoning import say_parts

NEAREST: Final = 5
"""Rules that are shown; JSON has all that were near."""
_MARKS: Final[dict[bool | None, str]] = {True: "held", False: "missing", None: "not known"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A rule that was near to holding on a device; `holds`: all of its parts held."""

    rule: Rule
    device: str
    parts: Joint
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What was the case at an instant. `nothing`: why nothing could be said at all, as a sentence."""

    at: datetime
    in_use: tuple[tuple[str, str], ...] = ()
    near: tuple[Near, ...] = ()
    moments: tuple[Moment, ...] = ()
    nothing: str | None = None


def look_back(observations: Iterable[Observation], at: datetime, core: Pipeline, rules: Sequence[Rule]) -> Then:
    """Return what was the case at `at`, in the evening that these observations are of; the nearest rule first."""
    effects: list[Effect] = []
    paused = False
    for seen in observations:
        if isinstance(seen, Gap) and seen.sense is None and seen.since <= at < seen.at:
            return Then(at=at, nothing="Nothing is known of then, so nothing could be said.")
        if seen.at > at:
            break
        effects += core.feed(seen)
        if isinstance(seen, Paused | Resumed):
            paused = isinstance(seen, Paused)
    if paused:
        return Then(at=at, nothing="The program was paused then, so it saw nothing.")
    effects += core.advance(at)
    looks = core.looks()
    if not looks:
        return Then(at=at, nothing="Nothing was in use then, so no rule could hold.")
    uses = {look.use for look in looks}
    latest: dict[int, Moment] = {}
    for effect in effects:
        if isinstance(effect, Record) and isinstance(effect.what, Moment) and effect.what.use in uses:
            latest[effect.what.number] = effect.what
    return Then(
        at=at,
        in_use=tuple((look.device, look.category) for look in looks),
        near=tuple(_near(looks, rules)),
        moments=tuple(latest.values()),
    )


def lines(then: Then, clock: Callable[[datetime], str], width: int) -> Iterator[str]:
    """Yield what was the case as lines of at most `width` columns."""
    if then.nothing is not None:
        yield from wrap(f"{clock(then.at)}  {then.nothing}", width)
        return
    in_front = " and ".join(say_what(category, device=device) for device, category in then.in_use)
    yield from wrap(f"{clock(then.at)}  In front: {in_front}.", width)
    for sentence in _of_moments(then, clock):
        yield from wrap(sentence, width, subsequent_indent="  ")
    shown = [near for near in then.near if not _is_named(near, then)][:NEAREST]
    if not shown:
        yield "" if then.moments else "No rule was near to holding."
        return
    for near in shown:
        yield ""
        yield from wrap(_heading(near, several=len(then.in_use) > 1), width, subsequent_indent="  ")
        found = say_parts(near.parts)
        for holds, words, stood in found:
            mark = _MARKS[holds]
            tail = "" if holds and words.startswith("category ") else f": {stood}"
            yield from wrap(f"{mark:<9} {words}{tail}", width, initial_indent="  ", subsequent_indent=" " * 12)


def plain(then: Then, clock: Callable[[datetime], str]) -> dict[str, Any]:
    """Return the same for JSON."""
    return {
        "at": then.at.isoformat(),
        "nothing": then.nothing,
        "in_use": [{"device": device, "category": category} for device, category in then.in_use],
        "moments": list(_of_moments(then, clock)),
        "near": [
            {
                "rule": near.rule.code,
                "name": near.rule.name,
                "device": near.device,
                "holds": near.holds,
                "said": _heading(near, several=len(then.in_use) > 1),
                "parts": [
                    {"part": words, "holds": holds, "stood": stood} for holds, words, stood in say_parts(near.parts)
                ],
            }
            for near in then.near
        ],
    }


def _near(looks: Sequence[Look], rules: Sequence[Rule]) -> list[Near]:
    found = []
    for look in looks:
        for rule in rules:
            categories = rule.condition.categories
            if categories is not None and look.category not in categories:
                continue
            since = look.watch.remembers(rule.code)
            lasted = [None if each is None else look.features.at - each for each in since]
            joint = parts(rule.condition.text, look.features.get, [each or timedelta(0) for each in lasted])
            if joint.holds or joint.far < _too_far(joint):
                found.append(Near(rule=rule, device=look.device, parts=joint, holds=bool(joint.holds)))
    return sorted(found, key=lambda near: (near.parts.far, near.rule.code, near.device))


def _too_far(joint: Joint) -> float:
    # As many parts missing altogether as there are parts: that is not near.
    return float(max(1, len(joint.parts) - 1))


def _is_named(near: Near, then: Then) -> bool:
    return any(moment.rule == near.rule.code and moment.device == near.device for moment in then.moments)


def _of_moments(then: Then, clock: Callable[[datetime], str]) -> Iterator[str]:
    for moment in then.moments:
        policy = say_policy(moment.decided, moment.reason, clock(moment.decided_at))
        yield f"{moment.rule} had begun to hold at {clock(moment.began)}. {policy}"


def _heading(near: Near, *, several: bool) -> str:
    found = say_parts(near.parts)
    where = f" ({near.device})" if several else ""
    if near.holds:
        return f"{near.rule.code}{where} {near.rule.name}: every part held, but it had held before, and not begun anew."
    held = sum(1 for holds, _, _ in found if holds)
    return f"{near.rule.code}{where} {near.rule.name}: {held} of {len(found)} parts held."
