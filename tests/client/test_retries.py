from __future__ import annotations

import gzip
import io
import json
import logging
import random
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from scripted import HANG_UP, Say, problem, saying

from textcx_client import BadSetting, Client, Retries, ServiceError, ServiceUnreachable, WrongUse
from textcx_client.connection import seconds_of

if TYPE_CHECKING:
    from pathlib import Path

ITEM = {
    "id": "line-1", "label": "negative", "polarity": -0.5, "probabilities": {}, "strongest": {}, "mixed": False,
    "confident": True, "windows": 1, "language": "en", "language_supported": True, "p_pain": 0.9, "p_request": 0.1,
    "emotions": None, "reason": None,
}  # fmt: skip
SCORED = Say(body={"model_version": "v1", "items": [ITEM]})
NOW = "2026-03-31T12:00:00Z"
JOB = {
    "id": "job_1", "kind": "ingest", "dataset": "shop", "state": "running", "attempt": 1, "cancel_requested": False,
    "progress": {"stage": None, "stages": {}}, "counts": {}, "warnings": [], "errors": [], "analysis_id": None,
    "created_at": NOW, "started_at": None, "finished_at": None, "updated_at": NOW,
}  # fmt: skip
TAKEN = Say(202, JOB)
SECRET = "tcx_" + "s" * 43
HOOK = {
    "id": "w1", "url": "https://example.com", "events": [], "dataset": None, "active": True, "created_at": NOW,
    "secret": "x",
}  # fmt: skip


