"""Encode observations as plain fields and decode them: for the rows of the store and the lines of recordings.

Invariant 1: the fields are those of `detector.core.observations.KINDS`; a new kind needs nothing here.
Invariant 2: decoding is strict: an unknown kind or field, a missing one, a wrong type or an instant without a zone is an error.
Invariant 3: a field that has its default is left out; `at`, `kind` and `device` are always there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from detector.core.observations import KINDS, Activity, Observation
from detector.i18n import _
from detector.spelling import did_you_mean
from detector.store.microseconds import to_instant, to_microseconds
from rules.features import CATEGORIES, UNKNOWN

Converter: TypeAlias = Callable[[Any], Any]
MAX_TEXT_LENGTH: Final = 500
MAX_INTEGER: Final = 2**63 - 1
"""The largest integer that a column of SQLite holds."""


class InvalidObservation(ValueError):
    """These fields are not an observation; `field`: the one that is wrong, or None."""

    def __init__(self, message: str, field: str | None = None, hint: str | None = None) -> None:
        self.field = field
        self.hint = hint
        super().__init__(message)


class InvalidField(ValueError):
    """The value of a field is wrong. The message continues a sentence that begins with the field's name."""


@dataclass(frozen=True, slots=True)
class _KindCodec:
    """How one kind of observation is read and written, field by field; made once, because looking up types is slow."""

    kind: type[Observation]
    readers: dict[str, Converter]
    required: frozenset[str]
    writers: tuple[tuple[str, Converter, Any], ...]
    instants: tuple[str, ...]


class Codec:
    """Observations to plain fields and back; instants are integers (microseconds since 1970) or text (ISO 8601)."""

    def __init__(self, instants: Literal["integers", "text"]) -> None:
        self._instant: tuple[Converter, Converter] = (_read_integer_instant, to_microseconds)
        self._category = _read_word
        if instants == "text":
            self._instant = (_read_text_instant, _write_text_instant)
            self._category = _read_category
        self._kinds = {name: self._kind_codec(kind) for name, kind in KINDS.items()}

    def write(self, observation: Observation) -> dict[str, Any]:
        """Return `at`, `kind`, `device` and the fields that differ from their defaults, fit for JSON."""
        name = type(observation).__name__
        codec = self._kinds[name]
        plain = {"at": self._instant[1](observation.at), "kind": name, "device": observation.device}
        for field, writer, default in codec.writers:
            value = getattr(observation, field)
            if default is MISSING or value != default:
                plain[field] = writer(value)
        return plain

    def read(self, kind: object, plain: Mapping[str, Any]) -> Observation:
        """Return the observation of this kind with these fields. Raises `InvalidObservation`."""
        codec = self._kinds.get(kind) if isinstance(kind, str) else None
        if codec is None:
            message = _("there is no kind of observation {kind}").format(kind=f"{kind!r:.80}")
            raise InvalidObservation(message, "kind", _hint(kind, self._kinds))
        # An unknown field is an error and not ignored: a misspelt one would silently get its default.
        values, readers = {}, codec.readers
        for name, value in plain.items():
            reader = readers.get(name)
            if reader is None:
                message = _("{kind} has no field {field}").format(kind=kind, field=repr(name[:80]))
                raise InvalidObservation(message, name, _hint(name, readers))
            try:
                values[name] = reader(value)
            # It names a field inside this one already. It is a ValueError as well, so it has to come first.
            except InvalidObservation:
                raise
            except (ValueError, OverflowError) as error:
                raise InvalidObservation(_("'{field}' {problem}").format(field=name, problem=error), name) from None
        if not codec.required <= values.keys():
            missing = ", ".join(f"'{name}'" for name in sorted(codec.required - values.keys()))
            raise InvalidObservation(_("{kind} lacks {fields}").format(kind=kind, fields=missing))
        return codec.kind(**values)

    def instants_of(self, observation: Observation) -> tuple[str, ...]:
        """Return the names of the fields that hold instants, `at` first."""
        return self._kinds[type(observation).__name__].instants

    def _kind_codec(self, kind: type[Observation]) -> _KindCodec:
        hints = get_type_hints(kind)
        own = {field.name: field for field in fields(kind)}
        converters = {name: self._converters(hints[name]) for name in own}
        return _KindCodec(
            kind=kind,
            readers={name: reader for name, (reader, _writer) in converters.items()},
            required=frozenset(name for name, field in own.items() if field.default is MISSING),
            # `write` puts these two first itself, whatever their values are.
            writers=tuple(
                (name, converters[name][1], own[name].default) for name in own if name not in ("at", "device")
            ),
            instants=tuple(name for name in own if hints[name] is datetime),
        )

    def _converters(self, hint: Any) -> tuple[Converter, Converter]:
        if hint is datetime:
            return self._instant
        if hint is Activity:
            return self._read_activity, _write_activity
        # The only unions of observations are "something or None".
        if get_origin(hint) in (UnionType, Union):
            (inner,) = (part for part in get_args(hint) if part is not NoneType)
            reader, writer = self._converters(inner)
            return (
                lambda value: None if value is None else reader(value),
                lambda value: None if value is None else writer(value),
            )
        if get_origin(hint) is Literal:
            return _one_of({word: word for word in get_args(hint)}), str
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return _one_of({member.value: member for member in hint}), str
        return {str: (_read_word, str), int: (_read_count, int), bool: (_read_flag, bool)}[hint]

    def _read_activity(self, value: object) -> Activity:
        if not isinstance(value, dict):
            raise InvalidField(_("must be an object with a category, or null"))
        if unknown := value.keys() - {"category", "name"}:
            message = _("an activity has no field {field}").format(field=repr(min(unknown)[:80]))
            raise InvalidObservation(message, min(unknown))
        if "category" not in value:
            raise InvalidField(_("lacks a category"))
        name = value.get("name")
        return Activity(category=self._category(value["category"]), name=None if name is None else _read_word(name))


