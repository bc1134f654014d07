from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.feedback import FEEDBACK_SCHEMA
from textcx.steps.records.assemble import assemble, join_cells, pseudonym

KEY = b"k" * 32


def feedback(**columns: list) -> pl.DataFrame:
    height = max(len(values) for values in columns.values())
    filled = {name: columns.get(name, [None] * height) for name in FEEDBACK_SCHEMA}
    filled["row"] = list(range(height))
    more = {name: pl.Series(name, values) for name, values in columns.items() if name not in FEEDBACK_SCHEMA}
    return pl.DataFrame(filled, schema=FEEDBACK_SCHEMA).with_columns(**more)


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=5))
def test_the_span_of_a_cell_is_the_cell_as_received(cells: list[str | None]) -> None:
    verbatim, spans = join_cells(cells)
    assert [verbatim[span["start"] : span["end"]] for span in spans] == [cell for cell in cells if cell]
    assert [span["column"] for span in spans] == [index for index, cell in enumerate(cells) if cell]


def test_cells_are_joined_by_a_blank_line_and_empty_cells_leave_no_trace() -> None:
    assert join_cells(["Title", None, "", "Body"])[0] == "Title\n\nBody"


def test_a_respondent_gets_the_same_pseudonym_under_the_same_key_only() -> None:
    assert pseudonym("ann@example.com", key=KEY) == pseudonym(" ann@example.com ", key=KEY)
    assert pseudonym("ann@example.com", key=KEY) != pseudonym("ann@example.com", key=b"other")
    assert pseudonym(" ", key=KEY) is None


def test_no_column_of_a_record_holds_the_respondent_as_given() -> None:
    records = assemble(
        feedback(texts=[["fine"]], respondent=["ann@example.com"], given_id=["ann@example.com"]),
        number=0,
        respondent_key=KEY,
    )
    assert "ann@example.com" not in str(records.to_dicts())


def test_the_hash_tells_the_content_and_not_the_place() -> None:
    records = assemble(
        feedback(
            texts=[["a", "b"], ["a", "b"], ["ab"]], where=["x:1", "x:2", "x:3"], **{"rating:nps": [1.0, 1.0, 1.0]}
        ),
        number=0,
        respondent_key=KEY,
    )
    first, second, third = records["content_hash"]
    assert first == second != third
