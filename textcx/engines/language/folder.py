"""Read a language: a folder of TOML files, one for each room of ``textcx.domain.lexicons.language.Language``.

Which keys a file must hold, and of what kind, is read off the fields of its room; neither may there be one more nor one
less. A language is added by a folder, not by an edit of code.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.domain.lexicons.cues import ALTERNATIVES
from textcx.domain.lexicons.language import Language
from textcx.domain.lexicons.naming import NamingWords
from textcx.domain.lexicons.pains import CUE_LISTS, WORD_LISTS, Consequence, PainLexicon, StatementWords
from textcx.domain.lexicons.text import (
    AnswerWords,
    DetectionWords,
    NameWords,
    PhraseWords,
    RequestPatterns,
    SplittingWords,
)
from textcx.engines.language.taxonomies import load_journey
from textcx.engines.language.toml import TABLES, TEXT, TEXTS, check_keys, read_toml, record_of, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import Field

Room = TypeVar("Room")

ROOMS: dict[str, type[Any]] = {
    "answers": AnswerWords,
    "detection": DetectionWords,
    "splitting": SplittingWords,
    "phrases": PhraseWords,
    "names": NameWords,
    "naming": NamingWords,
    "requests": RequestPatterns,
}
"""Rooms that are read by their fields alone."""

# "columns.toml" is read by textcx.readers.words, before any engine is built.
FILES = tuple(f"{name}.toml" for name in ("language", "consequences", "journey", "statements", "columns", *ROOMS))
MATTERS, STAGES = "matters.tsv", "stages.tsv"
FOREIGN = "-"
"""Stands for the stage of a matter that a journey's sector does not have."""
GENERIC, AUTO = "generic", "auto"
"""Names of the journey of the language itself, and of the choice that is left to the file."""
IDENTITY = ("code", "name", "aliases", "numbers")


def journey_files(folder: Path, chosen: str | None) -> tuple[Path, ...]:
    """Return the file of the journey that was chosen, by name or path; with "auto" all that ship, the generic first.

    Raises:
        BadSetting: If no journey of that name ships with the language in ``folder``, and it is no file.
    """
    shipped = {GENERIC: folder / "journey.toml"} | {path.stem: path for path in sorted(folder.glob("journeys/*.toml"))}
    if chosen == AUTO:
        return tuple(shipped.values())
    name = GENERIC if chosen is None else chosen
    path = shipped.get(name, Path(name))
    if name not in shipped and not path.is_file():
        msg = f"there is no journey {chosen!r}; name {AUTO}, {', '.join(shipped)} or a TOML file of your own"
        raise BadSetting(msg)
    return (path,)


def load_language(folder: Path, *, journey: str | None = None) -> Language:
    """Read a language: one of ``models/languages``, or a folder of the same files; ``journey`` as in ``journey_files``.

    Raises:
        UnreadableInput: If the folder or one of its files is missing, or not text.
        BadSetting: If a file or key is unknown, missing or of another kind than expected; names folder, file and key.
    """
    found = {path.name for path in folder.glob("*.toml")} if folder.is_dir() else set()
    expected = ", ".join(FILES)
    if not found:
        msg = f"{folder} is no folder of a language; expected one that holds {expected}"
        raise UnreadableInput(msg)
    if missing := next((name for name in FILES if name not in found), None):
        msg = f"the language in {folder} has no file {missing}; expected are {expected}"
        raise UnreadableInput(msg)
    if unknown := min(found - set(FILES), default=None):
        msg = f"the language in {folder} has a file {unknown} that is not known; expected are {expected}"
        raise BadSetting(msg)
    where = f"{folder / 'language.toml'}"
    identity = read_toml(folder / "language.toml")
    check_keys(identity, allowed=IDENTITY, where=where, needed=IDENTITY)
    numbers = value_of(identity, "numbers", where, TEXTS)
    staged = _stages(folder / STAGES)
    journeys = [load_journey(path, numbers=numbers, matters=staged) for path in journey_files(folder, journey)]
    rooms = {name: _room(folder / f"{name}.toml", room) for name, room in ROOMS.items()}
    return Language(
        code=value_of(identity, "code", where, TEXT),
        name=value_of(identity, "name", where, TEXT),
        aliases=_words(identity["aliases"]) or frozenset(),
        pains=_pains(folder, numbers),
        journey=journeys[0],
        other_journeys=tuple(journeys[1:]),
        matters=_matters(folder / MATTERS),
        **rooms,
    )


def _matters(path: Path) -> tuple[tuple[str, str], ...]:
    """Read title and name of each known matter."""
    _, *rows = _table(path, "a title and a name", columns=2)
    return tuple((title, name) for title, name in rows)


