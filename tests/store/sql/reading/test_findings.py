from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa
from databases import copy_of, opened
from job_context import as_csv, light_context, run_now, send, some_rows

from textcx.domain.errors import BadCursor, NotFound, WrongUse
from textcx.domain.service.datasets import JobKind, JobState, Page
from textcx.steps.statistics.intervals import share_interval
from textcx.store.sql.reading.counting import Filters
from textcx.store.sql.reading.findings import SqlReading
from textcx.store.sql.schema.tables import themes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textcx.wiring.job_context import JobContext

SHOP = Filters(dataset="shop")


@pytest.fixture(scope="module")
def analyzed(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with an analyzed data set."""
    with opened(module_url) as database:
        context = light_context(database, tmp_path_factory.mktemp("spool"), batch_rows=200)
        context.datasets.put("shop")
        assert run_now(context, send(context, "shop", as_csv(some_rows(120)))).state is JobState.DONE
        job = run_now(context, context.jobs.ask(JobKind.ANALYZE, "shop")[0])
        assert job.state is JobState.DONE, job.errors
    return module_url


@pytest.fixture
def context(analyzed: str, tmp_path: Path) -> Iterator[JobContext]:
    with opened(copy_of(analyzed, tmp_path)) as database:
        yield light_context(database, tmp_path / "spool", batch_rows=200)


@pytest.fixture
def reading(context: JobContext) -> SqlReading:
    return SqlReading(context.database)


def everything(page: object, **options: object) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        some: Page = page(SHOP, cursor=cursor, **options)  # type: ignore[operator]
        found += [str(row) for row in some.rows]
        cursor = some.next_cursor
        if cursor is None:
            return found


def test_what_an_analysis_found_is_told_as_it_was_found(context: JobContext, reading: SqlReading) -> None:
    _, analysis = context.analyses.current("shop")
    assert [row["theme_id"] for row in reading.themes(SHOP).rows] == analysis.themes["theme_id"].to_list()
    assert [row["evidence"] for row in reading.themes(SHOP).rows] == analysis.themes["evidence"].to_list()
    assert [row["pain_point_id"] for row in reading.pain_points(SHOP).rows] == analysis.pain_points[
        "pain_point_id"
    ].to_list()
    assert [row["stage"] for row in reading.journey(SHOP).rows] == analysis.tables["journey"]["stage"].to_list()
    assert len(reading.drivers(SHOP, limit=1000).rows) == analysis.drivers.height
    assert len(reading.trends(SHOP, limit=1000).rows) == min(1000, analysis.tables["trends"].height)
    assert len(reading.ratings(SHOP, limit=1000).rows) == min(1000, analysis.tables["ratings"].height)


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_pages_put_together_are_the_whole(reading: SqlReading, limit: int) -> None:
    for page in (reading.themes, reading.records):
        if limit > 1 or page == reading.themes:
            assert everything(page, limit=limit) == everything(page, limit=1000)


def test_a_cursor_of_another_query_is_refused(reading: SqlReading) -> None:
    cursor = reading.records(SHOP, limit=10).next_cursor
    assert cursor is not None
    for other in (Filters(dataset="shop", label="negative"), Filters(dataset="shop", source="survey")):
        with pytest.raises(BadCursor):
            reading.records(other, limit=10, cursor=cursor)
    with pytest.raises(BadCursor):
        reading.themes(SHOP, cursor=cursor)
    for broken in (cursor[:-2], "x", "", cursor.swapcase(), "\u00e9", "A" * 9000):
        with pytest.raises(BadCursor):
            reading.records(SHOP, cursor=broken)


def test_records_are_filtered_by_everything(reading: SqlReading) -> None:
    whole = reading.records(SHOP, limit=1000).rows
    label, plan = whole[0]["label"], whole[0]["attributes"]["plan"]
    since, until = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    wanted = Filters(dataset="shop", label=label, attributes={"plan": plan}, since=since, until=until)
    found = reading.records(wanted, limit=1000).rows
    assert found
    assert [row["record_id"] for row in found] == [
        row["record_id"]
        for row in whole
        if row["label"] == label and row["attributes"]["plan"] == plan and since <= row["created_at"] < until
    ]


def test_names_with_quotes_and_templates_find_nothing_and_harm_nothing(reading: SqlReading) -> None:
    for odd in ("' OR 1=1 --", "{{7*7}}", "%", '"]}', "a.b[0]", "plan'"):
        assert not reading.records(Filters(dataset="shop", source=odd)).rows
        assert not reading.records(Filters(dataset="shop", attributes={odd: odd})).rows
        assert not reading.records(Filters(dataset="shop", theme=odd)).rows
        with pytest.raises(NotFound):
            reading.records(Filters(dataset=odd))
    assert len(reading.records(SHOP, limit=1000).rows) == 120


def test_themes_of_some_records_are_counted_again(reading: SqlReading) -> None:
    plain = {row["theme_id"]: row for row in reading.themes(SHOP).rows}
    parts = [
        {row["theme_id"]: row for row in reading.themes(Filters(dataset="shop", attributes={"plan": plan})).rows}
        for plan in ("free", "pro")
    ]
    for theme_id, row in plain.items():
        assert sum(part[theme_id]["records"] for part in parts if theme_id in part) == row["records"]
        assert all(part[theme_id]["name"] == row["name"] for part in parts if theme_id in part)


def test_pain_points_of_some_records_keep_their_titles_and_leave_open_what_a_count_cannot_give(
    reading: SqlReading,
) -> None:
    plain = {row["pain_point_id"]: row for row in reading.pain_points(SHOP).rows}
    assert all(row["title"] and row["stages"] and row["severity_p90"] is not None for row in plain.values())
    for row in reading.pain_points(Filters(dataset="shop", attributes={"plan": "pro"})).rows:
        assert row["title"] == plain[row["pain_point_id"]]["title"]
        assert {row[name] for name in ("stages", "severity_p90", "safety", "effect", "trend")} == {None}


def test_quotes_of_some_records_are_theirs(reading: SqlReading) -> None:
    for plan in ("free", "pro"):
        wanted = Filters(dataset="shop", attributes={"plan": plan})
        texts = {row["record_id"]: row["text"] for row in reading.records(wanted, limit=1000).rows}
        rows = (*reading.themes(wanted).rows, *reading.pain_points(wanted).rows)
        assert rows
        for row in rows:
            assert row["evidence"]
            for quote in row["evidence"]:
                assert texts[quote["record_id"]][quote["start"] : quote["end"]] == quote["quote"]


def test_a_group_that_is_too_small_is_not_shown(context: JobContext) -> None:
    wanted = Filters(dataset="shop", attributes={"plan": "free"})
    assert SqlReading(context.database, min_group=5).themes(wanted).rows
    assert not SqlReading(context.database, min_group=5000).themes(wanted).rows


def test_drivers_cannot_be_asked_for_by_record(reading: SqlReading) -> None:
    with pytest.raises(WrongUse, match="over all records"):
        reading.drivers(Filters(dataset="shop", label="negative"))


def test_trends_are_cut_by_time(reading: SqlReading) -> None:
    since = datetime(2026, 3, 1, tzinfo=UTC)
    found = {row["period"] for row in reading.trends(Filters(dataset="shop", since=since), limit=1000).rows}
    whole = {row["period"] for row in reading.trends(SHOP, limit=1000).rows}
    assert found < whole
    assert min(found) in {"2026-03", "2026-W09", "2026-03-01"}


def test_a_record_is_told_with_its_segments(reading: SqlReading) -> None:
    first = reading.records(SHOP, limit=1).rows[0]
    record = reading.record("shop", first["record_id"])
    assert record["segments"]
    assert all(record["text"][one["start"] : one["end"]] == one["text"] for one in record["segments"])
    with pytest.raises(NotFound):
        reading.record("shop", "nowhere")


def test_a_data_set_without_an_analysis_says_so(context: JobContext, reading: SqlReading) -> None:
    context.datasets.put("empty")
    with pytest.raises(NotFound, match="not been analyzed"):
        reading.themes(Filters(dataset="empty"))
    assert reading.records(Filters(dataset="empty")).rows == ()


def test_new_records_join_the_themes_of_the_last_analysis(context: JobContext, reading: SqlReading) -> None:
    run_now(context, send(context, "shop", as_csv(some_rows(12, first=500))))
    new = [row["record_id"] for row in reading.records(SHOP, limit=1000).rows][-12:]
    raised = {one["theme_id"] for record_id in new for one in reading.record("shop", record_id)["segments"]}
    assert raised - {None} <= {row["theme_id"] for row in reading.themes(SHOP).rows}
    assert raised - {None}


def test_a_page_has_a_limit(reading: SqlReading) -> None:
    for limit in (0, 1001):
        with pytest.raises(WrongUse):
            reading.records(SHOP, limit=limit)


ALWAYS = Filters(dataset="shop", since=datetime(2000, 1, 1, tzinfo=UTC))
"""A filter that lets every record with a date through: figures are counted again and must come out the same."""


def test_the_journey_counted_again_has_the_intervals_of_the_analysis(reading: SqlReading) -> None:
    found = {row["stage"]: row for row in reading.journey(ALWAYS).rows}
    known = {row["stage"]: row for row in reading.journey(SHOP).rows if row["segments"]}
    assert found.keys() == known.keys()
    for stage, row in known.items():
        for name in ("segments", "respondents", "polarity", "negative_share", "ci_low", "ci_high"):
            assert found[stage][name] == pytest.approx(row[name], abs=1e-6), (stage, name)


def test_a_share_has_the_interval_of_a_share_with_and_without_filters(reading: SqlReading) -> None:
    for filters in (SHOP, ALWAYS, Filters(dataset="shop", label="negative")):
        rows = reading.themes(filters).rows
        assert rows
        for row in rows:
            n = round(row["records"] / row["share"])
            low, high = share_interval(np.array([float(row["records"])]), np.array([float(n)]))
            assert (row["share_ci_low"], row["share_ci_high"]) == pytest.approx((low[0], high[0]))
            assert row["share_ci_low"] <= row["share"] <= row["share_ci_high"]


def test_a_theme_above_others_counts_and_finds_what_is_raised_of_them(context: JobContext, reading: SqlReading) -> None:
    rows = reading.themes(SHOP).rows
    below = [row["theme_id"] for row in rows[:2]]
    with context.database.write() as connection:
        analysis = connection.execute(sa.select(themes.c.analysis_id).limit(1)).scalar_one()
        above = {"analysis_id": analysis, "place": 999, "theme_id": "above", "name": "both", "level": 1}
        connection.execute(sa.insert(themes).values(**above))
        connection.execute(sa.update(themes).where(themes.c.theme_id.in_(below)).values(parent_theme_id="above"))
    expected = {
        record["record_id"]
        for theme_id in below
        for record in reading.records(Filters(dataset="shop", theme=theme_id), limit=1000).rows
    }
    found = reading.records(Filters(dataset="shop", theme="above"), limit=1000).rows
    assert {row["record_id"] for row in found} == expected
    counted = {row["theme_id"]: row for row in reading.themes(ALWAYS).rows}
    assert counted["above"]["records"] == len(expected)
    assert counted["above"]["evidence"]
    assert {row["theme_id"] for row in reading.pain_points(Filters(dataset="shop", theme="above")).rows} <= set(below)
    assert reading.pain_points(Filters(dataset="shop", theme="above")).rows


def test_new_records_are_counted_where_records_are_filtered(context: JobContext, reading: SqlReading) -> None:
    before = {row["theme_id"]: row["records"] for row in reading.themes(ALWAYS).rows}
    run_now(context, send(context, "shop", as_csv(some_rows(40, first=300))))
    after = {row["theme_id"]: row["records"] for row in reading.themes(ALWAYS).rows}
    assert sum(after.values()) > sum(before.values())
    assert after.keys() == before.keys()
