"""The second notifier: libnotify's `notify-send`, one short-lived process per nudge. Nothing comes back.

Rule 1: what the person reads is never taken for an option, an escape or markup.
Rule 2: a notification is replaced in place where this version of `notify-send` can (0.7.10 and later).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.notifier.address import session_bus_address
from detector.notifier.model import NotificationText
from detector.notifier.plain import BODY_LIMIT, one_line, without_markup

PATIENCE: Final = 3.0
"""Seconds until a `notify-send` that does not end is ended."""


class NotifySendNotifier:
    """Shows through `notify-send`. That it ended well means that a server took the words, not that they were seen."""

    name = "notify-send"
    answers = False
    about = "shows, and cannot be answered"

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._can_replace: bool | None = None
        self._shown: int | None = None

    async def probe(self) -> None:
        """Return if the program and a session bus are there; raise `NotifyFailed` with why if not."""
        session_bus_address()
        if shutil.which("notify-send") is None:
            raise NotifyFailed("the program notify-send is not installed (Debian: libnotify-bin)")

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        """Show the words. `answered` is never called. Raises `NotifyFailed`."""
        del nudge, answered
        await self.probe()
        if self._can_replace is None:
            self._can_replace = b"--replace-id" in await self._run(["--help"])
        options = [
            "--app-name=Turntoward",
            "--urgency=low",
            f"--expire-time={max(1, round(words.expires.total_seconds() * 1000))}",
            "--hint=boolean:suppress-sound:true",
            "--hint=boolean:transient:true",
            "--hint=string:desktop-entry:turntoward",
        ]
        if self._can_replace:
            options += ["--print-id", *([f"--replace-id={self._shown}"] if self._shown else [])]
        title = without_markup(one_line(words.title)) or "Turntoward"
        said = await self._run([*options, "--", title, without_markup(one_line(words.body, BODY_LIMIT))])
        self._shown = int(said) if said.strip().isdigit() else None

    async def withdraw(self, nudge: int) -> None:
        """Do nothing: `notify-send` cannot take back; the notification goes by itself."""

    async def close(self) -> None:
        """Do nothing: no process outlives `show`."""

    async def _run(self, arguments: Sequence[str]) -> bytes:
        # In the C locale notify-send refuses every letter beyond ASCII.
        env = os.environ | {"DBUS_SESSION_BUS_ADDRESS": session_bus_address(), "LC_ALL": "C.UTF-8"}
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
            raise NotifyFailed(f"notify-send could not be started: {failure.strerror}") from None
        try:
            async with asyncio.timeout(self._patience):
                said, _ = await process.communicate()
        except TimeoutError:
            raise NotifyFailed(f"notify-send did not end within {self._patience:g} s") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise NotifyFailed("notify-send could not reach a notification server")
        return said
