"""Run recurring-ical-events, which has an environment of its own because it needs another dateutil than we do."""

from __future__ import annotations

import json
import os
import subprocess
import zoneinfo
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".oracle/bin/python"
CHILD = Path(__file__).with_name("expand.py")
Query = tuple[str, datetime, datetime]


def run(queries: list[Query], *arguments: str) -> Any:
    """Return the answers of `expand.py`. It reads the same time zone data as we do, so that no difference comes from there."""
    written = json.dumps([[text, after.isoformat(), before.isoformat()] for text, after, before in queries])
    env = {"PATH": os.environ["PATH"], "PYTHONTZPATH": os.pathsep.join(zoneinfo.TZPATH), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [str(PYTHON), str(CHILD), *arguments],
        input=written,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def is_there() -> bool:
    return PYTHON.exists()


def skip_without() -> None:
    """Skip the test, by name, where the oracle was not set up."""
    if not is_there():
        pytest.skip("missing: .oracle (recurring-ical-events in an environment of its own); `make oracle` sets it up")
