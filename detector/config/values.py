"""Convert one value of a TOML file to the type of its setting, within the bounds of its option."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from detector.config.settings import Option
from detector.i18n import _
from detector.spelling import did_you_mean
from rules.lengths import format_length, parse_length

_NO_LENGTH: Final = re.compile(r"\s*0+(\.0+)?\s*(s|sec|min|m|h|d|w)?\s*", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_SHOWN: Final = 40


class InvalidValue(ValueError):
    """The value is refused: the message continues the option's name, `hint` is what to do.

    `index`: which part of a list is wrong, from 0; None: the whole value.
    """

    def __init__(self, message: str, hint: str | None = None, index: int | None = None) -> None:
        self.hint = hint
        self.index = index
        super().__init__(message)


def name_hint(name: str, candidates: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest candidate, or all of them."""
    names = list(candidates)
    return did_you_mean(name, names, otherwise=_("Known here: {names}.").format(names=", ".join(names)))


def shortened(name: str) -> str:
    """Return the name as a problem shows it: only its beginning, if it is long."""
    return name if len(name) <= _MAX_SHOWN else name[:_MAX_SHOWN] + "…"


def convert(value: Any, kind: Any, option: Option) -> Any:
    """Return the value of the file as the type of the field, within the option's limits.

    Raises:
        InvalidValue: if that is not possible.
    """
    if get_origin(kind) in (Union, UnionType):
        if value == "" and NoneType in get_args(kind):
            return None
        (kind,) = (part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is Literal:
        option = dataclasses.replace(option, choices=get_args(kind))
        kind = str
    if get_origin(kind) in (tuple, frozenset):
        if not isinstance(value, list):
            raise InvalidValue(_("must be a list"), _('Write it in brackets: ["one", "two"]'))
        part = get_args(kind)[0]
        return get_origin(kind)(_convert_part(entry, part, option, index) for index, entry in enumerate(value))
    if kind is timedelta:
        return _bounded(_length(value, option), option, format_length)
    if kind is bool:
        if not isinstance(value, bool):
            raise InvalidValue(_("must be true or false"), _("Write it without quotes."))
        return value
    if kind is int:
        if type(value) is not int:  # True is an int as well
            raise InvalidValue(_("must be a whole number"), _("Write it without quotes and without a unit."))
        return _bounded(value, option, str)
    if kind is str:
        return _text(value, option)
    raise TypeError(f"no way to write {kind} in TOML")


def _convert_part(value: Any, kind: Any, option: Option, index: int) -> Any:
    try:
        return convert(value, kind, option)
    except InvalidValue as error:
        raise InvalidValue(str(error), error.hint, index) from None


def _length(value: Any, option: Option) -> timedelta:
    if not isinstance(value, str):
        if type(value) is not int:
            raise InvalidValue(_("must be a length"), _('Write for example "45 s", "10 min" or "7 d".'))
        # A bare number most likely lacks only its unit: suggest the one that lengths of this option usually have.
        maximum = option.maximum if isinstance(option.maximum, timedelta) else timedelta.max
        unit = "s" if maximum <= timedelta(minutes=10) else "min" if maximum <= timedelta(days=2) else "d"
        hint = _('Write it with its unit and in quotes, for example "{example}".').format(example=f"{value} {unit}")
        raise InvalidValue(_("must be a length"), hint)
    if _NO_LENGTH.fullmatch(value):  # `parse_length` refuses zero, which means "never" in settings
        return timedelta(0)
    try:
        return parse_length(value)
    except ValueError as error:
        raise InvalidValue(_("must be a length: {reason}").format(reason=error)) from None


def _bounded(value: Any, option: Option, format_value: Callable[[Any], str]) -> Any:
    if option.minimum is not None and value < option.minimum:
        hint = _("At least {minimum}.").format(minimum=format_value(option.minimum))
        raise InvalidValue(_("is too small: {value}").format(value=format_value(value)), hint)
    if option.maximum is not None and value > option.maximum:
        hint = _("At most {maximum}.").format(maximum=format_value(option.maximum))
        raise InvalidValue(_("is too large: {value}").format(value=format_value(value)), hint)
    return value


def _text(value: Any, option: Option) -> str:
    if not isinstance(value, str):
        raise InvalidValue(_("must be text"), _("Write it in quotes."))
    if option.choices is not None and value not in option.choices:
        raise InvalidValue(_("cannot be '{value}'").format(value=shortened(value)), name_hint(value, option.choices))
    # Texts are shown in one line, in notifications and in a terminal, where a control character could do anything.
    if _CONTROL.search(value):
        raise InvalidValue(_("contains a character that cannot be shown"), _("Write it on one line."))
    if len(value) > option.max_characters:
        hint = _("At most {maximum}.").format(maximum=option.max_characters)
        raise InvalidValue(_("is too long: {count} characters").format(count=len(value)), hint)
    words = len(value.split())
    if option.max_words is not None and words > option.max_words:
        hint = _("At most {maximum}.").format(maximum=option.max_words)
        raise InvalidValue(_("is too long: {count} words").format(count=words), hint)
    return value
