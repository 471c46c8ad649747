"""The texts that a person sees, in the person's language where there is a translation; and times and dates as they write them.

Invariant 1: the English text in the code is the key; `make texts` collects these texts in `detector/locale/turntoward.pot`.
Invariant 2: without a translation for the person's language the English text is shown.
Invariant 3: the clock, the order of dates and the first day of the week are those of LC_TIME, whatever the language of the
    texts; in the locale C, and in one that is not installed, the clock has 24 hours, the day precedes the month, and the week begins on Monday.
"""

import gettext
from datetime import datetime, time
from functools import cache
from typing import Final, NamedTuple

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


class DateConventions(NamedTuple):
    """How a locale writes times and dates; `first_weekday` counts from Monday, 0."""

    has_12_hours: bool = False
    is_month_first: bool = False
    first_weekday: int = 0


# Where the week begins on another day than Monday, by CLDR 47: a locale of the C library knows it, but Python cannot ask for it.
_FIRST_WEEKDAYS: Final = {
    6: "AG AO AS BD BR BS BT BW BZ CA CO CV DM DO ET GQ GT GU GW HK HN ID IL IN IS JM JP KE KH KR LA MH MM MO MT MX MZ NI NP"
    " PA PE PH PK PR PT PY SA SG ST SV TH TL TT TW UM US VE VI WS YE ZA ZW",
    5: "AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY",
    4: "MV",
}


@cache
def date_conventions() -> DateConventions:
    """Return the conventions of the person's locale, LC_TIME."""
    # Imported when a time is written: `--help` writes none.
    import locale  # noqa: PLC0415 - as above

    before = locale.setlocale(locale.LC_TIME)
    try:
        name = locale.setlocale(locale.LC_TIME, "")
        clock, dates = locale.nl_langinfo(locale.T_FMT), locale.nl_langinfo(locale.D_FMT)
    except (locale.Error, AttributeError):
        return DateConventions()
    finally:
        # Left as it was: Python's own `%a` stays English, as log lines want it.
        locale.setlocale(locale.LC_TIME, before)
    territory = name.partition(".")[0].partition("@")[0].partition("_")[2]
    if not territory:
        return DateConventions()
    month, day = dates.find("%m"), dates.find("%d")
    return DateConventions(
        has_12_hours=any(mark in clock for mark in ("%r", "%I", "%l", "%p")),
        is_month_first=dates == "%D" or (0 <= month < day and dates.startswith("%m")),
        first_weekday=next((day for day, names in _FIRST_WEEKDAYS.items() if territory in names.split()), 0),
    )


def format_clock(at: datetime | time, *, seconds: bool = False) -> str:
    """Return the time of day as the person's clock shows it: "18:30", "6:30 pm"; with seconds "18:30:05"."""
    minutes = f"{at:%M:%S}" if seconds else f"{at:%M}"
    if not date_conventions().has_12_hours:
        return f"{at:%H}:{minutes}"
    return f"{at.hour % 12 or 12}:{minutes} {'am' if at.hour < 12 else 'pm'}"
