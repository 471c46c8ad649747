"""The bytes of a calendar as UTF-8, in which RFC 5545 has them and many programs do not.

Invariant 1: what is UTF-8 stays as it is, byte by byte. Docs: docs/dev/decisions/charsets-of-calendars.md.
"""

import codecs
import re
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What is no charset of a text, or lets few bytes become many or slow.
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "undefined"})
_NOT_ASCII: Final = re.compile(rb"[^\n]*[\x80-\xff][^\n]*")
_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_SAMPLE: Final = 20_000
_WESTERN: Final = "cp1252"
# What calendars were written in before UTF-8; of all charsets there are, too many fit a short text.
_GUESSED: Final = (
    _WESTERN,
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "koi8_r",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
)
_PUNCTUATION: Final = frozenset("“”‘’–—…°€«»·´")


def to_utf8(content: bytes, declared: str | None = None) -> bytes:
    """Return the text as UTF-8, without a mark at its beginning. `declared`: the charset that its server names."""
    for mark, charset in _BOMS:
        if content.startswith(mark):
            rest = content[len(mark) :]
            return rest if charset == "utf-8" else _encoded(rest, charset)
    if content[:2] in {b"B\0", b"\0B"}:
        return _encoded(content, "utf-16-le" if content[1] == 0 else "utf-16-be")
    if content.isascii() or not _is_utf8(content):
        try:
            return content.decode(_charset(declared)).encode()
        except (UnicodeError, ValueError):  # wrong, too
            return content if content.isascii() else _guessed(content)
    # Many servers name one charset for whatever they serve, and text of another is hardly ever UTF-8 by chance.
    return content


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _encoded(content: bytes, charset: str) -> bytes:
    # A lone surrogate of UTF-16 is no text; what stands for it can be shown and stored.
    return content.decode(charset, "replace").encode("utf-8", "replace")


def _charset(name: str | None) -> str:
    try:
        found = codecs.lookup((name or "utf-8").strip("\"' ")).name
        b"".decode(found)
    except (LookupError, ValueError):  # unknown; or base64 and the like, which are no charsets
        return "utf-8"
    return "utf-8" if found in _NO_CHARSETS else found


def _guessed(content: bytes) -> bytes:
    # A line may be folded inside a character.
    lines = _NOT_ASCII.findall(_FOLD.sub(b"", content))
    if sum(map(_is_utf8, lines)) * 2 >= len(lines):
        return content  # UTF-8, with some bytes that are broken
    return _encoded(content, _guess(b"\n".join(lines)[:_SAMPLE]))


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - start-up: hardly any calendar is not UTF-8

    matches = list(from_bytes(sample, cp_isolation=list(_GUESSED)))
    if not matches:
        return _WESTERN
    # A few words fit several charsets equally well; the Western one is by far the most frequent.
    is_possible = any(match.encoding == _WESTERN and match.chaos <= matches[0].chaos for match in matches)
    letters = sample.decode(_WESTERN, "replace")
    is_western = all(each.isascii() or each.isalpha() or each in _PUNCTUATION for each in letters)
    return _WESTERN if is_possible and is_western else matches[0].encoding
