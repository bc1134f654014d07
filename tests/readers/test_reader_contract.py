"""One suite over every reader: the same rows, the same order, the same numbers, whatever the format."""

from __future__ import annotations

import gzip
import io
import json
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
import xlsxwriter

from textcx.domain.feedback import FEEDBACK_SCHEMA, ColumnOverrides
from textcx.readers import open_feedback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textcx.ports import FeedbackReader

ROWS = 37
NO_OVERRIDES = ColumnOverrides()


def records() -> list[dict[str, str | None]]:
    return [
        {
            "Response ID": f"R-{number:03}",
            "Submitted at": f"2025-{number % 12 + 1:02}-{number % 28 + 1:02} 08:30:00",
            "What could we do better?": None
            if number % 9 == 4
            else f'Parcel {number} came late,\n"again", and nobody said why ☂',
            "How likely are you to recommend us?": str(number % 11),
            "Region": ["North", "South", "Islands"][number % 3],
            "Customer ID": f"C{number % 20}",
        }
        for number in range(ROWS)
    ]


def write_csv(folder: Path) -> Path:
    path = folder / "answers.csv"
    pl.DataFrame(records()).write_csv(path)
    return path


def write_tsv_gz(folder: Path) -> Path:
    path = folder / "answers.tsv.gz"
    path.write_bytes(gzip.compress(pl.DataFrame(records()).write_csv(separator="\t").encode()))
    return path


def write_utf16(folder: Path) -> Path:
    path = folder / "answers.csv"
    path.write_bytes(pl.DataFrame(records()).write_csv(separator=";").encode("utf-16"))
    return path


def write_jsonl(folder: Path) -> Path:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records()), encoding="utf-8")
    return path


def write_jsonl_gz(folder: Path) -> Path:
    path = folder / "answers.jsonl.gz"
    path.write_bytes(gzip.compress(write_jsonl(folder).read_bytes()))
    return path


def write_parquet(folder: Path) -> Path:
    path = folder / "answers.parquet"
    frame = pl.DataFrame(records()).with_columns(
        pl.col("Submitted at").str.to_datetime(), pl.col("How likely are you to recommend us?").cast(pl.Int64)
    )
    frame.write_parquet(path, row_group_size=10)
    return path


def write_xlsx(folder: Path) -> Path:
    path = folder / "answers.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover")
        sheet = book.add_worksheet("Answers")
        for line, cells in enumerate([list(records()[0]), *(record.values() for record in records())]):
            for column, cell in enumerate(cells):
                sheet.write(line, column, cell)
    return path


def in_memory(folder: Path) -> pl.DataFrame:
    assert folder.is_dir()
    return pl.DataFrame(records())


MAKERS = [write_csv, write_tsv_gz, write_utf16, write_jsonl, write_jsonl_gz, write_parquet, write_xlsx, in_memory]


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> FeedbackReader:
    make: Callable[[Path], Path | pl.DataFrame] = request.param
    return open_feedback(make(tmp_path), overrides=NO_OVERRIDES).starting_at(100)


def test_every_format_finds_the_same_columns(reader: FeedbackReader) -> None:
    plan = reader.plan
    assert [(text.column, text.question) for text in plan.text] == [("What could we do better?",) * 2]
    assert (plan.id, plan.date, plan.respondent) == ("Response ID", "Submitted at", "Customer ID")
    assert [rating.name for rating in plan.ratings] == ["nps"]
    assert plan.attributes == ("Region",)


def test_every_format_gives_the_same_values(reader: FeedbackReader) -> None:
    frame = pl.concat(batch.frame for batch in reader.batches(rows=8))
    assert frame["given_id"].to_list() == [record["Response ID"] for record in records()]
    assert [cells[0] for cells in frame["texts"]] == [record["What could we do better?"] for record in records()]
    assert frame["rating:nps"].to_list() == [float(number % 11) for number in range(ROWS)]
    assert frame["attribute:Region"].to_list() == [record["Region"] for record in records()]
    assert frame["created_at"].dt.strftime("%Y-%m-%d %H:%M:%S").to_list() == [r["Submitted at"] for r in records()]


def test_batches_have_the_declared_schema_and_keep_the_order(reader: FeedbackReader) -> None:
    batches = list(reader.batches(rows=10))
    assert [batch.frame.height for batch in batches] == [10, 10, 10, 7]
    for batch in batches:
        assert dict(list(batch.frame.schema.items())[: len(FEEDBACK_SCHEMA)]) == dict(FEEDBACK_SCHEMA)
    rows = [row for batch in batches for row in batch.frame["row"]]
    assert rows == list(range(100, 100 + ROWS))


@pytest.mark.parametrize("skip", [0, 1, 9, 10, 11, ROWS - 1, ROWS, ROWS + 5])
def test_skipping_resumes_at_the_same_rows(reader: FeedbackReader, skip: int) -> None:
    whole = [row for batch in reader.batches(rows=7) for row in batch.frame.iter_rows()]
    rest = [row for batch in reader.batches(rows=4, skip=skip) for row in batch.frame.iter_rows()]
    assert rest == whole[skip:]


def test_every_row_says_where_it_stands(reader: FeedbackReader) -> None:
    places = [where for batch in reader.batches(rows=50) for where in batch.frame["where"]]
    assert len(set(places)) == ROWS
    assert all(where.startswith(f"{reader.name}:") for where in places)


@pytest.mark.parametrize("make", [write_csv, write_tsv_gz, write_jsonl, write_parquet, write_xlsx])
def test_standard_input_reads_like_the_file(
    make: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    piped = open_feedback("-", overrides=NO_OVERRIDES)
    given = open_feedback(path, overrides=NO_OVERRIDES)
    assert piped.plan.text == given.plan.text
    columns = [name for name in FEEDBACK_SCHEMA if name not in ("where", "source")]
    assert pl.concat(batch.frame.select(columns) for batch in piped.batches(rows=5)).equals(
        pl.concat(batch.frame.select(columns) for batch in given.batches(rows=5))
    )
