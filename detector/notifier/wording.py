"""The text of every notification, from the phrases in `wording.toml`.

Rule 1: a title has at most 12 words; there is no guilt, no praise, no exclamation mark and nobody's name in it. The
person's own sentence comes before the neutral titles, which change by the week.
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
from detector.i18n import _, ngettext
from detector.notifier.model import MAX_TITLE_WORDS, NotificationText
from detector.notifier.safe_text import one_line
from detector.notifier.settings import NotifierSettings
from rules.explain import say_need_over, say_needed
from rules.lengths import say_length

LENGTHS: Final[tuple[Answer, ...]] = ("needed_1", "needed_5", "needed_15")
ANSWERS: Final[tuple[Answer, ...]] = ("put_away", "together", "needed")
_DEFAULT_TITLE: Final = "Partner time"
"""The title of a partner time to which the person gave none. It is stored, so it is not translated."""
_DEFAULTS: Final = NotifierSettings()
_MIN_NAMED_LENGTH: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What stands in `wording.toml`, in the person's language: titles by rule code, and phrases that are always the same."""

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
def phrases() -> Phrases:
    """Return the phrases, read and translated once."""
    read = tomllib.loads(files("detector.notifier").joinpath("wording.toml").read_text(encoding="utf-8"))
    needed, greeting, ending = read["needed"], read["greeting"], read["ending"]
    return Phrases(
        titles={code: tuple(_(variant) for variant in variants) for code, variants in read["titles"].items()},
        fallback=_(read["fallback"]["title"]),
        answers=tuple((answer, _(cast("str", read["answers"][answer]))) for answer in ANSWERS),
        how_long=_(needed["how_long"]),
        lengths=tuple((length, _(cast("str", needed[length]))) for length in LENGTHS),
        over=_(needed["over"]),
        greeting=_(greeting["title"]),
        thought=_(greeting["thought"]),
        unsensed=_(greeting["unsensed"]),
        quiet_week=_(greeting["quiet_week"]),
        quiet_week_over=_(greeting["quiet_week_over"]),
        goes_on=_(greeting["goes_on"]),
        pause_over=_(greeting["pause_over"]),
        heads_up=_(read["heads_up"]["title"]),
        heads_up_line=_(read["heads_up"]["line"]),
        ending=_(ending["title"]),
        ending_plain=_(ending["plain"]),
        ending_unknown=_(ending["unknown"]),
        started_well=_(ending["started_well"]),
    )


def nudge_text(moment: Moment, *, rule_name: str, why: str, settings: NotifierSettings, week: int) -> NotificationText:
    """Return the text of this moment's nudge.

    `rule_name`: the title for a rule that `wording.toml` does not name. `why`: the why-line, one sentence.
    `week`: a number that grows by one each week; it chooses the variant.
    """
    known = phrases()
    variants = known.titles.get(moment.rule, ())
    title = settings.sentence or (variants[week % len(variants)] if variants else rule_name)
    return NotificationText(
        title=_shorten_title(title) or known.fallback, body=why, answers=known.answers, expires=settings.expires
    )


def how_long_text(moment: Moment, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the question that follows on "I need this"; not answering it is allowed."""
    known = phrases()
    return NotificationText(
        title=known.how_long,
        body=say_needed(moment.category, moment.device),
        answers=known.lengths,
        expires=settings.expires,
    )


def need_over_text(moment: Moment, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the text for the end of the time for which something was needed."""
    body = say_need_over(moment.category, moment.device, moment.answer)
    return NotificationText(title=phrases().over, body=body, expires=settings.expires)


def start_text(
    title: str, ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS, note: str = "", suggestion: str = ""
) -> NotificationText:
    """Return the text for the start of partner time. `ends_local_text`: its end as the person reads it.

    `note` takes the place of the thought this time. So does `suggestion`, one of the person's own, which is switched off
    together with the thought.
    """
    known = phrases()
    own = one_line(title).rstrip(".")
    parts = [
        f"{own}." if own and own.casefold() != _DEFAULT_TITLE.casefold() else "",
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
    """Return the text for partner time that is about to begin; `sentence`: the person's own title in place of ours.

    `begins_local_text`: its start as the person reads it; it is always in the text.
    """
    known = phrases()
    # The name is cut to what the sentence around it leaves of twelve words, so that the time is never cut off.
    begins = known.heads_up.format(title="", begins=begins_local_text).split()
    name = one_line(title).rstrip(".").split()[: MAX_TITLE_WORDS - len(begins)] or [_DEFAULT_TITLE]
    announcement = known.heads_up.format(title=" ".join(name), begins=begins_local_text)
    own = _shorten_title(sentence)
    return NotificationText(
        title=own or announcement, body=f"{announcement}." if own else known.heads_up_line, expires=settings.expires
    )


def end_text(
    title: str,
    *,
    undisturbed: timedelta | None,
    moments: int,
    started_well: bool = False,
    settings: NotifierSettings = _DEFAULTS,
) -> NotificationText:
    """Return the text for the end of partner time. `undisturbed`: how long no screen took the person away.

    `undisturbed` None: too little of it is known for any number.
    """
    known = phrases()
    noticed = ngettext("{count} moment was noticed.", "{count} moments were noticed.", moments).format(count=moments)
    long_enough = None if undisturbed is None or undisturbed < _MIN_NAMED_LENGTH else say_length(undisturbed)
    parts = [
        _sentence(title),
        known.started_well if started_well else "",
        known.ending_unknown if undisturbed is None else noticed if moments else _("No moment was noticed."),
    ]
    return NotificationText(
        title=known.ending.format(length=long_enough) if long_enough else known.ending_plain,
        body=" ".join(part for part in parts if part),
        expires=settings.expires,
    )


def quiet_week_note(evening: int, evenings: int) -> str:
    """Return the note that this is the n-th evening of the quiet week, n being `evening`, of `evenings` in all."""
    return phrases().quiet_week.format(evening=evening, evenings=evenings)


def quiet_week_over_note() -> str:
    """Return the note that the quiet week has ended, and what comes of it."""
    return phrases().quiet_week_over


def nothing_sensed_text(ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the text for the start of partner time where nothing can be sensed."""
    known = phrases()
    return NotificationText(
        title=known.greeting.format(ends=ends_local_text), body=known.unsensed, expires=settings.expires
    )


def resumed_text(ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the text for a pause that ended by itself during partner time."""
    known = phrases()
    return NotificationText(
        title=known.goes_on.format(ends=ends_local_text), body=known.pause_over, expires=settings.expires
    )


def _sentence(text: str) -> str:
    line = one_line(text)
    return line if not line or line[-1] in ".?…" else f"{line}."


def _shorten_title(title: str) -> str:
    words = one_line(title).split(" ")
    return " ".join(words) if len(words) <= MAX_TITLE_WORDS else " ".join(words[:MAX_TITLE_WORDS]) + "…"