class Waits(list[float]):
    """Notes how long was to be waited, and waits not."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client_of(url: str, waits: Waits | None = None, **options: Any) -> Client:
    return Client(url, **{"trust_env": False, "sleep": Waits() if waits is None else waits, **options})


@pytest.mark.parametrize(
    "passing",
    [problem(429, "overloaded"), problem(503, "not_ready"), Say(502, b"<html>"), Say(504, b""), HANG_UP, Say(breaks=5, body=SCORED.body)],
)  # fmt: skip
def test_scoring_is_repeated_after_what_passes(passing: Say) -> None:
    with saying(passing, passing, SCORED) as server, client_of(server.url) as client:
        assert client.sentiment("The parcel was lost.").label == "negative"
    assert [each.body for each in server.asked] == [server.asked[0].body] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 301])
def test_what_will_not_pass_is_not_repeated(status: int) -> None:
    with saying(problem(status, "some_code")) as server, client_of(server.url) as client:
        with pytest.raises(ServiceError) as caught:
            client.sentiment("The parcel was lost.")
        assert (caught.value.status, caught.value.code, caught.value.hint) == (status, "some_code", "do otherwise")
        assert caught.value.request_id == "r1"
        assert len(server.asked) == 1


def test_a_refusal_that_says_it_will_not_pass_is_not_repeated() -> None:
    with saying(problem(503, "disk_full", retryable=False)) as server, client_of(server.url) as client:
        with pytest.raises(ServiceError):
            client.sentiment("The parcel was lost.")
        assert len(server.asked) == 1


def test_the_last_refusal_is_raised_when_patience_is_over() -> None:
    waits = Waits()
    with (
        saying(*[problem(503, "not_ready")] * 4) as server,
        client_of(server.url, waits, retries=3) as client,
        pytest.raises(ServiceError, match="503 not_ready"),
    ):
        client.sentiment("The parcel was lost.")
    assert len(waits) == 3


def test_retry_after_is_waited_for_and_too_long_a_wait_is_left_to_the_caller() -> None:
    waits = Waits()
    with saying(problem(429, "overloaded", Retry_After="7"), SCORED) as server, client_of(server.url, waits) as client:
        client.sentiment("The parcel was lost.")
    assert 7 <= waits[0] <= 7.5
    with (
        saying(problem(429, "rate_limited", Retry_After="600")) as server,
        client_of(server.url, waits) as client,
        pytest.raises(ServiceError) as caught,
    ):
        client.sentiment("The parcel was lost.")
    assert (caught.value.retry_after, caught.value.retryable, len(waits)) == (600, True, 1)


def test_retry_after_may_be_seconds_or_a_date() -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert seconds_of("12", now=now) == 12
    assert seconds_of(format_datetime(now + timedelta(seconds=90), usegmt=True), now=now) == 90
    assert seconds_of(format_datetime(now - timedelta(seconds=90), usegmt=True), now=now) == 0
    assert [seconds_of(said, now=now) for said in (None, "", "soon", "-1", "²")] == [None] * 5


def test_waits_grow_up_to_a_limit_and_are_spread_at_random() -> None:
    retries = Retries(times=9, first=0.5, longest=4.0)
    rng = random.Random(1)
    drawn = [[retries.wait(done, retry_after=None, rng=rng) for _ in range(300)] for done in range(6)]
    for done, some in enumerate(drawn):
        most = min(4.0, 0.5 * 2**done)
        assert 0 <= min(some) < 0.1 * most
        assert 0.9 * most < max(some) <= most


@pytest.mark.parametrize(
    "wrong", [{"times": -1}, {"first": -1.0}, {"first": 9.0, "longest": 1.0}, {"longest": float("inf")}]
)
def test_retries_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match="expected times >= 0"):
        Retries(**wrong)


def test_records_and_jobs_are_sent_again_with_the_key_of_their_call() -> None:
    script = [HANG_UP, problem(503, "store_unavailable"), TAKEN, TAKEN, HANG_UP, TAKEN, TAKEN]
    with saying(*script) as server, client_of(server.url) as client:
        assert client.datasets.send("shop", [{"text": "Fine."}])[0].id == "job_1"
        client.datasets.send("shop", [{"text": "Fine."}])
        client.jobs.analyze("shop")
        client.jobs.analyze("shop", idempotency_key="monday")
    keys = [each.headers["idempotency-key"] for each in server.asked]
    assert len(set(keys[:3])) == len(set(keys[4:6])) == 1
    assert len(set(keys)) == 4
    assert keys[6] == "monday"


def test_records_of_one_call_have_a_key_for_each_request_that_is_the_same_next_time() -> None:
    records = [{"id": str(place), "text": "Fine."} for place in range(2001)]
    with saying(*[TAKEN] * 6) as server, client_of(server.url) as client:
        for _ in range(2):
            assert len(client.datasets.send("shop", records, idempotency_key="k")) == 3
    keys = [each.headers["idempotency-key"] for each in server.asked]
    assert keys[:3] == keys[3:] == ["k.0-999", "k.1000-1999", "k.2000-2000"]


def test_a_wrong_record_is_named_by_its_place_among_all_that_were_given() -> None:
    refused = problem(422, "invalid_request")
    names = ["records.4.source", "records.4", "records", "other.4", "records.x", "records.7000"]
    refused.body["invalid_params"] = [{"name": name, "reason": "wrong"} for name in names]
    records = [{"text": "Fine."} for _ in range(1010)]
    with saying(TAKEN, refused) as server, client_of(server.url) as client, pytest.raises(ServiceError) as caught:
        client.datasets.send("shop", records)
    assert [param.name for param in caught.value.invalid_params] == [
        "records.1004.source", "records.1004", "records", "other.4", "records.x", "records.7000",
    ]  # fmt: skip


def test_pages_follow_each_other_by_their_cursors_and_no_more_is_asked_for_than_is_wanted() -> None:
    def page(cursor: str | None, *names: str) -> Say:
        row = {**JOB, "kind": "analyze"}
        return Say(body={"items": [{**row, "id": name} for name in names], "next_cursor": cursor})

    script = [page("c=1", "a", "b"), page(None, "c"), page("c=1", "a", "b")]
    with saying(*script) as server, client_of(server.url) as client:
        jobs = client.jobs.all(dataset="shop")
        assert server.asked == []
        assert [job.id for job in jobs] == ["a", "b", "c"]
        assert [job.id for job in jobs.head(2)] == ["a", "b"]
        assert jobs.head(0) == []
    assert [each.path for each in server.asked] == [
        "/v1/jobs?dataset=shop&limit=1000", "/v1/jobs?dataset=shop&limit=1000&cursor=c%3D1", "/v1/jobs?dataset=shop&limit=2",
    ]  # fmt: skip


def test_a_webhook_is_not_made_twice() -> None:
    with saying(HANG_UP) as server, client_of(server.url) as client:
        with pytest.raises(ServiceUnreachable) as caught:
            client.webhooks.create("https://example.com", events=["job.finished"])
        assert caught.value.sent
    with (
        saying(problem(503, "store_unavailable")) as server,
        client_of(server.url) as client,
        pytest.raises(ServiceError),
    ):
        client.webhooks.create("https://example.com", events=["job.finished"])
    with saying(problem(429, "overloaded"), Say(201, HOOK)) as server, client_of(server.url) as client:
        made = client.webhooks.create("https://example.com", events=["job.finished"])
    assert made.secret == HOOK["secret"]
    assert "secret" not in repr(made)


def test_what_was_deleted_before_the_connection_broke_is_deleted() -> None:
    with saying(HANG_UP, problem(404, "not_found")) as server, client_of(server.url) as client:
        client.datasets.delete("shop")
    with (
        saying(problem(404, "not_found")) as server,
        client_of(server.url) as client,
        pytest.raises(ServiceError) as caught,
    ):
        client.datasets.delete("shop")
    assert caught.value.status == 404


def test_a_person_is_not_erased_twice_since_the_second_receipt_would_count_nothing() -> None:
    with saying(HANG_UP) as server, client_of(server.url) as client, pytest.raises(ServiceUnreachable):
        client.respondents.erase("customer-7")


def test_a_file_is_sent_again_from_its_beginning(tmp_path: Path) -> None:
    content = gzip.compress(b"comment\n" + b"Fine.\n" * 100_000, mtime=0)
    file = tmp_path / "May.csv.gz"
    file.write_bytes(content)
    with saying(HANG_UP, problem(429, "overloaded"), TAKEN) as server, client_of(server.url) as client:
        client.datasets.upload("shop", file, text_column=["comment"], rating=["nps=nps:0-10"])
    assert [each.body for each in server.asked] == [content] * 3
    first = server.asked[0]
    assert (first.headers["content-type"], first.headers["content-encoding"]) == ("text/csv", "gzip")
    assert first.path.split("?")[1] == "text_column=comment&rating=nps%3Dnps%3A0-10&filename=May.csv"
    assert len({each.headers["idempotency-key"] for each in server.asked}) == 1


class Pipe(io.RawIOBase):
    """Can be read once."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._rest.readinto(buffer)


