"""Jobs in SQL: asked for, run, cancelled, started again.

A job is asked for in one transaction with its upload; the row is what workers claim, so that no job is lost between the
answer to the caller and the queue. A job's state only goes queued > running > done, failed or cancelled, and back
to queued when it is started again, which makes a new attempt; what belongs to an earlier attempt changes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from textcx.domain.errors import Conflict
from textcx.domain.service.datasets import Job, JobError, JobKind, JobState, UploadState, WebhookEvent, new_id
from textcx.store.sql.cursors import Order, page_of
from textcx.store.sql.datasets import dataset_of
from textcx.store.sql.rows import SqlStore, made, one_row
from textcx.store.sql.schema.columns import storable
from textcx.store.sql.schema.tables import datasets, jobs, uploads
from textcx.store.sql.webhooks import announce

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from textcx.store.spool import Spooled

_OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
_HELD = (jobs.c.state == JobState.RUNNING, jobs.c.worker.is_not(None))
_CLAIMS = 8_317_254_403
"""Advisory lock of those who claim."""
TRIES = 3
"""Looks at what is there when others write the same at the same moment; the second one finds what they wrote."""
_WITH_DATASET = sa.select(jobs, datasets.c.name.label("dataset")).join(datasets, datasets.c.id == jobs.c.dataset_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """A file that was just spooled: ``name`` as the caller calls it, ``columns`` as settings name them."""

    name: str
    spooled: Spooled
    columns: Mapping[str, Any]


class SqlJobs(SqlStore):
    """The jobs of an installation. Methods that return a job raise ``NotFound`` for an id that there is not."""

    def ask(
        self,
        kind: JobKind,
        dataset: str,
        *,
        upload: NewUpload | None = None,
        options: Mapping[str, Any] | None = None,
        caller: str = "",
        idempotency_key: str | None = None,
        request_hash: str = "",
    ) -> tuple[Job, bool]:
        """Ask for a job; returns it, and whether it is new. Where it is not, ``upload`` was not taken.

        Args:
            kind: What it does.
            dataset: Name of its data set.
            upload: What an ingest job reads.
            options: What is asked for beside the kind; see ``textcx.domain.service.datasets.Job``.
            caller: Id of the key that asks; idempotency keys of two callers are never mixed up.
            idempotency_key: Asking again with the same one gives the same job.
            request_hash: Tells whether a request with the same key is the same request.

        Raises:
            NotFound: If there is no such data set.
            Conflict: If the idempotency key was used for another request.
        """
        request = {
            "kind": kind,
            "options": dict(options or {}),
            "caller": caller,
            "idempotency_key": idempotency_key,
            "request_hash": request_hash,
        }
        for _ in range(TRIES - 1):
            # the same key for another data set at the same moment, or the data set deleted: the next look finds it
            with suppress(IntegrityError):
                return self._ask(dataset, upload, request)
        return self._ask(dataset, upload, request)

    def _ask(self, dataset: str, upload: NewUpload | None, request: dict[str, Any]) -> tuple[Job, bool]:
        with self._database.write() as connection:
            found = dataset_of(connection, dataset)
            # of two callers at once, the lock on the data set's row lets one wait for the other
            connection.execute(sa.select(datasets.c.id).where(datasets.c.id == found.id).with_for_update())
            caller, key = request["caller"], request["idempotency_key"]
            if key is not None:
                same = sa.and_(jobs.c.caller == caller, jobs.c.idempotency_key == key)
                earlier = connection.execute(_WITH_DATASET.where(same)).mappings().first()
                if earlier is not None:
                    if earlier["request_hash"] != request["request_hash"]:
                        msg = "this Idempotency-Key was used for another request; choose a new one"
                        raise Conflict(msg)
                    return _job(earlier), False
            now = datetime.now(tz=UTC)
            upload_id = None if upload is None else _add_upload(connection, found.id, upload, now)
            job_id = new_id("job")
            connection.execute(
                sa.insert(jobs).values(
                    id=job_id,
                    dataset_id=found.id,
                    upload_id=upload_id,
                    state=JobState.QUEUED,
                    attempt=1,
                    beginnings=0,
                    cancel_requested=False,
                    progress={},
                    counts={},
                    warnings=[],
                    errors=[],
                    created_at=now,
                    updated_at=now,
                    **request,
                )
            )
            return _get(connection, job_id), True

    def get(self, job_id: str) -> Job:
        """Return a job."""
        with self._database.read() as connection:
            return _get(connection, job_id)

    def page(
        self, *, dataset: str | None = None, state: JobState | None = None, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Job], str | None]:
        """Return jobs, latest first, and the cursor of the next page."""
        chosen = _WITH_DATASET
        if dataset is not None:
            chosen = chosen.where(datasets.c.name == dataset)
        if state is not None:
            chosen = chosen.where(jobs.c.state == state)
        order = [Order(jobs.c.created_at, descending=True), Order(jobs.c.id)]
        with self._database.read() as connection:
            bound = ["jobs", dataset, state]
            rows, following = page_of(connection, chosen, order=order, limit=limit, cursor=cursor, bound=bound)
        return [_job(row) for row in rows], following

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop: at once where it has not begun, else at its next step; one that is over stays as it is."""
        with self._database.write() as connection:
            job = _get(connection, job_id)
            if job.state is JobState.QUEUED:
                _end(connection, job, JobState.CANCELLED)
            elif job.state is JobState.RUNNING:
                _set(connection, job_id, cancel_requested=True)
            return _get(connection, job_id)

    def again(self, job_id: str) -> Job:
        """Start a failed or cancelled job again; it goes on where it was.

        Raises:
            Conflict: If it is not over, or done, or its upload was deleted.
        """
        with self._database.write() as connection:
            job = _get(connection, job_id)
            if job.state not in {JobState.FAILED, JobState.CANCELLED}:
                msg = f"the job is {job.state}; only a failed or cancelled one can be started again"
                raise Conflict(msg)
            if job.upload_id is not None:
                kept = sa.update(uploads).where(uploads.c.id == job.upload_id, uploads.c.spool.is_not(None))
                if not connection.execute(kept.values(state=UploadState.WAITING)).rowcount:
                    msg = "the upload of the job was deleted; send the file again"
                    raise Conflict(msg)
            _set(
                connection,
                job_id,
                state=JobState.QUEUED,
                attempt=job.attempt + 1,
                cancel_requested=False,
                errors=[],
                worker=None,
                beginnings=0,
                finished_at=None,
            )
            return _get(connection, job_id)

    def claim(self, worker: str, kind: JobKind) -> Job | None:
        """Claim the oldest job of a kind that may run, and set it to running; null where there is none.

        Of each kind and data set one job runs at a time, in the order in which they were asked for.
        """
        if not self._database.scalars(_claimable(kind)):
            return None
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":  # of two claims at once, one sees what the other took
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CLAIMS)))
            job_id = connection.execute(_claimable(kind)).scalar()
            if job_id is None:
                return None
            _set(
                connection,
                job_id,
                state=JobState.RUNNING,
                worker=worker,
                beginnings=jobs.c.beginnings + 1,
                started_at=sa.func.coalesce(jobs.c.started_at, datetime.now(tz=UTC)),
            )
            return _get(connection, job_id)

    def workers(self) -> set[str]:
        """Return the workers that hold a claim."""
        return set(self._database.scalars(sa.select(jobs.c.worker).where(*_HELD).distinct()))

    def release(self, worker: str, *, keep: Collection[str] = ()) -> int:
        """Give up the claims of a worker, but for the jobs it keeps, so that any can go on; returns how many."""
        held = sa.update(jobs).where(*_HELD, jobs.c.worker == worker, jobs.c.id.not_in(list(keep)))
        return self._database.change(held.values(worker=None))

    def stopping(self, job_id: str, *, attempt: int) -> bool:
        """Say whether this attempt should stop: it was cancelled, or the job was deleted or started again."""
        goes_on = (jobs.c.attempt == attempt, jobs.c.cancel_requested.is_(False), jobs.c.state.not_in(_OVER))
        return not self._database.scalars(sa.select(jobs.c.id).where(jobs.c.id == job_id, *goes_on))

    def note(self, job_id: str, *, attempt: int, **values: object) -> None:
        """Note ``progress``, ``counts`` or ``warnings`` of a running attempt."""
        runs = (jobs.c.id == job_id, jobs.c.attempt == attempt, jobs.c.state == JobState.RUNNING)
        changed = {"updated_at": datetime.now(tz=UTC), **storable(values)}
        self._database.change(sa.update(jobs).where(*runs).values(changed))

    def end(
        self,
        job_id: str,
        state: JobState,
        *,
        attempt: int,
        errors: Sequence[JobError] = (),
        analysis_id: str | None = None,
    ) -> bool:
        """End an attempt and tell the webhooks; says whether it was there to be ended."""
        with self._database.write() as connection:
            row = connection.execute(_WITH_DATASET.where(jobs.c.id == job_id)).mappings().first()
            if row is None or row["attempt"] != attempt or row["state"] in _OVER:
                return False
            _end(connection, _job(row), state, errors=errors, analysis_id=analysis_id)
            return True

    def waiting(self) -> int:
        """Return how many jobs wait or run."""
        return self._database.scalars(sa.select(sa.func.count(jobs.c.id)).where(jobs.c.state.not_in(_OVER)))[0]

    def forget(self, *, older_than: timedelta) -> int:
        """Delete jobs that ended so long ago; returns how many."""
        before = datetime.now(tz=UTC) - older_than
        return self._database.change(sa.delete(jobs).where(jobs.c.finished_at < before))


