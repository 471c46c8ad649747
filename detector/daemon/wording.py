"""The texts of a session's notifications, with times in the person's zone and format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from detector.config.settings import Settings
from detector.core.effects import Moment, NotifyEnd, NotifyStart
from detector.i18n import _, format_clock
from detector.notifier import NotifierSettings, texts
from detector.notifier.model import NotificationText
from detector.partner_time.day_names import WEEKDAYS
from detector.partner_time.reminders import suggestion_of
from detector.partner_time.settings import MAX_LATENESS
from detector.store.quiet_week import EVENINGS
from rules.explain import format_evidence, why_line
from rules.model import Rule

if TYPE_CHECKING:
    from detector.store.store import Store


class Wording:
    """Chooses the text of each notification of the session that began at `began`.

    `rules`: the session's rules by their codes. `quiet_evening`: the number of this session in the quiet week, from 1; None
    outside of it. `quiet_week_over`: the quiet week ended with the session before.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        began: datetime,
        rules: Mapping[str, Rule],
        quiet_evening: int | None = None,
        quiet_week_over: bool = False,
    ) -> None:
        self._settings = settings
        self._began = local_time(began)
        self._rules = rules
        self._quiet_evening = quiet_evening
        self._quiet_week_over = quiet_week_over

    def nudge(self, moment: Moment) -> NotificationText:
        settings = self._settings.notifications
        name = moment.name if settings.show_names else None
        rule = self._rules.get(moment.rule)
        own = format_evidence(rule.because_parts, dict(moment.evidence), moment.device) if rule else None
        return texts.nudge_text(
            moment,
            rule_name=rule.name if rule else moment.rule,
            why=own
            or why_line(moment.category, name, moment.evidence, moment.repeat, self._began, device=moment.device),
            settings=settings,
            week=moment.began.toordinal() // 7,
        )

    def how_long(self, moment: Moment) -> NotificationText:
        return texts.how_long_text(moment, settings=self._settings.notifications)

    def need_over(self, moment: Moment) -> NotificationText:
        return texts.need_over_text(moment, settings=self._settings.notifications)

    def start(self, event: NotifyStart) -> NotificationText:
        note = ""
        if self._quiet_evening is not None:
            note = texts.quiet_week_note(self._quiet_evening, EVENINGS)
        elif self._quiet_week_over:
            note = texts.phrase("greeting", "quiet_week_over")
        return texts.start_text(
            event.title,
            local_end(event.ends, event.at),
            settings=self._settings.notifications,
            note=note,
            suggestion=suggestion_of(event.at.astimezone().date(), self._settings.rituals.suggestions),
        )

    def end(self, event: NotifyEnd, store: Store, now: datetime) -> NotificationText | None:
        """Return the summary of the partner time, or None if it is switched off or too late."""
        # Late means that the device has just woken up, when nothing is shown; the quiet week shows no results.
        if not self._settings.rituals.ending or self._quiet_evening is not None or now - event.at > MAX_LATENESS:
            return None
        return _summary_line(store, event, self._settings.notifications)

    def resumed(self, ends: datetime, now: datetime) -> NotificationText:
        return texts.resumed_text(local_end(ends, now), settings=self._settings.notifications)

    def nothing_sensed(self, ends: datetime, now: datetime) -> NotificationText:
        return texts.nothing_sensed_text(local_end(ends, now), settings=self._settings.notifications)


def local_end(ends: datetime, now: datetime) -> str:
    """Return the end as the person reads it, with its day where that is not the day of `now`."""
    local = ends.astimezone()
    if local.date() == now.astimezone().date():
        return local_time(ends)
    return _("{day}, {time}").format(day=WEEKDAYS[local.weekday()], time=local_time(ends))


def local_time(at: datetime) -> str:
    return format_clock(at.astimezone())


def _summary_line(store: Store, event: NotifyEnd, settings: NotifierSettings) -> NotificationText | None:
    from detector.report.summarise import summarise  # noqa: PLC0415 - 1 MB, and the line is off by default

    ended = [occurrence for occurrence in store.history.occurrences() if occurrence.id == event.occurrence]
    # It may have been deleted meanwhile.
    if not ended:
        return None
    # Uses, moments and coverage are selected by the start of their occurrence.
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
    return texts.end_text(
        event.title,
        undisturbed=summary.share.presence if is_known else None,
        moments=summary.moments,
        started_well=bool(ended[0].started_well),
        settings=settings,
    )
