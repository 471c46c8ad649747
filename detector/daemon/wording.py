"""What is said of a moment and of a beginning, in the words and by the clock of the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from detector.config.settings import Settings
from detector.core.effects import Moment, NotifyStart
from detector.notifier.model import NotificationText
from detector.notifier.wording import nudge_text, quiet_week_note, quiet_week_over_note, start_text
from detector.partner_time.reminders import suggestion_of
from detector.store.quiet_week import EVENINGS
from rules.explain import say_because, why_line
from rules.model import Rule


def speak_of(began: datetime, rules: Mapping[str, Rule], settings: Settings) -> Callable[[Moment], NotificationText]:
    """Return what turns a moment of the partner time that began then into a nudge's words."""
    since = local_time(began)

    def words(moment: Moment) -> NotificationText:
        name = moment.name if settings.notifications.show_names else None
        rule = rules.get(moment.rule)
        own = say_because(rule.because_parts, dict(moment.evidence), moment.device) if rule else None
        return nudge_text(
            moment,
            rule_name=rule.name if rule else moment.rule,
            why=own or why_line(moment.category, name, moment.evidence, moment.repeat, since, device=moment.device),
            settings=settings.notifications,
            week=moment.began.toordinal() // 7,
        )

    return words


def greet_with(
    settings: Settings, quiet: int | None = None, *, over: bool = False
) -> Callable[[NotifyStart], NotificationText]:
    """Return what turns a beginning into the words that say so.

    `quiet`: the how-manyeth evening of the quiet week it is; None: of none. `over`: the quiet week has just ended.
    """
    note = quiet_week_note(quiet, EVENINGS) if quiet is not None else quiet_week_over_note() if over else ""

    def words(begun: NotifyStart) -> NotificationText:
        offered = suggestion_of(begun.at.astimezone().date(), settings.rituals.suggestions)
        ends = local_time(begun.ends)
        return start_text(begun.title, ends, settings=settings.notifications, note=note, suggestion=offered)

    return words


def local_time(at: datetime) -> str:
    """Return the instant as the person's clock shows it, `18:30`."""
    return f"{at.astimezone():%H:%M}"
