"""`turntoward report`: what happened, how often, and what helped."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import click

from detector.cli.output import columns
from detector.clock import SystemClock
from detector.config.read import read_settings
from detector.control.lock import own_store
from detector.core.observations import PickedUp, PutAway
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.parse_dates import parse_date, parse_since
from detector.partner_time.wall_clock import DAY
from detector.paths import config_path, rules_dir
from detector.report.as_text import FIRST_USE, as_text
from detector.report.starts_and_cancellations import DECLINED, cancellations, declined
from detector.report.summarise import summarise
from detector.report.summary import Cancellation, Summary
from detector.report.summary import as_json as summary_as_json
from detector.report.unfinished import measure_unfinished
from detector.rulebook.loading import load_rules
from detector.store import quiet_week
from detector.store.errors import StoreMissing
from detector.store.store import Store
from detector.zone import local_zone

DEFAULT_SPAN: Final = "4w"


def report(since: str | None, day: str | None, *, as_json: bool) -> None:
    now, zone = SystemClock().now(), local_zone()
    if since is not None and day is not None:
        raise UserError(_("Write either --since or --on, not both."))
    if day is None:
        begins, ends = parse_since(since or DEFAULT_SPAN, now, zone), now
    else:
        on = parse_date(day, argument="--on", now=now, zone=zone, direction="back")
        begins, next_day = (datetime.combine(date, time(), zone) for date in (on, on + DAY))
        ends = min(now, next_day.astimezone(now.tzinfo))
    try:
        with Store.open(own_store(), read_only=True) as store:
            summary = _summarise(store, begins, ends, zone)
            is_anything_kept = bool(store.history.occurrences())
    except StoreMissing:
        summary = summarise([], [], [], [], since=begins, until=ends, zone=zone, rules={})
        is_anything_kept = False
    if as_json:
        click.echo(summary_as_json(summary))
        return
    if not summary.partner_times.all and not summary.cancelled and not is_anything_kept:
        click.echo(FIRST_USE, nl=False)
        return
    text = as_text(summary, columns(), colour=sys.stdout.isatty())
    # The bars are no ASCII: where the terminal's encoding lacks them, a question mark is better than a traceback.
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), nl=False)


def _summarise(store: Store, since: datetime, until: datetime, zone: ZoneInfo) -> Summary:
    # `rules` and `doctor` report broken rules; here only the names are needed.
    rules = {rule.code: rule.name for rule in load_rules(rules_dir()).rules}
    occurrences = store.history.occurrences(since, until)
    # The daemon writes uses and coverage when partner time ends; until then they follow from the observations.
    unfinished = {
        occurrence.id: measure_unfinished(occurrence, store.history.observations(occurrence.id))
        for occurrence in occurrences
        if occurrence.ended is None
    }
    uses = [use for use in store.history.uses(since, until) if use.occurrence not in unfinished]
    coverage = [row for row in store.history.coverage(since, until) if row.occurrence not in unfinished]
    for used, covered in unfinished.values():
        uses += used
        coverage += covered
    week = quiet_week.load(store)
    done = len(quiet_week.evenings(store, week, zone))
    is_quiet = quiet_week.is_requested(store) and done < quiet_week.EVENINGS
    summary = summarise(
        occurrences,
        uses,
        store.history.moments(since, until),
        coverage,
        since=since,
        until=until,
        zone=zone,
        rules=rules,
        phone_events=store.history.observations_by_kind([PickedUp, PutAway], since, until),
        phones=store.phones.all(),
        excluded=declined(store.state.get(DECLINED)).union(read_settings(config_path()).policy.for_both),
        cancelled=_cancelled(store, since, until, zone),
    )
    return replace(summary, quiet_evening=done if is_quiet else None)


def _cancelled(store: Store, since: datetime, until: datetime, zone: ZoneInfo) -> Sequence[Cancellation]:
    if not store.plans.cancelled(since, until):
        return ()
    # Another date may lie before the one that was cancelled, and was perhaps cancelled itself.
    every = cancellations(
        store.plans.cancelled(),
        store.history.occurrences(),
        store.plans.partner_times(),
        store.plans.skipped(),
        now=until,
        zone=zone,
    )
    return [cancellation for cancellation in every if since <= cancellation.begins < until]
