"""The texts that a person sees, in the person's language where there is a translation.

Invariant 1: the English text in the code is the key; `make texts` collects these texts in `detector/locale/turntoward.pot`.
Invariant 2: without a translation for the person's language the English text is shown.
"""

import gettext
from typing import Final

DOMAIN: Final = "turntoward"
LOCALE_FOLDER: Final = __file__.removesuffix("i18n.py") + "locale"  # importing pathlib would cost every command 3 ms

_translations = gettext.translation(DOMAIN, LOCALE_FOLDER, fallback=True)

_ = _translations.gettext
"""Translate a text. Put values in afterwards: `_("It senses {names}.").format(names=names)`, never an f-string."""

ngettext: Final = _translations.ngettext
"""Translate a text that depends on a number: `ngettext("{count} moment", "{count} moments", n).format(count=n)`."""


def plural(one: str, several: str, count: int, **values: object) -> str:
    """Return the text for this number, translated, with the values put in; `{count}` gets thousands separators."""
    return ngettext(one, several, count).format(count=f"{count:,}", **values)
