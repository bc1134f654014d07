from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from job_context import COLUMNS, as_csv, light_context, run_now, send, some_rows

from api.schemas.records import GivenRecord
from textcx.domain.errors import Conflict
from textcx.domain.service.datasets import JobKind, JobState, Upload, UploadState
from textcx.jobs.columns import columns_of, line_of
from textcx.jobs.queue.runner import keep_house
from textcx.store.sql.schema.tables import metadata, records, segments, triage

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.store.sql.batches import Batch
    from textcx.store.sql.database import Database
    from textcx.wiring.job_context import JobContext


@pytest.fixture
def context(database: Database, tmp_path: Path) -> JobContext:
    context = light_context(database, tmp_path / "spool")
    context.datasets.put("shop")
    return context


def kept(context: JobContext) -> list[sa.RowMapping]:
    with context.database.read() as connection:
        return list(connection.execute(sa.select(records).order_by(records.c.id)).mappings())


def test_every_record_of_an_upload_is_stored_once(context: JobContext) -> None:
    job = run_now(context, send(context, "shop", as_csv(some_rows(50))))
    assert job.state is JobState.DONE, job.errors
    assert job.counts == {"read": 50, "stored": 50, "unchanged": 0, "unprocessable": 0, "unreadable": 0, "renamed": 0}
    rows = kept(context)
    assert [row["record_id"] for row in rows] == [f"f{number}" for number in range(50)]
    assert rows[0]["ratings"].keys() == {"nps"}
    assert rows[0]["attributes"].keys() == {"plan"}
    assert all(row["label"] and row["n_segments"] for row in rows)


def test_sending_a_file_again_stores_nothing_and_says_so(context: JobContext) -> None:
    run_now(context, send(context, "shop", as_csv(some_rows(50))))
    job = run_now(context, send(context, "shop", as_csv(some_rows(60))))
    assert (job.counts["stored"], job.counts["unchanged"]) == (10, 50)
    assert len(kept(context)) == 60


def test_the_same_id_with_other_content_is_kept_beside_the_first(context: JobContext) -> None:
    rows = some_rows(20)
    run_now(context, send(context, "shop", as_csv(rows)))
    changed = [{**rows[3], "comment": "It was lost, and it was a gift."}]
    job = run_now(context, send(context, "shop", as_csv(changed)))
    assert (job.counts["stored"], job.counts["renamed"]) == (1, 1)
    ids = [row["record_id"] for row in kept(context)]
    assert len([one for one in ids if one.startswith("f3~")]) == 1
    assert len(set(ids)) == 21


def test_unprocessable_records_are_listed_with_their_reason(context: JobContext) -> None:
    rows = some_rows(20)
    rows[4]["comment"] = ""
    rows[5]["comment"] = "n/a"
    job = run_now(context, send(context, "shop", as_csv(rows)))
    assert job.counts["unprocessable"] == 2
    assert {row["record_id"]: row["reason"] for row in kept(context) if row["reason"]} == {
        "f4": "empty", "f5": "not_an_answer",
    }  # fmt: skip


def test_a_broken_line_is_counted(context: JobContext) -> None:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in some_rows(20)) + b'{"id": \n'
    job = run_now(context, send(context, "shop", lines, name="feedback.jsonl"))
    assert (job.state, job.counts["unreadable"], job.counts["stored"]) == (JobState.DONE, 1, 20)


def test_nothing_unredacted_is_in_any_table_and_the_raw_file_is_gone(context: JobContext, tmp_path: Path) -> None:
    rows = some_rows(20)
    rows[2]["comment"] = "Write to jane.roe@example.com or call +44 20 7946 0958, it broke."
    run_now(context, send(context, "shop", as_csv(rows)))
    assert not list((tmp_path / "spool").iterdir())
    with context.database.read() as connection:
        for table in metadata.sorted_tables:
            everything = str(connection.execute(sa.select(table)).all())
            for secret in ("jane.roe", "7946 0958", "customer-1"):
                assert secret not in everything, table.name
    assert "\u2588" in kept(context)[2]["text"]


def test_a_compressed_file_is_read(context: JobContext) -> None:
    job = run_now(context, send(context, "shop", gzip.compress(as_csv(some_rows(20))), name="feedback.csv.gz"))
    assert (job.state, job.counts["stored"]) == (JobState.DONE, 20)


def test_an_upload_without_customers_words_fails_with_an_explanation(context: JobContext) -> None:
    job = run_now(context, send(context, "shop", b"a,b\n1,2\n3,4\n", columns={}))
    assert job.state is JobState.FAILED
    assert job.errors[0].code == "no_text_column"
    assert context.datasets.uploads("shop")[0].state is UploadState.FAILED


def test_a_rating_on_another_scale_is_refused(context: JobContext) -> None:
    run_now(context, send(context, "shop", as_csv(some_rows(20))))
    other = {**COLUMNS, "rating": ["nps=nps:1-5"]}
    job = run_now(context, send(context, "shop", as_csv(some_rows(5, first=100)), columns=other))
    assert job.state is JobState.FAILED
    assert "nps" in job.errors[0].message


