"""Report what `turntoward import` did.

Invariant 1: names of buckets come from another program; no control character of them reaches the terminal.
"""

from datetime import datetime, timedelta, tzinfo
from typing import Final

import click

from detector.cli import output
from detector.errors import printable
from detector.i18n import _, plural
from detector.importing.model import ImportReport, TimesOption
from rules.lengths import format_length

MAX_BUCKETS: Final = 8
MAX_DEVICE_WIDTH: Final = 18
MAX_LENGTH: Final = 300


def print_report(
    report: ImportReport,
    begins: datetime,
    *,
    count: int,
    shortened: timedelta | None,
    times: TimesOption,
    dry_run: bool,
) -> None:
    """Write the table of devices, what could not be read, and what to do next.

    `count`: how many partner times there are to fill; `shortened`: the retention, if that is why `begins` is later.
    """
    _print_table(report)
    for problem in report.problems:
        output.print_text(_safe(problem), later="  ")
    if more := report.problem_count - len(report.problems):
        click.echo(_("… and {count} more that could not be read.").format(count=f"{more:,}"))
    if report.skipped_buckets:
        sentence = _("Ignored, because nothing in them is used: {buckets}.")
        output.print_text(sentence.format(buckets=_safe(", ".join(report.skipped_buckets[:MAX_BUCKETS]))))
    if shortened is not None:
        sentence = _("You keep {length} (`retention`), so nothing before {day} is taken in.")
        output.print_text(sentence.format(length=format_length(shortened), day=f"{begins:%Y-%m-%d}"))
    if report.earlier and report.oldest is not None:
        output.print_text(_left_out_before(report.earlier, report.oldest, begins, is_shortened=shortened is not None))
    added = plural("{count} partner time", "{count} partner times", report.added)
    if dry_run:
        sentence = _("{times} would be added, {extended} would be extended.")
    else:
        sentence = _("{times} added, {extended} extended.")
    output.print_text(sentence.format(times=added, extended=f"{report.extended:,}"))
    if report.deferred and report.newest is not None:
        newest = f"{report.newest.astimezone(begins.tzinfo):%Y-%m-%d %H:%M}"
        sentence = plural(
            "{count} partner time ends after {newest}, the last that this history knows of a device. Import a newer history "
            "later, or take in what there is with `--incomplete`.",
            "{count} partner times end after {newest}, the last that this history knows of a device. Import a newer history "
            "later, or take in what there is with `--incomplete`.",
            report.deferred,
            newest=newest,
        )
        output.print_text(sentence)
    if not count:
        output.print_text(_nothing_there(times))
    elif reason := _nothing_added(report, begins.tzinfo):
        output.print_text(reason)
    elif dry_run:
        output.print_text(_("Nothing was stored; leave out `--dry-run` to store it."))
    elif report.first is not None:
        day = report.first.begins.astimezone(begins.tzinfo)
        output.print_text(_("See `turntoward report --since {day}`.").format(day=f"{day:%Y-%m-%d}"))


def _left_out_before(count: int, oldest: datetime, begins: datetime, *, is_shortened: bool) -> str:
    option = f"`--since {oldest.astimezone(begins.tzinfo):%Y-%m-%d}`"
    day = f"{begins:%Y-%m-%d}"
    if is_shortened:
        option = _("a longer `retention` below [store] in the configuration, together with {since},").format(
            since=option
        )
    return plural(
        "{count} event from before {day} was left out; {option} takes it in.",
        "{count} events from before {day} were left out; {option} takes them in.",
        count,
        day=day,
        option=option,
    )


def _nothing_added(report: ImportReport, zone: tzinfo | None) -> str | None:
    if report.added or report.extended or report.deferred:
        return None
    if any(counts.duplicate for counts in report.devices.values()):
        return _("These partner times are known already.")
    if report.oldest is None or report.newest is None:
        return _("This history holds no event of these partner times.")
    edges = {"oldest": report.oldest, "newest": report.newest}
    days = {name: f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for name, at in edges.items()}
    return _("This history reaches from {oldest} to {newest}, and holds no event of these partner times.").format(
        **days
    )


def print_report_as_json(report: ImportReport, begins: datetime, *, dry_run: bool) -> None:
    devices = {
        device: {
            "read": counts.read,
            "used": counts.used,
            "outside": counts.outside,
            "known_already": counts.duplicate,
            "not_yet": counts.deferred,
            "wrong": counts.invalid,
        }
        for device, counts in sorted(report.devices.items())
    }
    output.print_json(
        {
            "since": begins,
            "dry_run": dry_run,
            "devices": devices,
            "added": report.added,
            "extended": report.extended,
            "not_yet": report.deferred,
            "before_since": report.earlier,
            "problems": report.problems,
            "wrong": report.problem_count,
            "passed_over": report.skipped_buckets,
        }
    )


def _print_table(report: ImportReport) -> None:
    if not report.devices:
        return
    rows = [
        (_("Device"), _("Events"), _("Used"), _("Outside"), _("Known already"), _("Not yet"), _("Wrong")),
        *(
            (
                output.cut(_safe(device), MAX_DEVICE_WIDTH),
                *(
                    f"{count:,}"
                    for count in (
                        counts.read,
                        counts.used,
                        counts.outside,
                        counts.duplicate,
                        counts.deferred,
                        counts.invalid,
                    )
                ),
            )
            for device, counts in sorted(report.devices.items())
        ),
    ]
    # Headings may be translated, so widths come from the cells.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for device, *counts in rows:
        cells = [device.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(counts, widths[1:], strict=True))]
        click.echo("  ".join(cells).rstrip())
    click.echo()


def _nothing_there(times: TimesOption) -> str:
    if times == "declared":
        return _(
            "No partner time is in that span: none is declared, or none has begun. `turntoward add --help` shows how."
        )
    return _("No partner time is kept in that span.") if times == "kept" else _("No whole day is in that span.")


def _safe(text: str) -> str:
    return printable(text, "?")[:MAX_LENGTH]
