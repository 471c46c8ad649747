"""Stands in for the daemon where only its side of the phones matters: holds the lock, hears SIGHUP, says its status."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Any, Self

from detector.control.lock import Lock
from detector.paths import store_path
from detector.store.store import Store


class PhoneDaemon:
    """Reports that the phone API is open, as the daemon would. `why`: what keeps it closed; `on_reread`: also done each time."""

    def __init__(self, *, why: str | None = None, on_reread: Callable[[Store], None] | None = None) -> None:
        self.why = why
        self.on_reread = on_reread
        self.rereads = 0
        self.opened: list[str] = []
        self.tested: dict[str, datetime] = {}
        self._lock = Lock()
        self._before: Any = None

    def __enter__(self) -> Self:
        self._lock.__enter__()
        self._before = signal.signal(signal.SIGHUP, self._heard)
        self.reread_store()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGHUP, self._before)
        self._lock.__exit__(kind, error, trace)

    def reread_store(self) -> None:
        """Read the store again, and publish the status."""
        with Store.open(store_path()) as store:
            phones, place = store.phones.all(), store.phones.api_address()
            now = datetime.now(UTC)
            wanted = any(
                phone.token is not None or (phone.code_until is not None and phone.code_until > now) for phone in phones
            )
            is_open = wanted and place is not None and self.why is None
            if is_open and place is not None:
                self.opened.append(place.url)
            self._lock.publish(
                json.dumps(
                    {
                        "door": {
                            "url": place.url if wanted and place is not None else None,
                            "open": is_open,
                            "why": self.why if wanted else None,
                        },
                        "phones": [
                            {"name": phone.name, "heard": None, "tested": self._tested(phone.name), "adb": phone.adb}
                            for phone in phones
                        ],
                    }
                )
            )
            if self.on_reread is not None:
                self.on_reread(store)

    def _tested(self, name: str) -> str | None:
        return self.tested[name].isoformat() if name in self.tested else None

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.rereads += 1
        self.reread_store()
