from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.service.datasets import JobError, JobKind, JobState
from textcx.store.spool import Spooled
from textcx.store.sql.datasets import SqlDatasets
from textcx.store.sql.jobs import NewUpload, SqlJobs

if TYPE_CHECKING:
    from textcx.store.sql.database import Database

UPLOAD = NewUpload(name="x.csv", spooled=Spooled("a/x.csv", 1, "0" * 64), columns={})


@pytest.fixture
def jobs(database: Database) -> SqlJobs:
    for name in ("shop", "other"):
        SqlDatasets(database).put(name)
    return SqlJobs(database)


def claimed(jobs: SqlJobs, kind: JobKind) -> list[str]:
    """Claim all that can be claimed at once."""
    found = []
    while job := jobs.claim("w", kind):
        found.append(job.id)
    return found


def test_the_same_idempotency_key_gives_the_same_job(jobs: SqlJobs, database: Database) -> None:
    first, new = jobs.ask(JobKind.INGEST, "shop", upload=UPLOAD, caller="k", idempotency_key="1", request_hash="h")
    again, newer = jobs.ask(JobKind.INGEST, "shop", upload=UPLOAD, caller="k", idempotency_key="1", request_hash="h")
    assert (again.id, new, newer) == (first.id, True, False)
    assert len(SqlDatasets(database).uploads("shop")) == 1
    other, newest = jobs.ask(
        JobKind.INGEST, "shop", upload=UPLOAD, caller="other", idempotency_key="1", request_hash="h"
    )
    assert newest
    assert other.id != first.id


def test_an_idempotency_key_of_another_request_is_refused(jobs: SqlJobs) -> None:
    jobs.ask(JobKind.ANALYZE, "shop", caller="k", idempotency_key="1", request_hash="h")
    with pytest.raises(Conflict, match="Idempotency-Key"):
        jobs.ask(JobKind.ANALYZE, "shop", caller="k", idempotency_key="1", request_hash="other")


def test_callers_at_once_with_one_key_get_one_job(jobs: SqlJobs) -> None:
    found: list[str] = []

    def ask() -> None:
        found.append(jobs.ask(JobKind.ANALYZE, "shop", caller="k", idempotency_key="1", request_hash="h")[0].id)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_jobs_of_one_kind_and_data_set_are_handed_out_one_after_the_other(jobs: SqlJobs) -> None:
    first, second = (jobs.ask(JobKind.INGEST, "shop", upload=UPLOAD)[0] for _ in range(2))
    elsewhere, analysis = jobs.ask(JobKind.INGEST, "other", upload=UPLOAD)[0], jobs.ask(JobKind.ANALYZE, "shop")[0]
    assert claimed(jobs, JobKind.INGEST) == [first.id, elsewhere.id]
    assert claimed(jobs, JobKind.ANALYZE) == [analysis.id]
    jobs.end(first.id, JobState.DONE, attempt=1)
    assert claimed(jobs, JobKind.INGEST) == [second.id]


def test_of_many_workers_one_claims_a_job(jobs: SqlJobs) -> None:
    asked = jobs.ask(JobKind.ANALYZE, "shop")[0]
    jobs.ask(JobKind.ANALYZE, "shop")
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.extend(claimed(jobs, JobKind.ANALYZE))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [asked.id]


def test_a_job_that_was_started_again_waits_for_the_one_that_runs(jobs: SqlJobs) -> None:
    first, second = (jobs.ask(JobKind.ANALYZE, "shop")[0] for _ in range(2))
    jobs.cancel(first.id)
    assert claimed(jobs, JobKind.ANALYZE) == [second.id]
    jobs.again(first.id)
    assert claimed(jobs, JobKind.ANALYZE) == []
    jobs.release("w")
    assert claimed(jobs, JobKind.ANALYZE) == [second.id]
    jobs.end(second.id, JobState.DONE, attempt=1)
    assert claimed(jobs, JobKind.ANALYZE) == [first.id]


def test_what_a_worker_gives_up_is_claimed_again_and_its_beginnings_are_counted(jobs: SqlJobs) -> None:
    job = jobs.ask(JobKind.ANALYZE, "shop")[0]
    assert claimed(jobs, JobKind.ANALYZE) == [job.id]
    assert jobs.workers() == {"w"}
    assert jobs.release("other") == jobs.release("w", keep=[job.id]) == 0
    assert jobs.release("w") == 1
    assert claimed(jobs, JobKind.ANALYZE) == [job.id]
    assert (jobs.get(job.id).state, jobs.get(job.id).beginnings) == (JobState.RUNNING, 2)
    jobs.end(job.id, JobState.FAILED, attempt=1)
    assert jobs.again(job.id).beginnings == 0


