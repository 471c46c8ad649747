"""Write what was understood of a partner time before it is kept: the sentence, the next times, what it overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from detector.cli.output import say
from detector.cli.plan.context import PlanContext
from detector.i18n import _
from detector.partner_time.describe import say_partner_time
from detector.partner_time.model import PartnerTime
from detector.partner_time.overlaps import overlaps

MAX_SHOWN: Final = 3
MARGIN: Final = "     "


def write_preview(wanted: PartnerTime, known: PlanContext, *, with_overlaps: bool = True) -> None:
    """Write the partner time in a full sentence, its next three times, and what it overlaps."""
    say(f"{say_partner_time(wanted, known.now, known.zone)}.")
    if wanted.recurrence is not None:
        next_times = list(islice(known.following(wanted), MAX_SHOWN))
        for occurrence in next_times:
            say(known.describe(occurrence), first=MARGIN, later=MARGIN)
        if len(next_times) < MAX_SHOWN and any(name in wanted.recurrence for name in ("UNTIL=", "COUNT=")):
            say(_("and that is all") if next_times else _("it does not come again"), first=MARGIN, later=MARGIN)
    if wanted.quiet:
        say(_("The desktop is to keep quiet in it."))
    for sentence in _overlap_sentences(wanted, known) if with_overlaps else ():
        say(sentence)


def _overlap_sentences(wanted: PartnerTime, known: PlanContext) -> Iterator[str]:
    found = overlaps(replace(wanted, number=wanted.number or 0), known.schedule, known.now)
    for overlap in found[:MAX_SHOWN]:
        if overlap.count > 1:
            text = _("It overlaps {title} (number {number}), first {when}.")
        else:
            text = _("It overlaps {title} (number {number}), {when}.")
        yield text.format(title=overlap.other.title, number=overlap.other.number, when=known.describe(overlap.first))
    if len(found) > MAX_SHOWN:
        yield _("It overlaps {count} more.").format(count=len(found) - MAX_SHOWN)
    if found:
        yield _("Where two overlap, the one that begins first goes on until its end, and then the other.")
