"""`turntoward quiet-week start`, `status` and `stop`: seven evenings without nudges."""

from typing import Final

from detector.cli.output import print_json, print_text
from detector.cli.plan import context
from detector.cli.stored import open_stored
from detector.i18n import _, ngettext
from detector.store import quiet_week
from detector.store.quiet_week import EVENINGS, QuietWeek
from detector.store.store import Store
from detector.zone import local_zone

OFFER: Final = _(
    "`turntoward quiet-week start` shows no nudges for the first seven evenings, and then proposes settings that suit you."
)
HINT: Final = _("`turntoward quiet-week start` begins with seven quiet evenings, if you like.")
QUESTION: Final = _("Show no nudges for the first seven evenings, and then propose settings that suit you?")


def start_week() -> None:
    with context.open_store() as store:
        if quiet_week.current_evening(store, local_zone()) is not None:
            week = quiet_week.load(store)
            sentences = [_("It has begun already."), *_format_state(week, _evenings_done(store, week))]
        else:
            quiet_week.start(store, context.CLOCK.now())
            sentences = [_("For seven evenings no nudges are shown; moments are recorded.")]
            if store.history.unfinished():
                sentences.append(_("The partner time under way goes on as it is; it begins with the next."))
            sentences.append(_("`turntoward quiet-week` says how far it is, and `turntoward quiet-week stop` ends it."))
    context.wake_and_report(sentences)


def stop_week() -> None:
    with context.open_store() as store:
        evening = quiet_week.current_evening(store, local_zone())
        # Outside of the week there is nothing to stop, and its result must stay as it is.
        if evening is not None:
            quiet_week.stop(store)
    if evening is None:
        print_text(_("The quiet week is not under way; nothing was changed."))
        return
    text = _("The quiet week is over after {evenings}; from now on nudges are shown.")
    # The evening that was under way does not count, as it is not over.
    context.wake_and_report([text.format(evenings=format_evenings(evening - 1))])


def write_status(*, as_json: bool) -> None:
    with open_stored() as store:
        week = quiet_week.load(store)
        done = _evenings_done(store, week)
    if as_json:
        state = {"state": _state(week, done), "evenings": done, "of": EVENINGS, "since": week.since}
        print_json(state | {"declined": list(week.declined)})
        return
    for sentence in _format_state(week, done):
        print_text(sentence)


def format_missing(week: QuietWeek, done: int) -> list[str]:
    if done >= EVENINGS:
        return []
    if week.since is None:
        return [_("Proposals rest on seven quiet evenings, and the quiet week has not begun."), OFFER]
    missing = EVENINGS - done
    text = ngettext(
        "Proposals rest on seven quiet evenings: {done} are known, {missing} is missing.",
        "Proposals rest on seven quiet evenings: {done} are known, {missing} are missing.",
        missing,
    )
    sentences = [text.format(done=done, missing=missing)]
    if week.stopped:
        sentences.append(_("You ended the quiet week early; `turntoward quiet-week start` starts it again."))
    return sentences


def format_evenings(done: int) -> str:
    return _("{done} of {all} evenings").format(done=done, all=EVENINGS)


def _format_state(week: QuietWeek, done: int) -> list[str]:
    state = _state(week, done)
    if state == "not begun":
        return [_("The quiet week has not begun; nudges are shown."), OFFER]
    if state == "stopped":
        return [
            _("You ended the quiet week after {evenings}; nudges are shown.").format(evenings=format_evenings(done))
        ]
    if state == "over":
        return [
            _("The quiet week is over: all {count} evenings are done, and nudges are shown.").format(count=EVENINGS),
            _("`turntoward quiet-week propose` suggests settings for you."),
        ]
    text = _("The quiet week: {evenings} are done. Moments are recorded, and no nudges are shown.")
    return [
        text.format(evenings=format_evenings(done)),
        _("An evening counts once it is over and 20 min of it are known. `turntoward quiet-week stop` ends it."),
    ]


def _state(week: QuietWeek, done: int) -> str:
    if week.since is None:
        return "not begun"
    if week.stopped:
        return "stopped"
    return "over" if done >= EVENINGS else "under way"


def _evenings_done(store: Store, week: QuietWeek) -> int:
    return len(quiet_week.evenings(store, week, local_zone()))