@pytest.mark.parametrize("said", [HANG_UP, problem(429, "overloaded")])
def test_what_can_be_read_once_is_sent_once(said: Say) -> None:
    with saying(said) as server, client_of(server.url) as client:
        with pytest.raises(ServiceError):
            client.datasets.upload("shop", io.BufferedReader(Pipe(b"comment\nFine.\n")), media_type="text/csv")
        assert [each.body for each in server.asked] == [b"comment\nFine.\n"]


def test_a_file_of_another_kind_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with saying() as server, client_of(server.url) as client:
        for name in ("reviews.xlsx", "reviews", "reviews.gz"):
            with pytest.raises(WrongUse, match=r"expected a file named \.csv"):
                client.datasets.upload("shop", tmp_path / name)
        with pytest.raises(FileNotFoundError):
            client.datasets.upload("shop", tmp_path / "none.csv")


def test_a_sheet_that_breaks_off_is_fetched_anew_and_half_a_sheet_is_never_left(tmp_path: Path) -> None:
    sheet = b"name,records\n" * 50_000
    whole, half = Say(body=sheet), Say(body=b"x" * 900_000, breaks=800_000)
    wanted = tmp_path / "themes.csv"
    with saying(half, problem(503, "not_ready"), whole) as server, client_of(server.url) as client:
        assert client.findings.themes("shop").save_csv(wanted) == wanted
    assert wanted.read_bytes() == sheet
    assert wanted.stat().st_mode & 0o077 == 0
    with saying(half, half) as server, client_of(server.url, retries=1) as client:
        with pytest.raises(ServiceUnreachable):
            client.findings.themes("shop").save_csv(wanted)
        with saying(problem(404, "not_found")) as other, client_of(other.url) as lost, pytest.raises(ServiceError):
            lost.findings.themes("shop").save_csv(tmp_path / "other.csv")
    assert wanted.read_bytes() == sheet
    assert list(tmp_path.iterdir()) == [wanted]


def event(name: str, **changes: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({**JOB, **changes})}\n\n".encode()


def test_events_go_on_where_a_stream_broke_off() -> None:
    begun, half = event("progress"), event("progress", counts={"read": 5})
    end = event("end", state="done", counts={"read": 9})
    script = [
        Say(body=begun + half[:40], breaks=len(begun) + 40), HANG_UP, problem(503, "store_unavailable"),
        Say(body=begun + b": nothing new\n\n"), Say(body=half + end),
    ]  # fmt: skip
    with saying(*script) as server, client_of(server.url) as client:
        told = [(job.state, job.counts.get("read")) for job in client.jobs.events("job_1")]
    assert told == [("running", None), ("running", 5), ("done", 9)]


def test_events_end_when_the_service_stays_away_or_the_job_is_gone() -> None:
    with (
        saying(Say(body=event("progress")), HANG_UP, HANG_UP, HANG_UP) as server,
        client_of(server.url, retries=2) as client,
        pytest.raises(ServiceUnreachable),
    ):
        list(client.jobs.events("job_1"))
    with (
        saying(Say(body=event("progress")), problem(404, "not_found")) as server,
        client_of(server.url) as client,
        pytest.raises(ServiceError) as caught,
    ):
        list(client.jobs.events("job_1"))
    assert caught.value.status == 404


