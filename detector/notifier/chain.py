"""Show each notification by the first notifier that can, and remember why the others could not.

Invariant 1: whatever a notifier raises, the next one is tried.
Invariant 2: a nudge is answered at most once, however many notifiers were tried.
Invariant 3: one log line per change of notifier, never per nudge; it holds no word of the notification.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.notifier.model import NotificationText, Notifier

_LOG: Final = logging.getLogger("turntoward.notifier")


class NotifierChain:
    """The notifiers in order. `failures`: by name, why each could not show anything when it was last tried.

    `only`: the names of those that the person chose, in their order; empty: all. A start notice is shown by the first of all that
    can, whatever was chosen.
    """

    def __init__(self, notifiers: Sequence[Notifier], only: Sequence[str] = ()) -> None:
        chosen = [notifier for name in only for notifier in notifiers if notifier.name == name]
        self._chosen = tuple(chosen or notifiers)
        self._notifiers = (*self._chosen, *(notifier for notifier in notifiers if notifier not in self._chosen))
        # A chosen notifier may be a program that shows nothing, so the order of the settings does not count here.
        self._start_notifiers = tuple(notifiers)
        self._last: Notifier | None = None
        self._last_nudge = 0
        self._logged: str | None = ""
        self.failures: dict[str, str] = {}

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> str | None:
        """Return the name of the notifier that showed the text, or None if none could. A notifier's exception is not raised.

        The person need not have seen it: under Do Not Disturb a server accepts a notification and holds it back.
        `answered(nudge, answer)` is called at most once, later, if answers can come back through the notifier at all.
        """
        # Shared by all notifiers: one that failed late may still show the text, and report an answer.
        answered_once = _call_once(answered)
        for notifier in self._start_notifiers if text.is_start_notice else self._chosen:
            failure = await _failure_of(notifier.show(nudge, text, answered_once))
            if failure is not None:
                self.failures[notifier.name] = failure
                continue
            self.failures.pop(notifier.name, None)
            if self._last is not None and self._last is not notifier:
                # Else the notification of the earlier notifier would stay beside this one.
                await self._last.withdraw(self._last_nudge)
            self._last, self._last_nudge = notifier, nudge
            if not text.is_start_notice:
                self._log_change(notifier.name)
            return notifier.name
        # The session logs a failed start notice itself, together with what follows from it.
        if not text.is_start_notice:
            self._log_change(None)
        return None

    async def withdraw(self, nudge: int) -> None:
        for notifier in self._notifiers:
            await notifier.withdraw(nudge)

    def call_when_available(self, available: Callable[[], None]) -> None:
        for notifier in self._notifiers:
            notifier.call_when_available(available)

    async def probe_all(self) -> list[tuple[str, bool, str]]:
        """Probe every notifier; return its name, whether it can be used now, and why not, or what it can do.

        This also opens the connections for the next nudge.
        """
        results = []
        for notifier in self._notifiers:
            failure = await _failure_of(notifier.probe())
            results.append((notifier.name, failure is None, notifier.about if failure is None else failure))
        return results

    async def close(self) -> None:
        for notifier in self._notifiers:
            await notifier.close()

    def _log_change(self, name: str | None) -> None:
        if name == self._logged:
            return
        self._logged = name
        failures = "; ".join(f"{failed}: {why}" for failed, why in self.failures.items())
        if name is None:
            _LOG.warning("nudges cannot be shown (%s)", failures or "there is no notifier")
        else:
            _LOG.info("nudges are shown by %s%s", name, f" ({failures})" if failures else "")


def _call_once(answered: Callable[[int, Answer], None]) -> Callable[[int, Answer], None]:
    called = False

    def call(nudge: int, answer: Answer) -> None:
        nonlocal called
        if not called:
            called = True
            answered(nudge, answer)

    return call


async def _failure_of(attempt: Awaitable[None]) -> str | None:
    """Return why the attempt failed, None if it did not."""
    try:
        await attempt
    except NotifyFailed as failure:
        return str(failure)
    except Exception as bug:  # noqa: BLE001 - a notifier's bug must not silence the others
        return f"a bug in the program: {_place(bug)}"
    return None


def _place(bug: BaseException) -> str:
    # The type of the exception and where it was raised; its own text may quote the notification.
    where = traceback.extract_tb(bug.__traceback__)[-1:]
    return type(bug).__name__ + "".join(f" in {frame.filename}:{frame.lineno}" for frame in where)
