"""A file that is locked, full, read-only, newer, damaged or not a file: a clear sentence, and the original untouched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlite_utils  # noqa: F401 - imported here, so that opening a file needs no child

from detector.core.observations import InputCounted
from detector.errors import StoreError
from detector.store import opening
from detector.store.errors import StoreDamaged, StoreLocked, StoreMissing, StoreTooNew
from detector.store.store import Store
from tests.rig.stored_records import EVENING, after_minutes, begins, seen

NOBODY = 65534


def _mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True, capture_output=True)


def _may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            _mount(Path(folder), "size=64k")
        except (OSError, subprocess.CalledProcessError):
            return False
        subprocess.run(["umount", folder], check=True)
        return True


def filled(path: Path, lines: int = 500) -> Path:
    with Store.open(path) as store:
        store.history.save(
            [begins(), *(seen(InputCounted(at=after_minutes(1), scrolls=line)) for line in range(1, lines))]
        )
    return path


def snapshot(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "turntoward"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "turntoward.sqlite"


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Be somebody whom permissions bind, as root is not."""
    if os.geteuid():
        yield
        return
    for place in (folder, *folder.iterdir()):
        os.chown(place, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that nobody, too, can get to."""
    place = Path(tempfile.mkdtemp(prefix="turntoward-"))
    yield place
    place.chmod(0o700)
    shutil.rmtree(place)


class TestLocked:
    def test_a_file_that_another_program_holds_is_waited_for_and_then_named(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
        with Store.open(filled(path)) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreLocked, match=r"Another program is using .*turntoward\.sqlite"):
                store.history.save([seen(InputCounted(at=after_minutes(2), scrolls=1))])
            other.execute("ROLLBACK")
            other.close()
            store.history.save([seen(InputCounted(at=after_minutes(2), scrolls=1))])
            assert len(list(store.history.observations(EVENING))) == 501

    def test_a_new_file_that_another_program_holds_is_named(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
        monkeypatch.setattr("detector.store.migrate.BUSY_SECONDS", 0.05)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLocked):
            Store.open(path)
        other.close()
        Store.open(path).close()


class TestFull:
    def test_a_full_disk_loses_nothing_that_was_kept(self, path: Path) -> None:
        with Store.open(filled(path)) as store:
            (pages,) = store._database._connection.execute("PRAGMA page_count").fetchone()
            store._database._connection.execute(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(StoreError, match="no room left"):
                store.history.save([seen(InputCounted(at=after_minutes(2), scrolls=1)) for _ in range(5000)])
            assert len(list(store.history.observations(EVENING))) == 500
            store._database._connection.execute("PRAGMA max_page_count = 100000")
            store.history.save([seen(InputCounted(at=after_minutes(2), scrolls=1)) for _ in range(5000)])
            assert len(list(store.history.observations(EVENING))) == 5500

    if _may_mount():  # a container may not, and then the test above must do

        def test_a_full_disk_loses_nothing(self, open_folder: Path) -> None:
            _mount(open_folder, "size=512k")
            try:
                path, has_space = filled(open_folder / "turntoward.sqlite", lines=10), True
                batch, kept = [seen(InputCounted(at=after_minutes(2), scrolls=1)) for _ in range(500)], 10
                with Store.open(path) as store:
                    while has_space:
                        try:
                            store.history.save(batch)
                        except StoreError as full:
                            assert "no room left" in str(full)  # noqa: PT017 - how often it goes well is not known
                            has_space = False
                        else:
                            kept += 500
                with Store.open(path, read_only=True) as store:
                    assert len(list(store.history.observations(EVENING))) == kept
                _mount(open_folder, "remount,size=4m")
                with Store.open(path) as store:
                    store.history.save(batch)
                    assert len(list(store.history.observations(EVENING))) == kept + 500
            finally:
                subprocess.run(["umount", str(open_folder)], check=True)


class TestReadOnly:
    def test_a_file_that_may_not_be_written_is_named(self, open_folder: Path) -> None:
        path = filled(open_folder / "turntoward.sqlite")
        before = snapshot(open_folder)
        path.chmod(0o400)
        with as_nobody(open_folder), pytest.raises(StoreError, match=r"turntoward\.sqlite cannot be written"):
            Store.open(path).history.save([seen(InputCounted(at=after_minutes(2), scrolls=1))])
        assert path.read_bytes() == before[path.name]

    def test_a_folder_that_may_not_be_written_is_named(self, open_folder: Path) -> None:
        path = filled(open_folder / "turntoward.sqlite")
        before = snapshot(open_folder)
        open_folder.chmod(0o500)
        with as_nobody(open_folder), pytest.raises(StoreError, match="folder must be yours and writable"):
            Store.open(path).history.save([seen(InputCounted(at=after_minutes(2), scrolls=1))])
        with as_nobody(open_folder), pytest.raises(StoreError, match="Permission denied"):
            Store.open(open_folder / "new.sqlite")
        with as_nobody(open_folder), pytest.raises(StoreError, match="Permission denied"):
            Store.open(open_folder / "new" / "new.sqlite")
        assert snapshot(open_folder) == before

    def test_reading_only_changes_nothing_and_refuses_to_write(self, path: Path) -> None:
        before = snapshot(filled(path).parent)
        with Store.open(path, read_only=True) as store:
            assert len(list(store.history.observations(EVENING))) == 500
            with pytest.raises(StoreError, match="cannot be written"):
                store.plans.pause_until(after_minutes(1))
        assert snapshot(path.parent) == before

    def test_reading_only_where_nothing_is_makes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(StoreMissing, match="Nothing is kept yet"):
            Store.open(tmp_path / "nowhere" / "kept.sqlite", read_only=True)
        assert not (tmp_path / "nowhere").exists()


class TestNewerAndForeign:
    def test_a_file_of_a_newer_version_is_left_alone(self, path: Path) -> None:
        filled(path)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        before = snapshot(path.parent)
        with pytest.raises(StoreTooNew, match=r"newer turntoward \(its form is number 99") as refused:
            Store.open(path)
        assert "move it aside" in str(refused.value)
        assert snapshot(path.parent) == before

    def test_another_program_s_file_is_left_alone(self, path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.close()
        before = snapshot(path.parent)
        with pytest.raises(StoreError, match="another program's"):
            Store.open(path)
        assert snapshot(path.parent) == before


def read_all(path: Path) -> None:
    with Store.open(path, read_only=True) as store:
        list(store.history.observations(EVENING))
        store.history.moments()


def overwritten(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(b"this is no database, it is a shopping list " * (len(whole) // 43))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20000])


def scrambled(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[4096 * 3 :] = os.urandom(len(whole) - 4096 * 3)
    path.write_bytes(bytes(whole))


def robbed(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE moments")
    connection.close()


def misspelt(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute('UPDATE observations SET fields = \'{"scrolls": "many"}\' WHERE id = 250')
    connection.close()


class TestDamaged:
    @pytest.mark.parametrize("harm", [overwritten, truncated, scrambled, robbed, misspelt])
    def test_a_damaged_file_is_named_and_left_as_it_is(self, path: Path, harm: Callable[[Path], None]) -> None:
        filled(path)
        harm(path)
        before = snapshot(path.parent)
        with pytest.raises(StoreDamaged) as refused:
            read_all(path)
        assert f"{path} is damaged" in str(refused.value)
        assert f"for f in '{path}'*; do mv" in str(refused.value)
        assert snapshot(path.parent) == before

    def test_the_command_in_the_message_moves_the_file_aside(self, path: Path) -> None:
        overwritten(filled(path))
        with pytest.raises(StoreDamaged) as refused:
            Store.open(path)
        subprocess.run(["sh", "-c", str(refused.value).splitlines()[-1]], check=True)
        with Store.open(path) as store:
            assert store.history.occurrences() == []
        assert path.with_name(path.name + ".aside").exists()


class TestPlace:
    @pytest.mark.parametrize("kind", ["folder", "pipe"])
    def test_a_path_that_is_not_a_regular_file_is_an_error(self, path: Path, kind: str) -> None:
        path.mkdir() if kind == "folder" else os.mkfifo(path)
        with pytest.raises(StoreError, match="a folder" if kind == "folder" else "not a regular file"):
            Store.open(path)

    def test_a_file_where_the_folder_should_be_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "turntoward").write_text("a file")
        with pytest.raises(StoreError, match="cannot be used"):
            Store.open(tmp_path / "turntoward" / "kept.sqlite")
        assert (tmp_path / "turntoward").read_text() == "a file"

    def test_links_that_lead_in_a_circle_are_named(self, path: Path) -> None:
        path.symlink_to(path)
        with pytest.raises(StoreError, match="cannot be used"):
            Store.open(path)

    def test_a_link_is_followed(self, path: Path, tmp_path: Path) -> None:
        path.symlink_to(tmp_path / "real.sqlite")
        filled(path)
        with Store.open(path) as store:
            assert len(list(store.history.observations(EVENING))) == 500
            assert (tmp_path / "real.sqlite-wal").exists()
            assert list(path.parent.iterdir()) == [path]

    def test_odd_names_are_fine(self, tmp_path: Path) -> None:
        path = tmp_path / "100%23 ?kept#" / "für mich?.sqlite"
        with Store.open(filled(path)) as store:
            assert len(list(store.history.observations(EVENING))) == 500

    def test_the_file_is_private_whatever_the_umask(self, tmp_path: Path) -> None:
        path = tmp_path / "a" / "turntoward" / "turntoward.sqlite"
        before = os.umask(0)
        try:
            with Store.open(path) as store:
                store.history.save([begins()])
                modes = {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()}
        finally:
            os.umask(before)
        assert modes == {path.name + end: "0o600" for end in ("", "-wal", "-shm")}
        assert [oct(folder.stat().st_mode & 0o777) for folder in (path.parent, path.parent.parent)] == ["0o700"] * 2

    def test_permissions_for_others_are_removed(self, path: Path) -> None:
        filled(path)
        path.chmod(0o644)
        path.parent.chmod(0o755)
        with Store.open(path):
            assert path.stat().st_mode & 0o777 == 0o600
            assert path.parent.stat().st_mode & 0o777 == 0o700
