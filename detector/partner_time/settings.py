"""The settings of the notifications around partner time; `detector.config` checks the limits."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from detector.i18n import _
from rules.options import option

# A notification that is later than this is dropped, so that none appears when the machine wakes up.
MAX_LATENESS: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderSettings:
    """Notifications before partner time begins, when it begins, and when it is over; numbers: docs/evidence.md."""

    heads_up: timedelta = option(
        timedelta(minutes=5),
        _("How long before its beginning partner time is announced; 0 s: never."),
        maximum=timedelta(hours=1),
    )
    heads_up_sentence: str = option(
        "",
        _("A sentence of your own for it, at most 12 words; empty for the built-in one."),
        max_words=12,
        max_characters=120,
    )
    suggestions: tuple[str, ...] = option(
        (),
        _("Suggestions, one of which is shown when partner time begins: a walk, tea, a question."),
        max_characters=120,
    )
    ending: bool = option(False, _("Whether one line says at the end how partner time went."))
