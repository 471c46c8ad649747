"""Take one value of a TOML file as the type that a setting has, or say in words why it cannot be taken."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from detector.config.settings import Option
from rules.lengths import parse_length, say_length

_NO_LENGTH: Final = re.compile(r"\s*0+(\.0+)?\s*(s|sec|min|m|h|d|w)?\s*", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SHOWN: Final = 40


class Wrong(ValueError):
    """The value cannot be taken: the words follow the option's name, `hint` is what to do.

    `at`: which part of a list it is about, from 0; None: all of the value.
    """

    def __init__(self, message: str, hint: str | None = None, at: int | None = None) -> None:
        self.hint = hint
        self.at = at
        super().__init__(message)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest known one, or all of them."""
    names = list(known)
    near = close(name, names)
    return f"Did you mean '{near}'?" if near else f"Known here: {', '.join(names)}."


def shown(name: str) -> str:
    """Return the name as a problem shows it: the beginning of it, if it is long."""
    return name if len(name) <= _SHOWN else name[:_SHOWN] + "…"


def close(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that resembles this one most, if any does."""
    near = get_close_matches(name.lower()[:_SHOWN], list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def convert(given: Any, kind: Any, option: Option) -> Any:
    """Return what was given as the type that the field wants, within the option's bounds.

    Raises:
        Wrong: if it cannot be taken so.
    """
    if get_origin(kind) in (Union, UnionType):
        if given == "" and NoneType in get_args(kind):
            return None
        (kind,) = (part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is Literal:
        option = dataclasses.replace(option, choices=get_args(kind))
        kind = str
    if get_origin(kind) in (tuple, frozenset):
        if not isinstance(given, list):
            raise Wrong("must be a list", 'Write it in brackets: ["one", "two"]')
        return get_origin(kind)(_part(part, get_args(kind)[0], option, at) for at, part in enumerate(given))
    if kind is timedelta:
        return _bounded(_length(given, option), option, say_length)
    if kind is bool:
        if not isinstance(given, bool):
            raise Wrong("must be true or false", "Write it without quotes.")
        return given
    if kind in (int, float):
        whole = "a whole number" if kind is int else "a number"
        fits = isinstance(given, int if kind is int else int | float) and not isinstance(given, bool)
        if not fits or not math.isfinite(given):
            raise Wrong(f"must be {whole}", "Write it without quotes and without a unit.")
        return _bounded(kind(given), option, str)
    if kind is str:
        return _text(given, option)
    raise TypeError(f"no way to write {kind} in TOML")


def _part(given: Any, kind: Any, option: Option, at: int) -> Any:
    try:
        return convert(given, kind, option)
    except Wrong as wrong:
        raise Wrong(str(wrong), wrong.hint, at) from None


def _length(given: Any, option: Option) -> timedelta:
    if not isinstance(given, str):
        if type(given) is not int:
            raise Wrong("must be a length", 'Write for example "45 s", "10 min" or "7 d".')
        most = option.most if isinstance(option.most, timedelta) else timedelta.max
        unit = "s" if most <= timedelta(minutes=10) else "min" if most <= timedelta(days=2) else "d"
        raise Wrong("must be a length", f'Write it with its unit and in quotes, for example "{given} {unit}".')
    if _NO_LENGTH.fullmatch(given):
        return timedelta(0)
    try:
        return parse_length(given)
    except ValueError as failure:
        raise Wrong(f"must be a length: {failure}") from None


def _bounded(value: Any, option: Option, say: Callable[[Any], str]) -> Any:
    if option.least is not None and value < option.least:
        raise Wrong(f"is too small: {say(value)}", f"At least {say(option.least)}.")
    if option.most is not None and value > option.most:
        raise Wrong(f"is too large: {say(value)}", f"At most {say(option.most)}.")
    return value


def _text(given: Any, option: Option) -> str:
    if not isinstance(given, str):
        raise Wrong("must be text", "Write it in quotes.")
    if option.choices is not None and given not in option.choices:
        raise Wrong(f"cannot be '{shown(given)}'", nearest(given, option.choices))
    if _CONTROL.search(given):
        raise Wrong("holds a character that cannot be shown", "Write it on one line.")
    if len(given) > option.characters:
        raise Wrong(f"is too long: {len(given)} characters", f"At most {option.characters}.")
    if option.words is not None and len(given.split()) > option.words:
        raise Wrong(f"is too long: {len(given.split())} words", f"At most {option.words}.")
    return given
