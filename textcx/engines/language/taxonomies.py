"""Read the journey taxonomy and a team's own themes from TOML files that people may edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textcx.domain.errors import BadSetting
from textcx.domain.lexicons.journey import JourneyStage, JourneyTaxonomy
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy, problems
from textcx.engines.language.toml import check_keys, read_toml, tables_of, text_of, texts_of, unknown

if TYPE_CHECKING:
    from pathlib import Path

THEME_KEYS = ("name", "description", "examples", "keywords", "parent")
THEME_FILE_KEYS = ("name", "version", "theme")


def load_journey(path: Path, *, numbers: tuple[str, ...] = ()) -> JourneyTaxonomy:
    """Load a journey taxonomy.

    Args:
        path: TOML file with ``[[stages]]`` (id, title, description, examples, cues, touchpoints) in journey order and a
            ``[background]`` table of examples that belong to no stage.
        numbers: Number words for the cues, as regular expressions.

    Returns:
        The taxonomy.

    Raises:
        UnreadableInput: If the file is missing or not text.
        BadSetting: If it is not valid TOML, or a table lacks something or holds something unknown.
    """
    content = read_toml(path)
    check_keys(content, allowed=("name", "version", "stages", "background"), where=path.name)
    background = content.get("background", {})
    if not isinstance(background, dict):
        msg = f"{path.name} needs 'background' as a table, written [background]"
        raise BadSetting(msg)
    check_keys(background, allowed=("examples",), where=f"{path.name} [background]")
    stages = []
    for order, table in enumerate(tables_of(content, "stages", path.name)):
        where = f"{path.name} stage {order + 1}"
        check_keys(table, allowed=("id", "title", "description", "examples", "cues", "touchpoints"), where=where)
        stages.append(
            JourneyStage(
                id=text_of(table, "id", where),
                title=text_of(table, "title", where),
                order=order,
                description=text_of(table, "description", where),
                examples=texts_of(table, "examples", where),
                cues=texts_of(table, "cues", where),
                touchpoints=texts_of(table, "touchpoints", where),
            )
        )
    sentences = texts_of(background, "examples", f"{path.name} [background]")
    return JourneyTaxonomy(stages=tuple(stages), background=sentences, numbers=numbers)


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
    found += [f"{where}: {unknown(key, THEME_KEYS)}" for key in sorted(set(table) - set(THEME_KEYS))]
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
