"""`turntoward report`: what happened, how often, and what helped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from detector.report.summary import Cancellation, Summary
    from detector.store.store import Store

WIDTH: Final = 80


@click.command(epilog="Example: turntoward report --since 2w")
@click.option(
    "--since",
    default="4w",
    show_default=True,
    metavar="WHEN",
    help="A length such as 7d or 2w, or a date such as 2026-11-01.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Write it as JSON.")
def command(*, since: str, json_wanted: bool) -> None:
    """Look back: presence, moments, and what helped.

    What is unknown is called unknown, and what rests on too little is not said. It is about you and a screen, says
    nothing about your relationship, and stays on this device.
    """
    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.report.since import parse_since  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    now, zone = SystemClock().now(), reader_zone()
    summary = _look_back(parse_since(since, now, zone), now, zone)
    if json_wanted:
        from detector.report.as_json import as_json  # noqa: PLC0415 - not for --help

        click.echo(as_json(summary))
        return
    from detector.report.as_text import FIRST_USE, as_text  # noqa: PLC0415 - not for --help

    if not summary.partner_times.all and not summary.cancelled and not _anything_kept():
        click.echo(FIRST_USE, nl=False)
        return
    text = as_text(summary, WIDTH, colour=sys.stdout.isatty())
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), nl=False)


def _look_back(since: datetime, until: datetime, zone: ZoneInfo) -> Summary:
    from dataclasses import replace  # noqa: PLC0415 - not for --help

    from detector.core.observations import PickedUp, PutAway  # noqa: PLC0415 - not for --help
    from detector.paths import rules_dir, store_path  # noqa: PLC0415 - not for --help
    from detector.report.offers import DECLINED  # noqa: PLC0415 - not for --help
    from detector.report.summarise import summarise  # noqa: PLC0415 - not for --help
    from detector.report.unfinished import measure_unfinished  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.store.failures import NothingKept  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        store = Store.open(store_path(), read_only=True)
    except NothingKept:
        return summarise([], [], [], [], since=since, until=until, zone=zone, rules={})
    with store:
        from detector.rulebook.loading import load_rules  # noqa: PLC0415 - only where there is something to name

        # What is wrong with a rule of the person's own is said by `rules` and `doctor`; here only names are wanted.
        rules = {rule.code: rule.name for rule in load_rules(rules_dir()).rules}
        occurrences = store.occurrences(since, until)
        unfinished = {
            each.id: measure_unfinished(each, store.observations(each.id)) for each in occurrences if each.ended is None
        }
        uses = [each for each in store.uses(since, until) if each.occurrence not in unfinished]
        coverage = [each for each in store.coverage(since, until) if each.occurrence not in unfinished]
        for used, covered in unfinished.values():
            uses += used
            coverage += covered
        week = quiet_week.read(store)
        done = len(quiet_week.evenings(store, week, zone))
        is_quiet = quiet_week.is_wanted(store) and done < quiet_week.EVENINGS
        summary = summarise(
            occurrences,
            uses,
            store.moments(since, until),
            coverage,
            since=since,
            until=until,
            zone=zone,
            rules=rules,
            signs=store.signs([PickedUp, PutAway], since, until),
            phones=store.phones(),
            settled=_settled(store.recall(DECLINED)),
            cancelled=_cancelled(store, since, until, zone),
        )
        return replace(summary, quiet_evening=done if is_quiet else None)


def _cancelled(store: Store, since: datetime, until: datetime, zone: ZoneInfo) -> Sequence[Cancellation]:
    from detector.report.rituals import cancellations  # noqa: PLC0415 - not for --help

    if not store.cancelled(since, until):
        return ()
    # Another date may lie before the one that was cancelled, and was perhaps cancelled itself.
    every = cancellations(
        store.cancelled(), store.occurrences(), store.partner_times(), store.skipped(), now=until, zone=zone
    )
    return [each for each in every if since <= each.begins < until]


def _settled(declined_then: object) -> frozenset[str]:
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help
    from detector.report.offers import declined  # noqa: PLC0415 - not for --help

    return declined(declined_then).union(read_settings(config_path()).policy.for_both)


def _anything_kept() -> bool:
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.failures import NothingKept  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            return bool(store.occurrences())
    except NothingKept:
        return False
