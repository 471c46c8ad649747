"""The one line at the end of partner time that says how it went, the good number first."""

from datetime import UTC, timedelta

from detector.core.effects import NotifyEnd
from detector.notifier import NotifierSettings
from detector.notifier.model import NotificationText
from detector.notifier.texts import end_text
from detector.store.store import Store


def summary_line(store: Store, event: NotifyEnd, settings: NotifierSettings) -> NotificationText | None:
    """Return the line about the occurrence that ended, or None where it was deleted meanwhile.

    Raises:
        StoreError: if the store cannot be read.
    """
    from detector.report.summarise import summarise  # noqa: PLC0415 - 1 MB, and the line is off by default

    ended = [each for each in store.history.occurrences() if each.id == event.occurrence]
    if not ended:
        return None
    # Uses, moments and coverage are read by the start of their occurrence; in this microsecond only one starts.
    since = ended[0].began
    until = since + timedelta(microseconds=1)
    summary = summarise(
        ended,
        store.history.uses(since, until),
        store.history.moments(since, until),
        store.history.coverage(since, until),
        since=since,
        until=max(event.at, until),
        zone=UTC,
        rules={},
    )
    is_known = summary.partner_times.counted > 0
    return end_text(
        event.title,
        undisturbed=summary.share.presence if is_known else None,
        moments=summary.moments,
        started_well=bool(ended[0].started_well),
        settings=settings,
    )
