"""What installed apps say of themselves, read from real `.desktop` files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from detector.activities import desktop_files
from detector.activities.desktop_files import DesktopFiles, applications_folders, read_desktop_file
from detector.activities.load import load_classifier

CHAT = """# a comment
[Desktop Entry]
Type=Application
Name=Murmur
Name[de]=Gemurmel
Categories=Network;InstantMessaging;
StartupWMClass=MurmurMain

[Desktop Action new]
Name=Categories
Categories=Game;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "applications"
    place.mkdir()
    (place / "org.example.Murmur.desktop").write_text(CHAT, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    "app_id",
    ["org.example.Murmur", "org.example.murmur", "org.example.Murmur.desktop", "MurmurMain", "murmurmain", "murmur"],
)
def test_a_file_is_found_by_what_its_toplevel_may_call_itself(folder: Path, app_id: str) -> None:
    assert DesktopFiles([folder]).categories(app_id) == ("Network", "InstantMessaging")


def test_only_the_main_group_counts(folder: Path) -> None:
    assert read_desktop_file(folder / "org.example.Murmur.desktop")["Categories"] == "Network;InstantMessaging;"


@pytest.mark.parametrize(
    "app_id",
    ["", "..", "../secret", "/etc/passwd", "a/b", "a\x00b", "a" * 5_000, "~root", "unheard.of", "\n", "a\n", "*"],
)
def test_an_app_id_never_leads_outside_the_folders(folder: Path, app_id: str) -> None:
    (folder.parent / "secret.desktop").write_text(CHAT, encoding="utf-8")
    assert DesktopFiles([folder]).categories(app_id) == ()


def test_the_first_folder_wins(folder: Path, tmp_path: Path) -> None:
    nearer = tmp_path / "nearer"
    nearer.mkdir()
    (nearer / "org.example.Murmur.desktop").write_text("[Desktop Entry]\nCategories=Game;\n", encoding="utf-8")
    assert DesktopFiles([nearer, folder]).categories("org.example.Murmur") == ("Game",)


def test_what_cannot_be_read_says_nothing(folder: Path) -> None:
    (folder / "noise.desktop").write_bytes(bytes(range(256)) * 10)
    (folder / "long.desktop").write_bytes(b"[Desktop Entry]\nName=" + b"x" * 100_000 + b"\nCategories=Game;\n")
    (folder / "folder.desktop").mkdir()
    (folder / "loop.desktop").symlink_to("loop.desktop")
    os.mkfifo(folder / "pipe.desktop")
    files = DesktopFiles([folder, folder / "missing"])
    for name in ("noise", "long", "folder", "loop", "pipe"):
        assert files.categories(name) == ()
    assert files.categories("MurmurMain") == ("Network", "InstantMessaging")


def test_a_question_asked_again_reads_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = DesktopFiles([folder])
    assert files.categories("org.example.Murmur")
    assert files.categories("unheard.of") == ()
    monkeypatch.setattr(desktop_files, "read_desktop_file", lambda _: pytest.fail("it read again"))
    assert files.categories("org.example.Murmur")
    assert files.categories("unheard.of") == ()


def test_the_cache_is_bounded(folder: Path) -> None:
    files = DesktopFiles([folder])
    for number in range(desktop_files.CACHE_SIZE + 50):
        files.categories(f"unheard.of{number}")
    assert len(files._cache) == desktop_files.CACHE_SIZE


def test_the_folders_are_those_of_the_xdg_specification_and_of_flatpak() -> None:
    folders = applications_folders({"HOME": "/home/a", "XDG_DATA_DIRS": "/x:relative:/y"})
    assert [str(folder) for folder in folders] == [
        "/home/a/.local/share/applications",
        "/x/applications",
        "/y/applications",
        "/home/a/.local/share/flatpak/exports/share/applications",
        "/var/lib/flatpak/exports/share/applications",
        "/var/lib/snapd/desktop/applications",
    ]


def test_the_loaded_classifier_asks_the_files_of_this_desktop(home: Path) -> None:
    place = home / ".local/share/applications"
    place.mkdir(parents=True)
    (place / "org.example.Murmur.desktop").write_text(CHAT, encoding="utf-8")
    verdict = load_classifier().classify("MurmurMain")
    assert verdict.category == "messaging"
    assert verdict.why == "No entry fits; its .desktop file says “instantmessaging”."
