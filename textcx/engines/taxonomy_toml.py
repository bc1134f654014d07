"""Read the journey taxonomy, the pain lexicon and a team's own themes from TOML files that people may edit."""

from __future__ import annotations

import difflib
import tomllib
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.domain.lexicons.journey import JourneyStage, JourneyTaxonomy
from textcx.domain.lexicons.pains import CUE_LISTS, WORD_LISTS, Consequence, PainLexicon
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy, problems

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

THEME_KEYS = ("name", "description", "examples", "keywords", "parent")
THEME_FILE_KEYS = ("name", "version", "theme")


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
        _check_keys(table, allowed=("id", "reason", "weight", "negatable", "always", "cues"), where=where)
        weight = table.get("weight")
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            msg = f"{where} needs 'weight' as a number; got {type(weight).__name__}"
            raise BadSetting(msg)
        flags = {"negatable": table.get("negatable", True), "always": table.get("always", False)}
        for flag, value in flags.items():
            if not isinstance(value, bool):
                msg = f"{where} needs '{flag}' as true or false; got {type(value).__name__}"
                raise BadSetting(msg)
        consequences.append(
            Consequence(
                id=_text(table, "id", where),
                reason=_text(table, "reason", where),
                weight=float(weight),
                **flags,
                cues=_texts(table, "cues", where),
            )
        )
    cues = {key: _texts(content, key, path.name) for key in CUE_LISTS}
    words = {key: frozenset(word.casefold() for word in _texts(content, key, path.name)) for key in WORD_LISTS}
    return PainLexicon(consequences=tuple(consequences), **cues, **words)  # type: ignore[arg-type]


def load_theme_taxonomy(path: Path) -> ThemeTaxonomy:
    """Load a team's own themes.

    Args:
        path: TOML file with one ``[[theme]]`` per theme: ``name``, ``description`` and ``examples`` (at least one of
            the two where no other theme is below it), ``keywords`` and ``parent`` (the name of the theme above).

    Returns:
        The taxonomy.

    Raises:
        UnreadableInput: If the file is missing or not text.
        BadSetting: If it is not valid TOML, or with everything that is wrong in it, each named by its theme.
    """
    content = _read(path)
    found = [_unknown(key, THEME_FILE_KEYS) for key in sorted(set(content) - set(THEME_FILE_KEYS))]
    tables = content.get("theme", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        found.append("'theme' must be a list of tables; write [[theme]] above each theme")
        tables = []
    themes = [_given_theme(table, number, found) for number, table in enumerate(tables, start=1)]
    if tables or not found:
        found += problems(themes)
    if found:
        lines = "\n".join(f"  {line}" for line in dict.fromkeys(found))
        msg = f"the themes of {path} cannot be used:\n{lines}"
        raise BadSetting(msg)
    return ThemeTaxonomy(tuple(themes))


def _given_theme(table: dict[str, Any], number: int, found: list[str]) -> SeedTopic:
    """Read one theme; what is wrong with its keys and types goes to ``found``."""
    name = table.get("name", "")
    where = f"theme '{name}'" if isinstance(name, str) and name.strip() else f"theme {number}"
    found += [f"{where}: {_unknown(key, THEME_KEYS)}" for key in sorted(set(table) - set(THEME_KEYS))]
    texts: dict[str, str | None] = {}
    for key in ("name", "description", "parent"):
        value = table.get(key)
        if value is not None and not isinstance(value, str):
            found.append(f"{where}: {key} must be text; got {type(value).__name__}")
            value = None
        texts[key] = value if value is None or value.strip() or key == "parent" else None
    lists: dict[str, tuple[str, ...]] = {}
    for key in ("examples", "keywords"):
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            found.append(f"{where}: {key} must be a list of texts")
            value = []
        lists[key] = tuple(dict.fromkeys(value))
    return SeedTopic(
        name=texts["name"] or "",
        description=texts["description"],
        examples=lists["examples"],
        keywords=lists["keywords"],
        parent=texts["parent"],
    )


def _unknown(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"'{key}' is no key; " + (f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}")
