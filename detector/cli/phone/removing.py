"""Remove a phone at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click

from detector.cli.phone.shared import choose, door, look_until, wake
from detector.cli.plan import context as declared
from detector.devices import needs_phone_api
from detector.errors import DaemonNotRunning

SHUTTING: Final = timedelta(seconds=5)


def remove_phone(name: str, *, yes: bool) -> None:
    """Remove the phone of this name; it is asked for only where somebody can answer.

    Raises:
        UserError: if there is none of that name.
    """
    with declared.opened() as store:
        phone = choose(store.phones.all(), name)
        if not (yes or declared.nobody_to_ask()) and not click.confirm(f"Remove {phone.name}?"):
            declared.say("Nothing was removed.")
            return
        if phone.number is not None:
            store.phones.remove(phone.number)
        is_needed = needs_phone_api(store.phones.all(), declared.CLOCK.now())
        had_door = store.phones.api_address() is not None
        if not is_needed:
            store.phones.save_api_address(None)
        runs = wake(store)
    declared.say(f"Removed: {phone.name}.")
    if phone.token is not None:
        declared.say("Its token opens nothing any more. What you set up on the phone can be deleted there.")
    if had_door and not is_needed:
        declared.say(_about_the_door(runs=runs))
    declared.say("What was kept of it stays; `turntoward forget` deletes that.")


def _about_the_door(*, runs: bool) -> str:
    shut = "It was the last one: the door is shut."
    if not runs:
        return shut
    try:
        if look_until(lambda: not door().is_open, SHUTTING):
            return shut
    except DaemonNotRunning:
        return shut
    return "It was the last one, but the door is still open; `turntoward status` says more."
