"""One's own: the program opens no network, and no title reaches a log, a repr or an exception."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from detector.sensors.model import Toplevel
from tests.architecture.sources import SOURCES, Source, source

NETWORK = frozenset(
    {
        "socket",
        "socketserver",
        "ssl",
        "http",
        "urllib",
        "ftplib",
        "smtplib",
        "imaplib",
        "poplib",
        "xmlrpc",
        "telnetlib",
        "requests",
        "httpx",
        "aiohttp",
        "urllib3",
        "websockets",
        "zeroconf",
    }
)
"""What reaches the network, or could."""

MAY_IMPORT = {
    "detector/control/sd_notify.py": "the datagram to systemd, AF_UNIX",
    "detector/sensors/pynput_input.py": "a constant, to shut pynput's connection to the X server",
}
MAY_ASK = {"detector/cli/phone/testing.py": "one request to this device's own api, without a token"}
"""Who may speak http as a client, and what for."""

OPENS = frozenset(
    {
        "open_connection",
        "start_server",
        "create_connection",
        "create_server",
        "create_datagram_endpoint",
        "sock_connect",
        "sock_accept",
        "urlopen",
    }
)
"""Calls of asyncio and others that open a network connection or listen for one."""

REACHES: dict[str, tuple[frozenset[str], str]] = {
    "detector/phone_api/server.py": (
        frozenset({"asyncio.get_running_loop().create_server", "ssl"}),
        "the api, open while a phone is paired",
    ),
    "detector/sensors/adb_client.py": (
        frozenset({"asyncio.get_running_loop().create_connection"}),
        "the adb server on this device: `place` takes no address but the loopback's",
    ),
    "detector/sensors/activitywatch_server.py": (
        frozenset({"asyncio.open_connection", "urllib.parse"}),
        "an aw-server: on this device where it is a sensor, else where the person says with `import --url`",
    ),
    "detector/calendars/connection.py": (
        frozenset({"http.client", "socket", "ssl", "socket.create_connection"}),
        "a calendar at an address that the person wrote: subscribed to, or requested again by hand",
    ),
    "detector/calendars/urls.py": (frozenset({"urllib.parse"}), "takes that address apart, and opens nothing"),
}
"""What reaches the network because the person asked for it: exactly what each module may use, and why."""

LOGS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
SECRET = frozenset({"title", "titles", "toplevel", "text", "url", "wm_name"})
"""What is in a title is nobody's business; a partner time's own title is the person's, and is not logged either."""
MEET_TITLES = ("detector/sensors/", "detector/activities/classifier.py", "detector/daemon/inbox.py")


def reaches_out(what: Source) -> list[str]:
    """Return what in the module reaches the network without being allowed to."""
    allowed = REACHES.get(what.name, (frozenset[str](), ""))[0]
    return [found for found in reaching(what) if found not in allowed]


def reaching(what: Source) -> list[str]:
    allowed = {"http", "ssl"} if what.name in MAY_ASK else set()
    found = [name for name in what.imported() if what.name not in MAY_IMPORT]
    wrong = [name for name in found if name.split(".")[0] in NETWORK - allowed]
    for node in ast.walk(what.tree):
        if isinstance(node, ast.Attribute) and node.attr in OPENS:
            wrong.append(ast.unparse(node))
        if isinstance(node, ast.Attribute) and node.attr in {"AF_INET", "AF_INET6", "AF_BLUETOOTH"}:
            wrong.append(ast.unparse(node))
    return wrong


def named_in(node: ast.AST) -> set[str]:
    """Return every name and attribute that an expression mentions, without those that it only measures."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"len", "type", "bool"}:
        return set()
    found = {node.id} if isinstance(node, ast.Name) else {node.attr} if isinstance(node, ast.Attribute) else set()
    for child in ast.iter_child_nodes(node):
        found |= named_in(child)
    return found


def logging_calls(what: Source) -> Iterator[ast.Call]:
    for node in ast.walk(what.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOGS:
            owner = ast.unparse(node.func.value)
            if owner in {"logging", "log"} or owner.endswith("logger") or owner.startswith("logging.getLogger"):
                yield node


def logged_titles(what: Source) -> list[str]:
    """Return what is logged with a title in it."""
    return [
        f"{what}:{call.lineno}: {ast.unparse(call)}"
        for call in logging_calls(what)
        if any(named_in(part) & SECRET for part in (*call.args, *(keyword.value for keyword in call.keywords)))
    ]


def raised_titles(what: Source) -> list[str]:
    """Return what is raised with a title in it."""
    raised = [node for node in ast.walk(what.tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return [
        f"{what}:{node.lineno}: {ast.unparse(node)}"
        for node in raised
        if isinstance(node.exc, ast.Call) and any(named_in(part) & SECRET for part in node.exc.args)
    ]


def test_no_module_opens_the_network() -> None:
    assert {what.name: reaches_out(what) for what in SOURCES if reaches_out(what)} == {}


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_who_may_import_a_socket_still_does_and_stays_on_the_device(name: str) -> None:
    (what,) = [what for what in SOURCES if what.name == name]
    assert {found for found in what.imported() if found.split(".")[0] in NETWORK} == {"socket"}
    made = [
        ast.unparse(node)
        for node in ast.walk(what.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"socket.socket", "socket.create_connection"}
    ]
    assert all("AF_UNIX" in call for call in made), made


@pytest.mark.parametrize("name", REACHES)
def test_what_reaches_the_network_uses_what_it_is_allowed_and_no_more(name: str) -> None:
    (what,) = [what for what in SOURCES if what.name == name]
    assert set(reaching(what)) == set(REACHES[name][0])


@pytest.mark.parametrize(
    "text",
    [
        "import socket",
        "def f():\n    from urllib.request import urlopen",
        "import http.server as page",
        "import_module('requests')",
        "asyncio.open_connection('example.org', 80)",
        "loop.create_server(f, port=1)",
        "kind = s.AF_INET",
    ],
)
def test_a_module_that_opens_the_network_is_seen(text: str) -> None:
    assert reaches_out(source(text))


def test_no_title_is_logged() -> None:
    assert [line for what in SOURCES for line in logged_titles(what)] == []
    assert sum(1 for what in SOURCES for _ in logging_calls(what)) >= 20, "the logging calls are not found any more"


def test_no_title_is_raised_where_titles_are_read() -> None:
    near = [what for what in SOURCES if what.name.startswith(MEET_TITLES)]
    assert len(near) >= 15
    assert [line for what in near for line in raised_titles(what)] == []
    assert raised_titles(source("raise SensorLost(f'{self._toplevel.title} is gone')"))


@pytest.mark.parametrize(
    ("text", "is_seen"),
    [
        ("logger.info('%s', seen.toplevel.title)", True),
        ("logger.warning(f'lost {title!r}')", True),
        ("logging.getLogger(__name__).error('%s', title.strip())", True),
        ("self._logger.debug('in front', extra={'what': toplevel})", True),
        ("logger.info('a title of %d characters', len(title))", False),
        ("logger.info('no title is logged')", False),
        ("parser.error(title)", False),
    ],
)
def test_a_title_that_is_logged_is_seen(text: str, *, is_seen: bool) -> None:
    assert bool(logged_titles(source(text))) is is_seen


def test_a_title_does_not_show_in_a_repr() -> None:
    toplevel = Toplevel(app_id="firefox", title="canary")
    assert "canary" not in repr(toplevel)
    assert "canary" not in f"{toplevel}"
