from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from textcx.domain.errors import TextcxError
from textcx.domain.feedback import Reason, Unprocessable
from textcx.domain.parts import Part
from textcx.domain.tables import FOUND_ASPECTS
from textcx.store.files import PartTables, archive, part_bytes, part_tables, table_bytes, vector_bytes
from textcx.store.parts import PartStore

if TYPE_CHECKING:
    from pathlib import Path


def part(*, rows: int, first: int = 0) -> Part:
    return Part(
        records=pl.DataFrame({"row": range(first, first + rows), "text": ["fine"] * rows}),
        segments=pl.DataFrame({"row": range(first, first + rows), "start": [0] * rows}),
        matters=np.arange(4 * rows, dtype=np.float16).reshape(rows, 4),
        unreadable=(Unprocessable(first + rows, "f.csv:9", Reason.UNREADABLE_ROW, "mend the line"),),
        warnings=("doubtful",),
        rows=rows + 1,
        aspects=pl.DataFrame([{"row": first, "segment_start": 0, "aspect": "food"}], schema=FOUND_ASPECTS),
    )


def test_a_part_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    store = PartStore(tmp_path / "run", fingerprint="a")
    saved = part(rows=3)
    store.save(saved, of_input=2)
    loaded = store.load(0)
    assert loaded.records.equals(saved.records)
    assert loaded.segments.equals(saved.segments)
    assert loaded.aspects.equals(saved.aspects)
    assert np.array_equal(loaded.matters, saved.matters)
    assert loaded.matters.dtype == np.float16
    assert (loaded.unreadable, loaded.warnings, loaded.rows) == (saved.unreadable, saved.warnings, saved.rows)
    assert store.covered() == {2: 4}
    store.close()


def test_a_part_comes_back_from_the_bytes_of_a_database() -> None:
    saved = part(rows=3)
    loaded = part_tables(part_bytes(PartTables.of(saved)))
    assert loaded.records.equals(saved.records)
    assert loaded.segments.equals(saved.segments)
    assert loaded.aspects.equals(saved.aspects)
    assert np.array_equal(loaded.matters, saved.matters)


def test_bytes_of_before_there_were_matters_have_the_vectors_in_their_place() -> None:
    saved = part(rows=3)
    tables = {"records.parquet": table_bytes(saved.records), "segments.parquet": table_bytes(saved.segments)}
    loaded = part_tables(archive({**tables, "vectors.npy": vector_bytes(saved.matters)}))
    assert np.array_equal(loaded.matters, saved.matters)
    assert loaded.aspects.is_empty()


def test_a_part_without_its_last_file_does_not_count(tmp_path: Path) -> None:
    store = PartStore(tmp_path / "run", fingerprint="a")
    store.save(part(rows=3), of_input=0)
    store.save(part(rows=3), of_input=0)
    store.close()
    (tmp_path / "run" / "part-000001.json").unlink()
    again = PartStore(tmp_path / "run", fingerprint="a")
    assert again.count() == 1
    again.close()


def test_checkpoints_are_never_laid_into_a_directory_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TextcxError, match="holds something else"):
        PartStore(tmp_path, fingerprint="a")
    assert (tmp_path / "mine.txt").exists()


def test_a_run_with_the_same_fingerprint_goes_on_and_another_starts_anew(tmp_path: Path) -> None:
    store = PartStore(tmp_path / "run", fingerprint="a")
    store.save(part(rows=3), of_input=0)
    store.close()
    again = PartStore(tmp_path / "run", fingerprint="a")
    assert again.resumed
    again.close()
    other = PartStore(tmp_path / "run", fingerprint="b")
    assert not other.resumed
    assert other.count() == 0
    other.close()


def test_two_runs_never_write_to_the_same_place(tmp_path: Path) -> None:
    store = PartStore(tmp_path / "run", fingerprint="a")
    with pytest.raises(TextcxError, match="another run is writing"):
        PartStore(tmp_path / "run", fingerprint="a")
    store.close()


def test_joined_parts_keep_order_and_counts() -> None:
    joined = Part.joined([part(rows=2), part(rows=3, first=3)])
    assert joined.records["row"].to_list() == [0, 1, 3, 4, 5]
    assert joined.rows == 7
    assert joined.matters.shape == (5, 4)
    assert joined.matters[:, 0].tolist() == [0, 4, 0, 4, 8]
    assert joined.warnings == ("doubtful",)
