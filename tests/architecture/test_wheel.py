"""The wheel holds what the program reads at run time, and nothing that it does not."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT

UV = ROOT / ".tools" / "bin" / "uv"
SENT_ALONG = {
    f"detector/control/{name}": f"systemd/{name}" for name in ("turntoward.service", "turntoward-network.conf")
}
"""What stands elsewhere in the tree than in the wheel."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not UV.exists():
        pytest.skip("missing: .tools/bin/uv")
    out = tmp_path_factory.mktemp("wheel")
    command = [UV, "build", "--wheel", "--quiet", "--out-dir", out]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    return built


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def in_the_tree() -> set[str]:
    """Return the files of both packages, without what Python leaves beside them."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix() for path in files if path.parent.name != "__pycache__"}


def test_the_wheel_holds_both_packages_whole_and_nothing_else(wheel: Path) -> None:
    found = {name for name in names(wheel) if ".dist-info/" not in name}
    assert found == in_the_tree() | set(SENT_ALONG)


def test_the_wheel_holds_what_is_read_at_run_time(wheel: Path) -> None:
    found = names(wheel)
    assert {
        "rules/packs/builtin.toml",
        "detector/notifier/wording.toml",
        "detector/notifier/turntoward.svg",
        *SENT_ALONG,
    } <= found
    catalogue = [name for name in found if name.startswith("detector/activities/catalogue/") and name.endswith(".toml")]
    assert len(catalogue) >= 13
    recorded = {f"detector/store/recordings/{path.name}" for path in (ROOT / "detector/store/recordings").glob("*")}
    assert recorded <= found
    assert any(name.endswith("/licenses/LICENSE") for name in found)


def test_what_stands_elsewhere_in_the_tree_is_the_same_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for inside, outside in SENT_ALONG.items():
            assert archive.read(inside) == (ROOT / outside).read_bytes()


def test_the_wheel_names_its_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "turntoward = detector.cli:main" in archive.read(entry).decode()


def test_what_is_fetched_to_install_is_pinned_and_its_hashes_are_verified() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "--no-hashes" not in makefile
    assert "tool install" not in makefile.replace("Not `uv tool install`", "")
    fetching = [line for line in makefile.splitlines() if "pip sync" in line or "$(UV) build" in line]
    assert len(fetching) == 3
    assert [line for line in fetching if "--require-hashes" not in line] == []
    uv = [line for line in (ROOT / "uv-requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert uv[0].startswith("uv==")
    assert all("--hash=sha256:" in line for line in uv[1:])
