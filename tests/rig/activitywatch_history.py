"""History as ActivityWatch keeps it: days of a person at a laptop, with a browser, and with a phone. All made up.

Shaped after what aw-server 0.12 writes: newest first, milliseconds, `+00:00`; two thirds of Android's events have no
length; the watcher of idleness dates back what it notices late.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

CANARY_TITLE = "quagmirewombatlute"
CANARY_URL = "xylophonekestrelfen"
SITES = (
    ("{} • Instagram", "www.instagram.com"),
    ("{} - YouTube", "www.youtube.com"),
    ("{} | Chefkoch", "www.chefkoch.de"),
    ("Inbox ({}) - Gmail", "mail.google.com"),
    ("{} : r/cats - Reddit", "www.reddit.com"),
)
APPS = (("Alacritty", "{}"), ("org.gnome.Maps", "{}"), ("thunderbird", "{} - Mozilla Thunderbird"), ("code", "{}"))
PACKAGES = (
    ("Instagram", "com.instagram.android"),
    ("WhatsApp", "com.whatsapp"),
    ("Launcher", "com.sec.android.app.launcher"),
    ("YouTube", "com.google.android.youtube"),
    ("Clock", "com.google.android.deskclock"),
)

Event = dict[str, Any]


def event(at: datetime, lasted: float, **content: Any) -> Event:
    return {"timestamp": at.isoformat(), "duration": lasted, "data": content}


@dataclass
class History:
    """Buckets by id, each with its type, host and events."""

    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, type_: str, host: str, *events: Event) -> None:
        bucket = self.buckets.setdefault(
            name, {"id": name, "type": type_, "client": name.rpartition("_")[0] or name, "hostname": host, "events": []}
        )
        bucket["events"] += events

    def front(self, *events: Event, host: str = "desk") -> None:
        self.add(f"aw-watcher-window_{host}", "currentwindow", host, *events)

    def afk(self, *events: Event, host: str = "desk") -> None:
        self.add(f"aw-watcher-afk_{host}", "afkstatus", host, *events)

    def tabs(self, *events: Event, browser: str = "firefox") -> None:
        self.add(f"aw-watcher-web-{browser}", "web.tab.current", "desk", *events)

    def apps(self, *events: Event, host: str = "pocket") -> None:
        self.add("aw-watcher-android-test", "currentwindow", host, *events)

    def unlocks(self, *events: Event, host: str = "pocket") -> None:
        self.add("aw-watcher-android-unlock", "os.lockscreen.unlocks", host, *events)

    def __len__(self) -> int:
        return sum(len(bucket["events"]) for bucket in self.buckets.values())

    def as_json(self) -> str:
        whole = {
            name: bucket | {"events": sorted(bucket["events"], key=lambda each: each["timestamp"], reverse=True)}
            for name, bucket in self.buckets.items()
        }
        return json.dumps({"buckets": whole}, ensure_ascii=False)

    def write(self, path: Path) -> Path:
        path.write_text(self.as_json(), encoding="utf-8")
        return path


def days(first: datetime, number: int, seed: int = 1, *, pace: float = 40.0) -> History:
    """Return the history of so many days from a midnight on; `pace`: how long one thing lasts on average, in seconds."""
    random, history = Random(seed), History()
    for day in range(number):
        midnight = first + timedelta(days=day)
        _laptop(history, random, midnight, pace)
        _phone(history, random, midnight, pace)
    return history


def _laptop(history: History, random: Random, midnight: datetime, pace: float) -> None:
    at, ends = midnight + timedelta(hours=8), midnight + timedelta(hours=22)
    here = at
    while at < ends:
        lasted = round(random.expovariate(1 / pace), 3)
        if random.random() < 0.6:
            title, host = random.choice(SITES)
            page = title.format(f"{CANARY_TITLE} {random.randrange(1000)}")
            history.front(event(at, lasted, app="firefox", title=f"{page} — Mozilla Firefox"))
            history.tabs(
                event(
                    at, lasted, title=page, url=f"https://{host}/{CANARY_URL}?q={random.randrange(99)}", audible=False
                )
            )
        else:
            app, title = random.choice(APPS)
            history.front(event(at, lasted, app=app, title=title.format(CANARY_TITLE)))
        at += timedelta(seconds=lasted)
        if random.random() < 0.01:
            away = timedelta(minutes=random.uniform(4, 40))
            history.afk(event(here, max(0.0, (at - here).total_seconds()), status="not-afk"))
            history.afk(event(at, away.total_seconds(), status="afk"))
            at, here = at + away, at + away
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    history.afk(event(here, max(0.0, (at - here).total_seconds()), status="not-afk"))


def _phone(history: History, random: Random, midnight: datetime, pace: float) -> None:
    at, ends = midnight + timedelta(hours=7), midnight + timedelta(hours=23)
    while at < ends:
        history.unlocks(event(at, 0))
        for _ in range(random.randrange(1, 6)):
            app, package = random.choice(PACKAGES)
            lasted = round(random.expovariate(1 / pace), 3)
            told = 0 if random.random() < 0.65 else lasted
            classname = f"{package}.{CANARY_TITLE}"
            history.apps(event(at, told, app=app, package=package, classname=classname))
            at += timedelta(seconds=lasted)
        at += timedelta(seconds=random.expovariate(1 / (pace * 12)))
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def times_of(history: History) -> Iterator[datetime]:
    for bucket in history.buckets.values():
        yield from (datetime.fromisoformat(each["timestamp"]) for each in bucket["events"])
