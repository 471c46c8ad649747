"""The programs that sensors recognise by name, from `known_programs.toml`."""

import tomllib
from pathlib import Path
from typing import Final

KNOWN_PROGRAMS: Final = {
    kind: frozenset(names)
    for kind, names in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
"""Names by kind: "terminals", "android_launchers", "android_dialogs"."""
