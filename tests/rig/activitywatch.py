"""A fake aw-server of the same REST shape as aw-server 0.12, in a process of its own, filled over REST like the real one.

`python tests/rig/activitywatch.py` prints its port. Odd behaviour is asked for by POST to `/odd`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]


class AwServer:
    """The running fake (or, of the same shape, a real one): make buckets, put events in, ask what was asked."""

    def __init__(self, url: str, process: subprocess.Popen[str] | None = None) -> None:
        self.url = url
        self.process = process

    def bucket(self, name: str, type_: str, host: str = "desk") -> None:
        self._post(f"/api/0/buckets/{name}", {"client": name, "type": type_, "hostname": host})

    def put(self, name: str, *events: dict[str, Any]) -> None:
        self._post(f"/api/0/buckets/{name}/events", list(events))

    def fill(self, buckets: dict[str, dict[str, Any]]) -> None:
        for name, bucket in buckets.items():
            self.bucket(name, bucket["type"], bucket["hostname"])
            for at in range(0, len(bucket["events"]), 5000):
                self.put(name, *bucket["events"][at : at + 5000])

    def odd(self, **how: Any) -> None:
        """Answer oddly from now on: `status`, `location`, `body`, `token`, `slow`."""
        self._post("/odd", how)

    def asked(self) -> list[str]:
        """Return every path that was asked for by GET."""
        with urllib.request.urlopen(f"{self.url}/asked", timeout=10) as answer:  # noqa: S310 - our own
            found: list[str] = json.load(answer)
        return found

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _post(self, path: str, content: Any) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own
            f"{self.url}{path}", json.dumps(content).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - our own
            pass


@contextmanager
def aw_server() -> Iterator[AwServer]:
    """Run the fake in a process of its own."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        server = AwServer(f"http://127.0.0.1:{process.stdout.readline().strip()}", process)
        try:
            yield server
        finally:
            server.end()


class _Answering(BaseHTTPRequestHandler):
    buckets: ClassVar[dict[str, dict[str, Any]]] = {}
    odd: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/odd":
            type(self).odd = content
        elif self.path.endswith("/events"):
            bucket = self.buckets[unquote(self.path.split("/")[4])]
            for each in content:
                bucket["events"].append({"id": len(bucket["events"]) + 1, **each})
            bucket["events"].sort(key=lambda each: each["timestamp"], reverse=True)
        else:
            name = unquote(self.path.split("/")[4])
            self.buckets.setdefault(name, {"id": name, "events": [], **content})
        self._answer(200, b"null")

    def do_GET(self) -> None:
        if self.path == "/asked":
            self._answer(200, json.dumps(self.asked).encode())
            return
        self.asked.append(self.path)
        odd = self.odd
        if odd.get("token") and self.headers.get("Authorization") != f"Bearer {odd['token']}":
            self._answer(401, b"{}")
        elif "status" in odd:
            self._answer(odd["status"], b"", odd.get("location"))
        elif "body" in odd and (odd.get("only", "") in self.path):
            self._answer(200, odd["body"].encode())
        else:
            self._proper()

    def _proper(self) -> None:
        asked = urlsplit(self.path)
        parts = [unquote(part) for part in asked.path.split("/")[3:]]
        if parts == ["buckets"]:
            self._answer(308, b"", "/api/0/buckets/")
        elif parts == ["buckets", ""]:
            told = {
                name: {key: value for key, value in bucket.items() if key != "events"}
                for name, bucket in self.buckets.items()
            }
            self._answer(200, json.dumps(told).encode())
        elif len(parts) == 3 and parts[0] == "buckets" and parts[2] == "events" and parts[1] in self.buckets:
            query = {key: values[0] for key, values in parse_qs(asked.query).items()}
            self._answer(200, json.dumps(self._events(self.buckets[parts[1]]["events"], query)).encode())
        else:
            self._answer(404, b"{}")

    def _events(self, events: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        start = datetime.fromisoformat(query["start"]) if "start" in query else datetime.min.replace(tzinfo=UTC)
        # The real one asks up to the next millisecond.
        end = (
            datetime.fromisoformat(query["end"]) + timedelta(milliseconds=1)
            if "end" in query
            else datetime.max.replace(tzinfo=UTC)
        )
        found = []
        for each in events:
            began = datetime.fromisoformat(each["timestamp"])
            ended = began + timedelta(seconds=each["duration"])
            if ended < start or began > end:
                continue
            # The real one cuts what reaches beyond what was asked for.
            cut_from, cut_until = max(began, start), min(ended, end)
            lasted = (cut_until - cut_from).total_seconds()
            found.append({**each, "timestamp": cut_from.isoformat(), "duration": lasted})
        limit = int(query.get("limit", "-1"))
        return found if limit < 0 else found[:limit]

    def _answer(self, status: int, body: bytes, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name it has there
        del format, arguments


if __name__ == "__main__":
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    sys.stdout.write(f"{running.server_port}\n")
    sys.stdout.flush()
    running.serve_forever()
