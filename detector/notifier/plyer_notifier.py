"""The third notifier: plyer, for systems that have neither a session bus nor `notify-send`. One-way text.

Invariant 1: it runs in a thread of its own, because plyer blocks; the thread never delays the end of the program.
Invariant 2: it refuses where plyer would not report a failure. On Linux only dbus-python reports one: plyer's other ways call
`notify-send` and `gdbus`, ignore their failures, and never close the notification.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, Final

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.i18n import _
from detector.notifier.model import NotificationText, OneWayNotifier
from detector.notifier.safe_text import APP_NAME, one_line, with_app_name, without_markup

if sys.platform == "linux":
    from detector.notifier.server import require_server, require_session_bus

TIMEOUT: Final = 5.0
"""Seconds until a call of plyer that does not return is left behind."""

# Windows refuses more than 63 and 255 characters.
_MAX_TITLE: Final = 63
_MAX_BODY: Final = 255


class PlyerNotifier(OneWayNotifier):
    """Shows through plyer, most of whose failures are silent: that it returned says little. No answer ever comes back."""

    name = "plyer"
    about = _("shows, as far as plyer tells, and can be answered with `turntoward answer` only")

    def __init__(self, *, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout

    async def probe(self) -> None:
        _require_plyer()
        if sys.platform == "linux":
            await require_server()

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        _require_plyer()
        if text.is_start_notice and sys.platform == "linux":
            # plyer may fail in silence, and nothing may be sensed on its word alone.
            await require_server()
        title = one_line(with_app_name(without_markup(one_line(text.title))), _MAX_TITLE)
        body = without_markup(one_line(f"{text.body} {text.how_to_answer}", _MAX_BODY))
        # A title or body that begins with "-" would be an option of the program that plyer may call.
        title, body = (f"\u2060{part}" if part.startswith("-") else part for part in (title, body))
        try:
            async with asyncio.timeout(self._timeout):
                failure = await _in_thread(title, body, round(text.expires.total_seconds()))
        except TimeoutError:
            why = _("plyer did not return within {seconds:g} s").format(seconds=self._timeout)
            raise NotifyFailed(why) from None
        if failure is not None:
            raise NotifyFailed(_("plyer failed: {error}").format(error=failure))


def _require_plyer() -> None:
    if (why := _why_not()) is not None:
        raise NotifyFailed(why)
    if sys.platform == "linux":
        require_session_bus()


def _why_not() -> str | None:
    if find_spec("plyer") is None:
        return _("the package plyer is not installed")
    if sys.platform == "linux" and Path("/app").is_dir():
        return _("beside a folder /app plyer takes itself to be in Flatpak, and its failures are silent")
    if sys.platform == "linux" and find_spec("dbus") is None:
        return _("without dbus-python, plyer would only call notify-send once more")
    return None


async def _in_thread(title: str, body: str, seconds: int) -> str | None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str | None] = loop.create_future()

    def finish(failure: str | None) -> None:
        if not done.done():
            done.set_result(failure)

    def run() -> None:
        failure = None
        try:
            _notify(title, body, seconds)
        except Exception as wrong:  # noqa: BLE001 - plyer lets through whatever its many backends raise
            # Only its type: its own text may quote the notification.
            failure = type(wrong).__name__
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(finish, failure)

    # A daemon thread: plyer may hang, which must not keep the program from ending.
    Thread(target=run, name="turntoward-plyer", daemon=True).start()
    return await done


def _notify(title: str, body: str, seconds: int) -> None:
    from plyer import notification  # noqa: PLC0415 - imported only where it is used

    notification.notify(title=title, message=body, app_name=APP_NAME, timeout=seconds, hints=_hints())


def _hints() -> dict[str, Any]:
    if sys.platform != "linux":
        return {}
    import dbus  # type: ignore[import-not-found] # noqa: PLC0415 - there, or `probe` would have refused

    # Else the whole program would end with the session bus: the default of libdbus for the connection that plyer uses.
    dbus.SessionBus().set_exit_on_disconnect(False)
    return {
        "urgency": dbus.Byte(0),
        "suppress-sound": dbus.Boolean(True),
        "transient": dbus.Boolean(True),
        # plyer gives no id to replace; several servers replace by this name instead.
        "x-canonical-private-synchronous": "turntoward",
    }
