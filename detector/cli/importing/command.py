"""`turntoward import`: history that another program kept, for reports and for trying rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from detector.config.settings import Settings
    from detector.importing.bring import Bringing
    from detector.importing.model import Progress, Times
    from detector.store.store import Store

USUAL_URL: Final = "http://127.0.0.1:5600"
LONGEST_TOKEN: Final = 4096


@click.group(epilog="Example: turntoward import activitywatch --dry-run")
def command() -> None:
    """Take in history that another program kept. ActivityWatch is the only one so far."""


@command.command("activitywatch", epilog="Example: turntoward import activitywatch export.json --since 90d")
@click.argument("file", metavar="[FILE.json]", required=False, type=click.Path(path_type=Path))
@click.option("--url", metavar="URL", help=f"A running ActivityWatch; {USUAL_URL} where no FILE is given.")
@click.option("--token", help="The token that this ActivityWatch asks for; others here can see it.")
@click.option("--token-file", type=click.Path(path_type=Path), help="A file with the token in it.")
@click.option(
    "--since",
    default="365d",
    show_default=True,
    metavar="WHEN",
    help="A length such as 90d, or a date such as 2026-09-01.",
)
@click.option(
    "--times",
    default="declared",
    show_default=True,
    type=click.Choice(["declared", "kept", "all-day"]),
    help="Which partner times: what you declare today, as if it had held then; only those kept; or whole days.",
)
@click.option("--phone", metavar="NAME", help="The paired phone that Android's history is of.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken in, and keep nothing.")
@click.option("--json", "json_wanted", is_flag=True, help="Write what was done as JSON.")
def activitywatch(
    *,
    file: Path | None,
    url: str | None,
    token: str | None,
    token_file: Path | None,
    since: str,
    times: Times,
    phone: str | None,
    dry_run: bool,
    json_wanted: bool,
) -> None:
    """Take in ActivityWatch's history, from FILE.json or from the running program.

    Only past partner times are taken in, and of these only categories: titles and addresses of pages are looked at
    and let go of. Nothing is said about the past; doing it twice changes nothing.
    """
    from detector.cli.importing.output import as_json, say_account  # noqa: PLC0415 - not for --help
    from detector.cli.output import ProgressLine  # noqa: PLC0415 - not for --help
    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help
    from detector.report.since import parse_since  # noqa: PLC0415 - not for --help
    from detector.zone import local_zone  # noqa: PLC0415 - not for --help

    clock = SystemClock()
    now, zone = clock.now(), local_zone()
    asked = parse_since(since, now, zone)
    settings = read_settings(config_path())
    begins = max(asked, now - settings.store.retention)
    server = _server(file, url, _token(token, token_file))
    with _opened(dry_run=dry_run) as store:
        _refuse_now(store, now)
        device = _phone(store, phone)
        progress = ProgressLine(clock.monotonic)
        bringing = _read(
            store, settings, file, server, phone=device, begins=begins, now=now, progress=progress, keeps=not dry_run
        )
        past = _past(store, times, begins, now, zone)
        try:
            bringing.bring(past)
        except KeyboardInterrupt:
            progress.clear()
            kept = bringing.account.added + bringing.account.extended
            click.echo(f"\nInterrupted; {kept:,} partner times are taken in. The same command goes on.", err=True)
            raise click.Abort from None
        progress.clear()
    shortened = settings.store.retention if begins > asked else None
    if json_wanted:
        click.echo(as_json(bringing.account, begins, dry_run=dry_run))
    else:
        say_account(
            bringing.account,
            begins.astimezone(zone),
            asked=len(past),
            shortened=shortened,
            times=times,
            dry_run=dry_run,
        )


@contextmanager
def _opened(*, dry_run: bool) -> Iterator[Store]:
    """Open the store; where nothing is to be kept, not even the file is made."""
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=dry_run) as store:
            yield store
    except StoreMissing:
        yield Store.in_memory()


def _read(
    store: Store,
    settings: Settings,
    file: Path | None,
    server: Any,
    *,
    phone: str,
    begins: datetime,
    now: datetime,
    progress: Progress,
    keeps: bool,
) -> Bringing:
    from detector.activities.load import load_classifier  # noqa: PLC0415 - not for --help
    from detector.importing.bring import Bringing, Deciding  # noqa: PLC0415 - not for --help
    from detector.importing.door import Door  # noqa: PLC0415 - not for --help
    from detector.importing.export_file import read_export  # noqa: PLC0415 - not for --help
    from detector.importing.model import Account  # noqa: PLC0415 - not for --help
    from detector.importing.running_server import read_server  # noqa: PLC0415 - not for --help
    from detector.importing.tracks import Tracks  # noqa: PLC0415 - not for --help
    from detector.paths import rules_dir  # noqa: PLC0415 - not for --help
    from detector.rulebook.loading import load_rules  # noqa: PLC0415 - not for --help

    account, tracks = Account(), Tracks()
    names = settings.store.keep_names
    door = Door(load_classifier(settings.activities), tracks, account, phone=phone, keep_names=names, now=now)
    if file is not None:
        read_export(file, door, account, progress)
    else:
        read_server(server, door, account, since=begins, until=now, progress=progress)
    for device, twice in tracks.settle().items():
        account.tally(device).twice += twice
    deciding = Deciding(rules=load_rules(rules_dir()).rules, policy=settings.policy, attention=settings.attention)
    return Bringing(store=store, tracks=tracks, account=account, deciding=deciding, keeps=keeps, progress=progress)


def _past(store: Store, times: Times, begins: datetime, now: datetime, zone: ZoneInfo) -> list[Any]:
    from detector.importing.times import past_times  # noqa: PLC0415 - not for --help
    from detector.store.schedule import read_schedule  # noqa: PLC0415 - not for --help

    return past_times(
        times,
        since=begins,
        now=now,
        zone=zone,
        schedule=read_schedule(store, now),
        kept=store.history.occurrences(),
    )


def _server(file: Path | None, url: str | None, token: str | None) -> Any:
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    if file is not None:
        if url is not None or token is not None:
            raise UserError("Name a FILE, or a running ActivityWatch with --url, but not both.")
        return None
    from detector.sensors.activitywatch_server import ActivityWatchServer, url_problem  # noqa: PLC0415 - not for --help

    wrong = None if url is None else url_problem(url)
    if wrong is not None:
        raise UserError(f"--url: '{url}' {wrong}.")
    return ActivityWatchServer(url or USUAL_URL, token)


def _token(token: str | None, file: Path | None) -> str | None:
    from detector.errors import Problem, UserError  # noqa: PLC0415 - not for --help

    if file is not None:
        if token is not None:
            raise UserError("--token and --token-file say the same; give one of them.")
        try:
            with file.open("rb") as opened:
                token = opened.read(LONGEST_TOKEN).decode("ascii").strip()
        except UnicodeDecodeError:
            raise UserError([Problem(file=str(file), message="holds no token: it is not plain text")]) from None
        except OSError as failure:
            raise UserError([Problem(file=str(file), message=f"cannot be read: {failure.strerror}")]) from None
    if token is not None and (not token or not token.isascii() or not token.isprintable() or " " in token):
        raise UserError("A token is one word of plain characters.")
    return token


def _refuse_now(store: Store, now: datetime) -> None:
    from detector.errors import TurntowardError  # noqa: PLC0415 - not for --help

    if any(each.began <= now < each.ends for each in store.history.unfinished()):
        raise TurntowardError("Partner time is under way. Importing can wait until it is over.")


def _phone(store: Store, name: str | None) -> str:
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    if name is None:
        return "phone"
    names = [phone.name for phone in store.phones.all()]
    if name not in names:
        known = f"Paired: {', '.join(names)}." if names else "None is paired; leave --phone out."
        raise UserError(f"--phone: no phone is called '{name}'. {known}")
    return name
