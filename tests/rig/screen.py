"""What a terminal shows, as a picture: half blocks and the colours of the 256."""

from __future__ import annotations

import re
from typing import Final

import zxingcpp

WIDE: Final = 4
"""Pixels of a half block, across and down."""
_PARTS: Final = re.compile(r"\x1b\[([0-9;]*)m|(.)")
_FIXED: Final = {"16": 0, "231": 255}
_FILLS: Final = {"█": (True, True), "▀": (True, False), "▄": (False, True)}


def pixels(lines: list[str], *, dark: bool) -> list[list[int]]:
    """Return the brightness of every half block, on a terminal whose own colours are dark or light."""
    own = (230, 20) if dark else (20, 250)
    width = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) + 6
    picture = [[own[1]] * width for _ in range(4)]
    for line in lines:
        above, below = [own[1]] * 3, [own[1]] * 3
        ink, paper = own
        for codes, sign in _PARTS.findall(line):
            if not sign:
                ink, paper = _coloured(codes, ink, paper, own)
                continue
            upper, lower = _FILLS.get(sign, (False, False))
            above.append(ink if upper else paper)
            below.append(ink if lower else paper)
        picture += [(row + [own[1]] * width)[:width] for row in (above, below)]
    return picture + [[own[1]] * width for _ in range(4)]


def read_code(lines: list[str], *, dark: bool) -> list[str]:
    """Return what the QR codes on the screen say; an inverted one is not read, for not every phone reads it."""
    rows = [bytes(value for value in row for _ in range(WIDE)) for row in pixels(lines, dark=dark) for _ in range(WIDE)]
    picture = memoryview(b"".join(rows)).cast("B", shape=[len(rows), len(rows[0])])
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode, try_invert=False)
    return [code.text for code in found]


def _coloured(codes: str, ink: int, paper: int, own: tuple[int, int]) -> tuple[int, int]:
    if codes in ("", "0"):
        return own
    given = codes.split(";")
    while given:
        which, kind, colour, *given = given
        assert kind == "5", codes
        if which == "38":
            ink = _FIXED[colour]
        else:
            assert which == "48", codes
            paper = _FIXED[colour]
    return ink, paper
