"""Draw a QR code in a terminal: half blocks, two rows of modules in one line.

Rule 1: the light modules are drawn and the dark ones are left out, and both colours are set where there are colours: so
    it reads the same on a dark and on a light terminal.
"""

from __future__ import annotations

from typing import Final

import segno

QUIET_ZONE: Final = 4
"""Light modules around the code, as many as ISO/IEC 18004 demands."""

# White on black, from the colours above 15: themes change the first 16.
_COLOURED: Final = "\x1b[38;5;231;48;5;16m"
_PLAIN: Final = "\x1b[0m"
_BLOCKS: Final = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def draw_qr_code(text: str, *, coloured: bool) -> list[str]:
    """Return the lines that show `text` as a QR code; without colours they are for a dark terminal."""
    code = segno.make(text, micro=False, error="m", boost_error=False)
    rows = [[not dark for dark in row] for row in code.matrix_iter(border=QUIET_ZONE)]
    if len(rows) % 2:
        rows.append([True] * len(rows[0]))
    lines = [
        "".join(_BLOCKS[upper, lower] for upper, lower in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]
    return [f"{_COLOURED}{line}{_PLAIN}" for line in lines] if coloured else lines
