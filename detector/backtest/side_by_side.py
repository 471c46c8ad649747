"""How a timeline that failed is shown: what was expected and what was decided, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest


def side_by_side(expected: Sequence[str], decided: Sequence[str]) -> str:
    """Return two columns; `|` stands where both agree, `<` where only the left has it, `>` only the right, `x` differs."""
    rows = [("expected", "", "decided")]
    for tag, left, left_end, right, right_end in SequenceMatcher(None, expected, decided).get_opcodes():
        for one, other in zip_longest(expected[left:left_end], decided[right:right_end]):
            sign = "|" if tag == "equal" else "<" if other is None else ">" if one is None else "x"
            rows.append((one or "", sign, other or ""))
    if len(rows) == 1:
        rows.append(("(nothing)", "|", "(nothing)"))
    width = max(len(one) for one, _, _ in rows)
    return "\n".join(f"    {one:{width}}  {sign or ' '}  {other}".rstrip() for one, sign, other in rows)
