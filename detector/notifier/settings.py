"""What a person may set about notifications; `detector.config` checks the limits."""

from dataclasses import dataclass
from datetime import timedelta

from detector.i18n import _
from detector.notifier import REGISTRY
from rules.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """How a nudge looks and where it goes; where the defaults come from stands in docs/evidence.md.

    The person's own `sentence` becomes the title of every nudge. `greeting` adds a thought to the notification that
    partner time has begun; that notification itself cannot be switched off, for the program is never hidden.
    """

    sentence: str = option(
        "",
        _("A sentence of your own for nudges, at most 12 words; empty for the built-in ones."),
        max_words=12,
        max_characters=120,
    )
    show_names: bool = option(
        False, _("Whether the why-line may name the app or site, rather than only its category; needs keep_names.")
    )
    expires: timedelta = option(
        timedelta(seconds=20),
        _("How long a notification stays on the screen."),
        minimum=timedelta(seconds=5),
        maximum=timedelta(minutes=5),
    )
    greeting: bool = option(
        True, _("Whether the beginning of partner time offers a thought, or a suggestion of yours, beside saying so.")
    )
    only: tuple[str, ...] = option(
        (), _("Try only these notifiers, in this order, and not print alone; empty for all."), choices=tuple(REGISTRY)
    )
