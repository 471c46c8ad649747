"""Fetch a calendar: a file, or an address that may be hostile. What comes is bounded in size and in time.

Rule 1: nothing on the local network is asked unless the person allows it, and never because a public server says so.
Rule 2: a redirect is judged like the first address; never from https to http, and never to anything but those two.
Rule 3: what is no whole calendar is refused: a page, something cut off, something else. Its type is not believed.
Rule 4: name and password go to the server that the person named, and to none that it sends on to.
"""

from __future__ import annotations

import os
import stat
import zlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from detector.calendars.connection import (
    Answer,
    Asked,
    Deadline,
    Network,
    NoHttp,
    NotFetched,
    TooLarge,
    headers_for,
    in_words,
)
from detector.calendars.limits import LARGEST
from detector.calendars.places import Address, NoPlace, is_url, onward, parse
from detector.partner_time.proposals import Calendar

LONGEST_MARK: Final = 512
LONGEST_WAIT: Final = timedelta(days=1)
_CHUNK: Final = 1 << 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_STATUS: Final = {
    401: "the server wants a name and a password, or others than these",
    403: "the server does not let you in",
    404: "there is no calendar at this address",
    410: "the calendar is gone from this address for good",
    429: "the server asks to be left alone for a while",
    503: "the server has no time just now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one calendar may cost: seconds in all, bytes, and redirects."""

    seconds: float = 20.0
    largest: int = LARGEST
    redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A whole calendar as it came, and what was said of this copy of it."""

    content: bytes = field(repr=False)
    etag: str | None = None
    modified: str | None = None


def fetch(calendar: Calendar, budget: Budget | None = None, network: Network | None = None) -> Fetched | None:
    """Return the calendar as it is at its place now, or None if it is as it was when the last good copy was read.

    Raises:
        NotFetched: with why not, in words that bear no secret.
    """
    budget, network = budget or Budget(), network or Network()
    if not is_url(calendar.place):
        return _from_file(Path(calendar.place), calendar.etag, budget.largest)
    began = network.monotonic()
    deadline = Deadline(ends=began + budget.seconds, lasts=budget.seconds, monotonic=network.monotonic)
    try:
        address, local = parse(calendar.place), calendar.local
    except NoPlace as wrong:
        raise NotFetched(f"its address {wrong}") from None
    for _ in range(budget.redirects + 1):
        try:
            found = _ask(address, calendar, budget, deadline, network, local=local)
        except TooLarge:
            raise _too_large(budget.largest) from None
        except OSError as failed:
            raise NotFetched(in_words(failed, address, budget.seconds)) from None
        except (NoHttp, ValueError):
            raise NotFetched("the server's answer is no proper one, or broke off") from None
        if not isinstance(found, _Redirect):
            return found
        address, local = _followed(address, found.location), local and found.was_local
    raise NotFetched(f"the server sends on from address to address, more than {budget.redirects} times")


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str = field(repr=False)
    was_local: bool


def _ask(
    address: Address, calendar: Calendar, budget: Budget, deadline: Deadline, network: Network, *, local: bool
) -> Fetched | _Redirect | None:
    headers = headers_for(address, etag=calendar.etag, modified=calendar.modified)
    asked = Asked(address, headers, local=local, deadline=deadline, network=network, most=budget.largest)
    with asked as answer:
        if answer.status in _REDIRECTS:
            return _Redirect(answer.headers.get("Location", ""), asked.was_local)
        if answer.status == 304 and (calendar.etag or calendar.modified):
            return None
        if answer.status != 200:
            raise NotFetched(_status(answer.status), _wait(answer.headers.get("Retry-After")))
        content = _plain(_body(answer, budget.largest), answer.headers.get("Content-Encoding"), budget.largest)
        require_calendar(content)
        return Fetched(
            content=content, etag=_mark(answer.headers.get("ETag")), modified=_mark(answer.headers.get("Last-Modified"))
        )


def _followed(address: Address, location: str) -> Address:
    try:
        found = onward(address, location)
    except ValueError:
        raise NotFetched("the server sends on to something that is no address of a calendar") from None
    if not location:
        raise NotFetched("the server sends on, and does not say where to")
    if address.scheme == "https" and found.scheme != "https":
        raise NotFetched("the server sends on from https to plain http, which is not followed")
    return replace(found, login=address.login) if found.origin == address.origin else found


def _body(answer: Answer, largest: int) -> bytes:
    told = answer.length
    if told is not None and told > largest:
        raise TooLarge
    body = bytearray()
    while chunk := answer.read(_CHUNK):
        body += chunk
        if len(body) > largest:
            raise TooLarge
    if told is not None and len(body) < told:
        raise NotFetched("the calendar broke off in the middle")
    return bytes(body)


def _plain(body: bytes, encoding: str | None, largest: int) -> bytes:
    """Unpack what was packed although it was not asked for; a bomb grows no further than it may."""
    if encoding is None or encoding.strip().lower() in {"", "identity"}:
        return body
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        raise NotFetched("the calendar is packed in a way that was not asked for")
    unpacking = zlib.decompressobj(wbits=47)
    try:
        content = unpacking.decompress(body, largest + 1)
    except zlib.error:
        raise NotFetched("the calendar is packed, and what is inside is broken") from None
    if len(content) > largest:
        raise TooLarge
    if not unpacking.eof:
        raise NotFetched("the calendar broke off in the middle")
    return content


def require_calendar(content: bytes) -> None:
    """Return if it looks like a whole calendar; what is wrong with its events is not looked at.

    Raises:
        NotFetched: if it is a web page, empty, cut off, or something else.
    """
    begins = content[:2048].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not begins:
        raise NotFetched("what came is empty, and no calendar")
    if not begins.startswith(b"begin:vcalendar"):
        is_page = begins.startswith(b"<!doctype html") or b"<html" in begins or b"<head" in begins
        raise NotFetched(
            "the address answers with a web page, not a calendar" if is_page else "what came is no calendar"
        )
    if not content[-2048:].rstrip(b"\r\n\t \0").lower().endswith(b"end:vcalendar"):
        raise NotFetched("the calendar broke off in the middle")


def _from_file(path: Path, etag: str | None, largest: int) -> Fetched | None:
    try:
        # What is no file is found out before it is opened: to open some devices does something.
        if not stat.S_ISREG(path.stat().st_mode):
            raise NotFetched("the place is no ordinary file")
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(opened, "rb") as file:
            before = os.fstat(opened)
            mark = f"{before.st_mtime_ns}-{before.st_size}"
            if not stat.S_ISREG(before.st_mode):
                raise NotFetched("the place is no ordinary file")
            if mark == etag:
                return None
            content = file.read(largest + 1)
            after = os.fstat(opened)
    except FileNotFoundError:
        raise NotFetched("the file is not there") from None
    except OSError as failed:
        raise NotFetched(f"the file cannot be read ({(failed.strerror or 'no reason given').lower()})") from None
    if len(content) > largest:
        raise _too_large(largest)
    if (after.st_mtime_ns, after.st_size) != (before.st_mtime_ns, before.st_size):
        raise NotFetched("the file is being written just now")
    require_calendar(content)
    return Fetched(content=content, etag=mark)


def _too_large(largest: int) -> NotFetched:
    return NotFetched(f"the calendar is larger than {largest // 1_000_000} MB")


def _status(status: int) -> str:
    words = _STATUS.get(status)
    if words is None:
        words = "the server failed" if status >= 500 else "the server answered with something else than a calendar"
    return f"{words} ({status})"


def _wait(told: str | None) -> timedelta | None:
    if told is None or not told.strip().isascii() or not told.strip().isdigit():
        return None
    return min(timedelta(seconds=int(told.strip()[:9])), LONGEST_WAIT)


def _mark(told: str | None) -> str | None:
    return told if told and len(told) <= LONGEST_MARK and told.isascii() and told.isprintable() else None
