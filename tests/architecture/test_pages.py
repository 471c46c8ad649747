"""The pages: every link to a place in the repository leads somewhere, and every fault has its tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, TESTS

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md") if (ROOT / name).exists()),
    *sorted((ROOT / "docs").rglob("*.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
FAULTS = {"S": 18, "I": 17, "C": 15, "P": 14}
FAULT = re.compile(r"^\| (\w+) \| .* \| (.*) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)?((?:::\w+)*)`")
NAMED = re.compile(r"`((?:docs|detector|rules|tests|systemd)/[\w./-]+\.\w+)`")


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of the headings."""
    found = set()
    for heading in re.findall(r"^#+\s+(.*)$", FENCED.sub("", text), re.MULTILINE):
        bare = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
        found.add(bare.strip().replace(" ", "-"))
    return found


def leading_nowhere(page: Path, text: str, root: Path) -> list[str]:
    """Return the links and the paths named in backticks that lead to nothing."""
    prose = FENCED.sub("", text)
    wrong = []
    for one, other in LINK.findall(prose):
        link = one or other
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        is_there = target.exists() and (target.resolve() == root or root in target.resolve().parents)
        if not is_there or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            wrong.append(link)
    return [*wrong, *(path for path in NAMED.findall(prose) if not (root / path).exists())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert leading_nowhere(page, page.read_text(encoding="utf-8"), ROOT) == []


def test_every_decision_stands_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "dev" / "decisions"
    listed = (folder / "README.md").read_text()
    assert [path.name for path in folder.glob("*.md") if path.name not in listed and path.name != "README.md"] == []


def named_tests(page: str) -> dict[str, list[str]]:
    """Return the tests that each row names, with their files; a cell that names none is returned as it is."""
    found: dict[str, list[str]] = {}
    for fault, cell in FAULT.findall(page):
        path, names = "", found.setdefault(fault, [])
        for file, name in TEST.findall(cell):
            path = file or path
            names.append(path + name)
        if not names:
            names.append(cell)
    return found


def missing_tests(names: list[str]) -> list[str]:
    defined = {
        f"{module.name}::{node.name}"
        for module in TESTS
        if any(name.startswith(module.name) for name in names)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    } | {module.name for module in TESTS}
    wanted = [(name, name.split("::")) for name in names]
    return [name for name, (path, *parts) in wanted if not {path, *(f"{path}::{part}" for part in parts)} <= defined]


def test_every_fault_has_a_row_and_every_test_that_a_row_names_exists() -> None:
    rows = named_tests((ROOT / "docs" / "dev" / "faults.md").read_text(encoding="utf-8"))
    assert list(rows) == [f"{letter}{number + 1}" for letter, last in FAULTS.items() for number in range(last)]
    assert missing_tests([name for names in rows.values() for name in names]) == []


def test_a_test_that_does_not_exist_and_a_row_without_one_are_seen() -> None:
    page = (
        "| | what | tests |\n|---|---|---|\n| S1 | a | b | open |\n| S2 | c | soon |\n"
        "| S3 | d | `tests/architecture/test_pages.py::missing_tests`, `::test_gone`, `tests/gone.py` |\n"
    )
    names = [name for names in named_tests(page).values() for name in names]
    assert missing_tests(names) == ["open", "soon", "tests/architecture/test_pages.py::test_gone", "tests/gone.py"]


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    text = (
        "# The page\n\n[a](other.md) [b](#the-page) [c](#nothing) [d](page.md#the-page) ![e](../picture.png)\n"
        "[f](https://example.org/nowhere) `docs/gone.md` `docs/page.md` [g](../..)\n\n[h]: no.md\n\n"
        "```\n[not a link](code.md)\n```\n"
    )
    page.write_text(text)
    seen = leading_nowhere(page, text, tmp_path)
    assert seen == ["other.md", "#nothing", "../picture.png", "../..", "no.md", "docs/gone.md"]
