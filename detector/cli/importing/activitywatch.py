"""Import ActivityWatch's history: check the options, read the events, store past partner times, report."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from detector.activities.load import load_classifier
from detector.cli.importing import DEFAULT_URL
from detector.cli.importing.output import print_report, print_report_as_json
from detector.cli.output import ProgressLine
from detector.cli.stored import open_stored
from detector.clock import SystemClock
from detector.config.read import read_settings
from detector.control.lock import own_store
from detector.errors import Problem, TurntowardError, UserError
from detector.files import open_regular
from detector.i18n import _, plural
from detector.importing.export_file import read_export
from detector.importing.importer import DecisionSettings, HistoryImporter
from detector.importing.model import ImportReport, TimesOption
from detector.importing.past_times import NoWholeDays, PastTime, past_times
from detector.importing.running_server import read_server
from detector.importing.sanitizer import EventSanitizer
from detector.importing.tracks import EventTracks
from detector.partner_time.parse_dates import parse_since
from detector.paths import config_path, rules_dir
from detector.rulebook.loading import load_rules
from detector.sensors.activitywatch_server import ActivityWatchServer, url_problem
from detector.store.schedule import read_schedule
from detector.store.store import Store
from detector.zone import local_zone

MAX_TOKEN_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of `import activitywatch`, as they were written."""

    file: Path | None
    url: str | None
    token: str | None
    token_file: Path | None
    since: str
    times: TimesOption
    phone: str | None
    incomplete: bool
    dry_run: bool
    as_json: bool


def import_history(options: ImportOptions) -> None:
    clock = SystemClock()
    now, zone = clock.now(), local_zone()
    since = parse_since(options.since, now, zone)
    settings = read_settings(config_path())
    # What is older than the retention would be deleted again at once.
    begins = max(since, now - settings.store.retention)
    # Before the store is opened: a wrong option must leave no file behind.
    server = _server(options)
    # A dry run must not make the file.
    with open_stored() if options.dry_run else Store.open(own_store()) as store:
        if any(occurrence.began <= now < occurrence.ends for occurrence in store.history.unfinished()):
            raise TurntowardError(_("Partner time is under way. Importing can wait until it is over."))
        phone = _phone(store, options.phone)
        past = _past_times(store, options.times, begins=begins, now=now)
        progress = ProgressLine(clock.monotonic)
        report = ImportReport()
        tracks = EventTracks()
        sanitizer = EventSanitizer(load_classifier(settings.activities), tracks, report, phone=phone, now=now)
        if server is None and options.file is not None:
            read_export(options.file, sanitizer, report, progress)
        elif server is not None:
            read_server(server, sanitizer, report, since=begins, until=now, progress=progress)
        for device, count in tracks.finish().items():
            report.counts(device).duplicate += count
        decisions = DecisionSettings(
            rules=load_rules(rules_dir()).rules, policy=settings.policy, attention=settings.attention
        )
        importer = HistoryImporter(
            store=store,
            tracks=tracks,
            report=report,
            settings=decisions,
            saves=not options.dry_run,
            takes_incomplete=options.incomplete,
            progress=progress,
        )
        try:
            importer.run(past, begins)
        except KeyboardInterrupt:
            progress.clear()
            sentence = plural(
                "Interrupted; {count} partner time is taken in. The same command goes on.",
                "Interrupted; {count} partner times are taken in. The same command goes on.",
                report.added + report.extended,
            )
            click.echo(f"\n{sentence}", err=True)
            raise click.Abort from None
        progress.clear()
    shortened = settings.store.retention if begins > since else None
    if options.as_json:
        print_report_as_json(report, begins, dry_run=options.dry_run)
    else:
        print_report(
            report,
            begins.astimezone(zone),
            count=len(past),
            shortened=shortened,
            times=options.times,
            dry_run=options.dry_run,
        )


def _past_times(store: Store, times: TimesOption, *, begins: datetime, now: datetime) -> list[PastTime]:
    zone = local_zone()
    try:
        return past_times(
            times,
            since=begins,
            now=now,
            zone=zone,
            schedule=read_schedule(store, now),
            stored=store.history.occurrences(),
        )
    except NoWholeDays:
        message = _("--times all-day: no whole day since {day} was declared partner time, so none is taken in").format(
            day=f"{begins.astimezone(zone):%Y-%m-%d}"
        )
        hint = _(
            "`turntoward import activitywatch` takes in the partner times that you declare. `turntoward add Day --every day "
            "--from 0:00 --for 24h` declares whole days from now on."
        )
        raise UserError([Problem(message=message, hint=hint)]) from None


def _server(options: ImportOptions) -> ActivityWatchServer | None:
    token = _token(options.token, options.token_file)
    if options.file is not None:
        if options.url is not None or token is not None:
            raise UserError(_("Name a FILE, or a running ActivityWatch with --url, but not both."))
        return None
    problem = None if options.url is None else url_problem(options.url)
    if problem is not None:
        raise UserError(_("--url: '{url}' {problem}.").format(url=options.url, problem=problem))
    return ActivityWatchServer(options.url or DEFAULT_URL, token)


def _token(token: str | None, file: Path | None) -> str | None:
    if file is not None:
        if token is not None:
            raise UserError(_("--token and --token-file mean the same; give one of them."))
        try:
            with open_regular(file, allow_pipe=True) as opened:
                token = opened.read(MAX_TOKEN_BYTES).decode("ascii").strip()
        except UnicodeDecodeError:
            message = _("holds no token: it is not plain text")
            raise UserError([Problem(file=str(file), message=message)]) from None
        except OSError as error:
            message = _("cannot be read: {why}").format(why=error.strerror)
            raise UserError([Problem(file=str(file), message=message)]) from None
    if token is not None and (not token or not token.isascii() or not token.isprintable() or " " in token):
        raise UserError(_("A token is one word of plain characters."))
    return token


def _phone(store: Store, name: str | None) -> str:
    if name is None:
        return "phone"
    names = [phone.name for phone in store.phones.all()]
    if name in names:
        return name
    unknown = _("--phone: no phone is called '{name}'.").format(name=name)
    if names:
        raise UserError(f"{unknown} {_('Paired: {names}.').format(names=', '.join(names))}")
    raise UserError(f"{unknown} {_('None is paired; leave --phone out.')}")
