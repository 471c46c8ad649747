"""What the door answers to which request.

Rule 1: nothing that is kept, sensed or decided can be read here; the page is the same for everybody and knows nobody.
Rule 2: without a token that is known, the answer is the same, byte for byte, and the body is not looked at.
Rule 3: what is the same within the same second is answered alike and handed on once.
Rule 4: nothing of a request is logged or raised any further.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from detector.clock import Clock
from detector.devices import Phone, PhoneApiAddress
from detector.phone_api import auth
from detector.phone_api.hosts import is_own_host, is_same_origin
from detector.phone_api.json_fields import read_fields
from detector.phone_api.message import HttpError, ReadBody, Request, Response, http_error, json_response
from detector.phone_api.model import PhoneGateway
from detector.phone_api.payload import PayloadError, parse_partner_time_request, parse_phone_event

_ONCE: Final = (
    "host",
    "origin",
    "authorization",
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "expect",
)
_LONGEST_CODE: Final = 200
_DONE: Final = Response(status=204)
_UNKNOWN: Final = http_error(
    401,
    "this needs the token of a phone that is paired: turntoward phone list names them",
    headers=(("WWW-Authenticate", "Bearer"),),
    closes=True,
).answer
_TOO_OFTEN: Final = http_error(
    429, "too often at once: try again in a second", headers=(("Retry-After", "1"),), closes=True
).answer
_PAGE_HEADERS: Final = (
    (
        "Content-Security-Policy",
        (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
        ),
    ),
    ("X-Frame-Options", "DENY"),
)
_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
PAGES: Final = {
    "/": "phone.html",
    "/phone": "phone.html",
    "/pair": "phone.html",
    "/phone.css": "phone.css",
    "/phone.js": "phone.js",
}
PAIR: Final = "/pair/"


class Routes:
    """The answers of one door. Belongs to the loop's thread."""

    def __init__(self, place: PhoneApiAddress, desk: PhoneGateway, clock: Clock) -> None:
        self._place = place
        self._desk = desk
        self._clock = clock
        self._strangers = auth.RateLimiter(per_second=auth.STRANGERS_PER_SECOND, at_once=auth.STRANGERS_AT_ONCE)
        self._known = auth.RateLimiter(per_second=auth.KNOWN_PER_SECOND, at_once=auth.KNOWN_AT_ONCE)
        self._replays: auth.ReplayCache[asyncio.Future[Response]] = auth.ReplayCache()
        self._ways: dict[str, dict[str, Callable[[Request, Phone, ReadBody], Awaitable[Response]]]] = {
            "/v1/phone": {"POST": self._tell, "DELETE": self._remove},
            "/v1/test": {"POST": self._test},
            "/v1/together": {"POST": self._wish},
        }

    async def answer(self, asked: Request, body: ReadBody) -> Response:
        """Return the answer to a request; never raises `HttpError`."""
        try:
            return await self._answer(asked, body)
        except HttpError as refused:
            return refused.answer
        except PayloadError as wrong:
            return http_error(422, *wrong.problems).answer

    def may_ask(self, phone: Phone | None, peer: str) -> bool:
        """Whether one more request may be answered: counted for the phone, or for the address of somebody unknown."""
        now = self._clock.monotonic()
        if phone is None:
            return self._strangers.allows(peer, now)
        return self._known.allows(phone.token or "", now)

    async def _answer(self, asked: Request, body: ReadBody) -> Response:
        phone = self._who(asked)
        if not self.may_ask(phone, asked.peer):
            raise HttpError(_TOO_OFTEN)
        self._meant_for_us(asked)
        path = asked.target.partition("?")[0]
        ways = self._ways.get(path)
        if ways is None:
            return await self._public(asked, path, body)
        if asked.method not in ways:
            raise _not_allowed(*ways)
        if phone is None:
            raise HttpError(_UNKNOWN)
        return await ways[asked.method](asked, phone, body)

    def _meant_for_us(self, asked: Request) -> None:
        if asked.version != "1.1":
            raise http_error(505, "this door speaks HTTP/1.1", closes=True)
        for name in _ONCE:
            if len(asked.headers.get(name, ())) > 1:
                raise http_error(400, f"the header {name} is given twice", closes=True)
        if "transfer-encoding" in asked.headers and "content-length" in asked.headers:
            raise http_error(400, "the length of the body is given in two ways", closes=True)
        if not asked.target.startswith("/"):
            raise http_error(400, "ask for a path, such as /phone", closes=True)
        host = asked.header("host") or ""
        if not is_own_host(host, place=self._place, local=asked.local):
            raise http_error(421, "this door has another name: use the address that the pairing link has", closes=True)
        origin = asked.header("origin")
        if origin is not None and not is_same_origin(origin, host=host, scheme=asked.scheme):
            raise http_error(403, "a page from elsewhere cannot speak through this door", closes=True)

    def _who(self, asked: Request) -> Phone | None:
        scheme, _, token = (asked.header("authorization") or "").partition(" ")
        presented = token.strip() if scheme.lower() == "bearer" else ""
        return auth.authenticate(presented.encode("latin-1"), self._desk.phones())

    def _still(self, asked: Request) -> Phone:
        """Return who asks; it may have been removed while the body was under way."""
        phone = self._who(asked)
        if phone is None:
            raise HttpError(_UNKNOWN)
        return phone

    async def _public(self, asked: Request, path: str, body: ReadBody) -> Response:
        name = "phone.html" if path.startswith(PAIR) and "/" not in path.removeprefix(PAIR) else PAGES.get(path)
        if path == "/pair" and asked.method == "POST":
            return await self._claim(asked, body)
        if name is None:
            raise http_error(404, "there is nothing here")
        if asked.method not in {"GET", "HEAD"}:
            raise _not_allowed("GET", "HEAD", *(("POST",) if path == "/pair" else ()))
        kind = _TYPES[name.rpartition(".")[2]]
        content = files("detector.phone_api").joinpath("page", name).read_bytes()
        return Response(status=200, body=content, headers=(("Content-Type", f"{kind}; charset=utf-8"), *_PAGE_HEADERS))

    async def _claim(self, asked: Request, body: ReadBody) -> Response:
        _takes_json(asked)
        fields, problems = read_fields(await body(), ("code",))
        code = fields.get("code")
        if not isinstance(code, str):
            problems.append("code is missing: it stands at the end of the pairing link")
        if problems or not isinstance(code, str):
            raise PayloadError(problems)
        token = auth.new_token()
        phone = self._desk.claim(auth.digest(code[:_LONGEST_CODE]), auth.digest(token))
        if phone is None:
            raise HttpError(_UNKNOWN)
        return json_response(200, {"token": token, "name": phone.name})

    async def _tell(self, asked: Request, phone: Phone, body: ReadBody) -> Response:
        _takes_json(asked)
        told = parse_phone_event(await body(), self._clock.now())
        phone = self._still(asked)
        at = told.at.isoformat() if told.at else None

        async def take() -> Response:
            said = await self._desk.take(phone, told)
            return _DONE if said is None else json_response(200, {"say": said})

        return await self._once(take, phone.token, "tell", told.event, told.category, told.app, at)

    async def _test(self, asked: Request, _phone: Phone, body: ReadBody) -> Response:
        sent = await body()
        if sent.strip():
            _takes_json(asked)
            parse_phone_event(sent, self._clock.now())
        self._desk.tested(self._still(asked))
        return _DONE

    async def _wish(self, asked: Request, phone: Phone, body: ReadBody) -> Response:
        _takes_json(asked)
        what, lasts = parse_partner_time_request(await body())
        phone = self._still(asked)

        async def wish() -> Response:
            self._desk.wish(phone, what, lasts)
            return _DONE

        return await self._once(wish, phone.token, "wish", what, str(lasts))

    async def _remove(self, _asked: Request, phone: Phone, _body: ReadBody) -> Response:
        self._desk.remove(phone)
        return _DONE

    async def _once(self, act: Callable[[], Awaitable[Response]], *said: str | None) -> Response:
        """Act, or return what was answered to the same within the last second, also while that is under way."""
        mark = self._replays.mark(*said)
        now = self._clock.monotonic()
        before = self._replays.answered(mark, now)
        if before is not None:
            return await asyncio.shield(before)
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._replays.keep(mark, now, answer)
        try:
            answer.set_result(await act())
        finally:
            if not answer.done():  # the door is closing, or the desk failed: whoever waits for the same gets no more
                answer.set_result(_DONE)
        return answer.result()


def _takes_json(asked: Request) -> None:
    kind = (asked.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json" or asked.header("content-encoding") is not None:
        raise http_error(415, "the body is sent as application/json")


def _not_allowed(*methods: str) -> HttpError:
    return http_error(405, f"there is {' and '.join(methods)} here", headers=(("Allow", ", ".join(methods)),))
