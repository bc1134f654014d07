from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from job_context import as_csv, light_context, run_now, send, some_rows

from textcx.domain.errors import BadCursor, NotFound, WrongUse
from textcx.domain.service.datasets import TriageStatus
from textcx.steps.pains.urgency import AGE_POINTS, aged

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.store.sql.database import Database
    from textcx.store.sql.triage import SqlTriage
    from textcx.wiring.job_context import JobContext


@pytest.fixture
def context(database: Database, tmp_path: Path) -> JobContext:
    context = light_context(database, tmp_path / "spool", batch_rows=200)
    context.datasets.put("shop")
    run_now(context, send(context, "shop", as_csv(some_rows(60))))
    return context


@pytest.fixture
def queue(context: JobContext) -> SqlTriage:
    return context.triage


def test_the_queue_is_paged_most_urgent_first(queue: SqlTriage) -> None:
    whole, _ = queue.page("shop", limit=1000)
    found, cursor = [], None
    while True:
        some, cursor = queue.page("shop", limit=3, cursor=cursor)
        found += some
        if cursor is None:
            break
    assert found == whole
    assert len(whole) > 6
    assert [one.score for one in whole] == sorted((one.score for one in whole), reverse=True)


def test_a_cursor_of_another_queue_is_refused(queue: SqlTriage) -> None:
    _, cursor = queue.page("shop", limit=3)
    with pytest.raises(BadCursor):
        queue.page("shop", limit=3, status=TriageStatus.DONE, cursor=cursor)


def test_every_change_is_kept_with_who_made_it(queue: SqlTriage) -> None:
    first = queue.page("shop", limit=1)[0][0].record_id
    queue.change("shop", first, actor="desk", changes={"status": "in_progress", "assignee": "Ana"})
    queue.change("shop", first, actor="desk", changes={"assignee": "Ana"})
    now = queue.change("shop", first, actor="lead", changes={"status": "done", "note": "called back", "assignee": None})
    assert (now.status, now.assignee, now.note) == (TriageStatus.DONE, None, "called back")
    assert [(one.actor, dict(one.changes)) for one in queue.history("shop", first)] == [
        ("desk", {"status": ["open", "in_progress"], "assignee": [None, "Ana"]}),
        ("lead", {"status": ["in_progress", "done"], "assignee": ["Ana", None], "note": [None, "called back"]}),
    ]
    assert first not in {one.record_id for one in queue.page("shop", limit=1000)[0]}
    assert [one.record_id for one in queue.page("shop", status=TriageStatus.DONE)[0]] == [first]


@pytest.mark.parametrize(
    "changes", [{}, {"score": "1"}, {"status": "gone"}, {"status": None}, {"note": "x" * 5000}, {"assignee": "x" * 201}]
)
def test_a_change_that_cannot_be_is_refused(queue: SqlTriage, changes: dict[str, str | None]) -> None:
    first = queue.page("shop", limit=1)[0][0].record_id
    with pytest.raises(WrongUse):
        queue.change("shop", first, actor="desk", changes=changes)
    assert queue.history("shop", first) == []


def test_a_record_that_is_not_in_the_queue_is_not_found(queue: SqlTriage) -> None:
    for dataset, record in (("shop", "nowhere"), ("nowhere", "f1")):
        with pytest.raises(NotFound):
            queue.change(dataset, record, actor="desk", changes={"status": "done"})


def test_waiting_entries_grow_older_and_settled_ones_do_not(queue: SqlTriage) -> None:
    late = datetime.now(tz=UTC) + timedelta(days=400)
    settled, waiting = (one.record_id for one in queue.page("shop", limit=2)[0])
    queue.change("shop", settled, actor="desk", changes={"status": "done"})
    before = {record_id: queue.get("shop", record_id).score for record_id in (settled, waiting)}
    queue.update_scores(lambda urgency, at: aged(urgency, created_at=at, now=late), most=4)
    assert queue.get("shop", settled).score == before[settled]
    assert queue.get("shop", waiting).score >= before[waiting]
    assert any(
        reason["kind"] == "age" and reason["points"] == AGE_POINTS for reason in queue.get("shop", waiting).reasons
    )
    assert queue.update_scores(lambda urgency, at: aged(urgency, created_at=at, now=late)) == 0
