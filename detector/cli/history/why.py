"""`turntoward why`: why a nudge came, and why none did."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from detector.cli.output import columns, cut, print_json
from detector.clock import SystemClock
from detector.config.read import read_settings
from detector.control.lock import own_store
from detector.core.attention.baselines import MAX_AGE, baseline_keys, measure_baselines
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment, Outcome
from detector.core.observations import LAPTOP
from detector.core.pipeline import Pipeline
from detector.errors import UserError
from detector.i18n import _, format_clock
from detector.partner_time.parse_dates import parse_date
from detector.partner_time.parse_times import parse_time_of_day
from detector.paths import config_path, rules_dir
from detector.report.why import clock_of, explain, explanation_as_json, explanation_lines
from detector.report.why_not import find_situation, situation_as_json, situation_lines
from detector.rulebook.loading import load_rules
from detector.store.errors import StoreMissing
from detector.store.model import StoredOccurrence
from detector.store.store import Store
from detector.zone import local_zone
from rules.engine import features_used
from rules.explain import format_activity
from rules.model import FeatureKey, Rule, Value

_NOTHING_KEPT: Final = _("Nothing is kept yet, so there is nothing to explain.")


def why(words: tuple[str, ...], *, day: str | None, is_list: bool, as_json: bool) -> None:
    """Write why a moment was a nudge or was not, or which moments there are; `words` are those of the command line."""
    asks_why_not, subject = _parse_arguments(words)
    try:
        store = Store.open(own_store(), read_only=True)
    except StoreMissing:
        raise UserError(_NOTHING_KEPT) from None
    with store:
        explainer = _Explainer(store, load_rules(rules_dir()).rules, local_zone(), day)
        if is_list:
            lines, plain = explainer.list_moments()
        elif asks_why_not and subject is not None and not subject.isdecimal():
            lines, plain = explainer.explain_instant(subject)
        else:
            lines, plain = explainer.explain_moment(int(subject) if subject else None, without_nudge=asks_why_not)
    if as_json:
        print_json(plain)
    else:
        click.echo("\n".join(lines))


class _Explainer:
    """Answers one question about what is kept: each answer is its lines, and the same for JSON."""

    def __init__(self, store: Store, rules: Sequence[Rule], zone: ZoneInfo, day: str | None) -> None:
        self._store = store
        self._rules = rules
        self._by_code = {rule.code: rule for rule in rules}
        self._zone = zone
        self._occurrences = _occurrences_on(store.history.occurrences(), day, zone)

    def list_moments(self) -> tuple[list[str], Any]:
        occurrence = self._occurrences[-1]
        moments = self._moments(occurrence)
        explained = [explain(moment, self._by_code, self._clock, occurrence.began) for moment in moments]
        if not moments:
            return [f"{self._heading(occurrence)} {_('It has no moments.')}"], []
        return [self._heading(occurrence), *(cut(self._row(moment), columns()) for moment in moments)], [
            explanation_as_json(explanation) for explanation in explained
        ]

    def explain_moment(self, number: int | None, *, without_nudge: bool) -> tuple[list[str], Any]:
        occurrence, moment = self._last(without_nudge=without_nudge) if number is None else self._numbered(number)
        if without_nudge and moment.decided == "nudged":
            text = _("Moment {number} had a nudge; `turntoward why {number}` explains it.")
            raise UserError(text.format(number=moment.number))
        explanation = explain(moment, self._by_code, self._clock, occurrence.began)
        lines = explanation_lines(explanation, self._clock, columns())
        return [self._heading(occurrence), *lines], explanation_as_json(explanation)

    def explain_instant(self, text: str) -> tuple[list[str], Any]:
        occurrence, at = _find_instant(text, self._occurrences, self._zone)
        settings = read_settings(config_path())
        usual = self._usual_before(occurrence, settings.attention)
        observations = list(self._store.history.observations(occurrence.id))
        if any(observation.device != LAPTOP for observation in observations):
            # Times of a phone are given to the minute; questions second by second would reveal them.
            at = at.replace(second=0, microsecond=0)
        # Played from the beginning: what a rule remembers depends on all that was observed before.
        core = Pipeline(self._rules, settings.policy, settings.attention, usual)
        situation = find_situation(observations, at, core, self._rules)
        lines = situation_lines(situation, self._clock, columns())
        return [self._heading(occurrence), *lines], situation_as_json(situation, self._clock)

    def _last(self, *, without_nudge: bool) -> tuple[StoredOccurrence, Moment]:
        decisions = {"suppressed", "held"} if without_nudge else {"nudged"}
        for occurrence in reversed(self._occurrences):
            moments = [moment for moment in self._moments(occurrence) if moment.decided in decisions]
            if moments:
                # Two devices may have a moment at the same instant: the higher number was decided later.
                return occurrence, max(moments, key=lambda moment: (moment.decided_at, moment.number))
        raise UserError(
            _(
                "There was no moment without a nudge. `turntoward why not 19:10` says how near the rules were at an instant."
            )
            if without_nudge
            else _("There was no nudge. `turntoward why not 19:10` says how near the rules were at an instant.")
        )

    def _numbered(self, number: int) -> tuple[StoredOccurrence, Moment]:
        occurrence = self._occurrences[-1]
        moments = self._moments(occurrence)
        for moment in moments:
            if moment.number == number:
                return occurrence, moment
        text = (
            _("There is no moment {number}; its moments are 1 to {last}.")
            if moments
            else _("There is no moment {number}; it has no moments.")
        )
        last = moments[-1].number if moments else 0
        raise UserError(f"{self._heading(occurrence)} {text.format(number=number, last=last)}")

    def _usual_before(self, occurrence: StoredOccurrence, settings: AttentionSettings) -> Mapping[FeatureKey, Value]:
        keys = baseline_keys(features_used(self._rules))
        if not keys:
            # Most rules compare with nothing: then the 28 days before are not read, which takes seconds.
            return {}
        before = self._store.history.occurrences(occurrence.began - MAX_AGE, occurrence.began)
        return measure_baselines(
            (list(self._store.history.observations(earlier.id)) for earlier in before), keys, settings
        )

    def _moments(self, occurrence: StoredOccurrence) -> list[Moment]:
        return sorted(self._store.history.moments_of(occurrence), key=lambda moment: moment.number)

    def _row(self, moment: Moment) -> str:
        decided = _("a nudge") if moment.decided == "nudged" else _("no nudge")
        if moment.outcome is Outcome.UNDELIVERED:
            decided = _("a nudge that nobody saw")
        what = format_activity(moment.category, device=moment.device)
        return (
            f"{moment.number:>3}  {clock_of(moment, self._clock)(moment.began):<8}  {moment.rule:<5} {what}: {decided}"
        )

    def _clock(self, at: datetime) -> str:
        return format_clock(at.astimezone(self._zone), seconds=True)

    def _heading(self, occurrence: StoredOccurrence) -> str:
        return _("Partner time on {span}.").format(span=_span(occurrence, self._zone))


def _parse_arguments(words: tuple[str, ...]) -> tuple[bool, str | None]:
    # Words, not an option: `why not 19:10` reads like the question.
    asks_why_not = bool(words) and words[0] == "not"
    rest = words[1:] if asks_why_not else words
    if len(rest) > 1 and all(word.isdecimal() for word in rest):
        raise click.UsageError(_("Ask for one moment, or one time of day: turntoward why not 19:10"))
    subject = " ".join(rest) or None
    # The bound keeps int() from failing: it takes no number of thousands of digits.
    if subject is None or (subject.isascii() and subject.isdigit() and int(subject) > 0 and len(subject) < 10):
        return asks_why_not, subject
    if not re.search("[:.h]|[ap]m|o'clock|noon|past|to ", subject.lower()):
        text = _("'{word}' is neither a number nor a time of day; write for example: turntoward why 3")
        raise click.UsageError(text.format(word=subject))
    if not asks_why_not:
        raise click.UsageError(_("A time of day goes with 'not': turntoward why not {instant}").format(instant=subject))
    return asks_why_not, subject


def _occurrences_on(occurrences: Sequence[StoredOccurrence], day: str | None, zone: ZoneInfo) -> list[StoredOccurrence]:
    if not occurrences:
        raise UserError(_NOTHING_KEPT)
    if day is None:
        return list(occurrences)
    date = parse_date(day, argument="--on", now=SystemClock().now(), zone=zone, direction="back")
    that_day = [occurrence for occurrence in occurrences if occurrence.began.astimezone(zone).date() == date]
    if not that_day:
        text = _("No partner time is kept of {day}; the last one is {span}.")
        raise UserError(text.format(day=date, span=_span(occurrences[-1], zone)))
    return that_day


def _find_instant(
    text: str, occurrences: Sequence[StoredOccurrence], zone: ZoneInfo
) -> tuple[StoredOccurrence, datetime]:
    try:
        clock = time.fromisoformat(text if text.count(":") == 2 else "")
    except ValueError:
        # As a clock of 12 hours shows it, "6:30:05 pm".
        parts = re.fullmatch(r"(\d\d?:\d\d):([0-5]\d)( ?[ap]m)", text, re.IGNORECASE)
        try:
            read = parse_time_of_day(f"{parts[1]}{parts[3]}" if parts else text, argument="")
        except UserError as failure:
            if failure.problems[0].readings:
                raise
            hint = _("'{text}' is not a time of day; write for example 19:10 or 19:10:30.")
            raise UserError(hint.format(text=text)) from None
        clock = time(read // timedelta(hours=1), read // timedelta(minutes=1) % 60, int(parts[2]) if parts else 0)
    if clock.tzinfo is not None:
        raise UserError(_("'{text}' is not a time of day; write for example 19:10 or 19:10:30.").format(text=text))
    for occurrence in reversed(occurrences):
        first = occurrence.began.astimezone(zone).date()
        # Past midnight the same partner time is on its second day.
        for days in (0, 1):
            at = datetime.combine(first + timedelta(days=days), clock, zone).astimezone(UTC)
            if occurrence.began <= at < (occurrence.ended or occurrence.ends):
                return occurrence, at
    missing = _("{text} lies in no partner time that is kept; the last one is {span}.")
    raise UserError(missing.format(text=text, span=_span(occurrences[-1], zone)))


def _span(occurrence: StoredOccurrence, zone: ZoneInfo) -> str:
    began, ended = occurrence.began.astimezone(zone), (occurrence.ended or occurrence.ends).astimezone(zone)
    return _("{day}, {begin} to {end}").format(
        day=f"{began:%Y-%m-%d}", begin=format_clock(began), end=format_clock(ended)
    )
