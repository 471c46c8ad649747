"""The second notifier: libnotify's `notify-send`, one short-lived process per nudge. Nothing comes back.

Invariant 1: what the person reads is never taken for an option, an escape or markup.
Invariant 2: a notification is replaced in place where this version of `notify-send` can (0.7.10 and later).
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.i18n import _
from detector.notifier.model import NotificationText, OneWayNotifier
from detector.notifier.safe_text import (
    APP_NAME,
    BODY_LIMIT,
    DESKTOP_ENTRY,
    ICON,
    one_line,
    with_app_name,
    without_markup,
)
from detector.notifier.server import expire_milliseconds, require_server, require_session_bus

TIMEOUT: Final = 3.0
"""Seconds until a `notify-send` that does not end is killed."""


class NotifySendNotifier(OneWayNotifier):
    """Shows through `notify-send`. That it ended well means that a server took the text, not that it was seen."""

    name = "notify-send"
    about = _("shows, and can be answered with `turntoward answer` only")

    def __init__(self, *, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._can_replace: bool | None = None
        self._shown_id: int | None = None

    async def probe(self) -> None:
        self._require_program()
        # The program alone shows nothing, and says so only once it is used.
        await require_server()

    def _require_program(self) -> None:
        require_session_bus()
        if shutil.which("notify-send") is None:
            raise NotifyFailed(_("the program notify-send is not installed (Debian: libnotify-bin)"))

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        self._require_program()
        if text.is_start_notice:
            # A program of that name may report success and show nothing: nothing may be sensed on its word alone.
            await require_server()
        # 0.7.9, in Debian 11, knows neither option and fails on them.
        if self._can_replace is None:
            self._can_replace = b"--replace-id" in await self._run(["--help"])
        options = [
            f"--app-name={APP_NAME}",
            f"--icon={ICON}",
            "--urgency=low",
            f"--expire-time={expire_milliseconds(text)}",
            "--hint=boolean:suppress-sound:true",
            "--hint=boolean:transient:true",
            f"--hint=string:desktop-entry:{DESKTOP_ENTRY}",
        ]
        if self._can_replace:
            options += ["--print-id", *([f"--replace-id={self._shown_id}"] if self._shown_id else [])]
        title = with_app_name(without_markup(one_line(text.title)))
        output = await self._run(
            [*options, "--", title, without_markup(one_line(f"{text.body} {text.how_to_answer}", BODY_LIMIT))]
        )
        self._shown_id = int(output) if output.strip().isdigit() else None

    async def _run(self, arguments: Sequence[str]) -> bytes:
        # In the C locale notify-send refuses every letter beyond ASCII.
        env = os.environ | {"DBUS_SESSION_BUS_ADDRESS": require_session_bus(), "LC_ALL": "C.UTF-8"}
        try:
            process = await asyncio.create_subprocess_exec(
                "notify-send",
                *arguments,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as failure:
            why = _("notify-send could not be started: {error}").format(error=failure.strerror)
            raise NotifyFailed(why) from None
        try:
            async with asyncio.timeout(self._timeout):
                output, _nothing = await process.communicate()
        except TimeoutError:
            why = _("notify-send did not end within {seconds:g} s").format(seconds=self._timeout)
            raise NotifyFailed(why) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise NotifyFailed(_("notify-send could not reach a notification server"))
        return output
