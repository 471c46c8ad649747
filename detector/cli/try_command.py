"""`turntoward try`: the bundled evening through everything but the desktop's sensors, in seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from datetime import datetime

    from detector.config.settings import Settings
    from detector.core.effects import Effect
    from detector.core.observations import Observation
    from detector.store.store import Store
    from rules.model import Rule

HELD: Final = 1.5
"""Seconds that a nudge stands before the evening goes on, where somebody watches."""


@click.command("try", epilog="Example: turntoward try")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the SQLite file in this folder.")
@click.option("--recording", type=click.Path(path_type=Path, dir_okay=False), hidden=True)
def command(*, keep: Path | None, recording: Path | None) -> None:
    """See it work without a desktop: a recorded evening, through the same core, nudges, store and report.

    The evening was recorded by the real sensors on a real X server. Nothing of yours is read or changed.
    """
    import asyncio  # noqa: PLC0415 - not for --help

    from detector.config.settings import Settings  # noqa: PLC0415 - not for --help
    from detector.rulebook.loading import load_rules  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    evening = list(_evening(recording))
    rules = load_rules(None).rules
    with _folder(keep) as folder, Store.open(folder / "turntoward.sqlite") as store:
        began, ended = evening[0].at, evening[-1].at
        click.echo(f"A recorded evening, {len(evening)} observations; it takes seconds.\n")
        asyncio.run(_play(evening, rules, Settings(), store))
        click.echo("\nThe same evening in `turntoward report`:\n")
        click.echo(_report(store, began, ended, rules), nl=False)
        if keep is not None:
            click.echo(f"\nKept in {folder / 'turntoward.sqlite'}.")


def _evening(recording: Path | None) -> Iterator[Observation]:
    """Yield the evening's observations, moved so that it began at 18:30 yesterday by the person's clock."""
    from datetime import timedelta  # noqa: PLC0415 - not for --help
    from importlib.resources import as_file, files  # noqa: PLC0415 - not for --help

    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.core.observations import PartnerTimeBegan  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.store.recordings import read_recording, shift  # noqa: PLC0415 - not for --help

    bundled = files("detector.store").joinpath("evening.jsonl")
    with as_file(bundled) as path:
        observations = list(read_recording(recording or path))
    if not observations or not isinstance(observations[0], PartnerTimeBegan):
        raise UserError(f"{recording or 'the bundled evening'}: it does not begin with the beginning of partner time.")
    yesterday = SystemClock().now().astimezone() - timedelta(days=1)
    wanted = yesterday.replace(hour=18, minute=30, second=0, microsecond=0)
    yield from shift(observations, wanted - observations[0].at)


async def _play(evening: list[Observation], rules: tuple[Rule, ...], settings: Settings, store: Store) -> None:
    import asyncio  # noqa: PLC0415 - not for --help

    from detector.clock import ManualClock  # noqa: PLC0415 - not for --help
    from detector.core.effects import Notify  # noqa: PLC0415 - not for --help
    from detector.core.pipeline import Pipeline  # noqa: PLC0415 - not for --help
    from detector.daemon.effect_runner import EffectRunner  # noqa: PLC0415 - not for --help
    from detector.daemon.replay import Player  # noqa: PLC0415 - not for --help
    from detector.daemon.wording import greet_with, speak_of  # noqa: PLC0415 - not for --help
    from detector.notifier import make_notifiers  # noqa: PLC0415 - not for --help
    from detector.notifier.chain import NotifierChain  # noqa: PLC0415 - not for --help

    clock = ManualClock(evening[0].at)
    results: list[Observation] = []
    by_code = {rule.code: rule for rule in rules}
    effect_runner = EffectRunner(
        store=store,
        voice=NotifierChain(make_notifiers()),
        words=speak_of(evening[0].at, by_code, settings),
        greeting=greet_with(settings),
        put=results.append,
        clock=clock,
    )
    core = Pipeline(rules, settings.policy, settings.attention)
    player = Player(core=core, effect_runner=effect_runner, clock=clock, results=results)
    watched = sys.stdout.isatty()
    try:
        async for at, effect in player.play(evening):
            for line in _told(at, effect, by_code):
                click.echo(line)
            if watched and isinstance(effect, Notify) and effect_runner.last_spoke not in (None, "print"):
                await asyncio.sleep(HELD)  # noqa: TID251 - a person watches
    finally:
        await effect_runner.close()


def _told(at: datetime, effect: Effect, rules: dict[str, Rule]) -> Iterator[str]:
    """Yield what a person wants to see of the effect: what was said, what was not and why, what came of it."""
    from detector.core.effects import Greet, Moment, Notify, Outcome, Record  # noqa: PLC0415 - not for --help
    from detector.core.observations import Answered, PartnerTimeEnded, Shown  # noqa: PLC0415 - not for --help
    from rules.explain import say_reason, why  # noqa: PLC0415 - not for --help

    when = f"{at.astimezone():%H:%M}"
    match effect:
        case Greet():
            yield f"{when}  Partner time begins; it is planned until {effect.ends.astimezone():%H:%M}."
        case Notify(moment=moment):
            line = why(moment.category, None, moment.evidence, 1, None, device=moment.device).rstrip(".")
            name = rules[moment.rule].name if moment.rule in rules else moment.rule
            yield f"{when}  {line}"
            yield f"       → a nudge: {name}"
        case Record(what=Moment(decided="suppressed", outcome=None, ended=None) as moment) if moment.reason:
            line = why(moment.category, None, moment.evidence, 1, None, device=moment.device).rstrip(".")
            yield f"{when}  {line}"
            yield f"       kept, not said: {say_reason(moment.reason)}"
        case Record(what=Shown(by=by)):
            yield f"       shown by {by}"
        case Record(what=Answered(answer=answer)):
            yield f"{when}  you answered: {_ANSWERS[answer]}" if answer in _ANSWERS else f"{when}  no answer"
        case Record(what=Moment(outcome=Outcome() as outcome, ended=ended)) if outcome in _OUTCOMES:
            left = f"{ended.astimezone():%H:%M}" if ended else when
            yield f"{left}  {_OUTCOMES[outcome]}"
        case Record(what=PartnerTimeEnded()):
            yield f"{when}  Partner time is over."
        case _:
            return


_ANSWERS: Final = {
    "put_away": "put it away",
    "together": "this is for both of us",
    "needed": "I need this",
    "dismissed": "not now",
}
_OUTCOMES: Final = {
    "put_away_30": "put away within 30 s of the nudge",
    "put_away_60": "put away within 60 s of the nudge",
    "ignored": "gone on with; the nudge was let pass",
}


def _report(store: Store, began: datetime, ended: datetime, rules: tuple[Rule, ...]) -> str:
    from datetime import timedelta  # noqa: PLC0415 - not for --help

    from detector.report.as_text import as_text  # noqa: PLC0415 - not for --help
    from detector.report.summarise import summarise  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    summary = summarise(
        store.occurrences(),
        store.uses(),
        store.moments(),
        store.coverage(),
        since=began - timedelta(seconds=1),
        until=ended + timedelta(seconds=1),
        zone=reader_zone(),
        rules={rule.code: rule.name for rule in rules},
    )
    return as_text(summary, 80, colour=sys.stdout.isatty())


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    import tempfile  # noqa: PLC0415 - not for --help

    if keep is None:
        with tempfile.TemporaryDirectory(prefix="turntoward-try-") as temporary:
            yield Path(temporary)
        return
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    if (keep / "turntoward.sqlite").exists():
        raise UserError(f"{keep / 'turntoward.sqlite'} exists already; name another folder.")
    keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield keep