def test_nobody_there_is_said_with_the_address_and_nothing_was_sent() -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{found.getsockname()[1]}"
    waits = Waits()
    with client_of(url, waits, retries=2, api_key=SECRET) as client:
        with pytest.raises(ServiceUnreachable, match=url) as caught:
            client.webhooks.create("https://example.com", events=["job.finished"])
        with pytest.raises(ServiceError, match="is not ready after 0 seconds"):
            client.wait_until_ready(timeout=0)
    assert (caught.value.sent, caught.value.retryable, len(waits)) == (False, True, 2)


def test_readiness_is_an_answer_and_is_waited_for() -> None:
    not_yet = Say(503, {"ready": False, "checks": {"model": "loading"}})
    ready = Say(200, {"ready": True, "checks": {"model": "ok"}})
    with saying(not_yet, not_yet, HANG_UP, ready) as server, client_of(server.url) as client:
        assert client.ready().checks == {"model": "loading"}
        assert client.wait_until_ready().ready


def test_an_answer_of_something_else_is_told_without_what_it_says() -> None:
    with (
        saying(Say(404, b"<html>secretword"), Say(200, b"<html>secretword"), Say(200, [1])) as server,
        client_of(server.url) as client,
    ):
        for code in ("http_404", "unexpected_answer", "unexpected_answer"):
            with pytest.raises(ServiceError) as caught:
                client.sentiment("Fine.")
            assert caught.value.code == code
            assert "secretword" not in str(caught.value)


def everything_of(error: BaseException | None) -> str:
    """All that hangs on an error, but for the frames it went through."""
    if error is None:
        return ""
    told = [repr(error), str(error), repr(vars(error))]
    request = vars(error).get("_request")
    if request is not None:
        told += [str(request.url), repr(request.headers), repr(request.read())]
    return " ".join(told) + everything_of(error.__cause__) + everything_of(error.__context__)


def test_neither_errors_nor_logs_nor_the_client_itself_hold_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    script = [HANG_UP, Say(body=SCORED.body, breaks=5), problem(422, "invalid_request"), problem(404, "not_found")]
    with (
        caplog.at_level(logging.DEBUG),
        saying(*script) as server,
        client_of(server.url, api_key=SECRET, retries=1) as client,
    ):
        with pytest.raises(ServiceError) as lost:
            client.sentiment("secretword was lost")
        with pytest.raises(ServiceError) as refused:
            client.datasets.send("shop", [{"text": "secretword", "respondent": "Ana"}])
        with pytest.raises(ServiceError) as erased:
            client.respondents.erase("secretword/ana@example.com")
        shown = repr(client)
    assert server.asked[-1].path == "/v1/respondents/secretword%2Fana%40example.com"
    told = shown + caplog.text + "".join(everything_of(each.value) for each in (lost, refused, erased))
    assert "/v1/respondents/(id)" in caplog.text
    assert "secretword" not in told
    assert SECRET not in told
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "127.0.0.1:8321"}, {"base_url": "ftp://127.0.0.1"}, {"base_url": "http://"}, {"base_url": "http://x:port"},
        {"base_url": "http://secretword@x"}, {"base_url": "http://x?key=secretword"}, {"api_key": "secretword\n"},
        {"api_key": ""}, {"timeout": 0}, {"timeout": float("inf")}, {"retries": -1},
    ],
)  # fmt: skip
def test_a_client_that_cannot_be_is_refused_without_repeating_what_came(options: dict[str, Any]) -> None:
    with pytest.raises(BadSetting) as caught:
        Client(**{"base_url": "http://127.0.0.1:8321", **options})
    assert "secretword" not in str(caught.value)


def test_a_service_behind_a_path_is_asked_there_and_ids_are_quoted() -> None:
    with saying(*[problem(404, "not_found")] * 3) as server, client_of(f"{server.url}/feedback/") as client:
        for wanted in ("../a b", "..", "é/?#"):
            with pytest.raises(ServiceError):
                client.datasets.record("shop", wanted)
    assert [each.path.removeprefix("/feedback/v1/datasets/shop/records/") for each in server.asked] == [
        "..%2Fa%20b", "%2E%2E", "%C3%A9%2F%3F%23",
    ]  # fmt: skip
    for wrong in ("", "\ud83d"):
        with pytest.raises(WrongUse, match="empty or broken"):
            client.datasets.get(wrong)
