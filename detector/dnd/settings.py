"""What a person may set about the desktop's Do Not Disturb."""

from dataclasses import dataclass

from detector.i18n import _
from rules.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class DndSettings:
    """When Do Not Disturb is switched on, and what may still be heard."""

    always: bool = option(
        False, _("Whether the desktop keeps quiet in every partner time, not only in those declared with --quiet.")
    )
    ringing: tuple[str, ...] = option(
        (), _("The apps that may still be heard, by their desktop ids, such as org.signal.Signal.")
    )
    even_without_nudges: bool = option(
        False, _("Whether it keeps quiet even where nudges cannot get through; they are kept then, unsaid.")
    )
