"""Whether somebody uses this device, on an X server without idle alarms: by the MIT-SCREEN-SAVER extension.

Invariant 1: while somebody is there, it is asked once per `idle_after`, at the earliest instant at which idleness is possible.
Invariant 2: while nobody is there, it is asked every ten seconds, as the extension reports no return: `CameBack` may be that
late, and means only that the device is in use again at `at`.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final

from detector.core.observations import SensorStarted
from detector.errors import SensorUnavailable
from detector.i18n import _
from detector.sensors.x11_idle import IdleWatch, X11Idle

EXTENSION: Final = "MIT-SCREEN-SAVER"
RETURN_INTERVAL: Final = timedelta(seconds=10)
# So that the server's clock has surely passed `idle_after` when it is asked: asking too early means asking twice.
IDLE_MARGIN: Final = timedelta(milliseconds=20)


class _ScreensaverWatch(IdleWatch):
    _timer: asyncio.TimerHandle | None = None

    @staticmethod
    def require(display: Any) -> None:
        if not display.has_extension(EXTENSION):
            raise SensorUnavailable(_("the X server has no MIT-SCREEN-SAVER extension"))

    def _begin(self) -> None:
        self.require(self._connection.display)
        self._channel.put(SensorStarted(at=self._clock.now(), sense="idle", sensor=X11IdleScreensaver.name))
        self._check()

    def _check(self) -> None:
        length = timedelta(milliseconds=self._connection.display.screen().root.screensaver_query_info().idle)
        if length >= self._idle_after and not self._idle:
            self._went_idle(length)
        elif length < self._idle_after and self._idle:
            self._came_back()
        # Without input from now on, idleness begins exactly then; any input in between only makes it later.
        rest = RETURN_INTERVAL if self._idle else self._idle_after - length + IDLE_MARGIN
        self._timer = asyncio.get_running_loop().call_later(rest.total_seconds(), self._connection.run, self._check)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().close()


class X11IdleScreensaver(X11Idle):
    """Idle by asking MIT-SCREEN-SAVER. `settings.idle_after` says how long is idle."""

    name = "x11_idle_screensaver"
    watch_class = _ScreensaverWatch
