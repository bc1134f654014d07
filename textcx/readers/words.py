"""The words by which columns are told apart, from ``models/languages/en/columns.toml``, which says what each is for."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from textcx.domain.errors import BadSetting

Pattern = Annotated[str, BeforeValidator("|".join)]
"""A list of regular expressions, read as one with alternatives."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _TextWords(_Section):
    bodies: frozenset[str]
    titles: frozenset[str]
    other_ends: frozenset[str]
    pairs: Pattern
    by_others: Pattern
    by_customers: Pattern
    questions: frozenset[str]
    question_starts: Pattern
    question_parts: Pattern
    opinion_words: frozenset[str]


class _RoleWords(_Section):
    ids: Pattern
    id_owners: Pattern
    id_endings: Pattern
    id_words: Pattern
    other_things: Pattern
    people: Pattern
    person_id_endings: Pattern
    person_names: Pattern
    dates: Pattern
    date_words: Pattern
    certain_dates: Pattern
    other_dates: Pattern
    customer_values: Pattern
    touchpoints: Pattern
    sources: Pattern


class _AttributeWords(_Section):
    never: Pattern
    person_names: Pattern
    group_numbers: Pattern
    derived: Pattern


class _RatingWords(_Section):
    kinds: dict[str, Pattern]
    fft: Pattern
    recommended: Pattern
    easy: Pattern
    overall: tuple[str, ...]
    numbers: Pattern
    ids: Pattern
    certain: Pattern


class _CellWords(_Section):
    no_value: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]


class ColumnWords(_Section):
    """Everything by which columns are told apart; ``source_words`` and ``source_columns`` by source, in their order."""

    text: _TextWords
    roles: _RoleWords
    attributes: _AttributeWords
    ratings: _RatingWords
    source_words: dict[str, Pattern]
    source_columns: dict[str, Pattern]
    cells: _CellWords


@cache
def column_words(language: str = "en") -> ColumnWords:
    """Return the shipped words of a language; errors as those of ``read_words``."""
    package = Path(str(files("textcx")))
    models = next((path for path in (package / "_models", package.parent / "models") if path.is_dir()), package)
    return read_words(models / "languages" / language / "columns.toml")


def read_words(path: Path) -> ColumnWords:
    """Read the words of a language; a ``BadSetting`` where the file is missing, damaged, or lacks or adds a key."""
    try:
        return ColumnWords.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        msg = f"{path} with the words for columns is missing or damaged; install textcx again"
        raise BadSetting(msg) from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}" for one in error.errors())
        msg = f"{path} cannot be used: {wrong}"
        raise BadSetting(msg) from error
