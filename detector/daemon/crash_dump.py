"""Save the last observations before a failure of the core as a recording, which can become a test."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from detector.core.observations import Observation
from detector.files import make_folders
from detector.store.recordings import write_recording

# A bug that comes back every minute must not fill the disk.
MAX_DUMPS: Final = 5

_PREFIX: Final = "failure-"


def save_crash_dump(observations: Sequence[Observation], folder: Path) -> Path:
    """Write the observations into a new file in `folder` (0600 in 0700) and return its path; delete the oldest files."""
    make_folders(folder)
    at = observations[-1].at if observations else None
    path = folder / f"{_PREFIX}{at:%Y%m%dT%H%M%SZ}-{os.getpid()}.jsonl"
    write_recording(path, observations, note="what the core was fed before it failed")
    # Their names begin with the instant, so the oldest come first.
    for old in sorted(folder.glob(_PREFIX + "*.jsonl"))[:-MAX_DUMPS]:
        old.unlink(missing_ok=True)
    return path
