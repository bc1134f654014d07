"""What every store of analyses must do; run against each implementation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import an_analysis, an_empty_analysis
from polars.testing import assert_frame_equal

from textcx.domain.errors import BrokenResult
from textcx.domain.tables import SCHEMAS
from textcx.store.directory import DirectoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textcx.domain.analysis import Analysis
    from textcx.ports import AnalysisStore


@pytest.fixture(params=["directory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnalysisStore]:
    if request.param == "directory":
        yield DirectoryStore()
        return
    from databases import new_database, new_file

    from textcx.store.sql.analyses import SqlAnalysisStore
    from textcx.store.sql.database import Database

    if request.param == "sqlite":
        url = new_file(tmp_path_factory.mktemp("store") / "textcx.db")
    else:
        url = new_database(request.getfixturevalue("postgres"), tables=True)
    database = Database(url)
    yield SqlAnalysisStore(database)
    database.close()


def undated() -> Analysis:
    return an_analysis(40, dates=False, ratings=(), themes=0)


@pytest.fixture(scope="module", params=[an_analysis, an_empty_analysis, undated], ids=lambda make: make.__name__)
def analysis(request: pytest.FixtureRequest) -> Analysis:
    make: Callable[[], Analysis] = request.param
    return make()


def test_tables_come_back_equal(store: AnalysisStore, analysis: Analysis, tmp_path: Path) -> None:
    store.save(analysis, tmp_path)
    loaded = store.load(tmp_path)
    assert set(loaded.tables) == set(analysis.tables) >= set(SCHEMAS)
    for name, table in analysis.tables.items():
        assert_frame_equal(loaded.tables[name], table, check_exact=True)


def test_headline_notes_and_manifest_come_back_equal(store: AnalysisStore, analysis: Analysis, tmp_path: Path) -> None:
    store.save(analysis, tmp_path)
    loaded = store.load(tmp_path)
    assert loaded.headline == analysis.headline
    assert loaded.notes == analysis.notes
    assert loaded.manifest == analysis.manifest


def test_what_was_unprocessable_comes_back_equal(store: AnalysisStore, analysis: Analysis, tmp_path: Path) -> None:
    store.save(analysis, tmp_path)
    assert store.load(tmp_path).unprocessable == analysis.unprocessable


def test_saving_does_not_change_the_analysis(store: AnalysisStore, tmp_path: Path) -> None:
    saved, untouched = an_analysis(20), an_analysis(20)
    store.save(saved, tmp_path)
    assert (saved.headline, saved.manifest, saved.notes) == (untouched.headline, untouched.manifest, untouched.notes)


def test_odd_words_survive(store: AnalysisStore, tmp_path: Path) -> None:
    words = ("caf\u00e9 \U0001f621 \u2028 tab\t\u201cquoted\u201d", "\u65e5\u672c\u8a9e\r\nnext line")
    analysis = an_analysis(20, words=words)
    store.save(analysis, tmp_path)
    assert set(words) <= set(store.load(tmp_path).records["text"])


def test_an_analysis_saved_over_another_replaces_it(store: AnalysisStore, tmp_path: Path) -> None:
    store.save(an_analysis(40), tmp_path)
    store.save(an_empty_analysis(), tmp_path)
    loaded = store.load(tmp_path)
    assert loaded.headline == an_empty_analysis().headline
    assert set(loaded.tables) == set(an_empty_analysis().tables)


def test_a_place_without_an_analysis_is_explained(store: AnalysisStore, tmp_path: Path) -> None:
    with pytest.raises(BrokenResult, match="no finished analysis"):
        store.load(tmp_path)
    with pytest.raises(BrokenResult, match="no finished analysis"):
        store.load(tmp_path / "nowhere")


def test_a_directory_without_its_manifest_is_no_analysis(tmp_path: Path) -> None:
    DirectoryStore().save(an_analysis(20), tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(BrokenResult, match=r"manifest\.json"):
        DirectoryStore().load(tmp_path)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_directory_without_a_table_is_incomplete(tmp_path: Path, name: str) -> None:
    DirectoryStore().save(an_empty_analysis(), tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    with pytest.raises(BrokenResult, match=rf"{name}\.parquet is missing"):
        DirectoryStore().load(tmp_path)


def test_a_directory_without_its_list_of_the_unprocessable_is_incomplete(tmp_path: Path) -> None:
    DirectoryStore().save(an_empty_analysis(), tmp_path)
    (tmp_path / "unprocessable.jsonl").unlink()
    with pytest.raises(BrokenResult, match=r"unprocessable\.jsonl"):
        DirectoryStore().load(tmp_path)


@pytest.mark.parametrize("name", ["manifest.json", "records.parquet", "unprocessable.jsonl"])
def test_a_damaged_file_is_explained(tmp_path: Path, name: str) -> None:
    DirectoryStore().save(an_empty_analysis(), tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BrokenResult, match=name):
        DirectoryStore().load(tmp_path)