def _claimable(kind: JobKind) -> sa.Select[str]:
    """Choose the job of a kind that is to run next: one that its worker left first, else the oldest that waits."""
    other = jobs.alias()
    earlier = sa.and_(
        other.c.state == JobState.QUEUED,
        sa.tuple_(other.c.created_at, other.c.id) < sa.tuple_(jobs.c.created_at, jobs.c.id),
    )
    blocked = sa.exists().where(
        other.c.dataset_id == jobs.c.dataset_id,
        other.c.kind == kind,
        sa.or_(other.c.state == JobState.RUNNING, earlier),
    )
    left = sa.and_(jobs.c.state == JobState.RUNNING, jobs.c.worker.is_(None))
    waits = sa.and_(jobs.c.state == JobState.QUEUED, ~blocked)
    chosen = sa.select(jobs.c.id).where(jobs.c.kind == kind, sa.or_(left, waits))
    return chosen.order_by(jobs.c.state.desc(), jobs.c.created_at, jobs.c.id).limit(1)


def _add_upload(connection: Connection, dataset_id: int, upload: NewUpload, now: datetime) -> str:
    last = sa.select(sa.func.coalesce(sa.func.max(uploads.c.number), 0)).where(uploads.c.dataset_id == dataset_id)
    upload_id = new_id("upl")
    connection.execute(
        sa.insert(uploads).values(
            id=upload_id,
            dataset_id=dataset_id,
            number=connection.execute(last).scalar_one() + 1,
            name=storable(upload.name),
            spool=upload.spooled.name,
            size=upload.spooled.size,
            sha256=upload.spooled.sha256,
            columns=storable(dict(upload.columns)),
            warnings=[],
            state=UploadState.WAITING,
            created_at=now,
        )
    )
    return upload_id


