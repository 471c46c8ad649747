"""The fingerprint that tells whether the rule files changed since a session began."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.rulebook.fingerprint import fingerprint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.toml").write_text("one")
    (rules / "b.toml").write_text("two")
    return rules


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.toml").write_text("eno"),
        lambda folder: (folder / "a.toml").write_bytes(b"\xff\0"),
        lambda folder: (folder / "a.toml").unlink(),
        lambda folder: (folder / "a.toml").rename(folder / "c.toml"),
        lambda folder: (folder / "c.toml").write_text("three"),
        lambda folder: (folder / "c.toml").write_text(""),
        lambda folder: (folder / "c.toml").mkdir(),
        shutil.rmtree,
    ],
    ids=["same length", "no text", "deleted", "renamed", "new", "new and empty", "a folder", "all gone"],
)
def test_a_change_of_a_name_or_of_a_content_changes_the_fingerprint(
    folder: Path, change: Callable[[Path], object]
) -> None:
    before = fingerprint(folder)
    change(folder)
    assert fingerprint(folder) != before
    assert fingerprint(folder) == fingerprint(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: os.utime(folder / "a.toml", ns=(1, 1)),
        lambda folder: (folder / "a.toml").write_text("one"),
        lambda folder: (folder / "notes.txt").write_text("no pack"),
        lambda folder: (folder / ".a.toml.swp.toml").write_text("no pack"),
    ],
    ids=["touched", "saved again", "another kind of file", "hidden"],
)
def test_what_changes_no_pack_keeps_the_fingerprint(folder: Path, change: Callable[[Path], object]) -> None:
    before = fingerprint(folder)
    change(folder)
    assert fingerprint(folder) == before


def test_a_missing_folder_counts_as_an_empty_one_and_a_pipe_is_not_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    missing = fingerprint(empty)
    empty.mkdir()
    assert fingerprint(empty) == missing
    os.mkfifo(empty / "a.toml")
    assert fingerprint(empty) != missing
