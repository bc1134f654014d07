from __future__ import annotations

import csv
import gzip
import io
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textcx.domain.counted import merge_counted
from textcx.domain.errors import NothingToAnalyze, UnreadableInput
from textcx.domain.feedback import ColumnOverrides, FeedbackBatch, Reason
from textcx.readers import open_feedback
from textcx.readers.formats import streams

if TYPE_CHECKING:
    from pathlib import Path

TEXT = ColumnOverrides(text=("comment",))


def read(path: Path, overrides: ColumnOverrides = TEXT, *, rows: int = 3) -> list[FeedbackBatch]:
    return list(open_feedback(path, overrides=overrides).batches(rows=rows))


def texts(batches: list[FeedbackBatch]) -> list[str | None]:
    return [cells[0] for batch in batches for cells in batch.frame["texts"].to_list()]


def write(folder: Path, content: str | bytes, name: str = "reviews.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    lines = ["id;comment;n", '1;"good, but; slow";5', "2;fine;4"]
    content = "\n".join(delimiter.join(next(csv.reader([line], delimiter=";"))) for line in lines[:1])
    for cells in csv.reader(lines[1:], delimiter=";"):
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter).writerow(cells)
        content += "\n" + out.getvalue().strip("\r\n")
    assert texts(read(write(tmp_path, content))) == ["good, but; slow", "fine"]


def test_excels_delimiter_line_is_obeyed(tmp_path: Path) -> None:
    assert texts(read(write(tmp_path, "sep=;\r\nid;comment\r\n1;good, really\r\n"))) == ["good, really"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encoding_is_found(tmp_path: Path, codec: str) -> None:
    said = ["Très bon café \u2013 £5 \u201conly\u201d", "I don\u2019t know why it was late", "plain words again"]
    content = "id,comment\n" + "".join(f"{number},{text}\n" for number, text in enumerate(said))
    assert texts(read(write(tmp_path, content.encode(codec)))) == said


def test_other_encodings_come_with_a_warning(tmp_path: Path) -> None:
    reader = open_feedback(write(tmp_path, "id,comment\n1,Café très bon\n".encode("cp1252")), overrides=TEXT)
    assert any("not UTF-8" in warning for warning in reader.plan.warnings)


def test_quoted_line_breaks_stay_in_the_cell_and_lines_are_counted_on(tmp_path: Path) -> None:
    batches = read(write(tmp_path, 'id,comment\n1,"one\ntwo\n\nthree"\n2,four\n'))
    assert texts(batches) == ["one\ntwo\n\nthree", "four"]
    assert batches[0].frame["where"].to_list() == ["reviews.csv:2", "reviews.csv:6"]


def test_ragged_rows_are_reported_with_their_line_and_the_others_kept(tmp_path: Path) -> None:
    batches = read(write(tmp_path, "id,comment\n1,good\n2,bad,extra\n3\n4,fine\n5,trailing,,\n"), rows=10)
    assert texts(batches) == ["good", "fine", "trailing"]
    assert [(broken.row, broken.where, broken.reason) for broken in batches[0].unreadable] == [
        (1, "reviews.csv:3", Reason.UNREADABLE_ROW),
        (2, "reviews.csv:4", Reason.UNREADABLE_ROW),
    ]
    assert "3 cells where the header has 2" in batches[0].unreadable[0].hint
    assert "bad" not in batches[0].unreadable[0].hint


def test_an_unclosed_quote_costs_one_row_only(tmp_path: Path) -> None:
    later = "".join(f"{number},comment number {number},5\n" for number in range(10, 60))
    batches = read(write(tmp_path, f'id,comment,n\n1,good,5\n2,"never closed,3\n{later}'), rows=100)
    assert len(texts(batches)) == 51
    assert [broken.where for broken in batches[0].unreadable] == ["reviews.csv:3"]
    assert "never closed; close it" in batches[0].unreadable[0].hint


def test_rows_swallowed_by_a_stray_quote_are_read_again(tmp_path: Path) -> None:
    batches = read(write(tmp_path, 'id,comment,n\n1,"stray,5\n2,fine,4\n3,"quoted, well",2\n4,good,1\n'), rows=100)
    assert texts(batches) == ["fine", "quoted, well", "good"]
    assert len(batches[0].unreadable) == 1


def test_nul_bytes_are_replaced_and_counted(tmp_path: Path) -> None:
    batches = read(write(tmp_path, b"id,comment\n1,go\0od\n2,fine\n"))
    assert texts(batches) == ["go�od", "fine"]
    assert batches[0].warnings[0].endswith(": 1")


def test_a_few_bad_bytes_keep_the_row(tmp_path: Path) -> None:
    content = "id,comment\n" + "".join(f"{number},schön und gut \u2013 naïve\n" for number in range(50))
    batches = read(write(tmp_path, content.encode() + b"50,broken \xff here\n"), rows=100)
    assert texts(batches)[-1] == "broken � here"
    assert batches[0].warnings == ("reviews.csv: rows with bytes that cannot be read, shown as U+FFFD: 1",)


def test_western_bytes_after_a_long_ascii_start_become_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEAD_BYTES", 400)
    content = b"id,comment\n" + b"".join(b"%d,plain\n" % number for number in range(100)) + b"100,caf\xe9\n"
    batches = read(write(tmp_path, content), rows=200)
    assert texts(batches)[-1] == "café"
    assert "read as Windows-1252: 1" in batches[0].warnings[0]


def test_a_head_that_ends_inside_a_record_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEAD_BYTES", 250)
    said = [f'line one of {number}\nline "two" ü' for number in range(40)]
    path = tmp_path / "reviews.csv"
    pl.DataFrame({"id": range(40), "comment": said}).write_csv(path)
    assert texts(read(path, rows=7)) == said


def test_standard_input_longer_than_its_head_is_streamed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEAD_BYTES", 300)
    content = "id,comment\n" + "".join(f"{number},all well with {number}\n" for number in range(200))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(content.encode()))))
    reader = open_feedback("-", overrides=TEXT)
    assert sum(batch.frame.height for batch in reader.batches(rows=30, skip=20)) == 180
    with pytest.raises(UnreadableInput, match="only once"):
        next(iter(reader.batches(rows=30)))


