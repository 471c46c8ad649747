"""Write settings as TOML: a sample with every option at its default, commented out, and the settings in force.

Invariant 1: a line that begins with `#` and no space is an option; deleting its `#` changes nothing.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from detector.config.settings import REPEATED_SECTIONS, SECTIONS, Option, Settings, option_of, options_of
from detector.i18n import _
from rules.lengths import format_length, parse_length

_OPENING: Final = _("""\
# Turntoward's settings: ~/.config/turntoward/config.toml
#
# Everything here is optional. Each option has its default; remove the '#' before its name to change it.
# Lengths are written with their unit and in quotes: "45 s", "10 min", "1 h 30 min", "90 d".
""")


def sample() -> str:
    """Return a `config.toml` that lists every option with its meaning and bounds, commented out at its default."""
    defaults = Settings()
    parts = [_OPENING]
    for section, about in SECTIONS.items():
        lines = [f"# {about}", f"[{section}]"]
        settings = getattr(defaults, section)
        for name, field in options_of(settings).items():
            lines += [f"# {_meaning(option_of(field))}", f"#{name} = {to_toml(getattr(settings, name))}", ""]
        parts.append("\n".join(lines).rstrip() + "\n")
    for section, repeated in REPEATED_SECTIONS.items():
        example = "\n".join(f"#   {line}" for line in (f"[[{section}]]", *repeated.example.split("\n")))
        often = _("You may write it as often as you like; for example:")
        parts.append(f"# {repeated.meaning}\n# {often}\n#\n{example}\n")
    return "\n".join(parts)


def to_toml(value: Any) -> str:
    """Return the value as TOML; a length as the text that `rules.lengths` reads back exactly."""
    if value is None:
        return '""'
    # Before the numbers at the end: True is an int as well.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        # `format_length` rounds: its text is used only where it reads back as the same length.
        text = format_length(value)
        exact = not value or (text != "0 s" and parse_length(text) == value)
        return f'"{text}"' if exact else f'"{value.total_seconds():.6f}'.rstrip("0").rstrip(".") + ' s"'
    if isinstance(value, str):
        # TOML has the same escapes as JSON.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Iterable):
        return "[" + ", ".join(to_toml(part) for part in value) + "]"
    return str(value)


def in_force(settings: Settings) -> str:
    """Return the settings as TOML, with a note beside each that is not at its default."""
    defaults = Settings()
    parts = []
    for section in SECTIONS:
        default = getattr(defaults, section)
        lines = [f"[{section}]"]
        for name, value in _values(getattr(settings, section)):
            default_value = getattr(default, name)
            note = "" if value == default_value else f"  # default: {to_toml(default_value)}"
            lines.append(f"{name} = {to_toml(value)}{note}")
        parts.append("\n".join(lines) + "\n")
    for section, repeated in REPEATED_SECTIONS.items():
        for entry in getattr(getattr(settings, repeated.settings), repeated.entries):
            lines = [f"{name} = {to_toml(value)}" for name, value in _values(entry) if value not in (None, ())]
            parts.append("\n".join([f"[[{section}]]", *lines]) + "\n")
    return "\n".join(parts)


def in_force_as_json(settings: Settings, file: str | None) -> str:
    """Return the settings as JSON, every value as the file would have it; `file` None where there is none."""
    sections: dict[str, Any] = {
        section: {name: _plain(value) for name, value in _values(getattr(settings, section))} for section in SECTIONS
    }
    for section, repeated in REPEATED_SECTIONS.items():
        entries = getattr(getattr(settings, repeated.settings), repeated.entries)
        sections[section] = [{name: _plain(value) for name, value in _values(entry)} for entry in entries]
    return json.dumps({"file": file, "settings": sections}, ensure_ascii=False, indent=2)


def _values(settings: Any) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(settings, name)) for name in options_of(settings))


def _meaning(option: Option) -> str:
    if option.minimum is None or option.maximum is None:
        return option.meaning
    bounds = _("From {minimum} to {maximum}.").format(minimum=_bound(option.minimum), maximum=_bound(option.maximum))
    return f"{option.meaning} {bounds}"


def _bound(bound: timedelta | int) -> str:
    return format_length(bound) if isinstance(bound, timedelta) else str(bound)


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return to_toml(value).strip('"')
    if isinstance(value, tuple | frozenset):
        return [_plain(part) for part in value]
    return value
