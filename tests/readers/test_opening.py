from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
import xlsxwriter

from textcx.domain.errors import BadSetting, ColumnNotFound, NoTextColumn, NothingToAnalyze, UnreadableInput, WrongUse
from textcx.domain.feedback import ColumnOverrides
from textcx.readers import open_feedback

if TYPE_CHECKING:
    from pathlib import Path

NO_OVERRIDES = ColumnOverrides()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"no such file: .*gone\.csv"):
        open_feedback(tmp_path / "gone.csv", overrides=NO_OVERRIDES)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="is a directory"):
        open_feedback(tmp_path, overrides=NO_OVERRIDES)


@pytest.mark.parametrize("content", [b"", b"  \r\n\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableInput, match="is empty"):
        open_feedback(write(tmp_path, "reviews.csv", content), overrides=NO_OVERRIDES)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"PAR1", "a Parquet file, not text; rename it to end in .parquet"),
        (b"PK\x03\x04....xl/workbook.xml", "an Excel workbook, not text; rename it to end in .xlsx"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (bytes(range(1, 32)) * 30, "binary data"),
        (bytes(range(256)) * 30, "binary data|unknown encoding"),
    ],
)
def test_a_binary_renamed_to_csv_is_recognized(tmp_path: Path, start: bytes, kind: str) -> None:
    with pytest.raises(UnreadableInput, match=kind):
        open_feedback(write(tmp_path, "reviews.csv", start + b"\n" * 20), overrides=NO_OVERRIDES)


def test_an_encoding_that_is_wrong_as_a_whole_is_refused(tmp_path: Path) -> None:
    scrambled = bytes(128 + (17 * number * number + 31 * number) % 128 for number in range(4_000))
    with pytest.raises(UnreadableInput, match="save it as UTF-8"):
        open_feedback(write(tmp_path, "reviews.csv", b"id,comment\n" + scrambled), overrides=NO_OVERRIDES)


def test_an_old_excel_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"save it as \.xlsx or CSV"):
        open_feedback(write(tmp_path, "reviews.xls", b"\xd0\xcf\x11\xe0 and more"), overrides=NO_OVERRIDES)


@pytest.mark.parametrize("name", ["reviews.parquet", "reviews.xlsx"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableInput, match="is not a readable"):
        open_feedback(write(tmp_path, name, b"neither this nor that"), overrides=NO_OVERRIDES)


def test_a_file_without_a_known_ending_is_read_by_its_content(tmp_path: Path) -> None:
    path = write(tmp_path, "export", b'{"comment": "late again and nobody called"}\n{"comment": "good"}\n')
    assert open_feedback(path, overrides=NO_OVERRIDES).plan.reasons["format"].startswith("JSONL")


def test_no_text_column_is_an_error_that_lists_the_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "numbers.csv", b"id,plan,amount\n1,basic,5\n2,basic,7\n3,premium,9\n")
    with pytest.raises(NoTextColumn, match=r"'id', 'plan', 'amount'.*--text-column"):
        open_feedback(path, overrides=NO_OVERRIDES)


def test_a_missing_column_comes_with_the_nearest_one(tmp_path: Path) -> None:
    path = write(tmp_path, "survey_q3.csv", b"id,date,Comments,nps\n1,2025-01-02,good stuff,9\n")
    with pytest.raises(ColumnNotFound) as error:
        open_feedback(path, overrides=ColumnOverrides(text=("comment",)))
    assert str(error.value) == (
        "survey_q3.csv has no column 'comment'; it has 'id', 'date', 'Comments', 'nps'. "
        "Did you mean 'Comments'? Map it with --text-column Comments."
    )


def test_errors_hold_no_verbatim(tmp_path: Path) -> None:
    path = write(tmp_path, "reviews.csv", b"id,plan\n1,SECRET WORDS\n2,SECRET WORDS\n")
    with pytest.raises(ColumnNotFound) as error:
        open_feedback(path, overrides=ColumnOverrides(date="when"))
    assert "SECRET" not in str(error.value)


def test_an_empty_frame_is_refused() -> None:
    with pytest.raises(NothingToAnalyze, match="no records"):
        open_feedback(pl.DataFrame({"comment": []}), overrides=NO_OVERRIDES)


def test_a_frame_of_other_types_is_read() -> None:
    frame = pl.DataFrame(
        {
            "comment": ["late again", "fine", None],
            "nps": [3, 9, None],
            "tags": [["a"], [], None],
            "raw": [b"x", b"y", None],
            "kind": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
        }
    )
    frame = frame.with_columns(created=pl.datetime(2025, 3, 1, 12, time_zone="Europe/Berlin"))
    batch = next(iter(open_feedback(frame, overrides=NO_OVERRIDES).batches(rows=10)))
    assert batch.frame["rating:nps"].to_list() == [3.0, 9.0, None]
    assert str(batch.frame["created_at"][0]) == "2025-03-01 11:00:00+00:00"


def test_the_sheet_that_was_read_is_named_and_others_too(tmp_path: Path) -> None:
    path = tmp_path / "answers.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover")
        sheet = book.add_worksheet("Q3")
        sheet.write_row(0, 0, ["Our survey, third quarter"])
        sheet.write_row(2, 0, ["Comment", "NPS", "Plan"])
        for line in range(5):
            sheet.write_row(3 + line, 0, [f"answer number {line} was slow", line, "basic"])
    reader = open_feedback(path, overrides=NO_OVERRIDES)
    assert reader.plan.reasons["format"] == "XLSX, sheet 'Q3', header in row 3"
    assert any("'Cover'" in warning for warning in reader.plan.warnings)
    assert next(iter(reader.batches(rows=9))).frame["where"][0] == "answers.xlsx:4"


def test_a_workbook_without_records_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Q3").write_row(0, 0, ["Comment", "NPS"])
    with pytest.raises(NothingToAnalyze, match="a header and no records"):
        open_feedback(path, overrides=NO_OVERRIDES)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (ColumnOverrides(date_format="yesterday"), "no date pattern"),
        (ColumnOverrides(source="carrier pigeon"), "review, survey, social, support"),
        (ColumnOverrides(ratings=("nps",)), "NAME=COLUMN:LOW-HIGH"),
        (ColumnOverrides(ratings=("a=n:1-5", "a=n:1-7")), "twice"),
    ],
)
def test_a_malformed_override_is_explained(overrides: ColumnOverrides, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        open_feedback(pl.DataFrame({"comment": ["fine"], "n": [1]}), overrides=overrides)


def test_batches_need_at_least_one_row() -> None:
    reader = open_feedback(pl.DataFrame({"comment": ["fine"]}), overrides=NO_OVERRIDES)
    with pytest.raises(WrongUse, match="at least 1"):
        next(iter(reader.batches(rows=0)))
