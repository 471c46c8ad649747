"""Find the words of a nudge: the person's own sentence first, else a neutral title that changes by the week.

Rule 1: a title has at most 12 words; there is no guilt, no praise, no exclamation mark and nobody's name in it.
Rule 2: the three answers of a nudge are always the same, in the same order, and the first one is the offer to stop.
Rule 3: the why-line comes from `rules.explain`; nothing is added to it here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final, cast

from detector.core.effects import Moment
from detector.core.observations import Answer
from detector.notifier.model import TITLE_WORDS, NotificationText
from detector.notifier.plain import one_line
from detector.notifier.settings import NotifierSettings
from rules.explain import needed_over, needing
from rules.lengths import say_length

LENGTHS: Final[tuple[Answer, ...]] = ("needed_1", "needed_5", "needed_15")
ANSWERS: Final[tuple[Answer, ...]] = ("put_away", "together", "needed")
_PLAIN_TITLE: Final = "Partner time"
_DEFAULTS: Final = NotifierSettings()
_SHORTEST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What stands in `wording.toml`: titles by rule code, and the words that are always the same."""

    titles: dict[str, tuple[str, ...]]
    fallback: str
    answers: tuple[tuple[Answer, str], ...]
    how_long: str
    lengths: tuple[tuple[Answer, str], ...]
    over: str
    greeting: str
    thought: str
    unsensed: str
    quiet_week: str
    quiet_week_over: str
    goes_on: str
    pause_over: str
    heads_up: str
    heads_up_line: str
    ending: str
    ending_plain: str
    ending_unknown: str
    started_well: str


@cache
def wording() -> Wording:
    """Return the wording, read once."""
    read = tomllib.loads(files("detector.notifier").joinpath("wording.toml").read_text(encoding="utf-8"))
    return Wording(
        titles={code: tuple(variants) for code, variants in read["titles"].items()},
        fallback=read["fallback"]["title"],
        answers=tuple((answer, cast("str", read["answers"][answer])) for answer in ANSWERS),
        how_long=read["needed"]["how_long"],
        lengths=tuple((length, cast("str", read["needed"][length])) for length in LENGTHS),
        over=read["needed"]["over"],
        greeting=read["greeting"]["title"],
        thought=read["greeting"]["thought"],
        unsensed=read["greeting"]["unsensed"],
        quiet_week=read["greeting"]["quiet_week"],
        quiet_week_over=read["greeting"]["quiet_week_over"],
        goes_on=read["greeting"]["goes_on"],
        pause_over=read["greeting"]["pause_over"],
        heads_up=read["heads_up"]["title"],
        heads_up_line=read["heads_up"]["line"],
        ending=read["ending"]["title"],
        ending_plain=read["ending"]["plain"],
        ending_unknown=read["ending"]["unknown"],
        started_well=read["ending"]["started_well"],
    )


def nudge_text(moment: Moment, *, rule_name: str, why: str, settings: NotifierSettings, week: int) -> NotificationText:
    """Return the words of this moment's nudge.

    `rule_name`: the title for a rule that the built-in wording does not know. `why`: the why-line, one sentence.
    `week`: a number that grows by one each week; it chooses the variant.
    """
    known = wording()
    variants = known.titles.get(moment.rule, ())
    title = settings.sentence or (variants[week % len(variants)] if variants else rule_name)
    return NotificationText(
        title=_at_most(title) or known.fallback, body=why, answers=known.answers, expires=settings.expires
    )


def how_long_text(moment: Moment, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the question that follows on "I need this"; to leave it alone is an answer, too."""
    known = wording()
    return NotificationText(
        title=known.how_long,
        body=needing(moment.category, moment.device),
        answers=known.lengths,
        expires=settings.expires,
    )


def need_over_text(moment: Moment, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the one line that says that the time is over for which something was needed."""
    body = needed_over(moment.category, moment.device, moment.answer)
    return NotificationText(title=wording().over, body=body, expires=settings.expires)


def start_text(
    title: str, ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS, note: str = "", suggestion: str = ""
) -> NotificationText:
    """Return the words that say, once, that partner time has begun. `ends_local_text`: its end as the person reads it.

    `note`: what there is to say this time, in place of the thought; so is `suggestion`, one of the person's own, which is
    switched off together with the thought.
    """
    known = wording()
    own = one_line(title).rstrip(".")
    parts = [
        f"{own}." if own and own.casefold() != _PLAIN_TITLE.casefold() else "",
        note or ((_sentence(suggestion) or known.thought) if settings.greeting else ""),
    ]
    return NotificationText(
        title=known.greeting.format(ends=ends_local_text),
        body=" ".join(part for part in parts if part),
        expires=settings.expires,
    )


def heads_up_text(
    title: str, begins_local_text: str, *, sentence: str = "", settings: NotifierSettings = _DEFAULTS
) -> NotificationText:
    """Return the words that say, once, that partner time is about to begin; `sentence`: the person's own, in their place.

    `begins_local_text`: its beginning as the person reads it; it is said in any case.
    """
    known = wording()
    begins = known.heads_up.format(title="", begins=begins_local_text).split()
    name = one_line(title).rstrip(".").split()[: TITLE_WORDS - len(begins)] or [_PLAIN_TITLE]
    said = known.heads_up.format(title=" ".join(name), begins=begins_local_text)
    own = _at_most(sentence)
    return NotificationText(
        title=own or said, body=f"{said}." if own else known.heads_up_line, expires=settings.expires
    )


def end_text(
    title: str,
    *,
    undisturbed: timedelta | None,
    moments: int,
    started_well: bool = False,
    settings: NotifierSettings = _DEFAULTS,
) -> NotificationText:
    """Return the one line that says how partner time went. `undisturbed`: how long no screen took the person away.

    `undisturbed` None: too little of it is known for any number to be said.
    """
    known = wording()
    noticed = (
        "No moment was noticed." if not moments else f"{moments} moment{'s were' if moments > 1 else ' was'} noticed."
    )
    long_enough = None if undisturbed is None or undisturbed < _SHORTEST else say_length(undisturbed)
    parts = [
        _sentence(title),
        known.started_well if started_well else "",
        known.ending_unknown if undisturbed is None else noticed,
    ]
    return NotificationText(
        title=known.ending.format(length=long_enough) if long_enough else known.ending_plain,
        body=" ".join(part for part in parts if part),
        expires=settings.expires,
    )


def quiet_week_note(evening: int, evenings: int) -> str:
    """Return the note that it is the how-manyeth evening of the quiet week, of so many."""
    return wording().quiet_week.format(evening=evening, evenings=evenings)


def quiet_week_over_note() -> str:
    """Return the note that the quiet week has ended, and what comes of it."""
    return wording().quiet_week_over


def nothing_sensed_text(ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the words that take the greeting's place where nothing can be sensed."""
    known = wording()
    return NotificationText(
        title=known.greeting.format(ends=ends_local_text), body=known.unsensed, expires=settings.expires
    )


def resumed_text(ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the words that say that a pause ended by itself while partner time is under way."""
    known = wording()
    return NotificationText(
        title=known.goes_on.format(ends=ends_local_text), body=known.pause_over, expires=settings.expires
    )


def _sentence(text: str) -> str:
    line = one_line(text)
    return line if not line or line[-1] in ".?…" else f"{line}."


def _at_most(title: str) -> str:
    words = one_line(title).split(" ")
    return " ".join(words) if len(words) <= TITLE_WORDS else " ".join(words[:TITLE_WORDS]) + "…"
