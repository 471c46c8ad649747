"""Read a JSON object that a stranger may have written, and say everything that is wrong with it.

Rule 1: whatever the bytes are, the end is a plain mapping or `PayloadError`, never another exception.
Rule 2: a problem repeats little of what came in, and nothing of an app.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

_SHOWN: Final = 40
_LISTED: Final = 5
_DIGITS: Final = 12


class PayloadError(Exception):
    """What came through the door cannot be read: `problems`, each a sentence for whoever set the phone up."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__("; ".join(self.problems))


class _Object(dict[str, Any]):
    """A JSON object that remembers which names it met twice."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.twice: list[str] = []
        super().__init__()
        for name, value in pairs:
            if name in self and name not in self.twice:
                self.twice.append(name)
            self[name] = value


def read_fields(body: bytes, known: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of the object in `body`, and what is wrong with their names.

    Raises:
        PayloadError: the body is no JSON object in UTF-8 at all.
    """
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_Object, parse_int=_whole, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise PayloadError(["the body is not text in UTF-8"]) from None
    except RecursionError:
        raise PayloadError(["the body is nested too deeply: one object with plain values is enough"]) from None
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        raise PayloadError([f"the body is not JSON ({place})" if body.strip() else "the body is empty"]) from None
    except ValueError:
        raise PayloadError(["the body is not JSON: NaN and Infinity are no numbers there"]) from None
    if not isinstance(found, _Object):
        raise PayloadError([f'the body is {kind(found)} where an object is needed, as in {{"event": "unlock"}}'])
    problems = [f"{shown(name)} is given twice" for name in found.twice[:_LISTED]]
    strange = [name for name in found if name not in known]
    problems += [f"there is no field {shown(name)}{did_you_mean(name, known)}" for name in strange[:_LISTED]]
    if len(strange) > _LISTED:
        problems.append(f"and {len(strange) - _LISTED} more fields that there are not")
    return found, problems


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return `: did you mean …?` with the nearest known word, else which words there are."""
    near = get_close_matches(word[:_SHOWN].strip().lower(), known, n=1, cutoff=0.6)
    return f": did you mean {near[0]}?" if near else f": there is {', '.join(known)}"


def shown(word: str) -> str:
    """Return the word as it can be shown: short, in quotes, without what a terminal or a page might obey."""
    cut = word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…"
    return '"' + "".join(char if char.isprintable() and char != '"' else "?" for char in cut) + '"'


def kind(value: object) -> str:
    """Return what JSON calls such a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def _whole(digits: str) -> int:
    """Return the number; one that no field can hold becomes a large one, without the work of reading it."""
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS


def _no_number(_: str) -> float:
    raise ValueError("not a number")
