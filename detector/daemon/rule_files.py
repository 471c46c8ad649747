"""Whether a rule file of the person's own was changed while partner time is under way, and what is in force then.

Rule 1: a file that has a mistake leaves in force what it said before, and the mistake is said.
Rule 2: looking costs a look at names, sizes and times; a file is read only where one of them changed.
Rule 3: a rule that was not changed stays the same object, so that what it remembers need not be let go of.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from detector.errors import Problem
from detector.rulebook.loading import (
    RuleFile,
    RulesInForce,
    built_in,
    packs_in,
    put_in_force,
    rules_of,
    text_of,
)

STANDS: Final = "Until this is put right, what the file said before stays in force."

_Mark: TypeAlias = tuple[int, int, int, int]


@dataclass(slots=True)
class _Known:
    """What is known of one file: how it looked, its text, what of it is in force, and what is wrong with it now."""

    mark: _Mark | None
    text: str | Problem
    counts: RuleFile
    wrong: tuple[Problem, ...] = ()


class RuleFiles:
    """The packs in a folder. `in_force` is what was in force when they were last looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built_in = built_in()
        self._files: dict[Path, _Known] = {}
        self._wrong: Problem | None = None
        # What is wrong when partner time begins is out, and what it was to replace as well: there is no before.
        paths, self._wrong = packs_in(folder)
        self._files = {path: _read(path, _mark(path)) for path in paths}
        self.in_force = self._put_in_force()

    def changed(self) -> RulesInForce | None:
        """Return what is in force now, if that is something else than before, or if something else is wrong now."""
        paths, wrong = packs_in(self._folder)
        marks = {path: _mark(path) for path in paths}
        if wrong == self._wrong and marks == {path: known.mark for path, known in self._files.items()}:
            return None
        if wrong is not None:
            # What cannot be looked into says nothing about what is in it.
            self._wrong = replace(wrong, hint="The rules that were in force stay in force.")
            return self._news(replace(self.in_force, problems=(self._wrong,)))
        self._wrong = None
        self._files = {path: self._look_at(path, mark) for path, mark in marks.items()}
        return self._news(self._put_in_force())

    def _look_at(self, path: Path, mark: _Mark | None) -> _Known:
        before = self._files.get(path)
        if before is not None and before.mark == mark:
            return before
        now = _read(path, mark)
        if before is not None and now.text == before.text:
            return replace(before, mark=mark)
        if not now.counts.problems:
            return now
        stays = before.counts if before is not None else RuleFile(rules=(), problems=(), broken=())
        *first, last = now.counts.problems
        last = replace(last, hint="\n  ".join(filter(None, (last.hint, STANDS))))
        return replace(now, counts=replace(stays, problems=()), wrong=(*first, last))

    def _put_in_force(self) -> RulesInForce:
        found = put_in_force((known.counts for known in self._files.values()), self._wrong, self._built_in)
        wrong = tuple(problem for known in self._files.values() for problem in known.wrong)
        return replace(found, problems=(*found.problems, *wrong))

    def _news(self, found: RulesInForce) -> RulesInForce | None:
        before, self.in_force = self.in_force, found
        return None if (before.rules, before.problems) == (found.rules, found.problems) else found


def _read(path: Path, mark: _Mark | None) -> _Known:
    text = text_of(path)
    if isinstance(text, Problem):
        return _Known(mark, text, RuleFile(rules=(), problems=(text,), broken=()))
    return _Known(mark, text, rules_of(text, path))


def _mark(path: Path) -> _Mark | None:
    try:
        seen = os.stat(path)  # noqa: PTH116 - a name alone is looked at, and often
    except (OSError, ValueError):
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino, seen.st_dev
