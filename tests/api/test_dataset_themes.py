from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from databases import new_file
from fakes import FakeEncoder
from keeping import as_records, keeping
from theme_world import Leaf, learn

from textcx.store.sql.theme_sets import SqlThemeSets
from textcx.store.theme_sets.directory import save
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keeping import Kept


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Named sets: ``other`` is of another encoder, ``broken`` is damaged."""
    folder = tmp_path_factory.mktemp("sets")
    save(learn([Leaf("delivery", {0: 1.0}), Leaf("price", {1: 1.0})]), folder / "other")
    (folder / "broken").mkdir()
    (folder / "broken" / "set.json").write_text("{")
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sets: Path) -> Iterator[Kept]:
    """The service with a data set that was analyzed; its themes are the named set ``house``."""
    folder = tmp_path_factory.mktemp("kept")
    with keeping(new_file(folder / "textcx.db"), folder, theme_sets=sets) as client:
        client.put("/v1/datasets/shop", json={})
        client.records("shop", as_records(120))
        client.analyzed("shop")
        themes = SqlThemeSets(client.app.state.services.stores.context.database).current(1)
        assert themes is not None
        save(themes.theme_set, sets / "house")
        while client.get("/readyz").status_code != 200:
            pass
        yield client


def themes_of(client: Kept, dataset: str) -> set[str]:
    items: list[dict[str, Any]] = client.get("/v1/themes", params={"dataset": dataset}).json()["items"]
    return {row["theme_id"] for row in items}


def test_a_data_set_is_analyzed_with_the_theme_set_it_names(shop: Kept, sets: Path) -> None:
    made = shop.put("/v1/datasets/second", json={"theme_set": "house"})
    assert (made.status_code, made.json()["theme_set"]) == (201, "house")
    ids = {theme.theme_id for theme in load_edited(sets / "house", encoder_id=FakeEncoder().encoder_id).themes}
    shop.records("second", as_records(60, first=400))
    records = shop.get("/v1/records", params={"dataset": "second", "limit": 1000}).json()["items"]
    assert {row["primary_theme_id"] for row in records} - {None} <= ids
    assert any(row["primary_theme_id"] for row in records)
    shop.analyzed("second")
    assert themes_of(shop, "second") <= themes_of(shop, "shop")
    entry = shop.get("/v1/datasets/second/triage").json()["items"][0]
    assert entry["theme_id"] in ids
    assert entry["theme"]


def test_a_theme_set_that_is_not_there_is_refused_and_the_data_set_is_not_made(shop: Kept) -> None:
    for name in ("nowhere", "../shop", "", "other/..", "{{7*7}}"):
        answer = shop.put("/v1/datasets/third", json={"theme_set": name})
        assert (answer.status_code, answer.json()["code"]) in {(404, "theme_set_unknown"), (422, "invalid_request")}
        assert name not in answer.json()["detail"] or not name
    assert shop.get("/v1/datasets/third").status_code == 404


@pytest.mark.parametrize("name", ["other", "broken"])
def test_a_theme_set_that_cannot_be_used_is_refused(shop: Kept, name: str) -> None:
    answer = shop.put("/v1/datasets/third", json={"theme_set": name})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_themes_are_learned_again_where_that_is_asked_for(shop: Kept) -> None:
    ids = themes_of(shop, "shop")
    job = shop.post("/v1/jobs", json={"kind": "analyze", "dataset": "shop", "relearn": True})
    assert shop.over(job.json())["state"] == "done"
    assert themes_of(shop, "shop") == ids


def test_a_named_set_is_not_learned_again_by_the_service(shop: Kept) -> None:
    shop.put("/v1/datasets/fourth", json={"theme_set": "house"})
    answer = shop.post("/v1/jobs", json={"kind": "analyze", "dataset": "fourth", "relearn": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
