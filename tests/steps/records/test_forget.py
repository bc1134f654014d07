from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from textcx.steps.records.forget import count_quotes, forget_records


def quote(record_id: str) -> dict[str, Any]:
    return {"record_id": record_id, "start": 0, "end": 4, "quote": "Late"}


def tables() -> dict[str, pl.DataFrame]:
    return {
        "records": pl.DataFrame({"record_id": ["a", "b"], "duplicate_of": [None, "a"]}),
        "pains": pl.DataFrame({
            "segment_id": ["a:0-4", "a:5-9", "b:0-4"], "record_id": ["a", "a", "b"],
            "statement": ["of a", "alone", "of b"], "severity": [0.9, 0.5, 0.4], "pain_point_id": ["p1", "p2", "p1"],
        }),
        "pain_points": pl.DataFrame({
            "pain_point_id": ["p1", "p2"], "statement": ["of a", "alone"], "evidence": [[quote("a"), quote("b")], [quote("a")]],
        }),
        "aspects": pl.DataFrame({"record_id": ["a", "b"], "aspect": ["of a", "of b"]}),
        "emerging": pl.DataFrame({"evidence": [[quote("b")]], "first_quotes": [[quote("a"), quote("b")]]}),
        "campaigns": pl.DataFrame({"record_id": ["a", "b"], "evidence": [[quote("a")], [quote("b")]]}),
        "journey": pl.DataFrame({"stage": ["use"], "segments": [3]}),
    }  # fmt: skip


def test_no_table_names_or_quotes_a_record_that_was_taken_out() -> None:
    left = forget_records(tables(), {"a"})
    assert left["records"].to_dicts() == [{"record_id": "b", "duplicate_of": None}]
    assert left["pains"]["record_id"].to_list() == ["b"]
    assert left["pain_points"]["evidence"].to_list() == [[quote("b")]]
    assert left["aspects"]["aspect"].to_list() == ["of b"]
    assert left["emerging"]["first_quotes"].to_list() == [[quote("b")]]
    assert left["campaigns"]["record_id"].to_list() == [None, "b"]
    assert left["campaigns"]["evidence"].to_list() == [[], [quote("b")]]
    assert count_quotes(tables()) - count_quotes(left) == 4


def test_a_pain_point_is_told_by_the_words_of_those_who_are_left() -> None:
    points = forget_records(tables(), {"a"})["pain_points"]
    assert points.select("pain_point_id", "statement").rows() == [("p1", "of b")]


@pytest.mark.parametrize(
    ("title", "aspect", "left"),
    [("Of a", "lift", "Lift"), ("Of a", None, "Of b"), ("Said by many", None, "Said by many")],
)
def test_a_title_in_words_that_go_goes_with_them(title: str, aspect: str | None, left: str) -> None:
    before = tables()
    named = {"title": pl.lit(title), "aspect": pl.lit(aspect, dtype=pl.String)}
    before["pain_points"] = before["pain_points"].with_columns(**named)
    assert forget_records(before, {"a"})["pain_points"]["title"].to_list() == [left]
    assert forget_records(before, {"b"})["pain_points"]["title"].to_list() == [title, title]


@pytest.mark.parametrize("pain_point_id", ["p2", None])
def test_a_title_in_words_that_go_goes_also_where_they_are_in_another_pain_point_or_in_none(
    pain_point_id: str | None,
) -> None:
    before = tables()
    before["pains"] = before["pains"].with_columns(
        pain_point_id=pl.Series(["p1", pain_point_id, "p1"]), statement=pl.Series(["of a", "too alone", "of b"])
    )
    before["pain_points"] = before["pain_points"].head(1).with_columns(title=pl.lit("Too alone"), aspect=pl.lit("lift"))
    assert forget_records(before, {"a"})["pain_points"]["title"].to_list() == ["Lift"]
    assert forget_records(before, {"b"})["pain_points"]["title"].to_list() == ["Too alone"]


def test_what_others_said_stays_as_it_was() -> None:
    before, left = tables(), forget_records(tables(), {"b"})
    assert left["pain_points"]["statement"].to_list() == ["of a", "alone"]
    assert left["journey"].equals(before["journey"])
    assert all(frame.equals(before[name]) for name, frame in forget_records(before, {"nobody"}).items())
