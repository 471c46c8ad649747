"""`turntoward now`, `extend`, `stop`, `pause`, `resume`: what is under way at this moment."""

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

# So long partner time is that was begun without a length.
DEFAULT_LENGTH: Final = "90 min"


def start_now(words: tuple[str, ...], title: str) -> None:
    # Both arguments are read before either is refused.
    reader = ProblemCollector()
    lasts = reader.read(lambda text: read_words(_duration, text), " ".join(words) or DEFAULT_LENGTH)
    name = reader.read(parse_title, title, argument="--title")
    if lasts is None or name is None:
        raise UserError(reader.problems)
    before, started, after = context.change_plan(lambda store, now: requests.start(store, now, lasts, name))
    current = before.plan.current
    if started is None and current is not None:
        hint = _("`turntoward extend` lets it go on longer; `turntoward stop` ends it.")
        raise UserError(f"{before.unchanged_sentence(current)}\n  {hint}")
    under_way, *pause = after.state_sentences()
    context.wake_and_report([under_way, *after.following_sentences(), *pause])


def _duration(text: str, begins: datetime | None = None) -> timedelta:
    length = parse_length_or_end(text, argument="LENGTH", now=context.CLOCK.now(), zone=local_zone(), begins=begins)
    return check_duration(length, text, argument="LENGTH")


def extend_current(words: tuple[str, ...]) -> None:
    # "until 22:00" counts from the end that is planned; without anything under way its length does not matter.
    under_way = context.load_plan().under_way
    ends = under_way[0].ends if under_way else None
    by = read_words(lambda text: _duration(text, ends), " ".join(words))
    before, extended, after = context.change_plan(lambda store, now: requests.extend(store, now, by))
    if extended is None:
        current = before.plan.current
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
    before, stopped, after = context.change_plan(requests.stop)
    if not stopped:
        for sentence in [_("No partner time is under way; there is nothing to stop."), *after.state_sentences()]:
            print_text(sentence)
        return
    sentences = [before.fill(_("{title} is over; it was planned until {end}."), occurrence) for occurrence in stopped]
    context.wake_and_report([*sentences, *after.state_sentences()])


def pause_for(words: tuple[str, ...]) -> None:
    now, zone = context.CLOCK.now(), local_zone()
    lasts = read_words(lambda text: parse_length_or_end(text, argument="LENGTH", now=now, zone=zone), " ".join(words))
    if lasts > requests.MAX_PAUSE:
        message = _("a pause lasts at most 24 h, not {length}").format(length=format_length(lasts))
        hint = _("for longer, `turntoward service uninstall` or `turntoward remove`")
        raise UserError([Problem(message=message, file="LENGTH", hint=hint)])
    _before, _none, after = context.change_plan(lambda store, now: store.plans.pause_until(now + lasts))
    # A pause of no length is over before it is read back.
    until = after.describe_instant(after.paused_until) if after.paused_until else _("now")
    paused = _("Paused until {time}: nothing is sensed or kept; then it goes on by itself.").format(time=until)
    context.wake_and_report([paused, _("`turntoward resume` ends the pause sooner."), after.state_sentences()[0]])


def end_pause() -> None:
    before, _none, after = context.change_plan(lambda store, _now: store.plans.pause_until(None))
    if before.paused_until is None:
        for sentence in [_("There is no pause to end."), *after.state_sentences()]:
            print_text(sentence)
        return
    context.wake_and_report([_("The pause is over."), *after.state_sentences()])
