"""One line at the end of partner time, where the person chose to hear it: how it went, the good number first.

Rule 1: what is noticed late is not said: nothing fires the moment the machine wakes.
Rule 2: in the quiet week nothing is said of what is found, so nothing is said at the end, either.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

from detector.clock import Clock
from detector.config.settings import Settings
from detector.core.effects import NotifyEnd
from detector.notifier.model import NotificationText
from detector.notifier.wording import end_text
from detector.partner_time.settings import LATE
from detector.store.store import Store


def farewell_from(
    store: Store, clock: Clock, settings: Settings, *, quiet: bool = False
) -> Callable[[NotifyEnd], NotificationText | None]:
    """Return what turns an end into the words that say how it went; None where nothing is to be said."""

    def words(over: NotifyEnd) -> NotificationText | None:
        if not settings.rituals.ending or quiet or clock.now() - over.at > LATE:
            return None
        return _how_it_went(store, over, settings)

    return words


def _how_it_went(store: Store, over: NotifyEnd, settings: Settings) -> NotificationText | None:
    from detector.report.summarise import summarise  # noqa: PLC0415 - where the person chose to hear of it

    kept = [each for each in store.history.occurrences() if each.id == over.occurrence]
    if not kept:
        return None  # forgotten meanwhile
    since = kept[0].began
    until = since + timedelta(microseconds=1)
    summary = summarise(
        kept,
        store.history.uses(since, until),
        store.history.moments(since, until),
        store.history.coverage(since, until),
        since=since,
        until=max(over.at, until),
        zone=UTC,
        rules={},
    )
    is_known = summary.partner_times.counted > 0
    return end_text(
        over.title,
        undisturbed=summary.share.presence if is_known else None,
        moments=summary.moments,
        started_well=bool(kept[0].started_well),
        settings=settings.notifications,
    )
