"""analysis.json and its published schema."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import polars as pl
import pytest
from builders import an_analysis, an_empty_analysis
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.analysis import SCHEMA_VERSION, Analysis
from textcx.domain.feedback import Reason
from textcx.domain.tables import SCHEMAS
from textcx.reports.json_document import TABLES, plain, schema, to_document, to_json

ANALYSES = {
    "full": an_analysis(120),
    "bare": an_analysis(30, dates=False, ratings=(), themes=0),
    "empty": an_empty_analysis(),
}


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_every_document_fits_the_published_schema(name: str) -> None:
    jsonschema.Draft202012Validator(schema()).validate(to_document(ANALYSES[name]))


def test_the_published_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_schema_describes_every_column_of_the_tables_it_holds() -> None:
    told = schema()
    for table in TABLES:
        if table in SCHEMAS:
            definition = told["properties"][table]["items"]["$ref"].rsplit("/", 1)[1]
            assert set(told["$defs"][definition]["properties"]) >= set(SCHEMAS[table].names()), table


def test_the_schema_describes_every_property_in_words() -> None:
    def undescribed(part: object, path: str) -> list[str]:
        if isinstance(part, list):
            return [found for n, item in enumerate(part) for found in undescribed(item, f"{path}[{n}]")]
        if not isinstance(part, dict):
            return []
        found = [
            f"{path}.{name}"
            for name, item in part.get("properties", {}).items()
            if "description" not in item and "$ref" not in item and "anyOf" not in item
        ]
        return found + [deep for name, item in part.items() for deep in undescribed(item, f"{path}.{name}")]

    assert undescribed(schema(), "") == []


def test_the_document_names_the_version_of_its_shape() -> None:
    assert to_document(ANALYSES["full"])["schema_version"] == SCHEMA_VERSION


def test_findings_stand_in_the_order_of_their_tables() -> None:
    document = to_document(ANALYSES["full"])
    assert [row["pain_point_id"] for row in document["pain_points"]] == ANALYSES["full"].pain_points[
        "pain_point_id"
    ].to_list()


def test_the_document_holds_no_records() -> None:
    assert {"records", "segments", "mentions", "pains"} & set(to_document(ANALYSES["full"])) == set()


def test_unprocessable_records_add_up() -> None:
    document = to_document(ANALYSES["full"])
    assert document["unprocessable"]["total"] == sum(document["unprocessable"]["by_reason"].values())
    assert document["headline"]["records_in"] == document["headline"]["analyzed"] + document["unprocessable"]["total"]


def test_nan_and_infinity_become_null_wherever_they_hide() -> None:
    full = ANALYSES["full"]
    drivers = full.drivers.with_columns(effect=pl.lit(math.nan), ci_low=pl.lit(-math.inf))
    headline = {**full.headline, "mixed_share": math.nan}
    analysis = replace(full, tables={**full.tables, "drivers": drivers}, headline=headline)
    document = json.loads(to_json(analysis), parse_constant=lambda word: pytest.fail(f"{word} in the document"))
    assert document["drivers"][0]["effect"] is None
    assert document["drivers"][0]["ci_low"] is None
    assert document["headline"]["mixed_share"] is None


def test_keys_are_sorted_and_the_same_analysis_gives_the_same_bytes() -> None:
    full = ANALYSES["full"]
    turned = replace(full, headline=dict(reversed(full.headline.items())))
    assert to_json(turned) == to_json(full)
    assert list(json.loads(to_json(full))) == sorted(json.loads(to_json(full)))


def test_hostile_words_come_back_unchanged() -> None:
    words = 'He said "no" </script>\u2028 שלום 😡 \\'
    analysis: Analysis = an_analysis(5, words=(words,))
    statements = [row["statement"] for row in json.loads(to_json(analysis))["pain_points"]]
    assert any(words in statement for statement in statements)


def test_dates_are_iso_8601_in_utc() -> None:
    moment = datetime(2026, 3, 4, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    assert plain(moment) == "2026-03-04T10:30:00Z"
    assert plain(datetime(2026, 3, 4, tzinfo=UTC).date()) == "2026-03-04"


def test_enums_are_their_values() -> None:
    assert json.dumps(plain({"reason": Reason.EMPTY})) == '{"reason": "empty"}'


@given(
    st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text()), st.lists, max_leaves=20)
)
def test_anything_plain_is_json(value: object) -> None:
    json.dumps(plain(value), allow_nan=False)
