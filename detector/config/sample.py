"""Write settings as TOML: a sample with every option at its default, commented out, and the settings in force.

Rule 1: a line that begins with `#` and no space is an option; taking the `#` away changes nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from detector.config.settings import OPTIONS, SECTIONS, TABLES, Option, Settings
from rules.lengths import parse_length, say_length

_OPENING: Final = """\
# Turntoward's settings: ~/.config/turntoward/config.toml
#
# Everything here is optional. Each option stands at its default; take the '#' before its name away to change it.
# Lengths are written with their unit and in quotes: "45 s", "10 min", "1 h 30 min", "90 d".
"""


def sample(settings_type: type[Settings] = Settings) -> str:
    """Return a `config.toml` that lists every option with its meaning and bounds, commented out at its default."""
    settings = settings_type()
    parts = [_OPENING]
    for section, about in SECTIONS.items():
        lines = [f"# {about}", f"[{section}]"]
        for name, value in options(getattr(settings, section)).items():
            option = OPTIONS[section].get(name, Option(meaning=""))
            lines += [f"# {_meaning(option)}", f"#{name} = {written(value)}", ""]
        parts.append("\n".join(lines).rstrip() + "\n")
    for section, row in TABLES.items():
        example = "\n".join(f"#   {line}" for line in (f"[[{section}]]", *row.example.split("\n")))
        parts.append(f"# {row.meaning}\n# It may stand as often as you like; for example:\n#\n{example}\n")
    return "\n".join(parts)


def options(room: Any) -> dict[str, Any]:
    """Return a room's settings by their names, in the order in which the room declares them."""
    return {field.name: getattr(room, field.name) for field in dataclasses.fields(room)}


def written(value: Any) -> str:
    """Return the value as TOML would have it; a length as the text that `rules.lengths` reads back exactly."""
    if value is None:
        return '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        said = say_length(value)
        exact = not value or (said != "0 s" and parse_length(said) == value)
        return f'"{said}"' if exact else f'"{value.total_seconds():.6f}'.rstrip("0").rstrip(".") + ' s"'
    if isinstance(value, str):
        # JSON's escapes are TOML's, and every other character may stand as it is.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Iterable):
        return "[" + ", ".join(written(part) for part in value) + "]"
    return str(value)


def _meaning(option: Option) -> str:
    least, most = (None if bound is None else _said(bound) for bound in (option.least, option.most))
    if least is not None and most is not None:
        return f"{option.meaning} From {least} to {most}."
    return option.meaning


def _said(bound: timedelta | float) -> str:
    return say_length(bound) if isinstance(bound, timedelta) else str(bound)


def in_force(settings: Settings) -> str:
    """Return the settings as TOML, with a note beside each that is not at its default."""
    defaults = Settings()
    parts = []
    for section in SECTIONS:
        usual = options(getattr(defaults, section))
        lines = [f"[{section}]"]
        for name, value in options(getattr(settings, section)).items():
            note = "" if value == usual[name] else f"  # default: {written(usual[name])}"
            lines.append(f"{name} = {written(value)}{note}")
        parts.append("\n".join(lines) + "\n")
    for section, row in TABLES.items():
        for entry in getattr(getattr(settings, row.settings), row.entries):
            lines = [f"{name} = {written(value)}" for name, value in options(entry).items() if value not in (None, ())]
            parts.append("\n".join([f"[[{section}]]", *lines]) + "\n")
    return "\n".join(parts)


def in_force_as_json(settings: Settings, file: str | None) -> str:
    """Return the settings as JSON, every value as the file would have it; `file` None where there is none."""
    found: dict[str, Any] = {
        section: {name: _plain(value) for name, value in options(getattr(settings, section)).items()}
        for section in SECTIONS
    }
    for section, row in TABLES.items():
        entries = getattr(getattr(settings, row.settings), row.entries)
        found[section] = [{name: _plain(value) for name, value in options(entry).items()} for entry in entries]
    return json.dumps({"file": file, "settings": found}, ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return written(value).strip('"')
    if isinstance(value, tuple | frozenset):
        return [_plain(part) for part in value]
    return value