def _end(
    connection: Connection,
    job: Job,
    state: JobState,
    *,
    errors: Sequence[JobError] = (),
    analysis_id: str | None = None,
) -> None:
    now = datetime.now(tz=UTC)
    plain = [error.plain() for error in errors]
    _set(connection, job.id, state=state, finished_at=now, errors=plain, analysis_id=analysis_id)
    payload = {"job_id": job.id, "kind": job.kind, "dataset": job.dataset, "state": state, "counts": dict(job.counts)}
    announce(connection, WebhookEvent.JOB_FINISHED, dataset_id=job.dataset_id, payload=payload, now=now)


def _set(connection: Connection, job_id: str, **values: object) -> None:
    connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(updated_at=datetime.now(tz=UTC), **values))


def _get(connection: Connection, job_id: str) -> Job:
    missing = "there is no job with that id; ended jobs are kept for some days"
    return _job(one_row(connection, _WITH_DATASET.where(jobs.c.id == job_id), missing=missing))


def _job(row: sa.RowMapping) -> Job:
    return made(
        Job,
        row,
        options=row["options"] or {},
        kind=JobKind(row["kind"]),
        state=JobState(row["state"]),
        warnings=tuple(row["warnings"]),
        errors=tuple(JobError(**error) for error in row["errors"]),
    )
