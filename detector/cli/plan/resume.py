"""`turntoward resume`: end the pause."""

from __future__ import annotations

from detector.cli.output import say
from detector.cli.plan import context
from detector.i18n import _


def end_pause() -> None:
    """End the pause, if there is one."""
    with context.open_store() as store:
        before = context.read(store)
        store.plans.pause_until(None)
        after = context.read(store)
    if before.paused_until is None:
        for sentence in [_("There is no pause to end."), *after.state_sentences()]:
            say(sentence)
        return
    context.conclude([_("The pause is over."), *after.state_sentences()])
