"""The program's own sources, read and parsed once for the architecture tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("detector", "rules")


@dataclass(frozen=True)
class Source:
    """One module: `path` relative to the repository."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        return self.path.as_posix()

    def __str__(self) -> str:
        return self.name

    def imported(self) -> Iterator[str]:
        """Yield every module that is imported anywhere in it, also inside functions and by `import_module`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
                yield from (str(ast.literal_eval(word)) for word in node.args if isinstance(word, ast.Constant))


def source(text: str, name: str = "detector/planted.py") -> Source:
    return Source(Path(name), text)


SOURCES = [
    Source(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
]

TESTS = [
    Source(path.relative_to(ROOT), path.read_text(encoding="utf-8")) for path in sorted((ROOT / "tests").rglob("*.py"))
]
