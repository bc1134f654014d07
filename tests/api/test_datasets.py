from __future__ import annotations

import csv
import gzip
import io
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from job_context import as_csv, some_rows
from keeping import as_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from keeping import Kept

CSV = {"content-type": "text/csv"}


@pytest.fixture
def shop(kept: Kept) -> Iterator[Kept]:
    """The service with an empty data set."""
    assert kept.put("/v1/datasets/shop", json={}).status_code == 201
    yield kept
    assert kept.delete("/v1/datasets/shop").status_code == 204


def spool_of(client: Kept) -> list[Any]:
    return list(client.app.state.services.settings.spool.iterdir())


def stored(client: Kept, dataset: str = "shop") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/records", params={"dataset": dataset, "limit": 1000}).json()["items"]
    return found


def test_a_data_set_is_made_changed_listed_and_deleted(kept: Kept) -> None:
    made = kept.put("/v1/datasets/reviews-2026", json={"title": "Reviews", "retention_days": 90})
    assert (made.status_code, made.headers["location"]) == (201, "/v1/datasets/reviews-2026")
    assert (made.json()["title"], made.json()["retention_days"]) == ("Reviews", 90)
    again = kept.put("/v1/datasets/reviews-2026", json={"columns": {"text_column": "comment"}})
    assert (again.status_code, again.json()["title"]) == (200, None)
    assert again.json()["columns"] == {"text_column": ["comment"]}
    assert kept.get("/v1/datasets/reviews-2026").json() == again.json()
    assert [each["name"] for each in kept.get("/v1/datasets").json()["items"]] == ["reviews-2026"]
    assert kept.delete("/v1/datasets/reviews-2026").status_code == 204
    gone = kept.get("/v1/datasets/reviews-2026")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert "PUT /v1/datasets" in gone.json()["detail"]


@pytest.mark.parametrize(
    "name",
    [
        "..", "%2e%2e", "%2e%2e%2fetc", "a..b", ".hidden", "-x", "Shop", "shop%20two", "shop%00", "%E2%80%AE",
        "x" * 101, "'; DROP TABLE records; --", "{{7*7}}", "a%2Fb", "con%5Caux",
    ],
)  # fmt: skip
def test_odd_and_path_like_names_are_refused_and_not_repeated(kept: Kept, name: str) -> None:
    answer = kept.put(f"/v1/datasets/{name}", json={})
    assert answer.status_code in {404, 405, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "DROP" not in answer.text
    assert kept.get("/v1/datasets").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"retention_days": 0}, "retention_days"), ({"title": 7}, "title"), ({"secretword": 1}, "another field"),
        ({"columns": {"secretword": "x"}}, ""), ({"columns": {"rating": "secretword"}}, "LOW-HIGH"), ({"columns": {"text_column": {"a": "secretword"}}}, ""),
    ],
)  # fmt: skip
def test_a_data_set_that_cannot_be_is_refused(kept: Kept, body: dict[str, Any], named: str) -> None:
    answer = kept.put("/v1/datasets/shop", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert named in answer.text
    assert "secretword" not in answer.text


def test_records_as_json_are_stored_masked_and_once(shop: Kept) -> None:
    rows = as_records(12)
    rows[3]["text"] = "It broke. Write to jane.roe@example.com, please."
    job = shop.records("shop", rows)
    assert (job["state"], job["kind"], job["counts"]["stored"]) == ("done", "ingest", 12), job["errors"]
    found = stored(shop)
    assert [each["record_id"] for each in found] == [row["id"] for row in rows]
    assert found[0]["ratings"] == {"nps": rows[0]["ratings"]["nps"]}
    assert found[0]["attributes"] == rows[0]["attributes"]
    assert found[0]["created_at"].startswith(rows[0]["created_at"])
    assert "jane.roe" not in json.dumps(found)
    again = shop.records("shop", [*rows, *as_records(1, first=50)])
    assert (again["counts"]["stored"], again["counts"]["unchanged"]) == (1, 12)
    assert len(stored(shop)) == 13
    assert spool_of(shop) == []


def test_a_record_is_the_same_whatever_else_is_sent_with_it(shop: Kept) -> None:
    alone = {"id": "a", "text": "Great food."}
    other = {"text": "Slow.", "ratings": {"csat": 2}, "attributes": {"city": "Oslo"}, "touchpoint": "app"}
    assert shop.records("shop", [alone])["counts"]["stored"] == 1
    both = shop.records("shop", [other, alone])
    assert (both["counts"]["stored"], both["counts"]["unchanged"]) == (1, 1)
    assert shop.records("shop", [other])["counts"]["unchanged"] == 1


def test_one_record_alone_is_understood(shop: Kept) -> None:
    job = shop.records("shop", [{"text": "The app crashes whenever I pay."}])
    assert (job["state"], job["counts"]["stored"]) == ("done", 1), job["errors"]
    assert stored(shop)[0]["label"] is not None


def test_a_csv_file_is_read_by_what_its_columns_are_called_and_what_is_said(shop: Kept) -> None:
    answer = shop.post(
        "/v1/datasets/shop/records",
        params={"text_column": "comment", "id_column": "id", "rating": "nps=nps:0-10", "filename": "../may.csv"},
        content=as_csv(some_rows(30)), headers=CSV,
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    job = shop.over(answer.json())
    assert (job["state"], job["counts"]["stored"]) == ("done", 30), job["errors"]
    assert {each["record_id"] for each in stored(shop)} == {f"f{number}" for number in range(30)}


def test_a_gzipped_jsonl_file_and_json_of_the_same_data_set_agree(shop: Kept) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in some_rows(20)).encode()
    answer = shop.post(
        "/v1/datasets/shop/records", content=gzip.compress(lines),
        headers={"content-type": "application/x-ndjson", "content-encoding": "gzip"},
    )  # fmt: skip
    assert shop.over(answer.json())["counts"]["stored"] == 20
    assert shop.records("shop", as_records(5, first=30))["counts"]["stored"] == 5


def test_a_file_streams_in_piece_by_piece(shop: Kept) -> None:
    rows = as_csv(some_rows(40))

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(rows), 700):
            yield rows[start : start + 700]
            time.sleep(0.002)

    answer = shop.post("/v1/datasets/shop/records", content=slowly(), headers=CSV)
    assert shop.over(answer.json())["counts"]["stored"] == 40


