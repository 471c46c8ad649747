"""Read `config.toml` into settings, or say everything that is wrong with it at once.

Rule 1: the settings' own fields and types say what may stand in the file; `OPTIONS` bounds the values.
Rule 2: nothing is guessed and nothing is ignored: an unknown name is a problem, with the nearest known one.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from detector.config.settings import OPTIONS, SECTIONS, TABLES, Option, Settings
from detector.config.values import Wrong, close, convert, nearest, shown
from detector.errors import Problem, UserError
from detector.sensors.settings import check_sources
from rules.toml_positions import TomlPositions

LARGEST: Final = 1_000_000
"""Bytes; a configuration that is longer is something else."""

LONGEST_SHOWN: Final = 200
"""Characters; a longer line is not shown beside its problem."""

_TOML_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_settings(path: Path) -> Settings:
    """Return the settings in the file, and the defaults where it says nothing or does not exist.

    Raises:
        UserError: with every problem of the file, each with its line, column and what to do.
    """
    try:
        given = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as failure:
        raise UserError([Problem(file=str(path), message=f"cannot be read: {failure.strerror}")]) from None
    if len(given) > LARGEST:
        raise UserError([Problem(file=str(path), message="is larger than 1 MB, so it is no configuration")])
    try:
        text = given.decode("utf-8")
    except UnicodeDecodeError as failure:
        line = given.count(b"\n", 0, failure.start) + 1
        column = len(given[given.rfind(b"\n", 0, failure.start) + 1 : failure.start].decode("utf-8")) + 1
        raise UserError([Problem(file=str(path), line=line, column=column, message="is not UTF-8 text")]) from None
    return parse_settings(text.removeprefix("\ufeff"), str(path))


def parse_settings(text: str, file: str) -> Settings:
    """Return the settings that the TOML text holds; `file` is how problems call it.

    Raises:
        UserError: with every problem of the text.
    """
    text = text.replace("\r\n", "\n")
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        raise UserError([Problem(file=file, message="is nested too deeply to be a configuration")]) from None
    except ValueError as failure:
        raise UserError([_not_toml(str(failure), text, file)]) from None
    reader = _Reader(text, file)
    settings = reader.settings(tree)
    if reader.problems:
        raise UserError(sorted(reader.problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return settings


def _not_toml(message: str, text: str, file: str) -> Problem:
    place = _TOML_PLACE.search(message)
    words = message[: place.start()] if place else message
    lines = text.split("\n")
    if place is None:
        return Problem(file=file, message=f"is not TOML: {words}")
    line = int(place[1]) if place[1] else len(lines)
    column = int(place[2]) if place[2] else len(lines[-1]) + 1
    if column == 1 and line > 1:
        # The parser names the line after the one that was left unfinished.
        line, column = line - 1, len(lines[line - 2]) + 1
    return Problem(
        file=file,
        line=line,
        column=column,
        source=lines[line - 1],
        message=f"this is not TOML: {words}",
        hint='A setting is written as name = value, and lengths and words in quotes: glance = "30 s".',
    )


class _Reader:
    """One reading: what was found to be wrong so far, and where."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.places = TomlPositions(text)
        self.problems: list[Problem] = []

    def say(self, path: tuple[str | int, ...], message: str, hint: str | None = None, *, key: bool = False) -> None:
        found = self.places.keys.get(path) if key else self.places.values.get(path)
        while found is None and path:
            # What stands nowhere itself, such as an option that is missing, is looked for where it would belong.
            found = self.places.values.get(path) or self.places.keys.get(path)
            path = path[:-1]
        line, column, width = (found.line, found.column, found.width) if found else (1, 1, 1)
        source = self.places.line(line)
        self.problems.append(
            Problem(
                message=message,
                hint=hint,
                file=self.file,
                line=line,
                column=column,
                width=width,
                source=source if len(source) <= LONGEST_SHOWN else None,
            )
        )

    def settings(self, tree: Mapping[str, Any]) -> Settings:
        types = get_type_hints(Settings)
        found: dict[str, Any] = {}
        for name, given in tree.items():
            if name in SECTIONS:
                if isinstance(given, dict):
                    found[name] = self.table(types[name], given, (name,), OPTIONS[name])
                else:
                    self.say((name,), f"'{name}' is a section", f"Write it on a line of its own: [{name}]", key=True)
            elif name in TABLES:
                found |= self.tables(name, given, types[TABLES[name].settings])
            else:
                self.say((name,), f"there is no {_kind(given)} '{shown(name)}'", _where(name), key=True)
        if self.problems:
            return Settings()
        settings = Settings(**found)
        if settings.notifications.show_names and not settings.store.keep_names:
            # What the core does not know nobody can show; see docs/decisions/names-end-at-the-door.md.
            hint = "Write keep_names = true below [store] as well, or leave show_names out."
            self.say(("notifications", "show_names"), "'show_names' has no names to show: they end at the door", hint)
        if settings.notifications.only and set(settings.notifications.only) == {"print"}:
            hint = "Name another one as well; 'print' may stand behind it."
            self.say(("notifications", "only"), "'print' alone would hide the program from whoever sits here", hint)
        for option, message, hint in check_sources(settings.sources):
            self.say(("sources", option), f"'{option}' {message}", hint)
        return settings

    def tables(self, name: str, given: Any, room: type) -> dict[str, Any]:
        row = TABLES[name]
        if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
            self.say((name,), f"'{name}' may stand many times", f"Write it with two brackets: [[{name}]]", key=True)
            return {}
        kind = get_args(get_type_hints(room)[row.entries])[0]
        entries = tuple(self.table(kind, entry, (name, at), OPTIONS[name]) for at, entry in enumerate(given))
        for at, entry in enumerate(entries):
            for problem in row.check((entry,)) if entry is not None else ():
                message = problem.message.removeprefix(f"{name} 1: ")
                self.say((name, at), f"this [[{name}]] {message}", problem.hint, key=True)
        return {row.settings: room(**{row.entries: entries})} if not self.problems else {}

    def table(
        self, kind: type, given: Mapping[str, Any], path: tuple[str | int, ...], options: Mapping[str, Option]
    ) -> Any:
        fields = {field.name: field for field in dataclasses.fields(kind)}
        types = get_type_hints(kind)
        found: dict[str, Any] = {}
        before = len(self.problems)
        for name, value in given.items():
            if name not in fields:
                hint = nearest(name, fields)
                self.say((*path, name), f"there is no option '{shown(name)}' in [{path[0]}]", hint, key=True)
                continue
            try:
                found[name] = convert(value, types[name], options.get(name) or Option(meaning=""))
            except Wrong as wrong:
                place = (*path, name) if wrong.at is None else (*path, name, wrong.at)
                self.say(place, f"'{name}' {wrong}", wrong.hint)
        for name, field in fields.items():
            needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if needed and name not in given:
                self.say(path, f"[[{path[0]}]] needs '{name}'", key=True)
        if len(self.problems) > before:
            return None
        try:
            return kind(**found)
        except ValueError as failure:
            self.say(path, str(failure), key=True)
            return None


def _kind(given: Any) -> str:
    return "section" if isinstance(given, dict | list) else "option"


def _where(name: str) -> str:
    homes = {option: section for section in (*SECTIONS, *TABLES) for option in OPTIONS[section]}
    if name in homes:
        return f"'{name}' belongs below [{homes[name]}]."
    return nearest(name, (*SECTIONS, *TABLES, *homes)) if close(name, homes) else nearest(name, (*SECTIONS, *TABLES))
