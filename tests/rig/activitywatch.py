"""A fake aw-server of the same REST shape as aw-server 0.12, in a process of its own, filled over REST like the real one.

`python tests/rig/activitywatch.py` prints its port. Odd behaviour is set by POST to `/misbehave`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]


class AwServer:
    """The running fake (or, of the same shape, a real one): make buckets, put events in, see what was requested."""

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

    def misbehave(self, **how: Any) -> None:
        """Answer oddly from now on: `status`, `location`, `body`, `token`, `slow`."""
        self._post("/misbehave", how)

    def requested(self) -> list[str]:
        """Return every path that was requested by GET."""
        found: list[str] = json.loads(self._request("GET", "/requested"))
        return found

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _post(self, path: str, content: Any) -> None:
        self._request("POST", path, json.dumps(content).encode())

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse().read()
        connection.close()
        return answer


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
    misbehaviour: ClassVar[dict[str, Any]] = {}
    requested: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/misbehave":
            type(self).misbehaviour = content
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
        if self.path == "/requested":
            self._answer(200, json.dumps(self.requested).encode())
            return
        self.requested.append(self.path)
        misbehaviour = self.misbehaviour
        if misbehaviour.get("token") and self.headers.get("Authorization") != f"Bearer {misbehaviour['token']}":
            self._answer(401, b"{}")
        elif "status" in misbehaviour:
            self._answer(misbehaviour["status"], b"", misbehaviour.get("location"))
        elif "body" in misbehaviour and (misbehaviour.get("only", "") in self.path):
            self._answer(200, misbehaviour["body"].encode())
        else:
            self._answer_normally()

    def _answer_normally(self) -> None:
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.split("/")[3:]]
        if parts == ["buckets"]:
            self._answer(308, b"", "/api/0/buckets/")
        elif parts == ["buckets", ""]:
            listed = {
                name: {key: value for key, value in bucket.items() if key != "events"}
                for name, bucket in self.buckets.items()
            }
            self._answer(200, json.dumps(listed).encode())
        elif len(parts) == 3 and parts[0] == "buckets" and parts[2] == "events" and parts[1] in self.buckets:
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            self._answer(200, json.dumps(self._events(self.buckets[parts[1]]["events"], query)).encode())
        else:
            self._answer(404, b"{}")

    def _events(self, events: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
        start = datetime.fromisoformat(query["start"]) if "start" in query else datetime.min.replace(tzinfo=UTC)
        # The real one reads up to the next millisecond.
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
            # The real one cuts what reaches beyond the requested stretch.
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

    def log_message(self, *_arguments: Any) -> None:
        """Write nothing to standard error."""


if __name__ == "__main__":
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    sys.stdout.write(f"{running.server_port}\n")
    sys.stdout.flush()
    running.serve_forever()