def test_the_same_idempotency_key_gives_the_same_job(shop: Kept) -> None:
    def send(count: int, key: str) -> httpx.Response:
        return shop.post(
            "/v1/datasets/shop/records", json={"records": as_records(count)}, headers={"idempotency-key": key}
        )

    first = send(3, "may")
    assert send(3, "may").json()["id"] == first.json()["id"]
    other = send(4, "may")
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert send(3, "june").json()["id"] != first.json()["id"]
    assert send(3, "two words").status_code == 422
    shop.over(first.json())
    assert len(stored(shop)) == 3


def test_nothing_of_a_refused_upload_stays(shop: Kept) -> None:
    where = "/v1/datasets/shop/records"
    for answer, status in (
        (shop.post(where, content=b"", headers=CSV), 422),
        (shop.post(where, content=b"id,comment\n", headers={"content-type": "application/pdf"}), 415),
        (shop.post(where, content=b"{", headers={"content-type": "application/json"}), 400),
        (shop.post(where, json={"records": []}), 422),
        (shop.post(where, json={"records": [{"text": "x"}] * 1001}), 422),
        (shop.post(where, json={"records": [{"text": "x" * 200_001}]}), 422),
        (shop.post(where, json={"records": [{"text": "x"}]}, params={"text_column": "x"}), 422),
        (shop.post(where, content=b"x", headers=CSV, params={"no_such": "x"}), 422),
        (shop.post("/v1/datasets/none/records", content=b"id,comment\n", headers=CSV), 404),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert spool_of(shop) == []
    assert shop.get("/v1/jobs", params={"dataset": "shop"}).json()["items"] == []


@pytest.mark.parametrize(
    "record",
    [
        {"text": 7}, {}, {"text": "x", "created_at": "31/05/2026"}, {"text": "x", "source": "secretword"},
        {"text": "x", "ratings": {"secretword": "high"}}, {"text": "x", "ratings": {"a=b:1-5": 3}},
        {"text": "x", "attributes": {"secretword": ["x"]}}, {"text": "x", "secretword": 1}, {"text": "x", "id": ""},
        {"text": "x", "ratings": {"secretword": 3}}, {"text": "x", "customer_value": "much"},
        {"text": "x", "ratings": {"nps": 11}}, {"text": "x", "ratings": {"csat": 0}},
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_is_refused_without_repeating_it(shop: Kept, record: dict[str, Any]) -> None:
    answer = shop.post("/v1/datasets/shop/records", json={"records": [record]})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert "secretword" not in answer.text


def test_a_caller_who_hangs_up_leaves_nothing(shop: Kept) -> None:
    url = shop.base_url
    with socket.create_connection((url.host, url.port)) as line:
        line.sendall(
            b"POST /v1/datasets/shop/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
            b"Content-Length: 1000000\r\n\r\nid,comment\n1,half of it"
        )
        until = time.monotonic() + 10
        while not spool_of(shop) and time.monotonic() < until:
            time.sleep(0.01)
        assert spool_of(shop)
    while spool_of(shop) and time.monotonic() < until:
        time.sleep(0.01)
    assert spool_of(shop) == []
    assert shop.get("/v1/jobs", params={"dataset": "shop"}).json()["items"] == []


def test_a_file_that_no_job_could_read_is_refused_at_once(shop: Kept) -> None:
    wide = io.StringIO()
    csv.writer(wide).writerows([[f"c{number}" for number in range(10_000)], ["1"] * 10_000])
    for content, said in ((wide.getvalue().encode(), "10,000 columns"), (b"\x89PNG\r\n\x1a\n\0\0\0", "cannot be read")):
        answer = shop.post("/v1/datasets/shop/records", content=content, headers=CSV)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
        assert said in answer.json()["detail"]
    assert spool_of(shop) == []


def test_a_file_without_customers_words_fails_its_job_and_says_why(shop: Kept) -> None:
    answer = shop.post("/v1/datasets/shop/records", content=b"a,b\n1,2\n3,4\n", headers=CSV)
    job = shop.over(answer.json())
    assert (job["state"], job["errors"][0]["code"]) == ("failed", "no_text_column")
    assert stored(shop) == []
    again = shop.patch(f"/v1/jobs/{job['id']}", json={"state": "queued"})
    assert (again.status_code, again.json()["attempt"]) == (202, 2)
    assert shop.over(job)["state"] == "failed"


def test_a_record_is_shown_with_its_segments_whatever_its_id(shop: Kept) -> None:
    shop.records("shop", [{"id": "a/b c?", "text": "The zip broke. Support never answered."}])
    found = shop.get("/v1/datasets/shop/records/a%2Fb%20c%3F")
    assert found.status_code == 200, found.text
    record = found.json()
    assert record["record_id"] == "a/b c?"
    for segment in record["segments"]:
        assert record["text"][segment["start"] : segment["end"]] == segment["text"]
    assert shop.get("/v1/datasets/shop/records/none").status_code == 404
