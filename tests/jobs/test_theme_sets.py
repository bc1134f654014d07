from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from job_context import COLUMNS, as_csv, light_context, light_tools, run_now, send, some_rows

from textcx.domain.service.datasets import Job, JobKind, JobState
from textcx.jobs.analyze import choose_themes
from textcx.jobs.respondents import erase_respondent
from textcx.store.sql.reading.counting import Filters
from textcx.store.sql.reading.findings import SqlReading
from textcx.store.sql.schema.tables import records, segments
from textcx.store.sql.theme_sets import CurrentSet
from textcx.store.theme_sets.directory import from_bytes, save, to_bytes
from textcx.wiring.theme_sets import DirectoryThemeSets

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.domain.themes.sets import ThemeSet
    from textcx.store.sql.database import Database
    from textcx.wiring.job_context import JobContext

ENCODER = light_tools().record.encoder.encoder_id


@pytest.fixture
def context(database: Database, tmp_path: Path) -> JobContext:
    context = light_context(database, tmp_path / "spool", batch_rows=200, named_sets=tmp_path / "sets")
    context.datasets.put("shop")
    run_now(context, send(context, "shop", as_csv(some_rows(120))))
    return context


def analyze(context: JobContext, *, relearn: bool | None = None) -> Job:
    job = run_now(context, context.jobs.ask(JobKind.ANALYZE, "shop", options={"relearn": relearn})[0])
    assert job.state is JobState.DONE, job.errors
    return job


def current(context: JobContext) -> CurrentSet:
    found = context.theme_sets.current(context.datasets.get("shop").id)
    assert found is not None
    return found


def told(context: JobContext) -> dict[str, Any]:
    found: dict[str, Any] = context.analyses.current("shop")[1].manifest["themes"]
    return found


def raised(context: JobContext, ids: set[str]) -> dict[tuple[str, int], tuple[str | None, float | None, str | None]]:
    chosen = sa.select(
        records.c.record_id, segments.c.start, segments.c.theme_id, segments.c.strength, records.c.primary_theme_id
    ).join(records, records.c.id == segments.c.record)
    with context.database.read() as connection:
        return {(row[0], row[1]): (row[2], row[3], row[4]) for row in connection.execute(chosen) if row[0] in ids}


def test_new_records_get_the_themes_that_the_next_analysis_gives_them(context: JobContext) -> None:
    analyze(context)
    new = {f"f{number}" for number in range(200, 240)}
    run_now(context, send(context, "shop", as_csv(some_rows(40, first=200))))
    on_arrival = raised(context, new)
    assert any(theme for theme, _, _ in on_arrival.values())
    analyze(context)
    assert told(context)["how"] == "assigned"
    assert raised(context, new) == on_arrival


def test_an_attribute_named_like_our_key_marks_no_record_of_another_data_set(context: JobContext) -> None:
    rows = [row | {"plan": place % 2} for place, row in enumerate(some_rows(120, first=300))]
    content = as_csv(rows).replace(b"plan", b"number", 1)
    context.datasets.put("other")
    columns = COLUMNS | {"attribute": ["number"]}
    assert run_now(context, send(context, "other", content, columns=columns)).state is JobState.DONE
    analyze(context)
    before = raised(context, {f"f{number}" for number in range(120)})
    assert run_now(context, context.jobs.ask(JobKind.ANALYZE, "other")[0]).state is JobState.DONE
    assert raised(context, {f"f{number}" for number in range(120)}) == before
    assert any(theme for *_, theme in raised(context, {f"f{number}" for number in range(300, 420)}).values())


def test_only_the_latest_theme_set_of_a_data_set_stays_in_memory(context: JobContext) -> None:
    analyze(context)
    first = current(context).theme_set
    assert current(context).theme_set is first
    analyze(context, relearn=True)
    assert current(context).theme_set is not first
    assert current(context).theme_set is current(context).theme_set


def test_new_records_are_found_by_their_theme_at_once(context: JobContext) -> None:
    analyze(context)
    run_now(context, send(context, "shop", as_csv(some_rows(40, first=200))))
    reading = SqlReading(context.database)
    row = next(row for row in reading.records(Filters(dataset="shop"), limit=1000).rows if row["record_id"] == "f200")
    assert row["primary_stage"]
    with_theme = Filters(dataset="shop", theme=row["primary_theme_id"])
    assert "f200" in {found["record_id"] for found in reading.records(with_theme, limit=1000).rows}
    names = {theme["theme_id"]: theme["name"] for theme in reading.themes(Filters(dataset="shop")).rows}
    entries = context.triage.page("shop", limit=200)[0]
    assert {entry.record_id for entry in entries} & {f"f{number}" for number in range(200, 240)}
    assert all(entry.theme == names.get(entry.theme_id or "") for entry in entries)


