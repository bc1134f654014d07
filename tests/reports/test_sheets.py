"""CSV files and the Excel workbook."""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from builders import an_analysis, an_empty_analysis
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.tables import SCHEMAS
from textcx.reports import sheets

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FORMULAS = (
    '=HYPERLINK("https://evil.example","click")', "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\tTab first",
    "\r=1", "\n=1", "\uff1d1+1",
)  # fmt: skip


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def sheet_xml(path: Path, number: int) -> str:
    with zipfile.ZipFile(path) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode()


def test_no_csv_cell_is_a_formula(tmp_path: Path) -> None:
    sheets.write_csv(an_analysis(20, words=FORMULAS), tmp_path)
    texts = [row["text"] for row in read_csv(tmp_path / "records.csv")]
    assert texts[: len(FORMULAS)] == [f"'{formula}" for formula in FORMULAS]


def test_a_column_named_like_a_formula_is_no_formula_either(tmp_path: Path) -> None:
    full = an_analysis(5)
    records = full.records.rename({"plan": "=1+1"})
    sheets.write_csv(replace(full, tables={**full.tables, "records": records}), tmp_path)
    assert "'=1+1" in read_csv(tmp_path / "records.csv")[0]


def test_negative_numbers_stay_numbers_in_csv(tmp_path: Path) -> None:
    full = an_analysis(100)
    sheets.write_csv(full, tmp_path)
    raw = (tmp_path / "drivers.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    effect = full.drivers["effect"][0]
    assert f",{effect!r}," in raw


@given(st.text(min_size=1, max_size=40))
def test_no_text_starts_like_a_formula_after_writing(text: str) -> None:
    written = str(sheets.csv_cell(text))
    assert not written.startswith(sheets.FORMULA_STARTS)
    assert written.removeprefix("'") == text or written == text


def test_every_table_a_person_would_open_is_written(tmp_path: Path) -> None:
    written = sheets.write_csv(an_analysis(30), tmp_path)
    assert [path.stem for path in written] == list(sheets.TABLES)


def test_tables_that_have_no_part_are_left_out_and_empty_ones_keep_their_header(tmp_path: Path) -> None:
    written = sheets.write_csv(an_empty_analysis(), tmp_path)
    assert "groups" not in {path.stem for path in written}
    header = (tmp_path / "themes.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(header) == 1
    assert '"theme_id"' in header[0]


def test_lists_and_structs_are_written_out_readably(tmp_path: Path) -> None:
    full = an_analysis(100)
    sheets.write_csv(full, tmp_path)
    row = read_csv(tmp_path / "pain_points.csv")[0]
    quote = full.pain_points["evidence"][0][0]
    assert row["evidence"].startswith(f"“{quote['quote']}” ({quote['record_id']}:{quote['start']}-{quote['end']})")
    [stage] = full.pain_points["stages"][0]
    assert row["stages"] == f"{stage['stage']} {stage['records']}"
    assert row["trend_direction"] in {"rising", "falling", "steady"}
    assert read_csv(tmp_path / "themes.csv")[0]["keywords"].count(";") == 4


def test_a_redaction_is_written_with_its_kind_and_place() -> None:
    redactions = [{"start": 3, "end": 5, "kind": "name"}, {"start": 9, "end": 21, "kind": "email"}]
    assert sheets.csv_cell(redactions) == "name 3-5; email 9-21"
    column = pl.DataFrame({"redactions": [redactions]})
    assert sheets.flat(column)["redactions"].to_list() == ["name 3-5; email 9-21"]


def test_flattening_leaves_no_list_and_no_struct_in_any_table() -> None:
    for schema in SCHEMAS.values():
        assert not any(dtype.is_nested() for dtype in sheets.flat(pl.DataFrame(schema=schema)).schema.values())


def test_the_workbook_holds_no_formula_and_no_link(tmp_path: Path) -> None:
    path = tmp_path / "analysis.xlsx"
    sheets.write_xlsx(an_analysis(20, words=(*FORMULAS, "https://evil.example", "mailto:a@b.example")), path)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name).decode() for name in book.namelist() if name.endswith((".xml", ".rels"))}
    assert not [name for name, xml in parts.items() if re.search(r"<f[ >]|<hyperlink", xml)]
    assert not [name for name, xml in parts.items() if "relationships/hyperlink" in xml]


def test_texts_that_look_like_formulas_are_marked_as_text_in_the_workbook(tmp_path: Path) -> None:
    path = tmp_path / "analysis.xlsx"
    sheets.write_xlsx(an_analysis(5, words=("=1+1",)), path)
    with zipfile.ZipFile(path) as book:
        assert 'quotePrefix="1"' in book.read("xl/styles.xml").decode()


def test_the_workbook_has_a_sheet_per_table_with_a_frozen_header(tmp_path: Path) -> None:
    path = tmp_path / "analysis.xlsx"
    assert sheets.write_xlsx(an_analysis(30), path) == []
    with zipfile.ZipFile(path) as book:
        names = re.findall(r'<sheet name="(\w+)"', book.read("xl/workbook.xml").decode())
    assert names == [*sheets.TABLES, "about"]
    for number in range(1, len(sheets.TABLES) + 1):
        assert 'state="frozen"' in sheet_xml(path, number)


def test_a_text_longer_than_a_cell_is_cut_and_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "analysis.xlsx"
    notes = sheets.write_xlsx(an_analysis(5, words=("late " * 400_000,)), path)
    assert any("'records' holds 1 texts cut to 32,767 characters" in note for note in notes)
    assert "late late" in sheet_xml(path, sheets.TABLES.index("records") + 1)


def test_segments_beyond_the_cap_are_left_out_and_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_SEGMENTS", 10)
    notes = sheets.write_xlsx(an_analysis(30), tmp_path / "analysis.xlsx")
    assert [note for note in notes if note.startswith("Sheet 'segments' holds the first 10 of")]


def test_the_same_analysis_gives_the_same_bytes(tmp_path: Path) -> None:
    full = an_analysis(20)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        sheets.write_csv(full, tmp_path / name)
        sheets.write_xlsx(full, tmp_path / name / "analysis.xlsx")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
