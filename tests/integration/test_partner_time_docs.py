"""Every example of docs/partner-time.md and docs/partner-time-changes.md, and those of README.md about partner time, as printed: real store, fixed clock.

A comment `<!-- at 2026-11-23 07:16 -->` before an example sets the clock of Berlin; `, afresh` begins with nothing declared.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

from detector.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("partner-time.md", "partner-time-changes.md")]
"""In this order: the second goes on where the first ends."""
README = ROOT / "README.md"
BERLIN = ZoneInfo("Europe/Berlin")
PIECE = re.compile(
    r"^<!-- at (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d)(?P<afresh>, afresh)? -->$|^```console\n(?P<block>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COLUMNS = 80
HERE = frozenset(entry.name for entry in COMMANDS if entry.group == "Partner time") - {"calendar", "together"}
"""The commands of README.md that are run here; others have tests, and pages, of their own."""


@dataclass(frozen=True)
class Example:
    """A command and what the page says that it answers; `at`: the clock is set to that before it."""

    command: str
    answer: str
    at: str | None = None
    afresh: bool = False


class Typing(io.StringIO):
    """A terminal at which somebody types; what they type is to be seen, as on any terminal."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:
        typed = super().readline() if size is None or size < 0 else super().readline(size)
        sys.stdout.write(typed)
        return typed


@dataclass
class DocsHome:
    """Somebody in Berlin at a terminal, with nothing declared yet."""

    clock: time_machine.Traveller
    says: Callable[..., str]
    home: Path

    def at(self, clock: str) -> None:
        self.clock.move_to(datetime.fromisoformat(clock).replace(tzinfo=BERLIN).timestamp())

    def begin_anew(self) -> None:
        shutil.rmtree(self.home / ".local", ignore_errors=True)


@pytest.fixture
def docs_home(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path) -> Iterator[DocsHome]:
    monkeypatch.setenv("TZ", "Europe/Berlin")

    def says(command: str, typed: str = "") -> str:
        words = shlex.split(command)
        assert words[0] == "turntoward"
        monkeypatch.setattr(sys, "argv", words)
        monkeypatch.setattr(sys, "stdin", Typing(typed))
        # Both at once, in the order in which a terminal shows them.
        monkeypatch.setattr(sys, "stderr", sys.stdout)
        with suppress(SystemExit):
            main()
        return capsys.readouterr().out

    # A time with its zone: the clocks of C go by that, too.
    with time_machine.travel(datetime(2026, 11, 23, 7, 16, tzinfo=BERLIN), tick=False) as clock:
        yield DocsHome(clock, says, home)


def examples(text: str) -> Iterator[Example]:
    at, afresh = None, False
    for piece in PIECE.finditer(text):
        if piece["at"]:
            at, afresh = piece["at"], bool(piece["afresh"])
            continue
        for part in re.split(r"^\$ ", piece["block"], flags=re.MULTILINE)[1:]:
            command, _, answer = part.partition("\n")
            yield Example(command, answer.strip("\n"), at, afresh)
            at, afresh = None, False


def typed_in(answer: str) -> str:
    """Return what somebody typed after the questions of the answer."""
    return "".join(f"{typed}\n" for typed in re.findall(r"(?:\[(?:Y/n|y/N)\]|\(1, 2\)): (.*)$", answer, re.MULTILINE))


def answered(example: Example, docs_home: DocsHome) -> str:
    if example.afresh:
        docs_home.begin_anew()
    if example.at:
        docs_home.at(example.at)
    return docs_home.says(example.command, typed_in(example.answer)).strip("\n")


def test_every_example_of_the_page_answers_as_printed(docs_home: DocsHome) -> None:
    shown = list(examples("\n".join(page.read_text(encoding="utf-8") for page in PAGES)))
    assert len(shown) >= 20
    for example in shown:
        assert answered(example, docs_home) == example.answer, example.command