def test_a_single_record_is_read_as_the_first_upload_was(context: JobContext) -> None:
    run_now(context, send(context, "shop", as_csv(some_rows(40)), columns={}))
    alone = [{"id": "x1", "comment": "Late.", "date": "2026-02-03", "customer": "c", "nps": 3, "plan": "pro"}]
    job = run_now(context, send(context, "shop", as_csv(alone), columns={}))
    assert job.state is JobState.DONE, job.errors
    last = kept(context)[-1]
    assert (last["record_id"], last["ratings"], last["attributes"]) == ("x1", {"nps": 3.0}, {"plan": "pro"})


def test_records_sent_as_json_are_read_by_their_fields(context: JobContext) -> None:
    sent = [GivenRecord.model_validate(each) for each in (
        {"id": "a", "text": "The parcel was late.", "respondent": "jo", "ratings": {"nps": 2}, "attributes": {"plan": "pro"}},
        {"id": "b", "text": "Lovely shop, friendly people.", "created_at": "2026-03-04T05:06:07Z", "customer_value": 12.5},
    )]  # fmt: skip
    columns = columns_of(map(dict, sent), rating_flags=[])
    job = run_now(
        context, send(context, "shop", b"".join(map(line_of, map(dict, sent))), name="records.jsonl", columns=columns)
    )
    assert job.state is JobState.DONE, job.errors
    first, second = kept(context)
    assert (first["record_id"], first["ratings"], first["attributes"]) == ("a", {"nps": 2.0}, {"plan": "pro"})
    assert (second["customer_value"], second["created_at"].isoformat()) == (12.5, "2026-03-04T05:06:07+00:00")


def test_urgent_records_are_in_the_queue_as_soon_as_they_are_stored(context: JobContext) -> None:
    run_now(context, send(context, "shop", as_csv(some_rows(60))))
    entries, _ = context.triage.page("shop", limit=100)
    assert entries
    assert [entry.score for entry in entries] == sorted((entry.score for entry in entries), reverse=True)
    assert all(entry.reasons for entry in entries)


def test_a_cancelled_job_keeps_what_is_stored_and_can_go_on(context: JobContext) -> None:
    job = send(context, "shop", as_csv(some_rows(50)))
    context.jobs.cancel(job.id)
    assert run_now(context, job).state is JobState.CANCELLED
    again = context.jobs.again(job.id)
    done = run_now(context, again)
    assert (done.state, done.counts["stored"]) == (JobState.DONE, 50)


def test_segments_hold_what_was_said_at_their_place(context: JobContext) -> None:
    run_now(context, send(context, "shop", as_csv(some_rows(30))))
    joined = sa.select(records.c.text, segments.c.start, segments.c.end, segments.c.text).join(
        segments, segments.c.record == records.c.id
    )
    with context.database.read() as connection:
        found = connection.execute(joined).all()
    assert len(found) >= 30
    assert all(text[start:end] == quote for text, start, end, quote in found)


def test_the_same_respondent_again_makes_a_case_more_urgent(context: JobContext) -> None:
    bad = {
        "comment": "The parcel was late and they charged me twice. It was terrible, awful.",
        "customer": "jo",
        "date": "",
        "nps": 1,
        "plan": "pro",
    }
    run_now(context, send(context, "shop", as_csv([{**bad, "id": "n1"}])))
    run_now(context, send(context, "shop", as_csv([{**bad, "id": "n2", "comment": bad["comment"] + " Again!"}])))
    entries = {entry.record_id: entry for entry in context.triage.page("shop")[0]}
    assert entries["n2"].score > entries["n1"].score
    assert any(reason["kind"] == "repeated contact" for reason in entries["n2"].reasons)
    with context.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(triage)).scalar_one() == 2


def test_a_job_goes_on_with_batches_of_another_size(database: Database, tmp_path: Path) -> None:
    from textcx.domain.service.interruptions import ProcessEnds
    from textcx.jobs.queue.runner import Runner

    small = light_context(database, tmp_path / "spool", batch_rows=20)
    small.datasets.put("shop")
    job = send(small, "shop", as_csv(some_rows(90)))
    save = small.batches.save

    def save_and_stop(upload: Upload, batch: Batch) -> dict[str, int]:
        if batch.number == 2:
            small.stopping.set()
        return save(upload, batch)

    small.batches.save = save_and_stop  # type: ignore[method-assign]
    claimed = small.jobs.claim("here", JobKind.INGEST)
    assert claimed is not None
    with pytest.raises(ProcessEnds):
        Runner(small).run(claimed)
    small.jobs.release("here")
    assert 0 < len(kept(small)) < 90
    large = light_context(database, tmp_path / "spool", batch_rows=50)
    found = run_now(large, large.jobs.get(job.id))
    assert (found.state, found.counts["stored"]) == (JobState.DONE, 90)


def test_the_raw_file_of_a_failed_job_goes_after_a_day_and_then_it_cannot_be_started_again(context: JobContext) -> None:
    context.datasets.put("shop")
    job = run_now(context, send(context, "shop", b"one,two\n1,2\n"))
    assert job.state is JobState.FAILED
    [folder] = context.spool.directory.iterdir()
    os.utime(folder, (0, 0))
    for each in folder.iterdir():
        os.utime(each, (0, 0))

    keep_house(context, now=datetime.now(tz=UTC) + timedelta(hours=23))
    assert folder.exists()
    keep_house(context, now=datetime.now(tz=UTC) + timedelta(hours=25))
    assert not folder.exists()

    with pytest.raises(Conflict, match="send the file again"):
        context.jobs.again(job.id)
