"""`turntoward try`: the bundled evening through everything but the desktop's sensors, in seconds."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

import click

from detector.clock import ManualClock, SystemClock
from detector.config.settings import Settings
from detector.core.effects import Effect, Moment, Notify, NotifyStart, Outcome, Record
from detector.core.observations import Answered, Observation, PartnerTimeBegan, PartnerTimeEnded, Shown
from detector.core.pipeline import Pipeline
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.replay import ReplayRunner
from detector.daemon.wording import Wording
from detector.errors import UserError
from detector.files import make_folders
from detector.i18n import _, format_clock
from detector.notifier import make_notifiers
from detector.notifier.chain import NotifierChain
from detector.notifier.model import NotificationText
from detector.notifier.printing import PrintingNotifier
from detector.report.as_text import as_text
from detector.report.summarise import summarise
from detector.rulebook.loading import load_rules
from detector.store.recordings import read_recording, shift
from detector.store.store import Store
from detector.zone import local_zone
from rules.explain import format_reason, why_line
from rules.model import Rule

# How long a nudge stays on the screen before the evening goes on, where somebody watches.
NUDGE_SECONDS: Final = 1.5
ANSWERS: Final = {
    "put_away": _("put it away"),
    "together": _("this is for both of us"),
    "needed": _("I need this"),
    "dismissed": _("not now"),
}
OUTCOMES: Final = {
    "put_away_30": _("put away within 30 s of the nudge"),
    "put_away_60": _("put away within 60 s of the nudge"),
    "ignored": _("it went on, and the nudge was not answered"),
}


class DemoWording(Wording):
    """Leaves out how to answer in a terminal: `turntoward answer` needs a daemon."""

    def nudge(self, moment: Moment) -> NotificationText:
        return replace(super().nudge(moment), how_to_answer="")

    def how_long(self, moment: Moment) -> NotificationText:
        return replace(super().how_long(moment), how_to_answer="")


def play_demo(keep: Path | None, recording: Path | None) -> None:
    """Play an evening through core, notifiers, store and report, and write what happens.

    `keep`: the folder in which the store stays; `recording`: another evening than the bundled one.
    """
    evening = list(_evening(recording))
    # The built-in rules alone, so that the demo shows the same on every device.
    rules = load_rules(None).rules
    with _folder(keep) as folder, Store.open(folder / "turntoward.sqlite") as store:
        began, ended = evening[0].at, evening[-1].at
        click.echo(_("A recorded evening, {count} observations; it takes seconds.").format(count=len(evening)) + "\n")
        asyncio.run(_play(evening, rules, Settings(), store))
        click.echo("\n" + _("The same evening in `turntoward report`:") + "\n")
        click.echo(_report(store, began, ended, rules), nl=False)
        if keep is not None:
            click.echo("\n" + _("Kept in {file}.").format(file=folder / "turntoward.sqlite"))


def _evening(recording: Path | None) -> Iterator[Observation]:
    bundled = files("detector.store").joinpath("evening.jsonl")
    with as_file(bundled) as path:
        observations = list(read_recording(recording or path))
    if not observations or not isinstance(observations[0], PartnerTimeBegan):
        message = _("{file}: it does not begin with the beginning of partner time.")
        raise UserError(message.format(file=recording or _("the bundled evening")))
    # The report looks back from now, so the evening must lie in the recent past.
    yesterday = SystemClock().now().astimezone() - timedelta(days=1)
    begins = yesterday.replace(hour=18, minute=30, second=0, microsecond=0)
    yield from shift(observations, begins - observations[0].at)


async def _play(evening: Sequence[Observation], rules: Sequence[Rule], settings: Settings, store: Store) -> None:
    clock = ManualClock(evening[0].at)
    results: list[Observation] = []
    by_code = {rule.code: rule for rule in rules}
    effect_runner = EffectRunner(
        store=store,
        sender=NotifierChain([*make_notifiers(), PrintingNotifier(needs_terminal=False)]),
        wording=DemoWording(settings, began=evening[0].at, rules=by_code),
        put=results.append,
        clock=clock,
    )
    core = Pipeline(rules, settings.policy, settings.attention)
    player = ReplayRunner(core=core, effect_runner=effect_runner, clock=clock, results=results)
    is_watched = sys.stdout.isatty()
    try:
        async for at, effect in player.play(evening):
            for line in _lines(at, effect, by_code):
                click.echo(line)
            # On a desktop the next nudge would replace this one before anybody could read it.
            if is_watched and isinstance(effect, Notify) and effect_runner.last_shown_by not in (None, "print"):
                await asyncio.sleep(NUDGE_SECONDS)  # noqa: TID251 - a person watches
    finally:
        await effect_runner.close()


def _lines(at: datetime, effect: Effect, rules: Mapping[str, Rule]) -> Iterator[str]:
    when = format_clock(at.astimezone())
    match effect:
        case NotifyStart():
            text = _("Partner time begins; it is planned until {end}.")
            yield f"{when}  {text.format(end=format_clock(effect.ends.astimezone()))}"
        case Notify(moment=moment):
            name = rules[moment.rule].name if moment.rule in rules else moment.rule
            yield f"{when}  {_why(moment)}"
            yield _("       → a nudge: {rule}").format(rule=name)
        case Record(item=Moment(decided="suppressed", outcome=None, ended=None) as moment) if moment.reason:
            yield f"{when}  {_why(moment)}"
            yield _("       no nudge: {reason}").format(reason=format_reason(moment.reason))
        case Record(item=Shown(by=by)):
            yield _("       shown by {notifier}").format(notifier=by)
        case Record(item=Answered(answer=answer)) if answer in ANSWERS:
            yield _("{when}  you answered: {answer}").format(when=when, answer=ANSWERS[answer])
        case Record(item=Answered()):
            yield _("{when}  no answer").format(when=when)
        case Record(item=Moment(outcome=Outcome() as outcome, ended=ended)) if outcome in OUTCOMES:
            left = format_clock(ended.astimezone()) if ended else when
            yield f"{left}  {OUTCOMES[outcome]}"
        case Record(item=PartnerTimeEnded()):
            yield _("{when}  Partner time is over.").format(when=when)
        case _:
            return


def _why(moment: Moment) -> str:
    return why_line(moment.category, None, moment.evidence, 1, None, device=moment.device).rstrip(".")


def _report(store: Store, began: datetime, ended: datetime, rules: Sequence[Rule]) -> str:
    summary = summarise(
        store.history.occurrences(),
        store.history.uses(),
        store.history.moments(),
        store.history.coverage(),
        # The bounds are half-open, [since, until): a second more takes the whole evening in.
        since=began - timedelta(seconds=1),
        until=ended + timedelta(seconds=1),
        zone=local_zone(),
        rules={rule.code: rule.name for rule in rules},
    )
    return as_text(summary, 80, colour=sys.stdout.isatty())


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="turntoward-try-") as temporary:
            yield Path(temporary)
        return
    if (file := keep / "turntoward.sqlite").exists():
        raise UserError(_("{file} exists already; name another folder.").format(file=file))
    # Only the owner may look into it, as with the real store.
    make_folders(keep)
    yield keep
