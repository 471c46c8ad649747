"""Who may import whom: the contracts hold, every module is placed, and a violation does not go unseen."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT

LINT = Path(sys.executable).with_name("lint-imports")


def contracts(place: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = tomllib.loads((place / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return found


def layers(place: Path) -> list[str]:
    (rooms,) = [contract for contract in contracts(place) if contract["type"] == "layers"]
    words = rooms["layers"]
    assert isinstance(words, list)
    return [name.strip() for layer in words for name in layer.split("|")]


def rooms(place: Path) -> list[str]:
    """Return `rules`, and each module and package right inside `detector`."""
    inside = (place / "detector").iterdir()
    named = [path.stem for path in inside if path.suffix == ".py" or any(path.glob("*.py"))]
    return ["rules", *(f"detector.{name}" for name in sorted(named) if name != "__init__")]


def unplaced(found: Iterable[str], placed: Iterable[str]) -> list[str]:
    return sorted(set(found) - set(placed))


def lint(place: Path) -> subprocess.CompletedProcess[str]:
    command = [LINT, "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=100)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("path", "planted", "broken"),
    [
        ("detector/store/model.py", "import detector.daemon.loop", "The rooms"),
        ("detector/sensors/model.py", "import detector.notifier.model", "The rooms"),
        ("rules/lengths.py", "import detector.errors", "rules knows nothing of detector"),
        ("detector/core/moments.py", "import detector.clock", "The core waits for nothing"),
        ("rules/policy.py", "import time", "The core waits for nothing"),
    ],
)
def test_a_violation_is_seen(copy: Path, path: str, planted: str, broken: str) -> None:
    place = copy / path
    place.write_text(f"{place.read_text()}\n\ndef planted() -> None:\n    {planted}\n")
    done = lint(copy)
    assert done.returncode != 0
    assert any(line.startswith(broken) and line.endswith("BROKEN") for line in done.stdout.splitlines()), done.stdout


def test_every_room_has_its_place_in_the_layers() -> None:
    assert unplaced(rooms(ROOT), layers(ROOT)) == []
    assert unplaced(layers(ROOT), rooms(ROOT)) == [], "a layer names what is not there"


def test_a_new_room_without_a_place_is_seen(copy: Path) -> None:
    (copy / "detector" / "web").mkdir()
    (copy / "detector" / "web" / "page.py").write_text('"""A page."""\n')
    (copy / "detector" / "loose.py").write_text('"""A loose end."""\n')
    assert unplaced(rooms(copy), layers(copy)) == ["detector.loose", "detector.web"]


def test_every_room_of_the_core_is_bound_to_wait_for_nothing() -> None:
    """A room below the pipeline is either of the core, or one of the four that the core stands beside."""
    (pure,) = [contract for contract in contracts(ROOT) if str(contract["name"]).startswith("The core")]
    named = pure["source_modules"]
    assert isinstance(named, list)
    placed = layers(ROOT)
    core = placed[placed.index("detector.core") :]
    assert unplaced(core, named) == [
        "detector.clock",
        "detector.dbus",
        "detector.errors",
        "detector.files",
        "detector.i18n",
        "detector.paths",
        "detector.spelling",
        "detector.zone",
    ]
