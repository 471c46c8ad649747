"""A phone, played by a plain HTTP client: it knows its link and, once paired, its token, and nothing else."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from detector.clock import SystemClock


def free_port() -> int:
    """Return a port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Tell whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(60)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(slots=True)
class HttpPhone:
    """The phone; `url` is the beginning of its link."""

    url: str
    token: str = ""

    def pair(self, link: str) -> str:
        """Use the link; return the name that the phone was given."""
        status, answer = self.ask("POST", "/pair", {"code": link.rsplit("/", 1)[1]})
        assert status == 200, (status, answer)
        self.token = answer["token"]
        name: str = answer["name"]
        return name

    def tell(self, event: str, **fields: Any) -> tuple[int, Any]:
        """Tell of an event; return the status and the answer."""
        return self.ask("POST", "/v1/phone", {"event": event} | fields)

    def opens(self, app: str) -> Any:
        """Tell that an app was opened just now; return what the phone is to show.

        It says when, to the microsecond: the same words twice within a second would be taken for one, told twice.
        """
        status, answer = self.tell("app_open", app=app, at=SystemClock().now().isoformat())
        assert (status, answer) == (204, None) or status == 200, (status, answer)
        return answer and answer["say"]

    def reopens(self, app: str) -> Any:
        """Tell that the app was closed and opened once more; return what the phone is to show."""
        self.tell("app_close", app=app, at=SystemClock().now().isoformat())
        return self.opens(app)

    def ask(self, method: str, path: str, said: Any = None, **headers: str) -> tuple[int, Any]:
        """Make a request; return the status and what the answer holds."""
        where = urlsplit(self.url)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=10)
        sent = {"Content-Type": "application/json"} if said is not None else {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            body = json.dumps(said) if said is not None and not isinstance(said, str | bytes) else said
            connection.request(method, path, body=body, headers=sent | headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(content) if content else None
        except ValueError:
            return answer.status, content
