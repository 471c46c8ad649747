"""`turntoward what`: what the classifier makes of an app, or of the toplevel in front, and why. Nothing is stored."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Final

import click

from detector.activities.classifier import Classifier
from detector.activities.load import load_classifier
from detector.cli.output import is_interactive
from detector.cli.what.app_query import AppQuery, format_time, write_classification
from detector.cli.what.learning import learn, learn_unknown
from detector.cli.what.unknown import list_unknown, named_unknown
from detector.clock import SystemClock
from detector.config.read import read_settings
from detector.core.attention.settings import AttentionSettings
from detector.errors import SensorUnavailable, UserError
from detector.i18n import _
from detector.paths import config_path
from detector.sensors import first_available
from detector.sensors.model import Toplevel, ToplevelFocused
from detector.sensors.settings import SensorSettings
from rules.lengths import format_length

# Outside partner time nothing is sensed for longer than somebody watches.
LIVE_TIME: Final = timedelta(minutes=5)


def what(
    *,
    app: str | None,
    title: str | None,
    program: str | None,
    inside: str | None,
    package: str | None,
    is_unknown: bool,
    is_learning: bool,
    category: str | None,
    yes: bool,
    once: bool,
    as_json: bool,
) -> None:
    query = AppQuery(app=app, title=title, program=program, inside=inside, package=package)
    is_named = query.is_on_desktop or query.package is not None
    if is_learning:
        if once or as_json:
            raise UserError(_("--learn goes without --once and --json."))
        if not is_unknown:
            _check_package(query)
            learn(query if is_named else _seen_in_front(), category, yes=yes)
        elif is_named or category is not None:
            message = _("--unknown --learn asks about each app itself; for one of them, use --package NAME instead.")
            raise UserError(message)
        else:
            learn_unknown(named_unknown())
        return
    if category is not None or yes:
        raise UserError(_("--category and --yes go with --learn."))
    if is_unknown:
        if once or is_named:
            raise UserError(_("--unknown goes with --json only."))
        list_unknown(as_json=as_json)
        return
    _check_package(query)
    settings = read_settings(config_path())
    classifier = load_classifier(settings.activities)
    if is_named:
        write_classification(query, query.classify(classifier), as_json=as_json)
        return
    at_terminal = is_interactive() and sys.stdout.isatty()
    # At the terminal a person asks about one app of their own; other output holds no more than the store would.
    names = settings.store.keep_names or (once and at_terminal)
    if not names:
        click.echo(
            _("Names are left out, as `keep_names` is off. `sleep 5; turntoward what --once` shows one."), err=True
        )
    if not (once or at_terminal):
        click.echo(_("There is no terminal to show changes on, so only the first is shown."), err=True)
    try:
        asyncio.run(_watch(classifier, settings.sources, once=once or not at_terminal, as_json=as_json, names=names))
    except TimeoutError:
        text = _("It ends after {length}. Nothing was stored.")
        click.echo(text.format(length=format_length(LIVE_TIME)), err=True)
    except KeyboardInterrupt:  # the usual end of a live view, so it is no failure
        return


def _check_package(query: AppQuery) -> None:
    if query.package is not None and query.is_on_desktop:
        raise UserError(_("--package is an app on a phone; leave --app, --title, --program and --inside out."))


def _seen_in_front() -> AppQuery:
    if not is_interactive():
        raise UserError(_("Without a terminal nothing can be learned from what is in front; name the app with --app."))
    try:
        toplevel = asyncio.run(_in_front(read_settings(config_path()).sources))
    except TimeoutError:
        toplevel = None
    if toplevel is None:
        raise UserError(_("Nothing is in front, so there is nothing to learn."))
    return AppQuery.of(toplevel)


async def _watch(classifier: Classifier, sources: SensorSettings, *, once: bool, as_json: bool, names: bool) -> None:
    async with asyncio.timeout(LIVE_TIME.total_seconds()), aclosing(_watch_front(sources)) as events:
        async for event in events:
            if event.toplevel is not None:
                query = AppQuery.of(event.toplevel)
                write_classification(query, query.classify(classifier), as_json=as_json, at=event.at, names=names)
            elif as_json:
                nothing = {"at": event.at.isoformat(), "category": None, "why": _("Nothing is in front.")}
                click.echo(json.dumps(nothing))
            else:
                click.echo(_("{time}  nothing is in front").format(time=format_time(event.at)))
            if once:
                return


async def _watch_front(sources: SensorSettings) -> AsyncGenerator[ToplevelFocused, None]:
    sensor, refusals = await first_available("focus", SystemClock(), AttentionSettings(), None, sources)
    if sensor is None:
        lines = [_("No sensor here can report what is in front of you:")]
        for refusal in refusals:
            lines.append(f"  {refusal.sensor}: {refusal.why}.")
            if refusal.remedy:
                lines.append(f"    {refusal.remedy}")
        lines.append(_("Name an app instead, for example: turntoward what --app firefox --title YouTube"))
        raise SensorUnavailable("\n".join(lines))
    async with aclosing(sensor.observe()) as events:
        async for event in events:
            if isinstance(event, ToplevelFocused):
                yield event


async def _in_front(sources: SensorSettings) -> Toplevel | None:
    # What comes to the front after the terminal in which the person types.
    first: Toplevel | None = None
    async with asyncio.timeout(LIVE_TIME.total_seconds()), aclosing(_watch_front(sources)) as events:
        async for event in events:
            toplevel = event.toplevel
            if toplevel is None:
                continue
            # When the command starts, the terminal in which the person types is in front.
            if first is None:
                first = toplevel
                click.echo(_("Turn to the app that you mean, then come back here. Ctrl-C leaves."))
            elif toplevel.app_id != first.app_id:
                return toplevel
    return None
