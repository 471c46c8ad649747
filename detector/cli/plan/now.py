"""`turntoward now`, `extend`, `stop`, `pause`, `resume`: what is under way at this moment."""

from detector.cli.output import print_text
from detector.cli.plan import context
from detector.control import requests
from detector.errors import Problem, UserError
from detector.i18n import _
from detector.partner_time.declaration import ProblemCollector
from detector.partner_time.parse_times import parse_duration, parse_title
from rules.lengths import format_length, parse_length


def start_now(length: str, title: str) -> None:
    # Both arguments are read before either is refused.
    reader = ProblemCollector()
    lasts = reader.read(parse_duration, length, argument="LENGTH")
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


def extend_current(length: str) -> None:
    by = parse_duration(length, argument="LENGTH")
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


def pause_for(length: str) -> None:
    try:
        lasts = parse_length(length)
    except ValueError as error:
        message, _separator, hint = str(error).partition("; ")
        raise UserError([Problem(message=message, file="LENGTH", hint=hint or None)]) from None
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
