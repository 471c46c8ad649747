"""Read a pack of rules from its TOML text: the good rules, and every problem of the others.

Invariant 1: all problems of the text are found at once, each with its line and column.
Invariant 2: a rule with a problem is left out, and its code is reported; the other rules count.
"""

import re
import tomllib
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from rules.features import MAX_SPAN
from rules.knobs import KNOBS, MAX_TIMES, MIN_LENGTH, RenderedText, render, render_sentence
from rules.language import MAX_TEXT_LENGTH, RuleError, compile_condition, parse_template
from rules.language.problems import did_you_mean, shown
from rules.lengths import format_length, parse_length
from rules.model import Condition, Knobs, Page, RetiredRule, Rule, RuleTemplate
from rules.toml_positions import TomlPath, TomlPosition, TomlPositions

CODE: Final = re.compile(r"[A-Z]{1,4}[0-9]{1,4}")
PAGE: Final = ("notices", "why", "wrong", "needs", "example")
REQUIRED: Final = ("code", "name", "when", *PAGE)
VERSION: Final = 1
"""Of the format of packs. A pack of a later version was written for a later turntoward, and is left out as a whole."""
KEYS: Final = (*REQUIRED, "until", "because", "after_grace", "speaks", *KNOBS, "not_before")
PACK_KEYS: Final = ("pack", "version", "rule", "retired")
RETIRED_KEYS: Final = ("code", "name", "heirs", "note")
PARSED_KEYS: Final = frozenset({"when", "until", "because"})
"""The keys whose values are conditions or templates."""
MAX_RULES: Final = 1000
"""In one file: nobody reads more, and partner time must not wait for more to be compiled."""
MAX_NAME_LENGTH: Final = 60
MAX_TEXT: Final = 2000
MAX_LINE: Final = 200
_Read = TypeVar("_Read")
_AT: Final = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")
_CODE_LINE: Final = re.compile(r"""^[ \t]*["']?code["']?[ \t]*=[ \t]*["']([A-Z]{1,4}[0-9]{1,4})["']""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackProblem:
    """One thing that is wrong with a pack; `line` and `column` count from 1, `source` is the line itself."""

    message: str
    file: str
    line: int | None = None
    column: int | None = None
    width: int = 1
    source: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a text held. `broken`: the codes of rules that were left out, as far as they could be read."""

    rules: tuple[Rule, ...]
    problems: tuple[PackProblem, ...]
    broken: tuple[str, ...] = ()
    name: str | None = None
    retired: tuple[RetiredRule, ...] = ()


def read_pack(text: str, source: str) -> Pack:
    """Return the rules of `text` and all its problems; `source` names the text in both. Raises nothing."""
    reader = _PackReader(text, source)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        return reader.unreadable(str(wrong))
    except (ValueError, RecursionError):
        # Numbers of thousands of digits, brackets within brackets: nothing that a pack could need.
        return reader.unreadable("A value is too long or too deeply nested")
    return reader.pack(content)


class _PackReader:
    """Reads one text, and collects its problems."""

    def __init__(self, text: str, source: str) -> None:
        self.positions = TomlPositions(text)
        self.source = source
        self.problems: list[PackProblem] = []

    def unreadable(self, message: str) -> Pack:
        """Return an empty pack that says where the TOML broke."""
        found = _AT.search(message)
        # `tomllib` puts the place at the end of its message.
        reason = message[: found.start()] if found else message
        if found is None:
            place: tuple[int | None, int | None] = (None, None)
        elif found[1]:
            place = int(found[1]), int(found[2])
        else:
            place = self.positions.position(len(self.positions.text.rstrip()))
        self._add(f"This is not TOML: {reason}.", *place)
        return self._without_rules()

    def pack(self, content: dict[str, Any]) -> Pack:
        """Return the pack of a text that is TOML."""
        version = content.get("version", VERSION)
        if type(version) is int and version > VERSION:
            # What a later version means by the same keys is not known, so nothing else is reported.
            known = f"This pack is of version {shown(str(version))}; here only version {VERSION} is known."
            self._at_value(known, ("version",), "Update turntoward to read it.")
            return self._without_rules()
        # `type`, because True is an int as well.
        if type(version) is not int or version < 1:
            self._at_value("version is a whole number, 1 or more.", ("version",), f"Write version = {VERSION}.")
        for key in content:
            if key not in PACK_KEYS:
                hint = did_you_mean(key, PACK_KEYS, "A pack has 'pack', 'version', '[[rule]]' and '[[retired]]'.")
                self._at_key(f"'{shown(key)}' is not known in a pack.", (key,), hint)
        name = content.get("pack")
        if name is not None:
            self._string(name, ("pack",), MAX_NAME_LENGTH, one_line=True)
        tables = content.get("rule", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._at_value("Each rule is a table of its own.", ("rule",), "Write [[rule]] above it.")
            tables = []
        elif not tables:
            self._add("There is no rule in this pack.", None, None, hint="Write [[rule]] and what belongs to it.")
        if len(tables) > MAX_RULES:
            text = f"There are {len(tables):,} rules in this file; only the first {MAX_RULES:,} are read."
            self._at_value(text, ("rule", MAX_RULES), "Put the rest into files of their own.")
        rules: dict[str, Rule] = {}
        broken: dict[str, None] = {}
        for number, table in enumerate(tables):
            # The first rule of a code counts; a second one is a problem, even if the first was broken.
            rule = self._rule(table, number, rules, broken) if number < MAX_RULES else None
            code = table.get("code")
            if rule is not None:
                rules[rule.code] = rule
            elif isinstance(code, str) and CODE.fullmatch(code) and code not in rules:
                broken[code] = None
        retired = self._retired(content.get("retired", []), rules)
        # As the file has them: problems of conditions were found after those of keys.
        ordered = sorted(self.problems, key=lambda problem: (problem.line or 0, problem.column or 0))
        return Pack(
            rules=tuple(rules.values()),
            problems=tuple(ordered),
            broken=tuple(broken),
            name=name if isinstance(name, str) else None,
            retired=retired,
        )

    def _without_rules(self) -> Pack:
        # The codes are found line by line: a built-in rule that a broken file was to replace must not come back.
        codes = tuple(dict.fromkeys(_CODE_LINE.findall(self.positions.text)))
        return Pack(rules=(), problems=tuple(self.problems), broken=codes)

    def _rule(self, table: dict[str, Any], number: int, *taken: Container[str]) -> Rule | None:
        before = len(self.problems)
        here: TomlPath = ("rule", number)
        for key in table:
            if key not in KEYS:
                hint = did_you_mean(key, KEYS, f"A rule has {', '.join(KEYS)}.")
                self._at_key(f"'{shown(key)}' is not known in a rule.", (*here, key), hint)
        missing = [key for key in REQUIRED if key not in table]
        if missing:
            self._at_value(f"This rule has no {_listed(missing)}.", here, "docs/rules.md shows a whole rule.")
        for key in (*REQUIRED, "until", "because"):
            if key in table:
                longest = MAX_NAME_LENGTH if key == "name" else MAX_TEXT
                self._string(table[key], (*here, key), longest, one_line=key in {"code", "name", "because"})
        self._code(table.get("code"), (*here, "code"), taken)
        after_grace, speaks = table.get("after_grace", False), table.get("speaks", True)
        for key, flag in (("after_grace", after_grace), ("speaks", speaks)):
            if not isinstance(flag, bool):
                self._at_value(f"{key} is true or false.", (*here, key))
        knobs = self._knobs(table, here)
        not_before = self._length(table.get("not_before"), (*here, "not_before"))
        # Where a knob has a problem of its own, its placeholders would only repeat it.
        condition = until = None
        if not any(name in table and getattr(knobs, name) is None for name in KNOBS):
            condition = self._condition(table.get("when"), (*here, "when"), knobs)
            until = self._condition(table.get("until"), (*here, "until"), knobs)
            self._unused_knobs(knobs, [table.get("when"), table.get("until")], here)
        parts = self._parse(table.get("because"), (*here, "because"), parse_template)
        if condition is not None and until is not None and condition.text.split() == until.text.split():
            self._at_value("until says the same as when: this rule would end as it begins.", (*here, "until"))
        # Whatever is wrong with it: half a rule is none.
        if condition is None or len(self.problems) > before:
            return None
        pages = {part: table[part].strip() for part in PAGE}
        template = RuleTemplate(when=table["when"], notices=pages["notices"], until=table.get("until"))
        return Rule(
            code=table["code"],
            name=table["name"].strip(),
            condition=condition,
            page=Page(**pages | {"notices": render_sentence(pages["notices"], knobs)}),
            source=self.source,
            until=until,
            because=table["because"].strip() if parts else None,
            because_parts=parts or (),
            after_grace=after_grace,
            may_nudge=speaks,
            knobs=knobs,
            template=template if knobs.declared() else None,
            not_before=not_before,
        )

    def _code(self, code: object, path: TomlPath, taken: tuple[Container[str], ...]) -> None:
        if not isinstance(code, str) or not code.strip():
            return
        if not CODE.fullmatch(code):
            self._at_value(
                "A code is one to four capital letters and one to four digits.", path, "Write for example X101."
            )
        elif any(code in some for some in taken):
            self._at_value(f"There is another rule {code} in this file.", path, "Give each rule a code of its own.")

    def _knobs(self, table: dict[str, Any], here: TomlPath) -> Knobs:
        times = table.get("times")
        # `type`, because True is an int as well.
        if times is not None and (type(times) is not int or not 1 <= times <= MAX_TIMES):
            self._at_value(f"times is a whole number from 1 to {MAX_TIMES}.", (*here, "times"))
            times = None
        return Knobs(
            after=self._length(table.get("after"), (*here, "after")),
            times=times,
            within=self._length(table.get("within"), (*here, "within")),
        )

    def _length(self, value: object, path: TomlPath) -> timedelta | None:
        """Return the length that stands at `path`, or None with the problem noted; None without a problem: no such key."""
        if value is None:
            return None
        example = f'Write for example {path[-1]} = "90 s".'
        try:
            length = parse_length(value) if isinstance(value, str) else None
        except ValueError:
            length = None
        if length is None:
            self._at_value(f"{path[-1]} is a length of time, in quotes.", path, example)
        elif not MIN_LENGTH <= length <= MAX_SPAN:
            longest = f"{format_length(MIN_LENGTH)} to {format_length(MAX_SPAN)}"
            self._at_value(f"{path[-1]} is a length from {longest}.", path, example)
        else:
            return length
        return None

    def _condition(self, text: object, path: TomlPath, knobs: Knobs) -> Condition | None:
        if not isinstance(text, str) or len(text) > MAX_TEXT_LENGTH or "{" not in text:
            return self._parse(text, path, compile_condition)
        rendered = self._parse(text, path, lambda template: render(template, knobs))
        return None if rendered is None else self._parse(rendered.text, path, compile_condition, rendered)

    def _unused_knobs(self, knobs: Knobs, texts: Sequence[object], here: TomlPath) -> None:
        for name in sorted(knobs.declared()):
            if not any(isinstance(text, str) and re.search(rf"\{{\s*{name}\b", text) for text in texts):
                self._at_key(f"'{name}' stands nowhere in the condition.", (*here, name), f"Write {{{name}}} there.")

    def _retired(self, tables: object, rules: Container[str]) -> tuple[RetiredRule, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._at_value("Each retired rule is a table of its own.", ("retired",), "Write [[retired]] above it.")
            return ()
        retired: dict[str, RetiredRule] = {}
        for number, table in enumerate(tables):
            before, here = len(self.problems), ("retired", number)
            for key in table:
                if key not in RETIRED_KEYS:
                    hint = did_you_mean(key, RETIRED_KEYS, f"A retired rule has {', '.join(RETIRED_KEYS)}.")
                    self._at_key(f"'{shown(key)}' is not known in a retired rule.", (*here, key), hint)
            missing = [key for key in RETIRED_KEYS if key not in table]
            if missing:
                self._at_value(f"This retired rule has no {_listed(missing)}.", here)
                continue
            for key in ("code", "name", "note"):
                longest = MAX_TEXT if key == "note" else MAX_NAME_LENGTH
                self._string(table[key], (*here, key), longest, one_line=key != "note")
            self._code(table["code"], (*here, "code"), (rules, retired))
            heirs = table["heirs"]
            if not isinstance(heirs, list) or not all(isinstance(code, str) and CODE.fullmatch(code) for code in heirs):
                self._at_value("heirs is a list of codes.", (*here, "heirs"), 'Write for example heirs = ["F101"].')
            if len(self.problems) == before:
                name, note = table["name"].strip(), table["note"].strip()
                retired[table["code"]] = RetiredRule(code=table["code"], name=name, heirs=tuple(heirs), note=note)
        return tuple(retired.values())

    def _parse(
        self, text: object, path: TomlPath, read: Callable[[str], _Read], rendered: RenderedText | None = None
    ) -> _Read | None:
        """Return what `read` makes of the text; each of its problems gets its place in the file.

        `rendered`: the text was rendered from what stands in the file.
        """
        if not isinstance(text, str) or not text.strip():
            return None
        try:
            return read(text)
        except RuleError as wrong:
            place = self.positions.values.get(path)
            for problem in wrong.problems:
                offset, width = problem.offset, problem.width
                if rendered is not None:
                    offset, width = rendered.in_template(offset, width)
                line, column = self.positions.within(place, offset) if place else (None, None)
                self._add(problem.message, line, column, width, problem.hint)
            return None

    def _string(self, value: object, path: TomlPath, longest: int, *, one_line: bool) -> None:
        key = path[-1]
        if not isinstance(value, str):
            self._at_value(f"{key} is a text.", path, "Put it in quotes.")
        elif not value.strip():
            self._at_value(f"{key} is empty.", path)
        elif len(value) > longest:
            # The parsers refuse what is too long themselves.
            if key not in PARSED_KEYS:
                self._at_value(f"{key} has {len(value)} characters; {longest} are the most.", path)
        elif one_line and not value.strip().isprintable():
            self._at_value(f"{key} is one line of plain text.", path)
        elif key not in {"when", "until"} and not value.replace("\n", "").isprintable():
            self._at_value(f"{key} holds characters that cannot be printed.", path)

    def _at_value(self, message: str, path: TomlPath, hint: str | None = None) -> None:
        self._at(self.positions.values.get(path), message, hint)

    def _at_key(self, message: str, path: TomlPath, hint: str | None) -> None:
        self._at(self.positions.keys.get(path) or self.positions.values.get(path), message, hint)

    def _at(self, place: TomlPosition | None, message: str, hint: str | None) -> None:
        if place is None:
            self._add(message, None, None, hint=hint)
        else:
            self._add(message, place.line, place.column, place.width, hint)

    def _add(self, message: str, line: int | None, column: int | None, width: int = 1, hint: str | None = None) -> None:
        source = self.positions.line(line) if line is not None and column is not None else None
        # A line of many thousand characters is cut, and left out where the problem lies behind the cut.
        if source is not None and column is not None:
            source = source[: max(MAX_LINE, column + width)] if column <= MAX_LINE else None
            width = max(1, min(width, MAX_LINE, len(source or "") - column + 1))
        self.problems.append(
            PackProblem(
                message=message, file=self.source, line=line, column=column, width=width, source=source, hint=hint
            )
        )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and no {words[-1]}"
