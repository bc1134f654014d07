"""Write the ``model.toml`` of a model folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FIRST = "# Written by `textcx train`; change nothing by hand."


def write_about(path: Path, about: Mapping[str, Any], *, first: str = FIRST) -> None:
    """Write values, tables and lists of tables, nested as they are, as TOML; ``first`` is the line above them."""
    path.write_text("\n".join([first, *_lines(about, ())]) + "\n", encoding="utf-8")


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not _nested(value)}
    yield from (f"{_key(key)} = {_value(value)}" for key, value in plain.items())
    for key, value in table.items():
        if _nested(value):
            name = ".".join(_key(part) for part in (*path, key))
            for one in value if isinstance(value, list) else [value]:
                yield from ("", f"[[{name}]]" if isinstance(value, list) else f"[{name}]")
                yield from _lines(one, (*path, key))


def _nested(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else json.dumps(key)


def _value(value: object) -> str:
    # Strings, numbers and lists of them look the same in JSON; TOML wants a digit on both sides of the point of 1e-12.
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("e-", ".0e-") if isinstance(value, float) and "." not in text and "e-" in text else text
