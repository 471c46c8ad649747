"""Say each nudge through the first notifier that can, and remember why the others could not.

Rule 1: whatever a notifier raises, the next one is tried.
Rule 2: a nudge is answered at most once, whichever notifiers had a part in it.
Rule 3: one log line per change of notifier, never per nudge; and never a word of what was said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.notifier.model import NotificationText, Notifier

_LOG: Final = logging.getLogger("turntoward.notifier")


class NotifierChain:
    """The notifiers in order. `failures`: by name, why each could not speak when it was last tried."""

    def __init__(self, notifiers: Sequence[Notifier]) -> None:
        self._notifiers = tuple(notifiers)
        self._spoke: Notifier | None = None
        self._nudge = 0
        self._logged: str | None = ""
        self.failures: dict[str, str] = {}

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> str | None:
        """Return the name of the notifier that spoke, or None if none could. Never raises on a notifier's account.

        That one spoke is no proof that the person saw it: under Do Not Disturb servers take a notification and keep it
        back. `answered(nudge, answer)` is called at most once, later, if the notifier can hear an answer at all.
        """
        once = _once(answered)
        for notifier in self._notifiers:
            try:
                await notifier.show(nudge, words, once)
            except NotifyFailed as failure:
                self.failures[notifier.name] = str(failure)
            except Exception as bug:  # noqa: BLE001 - a notifier's bug must not silence the others
                self.failures[notifier.name] = f"a bug in the program: {_place(bug)}"
            else:
                self.failures.pop(notifier.name, None)
                if self._spoke is not None and self._spoke is not notifier:
                    await self._spoke.withdraw(self._nudge)
                self._spoke, self._nudge = notifier, nudge
                self._log(notifier)
                return notifier.name
        self._log(None)
        return None

    async def withdraw(self, nudge: int) -> None:
        """Take this nudge's notification away, wherever it still stands."""
        for notifier in self._notifiers:
            await notifier.withdraw(nudge)

    async def probe_all(self) -> list[tuple[str, bool, str]]:
        """Ask every notifier; return its name, whether it can be used now, and why not, or what it can do.

        This also opens the connections, so that the nudge to come finds them open.
        """
        found = []
        for notifier in self._notifiers:
            try:
                await notifier.probe()
            except NotifyFailed as failure:
                found.append((notifier.name, False, str(failure)))
            except Exception as bug:  # noqa: BLE001 - a notifier's bug must not silence the others
                found.append((notifier.name, False, f"a bug in the program: {_place(bug)}"))
            else:
                found.append((notifier.name, True, str(getattr(notifier, "about", ""))))
        return found

    async def close(self) -> None:
        """Let go of every notifier."""
        for notifier in self._notifiers:
            await notifier.close()

    def _log(self, notifier: Notifier | None) -> None:
        name = notifier.name if notifier is not None else None
        if name == self._logged:
            return
        self._logged = name
        why = "; ".join(f"{refuser}: {why}" for refuser, why in self.failures.items())
        if name is None:
            _LOG.warning("nudges cannot be shown (%s)", why or "there is no notifier")
        else:
            _LOG.info("nudges are shown by %s%s", name, f" ({why})" if why else "")


def _once(answered: Callable[[int, Answer], None]) -> Callable[[int, Answer], None]:
    told = False

    def tell(nudge: int, answer: Answer) -> None:
        nonlocal told
        if not told:
            told = True
            answered(nudge, answer)

    return tell


def _place(bug: BaseException) -> str:
    """Return the kind of the exception and where it arose; its own words may quote what was to be shown."""
    frame = bug.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" in {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else ""
    return f"{type(bug).__name__}{where}"
