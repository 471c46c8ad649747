"""`turntoward now`, `extend`, `stop`, `pause`, `resume`: change the current partner time."""

from datetime import datetime, timedelta
from typing import Final

from detector.cli.output import print_text, read_words
from detector.cli.plan import context
from detector.control import requests
from detector.errors import Problem, UserError
from detector.i18n import _
from detector.partner_time.declaration import ProblemCollector
from detector.partner_time.parse_dates import parse_length_or_end
from detector.partner_time.parse_times import check_duration, parse_title
from detector.zone import local_zone
from rules.lengths import format_length

# The duration of partner time that was begun without one.
DEFAULT_LENGTH: Final = "90 min"


def start_now(words: tuple[str, ...], title: str) -> None:
    # Both arguments are read before either is refused.
    reader = ProblemCollector()
    duration = reader.read(lambda text: read_words(_read_duration, text), " ".join(words) or DEFAULT_LENGTH)
    name = reader.read(parse_title, title, argument="--title")
    if duration is None or name is None:
        raise UserError(reader.problems)
    with context.open_store() as store:
        before = context.read_plan(store)
        started = requests.start(store, before.now, duration, name)
        after = context.read_plan(store)
    current = before.current
    if started is None and current is not None:
        hint = _("`turntoward extend` makes it longer; `turntoward stop` ends it.")
        raise UserError(f"{before.unchanged_sentence(current)}\n  {hint}")
    under_way, *pause = after.state_sentences()
    context.wake_and_report([under_way, *after.following_sentences(), *pause])


def _read_duration(text: str, begins: datetime | None = None) -> timedelta:
    duration = parse_length_or_end(text, argument="LENGTH", now=context.CLOCK.now(), zone=local_zone(), begins=begins)
    return check_duration(duration, text, argument="LENGTH")


def extend_current(words: tuple[str, ...]) -> None:
    # "until 22:00" counts from the planned end; where nothing is under way, the duration does not matter.
    under_way = context.load_plan().under_way
    ends = under_way[0].ends if under_way else None
    by = read_words(lambda text: _read_duration(text, ends), " ".join(words))
    with context.open_store() as store:
        before = context.read_plan(store)
        extended = requests.extend(store, before.now, by)
        after = context.read_plan(store)
    if extended is None:
        current = before.current
        if current is None:
            message = _("No partner time is under way; nothing was changed.")
            raise UserError(f"{message}\n  {_('`turntoward now 30min` begins one.')}")
        raise UserError(f"{before.unchanged_sentence(current)}\n  {_('Partner time lasts 24 h at the longest.')}")
    planned = before.under_way[0].ends
    if extended.ends < planned + by:
        text = _("{title} goes on until {end} instead of {planned}; 24 h are the longest.")
    else:
        text = _("{title} goes on until {end} instead of {planned}.")
    sentence = after.fill(text, extended, planned=before.describe_instant(planned))
    context.wake_and_report([sentence, *after.following_sentences(), *after.pause_sentences()])


def stop_current() -> None:
    with context.open_store() as store:
        before = context.read_plan(store)
        stopped = requests.stop(store, before.now)
        after = context.read_plan(store)
    if not stopped:
        for sentence in [_("No partner time is under way; there is nothing to stop."), *after.state_sentences()]:
            print_text(sentence)
        return
    sentences = [before.fill(_("{title} is over; it was planned until {end}."), occurrence) for occurrence in stopped]
    context.wake_and_report([*sentences, *after.state_sentences()])


def pause_for(words: tuple[str, ...]) -> None:
    now, zone = context.CLOCK.now(), local_zone()
    duration = read_words(
        lambda text: parse_length_or_end(text, argument="LENGTH", now=now, zone=zone), " ".join(words)
    )
    if duration > requests.MAX_PAUSE:
        message = _("a pause lasts at most 24 h, not {length}").format(length=format_length(duration))
        hint = _("for longer, `turntoward service uninstall` or `turntoward remove`")
        raise UserError([Problem(message=message, file="LENGTH", hint=hint)])
    with context.open_store() as store:
        store.plans.pause_until(context.CLOCK.now() + duration)
        after = context.read_plan(store)
    # A pause of 0 s is over before it is read back.
    until = after.describe_instant(after.paused_until) if after.paused_until else _("now")
    paused = _("Paused until {time}: nothing is sensed or kept; then it goes on by itself.").format(time=until)
    context.wake_and_report([paused, _("`turntoward resume` ends the pause sooner."), after.state_sentences()[0]])


def end_pause() -> None:
    with context.open_store() as store:
        before = context.read_plan(store)
        store.plans.pause_until(None)
        after = context.read_plan(store)
    if before.paused_until is None:
        for sentence in [_("There is no pause to end."), *after.state_sentences()]:
            print_text(sentence)
        return
    context.wake_and_report([_("The pause is over."), *after.state_sentences()])
