from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from keeping import as_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keeping import Kept

BAD = "They charged my card twice and nobody answers. The app crashes. When do I get a refund?"


@pytest.fixture(scope="module")
def shop(kept_anywhere: Kept) -> Iterator[Kept]:
    """The service with a data set in which some records need a person."""
    client = kept_anywhere
    client.put("/v1/datasets/shop", json={})
    client.records("shop", as_records(60))
    client.records("shop", [{"id": "x/1", "text": BAD, "respondent": "customer-0", "customer_value": 900}])
    client.records("shop", [{"id": "h/1", "text": BAD + " Twice."}])
    yield client
    client.delete("/v1/datasets/shop")


def queue(client: Kept, **params: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/datasets/shop/triage", params={"limit": 1000, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_queue_is_most_urgent_first_and_says_why(shop: Kept) -> None:
    entries = queue(shop)
    assert [entry["score"] for entry in entries] == sorted((entry["score"] for entry in entries), reverse=True)
    entry = next(entry for entry in entries if entry["record_id"] == "x/1")
    assert entry["status"] == "open"
    assert entry["score"] == pytest.approx(sum(reason["points"] for reason in entry["reasons"]), abs=0.11)
    assert {"severity", "unanswered question"} <= {reason["kind"] for reason in entry["reasons"]}


def test_pages_of_the_queue_joined_are_the_queue(shop: Kept) -> None:
    whole = queue(shop)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = shop.get("/v1/datasets/shop/triage", params={"limit": 3, **cursor}).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(whole) > 3
    assert seen == whole


def test_an_entry_is_changed_and_its_history_kept(shop: Kept) -> None:
    where = "/v1/datasets/shop/triage/h%2F1"
    first = shop.patch(where, json={"status": "in_progress", "assignee": "Ana", "note": "called back"})
    assert first.status_code == 200, first.text
    assert (first.json()["status"], first.json()["assignee"], first.json()["note"]) == (
        "in_progress",
        "Ana",
        "called back",
    )
    second = shop.patch(where, json={"assignee": None}).json()
    assert (second["status"], second["assignee"], second["note"]) == ("in_progress", None, "called back")
    assert [change["changes"] for change in second["history"]] == [
        {"status": ["open", "in_progress"], "assignee": [None, "Ana"], "note": [None, "called back"]},
        {"assignee": ["Ana", None]},
    ]
    assert shop.get(where).json() == second
    assert {entry["record_id"] for entry in queue(shop, status="in_progress")} == {"h/1"}
    assert "h/1" not in {entry["record_id"] for entry in queue(shop)}
    assert len(queue(shop, status="all")) == len(queue(shop)) + 1
    shop.patch(where, json={"status": "open"})


@pytest.mark.parametrize(
    "body",
    [{}, {"status": "gone"}, {"status": None}, {"assignee": "x" * 201}, {"note": "x" * 5000}, {"secretword": 1}, {"assignee": "a\0"}],
)  # fmt: skip
def test_a_change_that_cannot_be_is_refused(shop: Kept, body: dict[str, Any]) -> None:
    answer = shop.patch("/v1/datasets/shop/triage/x%2F1", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert "secretword" not in answer.text


def test_what_is_not_in_the_queue_is_not_found(shop: Kept) -> None:
    for path in ("/v1/datasets/shop/triage/none", "/v1/datasets/none/triage/x", "/v1/datasets/none/triage"):
        assert shop.get(path).status_code == 404
    assert shop.patch("/v1/datasets/shop/triage/none", json={"status": "done"}).status_code == 404


def test_the_queue_as_a_sheet_has_no_formula(shop: Kept) -> None:
    shop.patch("/v1/datasets/shop/triage/x%2F1", json={"note": '=HYPERLINK("http://x")'})
    answer = shop.get("/v1/datasets/shop/triage", params={"format": "csv", "limit": 1000})
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == len(queue(shop))
    assert next(row for row in rows if row["record_id"] == "x/1")["note"].startswith("'=")
    assert "asks a question (2)" in answer.text
