"""The channels to the person, tried in order: freedesktop, notify-send, plyer, print.

Invariant 1: adding a notifier is one file, one row in `REGISTRY`, and one subclass of `NotifierConformance` in the tests.
Invariant 2: a notifier's module is imported only when the notifier is made; where its library is missing, that is its failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Final

from detector.errors import Problem, UserError
from detector.i18n import _
from detector.notifier.model import MissingNotifier, Notifier
from detector.spelling import did_you_mean
from rules.options import option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.dbus import Bus

REGISTRY: Final[dict[str, tuple[str, str]]] = {
    "freedesktop": ("detector.notifier.freedesktop", "FreedesktopNotifier"),
    "notify-send": ("detector.notifier.notify_send", "NotifySendNotifier"),
    "plyer": ("detector.notifier.plyer_notifier", "PlyerNotifier"),
    "print": ("detector.notifier.printing", "PrintingNotifier"),
}
"""Every notifier: its module and class, in order of preference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """How a nudge looks and where it goes; docs/evidence.md has the sources of the defaults.

    The person's own `sentence` becomes the title of every nudge. `greeting` adds a thought to the notification that
    partner time has begun; that notification itself cannot be switched off, because the program is never hidden.
    """

    sentence: str = option(
        "",
        _("A sentence of your own for nudges, at most 12 words; empty for the built-in ones."),
        max_words=12,
        max_characters=120,
    )
    show_names: bool = option(
        False, _("Whether the why-line may name the app or site, rather than only its category; needs keep_names.")
    )
    expires: timedelta = option(
        timedelta(seconds=20),
        _("How long a notification stays on the screen."),
        minimum=timedelta(seconds=5),
        maximum=timedelta(minutes=5),
    )
    greeting: bool = option(
        True, _("Whether the beginning of partner time offers a thought, or a suggestion of yours, beside saying so.")
    )
    only: tuple[str, ...] = option(
        (),
        _(
            "Show nudges by these notifiers only, in this order, and not by print alone; empty for all. "
            "That partner time begins is shown by any that can."
        ),
        choices=tuple(REGISTRY),
    )
    screen: bool = option(
        True,
        _(
            "Whether this device has a screen on which somebody sees notifications. "
            "Without one nothing is sensed of the device itself, and paired phones alone are heard."
        ),
    )


def make_notifiers(only: Sequence[str] = (), *, bus: Bus | None = None) -> list[Notifier]:
    """Return the notifiers of these names in this order, or all of them; `bus`: a session bus to share.

    Raises:
        UserError: a name that no notifier has; all of them at once.
    """
    unknown = [name for name in only if name not in REGISTRY]
    if unknown:
        raise UserError([_unknown(name) for name in unknown])
    return [_make(name, bus) for name in only or REGISTRY]


def _make(name: str, bus: Bus | None) -> Notifier:
    module, class_name = REGISTRY[name]
    # Only this one uses D-Bus itself; the others start programs that do.
    options = {"bus": bus} if name == "freedesktop" else {}
    try:
        made: Notifier = getattr(import_module(module), class_name)(**options)
    except ImportError as missing:
        return MissingNotifier(name, missing.name or module)
    return made


def _unknown(name: str) -> Problem:
    hint = did_you_mean(name, REGISTRY, _("There are {names}.").format(names=", ".join(REGISTRY)))
    return Problem(message=_("there is no notifier '{name}'").format(name=name), hint=hint)
