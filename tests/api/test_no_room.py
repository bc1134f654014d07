"""No room on the disk, and no database: what callers are told meanwhile, and that nothing is left behind."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from databases import new_database, new_file, refused
from keeping import as_records, keeping

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

MEGABYTE = 1 << 20
DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))


def many(megabytes: int) -> Iterator[bytes]:
    yield b"id,comment\n"
    line = b"%d," + b"the parcel was late and nobody called " * 25 + b"\n"
    for number in range(megabytes * MEGABYTE // len(line) + 1):
        yield line % number


def test_an_upload_for_which_there_is_no_room_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with keeping(new_file(tmp_path / "textcx.db"), tmp_path, run_jobs=False) as client:
        client.put("/v1/datasets/shop", json={})
        resource.setrlimit(resource.RLIMIT_FSIZE, (16 * MEGABYTE, hard))  # of the whole process, so only for a moment
        try:
            answer = client.post(
                "/v1/datasets/shop/records", content=many(24), headers={"content-type": "text/csv"}
            )  # fmt: skip
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (507, "storage_full", True)
        assert not list((tmp_path / "spool").iterdir())
        assert client.get("/v1/jobs").json()["items"] == []
        again = client.post("/v1/datasets/shop/records", json={"records": as_records(2)})
        assert again.status_code == 202
    assert "507" in DOCUMENT["paths"]["/v1/datasets/{name}/records"]["post"]["responses"]


def test_a_full_database_takes_no_upload_and_is_still_read(tmp_path: Path) -> None:
    full = {"at": 0}
    with keeping(new_file(tmp_path / "textcx.db"), tmp_path, run_jobs=False) as client:
        client.put("/v1/datasets/shop", json={})
        engine = client.app.state.services.stores.context.database.engine

        @sa.event.listens_for(engine, "checkout")
        def _limit(connection: Any, *_: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {full['at'] or 1 << 30}")

        with engine.connect() as connection:
            full["at"] = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        put = sent = None
        for number in range(200):
            put = client.put(f"/v1/datasets/shop-{number}", json={"title": "x" * 200})
            if put.status_code != 201:
                break
        for number in range(200):
            sent = client.post("/v1/datasets/shop/records", json={"records": as_records(1, first=number)})
            if sent.status_code != 202:
                break
        for answer in (put, sent):
            assert answer is not None
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        waiting = client.get("/v1/jobs", params={"limit": 1000}).json()["items"]
        assert len(list((tmp_path / "spool").iterdir())) == len(waiting)
        full["at"] = 0
        assert client.post("/v1/datasets/shop/records", json={"records": as_records(1)}).status_code == 202


def test_while_the_database_is_gone_callers_hear_so_and_afterwards_the_job_goes_on(
    postgres: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with keeping(new_database(postgres, tables=True), tmp_path) as client:
        client.put("/v1/datasets/shop", json={})
        job = client.post("/v1/datasets/shop/records", json={"records": as_records(100)}).json()
        with refused(client.app.state.services.stores.context.database, postgres):
            for answer in (
                client.get("/v1/datasets"), client.get(f"/v1/jobs/{job['id']}"),
                client.post("/v1/jobs", json={"kind": "analyze", "dataset": "shop"}),
                client.post("/v1/datasets/shop/records", json={"records": as_records(3)}),
                client.put("/v1/datasets/other", json={}),
            ):  # fmt: skip
                assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
                assert answer.json()["retryable"]
            assert client.get("/readyz").json()["checks"]["database"] == "failed"
            assert client.get("/livez").status_code == 200
        done = client.over(job)
        assert (done["state"], done["counts"]["stored"]) == ("done", 100), done["errors"]
        assert client.get("/readyz").status_code == 200
        assert not list((tmp_path / "spool").iterdir())
    told = capfd.readouterr()
    assert "parcel came" not in told.err + told.out
