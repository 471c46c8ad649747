"""`make install` from a clone, into a home of its own: what a person does first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rig.processes import ROOT, needs

UV = ROOT / ".tools/bin/uv"


@pytest.mark.thorough
def test_make_install_verifies_hashes_and_says_how_the_command_comes_on_the_path(tmp_path: Path) -> None:
    needs("git", "make", str(UV))
    home, clone = tmp_path / "home", tmp_path / "clone"
    shutil.copytree(ROOT / ".tools", clone / ".tools")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone / name)
    (clone / ".tools/bin/uv").touch()
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    env = os.environ | {"HOME": str(home), "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", cache)}

    def make(target: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["make", target], cwd=clone, env=env | more, capture_output=True, text=True, check=False)

    # Four letters of one package's hashes are others, and nothing of it is fetched.
    lock = (clone / "uv.lock").read_text()
    before, name, after = lock.partition('name = "segno"')
    (clone / "uv.lock").write_text(before + name + re.sub(r"sha256:\w{4}", "sha256:0000", after, count=2))
    command = home / ".local/bin/turntoward"
    refused = make("install", UV_CACHE_DIR=str(tmp_path / "cache"))
    assert refused.returncode != 0
    assert "Hash mismatch" in refused.stderr
    assert not command.exists()
    (clone / "uv.lock").write_text(lock)
    done = make("install")
    assert done.returncode == 0, done.stderr
    assert f"Installed: {home}/.local/bin/turntoward.\n" in done.stdout
    assert f'\n  export PATH="{home}/.local/bin:$PATH"\n' in done.stdout
    output = subprocess.run([command, "--version"], env=env, capture_output=True, text=True, check=True).stdout
    assert output.startswith("turntoward, version ")
    assert make("uninstall").returncode == 0
    assert not command.exists()
