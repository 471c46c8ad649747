"""Divide a condition into tokens: names, numbers, signs.

Invariant 1: a text that is not a token is a problem, and tokenizing continues behind it.
Invariant 2: a sign from another language (`&&`, `=`, `≥`) is a problem, and is read as the sign that was probably meant.
"""

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from rules.language.problems import Problems, shown

Kind: TypeAlias = Literal["name", "number", "sign", "end"]

COMPARISONS: Final = ("<=", ">=", "==", "!=", "<", ">")
KEYWORDS: Final = frozenset({"and", "or", "not", "is", "in", "then", "within", "for"})

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<foreign>&&?|\|\|?|=<|=>|<>|=(?!=)|!(?!=)|[≥≤≠])
    | (?P<sign><=|>=|==|!=|[<>(),./%])
    | (?P<quoted>"[^"\n]*"|'[^'\n]*')
    | (?P<minus>-)
    | (?P<unknown>[^ \t\r\nA-Za-z0-9_&|=<>!≥≤≠(),./%"'-]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MEANT: Final = {
    "&": "and",
    "&&": "and",
    "|": "or",
    "||": "or",
    "!": "not",
    "=": "==",
    "=<": "<=",
    "=>": ">=",
    "<>": "!=",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
}
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Token(NamedTuple):
    """One word, number or sign. `offset`: that of its first character; `width`: its length in the text."""

    kind: Kind
    text: str
    offset: int
    width: int


def tokenize(text: str, problems: Problems) -> list[Token]:
    """Return the tokens of `text`, the last one of kind "end"; note problems for the rest."""
    tokens: list[Token] = []
    # The pattern matches any character, so nothing is skipped.
    for found in _TOKEN.finditer(text):
        part, offset, width = found[0], found.start(), len(found[0])
        match found.lastgroup:
            case "name":
                tokens.append(Token("name", part, offset, width))
            case "number":
                tokens.append(Token("number", part, offset, width))
            case "sign":
                tokens.append(Token("sign", part, offset, width))
            case "foreign":
                # Read as what was meant, so that one wrong sign does not make the condition unreadable.
                meant = _MEANT[part]
                hint = "Write '==' between a feature and a number, 'is' before a word." if part == "=" else None
                problems.add(f"'{part}' is not used here.", offset, width, hint or f"Write '{meant}'.")
                tokens.append(Token("name" if meant in KEYWORDS else "sign", meant, offset, width))
            case "quoted":
                problems.add("Words stand without quotes here.", offset, width)
                if _PLAIN_NAME.fullmatch(part[1:-1]):
                    tokens.append(Token("name", part[1:-1], offset, width))
            case "minus":
                problems.add(
                    "Nothing that is measured here is ever less than zero.", offset, width, "Leave the '-' out."
                )
            case "unknown":
                problems.add(f"'{shown(part)}' is not used in conditions.", offset, width)
    # For the parser, which looks ahead.
    tokens.append(Token("end", "", len(text), 1))
    return tokens
