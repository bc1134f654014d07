from __future__ import annotations

import csv
import gzip
import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from databases import new_file
from keeping import as_records, keeping
from serving import serving

from api.schemas.scoring import ProblemDocument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from keeping import Kept

WORD = "zq7canary"
FRAGMENTS = ["'; DROP TABLE records; --", "{{7*7}}", "${jndi:x}", "../../etc/passwd", "%00", "a'||'b", "<script>"]
CSV = {"content-type": "text/csv"}


@pytest.fixture
def shop(kept: Kept) -> Iterator[Kept]:
    kept.put("/v1/datasets/shop", json={}).raise_for_status()
    yield kept
    kept.delete("/v1/datasets/shop")


def records(client: Kept) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/records", params={"dataset": "shop", "limit": 1000}).json()["items"]
    return found


def spooled(client: Kept) -> list[str]:
    return [path.name for path in client.app.state.services.settings.spool.iterdir()]


def test_the_same_id_twice_in_an_upload_keeps_both_records_apart(shop: Kept) -> None:
    job = shop.records(
        "shop", [{"id": "a", "text": "Great food."}, {"id": "a", "text": "Slow."}, {"id": "a", "text": "Slow."}]
    )
    assert (job["state"], job["counts"]["stored"], job["counts"]["renamed"]) == ("done", 2, 1), job
    found = {each["record_id"]: each["text"] for each in records(shop)}
    assert sorted(found.values()) == ["Great food.", "Slow."]
    assert "a" in found


def test_empty_texts_are_counted_and_keep_nothing_back(shop: Kept) -> None:
    job = shop.records("shop", [{"text": ""}, {"id": "n", "text": None}, {"text": "   \n"}, {"text": "Great food."}])
    assert (job["state"], job["counts"]["read"], job["counts"]["unprocessable"]) == ("done", 4, 3), job
    assert [each["text"] for each in records(shop) if each["reason"] is None] == ["Great food."]


def test_a_text_of_three_megabytes_in_a_file_fails_no_other_record(shop: Kept) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["id", "comment"], ["a", "bad " * 750_000], ["b", "Great food."], ["c", "Slow."]])
    job = shop.over(shop.post("/v1/datasets/shop/records", content=out.getvalue().encode(), headers=CSV).json())
    assert job["state"] == "done", job["errors"]
    assert {"b", "c"} <= {each["record_id"] for each in records(shop) if each["reason"] is None}


def test_an_upload_that_unfolds_beyond_the_limit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    bomb = gzip.compress(b"id,comment\n" + b"1,x\n" * 500_000)
    limits = {"max_decompressed_file_bytes": 1_000_000, "run_jobs": False}
    with keeping(new_file(tmp_path / "textcx.db"), tmp_path, **limits) as client:
        client.put("/v1/datasets/shop", json={})
        answer = client.post(
            "/v1/datasets/shop/records", content=bomb, headers={**CSV, "content-encoding": "gzip"}
        )  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert spooled(client) == []
        assert client.get("/v1/jobs").json()["items"] == []


def test_fragments_of_other_languages_are_names_like_any_other(shop: Kept) -> None:
    sent = [{"id": name, "text": "It broke. When do I get a refund?", "respondent": name} for name in FRAGMENTS]
    assert shop.records("shop", sent)["counts"]["stored"] == len(FRAGMENTS)
    assert sorted(each["record_id"] for each in records(shop)) == sorted(FRAGMENTS)
    for name in FRAGMENTS:
        found = shop.get("/v1/datasets/shop/triage", params={"assignee": name, "status": "all"})
        assert (found.status_code, found.json()["items"]) == (200, []), found.text
        assert shop.post("/v1/jobs", json={"kind": "analyze", "dataset": name}).status_code == 422


def test_a_cursor_of_another_queue_is_refused(shop: Kept) -> None:
    shop.records("shop", [{"id": f"r{n}", "text": "They charged me twice. When do I get a refund?"} for n in range(3)])
    page = shop.get("/v1/datasets/shop/triage", params={"limit": 1}).json()
    for params in ({"status": "all"}, {"urgent": "true"}, {"assignee": "Ana"}):
        asked = {"limit": 1, "cursor": page["next_cursor"], **params}
        answer = shop.get("/v1/datasets/shop/triage", params=asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor"), answer.text


def test_the_same_records_sent_at_once_are_stored_once(shop: Kept) -> None:
    def send(_: int) -> dict[str, Any]:
        return shop.records("shop", as_records(15))

    with ThreadPoolExecutor(4) as several:
        jobs = list(several.map(send, range(4)))
    assert {job["state"] for job in jobs} == {"done"}
    assert sum(job["counts"]["stored"] for job in jobs) == 15
    assert len(records(shop)) == 15


def test_no_route_repeats_in_an_error_what_it_was_sent(shop: Kept, capfd: pytest.CaptureFixture[str]) -> None:
    document = shop.get("/openapi.json").json()
    errors = 0
    for path, operations in document["paths"].items():
        for method in operations:
            where = path.format_map(
                dict.fromkeys(("job_id", "webhook_id", "receipt_id", "respondent", "record_id"), WORD)
                | {"name": "shop"}
            )
            for answer in (
                shop.request(method, where, params={WORD: WORD, "cursor": WORD, "limit": WORD, "dataset": WORD}),
                shop.request(method, where, json={WORD: WORD, "records": [{WORD: WORD}], "items": WORD, "kind": WORD, "inputs": {WORD: 1}}),
                shop.request(method, where, content=WORD.encode(), headers={"content-type": f"application/{WORD}", "idempotency-key": f"{WORD} 1"}),
                shop.request(method, where, content=WORD.encode(), headers={"content-encoding": WORD, "x-amz-target": WORD}),
                shop.request(method, where, headers={"x-api-key": f"tcx_{WORD}"}),
            ):  # fmt: skip
                assert answer.status_code < 500, (method, path, answer.text)
                if answer.is_error:
                    errors += 1
                    assert WORD not in answer.text.lower() + str(answer.headers).lower(), (method, path, answer.text)
    assert errors > 100
    assert WORD not in "".join(capfd.readouterr())
    shop.put("/v1/datasets/shop", json={})


def test_a_method_that_a_path_does_not_have_is_told_all_that_it_has(service: httpx.Client) -> None:
    answer = service.options("/v1/datasets/shop")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PUT")
    assert service.put("/v1/datasets/shop/triage/a/b").headers["allow"] == "GET, PATCH"
    assert ProblemDocument.model_validate(answer.json()).code == "method_not_allowed"


def test_errors_of_the_drop_in_for_comprehend_are_of_its_own_kind(service: httpx.Client) -> None:
    for answer, status in (
        (service.post("/compat/comprehend", json={}), 400),
        (service.get("/compat/comprehend"), 405),
        (service.post("/compat/comprehend", content=b"{", headers={"x-amz-target": "Comprehend_20171127.DetectSentiment"}), 400),
    ):  # fmt: skip
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/x-amz-json-1.1"
        assert answer.json()["__type"]


def test_a_body_within_its_limit_of_odd_json_is_refused_kindly() -> None:
    with serving(max_body_bytes=1_000_000) as client:
        for body in (
            b"[" * 100_000,
            b'{"text": ' + b"9" * 5000 + b"}",
            b'{"text": NaN}',
            b'{"a":' * 5000,
            b"\xff\xfe{}",
            b"null",
        ):
            answer = client.post("/v1/sentiment", content=body, headers={"content-type": "application/json"})
            assert answer.status_code in {400, 422}, body[:20]
            assert answer.headers["content-type"] == "application/problem+json"
