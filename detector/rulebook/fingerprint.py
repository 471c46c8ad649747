"""Find the packs of rules, and whether they changed since a session read them.

This is a module of its own so that `status` does not import the language of rules.
"""

import zlib
from pathlib import Path
from typing import Final

from detector.files import open_regular

# Maximum size of one file.
MAX_BYTES: Final = 256 * 1024


def pack_paths(folder: Path) -> list[Path]:
    """Return the packs in the folder, in the order in which they count.

    Raises:
        OSError: if the folder cannot be read, or does not exist.
    """
    return sorted(path for path in folder.iterdir() if path.name.endswith(".toml") and path.name[0] != ".")


def fingerprint(folder: Path) -> str:
    """Return a checksum over the names and the contents of the packs; a folder that cannot be read counts as empty.

    Modification times do not count: a file that was only saved again has not changed.
    """
    checksum = 0
    try:
        packs = pack_paths(folder)
    except OSError:
        packs = []
    for path in packs:
        checksum = zlib.crc32(path.name.encode("utf-8", "surrogateescape") + b"\0", checksum)
        try:
            with open_regular(path) as file:
                checksum = zlib.crc32(file.read(MAX_BYTES + 1), checksum)
        except OSError:
            checksum = zlib.crc32(b"unreadable", checksum)
    return f"{checksum:08x}"
