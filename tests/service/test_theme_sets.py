from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from service_bench import as_csv, light_bench, light_tools, run_now, send, some_rows

from textcx.domain.datasets import Job, JobKind, JobState
from textcx.service.respondents import erase_respondent
from textcx.service.theme_choice import choose_themes
from textcx.store.named_theme_sets import DirectoryThemeSets
from textcx.store.sql.reading import Filters, SqlReading
from textcx.store.sql.schema import records, segments
from textcx.store.sql.theme_sets import CurrentSet
from textcx.store.theme_sets import from_bytes, save, to_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.domain.theme_sets import ThemeSet
    from textcx.service.bench import Bench
    from textcx.store.sql.database import Database

ENCODER = light_tools().first.encoder.encoder_id


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    bench = light_bench(database, tmp_path / "spool", batch_rows=200, named_sets=tmp_path / "sets")
    bench.datasets.put("shop")
    run_now(bench, send(bench, "shop", as_csv(some_rows(120))))
    return bench


def analyze(bench: Bench, *, relearn: bool | None = None) -> Job:
    job = run_now(bench, bench.jobs.ask(JobKind.ANALYZE, "shop", options={"relearn": relearn})[0])
    assert job.state is JobState.DONE, job.errors
    return job


def current(bench: Bench) -> CurrentSet:
    found = bench.theme_sets.current(bench.datasets.get("shop").id)
    assert found is not None
    return found


