from __future__ import annotations

import json
from typing import TYPE_CHECKING

from keeping import as_records

if TYPE_CHECKING:
    from keeping import Kept


def test_a_respondent_is_erased_everywhere_and_a_receipt_remains(kept: Kept) -> None:
    for name in ("shop", "app"):
        kept.put(f"/v1/datasets/{name}", json={})
        kept.records(name, as_records(60))
    kept.analyzed("shop")
    everything = kept.get("/v1/records", params={"dataset": "shop", "limit": 1000}).json()["items"]
    gone = {f"f{number}" for number in (12, 13, 14)}  # customer-4
    assert len({row["respondent_id"] for row in everything if row["record_id"] in gone}) == 1
    answer = kept.delete("/v1/respondents/customer-4")
    assert answer.status_code == 200, answer.text
    receipt = answer.json()
    assert (receipt["removed"]["records"], receipt["removed"]["datasets"]) == (6, 2)
    assert "customer-4" not in answer.text
    assert kept.get(f"/v1/receipts/{receipt['id']}").json() == receipt
    for name in ("shop", "app"):
        left = kept.get("/v1/records", params={"dataset": name, "limit": 1000}).json()["items"]
        assert len(left) == 57
        assert not gone & {row["record_id"] for row in left}
    for kind in ("themes", "pain-points"):
        quoted = json.dumps(kept.get(f"/v1/{kind}", params={"dataset": "shop"}).json())
        assert not any(f'"{name}"' in quoted for name in gone)
    kept.analyzed("shop")
    assert kept.delete("/v1/respondents/customer-4").json()["removed"]["records"] == 0


def test_a_respondent_is_erased_by_pseudonym_and_by_an_odd_id(kept: Kept) -> None:
    kept.put("/v1/datasets/odd", json={})
    kept.records(
        "odd",
        [
            {"id": "a", "text": "It broke.", "respondent": "jane@example.com/1"},
            {"id": "b", "text": "Fine.", "respondent": "joe"},
        ],
    )
    rows = kept.get("/v1/records", params={"dataset": "odd"}).json()["items"]
    assert kept.delete("/v1/respondents/jane%40example.com%2F1").json()["removed"]["records"] == 1
    assert kept.delete(f"/v1/respondents/{rows[1]['respondent_id']}").json()["removed"]["records"] == 1
    assert kept.get("/v1/records", params={"dataset": "odd"}).json()["items"] == []


def test_nobody_is_no_respondent(kept: Kept) -> None:
    for name in ("%20", "%00", "x" * 1001):
        answer = kept.delete(f"/v1/respondents/{name}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert kept.get("/v1/receipts/none").status_code == 404