def test_every_example_of_the_page_is_tested() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert len(list(examples(text))) == len(re.findall(r"^\$ ", text, re.MULTILINE))
    assert text.count("```") == 2 * len([piece for piece in PIECE.finditer(text) if piece["block"]])
    assert all(len(line) <= COLUMNS for example in examples(text) for line in example.answer.splitlines())
    one = (
        "<!-- at 2026-11-23 07:16, afresh -->\n```console\n$ turntoward x\nSure? [Y/n]: y\nDone\n$ turntoward y\n```\n"
    )
    first, second = examples(one)
    assert (first.at, first.afresh, typed_in(first.answer)) == ("2026-11-23 07:16", True, "y\n")
    assert second == Example("turntoward y", "")


def test_every_form_in_the_table_of_every_is_parsed(docs_home: DocsHome) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    table = text.partition("### How often")[2].partition("If something could mean two things")[0]
    forms = [form for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for form in re.findall(r"`(.*?)`", row)]
    assert len(forms) >= 40
    for form in forms:
        said = docs_home.says(f'turntoward add Us --every {form} --on "27 nov" --from 20:00 --to 21:00 --yes')
        assert "Declared as number" in said, said


def test_every_date_in_the_text_is_parsed(docs_home: DocsHome) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = re.search(r"^A date is (.*?)\. Without", text, re.MULTILINE | re.DOTALL)
    assert named
    forms = re.findall(r"`(.*?)`", named[1])
    assert len(forms) >= 6
    for form in forms:
        said = docs_home.says(f"turntoward add Us --on {form} --from 20:00 --to 21:00 --yes")
        assert "Declared as number" in said, said


def test_the_evening_in_the_readme_is_what_it_prints_without_a_screen(
    docs_home: DocsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(variable, raising=False)
    printed = docs_home.says("turntoward run --offer --or-try")
    shown = re.search(r"^```text\n(No graphical.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert shown
    at = 0
    for part in re.split(r"^ \.\.\.\n", shown[1], flags=re.MULTILINE):
        assert part.strip("\n") in printed[at:], "put into README.md what `turntoward try` prints"
        at = printed.index(part.strip("\n"), at)


def own_commands(text: str) -> list[list[str]]:
    """Return the commands about partner time of README.md, those of one code block or one row of a table together."""
    found = []
    for block in re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        lines = re.findall(r"(?:^|# or: )(turntoward .*?)\s*(?=#|$)", block, re.MULTILINE)
        found.append([line.strip() for line in lines])
    for row in re.findall(r"^\|.*\|$", text, re.MULTILINE):
        codes = re.findall(r"`(.*?)`", row)
        if any(code.startswith("turntoward ") for code in codes):
            found.append([f"turntoward {code.removeprefix('turntoward ')}" for code in codes])
    return [[code for code in codes if is_example(code)] for codes in found]


def is_example(code: str) -> bool:
    """Return whether it is a whole command: not only the name of one that needs more, and nothing left out of it."""
    words = code.split()
    needs_more = {"add", "edit", "show", "remove", "now", "extend", "pause"}
    return words[1] in HERE and "…" not in code and (len(words) > 2 or words[1] not in needs_more)


def test_the_examples_of_the_readme_about_partner_time_are_carried_out(docs_home: DocsHome) -> None:
    together = [codes for codes in own_commands(README.read_text(encoding="utf-8")) if codes]
    assert sum(len(codes) for codes in together) >= 8
    first = together[0][0]
    assert first.startswith("turntoward add ")
    for codes in together:
        docs_home.begin_anew()
        docs_home.at("2026-11-23 17:00")
        for command in [first, *(code for code in codes if code != first)]:
            said = docs_home.says(command, "y\n")
            assert "Usage" not in said, said
            assert "Traceback" not in said, said
            assert not re.search(r"nothing was|Nothing was|^--|is missing|There is no command", said), (command, said)


def test_an_example_of_the_readme_is_told_from_the_name_of_a_command() -> None:
    text = "```\nturntoward add A --yes   # or: turntoward now 9min\nmake\n```\n| a | `turntoward skip x`, `edit`, `list` |\n"
    assert own_commands(text) == [
        ["turntoward add A --yes", "turntoward now 9min"],
        ["turntoward skip x", "turntoward list"],
    ]