def _write_activity(activity: Activity) -> dict[str, str]:
    return {"category": activity.category} | ({} if activity.name is None else {"name": activity.name})


def _read_category(value: object) -> str:
    if value not in CATEGORIES and value != UNKNOWN:
        message = _("there is no category {category}").format(category=f"{value!r:.80}")
        raise InvalidObservation(message, "category", _hint(value, CATEGORIES))
    return str(value)


def _read_word(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidField(_("must be text"))
    if len(value) > MAX_TEXT_LENGTH:
        raise InvalidField(_("is longer than {count} characters").format(count=MAX_TEXT_LENGTH))
    return value


def _read_count(value: object) -> int:
    # `type`, not `isinstance`: in Python True is an int, in JSON it is not a number.
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise InvalidField(_("must be a whole number, zero or more"))
    return value


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidField(_("must be true or false"))
    return value


def _one_of(words: Mapping[str, str]) -> Converter:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise InvalidField(_("must be one of {words}").format(words=", ".join(words)))
        return words[value]

    return read


def _read_text_instant(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise InvalidField(_("is not an instant; write for example 2026-11-23T18:31:02.5Z")) from None
    # `fromisoformat` returns this very object for "Z", and this runs once for each line of a recording.
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise InvalidField(_("names no zone; write for example 2026-11-23T18:31:02.5Z"))
    return at.astimezone(UTC)


def _write_text_instant(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("an instant without a zone cannot be written")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _read_integer_instant(value: object) -> datetime:
    if type(value) is not int:
        raise InvalidField(_("must be whole microseconds since 1970"))
    return to_instant(value)


def _hint(word: object, known: Iterable[str]) -> str | None:
    return (did_you_mean(word, known) or None) if isinstance(word, str) else None


INTEGERS: Final = Codec("integers")
"""For the store. Categories are not checked: if a version drops one, what is stored must stay readable."""

TEXT: Final = Codec("text")
"""For recordings, which people write by hand."""
