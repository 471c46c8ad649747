"""The response to each request.

Invariant 1: of what is stored, sensed or decided only the `PhoneOverview` of the phone that asks can be read here; the page is the
same for everybody.
Invariant 2: without a valid token the response is always the same, byte for byte, and the body is not read.
Invariant 3: the same event twice within a second gets the same response and is processed once.
Invariant 4: nothing of a request is logged, or passed on in an exception.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from detector.clock import Clock
from detector.devices import Phone, PhoneApiAddress
from detector.i18n import _
from detector.phone_api import auth
from detector.phone_api.hosts import is_own_host, is_same_origin
from detector.phone_api.json_fields import PayloadError, read_fields
from detector.phone_api.message import HttpError, ReadBody, Request, Response, http_error, json_response
from detector.phone_api.model import PhoneGateway
from detector.phone_api.payload import parse_partner_time_request, parse_phone_event

# Two proxies may each take another one of two equal headers: so these may come only once (request smuggling).
_SINGLE_HEADERS: Final = (
    *("host", "origin", "authorization", "expect"),
    *("content-type", "content-length", "content-encoding", "transfer-encoding"),
)
_MAX_CODE_LENGTH: Final = 200
_NO_CONTENT: Final = Response(status=204)
# The page loads nothing from anywhere else, and no other page can embed it.
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
_CONTENT_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
PAGES: Final = dict.fromkeys(("/", "/phone", "/pair"), "phone.html") | {
    "/phone.css": "phone.css",
    "/phone.js": "phone.js",
}
PAIR: Final = "/pair/"
EVENTS: Final = "/v1/phone"


class Routes:
    """The responses of one phone API. Belongs to the loop's thread."""

    def __init__(self, address: PhoneApiAddress, gateway: PhoneGateway, clock: Clock) -> None:
        self._address = address
        self._gateway = gateway
        self._clock = clock
        self._anonymous_limiter = auth.RateLimiter(rate=auth.ANONYMOUS_RATE, burst=auth.ANONYMOUS_BURST)
        self._phone_limiter = auth.RateLimiter(rate=auth.PHONE_RATE, burst=auth.PHONE_BURST)
        # From which address each phone, by its token's digest, sent its last request.
        self._phone_peers: dict[str, str] = {}
        self._replays: auth.RecentRequests[asyncio.Future[Response]] = auth.RecentRequests()
        self._handlers: dict[str, dict[str, Callable[[Request, Phone, ReadBody], Awaitable[Response]]]] = {
            EVENTS: {"GET": self._overview, "POST": self._receive_event, "DELETE": self._remove},
            "/v1/test": {"POST": self._test},
            "/v1/together": {"POST": self._change_partner_time},
        }

    async def respond(self, request: Request, read_body: ReadBody) -> Response:
        """Return the response to a request; never raises `HttpError`."""
        try:
            return await self._respond(request, read_body)
        except HttpError as error:
            return error.response
        except PayloadError as error:
            return http_error(422, *error.problems).response

    def is_phone_at(self, peer: str) -> bool:
        """Return whether a paired phone sent its last request from this address."""
        return any(phone.token and self._phone_peers.get(phone.token) == peer for phone in self._gateway.phones())

    async def _respond(self, request: Request, read_body: ReadBody) -> Response:
        # The rate is limited before anything else is checked: guessing tokens costs as much as any other request.
        phone = self._authenticate(request)
        now = self._clock.monotonic()
        if phone is not None and phone.token is not None:
            self._phone_peers[phone.token] = request.peer
            is_allowed = self._phone_limiter.allows(phone.token, now)
        else:
            is_allowed = self._anonymous_limiter.allows(request.peer, now)
        if not is_allowed:
            problem = _("too many requests at once: try again in a second")
            raise http_error(429, problem, headers=(("Retry-After", "1"),), closes=True)
        self._check_headers(request)
        path = request.target.partition("?")[0]
        if path == EVENTS and request.method in {"GET", "HEAD"} and request.header("authorization") is None:
            # Somebody found this address in an automation on their phone, and opened it: the page explains it.
            path = "/phone"
        handlers = self._handlers.get(path)
        if handlers is None:
            return await self._public(request, path, read_body)
        if request.method not in handlers:
            raise _not_allowed(*handlers)
        if phone is None:
            raise _unauthorized()
        return await handlers[request.method](request, phone, read_body)

    def _check_headers(self, request: Request) -> None:
        if request.version != "1.1":
            raise http_error(505, _("this is HTTP/1.1 only"), closes=True)
        for name in _SINGLE_HEADERS:
            if len(request.headers.get(name, ())) > 1:
                raise http_error(400, _("the header {name} is given twice").format(name=name), closes=True)
        if "transfer-encoding" in request.headers and "content-length" in request.headers:
            raise http_error(400, _("the length of the body is given in two ways"), closes=True)
        if not request.target.startswith("/"):
            raise http_error(400, _("the request has to name a path, such as /phone"), closes=True)
        host = request.header("host") or ""
        if not is_own_host(host, address=self._address, local=request.local):
            problem = _("this device has another name here: use the address of the pairing link")
            raise http_error(421, problem, closes=True)
        origin = request.header("origin")
        if origin is not None and not is_same_origin(origin, host=host, scheme=request.scheme):
            raise http_error(403, _("a page from elsewhere may not send this"), closes=True)

    def _authenticate(self, request: Request) -> Phone | None:
        scheme, _space, token = (request.header("authorization") or "").partition(" ")
        presented = token.strip() if scheme.lower() == "bearer" else ""
        # Without a token, too, every phone is compared: no request is faster than one with a wrong token.
        return auth.authenticate(presented.encode("latin-1"), self._gateway.phones())

    def _authenticate_again(self, request: Request) -> Phone:
        # The phone may have been removed while its request's body was on the way.
        phone = self._authenticate(request)
        if phone is None:
            raise _unauthorized()
        return phone

    async def _public(self, request: Request, path: str, read_body: ReadBody) -> Response:
        # The page takes the code out of its own address; a GET must not use it up, since link previews send one.
        name = "phone.html" if path.startswith(PAIR) and "/" not in path.removeprefix(PAIR) else PAGES.get(path)
        if path == "/pair" and request.method == "POST":
            return await self._pair(request, read_body)
        if name is None:
            raise http_error(404, _("there is nothing here"))
        if request.method not in {"GET", "HEAD"}:
            raise _not_allowed("GET", "HEAD", *(("POST",) if path == "/pair" else ()))
        content_type = f"{_CONTENT_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
        content = files("detector.phone_api").joinpath("page", name).read_bytes()
        return Response(status=200, body=content, headers=(("Content-Type", content_type), *_PAGE_HEADERS))

    async def _pair(self, request: Request, read_body: ReadBody) -> Response:
        _require_json(request)
        fields, problems = read_fields(await read_body(), ("code",))
        code = fields.get("code")
        if not isinstance(code, str):
            problems.append(_("code is missing: it is the end of the pairing link"))
        if problems or not isinstance(code, str):
            raise PayloadError(problems)
        # The token exists here and on the phone only; what the store gets is its digest.
        token = auth.new_token()
        phone = self._gateway.use_pairing_code(auth.digest(code[:_MAX_CODE_LENGTH]), auth.digest(token))
        if phone is None:
            raise _unauthorized()
        return json_response(200, {"token": token, "name": phone.name})

    async def _receive_event(self, request: Request, phone: Phone, read_body: ReadBody) -> Response:
        _require_json(request)
        event = parse_phone_event(await read_body(), self._clock.now())
        phone = self._authenticate_again(request)
        at = event.at.isoformat() if event.at else None

        async def receive() -> Response:
            sentence = await self._gateway.receive(phone, event)
            return _NO_CONTENT if sentence is None else json_response(200, {"say": sentence})

        return await self._answer_once(receive, phone.token, "event", event.event, event.category, event.app, at)

    async def _overview(self, _request: Request, phone: Phone, _read_body: ReadBody) -> Response:
        overview = self._gateway.overview(phone)
        hours = [[begins.isoformat(), ends.isoformat()] for begins, ends in overview.hours]
        return json_response(200, {"name": phone.name, "heard_today": overview.heard_today, "hours": hours})

    async def _test(self, request: Request, _phone: Phone, read_body: ReadBody) -> Response:
        body = await read_body()
        if body.strip():
            # So that a person sees what is wrong with an event before partner time comes.
            _require_json(request)
            parse_phone_event(body, self._clock.now())
        self._gateway.note_test(self._authenticate_again(request))
        return _NO_CONTENT

    async def _change_partner_time(self, request: Request, phone: Phone, read_body: ReadBody) -> Response:
        _require_json(request)
        action, length = parse_partner_time_request(await read_body())
        phone = self._authenticate_again(request)

        async def change() -> Response:
            self._gateway.change_partner_time(phone, action, length)
            return _NO_CONTENT

        return await self._answer_once(change, phone.token, "partner time", action, str(length))

    async def _remove(self, _request: Request, phone: Phone, _read_body: ReadBody) -> Response:
        self._gateway.remove(phone)
        return _NO_CONTENT

    async def _answer_once(self, act: Callable[[], Awaitable[Response]], *fields: str | None) -> Response:
        """Act, or return the response to the same request within the last second, also while that is being processed.

        Phones send again where a response is slow: one look at the phone must not count as two.
        """
        fingerprint = self._replays.fingerprint(*fields)
        now = self._clock.monotonic()
        earlier = self._replays.get(fingerprint, now)
        if earlier is not None:
            # shield(): when this request is cancelled, the first one still gets its response.
            return await asyncio.shield(earlier)
        response: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._replays.add(fingerprint, now, response)
        try:
            response.set_result(await act())
        finally:
            if not response.done():  # the API is closing, or the gateway failed: nobody who waits may hang
                response.set_result(_NO_CONTENT)
        return response.result()


def _require_json(request: Request) -> None:
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if content_type != "application/json" or request.header("content-encoding") is not None:
        raise http_error(415, _("the body is sent as application/json"))


def _not_allowed(*methods: str) -> HttpError:
    allowed = ", ".join(methods)
    return http_error(
        405, _("this address allows only {methods}").format(methods=allowed), headers=(("Allow", allowed),)
    )


def _unauthorized() -> HttpError:
    # A new one for each request: an exception that is raised twice keeps both tracebacks.
    problem = _("this needs the token of a phone that is paired: turntoward phone list names them")
    return http_error(401, problem, headers=(("WWW-Authenticate", "Bearer"),), closes=True)
