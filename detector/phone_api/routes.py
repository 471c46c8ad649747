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
from detector.devices import DoorPlace, Phone
from detector.phone_api import auth as guard
from detector.phone_api.hosts import is_ours, is_same_origin
from detector.phone_api.json_fields import read_fields
from detector.phone_api.message import Answer, Asked, Body, Refused, as_json, refusal
from detector.phone_api.model import Desk
from detector.phone_api.payload import NotTold, read_told, read_wish

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
_DONE: Final = Answer(status=204)
_UNKNOWN: Final = refusal(
    401,
    "this needs the token of a phone that is paired: turntoward phone list names them",
    headers=(("WWW-Authenticate", "Bearer"),),
    closes=True,
).answer
_TOO_OFTEN: Final = refusal(
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

    def __init__(self, place: DoorPlace, desk: Desk, clock: Clock) -> None:
        self._place = place
        self._desk = desk
        self._clock = clock
        self._strangers = guard.Allowance(per_second=guard.STRANGERS_PER_SECOND, at_once=guard.STRANGERS_AT_ONCE)
        self._known = guard.Allowance(per_second=guard.KNOWN_PER_SECOND, at_once=guard.KNOWN_AT_ONCE)
        self._replays: guard.Replays[asyncio.Future[Answer]] = guard.Replays()
        self._ways: dict[str, dict[str, Callable[[Asked, Phone, Body], Awaitable[Answer]]]] = {
            "/v1/phone": {"POST": self._tell, "DELETE": self._remove},
            "/v1/test": {"POST": self._test},
            "/v1/together": {"POST": self._wish},
        }

    async def answer(self, asked: Asked, body: Body) -> Answer:
        """Return the answer to a request; never raises `Refused`."""
        try:
            return await self._answer(asked, body)
        except Refused as refused:
            return refused.answer
        except NotTold as wrong:
            return refusal(422, *wrong.problems).answer

    def may_ask(self, phone: Phone | None, peer: str) -> bool:
        """Whether one more request may be answered: counted for the phone, or for the address of somebody unknown."""
        now = self._clock.monotonic()
        if phone is None:
            return self._strangers.allows(peer, now)
        return self._known.allows(phone.token or "", now)

    async def _answer(self, asked: Asked, body: Body) -> Answer:
        phone = self._who(asked)
        if not self.may_ask(phone, asked.peer):
            raise Refused(_TOO_OFTEN)
        self._meant_for_us(asked)
        path = asked.target.partition("?")[0]
        ways = self._ways.get(path)
        if ways is None:
            return await self._public(asked, path, body)
        if asked.method not in ways:
            raise _not_allowed(*ways)
        if phone is None:
            raise Refused(_UNKNOWN)
        return await ways[asked.method](asked, phone, body)

    def _meant_for_us(self, asked: Asked) -> None:
        if asked.version != "1.1":
            raise refusal(505, "this door speaks HTTP/1.1", closes=True)
        for name in _ONCE:
            if len(asked.headers.get(name, ())) > 1:
                raise refusal(400, f"the header {name} is given twice", closes=True)
        if "transfer-encoding" in asked.headers and "content-length" in asked.headers:
            raise refusal(400, "the length of the body is given in two ways", closes=True)
        if not asked.target.startswith("/"):
            raise refusal(400, "ask for a path, such as /phone", closes=True)
        host = asked.header("host") or ""
        if not is_ours(host, place=self._place, local=asked.local):
            raise refusal(421, "this door has another name: use the address that the pairing link has", closes=True)
        origin = asked.header("origin")
        if origin is not None and not is_same_origin(origin, host=host, scheme=asked.scheme):
            raise refusal(403, "a page from elsewhere cannot speak through this door", closes=True)

    def _who(self, asked: Asked) -> Phone | None:
        scheme, _, token = (asked.header("authorization") or "").partition(" ")
        presented = token.strip() if scheme.lower() == "bearer" else ""
        return guard.who(presented.encode("latin-1"), self._desk.phones())

    def _still(self, asked: Asked) -> Phone:
        """Return who asks; it may have been removed while the body was under way."""
        phone = self._who(asked)
        if phone is None:
            raise Refused(_UNKNOWN)
        return phone

    async def _public(self, asked: Asked, path: str, body: Body) -> Answer:
        name = "phone.html" if path.startswith(PAIR) and "/" not in path.removeprefix(PAIR) else PAGES.get(path)
        if path == "/pair" and asked.method == "POST":
            return await self._claim(asked, body)
        if name is None:
            raise refusal(404, "there is nothing here")
        if asked.method not in {"GET", "HEAD"}:
            raise _not_allowed("GET", "HEAD", *(("POST",) if path == "/pair" else ()))
        kind = _TYPES[name.rpartition(".")[2]]
        content = files("detector.phone_api").joinpath("page", name).read_bytes()
        return Answer(status=200, body=content, headers=(("Content-Type", f"{kind}; charset=utf-8"), *_PAGE_HEADERS))

    async def _claim(self, asked: Asked, body: Body) -> Answer:
        _takes_json(asked)
        fields, problems = read_fields(await body(), ("code",))
        code = fields.get("code")
        if not isinstance(code, str):
            problems.append("code is missing: it stands at the end of the pairing link")
        if problems or not isinstance(code, str):
            raise NotTold(problems)
        token = guard.new_token()
        phone = self._desk.claim(guard.digest(code[:_LONGEST_CODE]), guard.digest(token))
        if phone is None:
            raise Refused(_UNKNOWN)
        return as_json(200, {"token": token, "name": phone.name})

    async def _tell(self, asked: Asked, phone: Phone, body: Body) -> Answer:
        _takes_json(asked)
        told = read_told(await body(), self._clock.now())
        phone = self._still(asked)
        at = told.at.isoformat() if told.at else None

        async def take() -> Answer:
            said = await self._desk.take(phone, told)
            return _DONE if said is None else as_json(200, {"say": said})

        return await self._once(take, phone.token, "tell", told.event, told.category, told.app, at)

    async def _test(self, asked: Asked, _phone: Phone, body: Body) -> Answer:
        sent = await body()
        if sent.strip():
            _takes_json(asked)
            read_told(sent, self._clock.now())
        self._desk.tested(self._still(asked))
        return _DONE

    async def _wish(self, asked: Asked, phone: Phone, body: Body) -> Answer:
        _takes_json(asked)
        what, lasts = read_wish(await body())
        phone = self._still(asked)

        async def wish() -> Answer:
            self._desk.wish(phone, what, lasts)
            return _DONE

        return await self._once(wish, phone.token, "wish", what, str(lasts))

    async def _remove(self, _asked: Asked, phone: Phone, _body: Body) -> Answer:
        self._desk.remove(phone)
        return _DONE

    async def _once(self, act: Callable[[], Awaitable[Answer]], *said: str | None) -> Answer:
        """Act, or return what was answered to the same within the last second, also while that is under way."""
        mark = self._replays.mark(*said)
        now = self._clock.monotonic()
        before = self._replays.answered(mark, now)
        if before is not None:
            return await asyncio.shield(before)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._replays.keep(mark, now, answer)
        try:
            answer.set_result(await act())
        finally:
            if not answer.done():  # the door is closing, or the desk failed: whoever waits for the same gets no more
                answer.set_result(_DONE)
        return answer.result()


def _takes_json(asked: Asked) -> None:
    kind = (asked.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json" or asked.header("content-encoding") is not None:
        raise refusal(415, "the body is sent as application/json")


def _not_allowed(*methods: str) -> Refused:
    return refusal(405, f"there is {' and '.join(methods)} here", headers=(("Allow", ", ".join(methods)),))