def test_a_two_megabyte_comment_is_read_whole(tmp_path: Path) -> None:
    long = "very late, " * 190_000
    assert texts(read(write(tmp_path, f'id,comment\n1,"{long}"\n2,fine\n'))) == [long, "fine"]


def test_a_list_of_comments_without_a_delimiter_is_one_column(tmp_path: Path) -> None:
    batches = read(write(tmp_path, "comment\nGreat, fast and cheap\nSlow; rude\n\nok\n"), ColumnOverrides())
    assert texts(batches) == ["Great, fast and cheap", "Slow; rude", None, "ok"]


def test_nameless_and_repeated_columns_get_names(tmp_path: Path) -> None:
    reader = open_feedback(write(tmp_path, ",comment,n,n\n7,fine,1,2\n8,good,1,2\n"), overrides=TEXT)
    assert set(reader.plan.ignored) == {"column 1", "n", "n (2)"}


def test_a_header_only_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingToAnalyze, match="a header and no records"):
        open_feedback(write(tmp_path, "id,comment\n"), overrides=TEXT)


@pytest.mark.parametrize(
    "content",
    [
        "1,it was late again,2025-01-02\n2,all good,2025-01-03\n",
        "x,it was late again,2025-01-02\ny,all good,2025-01-03\n",
        "it was late again and nobody said why\nall good\n",
    ],
)
def test_a_file_without_a_header_is_refused_and_nobody_quoted(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableInput, match="add a header line") as error:
        open_feedback(write(tmp_path, content), overrides=ColumnOverrides())
    assert "late" not in str(error.value)


def test_rows_that_never_fit_the_header_are_an_unreadable_input(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="none of the 2 rows"):
        open_feedback(write(tmp_path, "id,comment\n1,2,3\n4,5,6\n"), overrides=TEXT)


def test_a_damaged_gzip_is_an_unreadable_input(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,comment\n" + b"1,good\n" * 10_000)
    with pytest.raises(UnreadableInput, match="damaged gzip"):
        open_feedback(write(tmp_path, whole[:40], "reviews.csv.gz"), overrides=TEXT)


def test_gzip_cut_off_behind_its_head_says_after_which_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEAD_BYTES", 500)
    whole = gzip.compress(b"id,comment\n" + b"".join(b"%d,good\n" % number for number in range(200_000)))
    reader = open_feedback(write(tmp_path, whole[: len(whole) // 2], "reviews.csv.gz"), overrides=TEXT)
    with pytest.raises(UnreadableInput, match=r"could not be read further after \d+ rows"):
        list(reader.batches(rows=1_000))


def test_rows_add_up_in_a_messy_file(tmp_path: Path) -> None:
    content = b'id,comment,n\n1,fine,5\n\n2,a,b,c\n3,"two\nlines",4\n4\n5,\xff\xfe,3\n6,,\n7,"open,2\n'
    batches = read(write(tmp_path, content), rows=2)
    assert sum(batch.frame.height + len(batch.unreadable) for batch in batches) == 7
    rows = sorted(
        [row for batch in batches for row in batch.frame["row"]]
        + [broken.row for batch in batches for broken in batch.unreadable]
    )
    assert rows == list(range(7))


def test_counted_warnings_of_batches_add_up(tmp_path: Path) -> None:
    content = "comment,stars\n" + "".join(f"comment number {n} is here,{n % 7}\n" for n in range(70))
    overrides = ColumnOverrides(ratings=("stars=stars:1-5",))
    for rows in (3, 1_000):
        warnings = merge_counted(
            w for batch in read(write(tmp_path, content), overrides, rows=rows) for w in batch.warnings
        )
        assert warnings == ("reviews.csv: values of 'stars' that are no numbers on its scale 1-5, left empty: 20",)


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t"), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read(
    tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, codec: str, end: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("comment", "other"), *rows])
    path = write(tmp_path, out.getvalue().encode(codec))
    overrides = ColumnOverrides(text=("comment", "other"))
    found = [cells for batch in read(path, overrides, rows=5) for cells in batch.frame["texts"].to_list()]
    assert found == [[cell if cell.strip() else None for cell in row] for row in rows]


def test_a_swallowed_row_with_delimiters_at_its_end_is_read_again(tmp_path: Path) -> None:
    batches = read(write(tmp_path, 'id,comment,n\n1,"stray,5\n2,fine,4,,\n3,"quoted, well",2\n'), rows=100)
    assert texts(batches) == ["fine", "quoted, well"]
    assert [broken.where for broken in batches[0].unreadable] == ["reviews.csv:2"]


def test_damaged_bytes_of_a_swallowed_row_count_once(tmp_path: Path) -> None:
    batches = read(write(tmp_path, b'id,comment,n\n1,"stray,5\n2,na\0me,4\n3,"quoted, well",2\n'), rows=100)
    assert batches[0].warnings[0].endswith(": 1")
