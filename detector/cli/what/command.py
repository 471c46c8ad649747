"""`turntoward what`: what the classifier makes of the toplevel in front, and why. Nothing is stored.

Rule 1: a title is never written out, unless the person typed it.
"""

from __future__ import annotations

import json
import sys
import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from detector.errors import SensorUnavailable, UserError

if TYPE_CHECKING:
    from detector.activities.classifier import Classifier
    from detector.activities.model import Classification
    from detector.sensors.model import Sensor, Toplevel, ToplevelFocused
    from detector.sensors.settings import SensorSettings

COLUMNS: Final = 80
LONGEST_ID: Final = 60


@click.command(epilog='Example: turntoward what --app firefox --title "Home / X — Mozilla Firefox"')
@click.option("--app", help="Ask about this app id instead: WM_CLASS, Wayland app id or .desktop id.")
@click.option("--title", help="The title to go with --app; sites are only looked for in browsers.")
@click.option("--program", help="The program to go with --app.")
@click.option("--inside", help="The program inside a terminal, such as neomutt.")
@click.option("--package", help="Ask about an Android package or an iOS bundle id instead.")
@click.option("--unknown", is_flag=True, help="List apps opened on phones that nobody knows, as counts.")
@click.option("--learn", "learning", is_flag=True, help="Say what it is; that is kept in your config.")
@click.option("--category", help="With --learn: what it is, instead of being asked.")
@click.option("--yes", "sure", is_flag=True, help="With --learn --category: write it without a question.")
@click.option("--once", is_flag=True, help="Say what is in front now, and end.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, one object a line.")
def command(
    *,
    app: str | None,
    title: str | None,
    program: str | None,
    inside: str | None,
    package: str | None,
    unknown: bool,
    learning: bool,
    category: str | None,
    sure: bool,
    once: bool,
    as_json: bool,
) -> None:
    """Show what the program makes of the toplevel in front, and why.

    Live: one entry for each change, until Ctrl-C. Nothing is stored, and titles are not shown. With --app or
    --package it answers about words of yours, also without a desktop. --learn asks
    what it is to you and keeps that; with --unknown, of each unknown app.
    """
    by_hand = (app, title, program, inside)
    if learning:
        if once or as_json:
            raise UserError("--learn goes without --once and --json.")
        _learn(by_hand, package, category, unknown=unknown, sure=sure)
        return
    if category is not None or sure:
        raise UserError("--category and --yes go with --learn.")
    if unknown:
        if once or any(word is not None for word in (*by_hand, package)):
            raise UserError("--unknown goes with --json only.")
        from detector.cli.what.unknown import list_unknown  # noqa: PLC0415 - only when used

        list_unknown(as_json=as_json)
        return
    from detector.activities.load import load_classifier  # noqa: PLC0415 - only when used
    from detector.config.read import read_settings  # noqa: PLC0415 - only when used
    from detector.paths import config_path  # noqa: PLC0415 - only when used

    if package is not None and any(word is not None for word in by_hand):
        raise UserError("--package is an app on a phone; leave --app, --title, --program and --inside out.")
    settings = read_settings(config_path())
    classifier = load_classifier(settings.activities)
    if package is not None:
        _say({"package": package}, classifier.classify_phone(package), as_json=as_json)
    elif any(word is not None for word in by_hand):
        asked = {"app": app or "", "title": title, "program": program, "inside": inside}
        _say(asked, classifier.classify(app or "", title or "", program, inside), as_json=as_json)
    else:
        _live(classifier, settings.sources, once=once, as_json=as_json)


def _learn(
    by_hand: tuple[str | None, ...], package: str | None, category: str | None, *, unknown: bool, sure: bool
) -> None:
    from detector.cli.what.learning import Asked, learn, learn_unknown  # noqa: PLC0415 - only when used

    is_typed = any(word is not None for word in by_hand)
    if unknown and (is_typed or package is not None or category is not None):
        raise UserError("--unknown --learn asks about each app itself; for one of them, use --package NAME instead.")
    if package is not None and is_typed:
        raise UserError("--package is an app on a phone; leave --app, --title, --program and --inside out.")
    if unknown:
        from detector.cli.what.unknown import named_unknown  # noqa: PLC0415 - only when used

        learn_unknown(named_unknown())
    elif package is not None or is_typed:
        app, title, program, inside = by_hand
        asked = Asked(app=app or "", title=title or "", program=program, inside=inside, package=package)
        learn(asked, category, sure=sure)
    else:
        import asyncio  # noqa: PLC0415 - only when used

        from detector.config.read import read_settings  # noqa: PLC0415 - only when used
        from detector.paths import config_path  # noqa: PLC0415 - only when used

        front = asyncio.run(_in_front(read_settings(config_path()).sources, other=sys.stdin.isatty()))
        if front is None:
            raise UserError("Nothing is in front, so there is nothing to learn.")
        asked = Asked(app=front.app_id, title=front.title, program=front.program, inside=front.inside, typed=False)
        learn(asked, category, sure=sure)


