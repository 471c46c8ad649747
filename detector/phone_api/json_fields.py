"""Read a JSON object that anybody may have sent, and list everything that is wrong with it.

Invariant 1: whatever the bytes are, the result is a plain mapping or `PayloadError`, never another exception.
Invariant 2: a problem quotes little of what was sent, and nothing of an app.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from detector.i18n import _
from rules.spelling import nearest

_MAX_QUOTED: Final = 40
_MAX_NAMES: Final = 5
_MAX_DIGITS: Final = 12


class PayloadError(Exception):
    """The body of a request cannot be used: `problems`, each a sentence for the person who set the phone up."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__("; ".join(self.problems))


# json keeps the last of two equal names silently; another program may read the first.
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

    Raises `PayloadError`: the body is no JSON object in UTF-8 at all.
    """
    try:
        content = json.loads(
            body.decode(), object_pairs_hook=_Object, parse_int=_read_int, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError:
        raise PayloadError([_("the body is not text in UTF-8")]) from None
    except RecursionError:
        raise PayloadError([_("the body is nested too deeply: one object with plain values is enough")]) from None
    except json.JSONDecodeError as error:  # before ValueError, of which it is one
        if not body.strip():
            raise PayloadError([_("the body is empty")]) from None
        problem = _("the body is not JSON (line {line}, column {column})")
        raise PayloadError([problem.format(line=error.lineno, column=error.colno)]) from None
    except ValueError:
        raise PayloadError([_("the body is not JSON: NaN and Infinity are no numbers there")]) from None
    if not isinstance(content, _Object):
        problem = _('the body is {kind} where an object is needed, as in {{"event": "unlock"}}')
        raise PayloadError([problem.format(kind=json_kind(content))])
    problems = [_("{name} is given twice").format(name=quoted(name)) for name in content.twice[:_MAX_NAMES]]
    unknown = [name for name in content if name not in known]
    problems += [
        _("there is no field {name}").format(name=quoted(name)) + did_you_mean(name, known)
        for name in unknown[:_MAX_NAMES]
    ]
    if len(unknown) > _MAX_NAMES:
        problems.append(_("and {count} more unknown fields").format(count=len(unknown) - _MAX_NAMES))
    return content, problems


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return `: did you mean …?` with the nearest known word, else which words are allowed."""
    near = nearest(word[:_MAX_QUOTED].strip(), known)
    if near:
        return _(": did you mean {word}?").format(word=near)
    return _("; allowed: {words}").format(words=", ".join(known))


def quoted(word: str) -> str:
    """Return the word short and in quotes, without characters that a terminal or a page might obey."""
    cut = word if len(word) <= _MAX_QUOTED else f"{word[:_MAX_QUOTED]}…"
    return '"' + "".join(char if char.isprintable() and char != '"' else "?" for char in cut) + '"'


def json_kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):  # before int: in Python a boolean is one
        return _("true or false")
    if isinstance(value, int | float):
        return _("a number")
    if isinstance(value, str):
        return _("text")
    return _("a list") if isinstance(value, list) else _("an object")


def _read_int(digits: str) -> int:
    # Reading a million digits takes seconds; no field holds a number with more than 12, so a large one will do.
    return int(digits) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS


def _refuse_constant(_name: str) -> float:
    raise ValueError("not a number")
