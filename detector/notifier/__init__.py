"""The channels to the person, tried in order: freedesktop, notify-send, plyer, print.

Rule 1: adding a notifier is one file, one row in `REGISTRY`, and one subclass of `NotifierConformance` in the tests.
Rule 2: a notifier's file is imported only when it is made, and what it needs only when it is first used.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final

from detector.errors import Problem, UserError
from detector.notifier.model import Notifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbus_fast.aio import MessageBus

REGISTRY: Final[dict[str, tuple[str, str]]] = {
    "freedesktop": ("detector.notifier.freedesktop", "FreedesktopNotifier"),
    "notify-send": ("detector.notifier.notify_send", "NotifySendNotifier"),
    "plyer": ("detector.notifier.plyer_notifier", "PlyerNotifier"),
    "print": ("detector.notifier.printing", "PrintingNotifier"),
}
"""Every notifier: its module and class, in order of preference."""


def make_notifiers(only: Sequence[str] = (), *, bus: MessageBus | None = None) -> list[Notifier]:
    """Return the notifiers of these names in this order, or all of them; `bus`: a session bus to share.

    Raises:
        UserError: a name that no notifier has; all of them at once.
    """
    unknown = [name for name in only if name not in REGISTRY]
    if unknown:
        raise UserError([_unknown(name) for name in unknown])
    made: list[Notifier] = []
    for name in only or REGISTRY:
        module, kind = REGISTRY[name]
        shared = {"bus": bus} if name == "freedesktop" else {}
        made.append(getattr(import_module(module), kind)(**shared))
    return made


def _unknown(name: str) -> Problem:
    near = get_close_matches(name, REGISTRY, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"There are {', '.join(REGISTRY)}."
    return Problem(message=f"there is no notifier '{name}'", hint=hint)
