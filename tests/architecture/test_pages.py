"""The pages: every link to a place in the repository leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md") if (ROOT / name).exists()),
    *sorted((ROOT / "docs").rglob("*.md")),
]
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
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
