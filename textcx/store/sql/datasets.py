"""Data sets in SQL, and the uploads that came into them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from textcx.domain.errors import NotFound, WrongUse
from textcx.domain.service.datasets import Dataset, Upload, UploadState
from textcx.store.sql.rows import SqlStore, made, one_row
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import datasets, jobs, uploads
from textcx.store.sql.theme_sets import keep_theme_set

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from textcx.store.sql.theme_sets import CurrentSet

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?")


def check_name(name: str) -> str:
    """Return a data set's name if it can be one, else raise ``WrongUse``; the name is not repeated."""
    if not NAME.fullmatch(name) or ".." in name:
        msg = (
            "a data set's name has 1 to 100 characters of a-z, 0-9, '-', '_' and '.', begins and ends with a letter or "
            "digit and holds no '..'; such as shop-reviews-2026"
        )
        raise WrongUse(msg)
    return name


LONGEST_RETENTION = 36_500
"""Days; a hundred years."""


class SqlDatasets(SqlStore):
    """The data sets of an installation; reading one that there is not raises ``NotFound``."""

    def put(
        self,
        name: str,
        *,
        title: str | None = None,
        columns: Mapping[str, Any] | None = None,
        retention_days: int | None = None,
        theme_set: CurrentSet | None = None,
    ) -> tuple[Dataset, bool]:
        """Make a data set, or change its settings; returns it, and whether it is new.

        Args:
            name: See ``check_name``.
            title: Heading for people.
            columns: Column wishes for its uploads, by the names of ``textcx.settings.analysis.Settings``.
            retention_days: Age in days after which records are deleted, at least 1; null keeps them.
            theme_set: The named theme set to analyze it with, from now on also for new records; null goes on with
                the one that it has, or learns one.

        Raises:
            WrongUse: If the name or the retention cannot be.
        """
        check_name(name)
        if retention_days is not None and not 1 <= retention_days <= LONGEST_RETENTION:
            msg = (
                f"retention is a number of days from 1 to {LONGEST_RETENTION}, or null for no end; got {retention_days}"
            )
            raise WrongUse(msg)
        now = datetime.now(tz=UTC)
        settings = storable({"title": title, "columns": dict(columns or {}), "retention_days": retention_days})
        settings["theme_set"] = None if theme_set is None else theme_set.name
        while True:  # until it was neither made nor deleted by others between two looks
            with self._database.write() as connection:
                change = sa.update(datasets).where(datasets.c.name == name).values(updated_at=now, **settings)
                if connection.execute(change).rowcount:
                    return _with_themes(connection, name, theme_set), False
            with suppress(IntegrityError), self._database.write() as connection:
                connection.execute(
                    sa.insert(datasets).values(name=name, learned={}, created_at=now, updated_at=now, **settings)
                )
                return _with_themes(connection, name, theme_set), True

    def get(self, name: str) -> Dataset:
        """Return a data set."""
        with self._database.read() as connection:
            return dataset_of(connection, name)

    def all(self) -> list[Dataset]:
        """Return all data sets, by name."""
        return [made(Dataset, row) for row in self._database.rows(sa.select(datasets).order_by(datasets.c.name))]

    def delete(self, name: str) -> Sequence[str]:
        """Delete a data set with all but its files in the spool: their names are returned for the caller to delete."""
        with self._database.write() as connection:
            found = dataset_of(connection, name)
            spooled = sa.select(uploads.c.spool).where(uploads.c.dataset_id == found.id, uploads.c.spool.is_not(None))
            files = [file for file in connection.execute(spooled).scalars() if file]
            connection.execute(sa.delete(datasets).where(datasets.c.id == found.id))
        return files

    def learn(self, dataset_id: int, learned: Mapping[str, Any]) -> None:
        """Keep the ratings and attributes of the first upload."""
        change = sa.update(datasets).where(datasets.c.id == dataset_id)
        self._database.change(change.values(learned=storable(dict(learned))))

    def uploads(self, name: str) -> list[Upload]:
        """Return the uploads of a data set, in the order in which they came."""
        with self._database.read() as connection:
            found = dataset_of(connection, name)
            chosen = sa.select(uploads).where(uploads.c.dataset_id == found.id).order_by(uploads.c.number)
            return [_upload(row) for row in connection.execute(chosen).mappings()]

    def upload(self, upload_id: str) -> Upload:
        """Return an upload."""
        with self._database.read() as connection:
            chosen = sa.select(uploads).where(uploads.c.id == upload_id)
            missing = "there is no upload with that id; its data set may have been deleted"
            return _upload(one_row(connection, chosen, missing=missing))

    def mark_upload(self, upload_id: str, **values: object) -> None:
        """Note how far an upload is: ``state``, ``plan``, ``warnings``, ``spool``, ``finished_at``."""
        self._database.change(sa.update(uploads).where(uploads.c.id == upload_id).values(**storable(values)))

    def let_go(self, *, ended_before: datetime) -> int:
        """Give up the raw files of uploads whose job ended so long ago without storing them; returns how many."""
        waits = sa.select(jobs.c.id).where(
            jobs.c.upload_id == uploads.c.id,
            jobs.c.finished_at.is_(None) | (jobs.c.finished_at >= ended_before),
        )
        given_up = uploads.c.spool.is_not(None) & (uploads.c.created_at < ended_before) & ~waits.exists()
        return self._database.change(sa.update(uploads).where(given_up).values(spool=None))

    def spooled(self) -> set[str]:
        """Return the names of all files in the spool that an upload still needs."""
        return {file for file in self._database.scalars(sa.select(uploads.c.spool)) if file}


def dataset_of(connection: Connection, name: str) -> Dataset:
    """Return a data set by its name, or raise ``NotFound``."""
    missing = "there is no data set of that name; make it with PUT /v1/datasets/{name}"
    return made(Dataset, one_row(connection, sa.select(datasets).where(datasets.c.name == name), missing=missing))


def analyzed(connection: Connection, name: str) -> tuple[Dataset, str]:
    """Return a data set and the id of its current analysis; ``NotFound`` where there is none."""
    found = dataset_of(connection, name)
    if found.current_analysis is None:
        msg = "the data set has not been analyzed yet; start a job with POST /v1/jobs"
        raise NotFound(msg)
    return found, found.current_analysis


def _with_themes(connection: Connection, name: str, theme_set: CurrentSet | None) -> Dataset:
    found = dataset_of(connection, name)
    if theme_set is not None:
        keep_theme_set(connection, found.id, theme_set)
    return found


def _upload(row: sa.RowMapping) -> Upload:
    return made(Upload, row, state=UploadState(row["state"]), warnings=tuple(row["warnings"]))
