"""`turntoward what`: what the classifier makes of an app, or of the toplevel in front, and why. Nothing is stored."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress

import click

from detector.activities.classifier import Classifier
from detector.activities.load import load_classifier
from detector.cli.output import is_interactive
from detector.cli.what.front import in_front, watch_front
from detector.cli.what.learning import learn, learn_unknown
from detector.cli.what.subject import Subject, clock, write_classification
from detector.cli.what.unknown import list_unknown, named_unknown
from detector.config.read import read_settings
from detector.errors import UserError
from detector.i18n import _
from detector.paths import config_path
from detector.sensors.settings import SensorSettings


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
    """Write what the named app is, or what is in front; learn it; or list apps that are unknown."""
    subject = Subject(app=app, title=title, program=program, inside=inside, package=package)
    is_named = subject.is_on_desktop or subject.package is not None
    if is_learning:
        if once or as_json:
            raise UserError(_("--learn goes without --once and --json."))
        if not is_unknown:
            _check_package(subject)
            learn(subject if is_named else _seen_in_front(), category, yes=yes)
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
    _check_package(subject)
    settings = read_settings(config_path())
    classifier = load_classifier(settings.activities)
    if is_named:
        write_classification(subject, subject.classify(classifier), as_json=as_json)
        return
    with suppress(KeyboardInterrupt):
        asyncio.run(_watch(classifier, settings.sources, once=once, as_json=as_json))


def _check_package(subject: Subject) -> None:
    if subject.package is not None and subject.is_on_desktop:
        raise UserError(_("--package is an app on a phone; leave --app, --title, --program and --inside out."))


def _seen_in_front() -> Subject:
    toplevel = asyncio.run(in_front(read_settings(config_path()).sources, other=is_interactive()))
    if toplevel is None:
        raise UserError(_("Nothing is in front, so there is nothing to learn."))
    return Subject.of(toplevel)


async def _watch(classifier: Classifier, sources: SensorSettings, *, once: bool, as_json: bool) -> None:
    async with aclosing(watch_front(sources)) as events:
        async for event in events:
            if event.toplevel is not None:
                subject = Subject.of(event.toplevel)
                write_classification(subject, subject.classify(classifier), as_json=as_json, at=event.at)
            elif as_json:
                nothing = {"at": event.at.isoformat(), "category": None, "why": _("Nothing is in front.")}
                click.echo(json.dumps(nothing))
            else:
                click.echo(_("{time}  nothing is in front").format(time=clock(event.at)))
            if once:
                return
