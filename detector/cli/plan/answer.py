"""`turntoward answer`: answer the last nudge, for everybody whose notifications show no buttons."""

import time
from typing import Final

from detector.cli.output import print_text
from detector.cli.plan import context
from detector.control.lock import find_daemon, wake_daemon
from detector.control.requests import request_answers
from detector.core.effects import Moment, Outcome
from detector.core.observations import Answer
from detector.errors import DaemonNotRunning, TurntowardError, UserError
from detector.i18n import _, format_clock
from detector.store.store import Store
from detector.zone import local_zone
from rules.explain import format_activity, format_outcome
from rules.lengths import format_length
from rules.policy import NEEDED_LENGTHS

_ANSWERS: Final[dict[str, Answer]] = {"away": "put_away", "both": "together", "need": "needed"}
_LENGTHS: Final[dict[str, Answer]] = {"1min": "needed_1", "5min": "needed_5", "15min": "needed_15"}
_TRIES: Final = 40
_BETWEEN_TRIES: Final = 0.05
"""The daemon has two seconds to take the answer."""


def answer_nudge(word: str, length: str | None) -> None:
    if length is not None and word != "need":
        raise UserError(_("--for goes with `need`: turntoward answer need --for {length}").format(length=length))
    answers = [_ANSWERS[word], *([_LENGTHS[length]] if length else [])]
    with context.open_store() as store:
        if find_daemon() is None:
            raise DaemonNotRunning(context.NOT_RUNNING)
        moment = _last_nudge(store)
        # "I need this" may be followed by for how long.
        if moment.outcome is Outcome.NEEDED and moment.answer == "needed" and length:
            answers = answers[1:]
        elif moment.outcome is not None or moment.answer not in {None, "expired"}:
            raise TurntowardError(_why_not(moment))
        request_answers(store, moment, answers)
        wake_daemon()
        if not _is_taken(store, answers[-1]):
            raise TurntowardError(
                _("The answer was not taken within two seconds; `turntoward status` says what the program does.")
            )
    what = format_activity(moment.category, moment.name, moment.device)
    if word == "away":
        text = _('You answered "Put it away" to the nudge of {time} ({what}).')
    elif word == "both":
        text = _('You answered "This is for both of us". No more nudges about {what} in this partner time.')
    elif length:
        text = _('You answered "I need this". No nudges about {what} for {length}.')
    else:
        text = _('You answered "I need this" ({what}). `turntoward answer need --for 5min` says for how long.')
    lasts = format_length(NEEDED_LENGTHS[answers[-1]]) if length else ""
    print_text(text.format(time=_time(moment), what=what, length=lasts))


def _last_nudge(store: Store) -> Moment:
    occurrences = store.history.unfinished()
    if not occurrences:
        raise TurntowardError(_("No partner time is under way, so there is no nudge to answer."))
    nudges = [moment for moment in store.history.moments_of(occurrences[-1]) if moment.decided == "nudged"]
    if not nudges:
        raise TurntowardError(_("There was no nudge in this partner time so far."))
    return max(nudges, key=lambda moment: (moment.decided_at, moment.number))


def _why_not(moment: Moment) -> str:
    became = format_outcome(moment.decided, moment.outcome, moment.answer)
    if moment.answer not in {None, "expired"}:
        return _("The nudge of {time} has been answered already.\n  {became}").format(time=_time(moment), became=became)
    if moment.outcome is Outcome.UNDELIVERED:
        return _("The nudge of {time} cannot be answered.\n  {became}").format(time=_time(moment), became=became)
    text = _("It is too late to answer the nudge of {time}: that is possible for a minute and a half.\n  {became}")
    return text.format(time=_time(moment), became=became)


def _is_taken(store: Store, answer: Answer) -> bool:
    for _attempt in range(_TRIES):
        if _last_nudge(store).answer == answer:
            return True
        time.sleep(_BETWEEN_TRIES)
    return False


def _time(moment: Moment) -> str:
    return format_clock(moment.decided_at.astimezone(local_zone()))
