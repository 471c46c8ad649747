"""Recognise a site by the title in a browser: split titles into segments, and read the patterns for them.

Invariant 1: only the first and the last `EDGE` characters of a title are read, so the work is bounded.
Invariant 2: a pattern fits whole segments or whole words at an edge of the title, never a piece of a word.

A pattern is written as the title looks, with `…` for whatever else stands there:

    YouTube             the last segment, or the whole title
    … / X               the last segment, after just this separator
    Instagram • …       the first segment, before just this separator
    … | Amazon.de | …   any segment, whatever the separators
    = Feed              the whole title
    Amazon.com…         the words with which the title begins
    …_bilibili          the words with which the title ends
    …on Instagram: "…   words anywhere in the title, for what holds a separator itself
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from detector.i18n import _

EDGE: Final = 200
ELLIPSIS: Final = "…"

Position: TypeAlias = Literal["last", "first", "any", "whole", "begins", "ends", "within"]

_DASHES: Final = "-‐‑‒–—―−"
# Between spaces, so that hyphenated words and times stay whole; a colon needs only a space after it.
_SEPARATOR: Final = re.compile(rf"\s*([:：])\s+| ([|｜•·/»›]|[{_DASHES}]) |([｜])")
# Words before a site's name in the title, in the languages of the catalogue; only the name is compared.
_GREETING: Final = re.compile(
    r"(?:welcome to|willkommen (?:bei|auf|zu)|herzlich willkommen bei|bienvenue (?:sur|chez|à|dans)|"
    r"bienvenid[oa]s? an?|te damos la bienvenida a|benvenut[oiae] (?:su|in|a|nel)|bem[- ]vind[oa]s? (?:ao?|à)|bem-vindo\(a\) ao|"
    r"welkom (?:bij|op)|witamy (?:w|na)|добро пожаловать (?:в|на)|(?:log|sign) ?(?:in|into|up)(?: to| for)?|"
    r"(?:anmelden|einloggen) bei|se connecter (?:à|sur)|inicia(?:r)? sesión en|accedi a|entrar? n[oa]|"
    r"the official (?:home|site|website) of|the) "
)
_COUNTRY: Final = re.compile(
    r"deutschland|germany|österreich|austria|schweiz|suisse|france|belgique|españa|spain|méxico|argentina|colombia|chile|"
    r"italia|italy|brasil|brazil|portugal|nederland|belgië|polska|czech|sverige|türkiye|россия|japan|日本|uk|us|usa|"
    r"canada|australia|india|international|global"
)
# `++` does not backtrack; otherwise the time for a title of many such words would be exponential.
_REGION: Final = re.compile(
    rf"(?:\.(?:com|org|net|tv|io|app|co|de|at|ch|fr|be|es|it|pt|nl|pl|ru|jp|cn|kr|eu|ca|au|in|uk|br|mx|ar)|"
    rf" (?:{_COUNTRY.pattern}|app|web|online(?:[- ]?shop)?|shop|store|messenger|marketplace|маркетплейс)|[®™!.]|"
    rf" ?[\[（(][^\]）)]{{1,20}}[\]）)]|へようこそ|公式(?:サイト|ストア)?|官网|官方网站)++$"
)
# A publication's name is a few words, often with one of these; a slogan is a clause or a list.
_PUBLICATION: Final = re.compile(
    r"\b(?:gazette|times|post|herald|tribune|journal|magazine|magazin|blog|news|zeitung|presse|blatt|anzeiger|bote|"
    r"kurier|nachrichten|rundschau|allgemeine|diario|periódico|gaceta|revista|jornal|folha|correio|gazzetta|corriere|"
    r"giornale|quotidien|dépêche|revue|courant|dagblad|krant|gazeta|dziennik|газета|новости|podcast|wiki|forum|"
    r"review|reviews|report|weekly|daily|today|insider|chronicle|observer|mail|press|media|tv|radio|fm)\b|新聞|ニュース|日报"
)
_ARTICLE: Final = re.compile(r"(?:the|der|die|das|le|la|les|el|los|las|il|lo|o|a|os|as|het|de) |l['’]")
_PAGE_WORD: Final = re.compile(
    r"\b(?:home(?:page| page)?|main page|official (?:site|website)|start|startseite|accueil|page d['’]accueil|inicio|"
    r"portada|página (?:de )?inici(?:o|al)|início|pagina iniziale|strona główna|главная(?: страница)?|startpagina|"
    r"log ?in|sign ?(?:in|up)|anmelden|anmeldung|einloggen|connexion|se connecter|iniciar sesión|entrar|acced[ie]r?|"
    r"zaloguj|войти|inloggen|online[- ]?shop|shop|store|boutique|tienda|negozio|loja|sklep|магазин|app|web ?app|"
    r"website|site officiel|sitio (?:web )?oficial|site oficial|sito ufficiale|offizielle (?:seite|website)|"
    r"dashboard|feed|explore|discover|trending|for you|download|free|gratis|gratuit|kostenlos|official|messenger|"
    r"videos?|music|streaming|live|games?|spiele|jeux|juegos|jogos|giochi|welcome|willkommen|bienvenue|bienvenid[oa]s?|benvenut[oi]|bem-vindos?|witamy|welkom|добро пожаловать|"
    r"online|angebote|preise|deals|prices|prix|offres|precios|ofertas|preços|prezzi|offerte|ceny|oferty|prijzen|цены|"
    r"rezepte|recipes|recettes|recetas|receitas|ricette|przepisy|hotels?|flüge|flights|vols|vuelos|voos|voli)\b|ホーム|トップ(?:ページ)?|ログイン|公式|通販|首页|登录|홈|로그인"
)
_HOME: Final = "home"
_WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_HEAD: Final = re.compile(
    r"(.{2,40}?)(?:[,.!?;：、。！？，] ?|(?<=[\u3040-\u30ff\u3400-\u9fff])-|[【】「『（(]| ?[_~〜]|－)(?=\S)(.*)"
)
_TAIL: Final = re.compile(r"[-_～~】」』、。，！](?=[^-_～~】」』、。，！\s][^-_～~】」』、。，！]{1,24}$)")
# "Free online games on …": what a front page offers, and the site.
_OFFERED: Final = re.compile(
    r"(.{3,60}) (?:at|on|by|with|bei|auf|mit|sur|chez|en|su|da|no|na|op|bij|w|on-line na) (\S.{0,30})"
)
_BRACKETED: Final = re.compile(r"^[【《\[「『](.{1,30}?)[】》\]」』]")
# "(3) Inbox", "[12] chat", "• news": counts and marks of unread things.
_COUNT: Final = re.compile(r"^(?:\(\d[^()]{0,24}\)|\[\d{1,6}\+?\]|[•●*🔴])\s*")
_TRAILING_COUNT: Final = re.compile(r"\s*\(\d[\d.,+]{0,8}\)$")
_REMOVED: Final = dict.fromkeys((173, 1564, 6158, *range(8203, 8208), *range(8234, 8239), *range(8288, 8304), 65279))
_TO_SPACE: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA1), 0x2007, 0x2028, 0x2029, 0x202F), " ")
_CLEANED: Final[dict[int, str | None]] = {**_REMOVED, **_TO_SPACE}


class BadPattern(ValueError):
    """A pattern cannot be used. `problem` is a predicate ("names nothing"), `hint` is what to write instead."""

    def __init__(self, problem: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class TitlePattern:
    """A parsed pattern: `words` must be at `position` in the title; `separator` None means any."""

    position: Position
    words: str
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class SplitTitle:
    """A title for comparing: normalized, without counts, divided into segments with separators between them."""

    text: str
    segments: tuple[str, ...]
    separators: tuple[str, ...]
    ends: tuple[int, ...]

    def without_last(self) -> SplitTitle:
        """Return the title without its last segment and the separator before it; empty if there is only one segment."""
        if len(self.segments) < 2:
            return SplitTitle("", ("",), (), (0,))
        return SplitTitle(self.text[: self.ends[-2]], self.segments[:-1], self.separators[:-1], self.ends[:-1])


def normalize(text: str) -> str:
    """Return the text for comparing: without control and direction marks, one space between words, casefolded."""
    # Nearly every title is printable: there is nothing to remove.
    if not text.isprintable():
        text = text.translate(_CLEANED)
    return " ".join(text.split()).casefold()


def clean(text: str) -> str:
    """Return the text as it can be written down: like `normalize`, but in its own case."""
    return " ".join(text.translate(_CLEANED).split())


def shorten(title: str) -> str:
    """Return the title, and of a long one the first and the last `EDGE` characters."""
    if len(title) <= 2 * EDGE:
        return title
    return title[:EDGE] + ELLIPSIS + title[-EDGE:]


def split_title(text: str) -> SplitTitle:
    """Split a normalized title; a leading count of unread things is left out."""
    text = _COUNT.sub("", text)
    parts: list[str] = []
    separators: list[str] = []
    ends: list[int] = []
    start = 0
    # Not `re.split`, because the position of each segment is needed as well.
    for separator in _SEPARATOR.finditer(text):
        parts.append(text[start : separator.start()])
        separators.append(_one_dash(separator[1] or separator[2] or separator[3]))
        ends.append(separator.start())
        start = separator.end()
    parts.append(text[start:])
    segments = tuple(_TRAILING_COUNT.sub("", part) if part.endswith(")") else part for part in parts)
    return SplitTitle(text, segments, tuple(separators), (*ends, len(text)))


def name_forms(segment: str) -> Iterator[str]:
    """Yield the segment, and the segment without a greeting before the name and a region behind it."""
    yield segment
    bare = _REGION.sub("", _GREETING.sub("", segment, 1), 1).strip(" *⭐️")
    if bare and bare != segment:
        yield bare


def first_names(title: SplitTitle) -> Iterator[tuple[str, str, str]]:
    """Yield possible names of a site at the beginning of a title, each with the rest of the title and the last separator."""
    first = title.segments[0]
    if len(title.segments) > 1:
        yield first, title.segments[-1], title.separators[-1]
    if inside := _BRACKETED.match(title.text):
        yield inside[1], title.text[inside.end() :].strip() or _HOME, ""
    if head := _HEAD.match(title.text if len(title.segments) == 1 else first):
        yield head[1], head[2] if len(title.segments) == 1 else title.segments[-1], ""


def last_names(title: SplitTitle) -> Iterator[str]:
    """Yield possible names of a site at the end of a title."""
    last = title.segments[-1]
    yield last
    for segment in dict.fromkeys((last, title.segments[0])):
        if (offered := _OFFERED.fullmatch(segment)) and _PAGE_WORD.search(offered[1]) and len(offered[1].split()) <= 5:
            yield offered[2]
    # A site that signs with its address.
    word = last.rpartition(" ")[2]
    if "." in word.strip("."):
        yield word.removeprefix("www.")
    # In Chinese and Japanese there is no space around the separator.
    if _WIDE.search(title.text) and (tail := _TAIL.search(last)):
        yield last[tail.end() :]


def is_slogan(words: str, separator: str = "") -> bool:
    """Return whether the words beside a site's name are the slogan of its front page, and not the name of another publication."""
    count = len(words.split())
    if separator == ":" and count >= 2:
        return True  # a publication is behind any other separator
    if _WIDE.search(words):
        return len(words) >= 5 and not (_PUBLICATION.search(words) and len(words) < 12)
    if count <= 4 and _PUBLICATION.search(words):
        return False
    return bool(_PAGE_WORD.search(words) or _COUNTRY.fullmatch(words)) or (
        count >= 3 and not (count <= 4 and _ARTICLE.match(words))
    )


