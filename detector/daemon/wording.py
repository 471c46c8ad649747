"""The text of a session's notifications, in the words and by the clock of the person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from detector.config.settings import Settings
from detector.core.effects import Moment, NotifyEnd, NotifyStart
from detector.daemon.summary_line import summary_line
from detector.notifier.model import NotificationText
from detector.notifier.texts import (
    how_long_text,
    need_over_text,
    nothing_sensed_text,
    nudge_text,
    phrase,
    quiet_week_note,
    resumed_text,
    start_text,
)
from detector.partner_time.reminders import suggestion_of
from detector.partner_time.settings import LATE
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
        """Return the text of the moment's nudge."""
        settings = self._settings.notifications
        name = moment.name if settings.show_names else None
        rule = self._rules.get(moment.rule)
        own = format_evidence(rule.because_parts, dict(moment.evidence), moment.device) if rule else None
        return nudge_text(
            moment,
            rule_name=rule.name if rule else moment.rule,
            why=own
            or why_line(moment.category, name, moment.evidence, moment.repeat, self._began, device=moment.device),
            settings=settings,
            week=moment.began.toordinal() // 7,
        )

    def how_long(self, moment: Moment) -> NotificationText:
        """Return the question for how long the activity is needed."""
        return how_long_text(moment, settings=self._settings.notifications)

    def need_over(self, moment: Moment) -> NotificationText:
        """Return the line that says that the time for which the activity was needed is over."""
        return need_over_text(moment, settings=self._settings.notifications)

    def start(self, event: NotifyStart) -> NotificationText:
        """Return the line that says that partner time began."""
        note = ""
        if self._quiet_evening is not None:
            note = quiet_week_note(self._quiet_evening, EVENINGS)
        elif self._quiet_week_over:
            note = phrase("greeting", "quiet_week_over")
        return start_text(
            event.title,
            local_time(event.ends),
            settings=self._settings.notifications,
            note=note,
            suggestion=suggestion_of(event.at.astimezone().date(), self._settings.rituals.suggestions),
        )

    def end(self, event: NotifyEnd, store: Store, now: datetime) -> NotificationText | None:
        """Return the line that says how it went, or None where nothing is to be said.

        Nothing is said when the end is noticed late, for nothing may fire the moment the machine wakes; nor in the quiet
        week, in which nothing is said of what was found.

        Raises:
            StoreError: if the store cannot be read.
        """
        if not self._settings.rituals.ending or self._quiet_evening is not None or now - event.at > LATE:
            return None
        return summary_line(store, event, self._settings.notifications)

    def resumed(self, ends: datetime) -> NotificationText:
        """Return the line that says that a pause is over."""
        return resumed_text(local_time(ends), settings=self._settings.notifications)

    def nothing_sensed(self, ends: datetime) -> NotificationText:
        """Return the line that says that nothing can be noticed here."""
        return nothing_sensed_text(local_time(ends), settings=self._settings.notifications)


def local_time(at: datetime) -> str:
    """Return the instant as the person's clock shows it, `18:30`."""
    return f"{at.astimezone():%H:%M}"
