"""What all tests share: a home of their own, and skips that fail where nothing may be missing."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlite_utils  # noqa: F401 - imported here, migrations run in this process, which saves a child a store

from detector.activities import classifier, load
from detector.activities.index import EntryIndex
from detector.activities.load import read_catalogue
from detector.activities.model import Entry
from detector.rulebook import loading
from tests.rig.examples import load_profile

load_profile()
# The texts that tests expect are those of the locale C, whatever the locale of who runs them.
os.environ["LC_ALL"] = "C.UTF-8"

pytest_plugins = [
    "tests.rig.x11",
    "tests.rig.bus",
    "tests.rig.person",
    "tests.rig.adb_server",
    "tests.rig.logind",
    "tests.rig.sound",
    "tests.rig.phone_browser",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # It waits for more than a minute, and would do so alone if it came last.
    items.sort(key=lambda item: item.path.name != "test_main_job.py")


def pytest_collection_finish() -> None:
    """Take what collecting the tests has made out of garbage collection: it lives as long as the process."""
    # A million objects; without this each collection, also those that Python starts by itself, goes through all of them.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def _freeze_what_a_module_leaves() -> Iterator[None]:
    """Take what is left after a module (parsed sources, loaded catalogues) out of garbage collection as well."""
    # The parsed sources alone are a million objects: a collection took 0.4 s, and tests that count descriptors make many.
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _built_in_files_are_read_once() -> Iterator[None]:
    """Read the built-in rules and the catalogue once in a process: hundreds of tests load them, which takes 0.1 s each."""
    built_in_pack = cache(loading.built_in_pack)
    catalogue = cache(lambda: tuple(read_catalogue()))
    catalogue_index = cache(lambda: EntryIndex(catalogue()))

    def make_index(entries: Iterable[Entry], *, is_own: bool = False) -> EntryIndex:
        return catalogue_index() if entries is catalogue() else EntryIndex(entries, is_own=is_own)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "built_in_pack", built_in_pack)
        patch.setattr(load, "read_catalogue", catalogue)
        patch.setattr(classifier, "EntryIndex", make_index)
        yield


@pytest.fixture
def wall_clock() -> Iterator[None]:
    """Let the process go by the machine's zone again, whatever zone a test travelled to; TZ itself must be as it was."""
    before = os.environ.get("TZ")
    yield
    time.tzset()
    assert os.environ.get("TZ") == before, "the test left another zone behind"


@pytest.fixture(autouse=True)
def home(wall_clock: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give every test a home, so that none can touch the real one."""
    # `wall_clock` stands before `monkeypatch`, so that TZ is back when it looks.
    place = tmp_path / "home"
    (place / "run").mkdir(parents=True, mode=0o700)
    monkeypatch.setenv("HOME", str(place))
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place / "run"))
    return place


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn a skip into a failure where `TURNTOWARD_NO_SKIPS` is set: CI has every program that the tests need."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("TURNTOWARD_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be missing: {report.longrepr}"
    return report
