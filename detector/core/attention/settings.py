"""The settings about attention; `detector.config` checks the limits."""

from dataclasses import dataclass
from datetime import timedelta

from detector.i18n import _
from rules.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionSettings:
    """When a use is a glance, and when a device counts as left.

    The length of a glance is from Oulasvirta et al. 2012 and Heitmayer & Lahlou 2021. `idle_after` has the same length, so
    that a glance that ended never counts as dwelling: docs/dev/decisions/idle-after-30-seconds.md.
    """

    glance: timedelta = option(
        timedelta(seconds=30),
        _("A use shorter than this is a glance."),
        minimum=timedelta(seconds=5),
        maximum=timedelta(minutes=2),
    )
    idle_after: timedelta = option(
        timedelta(seconds=30),
        _("Time without input after which the device counts as left, since the last input."),
        minimum=timedelta(seconds=5),
        maximum=timedelta(minutes=10),
    )
    fleeting: timedelta = option(
        timedelta(seconds=2),
        _("A use shorter than this does not count: it was only passed on the way to another one."),
        maximum=timedelta(seconds=5),
    )
