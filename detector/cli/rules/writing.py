"""The text of a rule that `turntoward rules new` writes.

Invariant 1: the rule is appended: the text that the file already has does not change.
Invariant 2: an exemption counts only where it certainly holds, not where it is unknown.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from detector.i18n import _
from rules.explain import format_category, format_feature
from rules.lengths import format_length, parse_length
from rules.model import Condition

SIGNS: Final[Mapping[str, str]] = {
    "time": _("that it has been in front for so long"),
    "scrolling": _("that it has been in front for so long, and is scrolled"),
    "again": _("that it is taken up for the second time within so long"),
    "looks": _("the third short look at something distracting within so long"),
}
PAGE_KEYS: Final = ("notices", "why", "wrong", "needs", "example")
ALWAYS_KNOWN: Final = frozenset({"category", "dwell", "elapsed", "remaining"})
WHY: Final = _("You wrote this rule yourselves: it matters to you.")
WRONG: Final = _("It is for both of you, or one of you needs it just now.")
_LENGTH: Final = r"\d+(?:\.\d+)?\s*[a-z]+"
_DWELL: Final = re.compile(rf"\bdwell\s*(?:>=|>)\s*({_LENGTH}(?:\s*{_LENGTH})*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule as it will be written. `comment` stands above it; `says` is what it does; `more` are its other keys."""

    code: str
    name: str
    when: str
    notices: str
    why: str
    wrong: str
    needs: str
    example: str
    comment: str
    says: str
    more: Mapping[str, str | bool] = field(default_factory=dict)

    def as_toml(self) -> str:
        when = self.when.strip()
        lines = [f"# {line}".rstrip() for line in self.comment.splitlines()]
        lines += [
            "[[rule]]",
            "# " + _("One to four capital letters and digits. The code of a built-in rule replaces that rule."),
            f"code = {_quoted(self.code)}",
            f"name = {_quoted(self.name)}",
            "# " + _("When it holds. A number has its unit; docs/rules.md lists what can be asked for."),
            f"when = {_quoted(when)}" if "\n" not in when else f'when = """\n{when}"""',
            *(f"{key} = {_quoted(value)}" for key, value in self.more.items()),
            "# " + _("Its page, as `turntoward rules CODE` shows it: yours to change."),
        ]
        lines += [f"{key} = {_quoted(getattr(self, key))}" for key in PAGE_KEYS]
        return "\n".join(lines) + "\n"


def new_condition(category: str, sign: str, after: timedelta) -> str:
    """Return the condition of a new rule: of this category (or `distraction`), by this sign, after so long."""
    front = f"category {'in' if category == 'distraction' else 'is'} {category}"
    length = _exact(after)
    if sign == "scrolling":
        span = _exact(min(after, timedelta(minutes=10)))
        return f"{front} and dwell >= {length} and scrolls({span}) >= 10"
    if sign == "again":
        return f"{front} and all.uses({category}, {length}) >= 2"
    if sign == "looks":
        return f"{front} and all.glances({length}) >= 3"
    return f"{front} and dwell >= {length}"


def format_condition(category: str, sign: str, after: timedelta) -> str:
    what = _("something distracting") if category == "distraction" else format_category(category)
    return {
        "time": _("holds once {what} has been in front for {length}"),
        "scrolling": _("holds once {what} has been in front for {length} and is scrolled, ten steps at least"),
        "again": _("holds when {what} is taken up for the second time within {length}"),
        "looks": _("holds at the third look within {length}, where {what} is in front"),
    }[sign].format(what=what, length=format_length(after))


def with_length(when: str, after: timedelta) -> str | None:
    """Return the condition with its one `dwell >= …` set to another length; None: there is none, or more than one."""
    matches = list(_DWELL.finditer(when))
    if len(matches) != 1:
        return None
    # Replaced in the text itself, so that line breaks and blanks of the condition stay.
    return when[: matches[0].start(1)] + _exact(after) + when[matches[0].end(1) :]


def length_in(when: str) -> timedelta | None:
    """Return the one length that the condition asks of `dwell`, or None."""
    lengths = _DWELL.findall(when)
    try:
        return parse_length(lengths[0]) if len(lengths) == 1 else None
    except ValueError:
        return None


def with_exception(when: str, exempt: Condition) -> str:
    """Return the condition, except where `exempt` certainly holds."""
    # `not (unknown)` is unknown, so without these parts the rule could not hold where the exemption is unknown.
    unsure = sorted({format_feature(key) for key in exempt.features_used if key.name not in ALWAYS_KNOWN})
    parts = [f"not ({exempt.text.strip()})", *(f"{name} is unknown" for name in unsure)]
    return f"({when.strip()})\nand ({' or '.join(parts)})"


def needs_of(condition: Condition, input_features: Collection[str]) -> str:
    names = {key.name for key in condition.features_used}
    needs = [_("What is in front")]
    if names & set(input_features):
        needs.append(_("counts of scrolls, keys or clicks"))
    if names & {"opens", "pick_ups"}:
        needs.append(_("what a phone reports"))
    return _(", and ").join(needs) + "."


def free_code(taken: Collection[str]) -> str:
    # No built-in code begins with X.
    return next(code for number in range(101, 10_000) if (code := f"X{number}") not in taken)


def append_rule(before: str | None, draft: str) -> str:
    if not before:
        return "# " + _("Rules of your own; docs/rules.md says how they are written.") + "\n\n" + draft
    # The file keeps its line ends: an editor on another system may have written it.
    line_end = "\r\n" if "\r\n" in before else "\n"
    gap = "" if before.endswith("\n") else line_end
    return before + gap + line_end + draft.replace("\n", line_end)


def _quoted(value: str | bool) -> str:  # noqa: FBT001 - a value to be written, not a switch
    # TOML writes strings and booleans as JSON does.
    return json.dumps(value, ensure_ascii=False)


def _exact(length: timedelta) -> str:
    # Written so that it reads back as the same length, to the microsecond; `format_length` rounds.
    seconds = length.total_seconds()
    if seconds % 60 == 0 and seconds >= 120:
        return f"{seconds / 60:g} min"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + " s"
