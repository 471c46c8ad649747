"""What a person may set about sensors: which other programs on this device they may ask.

Invariant 1: only programs on this device: an address that could be another device's is refused.
"""

import re
from dataclasses import dataclass
from typing import Final

from detector.i18n import _
from rules.options import option

_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})"
_LOOPBACK: Final = rf"(?:127(?:\.{_OCTET}){{3}}|localhost|\[::1\])"
_PORT: Final = r":(?P<port>\d{1,5})"
_URL: Final = re.compile(rf"http://{_LOOPBACK}(?:{_PORT})?/?", re.ASCII)
_HOST_AND_PORT: Final = re.compile(rf"{_LOOPBACK}{_PORT}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSettings:
    """The addresses of an ActivityWatch server, None where it is not asked, and of the adb server."""

    activitywatch: str | None = option(
        None,
        _(
            "A running ActivityWatch to ask where no sensor of our own can run, such as http://127.0.0.1:5600; "
            "empty: none."
        ),
    )
    adb: str = option("127.0.0.1:5037", _("The adb server that reaches a phone by cable or wireless debugging."))


def check_sources(sources: SensorSettings) -> list[tuple[str, str, str]]:
    """Return each option that cannot be used, with what is wrong with it, and what to do."""
    problems = []
    if sources.activitywatch is not None and not _is_on_this_device(_URL, sources.activitywatch):
        hint = _('Write for example "http://127.0.0.1:5600", or leave it empty.')
        problems.append(("activitywatch", _("must be an ActivityWatch on this device"), hint))
    if not _is_on_this_device(_HOST_AND_PORT, sources.adb):
        hint = _('Write for example "127.0.0.1:5037".')
        problems.append(("adb", _("must be an adb server on this device"), hint))
    return problems


def _is_on_this_device(pattern: re.Pattern[str], text: str) -> bool:
    matched = pattern.fullmatch(text)
    return matched is not None and 0 < int(matched["port"] or 1) <= 65_535
