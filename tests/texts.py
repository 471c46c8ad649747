"""Collect the texts that a person sees in `detector/locale/turntoward.pot`: `make texts`.

Texts come from three places: calls of `_` and `ngettext`, what `--help` shows of each command, and the titles of nudges.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Final

import click
from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from detector.cli import COMMANDS, turntoward

ROOT: Final = Path(__file__).resolve().parents[1]
TEMPLATE: Final = ROOT / "detector" / "locale" / "turntoward.pot"
HEADER: Final = (
    "# The texts of Turntoward that a person sees. Written by `make texts`; to translate, copy it to a .po file.\n"
)
WORDING: Final = "detector/notifier/wording.toml"
KEYWORDS: Final = {"_": None, "ngettext": (1, 2), "plural": (1, 2)}


def in_code(path: Path) -> Iterator[str | tuple[str, ...]]:
    """Yield the texts that the module passes to gettext; a tuple holds singular and plural."""
    for _line, text, _comments, _context in extract_from_file("python", path, keywords=KEYWORDS):
        yield text


def in_help(command: click.Command) -> Iterator[str]:
    """Yield what `--help` shows of the command and of those inside it."""
    yield from filter(None, (command.help and cleandoc(command.help), command.epilog, command.short_help))
    for parameter in command.params:
        text = getattr(parameter, "help", None)
        if text:
            yield text
    for inner in getattr(command, "commands", {}).values():
        yield from in_help(inner)


def defined_in(command: click.Command) -> str:
    """Return the path of the module that defines the command."""
    return getattr(command.callback, "__module__", "detector.cli").replace(".", "/") + ".py"


def in_table(value: object) -> Iterator[str]:
    """Yield every text of a TOML table, and of the tables and lists in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from in_table(each)
    elif isinstance(value, dict):
        yield from in_table(list(value.values()))


def collect() -> Catalog:
    """Return all texts, each with the files that it stands in."""
    catalog = Catalog(project="turntoward", charset="utf-8", fuzzy=False)
    for path in sorted((ROOT / "detector").rglob("*.py")):
        for text in in_code(path):
            catalog.add(text, locations=[(path.relative_to(ROOT).as_posix(), None)])
    context = click.Context(turntoward)
    catalog.add(cleandoc(turntoward.help or ""), locations=[("detector/cli/__init__.py", None)])
    for entry in COMMANDS:
        for text in (entry.group, entry.summary):
            catalog.add(text, locations=[("detector/cli/__init__.py", None)])
        command = turntoward.get_command(context, entry.name)
        assert command is not None
        for text in in_help(command):
            catalog.add(text, locations=[(defined_in(command), None)])
    for text in in_table(tomllib.loads((ROOT / WORDING).read_text(encoding="utf-8"))):
        catalog.add(text, locations=[(WORDING, None)])
    return catalog


def template() -> str:
    """Return the catalogue as the text of a .pot file, the same for the same texts."""
    catalog = collect()
    written = io.BytesIO()
    write_po(written, catalog, width=120, sort_output=True, omit_header=True, include_lineno=False)
    return HEADER + 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + written.getvalue().decode()


def main() -> None:
    """Write the catalogue."""
    TEMPLATE.parent.mkdir(exist_ok=True)
    text = template()
    TEMPLATE.write_text(text, encoding="utf-8")
    print(f"{TEMPLATE.relative_to(ROOT)}: {text.count('msgid ') - 1} texts")


if __name__ == "__main__":
    main()
