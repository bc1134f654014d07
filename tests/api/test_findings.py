from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from keeping import as_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from keeping import Kept

KINDS = ("themes", "pain-points", "journey", "drivers", "ratings", "trends", "records")
FORMULA = "=cmd|'/c calc'!A0 was what the app showed when it crashed."


@pytest.fixture(scope="module")
def shop(kept_anywhere: Kept) -> Iterator[Kept]:
    """The service with an analyzed data set, and one that was not analyzed."""
    client = kept_anywhere
    for name in ("shop", "raw"):
        client.put(f"/v1/datasets/{name}", json={})
    rows = as_records(120)
    for row in rows[:60]:
        row["source"] = "support"
    rows[7]["text"] = FORMULA
    client.records("shop", rows)
    client.analyzed("shop")
    yield client
    for name in ("shop", "raw"):
        client.delete(f"/v1/datasets/{name}")


def found(client: Kept, kind: str, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/{kind}", params={"dataset": "shop", **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def sheet(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_finding_is_given_as_json_and_as_a_sheet(shop: Kept, kind: str) -> None:
    items = found(shop, kind, limit=1000)
    answer = shop.get(f"/v1/{kind}", params={"dataset": "shop", "format": "csv"})
    rows = sheet(answer)
    assert f'filename="shop-{kind}.csv"' in answer.headers["content-disposition"]
    assert len(rows) == len(items)
    if items:
        assert list(rows[0]) == list(items[0])
    if kind in {"themes", "journey", "records", "trends", "ratings"}:
        assert items


@pytest.mark.parametrize("kind", ["records", "trends", "themes"])
def test_pages_joined_are_the_whole_answer(shop: Kept, kind: str) -> None:
    whole = found(shop, kind, limit=1000)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = shop.get(f"/v1/{kind}", params={"dataset": "shop", "limit": 7, **cursor}).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == whole


def test_a_cursor_of_another_question_is_refused(shop: Kept) -> None:
    cursor = shop.get("/v1/records", params={"dataset": "shop", "limit": 5}).json()["next_cursor"]
    for kind, params in (("records", {"label": "negative"}), ("trends", {}), ("records", {"cursor": cursor + "x"})):
        asked = {"dataset": "shop", "limit": 5, "cursor": cursor, **params}
        answer = shop.get(f"/v1/{kind}", params=asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_no_cell_of_a_sheet_is_a_formula(shop: Kept) -> None:
    rows = sheet(shop.get("/v1/records", params={"dataset": "shop", "format": "csv"}))
    assert len(rows) == 120
    assert rows[7]["text"] == f"'{FORMULA}"
    for row in rows:
        assert not any(value[:1] in "=+@" for name, value in row.items() if name == "text" and value)
    assert any(float(row["polarity"]) < 0 for row in rows if row["polarity"])


def test_records_are_filtered_by_everything_that_tells_them_apart(shop: Kept) -> None:
    everything = found(shop, "records", limit=1000)

    def expect(wanted: Any, **params: Any) -> None:
        ids = {row["record_id"] for row in everything if wanted(row)}
        assert ids
        assert {row["record_id"] for row in found(shop, "records", limit=1000, **params)} == ids

    expect(lambda row: row["source"] == "support", source="support")
    expect(lambda row: row["label"] == "negative", label="negative")
    expect(lambda row: row["attributes"]["plan"] == "pro", attribute="plan=pro")
    expect(lambda row: "2026-02-01" <= row["created_at"] < "2026-04-01", since="2026-02-01", until="2026-04-01")
    expect(
        lambda row: row["source"] == "support" and row["attributes"]["plan"] == "free",
        source="support", attribute="plan=free",
    )  # fmt: skip


def test_themes_are_counted_again_over_the_records_that_fit(shop: Kept) -> None:
    whole = {theme["theme_id"]: theme for theme in found(shop, "themes")}
    some = {theme["theme_id"]: theme for theme in found(shop, "themes", source="support")}
    assert some
    assert set(some) <= set(whole)
    for name, theme in some.items():
        assert theme["records"] <= whole[name]["records"]
        assert theme["name"] == whole[name]["name"]
        assert theme["trend"] is None
    stage = found(shop, "journey")[0]["stage"]
    assert all(row["stage"] == stage for row in found(shop, "journey", stage=stage))


def test_quotes_are_what_their_records_say(shop: Kept) -> None:
    texts = {row["record_id"]: row["text"] for row in found(shop, "records", limit=1000)}
    quotes = [quote for theme in found(shop, "themes") for quote in theme["evidence"]]
    assert quotes
    for quote in quotes:
        assert texts[quote["record_id"]][quote["start"] : quote["end"]] == quote["quote"]


def test_trends_are_asked_for_by_measure_and_time(shop: Kept) -> None:
    everything = found(shop, "trends", limit=1000)
    measure = everything[0]["measure"]
    assert {row["measure"] for row in found(shop, "trends", measure=measure, limit=1000)} == {measure}
    assert len(found(shop, "trends", since="2026-06-01", limit=1000)) < len(everything)


def test_what_was_not_analyzed_has_records_and_no_findings(shop: Kept) -> None:
    answer = shop.get("/v1/themes", params={"dataset": "raw"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "POST /v1/jobs" in answer.json()["detail"]
    assert shop.get("/v1/records", params={"dataset": "raw"}).json() == {"items": [], "next_cursor": None}
    empty = shop.get("/v1/records", params={"dataset": "raw", "format": "csv"})
    assert "record_id" in empty.text


@pytest.mark.parametrize(
    "params",
    [
        {"dataset": "../x"}, {"dataset": ""}, {"limit": 0}, {"limit": 1001}, {"since": "yesterday"}, {"since": "0001-01-01"},
        {"since": "9999-12-31T23:59:59-14:00"}, {"label": "cross"}, {"attribute": "secretword"}, {"attribute": 'a"b=c'},
        {"attribute": "=x"}, {"source": "a\0b"}, {"theme": "\0"}, {"format": "xml"}, {"secretword": "1"},
        {"cursor": "x" * 4001}, {"attribute": ["a=b"] * 11}, {"source": ""},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["records", "themes"])
def test_questions_that_cannot_be_are_refused_and_not_repeated(shop: Kept, kind: str, params: dict[str, Any]) -> None:
    answer = shop.get(f"/v1/{kind}", params={"dataset": "shop", **params})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert "secretword" not in answer.text


@pytest.mark.parametrize("value", ["'; DROP TABLE records; --", "%", "{{7*7}}", "$.x", "a.b[0]", "\u202e", "x" * 190])
def test_odd_values_find_nothing_and_break_nothing(shop: Kept, value: str) -> None:
    for params in (
        {"source": value},
        {"theme": value},
        {"stage": value},
        {"attribute": f"plan={value}"},
        {"attribute": f"{value}=x"},
    ):
        for kind in ("records", "themes"):
            assert found(shop, kind, **params) == []
    assert len(found(shop, "records", limit=1000)) == 120


def test_drivers_are_not_asked_for_by_record(shop: Kept) -> None:
    for params in ({"since": "2026-01-01"}, {"label": "negative"}):
        assert shop.get("/v1/drivers", params={"dataset": "shop", **params}).status_code == 422
    drivers = found(shop, "drivers", rating="nps")
    assert all(row["rating"] == "nps" for row in drivers)
    assert json.dumps(drivers)
