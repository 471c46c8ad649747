"""Read `config.toml` into settings, or raise everything that is wrong with it at once.

Invariant 1: the fields of the settings, their types and their `metadata` define what the file may contain.
Invariant 2: nothing is guessed and nothing is ignored: an unknown name is a problem, with the nearest known one.
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_type_hints

from detector.config.settings import REPEATED_SECTIONS, SECTIONS, Settings, option_of, options_of
from detector.config.values import InvalidValue, convert, name_hint, shortened
from detector.errors import Problem, UserError
from detector.files import open_regular
from detector.i18n import _
from detector.sensors.settings import check_sources
from rules.spelling import nearest
from rules.toml_positions import TomlPositions

# A longer file is no configuration.
MAX_BYTES: Final = 1_000_000

# Characters; a longer line is not shown beside its problem.
MAX_SOURCE: Final = 200

_TOML_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_settings(path: Path) -> Settings:
    """Return the settings in the file, and the defaults of options that it does not set. A missing file sets none.

    Raises:
        UserError: with every problem of the file, each with its line, column and what to do.
    """
    file = str(path)
    try:
        with open_regular(path) as opened:
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        message = _("cannot be read: {reason}").format(reason=error.strerror)
        raise UserError([Problem(file=file, message=message)]) from None
    if len(content) > MAX_BYTES:
        raise UserError([Problem(file=file, message=_("is larger than 1 MB, so it is not a configuration"))])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8")) + 1
        raise UserError([Problem(file=file, line=line, column=column, message=_("is not UTF-8 text"))]) from None
    # Editors on Windows put a byte order mark first.
    return parse_settings(text.removeprefix("\ufeff"), file)


def parse_settings(text: str, file: str) -> Settings:
    """Return the settings that the TOML text holds; `file` is its name in problems.

    Raises:
        UserError: with every problem of the text.
    """
    # tomllib does the same, and its columns must fit these lines.
    text = text.replace("\r\n", "\n")
    try:
        tree = tomllib.loads(text)
    # tomllib calls itself for each bracket, so that a file of nothing but brackets exhausts the stack.
    except RecursionError:
        raise UserError([Problem(file=file, message=_("is nested too deeply to be a configuration"))]) from None
    except ValueError as error:
        raise UserError([_not_toml(str(error), text, file)]) from None
    reader = _SettingsReader(text, file)
    settings = reader.settings(tree)
    if reader.problems:
        raise UserError(sorted(reader.problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return settings


def _not_toml(message: str, text: str, file: str) -> Problem:
    place = _TOML_PLACE.search(message)
    lines = text.split("\n")
    if place is None:
        return Problem(file=file, message=_("is not TOML: {reason}").format(reason=message))
    line = int(place[1]) if place[1] else len(lines)
    column = int(place[2]) if place[2] else len(lines[-1]) + 1
    if column == 1 and line > 1:
        # The parser names the line after the one that was left unfinished.
        line, column = line - 1, len(lines[line - 2]) + 1
    text = _("this is not TOML: {reason}").format(reason=message[: place.start()])
    hint = _('A setting is written as name = value, and lengths and words in quotes: glance = "30 s".')
    return Problem(message=text, file=file, line=line, column=column, source=lines[line - 1], hint=hint)


class _SettingsReader:
    """Converts one parsed file, and collects what is wrong with it in `problems`."""

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._positions = TomlPositions(text)

    def settings(self, tree: Mapping[str, Any]) -> Settings:
        """Return the settings of the whole file; the defaults where there are problems."""
        types = get_type_hints(Settings)
        sections: dict[str, Any] = {}
        for name, section in tree.items():
            if name in SECTIONS:
                if isinstance(section, dict):
                    sections[name] = self._table(types[name], section, (name,))
                else:
                    hint = _("Write it on a line of its own: [{name}]").format(name=name)
                    self._add((name,), _("'{name}' is a section").format(name=name), hint, at_key=True)
            elif name in REPEATED_SECTIONS:
                sections |= self._repeated(name, section, types[REPEATED_SECTIONS[name].settings])
            else:
                is_table = isinstance(section, dict | list)
                message = _("there is no section '{name}'") if is_table else _("there is no option '{name}'")
                self._add((name,), message.format(name=shortened(name)), _section_hint(name), at_key=True)
        # With problems some sections are missing, and comparing options would report consequences of them.
        if self.problems:
            return Settings()
        settings = Settings(**sections)
        self._check(settings)
        return settings

    def _check(self, settings: Settings) -> None:
        """Add problems of options that are valid by themselves, but not together."""
        if settings.notifications.show_names and not settings.store.keep_names:
            # The core does not know the names; see docs/dev/decisions/names-end-in-the-inbox.md.
            self._add(
                ("notifications", "show_names"),
                _("'show_names' has no names to show: they are not kept"),
                _("Write keep_names = true below [store] as well, or leave show_names out."),
            )
        if settings.notifications.only and set(settings.notifications.only) == {"print"}:
            self._add(
                ("notifications", "only"),
                _("'print' alone would hide the program from the person at this device"),
                _("Name another one as well; 'print' may stand behind it."),
            )
        for option, message, hint in check_sources(settings.sources):
            self._add(("sources", option), f"'{option}' {message}", hint)

    def _repeated(self, name: str, tables: Any, kind: type) -> dict[str, Any]:
        section = REPEATED_SECTIONS[name]
        if not isinstance(tables, list) or not all(isinstance(entry, dict) for entry in tables):
            hint = _("Write it with two brackets: [[{name}]]").format(name=name)
            self._add((name,), _("'{name}' may stand many times").format(name=name), hint, at_key=True)
            return {}
        entries = tuple(self._table(section.entry, entry, (name, index)) for index, entry in enumerate(tables))
        for index, entry in enumerate(entries):
            for problem in section.check((entry,)) if entry is not None else ():
                message = problem.message.removeprefix(f"{name} 1: ")
                message = _("this [[{name}]] {message}").format(name=name, message=message)
                self._add((name, index), message, problem.hint, at_key=True)
        return {section.settings: kind(**{section.entries: entries})} if not self.problems else {}

    def _table(self, kind: type, table: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
        """Return an object of the dataclass `kind` with the given options, or None where there are problems."""
        fields, types = options_of(kind), get_type_hints(kind)
        values: dict[str, Any] = {}
        before = len(self.problems)
        for name, value in table.items():
            if name not in fields:
                message = _("there is no option '{name}' in [{section}]").format(name=shortened(name), section=path[0])
                self._add((*path, name), message, name_hint(name, fields), at_key=True)
                continue
            try:
                values[name] = convert(value, types[name], option_of(fields[name]))
            except InvalidValue as error:
                place = (*path, name) if error.index is None else (*path, name, error.index)
                self._add(place, f"'{name}' {error}", error.hint)
        for name, field in fields.items():
            needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if needed and name not in table:
                self._add(path, _("[[{section}]] needs '{name}'").format(section=path[0], name=name), at_key=True)
        return None if len(self.problems) > before else kind(**values)

    def _add(self, path: tuple[str | int, ...], message: str, hint: str | None = None, *, at_key: bool = False) -> None:
        position = self._positions.keys.get(path) if at_key else self._positions.values.get(path)
        while position is None and path:
            # An option that is missing has no position of its own: the problem points at its section.
            position = self._positions.values.get(path) or self._positions.keys.get(path)
            path = path[:-1]
        line, column, width = (position.line, position.column, position.width) if position else (1, 1, 1)
        text = self._positions.line(line)
        source = text if len(text) <= MAX_SOURCE else None
        self.problems.append(
            Problem(message=message, file=self._file, line=line, column=column, width=width, source=source, hint=hint)
        )


def _section_hint(name: str) -> str:
    """Return where an option belongs that is outside its section, or which name was probably meant."""
    types = get_type_hints(Settings)
    kinds = {section: types[section] for section in SECTIONS}
    kinds |= {section: repeated.entry for section, repeated in REPEATED_SECTIONS.items()}
    section_of = {option: section for section, kind in kinds.items() for option in options_of(kind)}
    if name in section_of:
        return _("'{name}' belongs below [{section}].").format(name=name, section=section_of[name])
    return name_hint(name, (*kinds, *section_of) if nearest(name, section_of) else kinds)
