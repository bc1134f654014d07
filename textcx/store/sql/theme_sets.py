"""The current theme set of each data set, in SQL: what new records are assigned to, by all workers alike.

A set is kept as the files of ``textcx.store.theme_sets.directory`` in one archive. Of the segments it was learned from,
only those of records that are in the data set are kept with it, and erasing a record takes it out. A reader keeps the
sets it has read, and reads one again when its ``stamp`` has changed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
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
        self._lock = threading.Lock()
        self._read: dict[int, tuple[str, CurrentSet]] = {}  # with its stamp; the oldest first

    def current(self, dataset_id: int) -> CurrentSet | None:
        """Return the theme set of a data set; null where it has none yet.

        Raises:
            ModelProblem: If it is damaged, or a later version wrote it.
        """
        stamps = self._database.scalars(sa.select(theme_sets.c.stamp).where(theme_sets.c.dataset_id == dataset_id))
        known = self._read.get(dataset_id)
        if stamps and known is not None and known[0] == stamps[0]:
            return known[1]
        rows = self._database.rows(sa.select(theme_sets).where(theme_sets.c.dataset_id == dataset_id)) if stamps else ()
        found = [made(CurrentSet, row, theme_set=from_bytes(row["content"])) for row in rows]
        with self._lock:
            self._read.pop(dataset_id, None)
            self._read.update((dataset_id, (row["stamp"], one)) for row, one in zip(rows, found, strict=True))
            while len(self._read) > REMEMBERED:
                del self._read[next(iter(self._read))]
        return found[0] if found else None


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
