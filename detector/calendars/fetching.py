"""Fetch a calendar: a file, or a URL whose server may be hostile. Size and time have a maximum.

Invariant 1: nothing on the local network is fetched unless the person allows it, and never because a public server redirects to it.
Invariant 2: a redirect is checked like the first URL; it never leads from https to http, or to any other scheme.
Invariant 3: only a whole calendar is accepted, whatever its content type says.
Invariant 4: name and password are sent only to the server that the person named.
"""

import os
import re
import stat
import zlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from detector.calendars.charset import to_utf8
from detector.calendars.connection import (
    Deadline,
    FetchFailed,
    HttpResponse,
    Network,
    ProtocolError,
    ResponseTooLarge,
    describe_error,
    get,
    request_headers,
)
from detector.calendars.limits import MAX_BYTES
from detector.calendars.urls import CalendarUrl, InvalidUrl, is_url, parse_url, redirect_target
from detector.i18n import _
from detector.store.model import Calendar

MAX_VALIDATOR_LENGTH: Final = 512
MAX_WAIT: Final = timedelta(days=1)
_CHUNK: Final = 1 << 16
_MAX_MEMBERS: Final = 100
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# What servers write there, although it says nothing of packing.
_NOT_PACKED: Final = frozenset({"", "identity", "none", "utf-8", "7bit", "8bit", "binary"})
_STATUS_PROBLEMS: Final = {
    401: _("the server wants a name and a password, or others than these"),
    403: _("the server does not let you in"),
    404: _("there is no calendar at this address"),
    410: _("the calendar is gone from this address for good"),
    429: _("the server asks for fewer requests"),
    503: _("the server is busy just now"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Limits for one calendar: seconds in all, bytes, and redirects."""

    timeout: float = 20.0
    max_bytes: int = MAX_BYTES
    max_redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedCalendar:
    """A whole calendar as it came, and the validators of this copy (the ETag and Last-Modified headers)."""

    content: bytes = field(repr=False)
    etag: str | None = None
    modified: str | None = None


def fetch(
    calendar: Calendar, limits: FetchLimits | None = None, network: Network | None = None
) -> FetchedCalendar | None:
    """Return the calendar, or None if it is unchanged since the last good copy. Raises `FetchFailed`."""
    limits, network = limits or FetchLimits(), network or Network()
    if not is_url(calendar.location):
        return _from_file(Path(calendar.location), calendar.etag, limits.max_bytes)
    began = network.monotonic()
    # One deadline for all redirects together.
    deadline = Deadline(ends=began + limits.timeout, timeout=limits.timeout, monotonic=network.monotonic)
    try:
        url, allow_local = parse_url(calendar.location), calendar.local
    except InvalidUrl as error:
        raise FetchFailed(_("its address {problem}").format(problem=error)) from None
    for _redirect in range(limits.max_redirects + 1):
        try:
            response = _fetch_once(url, calendar, limits, deadline, network, allow_local=allow_local)
        except ResponseTooLarge:
            raise _too_large(limits.max_bytes) from None
        except OSError as error:
            raise FetchFailed(describe_error(error, url, limits.timeout)) from None
        except (ProtocolError, ValueError):
            raise FetchFailed(_("the server's response is not valid HTTP, or broke off")) from None
        if not isinstance(response, _Redirect):
            return response
        # A public server must not send us to the local network; a local one may send us on within it.
        url, allow_local = _redirected(url, response.location), allow_local and response.was_local
    problem = _("the server redirects more than {count} times")
    raise FetchFailed(problem.format(count=limits.max_redirects))


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str = field(repr=False)
    was_local: bool


def _fetch_once(
    url: CalendarUrl,
    calendar: Calendar,
    limits: FetchLimits,
    deadline: Deadline,
    network: Network,
    *,
    allow_local: bool,
) -> FetchedCalendar | _Redirect | None:
    sent = get(
        url,
        request_headers(url, etag=calendar.etag, modified=calendar.modified),
        allow_local=allow_local,
        deadline=deadline,
        network=network,
        max_bytes=limits.max_bytes,
    )
    with sent as (response, is_local):
        headers = response.headers
        if response.status in _REDIRECTS:
            return _Redirect(headers.get("Location", ""), is_local)
        if response.status == 304 and (calendar.etag or calendar.modified):
            return None
        if response.status != 200:
            raise FetchFailed(_status_problem(response.status), _wait(headers.get("Retry-After")))
        packed = _body(response, limits.max_bytes)
        content = _decoded(packed, headers.get("Content-Encoding"), limits.max_bytes)
        content = to_utf8(content, headers.get_content_charset())
        check_is_calendar(content)
        return FetchedCalendar(
            content=content, etag=_validator(headers.get("ETag")), modified=_validator(headers.get("Last-Modified"))
        )


def _redirected(url: CalendarUrl, location: str) -> CalendarUrl:
    try:
        target = redirect_target(url, location)
    except ValueError:
        raise FetchFailed(_("the server redirects to something that is not the address of a calendar")) from None
    # An empty location resolves to the same URL again, and would end as "too many redirects".
    if not location:
        raise FetchFailed(_("the server redirects without an address"))
    if url.scheme == "https" and target.scheme != "https":
        raise FetchFailed(_("the server redirects from https to plain http, which is not followed"))
    return replace(target, login=url.login) if target.origin == url.origin else target


def _body(response: HttpResponse, max_bytes: int) -> bytes:
    # The header is checked first, and the body all the same: the header may be missing, or wrong.
    length = response.length
    if length is not None and length > max_bytes:
        raise ResponseTooLarge
    body = bytearray()
    while chunk := response.read(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise ResponseTooLarge
    if length is not None and len(body) < length:
        raise FetchFailed(_("the calendar broke off in the middle"))
    return bytes(body)


def _decoded(body: bytes, encoding: str | None, max_bytes: int) -> bytes:
    """Return the body decompressed. Some servers compress it although they were asked not to."""
    encodings = [each.strip().lower() for each in (encoding or "").split(",")]
    encodings = [each for each in encodings if each not in _NOT_PACKED]
    if not encodings:
        return body
    if len(encodings) > 1 or encodings[0] not in {"gzip", "x-gzip", "deflate"}:
        raise FetchFailed(_("the calendar is packed in a way that was not asked for"))
    content = bytearray()
    # gzip may consist of several members, one behind the other. Each copies what is left, so a million of them would hang.
    for _member in range(_MAX_MEMBERS):
        decompressor = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, whichever it is
        try:
            # The maximum stops a bomb: a few kilobytes can be gigabytes decompressed.
            content += decompressor.decompress(body, max_bytes + 1 - len(content))
        except zlib.error:
            if content:
                break  # something else stands behind it
            raise FetchFailed(_("the calendar is packed, and what is inside is broken")) from None
        if len(content) > max_bytes:
            raise ResponseTooLarge
        if not decompressor.eof:
            raise FetchFailed(_("the calendar broke off in the middle"))
        body = decompressor.unused_data.lstrip(b"\0")
        if not body:
            break
    return bytes(content)


def check_is_calendar(content: bytes) -> None:
    """Raise `FetchFailed` if this is no whole calendar, such as a web page. Its events are not checked."""
    begins = content[:2048].lstrip().lower()
    if not begins:
        raise FetchFailed(_("the response is empty"))
    if not re.search(rb"^[ \t]*begin:vcalendar", begins, re.MULTILINE):
        # Login pages and captive portals answer with status 200 and a page.
        if begins.startswith(b"<!doctype html") or b"<html" in begins or b"<head" in begins:
            raise FetchFailed(_("the address answers with a web page, not a calendar"))
        raise FetchFailed(_("the response is not a calendar"))
    # Some servers write more behind it, such as a comment about their cache; a second calendar must be whole as well.
    marks = re.findall(rb"^[ \t]*(begin|end):vcalendar[ \t]*\r?$", content, re.IGNORECASE | re.MULTILINE)
    if not marks or marks[-1].lower() != b"end":
        raise FetchFailed(_("the calendar broke off in the middle"))


def _from_file(path: Path, etag: str | None, max_bytes: int) -> FetchedCalendar | None:
    try:
        # Before it is opened: opening some devices has an effect, and opening a pipe would block.
        if not stat.S_ISREG(path.stat().st_mode):
            raise FetchFailed(_("the place is not a regular file"))
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            before = os.fstat(descriptor)
            version = f"{before.st_mtime_ns}-{before.st_size}"
            if not stat.S_ISREG(before.st_mode):  # again: it may have been replaced since
                raise FetchFailed(_("the place is not a regular file"))
            if version == etag:
                return None
            content = file.read(max_bytes + 1)
            after = os.fstat(descriptor)
    except FileNotFoundError:
        raise FetchFailed(_("the file is not there")) from None
    except OSError as error:
        why = (error.strerror or _("no reason given")).lower()
        raise FetchFailed(_("the file cannot be read ({why})").format(why=why)) from None
    if len(content) > max_bytes:
        raise _too_large(max_bytes)
    if (after.st_mtime_ns, after.st_size) != (before.st_mtime_ns, before.st_size):
        raise FetchFailed(_("the file is being written just now"))
    content = to_utf8(content)
    check_is_calendar(content)
    return FetchedCalendar(content=content, etag=version)


def _too_large(max_bytes: int) -> FetchFailed:
    return FetchFailed(_("the calendar is larger than {size} MB").format(size=max_bytes // 1_000_000))


def _status_problem(status: int) -> str:
    if status in _STATUS_PROBLEMS:
        problem = _STATUS_PROBLEMS[status]
    elif status >= 500:
        problem = _("the server failed")
    else:
        problem = _("the server answered with something else than a calendar")
    return f"{problem} ({status})"


def _wait(retry_after: str | None) -> timedelta | None:
    if retry_after is None or not retry_after.strip().isascii() or not retry_after.strip().isdigit():
        return None
    # As seconds only; a date in Retry-After depends on clocks that may differ.
    return min(timedelta(seconds=int(retry_after.strip()[:9])), MAX_WAIT)


def _validator(header: str | None) -> str | None:
    # It is sent back with the next request: what does not fit in a header is not stored.
    return (
        header if header and len(header) <= MAX_VALIDATOR_LENGTH and header.isascii() and header.isprintable() else None
    )
