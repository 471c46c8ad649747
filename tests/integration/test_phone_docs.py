"""Every `curl` line of docs/dev/phone-api.md, as a shell runs it, against a running phone API; with the answer that stands below it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detector.phone_api.json_fields import PayloadError
from detector.phone_api.payload import parse_phone_event
from rules.features import CATEGORIES
from tests.rig.phone_api_thread import CODE, RecordingGateway, RunningPhoneApi

PAGE = Path(__file__).parents[2] / "docs" / "phones.md"
API_PAGE = PAGE.parent / "dev" / "phone-api.md"
ADDRESS = "http://192.168.178.20:8420"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A command of the page and what the page says that it answers."""

    command: str
    answer: str


def shown(text: str) -> list[Shown]:
    found = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            if command.startswith("curl "):
                found.append(Shown(command, answer.strip()))
    return found


def ran(command: str, api: RunningPhoneApi, token: str) -> str:
    mine = command.replace(ADDRESS, api.url).replace("TOKEN", token).replace('"CODE"', f'"{CODE}"')
    done = subprocess.run(["sh", "-c", mine], capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.strip()


@pytest.fixture
def api() -> Iterator[RunningPhoneApi]:
    if shutil.which("curl") is None:
        pytest.skip("missing: curl")
    with RunningPhoneApi(RecordingGateway()) as opened:
        yield opened


def test_every_curl_line_in_the_docs_gets_the_documented_response(api: RunningPhoneApi) -> None:
    lines = shown(API_PAGE.read_text(encoding="utf-8"))
    # A person has a token already: the one line that makes it comes first here.
    lines.sort(key=lambda line: "/pair " not in line.command)
    token = ""
    for line in lines:
        assert ADDRESS in line.command, line
        answer = ran(line.command, api, token)
        if "/pair " in line.command:
            token = answer.split('"token": "')[1].split('"')[0]
            answer = answer.replace(token, "…")
        assert answer == line.answer, line.command
    assert [told.event for told in api.gateway.events] == ["app_open", "app_close", "unlock", "put_away"]
    assert [what for what, _ in api.gateway.changes] == ["start", "extend", "stop"]
    assert (api.gateway.tests, api.gateway.known) == (1, [])


def test_every_curl_line_in_the_docs_is_found() -> None:
    text = API_PAGE.read_text(encoding="utf-8")
    assert len(shown(text)) == len(re.findall(r"\bcurl -", text)) >= 12
    assert shown("```console\n$ curl -s x\n204\n$ ls\n```\n") == [Shown("curl -s x", "204")]


def test_the_bodies_in_the_text_of_the_docs_can_be_parsed() -> None:
    prose = BLOCK.sub("", PAGE.read_text(encoding="utf-8"))
    bodies = re.findall(r'`(\{"event".*?\})`', prose)
    assert len(bodies) >= 2
    for body in bodies:
        try:
            parse_phone_event(body.replace("[app_package]", "com.instagram.android").encode(), datetime.now(UTC))
        except PayloadError as wrong:
            pytest.fail(f"{body}: {wrong}")


def test_the_docs_name_every_category() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.search(r"The categories are (.*?)\.\n", text, re.DOTALL)
    assert named
    # What a phone alone or this program is in front of is nothing that somebody sets up.
    assert set(re.findall(r"`(\w+)`", named[1])) == set(CATEGORIES) - {"phone", "system"}
