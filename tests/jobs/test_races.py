"""Requests that come at the same moment, from real threads on real databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from job_context import as_csv, light_context, send, some_rows

from textcx.domain.errors import Conflict, NotFound
from textcx.domain.service.datasets import Job, JobKind
from textcx.store.sql.schema.tables import datasets, jobs, uploads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textcx.store.sql.database import Database
    from textcx.wiring.job_context import JobContext

AT_ONCE, ROUNDS = 6, 8


@pytest.fixture
def context(database: Database, tmp_path: Path) -> JobContext:
    return light_context(database, tmp_path / "spool")


def together(*works: Callable[[], Any]) -> list[Any]:
    """Do things at the same moment, each in a thread of its own; gives what each returned or raised."""
    begin = threading.Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        begin.wait(20)
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(one, works))


def count(context: JobContext, table: sa.Table) -> int:
    with context.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_equal_requests_at_once_get_the_same_job(context: JobContext) -> None:
    context.datasets.put("shop")
    content = as_csv(some_rows(3))

    def analyze(key: str) -> Job:
        return context.jobs.ask(JobKind.ANALYZE, "shop", idempotency_key=key, request_hash="a")[0]

    def ingest(key: str) -> Job:
        return send(context, "shop", content, idempotency_key=key, request_hash="i")

    for number in range(ROUNDS):
        analyzing = together(*[lambda: analyze(f"a{number}")] * AT_ONCE)  # noqa: B023 - done before the next round
        ingesting = together(*[lambda: ingest(f"i{number}")] * AT_ONCE)  # noqa: B023 - as above
        assert {job.id for job in analyzing} == {analyzing[0].id}
        assert {job.id for job in ingesting} == {ingesting[0].id}
    assert (count(context, jobs), count(context, uploads)) == (2 * ROUNDS, ROUNDS)


def test_of_requests_for_several_data_sets_under_one_key_one_is_taken_and_the_others_are_told(
    context: JobContext,
) -> None:
    for place in range(AT_ONCE):
        context.datasets.put(f"shop-{place}")

    def ask(key: str, place: int) -> Job:
        return context.jobs.ask(
            JobKind.ANALYZE, f"shop-{place}", idempotency_key=key, request_hash=str(place)
        )[0]  # fmt: skip

    for number in range(ROUNDS):
        works = [lambda place=place: ask(f"k{number}", place) for place in range(AT_ONCE)]  # noqa: B023 - as above
        answers = together(*works)
        refused = [answer for answer in answers if not isinstance(answer, Job)]
        assert [type(answer) for answer in refused] == [Conflict] * (AT_ONCE - 1), refused
    assert count(context, jobs) == ROUNDS


def test_a_data_set_that_is_put_by_several_at_once_is_made_once(context: JobContext) -> None:
    for number in range(ROUNDS):
        answers = together(*[lambda: context.datasets.put(f"shop-{number}", title="Shop")] * AT_ONCE)  # noqa: B023 - as above
        assert [new for _, new in answers].count(True) == 1
        assert {found.id for found, _ in answers} == {answers[0][0].id}
    assert count(context, datasets) == ROUNDS


def test_a_data_set_that_is_deleted_meanwhile_is_made_anew_or_not_found(context: JobContext) -> None:
    """Whoever puts it gets it; whoever wants a job on it gets the job or hears that there is no such data set."""
    for number in range(ROUNDS):
        name = f"shop-{number}"
        context.datasets.put(name)

        def ask(name: str = name) -> Job:
            return context.jobs.ask(JobKind.ANALYZE, name)[0]

        def delete(name: str = name) -> Any:
            return context.datasets.delete(name)

        def put(name: str = name) -> Any:
            return context.datasets.put(name)[0].name

        asked, _, kept, *_ = together(ask, delete, put, delete, put)
        assert isinstance(asked, Job | NotFound), asked
        assert kept == name
