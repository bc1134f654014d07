"""The current theme set of each data set, in SQL: what new records are assigned to, by all workers alike.

A set is kept as the files of ``textcx.store.theme_sets.directory`` in one archive. Of the segments it was learned from,
only those of records that are in the data set are kept with it, and erasing a record takes it out. A reader keeps the
sets it has read, and reads one again when its ``stamp`` has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from textcx.domain.service.datasets import new_id
from textcx.steps.themes.editing.forget import without_records
from textcx.store.sql.rows import SqlStore, made
from textcx.store.sql.schema.tables import theme_sets
from textcx.store.theme_sets.directory import from_bytes, to_bytes

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy.engine import Connection

    from textcx.domain.themes.sets import ThemeSet
    from textcx.store.sql.database import Database

REMEMBERED = 8
"""Sets that a process keeps in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSet:
    """The theme set of a data set.

    Attributes:
        theme_set: The set.
        name: That of the named set it is a copy of; null for one that was learned from the data set.
        learned_from: Segments that the data set had when it was learned; null for a named one.
    """

    theme_set: ThemeSet
    name: str | None
    learned_from: int | None


class SqlThemeSets(SqlStore):
    """The current theme sets of an installation. For any number of threads."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._remembered = lru_cache(REMEMBERED)(self._load)

    def current(self, dataset_id: int) -> CurrentSet | None:
        """Return the theme set of a data set; null where it has none yet.

        Raises:
            ModelProblem: If it is damaged, or a later version wrote it.
        """
        stamps = self._database.scalars(sa.select(theme_sets.c.stamp).where(theme_sets.c.dataset_id == dataset_id))
        return self._remembered(dataset_id, stamps[0]) if stamps else None

    def _load(self, dataset_id: int, _stamp: str) -> CurrentSet | None:
        rows = self._database.rows(sa.select(theme_sets).where(theme_sets.c.dataset_id == dataset_id))
        return made(CurrentSet, rows[0], theme_set=from_bytes(rows[0]["content"])) if rows else None


def keep_theme_set(connection: Connection, dataset_id: int, kept: CurrentSet) -> None:
    """Make a theme set the current one of a data set; it must know only segments of records that are in that."""
    connection.execute(sa.delete(theme_sets).where(theme_sets.c.dataset_id == dataset_id))
    connection.execute(
        sa.insert(theme_sets).values(
            dataset_id=dataset_id,
            stamp=new_id("stamp"),
            name=kept.name,
            learned_from=kept.learned_from,
            content=to_bytes(kept.theme_set),
            updated_at=datetime.now(tz=UTC),
        )
    )


def forget_in_theme_set(
    connection: Connection, dataset_id: int, record_ids: Collection[str], *, vectors: NDArray[np.floating[Any]]
) -> None:
    """Take records out of the theme set of a data set, with the vectors of their segments."""
    chosen = sa.select(theme_sets.c.content).where(theme_sets.c.dataset_id == dataset_id)
    content = connection.execute(chosen.with_for_update()).scalar()
    if content is None:
        return
    left = without_records(from_bytes(content), record_ids, vectors=vectors)
    connection.execute(
        sa.update(theme_sets)
        .where(theme_sets.c.dataset_id == dataset_id)
        .values(content=to_bytes(left), stamp=new_id("stamp"), updated_at=datetime.now(tz=UTC))
    )