def test_themes_keep_their_ids_whether_they_are_used_again_or_learned_again(context: JobContext) -> None:
    analyze(context)
    first = current(context).theme_set
    ids = {theme.theme_id for theme in first.themes}
    analyze(context)
    assert to_bytes(current(context).theme_set) == to_bytes(first)
    analyze(context, relearn=True)
    again = current(context).theme_set
    assert (again.set_id, again.version) == (first.set_id, 2)
    assert {theme.theme_id for theme in again.themes} == ids
    assert told(context)["how"] == "learned again"
    assert told(context)["changes"]["continued"] == len(ids)


def test_themes_are_learned_again_once_the_data_set_has_doubled(context: JobContext) -> None:
    analyze(context)
    first = current(context)
    run_now(context, send(context, "shop", as_csv(some_rows(130, first=200))))
    analyze(context, relearn=False)
    assert told(context)["how"] == "assigned"
    analyze(context)
    assert (told(context)["how"], current(context).theme_set.set_id) == ("learned again", first.theme_set.set_id)
    assert (current(context).learned_from or 0) > (first.learned_from or 0)
    analyze(context)
    assert told(context)["how"] == "assigned"


def test_every_process_sees_a_new_theme_set(context: JobContext, tmp_path: Path) -> None:
    other = light_context(context.database, tmp_path / "spool", batch_rows=200)
    dataset = context.datasets.get("shop").id
    assert other.theme_sets.current(dataset) is None
    analyze(context)
    seen = other.theme_sets.current(dataset)
    assert seen is not None
    analyze(context, relearn=True)
    assert seen.theme_set.version == 1
    assert current(other).theme_set.version == 2


@pytest.fixture
def named(context: JobContext, tmp_path: Path) -> ThemeSet:
    """A named set, learned from the data set as by the command line."""
    analyze(context)
    found = current(context).theme_set
    save(found, tmp_path / "sets" / "house")
    context.datasets.delete("shop")
    context.datasets.put("shop")
    return found


def name_it(context: JobContext, theme_set: ThemeSet) -> None:
    context.datasets.put("shop", theme_set=CurrentSet(theme_set=theme_set, name="house", learned_from=None))


def test_a_named_set_counts_for_new_records_before_any_analysis_and_for_every_analysis(
    context: JobContext, named: ThemeSet
) -> None:
    name_it(context, named)
    run_now(context, send(context, "shop", as_csv(some_rows(60, first=500))))
    ids = {theme.theme_id for theme in named.themes}
    new = {theme for theme, _, _ in raised(context, {f"f{number}" for number in range(500, 560)}).values() if theme}
    assert new
    assert new <= ids
    analyze(context)
    assert told(context) == {"set_id": named.set_id, "version": 1, "name": "house", "how": "assigned", "changes": {}}
    assert set(context.analyses.current("shop")[1].themes["theme_id"]) <= ids
    assert context.datasets.get("shop").theme_set == "house"


def test_a_stored_copy_of_a_named_set_knows_segments_of_the_data_set_only(context: JobContext, named: ThemeSet) -> None:
    name_it(context, named)
    run_now(context, send(context, "shop", as_csv(some_rows(60))))
    analyze(context)
    kept = current(context).theme_set
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


def test_nothing_of_an_erased_person_stays_in_the_theme_set(context: JobContext) -> None:
    analyze(context)
    before = current(context).theme_set
    mine = {"f6", "f7", "f8"}
    assert mine & set(before.members["record_id"])
    erase_respondent(context, "customer-2", requested_by="shop")
    after = current(context).theme_set
    assert not mine & set(after.members["record_id"])
    assert set(after.sample_ids) == {
        segment
        for segment, record in before.members.select("segment_id", "record_id").iter_rows()
        if record not in mine
    } & set(before.sample_ids)
    assert len(after.sample) == len(after.sample_ids)
    assert after.themes == before.themes
    analyze(context)
    assert not mine & set(current(context).theme_set.members["record_id"])


def test_a_set_comes_back_from_its_bytes_and_equal_sets_have_equal_bytes(context: JobContext) -> None:
    analyze(context)
    content = to_bytes(current(context).theme_set)
    assert to_bytes(from_bytes(content)) == content
