"""From the JSON of an answer to the dataclass that it stands for, by the dataclass's own annotations.

Invariants, tested: a field that this version does not know is left out, so that a newer service breaks no older
client; a field that the answer lacks takes its default, or null where it may be null; anything else that does not fit
is a ``ServiceError`` that names the field, never its value.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from textcx.client.errors import UNEXPECTED_ANSWER, ServiceError

Made = TypeVar("Made")
Reader = Callable[[Any], Any]
_NOTHING = object()


_LIST, _OBJECT, _THERE, _MOMENT = "a list", "an object", "there", "a moment in ISO 8601"


class _Misfit(Exception):
    """A value is of another kind; the path to it grows on the way up."""

    def __init__(self, expected: str) -> None:
        self.expected, self.path = expected, list[str]()
        super().__init__(expected)


def read(kind: type[Made], value: object) -> Made:
    """Make a dataclass of an answer.

    Args:
        kind: The dataclass; fields may be scalars, datetimes, dataclasses, and tuples and mappings of these.
        value: Plain values, as they came.

    Raises:
        ServiceError: If a field is missing or of another kind.
    """
    try:
        return cast("Made", _reader(cast("Any", kind))(value))
    except _Misfit as misfit:
        place, expected = ".".join(reversed(misfit.path)) or "answer", misfit.expected
    msg = f"The answer is not as expected: {place} should be {expected}"
    raise ServiceError(msg, code=UNEXPECTED_ANSWER, hint="compare the versions of client and service (/info)")


@lru_cache(maxsize=512)
def _reader(kind: Any) -> Reader:  # noqa: ANN401, PLR0911 - any annotation; one case a line
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value: value
    if origin in {Union, types.UnionType}:
        rest = [each for each in inner if each is not types.NoneType]
        reader = _reader(rest[0])
        return lambda value: None if value is None else reader(value)
    if origin is tuple:
        return _many(_reader(inner[0]))
    if origin in {dict, Mapping}:
        return _mapping(_reader(inner[1]))
    if is_dataclass(kind):
        return _dataclass(kind)
    if kind is datetime:
        return _moment
    return _scalar(kind)


def _many(reader: Reader) -> Reader:
    def made(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _Misfit(_LIST)
        return tuple(_inside(str(place), reader, each) for place, each in enumerate(value))

    return made


def _mapping(reader: Reader) -> Reader:
    def made(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _Misfit(_OBJECT)
        return {name: _inside("(a name)", reader, each) for name, each in value.items()}

    return made


def _dataclass(kind: Any) -> Reader:  # noqa: ANN401 - a dataclass
    hints = get_type_hints(kind)
    known = [(each.name, _reader(hints[each.name]), _default(each, hints[each.name])) for each in fields(kind)]

    def made(value: object) -> object:
        if not isinstance(value, dict):
            raise _Misfit(_OBJECT)
        told: dict[str, Any] = {}
        for name, reader, default in known:
            if name in value:
                told[name] = _inside(name, reader, value[name])
            elif default is _NOTHING:
                _inside(name, _absent, None)
            else:
                told[name] = default() if callable(default) else default
        return kind(**told)

    return made


def _default(field: Any, hint: Any) -> Any:  # noqa: ANN401 - of dataclasses
    if field.default_factory is not MISSING:
        return field.default_factory
    if field.default is not MISSING:
        return field.default
    return None if types.NoneType in get_args(hint) else _NOTHING


def _inside(name: str, reader: Reader, value: object) -> Any:  # noqa: ANN401 - whatever the reader makes
    try:
        return reader(value)
    except _Misfit as misfit:
        misfit.path.append(name)
        raise


def _absent(_: object) -> None:
    raise _Misfit(_THERE)


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(value)  # type: ignore[arg-type] # what is no text is a TypeError
    except (TypeError, ValueError):
        pass
    raise _Misfit(_MOMENT)


def _scalar(kind: type[Any]) -> Reader:
    wanted: tuple[type[Any], ...] = (float, int) if kind is float else (kind,)

    def made(value: object) -> Any:  # noqa: ANN401 - of that kind
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
            raise _Misfit(kind.__name__)
        return float(value) if kind is float else value

    return made
