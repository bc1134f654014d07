from __future__ import annotations

import csv
import gzip
import io
import json
import threading
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from job_context import as_csv, some_rows
from keeping import as_records

from textcx_client import (
    SIGNATURE,
    BadSignature,
    Client,
    JobFailed,
    JobStillRuns,
    Record,
    ServiceError,
    verify_signature,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textcx_client import Job


@pytest.fixture(scope="module")
def shop(client: Client) -> Client:
    """The service with an analyzed data set."""
    client.datasets.put("shop", title="Shop reviews")
    for job in client.datasets.send("shop", as_records(120)):
        client.jobs.wait(job, timeout=120)
    client.jobs.wait(client.jobs.analyze("shop"), timeout=120)
    return client


def test_a_data_set_is_made_changed_listed_and_deleted(client: Client) -> None:
    made = client.datasets.put("spring", title="Spring", retention_days=90, columns={"text_column": ["comment"]})
    assert (made.name, made.title, made.retention_days) == ("spring", "Spring", 90)
    assert made.created_at.tzinfo is not None
    assert client.datasets.put("spring").title is None
    assert client.datasets.get("spring").columns == {}
    assert "spring" in [each.name for each in client.datasets.all()]
    client.datasets.delete("spring")
    with pytest.raises(ServiceError, match="404 not_found"):
        client.datasets.get("spring")


def test_records_that_are_sent_again_are_stored_once_and_a_key_gives_the_same_job(client: Client) -> None:
    client.datasets.put("twice")
    rows = as_records(30)
    (job,) = client.datasets.send("twice", rows, idempotency_key="first")
    assert client.jobs.wait(job, timeout=60).counts["stored"] == 30
    assert [each.id for each in client.datasets.send("twice", rows, idempotency_key="first")] == [job.id]
    (again,) = client.datasets.send("twice", rows)
    assert client.jobs.wait(again, timeout=60).counts["unchanged"] == 30
    assert [each.record_id for each in client.findings.records("twice")] == [row["id"] for row in rows]
    client.datasets.delete("twice")


def test_records_have_types_of_their_own(client: Client) -> None:
    client.datasets.put("typed")
    said = datetime(2026, 3, 31, 12, tzinfo=UTC)
    records = [
        Record(text="The parcel was lost.", id="a/b", created_at=said, source="support", ratings={"nps": 3}, attributes={"plan": "pro"}),
        Record(text="Lovely staff.", id="..", created_at=said),
        {"text": "Fine.", "id": "c", "created_at": date(2026, 3, 31)},
    ]  # fmt: skip
    client.jobs.wait(client.datasets.send("typed", records)[0], timeout=60)
    found = client.datasets.record("typed", "a/b")
    assert (found.created_at, found.source, found.ratings, found.attributes) == (
        said,
        "support",
        {"nps": 3},
        {"plan": "pro"},
    )
    assert found.segments
    assert found.text is not None
    assert found.text[found.segments[0].start : found.segments[0].end] == found.segments[0].text
    assert client.datasets.record("typed", "..").record_id == ".."
    assert "parcel" not in repr(records[0])
    client.datasets.delete("typed")


def test_a_wrong_record_is_named_by_its_place(client: Client) -> None:
    client.datasets.put("wrong")
    with pytest.raises(ServiceError) as caught:
        client.datasets.send("wrong", [Record(text="Fine."), Record(text="Fine.", source="secretword")])
    assert [param.name for param in caught.value.invalid_params] == ["records.1.source"]
    assert "secretword" not in str(caught.value)
    client.datasets.delete("wrong")


def test_files_are_sent_as_they_are(client: Client, tmp_path: Path) -> None:
    client.datasets.put("files")
    plain, zipped, lines = tmp_path / "may.csv", tmp_path / "june.csv.gz", tmp_path / "july.ndjson"
    plain.write_bytes(as_csv(some_rows(20)))
    zipped.write_bytes(gzip.compress(as_csv(some_rows(20, first=20))))
    lines.write_text("".join(json.dumps(row) + "\n" for row in some_rows(20, first=40)))
    said: dict[str, Any] = {
        "text_column": ["comment"],
        "id_column": "id",
        "rating": ["nps=nps:0-10"],
        "attribute": ["plan"],
    }
    jobs = [client.datasets.upload("files", str(file), **said) for file in (plain, zipped)]
    with lines.open("rb") as opened:
        jobs.append(client.datasets.upload("files", opened, **said))
    jobs.append(client.datasets.upload("files", io.BytesIO(as_csv(some_rows(25))), media_type="text/csv", **said))
    assert [client.jobs.wait(job, timeout=60).counts["stored"] for job in jobs] == [20, 20, 20, 0]
    assert {each.record_id for each in client.findings.records("files")} == {f"f{number}" for number in range(60)}
    client.datasets.delete("files")


def test_a_job_is_waited_for_and_its_progress_told(shop: Client) -> None:
    told: list[Job] = []
    job = shop.jobs.analyze("shop")
    ended = shop.jobs.wait(job, timeout=120, on_progress=told.append)
    assert ended.over
    assert told[-1] == ended
    assert told == [each for place, each in enumerate(told) if each not in told[:place]]
    assert shop.datasets.get("shop").current_analysis == ended.analysis_id
    assert ended.progress.stages["themes"].seconds >= 0
    assert shop.jobs.all(dataset="shop").head(1) == [ended]
    assert shop.jobs.all(dataset="shop", state="failed").all() == []


def test_a_job_is_followed_to_its_end(shop: Client) -> None:
    told = list(shop.jobs.events(shop.jobs.analyze("shop")))
    assert [job.over for job in told] == [False] * (len(told) - 1) + [True]
    assert told[-1] == shop.jobs.get(told[0])


def test_a_job_that_fails_is_an_error_that_says_why_unless_that_is_not_wanted(client: Client) -> None:
    client.datasets.put("empty")
    job = client.jobs.analyze("empty")
    with pytest.raises(JobFailed, match="nothing_to_analyze") as caught:
        client.jobs.wait(job, timeout=60)
    assert caught.value.job.errors[0].code == "nothing_to_analyze"
    assert client.jobs.wait(job, check=False).state == "failed"
    again = client.jobs.start_again(job)
    assert again.attempt == 2
    assert client.jobs.wait(again, timeout=60, check=False).state == "failed"
    client.datasets.delete("empty")


def test_waiting_ends_in_time_and_a_job_can_be_cancelled(shop: Client) -> None:
    first, second = shop.jobs.analyze("shop"), shop.jobs.analyze("shop")
    with pytest.raises(JobStillRuns) as caught:
        shop.jobs.wait(second, timeout=0)
    assert isinstance(caught.value, TimeoutError)
    shop.jobs.cancel(second)
    assert shop.jobs.wait(second, timeout=60, check=False).state == "cancelled"
    with pytest.raises(JobFailed, match="is cancelled"):
        shop.jobs.wait(second)
    shop.jobs.wait(first, timeout=60)


def test_findings_are_the_rows_that_the_service_gives(shop: Client) -> None:
    themes = shop.findings.themes("shop").all()
    assert themes
    texts = {each.record_id: each.text or "" for each in shop.findings.records("shop")}
    assert len(texts) == 120
    assert list(shop.findings.records("shop")._pages(7)) == shop.findings.records("shop").all()
    for theme in themes:
        for quote in theme.evidence or ():
            assert texts[quote.record_id][quote.start : quote.end] == quote.quote
    assert shop.findings.journey("shop").all()
    assert {each.rating for each in shop.findings.ratings("shop", rating="nps")} == {"nps"}
    assert {each.rating for each in shop.findings.drivers("shop", rating="nps")} <= {"nps"}
    measure = shop.findings.trends("shop").head(1)[0].measure
    assert {each.measure for each in shop.findings.trends("shop", measure=measure)} == {measure}
    for pain in shop.findings.pain_points("shop"):
        assert 0 <= (pain.severity or 0) <= 1


def test_findings_are_filtered(shop: Client) -> None:
    everything = shop.findings.records("shop").all()
    since, until = datetime(2026, 2, 1, tzinfo=UTC), date(2026, 4, 1)
    some = shop.findings.records(
        "shop", since=since, until=until, label="negative", attributes={"plan": "pro"}, source="review"
    ).all()
    wanted = [
        each for each in everything
        if each.label == "negative" and each.attributes["plan"] == "pro" and each.created_at is not None
        and since <= each.created_at < datetime(2026, 4, 1, tzinfo=UTC)
    ]  # fmt: skip
    assert some == wanted
    assert 0 < len(some) < len(everything)
    theme = shop.findings.themes("shop").head(1)[0]
    assert shop.findings.themes("shop", theme=theme.theme_id, stage=None).head(1)[0].theme_id == theme.theme_id
    with pytest.raises(ServiceError) as caught:
        shop.findings.records("shop", label="secretword").all()
    assert caught.value.status == 422


def sheet(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def test_findings_are_saved_as_sheets_with_the_same_filters(shop: Client, tmp_path: Path) -> None:
    found = shop.findings.records("shop", label="negative")
    rows = sheet(found.save_csv(tmp_path / "negative.csv"))
    assert [row["record_id"] for row in rows] == [each.record_id for each in found]
    queue = shop.triage.all("shop", status="all")
    assert len(sheet(queue.save_csv(tmp_path / "queue.csv"))) == len(queue.all())


def test_an_entry_of_the_queue_is_changed_and_its_history_kept(shop: Client) -> None:
    queue = shop.triage.all("shop").all()
    assert [each.score for each in queue] == sorted((each.score for each in queue), reverse=True)
    first = queue[0]
    assert sum(reason.points for reason in first.reasons) == pytest.approx(first.score, abs=0.5)
    changed = shop.triage.change("shop", first.record_id, status="in_progress", assignee="Ana", note="called back")
    assert (changed.status, changed.assignee, changed.note) == ("in_progress", "Ana", "called back")
    shop.triage.change("shop", first.record_id, note=None)
    found = shop.triage.get("shop", first.record_id)
    assert (found.assignee, found.note) == ("Ana", None)
    assert found.history is not None
    assert [dict(step.changes) for step in found.history][1] == {"note": ("called back", None)}
    assert [each.record_id for each in shop.triage.all("shop", status="in_progress", assignee="Ana")] == [
        first.record_id
    ]
    assert first.record_id not in [each.record_id for each in shop.triage.all("shop")]
    urgent = shop.triage.all("shop", status="all", urgent=True).all()
    assert all(each.urgent for each in urgent)
    with pytest.raises(ServiceError) as caught:
        shop.triage.change("shop", first.record_id)
    assert caught.value.status == 422


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """A receiver of messages; its address, and what came: body and signature."""
    got: list[tuple[bytes, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.rfile.read(int(self.headers["content-length"])), self.headers[SIGNATURE]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_messages_of_a_webhook_carry_a_signature_that_can_be_checked(
    shop: Client, hook: tuple[str, list[tuple[bytes, str]]]
) -> None:
    url, got = hook
    made = shop.webhooks.create(url, events=["job.finished"], dataset="shop")
    assert [each.id for each in shop.webhooks.all()] == [shop.webhooks.get(made.id).id] == [made.id]
    job = shop.jobs.wait(shop.jobs.analyze("shop"), timeout=120)
    until = threading.Event()
    for _ in range(1500):
        told = shop.webhooks.deliveries(made.id)
        if told and told[0].state == "done":
            break
        until.wait(0.02)
    assert [(each.event, each.state) for each in told] == [("job.finished", "done")]
    body, header = got[0]
    verify_signature(body, header, made.secret)
    assert job.id in json.loads(body)["data"].values()
    with pytest.raises(BadSignature):
        verify_signature(body.replace(b"job", b"jab"), header, made.secret)
    shop.webhooks.delete(made.id)
    with pytest.raises(ServiceError):
        shop.webhooks.get(made.id)


def test_a_person_is_erased_and_there_is_a_receipt(client: Client) -> None:
    client.datasets.put("erasing")
    rows = [{**row, "respondent": f"somebody-{place // 3}"} for place, row in enumerate(as_records(12))]
    client.jobs.wait(client.datasets.send("erasing", rows)[0], timeout=60)
    person = rows[0]["respondent"]
    receipt = client.respondents.erase(person)
    assert receipt.removed["records"] == 3
    assert client.respondents.receipt(receipt.id) == receipt
    assert client.respondents.erase(person).removed["records"] == 0
    assert [each.record_id for each in client.findings.records("erasing")] == [row["id"] for row in rows[3:]]
    client.datasets.delete("erasing")
