"""Who may import whom: the contracts hold, every module is placed, and a violation does not go unseen."""

from __future__ import annotations

import ast
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
    return [name for layer in rows_of_layers(place) for name in layer]


def rows_of_layers(place: Path) -> list[list[str]]:
    """Return the packages of each layer, the top layer first."""
    (contract,) = [contract for contract in contracts(place) if contract["type"] == "layers"]
    found = contract["layers"]
    assert isinstance(found, list)
    return [[name.strip() for name in layer.split("|")] for layer in found]


def packages(place: Path) -> list[str]:
    """Return `rules`, and each module and package right inside `detector`."""
    inside = (place / "detector").iterdir()
    names = [path.stem for path in inside if path.suffix == ".py" or any(path.glob("*.py"))]
    return ["rules", *(f"detector.{name}" for name in sorted(names) if name != "__init__")]


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
        ("detector/store/model.py", "import detector.daemon.loop", "Layers"),
        ("detector/sensors/model.py", "import detector.notifier.model", "Layers"),
        ("rules/lengths.py", "import detector.errors", "rules imports nothing"),
        ("detector/core/moments.py", "import detector.clock", "The pure packages"),
        ("rules/policy.py", "import time", "The pure packages"),
    ],
)
def test_a_violation_is_seen(copy: Path, path: str, planted: str, broken: str) -> None:
    place = copy / path
    place.write_text(f"{place.read_text()}\n\ndef planted() -> None:\n    {planted}\n")
    done = lint(copy)
    assert done.returncode != 0
    assert any(line.startswith(broken) and " BROKEN" in line for line in done.stdout.splitlines()), done.stdout


def test_every_package_is_in_a_layer() -> None:
    assert unplaced(packages(ROOT), layers(ROOT)) == []
    assert unplaced(layers(ROOT), packages(ROOT)) == [], "a layer names what is not there"


def test_a_new_package_without_a_layer_is_found(copy: Path) -> None:
    (copy / "detector" / "web").mkdir()
    (copy / "detector" / "web" / "page.py").write_text('"""A page."""\n')
    (copy / "detector" / "loose.py").write_text('"""A module."""\n')
    assert unplaced(packages(copy), layers(copy)) == ["detector.loose", "detector.web"]


def test_the_pure_packages_are_those_of_the_design() -> None:
    (pure,) = [contract for contract in contracts(ROOT) if str(contract["name"]).startswith("The pure")]
    assert pure["source_modules"] == [
        "rules",
        "detector.core",
        "detector.partner_time",
        "detector.activities",
        "detector.report",
        "detector.backtest",
        "detector.devices",
    ]


def table_of_packages() -> str:
    """Return the packages as CONTRIBUTING.md shows them: the top layer first, each with the first line of its docstring."""
    lines = ["| layer | package | what it is for |", "|---|---|---|"]
    for number, names in enumerate(rows_of_layers(ROOT), 1):
        for name in names:
            path = ROOT / name.replace(".", "/")
            module = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
            assert docstring
            shown = name.removeprefix("detector.") + ("/" if path.is_dir() else ".py")
            lines.append(f"| {number} | `{shown}` | {docstring.splitlines()[0]} |")
    return "\n".join(lines) + "\n"


def test_contributing_shows_the_packages_as_the_contract_has_them() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert table_of_packages() in page, f"put this into CONTRIBUTING.md:\n{table_of_packages()}"
