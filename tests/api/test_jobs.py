from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from keeping import as_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keeping import Kept


@pytest.fixture
def shop(kept_anywhere: Kept) -> Iterator[Kept]:
    """The service with a data set of forty records."""
    client = kept_anywhere
    client.put("/v1/datasets/shop", json={})
    client.records("shop", as_records(40))
    yield client
    client.delete("/v1/datasets/shop")


def told(client: Kept, job: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of a job until its stream ends."""
    with client.stream("GET", f"/v1/jobs/{job['id']}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        pieces = "".join(answer.iter_text()).split("\n\n")
    found = [piece.split("\n") for piece in pieces if piece and not piece.startswith(":")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in found]


def test_an_analysis_runs_in_the_serving_process_and_becomes_the_current_one(shop: Kept) -> None:
    answer = shop.post("/v1/jobs", json={"kind": "analyze", "dataset": "shop"})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    events = told(shop, answer.json())
    assert [name for name, _ in events][-1] == "end"
    job = shop.get(answer.headers["location"]).json()
    assert events[-1][1] == job
    assert (job["state"], job["counts"]["analyzed"]) == ("done", 40), job["errors"]
    assert job["progress"]["stages"]["themes"]["seconds"] >= 0
    assert shop.get("/v1/datasets/shop").json()["current_analysis"] == job["analysis_id"]
    assert "\ntextcx_jobs 0.0\n" in shop.get("/metrics").text


def test_the_same_idempotency_key_starts_one_job(shop: Kept) -> None:
    shop.put("/v1/datasets/other", json={})
    ask = {"kind": "analyze", "dataset": "shop"}
    first = shop.post("/v1/jobs", json=ask, headers={"idempotency-key": "monday"}).json()
    again = shop.post("/v1/jobs", json=ask, headers={"idempotency-key": "monday"})
    assert (again.status_code, again.json()["id"]) == (202, first["id"])
    other = shop.post("/v1/jobs", json=ask | {"dataset": "other"}, headers={"idempotency-key": "monday"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert "Idempotency-Key" in other.json()["detail"]
    shop.over(first)
    shop.delete("/v1/datasets/other")


def test_two_jobs_at_once_on_one_data_set_both_end_well(shop: Kept) -> None:
    both = [shop.post("/v1/jobs", json={"kind": "analyze", "dataset": "shop"}).json() for _ in range(2)]
    ended = [shop.over(job) for job in both]
    assert [job["state"] for job in ended] == ["done", "done"]
    assert ended[1]["started_at"] >= ended[0]["finished_at"]


def test_jobs_are_listed_latest_first_and_page_by_page(shop: Kept) -> None:
    shop.analyzed("shop")
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = shop.get("/v1/jobs", params={"dataset": "shop", "limit": 1, **({"cursor": cursor} if cursor else {})})
        seen += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    assert [job["kind"] for job in seen] == ["analyze", "ingest"]
    assert shop.get("/v1/jobs", params={"dataset": "shop", "state": "failed"}).json()["items"] == []
    for wrong in (seen[0]["id"], "x" * 10, "é"):
        answer = shop.get("/v1/jobs", params={"cursor": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_cursor_of_another_query_is_refused(shop: Kept) -> None:
    shop.analyzed("shop")
    cursor = shop.get("/v1/jobs", params={"dataset": "shop", "limit": 1}).json()["next_cursor"]
    answer = shop.get("/v1/jobs", params={"limit": 1, "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_job_that_is_over_is_neither_cancelled_nor_started_again(shop: Kept) -> None:
    done = shop.analyzed("shop")
    answer = shop.delete(f"/v1/jobs/{done['id']}")
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    again = shop.patch(f"/v1/jobs/{done['id']}", json={"state": "queued"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_a_job_is_cancelled_and_started_again(shop: Kept) -> None:
    ask = {"kind": "analyze", "dataset": "shop"}
    first = shop.post("/v1/jobs", json=ask).json()
    waiting = shop.post("/v1/jobs", json=ask).json()
    cancelled = shop.delete(f"/v1/jobs/{waiting['id']}")
    assert cancelled.status_code in {200, 202}
    ended = shop.over(waiting)
    assert ended["state"] == "cancelled"
    assert told(shop, waiting)[0][0] == "end"
    shop.patch(f"/v1/jobs/{waiting['id']}", json={"state": "queued"})
    again = shop.over(waiting)
    assert (again["state"], again["attempt"]) == ("done", 2)
    shop.over(first)


def test_a_job_over_nothing_fails_and_says_why(shop: Kept) -> None:
    shop.put("/v1/datasets/empty", json={})
    job = shop.over(shop.post("/v1/jobs", json={"kind": "analyze", "dataset": "empty"}).json())
    assert (job["state"], job["errors"][0]["code"]) == ("failed", "nothing_to_analyze")
    shop.delete("/v1/datasets/empty")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "analyze", "dataset": "none"}, 404), ({"kind": "analyze"}, 422), ({"kind": "train", "dataset": "shop"}, 422),
        ({"kind": "analyze", "dataset": "../etc"}, 422), ([], 422), ({"kind": "analyze", "dataset": None}, 422),
    ],
)  # fmt: skip
def test_a_job_that_cannot_be_is_refused(shop: Kept, body: Any, status: int) -> None:
    answer = shop.post("/v1/jobs", json=body)
    assert answer.status_code == status
    assert "etc" not in answer.text


@pytest.mark.parametrize("job_id", ["job_none", "%00", "..%2f..", "x" * 1001])
def test_a_job_that_is_not_there_is_not_found(shop: Kept, job_id: str) -> None:
    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/events"):
        assert shop.get(path).status_code in {404, 422}
    assert shop.delete(f"/v1/jobs/{job_id}").status_code in {404, 405, 422}


def test_records_are_in_the_queue_seconds_after_they_were_sent(shop: Kept) -> None:
    begin = time.monotonic()
    shop.records("shop", [{"id": "hot", "text": "They charged my card twice and nobody answers. Where is my refund?"}])
    found = shop.get("/v1/datasets/shop/triage", params={"limit": 1000}).json()["items"]
    assert "hot" in {entry["record_id"] for entry in found}
    assert time.monotonic() - begin < 60
