"""Read the journey taxonomy and a team's own themes from TOML files that people may edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textcx.domain.errors import BadSetting
from textcx.domain.lexicons.journey import UNKNOWN, JourneyStage, JourneyTaxonomy
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy, problems
from textcx.engines.language.toml import TABLE, TABLES, TEXT, TEXTS, check_keys, read_toml, record_of, unknown, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

THEME_TEXTS, THEME_LISTS = ("name", "description", "parent"), ("examples", "keywords")
THEME_FILE_KEYS = ("name", "version", "theme")


def load_journey(
    path: Path, *, numbers: tuple[str, ...] = (), matters: Mapping[str, Sequence[tuple[str, str]]] | None = None
) -> JourneyTaxonomy:
    """Load a journey taxonomy; ``numbers`` are number words for its cues, as regular expressions.

    The TOML file has ``[[stages]]`` (id, title, description, examples, cues, touchpoints) in journey order, and a
    ``[background]`` table of examples that belong to no stage; without a ``name`` it is called as the file is. It may
    name the journey whose ``matters``, phrases with their stages, it takes over for the stages that it has. Errors are
    those of ``load_language``.
    """
    content = read_toml(path)
    check_keys(content, allowed=("name", "version", "matters", "stages", "background"), where=path.name)
    background = value_of(content, "background", path.name, TABLE)
    check_keys(background, allowed=("examples",), where=f"{path.name} [background]")
    examples = value_of(background, "examples", f"{path.name} [background]", TEXTS)
    tables = value_of(content, "stages", path.name, TABLES)
    stages = tuple(
        record_of(table, JourneyStage, f"{path.name} stage {order + 1}", order=order)
        for order, table in enumerate(tables)
    )
    name = value_of({"name": path.stem, **content}, "name", path.name, TEXT)
    known, like = matters or {}, content.get("matters")
    if like is not None and like not in known:
        msg = f"{path.name}: 'matters' must name one of {', '.join(known)}; got {like!r}"
        raise BadSetting(msg)
    ids = {stage.id for stage in stages} | {UNKNOWN}
    own = tuple((phrase, stage) for phrase, stage in known.get(like or "", ()) if stage in ids)
    return JourneyTaxonomy(stages=stages, background=examples, numbers=numbers, name=name, matters=own)


def load_theme_taxonomy(path: Path) -> ThemeTaxonomy:
    """Load a team's own themes.

    The TOML file has one ``[[theme]]`` per theme: ``name``, ``description`` and ``examples`` (at least one of the two
    where no other theme is below it), ``keywords`` and ``parent`` (the name of the theme above).

    Raises:
        UnreadableInput: If the file is missing or not text.
        BadSetting: If it is not valid TOML, or with everything that is wrong in it, each named by its theme.
    """
    content = read_toml(path)
    found = [unknown(key, THEME_FILE_KEYS) for key in sorted(set(content) - set(THEME_FILE_KEYS))]
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
    values: dict[str, Any] = {"name": ""}
    for key, value in table.items():
        if key in THEME_TEXTS:
            if not isinstance(value, str):
                found.append(f"{where}: {key} must be text; got {type(value).__name__}")
            elif value.strip() or key == "parent":
                values[key] = value
        elif key not in THEME_LISTS:
            found.append(f"{where}: {unknown(key, (*THEME_TEXTS, *THEME_LISTS))}")
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            values[key] = tuple(dict.fromkeys(value))
        else:
            found.append(f"{where}: {key} must be a list of texts")
    return SeedTopic(**values)
