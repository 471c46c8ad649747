"""The settings of the store; `detector.config` checks the limits."""

from dataclasses import dataclass
from datetime import timedelta

from detector.i18n import _
from rules.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """How long things are kept, and whether the catalogue's names are kept beside the categories."""

    retention: timedelta = option(
        timedelta(days=90),
        _("How long moments and observations are kept; what is older is deleted."),
        minimum=timedelta(days=1),
        maximum=timedelta(days=3650),
    )
    keep_names: bool = option(
        False, _("Whether the names of apps and sites are kept, rather than only their categories.")
    )