def test_a_job_that_has_not_begun_is_cancelled_at_once_and_a_running_one_is_asked_to_stop(jobs: SqlJobs) -> None:
    waiting, running = jobs.ask(JobKind.ANALYZE, "shop")[0], jobs.ask(JobKind.ANALYZE, "other")[0]
    assert jobs.cancel(waiting.id).state is JobState.CANCELLED
    assert claimed(jobs, JobKind.ANALYZE) == [running.id]
    assert jobs.cancel(running.id).state is JobState.RUNNING
    assert jobs.stopping(running.id, attempt=1)
    assert jobs.end(running.id, JobState.CANCELLED, attempt=1)
    assert jobs.cancel(running.id).state is JobState.CANCELLED


def test_an_earlier_attempt_changes_nothing(jobs: SqlJobs) -> None:
    job = jobs.ask(JobKind.ANALYZE, "shop")[0]
    claimed(jobs, JobKind.ANALYZE)
    error = JobError(code="x", message="y", hint="z", retryable=True)
    assert jobs.end(job.id, JobState.FAILED, attempt=1, errors=[error])
    assert jobs.get(job.id).errors == (error,)
    again = jobs.again(job.id)
    assert (again.attempt, again.state, again.errors) == (2, JobState.QUEUED, ())
    assert not jobs.end(job.id, JobState.DONE, attempt=1)
    assert claimed(jobs, JobKind.ANALYZE) == [job.id]
    jobs.note(job.id, attempt=1, counts={"read": 9})
    assert jobs.get(job.id).counts == {}


def test_only_a_failed_or_cancelled_job_is_started_again(jobs: SqlJobs, database: Database) -> None:
    job = jobs.ask(JobKind.INGEST, "shop", upload=UPLOAD)[0]
    with pytest.raises(Conflict, match="queued"):
        jobs.again(job.id)
    jobs.cancel(job.id)
    SqlDatasets(database).mark_upload(job.upload_id or "", spool=None)
    with pytest.raises(Conflict, match="send the file again"):
        jobs.again(job.id)


def test_jobs_are_listed_latest_first_in_pages(jobs: SqlJobs) -> None:
    asked = [jobs.ask(JobKind.ANALYZE, "shop")[0].id for _ in range(5)]
    jobs.ask(JobKind.ANALYZE, "other")
    found: list[str] = []
    cursor = None
    while True:
        page, cursor = jobs.page(dataset="shop", limit=2, cursor=cursor)
        found += [job.id for job in page]
        if cursor is None:
            break
    assert found == asked[::-1]


def test_an_unknown_job_or_data_set_is_not_found(jobs: SqlJobs) -> None:
    for work in (jobs.get, jobs.cancel, jobs.again):
        with pytest.raises(NotFound):
            work("job_nowhere")
    with pytest.raises(NotFound):
        jobs.ask(JobKind.ANALYZE, "nowhere")


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "A", "a..b", "-a", "a\n", "x" * 101, "'; drop table", "{{7*7}}", "caf\u00e9"]
)
def test_a_data_set_has_a_plain_name(database: Database, name: str) -> None:
    with pytest.raises(WrongUse):
        SqlDatasets(database).put(name)


@pytest.mark.parametrize("days", [0, -5, 36_501, 10**9])
def test_a_retention_that_would_delete_everything_or_never_end_is_refused(database: Database, days: int) -> None:
    with pytest.raises(WrongUse, match="1 to 36500"):
        SqlDatasets(database).put("shop-1", retention_days=days)


def test_putting_a_data_set_again_changes_what_was_said_about_it(database: Database) -> None:
    datasets = SqlDatasets(database)
    _, new = datasets.put("shop-1", title="Shop")
    changed, newer = datasets.put("shop-1", title="The shop", retention_days=30, columns={"id_column": "id"})
    assert (new, newer) == (True, False)
    assert (changed.title, changed.retention_days, changed.columns) == ("The shop", 30, {"id_column": "id"})
    assert [one.name for one in datasets.all()] == ["shop-1"]
