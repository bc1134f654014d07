"""Read the journey taxonomy and the pain lexicon from TOML files that people may edit."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.domain.journey import JourneyStage, JourneyTaxonomy
from textcx.domain.pain_points import CUE_LISTS, WORD_LISTS, Consequence, PainLexicon

if TYPE_CHECKING:
    from pathlib import Path


def _read(path: Path) -> dict[str, Any]:
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


def _check_keys(table: dict[str, Any], *, allowed: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(table) - set(allowed))
    if unknown:
        msg = f"{where} has unknown keys {unknown}; known are {list(allowed)}"
        raise BadSetting(msg)


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        msg = f"{where} needs {key!r} as text; got {type(value).__name__}"
        raise BadSetting(msg)
    return value


def _texts(table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        msg = f"{where} needs {key!r} as a list of texts that are not empty"
        raise BadSetting(msg)
    return tuple(value)


def _tables(content: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    value = content.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        msg = f"{where} needs {key!r} as a list of tables, written [[{key}]]"
        raise BadSetting(msg)
    return value


def load_journey(path: Path) -> JourneyTaxonomy:
    """Load a journey taxonomy.

    Args:
        path: TOML file with ``[[stages]]`` (id, title, description, examples, cues, touchpoints) in journey order and a
            ``[background]`` table of examples that belong to no stage.

    Returns:
        The taxonomy.

    Raises:
        UnreadableInput: If the file is missing or not text.
        BadSetting: If it is not valid TOML, or a table lacks something or holds something unknown.
    """
    content = _read(path)
    _check_keys(content, allowed=("name", "version", "stages", "background"), where=path.name)
    background = content.get("background", {})
    if not isinstance(background, dict):
        msg = f"{path.name} needs 'background' as a table, written [background]"
        raise BadSetting(msg)
    _check_keys(background, allowed=("examples",), where=f"{path.name} [background]")
    stages = []
    for order, table in enumerate(_tables(content, "stages", path.name)):
        where = f"{path.name} stage {order + 1}"
        _check_keys(table, allowed=("id", "title", "description", "examples", "cues", "touchpoints"), where=where)
        stages.append(
            JourneyStage(
                id=_text(table, "id", where),
                title=_text(table, "title", where),
                order=order,
                description=_text(table, "description", where),
                examples=_texts(table, "examples", where),
                cues=_texts(table, "cues", where),
                touchpoints=_texts(table, "touchpoints", where),
            )
        )
    return JourneyTaxonomy(stages=tuple(stages), background=_texts(background, "examples", f"{path.name} [background]"))


def load_pain_lexicon(path: Path) -> PainLexicon:
    """Load the lexicon of consequences, intensity and words that say nothing concrete.

    Args:
        path: TOML file with ``[[consequences]]`` (id, reason, weight, cues) and the lists of ``PainLexicon``.

    Returns:
        The lexicon, cues compiled.

    Raises:
        UnreadableInput: If the file is missing or not text.
        BadSetting: If it is not valid TOML, or a table lacks something or holds something unknown.
    """
    content = _read(path)
    _check_keys(content, allowed=("name", "version", "consequences", *CUE_LISTS, *WORD_LISTS), where=path.name)
    consequences = []
    for number, table in enumerate(_tables(content, "consequences", path.name)):
        where = f"{path.name} consequence {number + 1}"
        _check_keys(table, allowed=("id", "reason", "weight", "negatable", "cues"), where=where)
        weight = table.get("weight")
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            msg = f"{where} needs 'weight' as a number; got {type(weight).__name__}"
            raise BadSetting(msg)
        negatable = table.get("negatable", True)
        if not isinstance(negatable, bool):
            msg = f"{where} needs 'negatable' as true or false; got {type(negatable).__name__}"
            raise BadSetting(msg)
        consequences.append(
            Consequence(
                id=_text(table, "id", where),
                reason=_text(table, "reason", where),
                weight=float(weight),
                negatable=negatable,
                cues=_texts(table, "cues", where),
            )
        )
    cues = {key: _texts(content, key, path.name) for key in CUE_LISTS}
    words = {key: frozenset(word.casefold() for word in _texts(content, key, path.name)) for key in WORD_LISTS}
    return PainLexicon(consequences=tuple(consequences), **cues, **words)  # type: ignore[arg-type]
