"""`.venv/bin/python -m tests.golden`: writes the year again. Read what changed, day by day, before you keep it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.golden.simulation import HERE, simulate_year

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="turntoward-year-") as folder:
        (HERE / "a_year.txt").write_text(simulate_year(Path(folder)), encoding="utf-8")
    print("Written: tests/golden/a_year.txt. See `git diff tests/golden` before you keep it.")
