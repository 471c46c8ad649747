"""The text of every notification, from the phrases in `wording.toml`.

Invariant 1: a title has at most 12 words; there is no guilt, no praise, no exclamation mark and nobody's name in it. The
person's own sentence comes before the neutral titles, which change by the week.
Invariant 2: the three answers of a nudge are always the same, in the same order, and the first one is the offer to stop.
Invariant 3: the why-line comes from `rules.explain`; nothing is added to it here.
"""

import tomllib
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from detector.core.effects import Moment
from detector.core.observations import Answer
from detector.i18n import _, ngettext
from detector.notifier import NotifierSettings
from detector.notifier.model import MAX_TITLE_WORDS, NotificationText
from detector.notifier.safe_text import one_line
from detector.partner_time.model import DEFAULT_TITLE
from rules.explain import format_need_over, format_needed
from rules.lengths import format_length

LENGTHS: Final[tuple[Answer, ...]] = ("needed_1", "needed_5", "needed_15")
ANSWERS: Final[tuple[Answer, ...]] = ("put_away", "together", "needed")
_DEFAULTS: Final = NotifierSettings()
_MIN_NAMED_LENGTH: Final = timedelta(minutes=1)


@cache
def wording_tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("detector.notifier").joinpath("wording.toml").read_text(encoding="utf-8"))


def phrase(table: str, key: str) -> str:
    return _(cast("str", wording_tables()[table][key]))


def titles() -> dict[str, tuple[str, ...]]:
    return {code: tuple(variants) for code, variants in wording_tables()["titles"].items()}


def _text(settings: NotifierSettings, title: str, *parts: str, answers: str = "") -> NotificationText:
    """Return a notification of this title, with the parts that are not empty as its body; `answers`: a table of them."""
    keys = {"answers": ANSWERS, "needed": LENGTHS}.get(answers, ())
    how = {
        "answers": _("In a terminal: turntoward answer away, both or need."),
        "needed": _("In a terminal: turntoward answer need --for 5min."),
    }
    return NotificationText(
        title=title,
        body=" ".join(part for part in parts if part),
        answers=tuple((answer, phrase(answers, answer)) for answer in keys),
        how_to_answer=how.get(answers, ""),
        expires=settings.expires,
    )


def nudge_text(moment: Moment, *, rule_name: str, why: str, settings: NotifierSettings, week: int) -> NotificationText:
    """Return the text of this moment's nudge.

    `rule_name`: the title for a rule that `wording.toml` does not name. `why`: the why-line, one sentence.
    `week`: a number that grows by one each week; it chooses the variant.
    """
    # By the week, not by chance: the title stays the same for a while, and a test can tell which it is.
    variants = titles().get(moment.rule, ())
    title = settings.sentence or (_(variants[week % len(variants)]) if variants else rule_name)
    return _text(settings, _shorten_title(title) or phrase("fallback", "title"), why, answers="answers")


def how_long_text(moment: Moment, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    """Return the question that follows on "I need this"; not answering it is allowed."""
    return _text(
        settings, phrase("needed", "how_long"), format_needed(moment.category, moment.device), answers="needed"
    )


def need_over_text(moment: Moment, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    return _text(settings, phrase("needed", "over"), format_need_over(moment.category, moment.device, moment.answer))


def start_text(
    title: str, ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS, note: str = "", suggestion: str = ""
) -> NotificationText:
    """Return the text for the start of partner time. `ends_local_text`: its end as the person reads it.

    `note` takes the place of the thought this time. So does `suggestion`, one of the person's own, which is switched off
    together with the thought.
    """
    own = one_line(title).rstrip(".")
    # The default title says nothing that the notification's own title does not say.
    named = f"{own}." if own and own.casefold() != DEFAULT_TITLE.casefold() else ""
    thought = (_sentence(suggestion) or phrase("greeting", "thought")) if settings.greeting else ""
    return _text(settings, phrase("greeting", "title").format(ends=ends_local_text), named, note or thought)


def heads_up_text(
    title: str, begins_local_text: str, *, sentence: str = "", settings: NotifierSettings = _DEFAULTS
) -> NotificationText:
    """Return the text for partner time that is about to begin; `sentence`: the person's own title in place of ours.

    `begins_local_text`: its start as the person reads it; it is always in the text.
    """
    # The name is cut to what the sentence around it leaves of twelve words, so that the time is never cut off.
    begins = phrase("heads_up", "title").format(title="", begins=begins_local_text).split()
    name = one_line(title).rstrip(".").split()[: MAX_TITLE_WORDS - len(begins)] or [DEFAULT_TITLE]
    announcement = phrase("heads_up", "title").format(title=" ".join(name), begins=begins_local_text)
    own = _shorten_title(sentence)
    return _text(settings, own or announcement, f"{announcement}." if own else phrase("heads_up", "line"))


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
    noticed = ngettext("{count} moment was noticed.", "{count} moments were noticed.", moments).format(count=moments)
    if undisturbed is None:
        noticed = phrase("ending", "unknown")
    elif not moments:
        noticed = _("No moment was noticed.")
    length = format_length(undisturbed) if undisturbed and undisturbed >= _MIN_NAMED_LENGTH else None
    heading = phrase("ending", "title").format(length=length) if length else phrase("ending", "plain")
    good_start = phrase("ending", "started_well") if started_well else ""
    return _text(settings, heading, _sentence(title), good_start, noticed)


def quiet_week_note(evening: int, evenings: int) -> str:
    """Return the note that this is the n-th evening of the quiet week, n being `evening`, of `evenings` in all."""
    return phrase("greeting", "quiet_week").format(evening=evening, evenings=evenings)


def nothing_sensed_text(ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    return _text(settings, phrase("greeting", "title").format(ends=ends_local_text), phrase("greeting", "unsensed"))


def resumed_text(ends_local_text: str, *, settings: NotifierSettings = _DEFAULTS) -> NotificationText:
    return _text(settings, phrase("greeting", "goes_on").format(ends=ends_local_text), phrase("greeting", "pause_over"))


def _sentence(text: str) -> str:
    line = one_line(text)
    return line if not line or line[-1] in ".?…" else f"{line}."


def _shorten_title(title: str) -> str:
    words = one_line(title).split(" ")
    return " ".join(words) if len(words) <= MAX_TITLE_WORDS else " ".join(words[:MAX_TITLE_WORDS]) + "…"
