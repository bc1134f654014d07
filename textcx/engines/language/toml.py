"""Read TOML files that people may edit, with errors that say what is wrong where."""

from __future__ import annotations

import difflib
import tomllib
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import BadSetting, UnreadableInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Table = dict[str, Any]


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


def text_of(table: Table, key: str, where: str) -> str:
    """Return a text that is not empty."""
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        msg = f"{where} needs {key!r} as text; got {type(value).__name__}"
        raise BadSetting(msg)
    return value


def texts_of(table: Table, key: str, where: str) -> tuple[str, ...]:
    """Return a list of texts that are not empty; an empty one where the key is missing."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        msg = f"{where} needs {key!r} as a list of texts that are not empty"
        raise BadSetting(msg)
    return tuple(value)


def tables_of(content: Table, key: str, where: str) -> list[Table]:
    """Return a list of tables; an empty one where the key is missing."""
    value = content.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        msg = f"{where} needs {key!r} as a list of tables, written [[{key}]]"
        raise BadSetting(msg)
    return value
