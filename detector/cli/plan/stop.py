"""`turntoward stop`: end the partner time under way."""

from __future__ import annotations

from detector.cli.output import say
from detector.cli.plan import context
from detector.control import requests
from detector.i18n import _


def stop_current() -> None:
    """Stop all that is under way."""
    with context.open_store() as store:
        before = context.read(store)
        stopped = requests.stop(store, before.now)
        after = context.read(store)
    if not stopped:
        for sentence in [_("No partner time is under way; there is nothing to stop."), *after.state_sentences()]:
            say(sentence)
        return
    sentences = [before.fill(_("{title} is over; it was planned until {end}."), each) for each in stopped]
    context.conclude([*sentences, *after.state_sentences()])