async def _in_front(sources: SensorSettings, *, other: bool) -> Toplevel | None:
    """Return what is in front; with `other`, what comes to the front after the terminal in which the person types."""
    from contextlib import aclosing  # noqa: PLC0415 - only when live

    from detector.sensors.model import ToplevelFocused  # noqa: PLC0415 - only when live

    first: Toplevel | None = None
    sensor = await _focus_sensor(sources)
    async with aclosing(sensor.observe()) as seen:
        async for observed in seen:
            front = observed.toplevel if isinstance(observed, ToplevelFocused) else None
            if front is not None and not other:
                return front
            if front is not None and first is None:
                first = front
                click.echo("Turn to the app that you mean, then come back here. Ctrl-C leaves.")
            elif front is not None and first is not None and front.app_id != first.app_id:
                return front
            elif isinstance(observed, ToplevelFocused) and not other:
                return None
    return None


def _live(classifier: Classifier, sources: SensorSettings, *, once: bool, as_json: bool) -> None:
    import asyncio  # noqa: PLC0415 - only when live
    from contextlib import suppress  # noqa: PLC0415 - only when live

    with suppress(KeyboardInterrupt):
        asyncio.run(_watch(classifier, sources, once=once, as_json=as_json))


async def _watch(classifier: Classifier, sources: SensorSettings, *, once: bool, as_json: bool) -> None:
    from contextlib import aclosing  # noqa: PLC0415 - only when live

    from detector.sensors.model import ToplevelFocused  # noqa: PLC0415 - only when live

    sensor = await _focus_sensor(sources)
    async with aclosing(sensor.observe()) as seen:
        async for observed in seen:
            if not isinstance(observed, ToplevelFocused):
                continue
            _say_seen(classifier, observed, as_json=as_json)
            if once:
                return


async def _focus_sensor(sources: SensorSettings) -> Sensor:
    from detector.clock import SystemClock  # noqa: PLC0415 - only when live
    from detector.core.attention.settings import AttentionSettings  # noqa: PLC0415 - only when live
    from detector.sensors import first_available  # noqa: PLC0415 - only when live

    sensor, refusals = await first_available("focus", SystemClock(), AttentionSettings(), None, sources)
    if sensor is None:
        lines = ["No sensor can tell here what is in front of you:"]
        for refusal in refusals:
            lines.append(f"  {refusal.sensor}: {refusal.why}.")
            if refusal.remedy:
                lines.append(f"    {refusal.remedy}")
        lines.append("Ask about words of yours instead, for example: turntoward what --app firefox --title YouTube")
        raise SensorUnavailable("\n".join(lines))
    return sensor


def _say_seen(classifier: Classifier, seen: ToplevelFocused, *, as_json: bool) -> None:
    front = seen.toplevel
    if front is None:
        if as_json:
            click.echo(json.dumps({"at": seen.at.isoformat(), "category": None, "why": "Nothing is in front."}))
        else:
            click.echo(f"{_local(seen.at)}  nothing is in front")
        return
    verdict = classifier.classify(front.app_id, front.title, front.program, front.inside)
    named = {"app": front.app_id, "program": front.program, "inside": front.inside}
    _say(named, verdict, as_json=as_json, at=seen.at)


def _say(asked: dict[str, str | None], verdict: Classification, *, as_json: bool, at: datetime | None = None) -> None:
    if as_json:
        line: dict[str, Any] = {} if at is None else {"at": at.isoformat()}
        line |= {key: word for key, word in asked.items() if word is not None}
        line |= {"category": verdict.category, "name": verdict.name, "why": verdict.why, "entry": verdict.entry}
        click.echo(json.dumps(line, ensure_ascii=False))
        return
    what = verdict.category if verdict.name is None else f"{verdict.category}: {verdict.name}"
    click.echo(what if at is None else f"{_local(at)}  {what}")
    for key, word in asked.items():
        if word:
            _row("app id" if key == "app" else key, shown(word))
    _row("why", verdict.why)


def _row(key: str, text: str) -> None:
    lead = f"  {key:<9}"
    click.echo(textwrap.fill(text, COLUMNS, initial_indent=lead, subsequent_indent=" " * len(lead)))


def shown(word: str) -> str:
    """Return the word as a terminal may show it: printable, and not too long."""
    # Any program may call itself whatever it likes, escape sequences included.
    plain = "".join(letter if letter.isprintable() else " " for letter in word[: LONGEST_ID + 1])
    return plain if len(plain) <= LONGEST_ID else plain[:LONGEST_ID] + "…"


def _local(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")
