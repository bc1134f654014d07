"""A column of a result table is declared in ``textcx.domain.tables``; whatever shows it again agrees with that."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from textcx.domain.encoding import EMOTIONS
from textcx.domain.tables import EVIDENCE, REDACTIONS, SCHEMAS, STAGES, TREND, UTC
from textcx.store.sql.schema.tables import FINDINGS, SEGMENT
from textcx_client.answers import findings as answers

PAGE = (Path(__file__).parents[1] / "docs" / "tables.md").read_text(encoding="utf-8")
TYPES: dict[str, Any] = {
    "String": pl.String,
    "Float64": pl.Float64,
    "Int64": pl.Int64,
    "Boolean": pl.Boolean,
    "Datetime, UTC": UTC,
    "List of String": pl.List(pl.String),
    "List of {start, end, kind}": REDACTIONS,
    "List of {stage, records}": STAGES,
    "evidence": EVIDENCE,
    "trend": TREND,
}
FOUND_BESIDE = {"themes": {"trend": TREND}, "trends": {"complete": pl.Boolean}}
"""Columns that are made later than the others of their table."""


def documented(table: str) -> dict[str, str]:
    """Return the columns of a table in ``docs/tables.md``, and the type that is given for each."""
    section = PAGE.partition(f"## {table}: ")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (`[^|]*) \| ([^|]*?) ?\|", section, flags=re.MULTILINE)
    return {name: kind.strip() for names, kind in lines for name in re.findall(r"`(\w+)`", names)}


@pytest.mark.parametrize("table", SCHEMAS)
def test_the_documents_name_the_columns_and_types_of_each_table(table: str) -> None:
    declared = {**SCHEMAS[table], **FOUND_BESIDE.get(table, {})}
    told = documented(table)
    assert set(told) == set(declared)
    assert {name: TYPES[kind] for name, kind in told.items() if kind} == {
        name: kind for name, kind in declared.items() if told[name]
    }


@pytest.mark.parametrize(
    ("answer", "columns"),
    [
        (answers.Theme, {*FINDINGS["themes"].c.keys(), "share_ci_low", "share_ci_high"}),
        (answers.PainPoint, FINDINGS["pain_points"].c.keys()),
        (answers.Stage, FINDINGS["journey"].c.keys()),
        (answers.Driver, FINDINGS["drivers"].c.keys()),
        (answers.Rating, FINDINGS["ratings"].c.keys()),
        (answers.Trend, FINDINGS["trends"].c.keys()),
        (answers.RecordSegment, set(SEGMENT) - {f"p_{emotion}" for emotion in EMOTIONS}),
        (answers.KeptRecord, {*SCHEMAS["records"], "ratings", "attributes", "reason", "received_at"} - {"windows"}),
    ],
)
def test_the_service_answers_with_the_columns_of_each_table(answer: Any, columns: set[str]) -> None:
    assert {each.name for each in fields(answer)} == set(columns) - {"analysis_id", "place"}