def told(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = bench.analyses.current("shop")[1].manifest["themes"]
    return found


def raised(bench: Bench, ids: set[str]) -> dict[tuple[str, int], tuple[str | None, float | None, str | None]]:
    chosen = sa.select(
        records.c.record_id, segments.c.start, segments.c.theme_id, segments.c.strength, records.c.primary_theme_id
    ).join(records, records.c.id == segments.c.record)
    with bench.database.read() as connection:
        return {(row[0], row[1]): (row[2], row[3], row[4]) for row in connection.execute(chosen) if row[0] in ids}


def test_new_records_get_the_themes_that_the_next_analysis_gives_them(bench: Bench) -> None:
    analyze(bench)
    new = {f"f{number}" for number in range(200, 240)}
    run_now(bench, send(bench, "shop", as_csv(some_rows(40, first=200))))
    on_arrival = raised(bench, new)
    assert any(theme for theme, _, _ in on_arrival.values())
    analyze(bench)
    assert told(bench)["how"] == "assigned"
    assert raised(bench, new) == on_arrival


def test_new_records_are_found_by_their_theme_at_once(bench: Bench) -> None:
    analyze(bench)
    run_now(bench, send(bench, "shop", as_csv(some_rows(40, first=200))))
    reading = SqlReading(bench.database)
    row = next(row for row in reading.records(Filters(dataset="shop"), limit=1000).rows if row["record_id"] == "f200")
    assert row["primary_stage"]
    with_theme = Filters(dataset="shop", theme=row["primary_theme_id"])
    assert "f200" in {found["record_id"] for found in reading.records(with_theme, limit=1000).rows}
    names = {theme["theme_id"]: theme["name"] for theme in reading.themes(Filters(dataset="shop")).rows}
    entries = bench.triage.page("shop", limit=200)[0]
    assert {entry.record_id for entry in entries} & {f"f{number}" for number in range(200, 240)}
    assert all(entry.theme == names.get(entry.theme_id or "") for entry in entries)


def test_themes_keep_their_ids_whether_they_are_used_again_or_learned_again(bench: Bench) -> None:
    analyze(bench)
    first = current(bench).theme_set
    ids = {theme.theme_id for theme in first.themes}
    analyze(bench)
    assert to_bytes(current(bench).theme_set) == to_bytes(first)
    analyze(bench, relearn=True)
    again = current(bench).theme_set
    assert (again.set_id, again.version) == (first.set_id, 2)
    assert {theme.theme_id for theme in again.themes} == ids
    assert told(bench)["how"] == "learned again"
    assert told(bench)["changes"]["continued"] == len(ids)


def test_themes_are_learned_again_once_the_data_set_has_doubled(bench: Bench) -> None:
    analyze(bench)
    first = current(bench)
    run_now(bench, send(bench, "shop", as_csv(some_rows(130, first=200))))
    analyze(bench, relearn=False)
    assert told(bench)["how"] == "assigned"
    analyze(bench)
    assert (told(bench)["how"], current(bench).theme_set.set_id) == ("learned again", first.theme_set.set_id)
    assert (current(bench).learned_from or 0) > (first.learned_from or 0)
    analyze(bench)
    assert told(bench)["how"] == "assigned"


def test_every_process_sees_a_new_theme_set(bench: Bench, tmp_path: Path) -> None:
    other = light_bench(bench.database, tmp_path / "spool", batch_rows=200)
    dataset = bench.datasets.get("shop").id
    assert other.theme_sets.current(dataset) is None
    analyze(bench)
    seen = other.theme_sets.current(dataset)
    assert seen is not None
    analyze(bench, relearn=True)
    assert seen.theme_set.version == 1
    assert current(other).theme_set.version == 2


@pytest.fixture
def named(bench: Bench, tmp_path: Path) -> ThemeSet:
    """A named set, learned from the data set as by the command line."""
    analyze(bench)
    found = current(bench).theme_set
    save(found, tmp_path / "sets" / "house")
    bench.datasets.delete("shop")
    bench.datasets.put("shop")
    return found


def name_it(bench: Bench, theme_set: ThemeSet) -> None:
    bench.datasets.put("shop", theme_set=CurrentSet(theme_set=theme_set, name="house", learned_from=None))


def test_a_named_set_counts_for_new_records_before_any_analysis_and_for_every_analysis(
    bench: Bench, named: ThemeSet
) -> None:
    name_it(bench, named)
    run_now(bench, send(bench, "shop", as_csv(some_rows(60, first=500))))
    ids = {theme.theme_id for theme in named.themes}
    new = {theme for theme, _, _ in raised(bench, {f"f{number}" for number in range(500, 560)}).values() if theme}
    assert new
    assert new <= ids
    analyze(bench)
    assert told(bench) == {"set_id": named.set_id, "version": 1, "name": "house", "how": "assigned", "changes": {}}
    assert set(bench.analyses.current("shop")[1].themes["theme_id"]) <= ids
    assert bench.datasets.get("shop").theme_set == "house"


def test_a_stored_copy_of_a_named_set_knows_segments_of_the_data_set_only(bench: Bench, named: ThemeSet) -> None:
    name_it(bench, named)
    run_now(bench, send(bench, "shop", as_csv(some_rows(60))))
    analyze(bench)
    kept = current(bench).theme_set
    assert set(kept.members["record_id"]) <= {f"f{number}" for number in range(60)}
    assert set(kept.sample_ids) <= set(kept.members["segment_id"])
    assert named.members.height > kept.members.height > 0


def test_a_worker_without_the_directory_uses_the_stored_copy(named: ThemeSet, tmp_path: Path) -> None:
    copy = CurrentSet(theme_set=named, name="house", learned_from=None)
    for sets in (None, DirectoryThemeSets(tmp_path / "nowhere")):
        found = choose_themes(copy, named="house", sets=sets, encoder_id=ENCODER, segments=9, relearn=None)
        assert found.assign_to is named


def test_themes_of_another_encoder_are_learned_afresh(named: ThemeSet) -> None:
    kept = CurrentSet(theme_set=named, name=None, learned_from=9)
    found = choose_themes(kept, named=None, sets=None, encoder_id="another", segments=9, relearn=None)
    assert (found.assign_to, found.previous) == (None, None)


def test_nothing_of_an_erased_person_stays_in_the_theme_set(bench: Bench) -> None:
    analyze(bench)
    before = current(bench).theme_set
    mine = {"f6", "f7", "f8"}
    assert mine & set(before.members["record_id"])
    erase_respondent(bench, "customer-2", requested_by="shop")
    after = current(bench).theme_set
    assert not mine & set(after.members["record_id"])
    assert set(after.sample_ids) == {
        segment
        for segment, record in before.members.select("segment_id", "record_id").iter_rows()
        if record not in mine
    } & set(before.sample_ids)
    assert len(after.sample) == len(after.sample_ids)
    assert after.themes == before.themes
    analyze(bench)
    assert not mine & set(current(bench).theme_set.members["record_id"])


def test_a_set_comes_back_from_its_bytes_and_equal_sets_have_equal_bytes(bench: Bench) -> None:
    analyze(bench)
    content = to_bytes(current(bench).theme_set)
    assert to_bytes(from_bytes(content)) == content