def read_pattern(written: str) -> TitlePattern:
    """Return the parsed pattern.

    Raises:
        BadPattern: if it would fit everything or nothing.
    """
    folded = normalize(written)
    before, after = folded.startswith(ELLIPSIS), folded.endswith(ELLIPSIS)
    words = folded.strip(ELLIPSIS)
    if ELLIPSIS in words:
        raise BadPattern(_("has … in the middle"), _("The sign … may stand at the beginning and at the end only."))
    if before and after:
        if words.startswith(" | ") and words.endswith(" | "):
            return _require_name(TitlePattern("any", _one_segment(words.removeprefix(" | ").removesuffix(" | "))))
        return _require_name(TitlePattern("within", words.strip()))
    if before:
        return _require_name(_edge_pattern(words, "last", "ends"))
    if after:
        return _require_name(_edge_pattern(words, "first", "begins"))
    if words.startswith("="):
        return _require_name(TitlePattern("whole", _one_segment(words[1:].strip())))
    return _require_name(TitlePattern("last", _one_segment(words)))


def is_valid_pattern(written: str) -> bool:
    """Return whether `read_pattern` accepts it; `settings.check_own_entries` reports why not."""
    try:
        read_pattern(written)
    except BadPattern:
        return False
    return True


def _edge_pattern(words: str, segment: Position, edge: Position) -> TitlePattern:
    # The ellipsis, replaced by a placeholder, may be a segment of its own.
    placeholder = "x"
    parts = split_title(words + placeholder if segment == "first" else placeholder + words)
    if len(parts.segments) == 2:
        name, other = parts.segments if segment == "first" else reversed(parts.segments)
        if other == placeholder:
            return TitlePattern(segment, name, parts.separators[0])
    if words != words.strip():
        raise BadPattern(
            _("has a space beside … but no separator"), _('Write for example "… - YouTube" or "Amazon.com…".')
        )
    return TitlePattern(edge, words)


def _require_name(pattern: TitlePattern) -> TitlePattern:
    # A single letter is a name only beside a separator, as in "… / X".
    letters = sum(letter.isalnum() for letter in pattern.words)
    if letters == 0 or (len(pattern.words) < 2 and pattern.separator is None):
        raise BadPattern(
            _("names nothing"), _('Write the name as it stands in the title, for example "YouTube" or "… / X".')
        )
    return pattern


def _one_segment(words: str) -> str:
    if len(split_title(words).segments) != 1:
        raise BadPattern(
            _("holds a separator, so it is never one segment"),
            _('Write … at one end, as in "…on Instagram: …", or leave the separator out.'),
        )
    return words


def _one_dash(separator: str) -> str:
    return "-" if separator in _DASHES else {"｜": "|", "：": ":"}.get(separator, separator)
