"""Read TOML files that people may edit, with errors that say what is wrong where."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textcx.domain.errors import BadSetting, UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Table = dict[str, Any]
Record = TypeVar("Record")
Value = TypeVar("Value")


def read_toml(path: Path) -> Table:
    """Read a TOML file.

    Raises:
        UnreadableInput: If it is missing or not text.
        BadSetting: If it is not valid TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"no such file: {path}; give a TOML file or leave the setting out for the default"
        raise UnreadableInput(msg) from None
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read as UTF-8 text: {type(error).__name__}"
        raise UnreadableInput(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not valid TOML: {error}"
        raise BadSetting(msg) from error


def unknown(key: str, known: Sequence[str]) -> str:
    """Say that a key is unknown, and which one may have been meant."""
    near = difflib.get_close_matches(key, known, n=1)
    return f"'{key}' is no key; " + (f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}")


def check_keys(table: Table, *, allowed: Sequence[str], where: str, needed: Sequence[str] = ()) -> None:
    """Refuse a table with a key that is not allowed, or without one that is needed."""
    for key in sorted(set(table) - set(allowed)):
        msg = f"{where}: {unknown(key, allowed)}"
        raise BadSetting(msg)
    for key in needed:
        if key not in table:
            msg = f"{where} has no key '{key}'; expected are {', '.join(needed)}"
            raise BadSetting(msg)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Value]):
    """What a key must hold: how it is called, what stands for a key that is missing, what tells, and what is made."""

    expected: str
    missing: object
    fits: Callable[[Any], bool]
    made: Callable[[Any], Value]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(map(fits, value))


TEXT: Kind[str] = Kind("text", None, _is_text, str)
NUMBER: Kind[float] = Kind("a number", None, lambda it: isinstance(it, int | float) and not isinstance(it, bool), float)
FLAG: Kind[bool] = Kind("true or false", None, lambda it: isinstance(it, bool), bool)
TEXTS: Kind[tuple[str, ...]] = Kind("a list of texts that are not empty", [], lambda it: _is_list(it, _is_text), tuple)
TABLE: Kind[Table] = Kind("a table, written [{key}]", {}, lambda it: isinstance(it, dict), dict)
TABLES: Kind[list[Table]] = Kind("a list of tables, written [[{key}]]", [], lambda it: _is_list(it, TABLE.fits), list)
OF_FIELDS: dict[str, Kind[Any]] = {"str": TEXT, "float": NUMBER, "bool": FLAG, "tuple[str, ...]": TEXTS}


def value_of(table: Table, key: str, where: str, kind: Kind[Value]) -> Value:
    """Return the value of a key."""
    value = table.get(key, kind.missing)
    if not kind.fits(value):
        msg = f"{where} needs '{key}' as {kind.expected.format(key=key)}; got {type(value).__name__}"
        raise BadSetting(msg)
    return kind.made(value)


def record_of(table: Table, record: type[Record], where: str, **known: object) -> Record:
    """Build a dataclass from a table whose keys are its fields, but for those that are known already."""
    keys = {each.name: each for each in fields(record) if each.init and each.name not in known}  # type: ignore[arg-type]
    check_keys(table, allowed=list(keys), where=where)
    needed = [name for name, each in keys.items() if name in table or each.default is MISSING]
    return record(**known, **{name: value_of(table, name, where, OF_FIELDS[str(keys[name].type)]) for name in needed})