def _stages(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Read the stages of titles and names in each journey: those that it has, each with its id or "unknown"."""
    (_, *journeys), *rows = _table(path, "a phrase and a stage of each journey")
    return {
        journey: [(row[0], row[column]) for row in rows if row[column] != FOREIGN]
        for column, journey in enumerate(journeys, start=1)
    }


def _table(path: Path, what: str, *, columns: int = 0) -> list[list[str]]:
    """Read a table, its first line included, which names the columns; all lines hold as many, none is empty."""
    try:
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read as a table: {type(error).__name__}"
        raise UnreadableInput(msg) from error
    wanted = columns or len(rows[0] if rows else ())
    broken = next((place for place, row in enumerate(rows, start=1) if len(row) != wanted or not all(row)), 0)
    if broken or not rows:
        msg = f"{path} line {broken or 1} must hold {what}, with a tab between them"
        raise BadSetting(msg)
    return rows


def _pains(folder: Path, numbers: tuple[str, ...]) -> PainLexicon:
    """Read ``consequences.toml`` and ``statements.toml`` of a language, whose number words are regular expressions."""
    path = folder / "consequences.toml"
    content, where = read_toml(path), f"{path}"
    names = (*CUE_LISTS, *WORD_LISTS)
    check_keys(content, allowed=("consequences", *names), where=where, needed=names)
    lists = {name: value_of(content, name, where, TEXTS) for name in names}
    words = {name: frozenset(word.casefold() for word in lists[name]) for name in WORD_LISTS}
    tables = value_of(content, "consequences", where, TABLES)
    return PainLexicon(
        consequences=tuple(
            record_of(table, Consequence, f"{where} consequence {number}", numbers=numbers)
            for number, table in enumerate(tables, start=1)
        ),
        statements=_room(folder / "statements.toml", StatementWords),
        cues={name: lists[name] for name in CUE_LISTS},
        numbers=numbers,
        **words,
    )


def _room(path: Path, room: type[Room]) -> Room:
    """Read a file whose keys are the fields of a dataclass; those of ``re.Pattern[str]`` are declared by ``pattern``.

    ``{key}`` in a regular expression stands for the alternatives of another key of the file.
    """
    declared: dict[str, Field[Any]] = {each.name: each for each in fields(room)}  # type: ignore[arg-type]
    names = list(declared)
    content = read_toml(path)
    check_keys(content, allowed=names, where=f"{path}", needed=names)
    lists = {key: "|".join(value) for key, value in content.items() if _texts(value)}
    values = {}
    for name, each in declared.items():
        expected, read = KINDS[str(each.type)]
        raw = content[name]
        try:
            value = _pattern(raw, each.metadata, lists) if read is None else read(raw)
        except re.error as error:
            msg = f"{path}: '{name}' holds no regular expression: {error}"
            raise BadSetting(msg) from error
        if value is None:
            msg = f"{path}: '{name}' must be {expected}; got {type(raw).__name__}"
            raise BadSetting(msg)
        values[name] = value
    return room(**values)


def _texts(value: object) -> tuple[str, ...] | None:
    texts = isinstance(value, list) and value and all(isinstance(item, str) and item for item in value)
    return tuple(value) if texts else None  # type: ignore[arg-type]


def _words(value: object) -> frozenset[str] | None:
    texts = (value,) if isinstance(value, str) else _texts(value)
    words = frozenset(word.casefold() for text in texts or () for word in text.split())
    return words or None


def _stand_ins(value: object) -> Mapping[str, str] | None:
    if not isinstance(value, dict) or not all(map(_words, value.values())):
        return None
    return {word: stands for stands, words in value.items() for word in sorted(_words(words) or ())}


def _rewrites(value: object) -> tuple[tuple[tuple[re.Pattern[str], str], ...], ...] | None:
    groups = [_texts(group) for group in value] if isinstance(value, list) else []
    if not groups or not all(group and all(rule.count(" => ") == 1 for rule in group) for group in groups):
        return None
    parted = [[rule.split(" => ") for rule in group or ()] for group in groups]
    return tuple(tuple((re.compile(found), replacement) for found, replacement in group) for group in parted)


def _pattern(value: object, declared: Mapping[str, Any], lists: Mapping[str, str]) -> re.Pattern[str] | None:
    alternatives = _texts(value)
    if alternatives is None:
        return None
    expression = declared["template"].replace(ALTERNATIVES, "|".join(alternatives))
    for key, joined in lists.items():
        expression = expression.replace(f"{{{key}}}", joined)
    return re.compile(expression, declared["flags"])


KINDS: dict[str, tuple[str, Callable[[object], Any] | None]] = {
    "str": ("a text", lambda value: value if isinstance(value, str) and value.strip() else None),
    "frozenset[str]": ("words, in one text or a list of texts", _words),
    "tuple[str, ...]": ("a list of texts", _texts),
    "Mapping[str, str]": ("a table of words, each with the words that it stands for", _stand_ins),
    "Rewrites": ("a list of lists of rules, 'expression => replacement'", _rewrites),
    "re.Pattern[str]": ("a list of regular expressions", None),
}
"""For each type of a field what its key must hold, and what reads it; patterns need their field, too."""
