from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

from databases import new_file
from keeping import as_records, keeping

from api.http.logs import set_up_logs

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    import pytest


def test_a_job_goes_on_in_the_next_process_of_the_same_database(tmp_path: Path) -> None:
    url = new_file(tmp_path / "textcx.db")
    with keeping(url, tmp_path) as client:
        client.put("/v1/datasets/shop", json={})
        sent = client.post("/v1/datasets/shop/records", json={"records": as_records(400)}).json()
    with keeping(url, tmp_path) as client:
        job = client.over(sent)
        assert (job["state"], job["counts"]["stored"]) == ("done", 400), job["errors"]


def test_with_jobs_elsewhere_the_service_only_takes_them(tmp_path: Path) -> None:
    url = new_file(tmp_path / "textcx.db")
    with keeping(url, tmp_path, run_jobs=False) as client:
        client.put("/v1/datasets/shop", json={})
        sent = client.post("/v1/datasets/shop/records", json={"records": as_records(3)}).json()
        time.sleep(0.6)
        assert client.get(f"/v1/jobs/{sent['id']}").json()["state"] == "queued"
        assert client.delete(f"/v1/jobs/{sent['id']}").json()["state"] == "cancelled"


def test_an_unreachable_database_makes_the_service_unready_and_says_so(tmp_path: Path) -> None:
    with keeping("postgresql+psycopg://nobody@127.0.0.1:1/none", tmp_path) as client:
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "failed")
        answer = client.get("/v1/datasets")
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.json()["retryable"]
        assert "127.0.0.1" not in answer.text


def test_more_uploads_at_once_than_are_taken_are_told_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.spooling.MOST_UPLOADS", 1)
    with keeping(new_file(tmp_path / "textcx.db"), tmp_path) as client:
        client.put("/v1/datasets/shop", json={})
        begun, go_on = threading.Event(), threading.Event()

        def slowly() -> object:
            yield b"id,comment\n1,Great "
            begun.set()
            assert go_on.wait(20)
            yield b"food.\n"

        def upload() -> None:
            headers = {"content-type": "text/csv"}
            answers.append(client.post("/v1/datasets/shop/records", content=slowly(), headers=headers))  # type: ignore[arg-type]

        answers: list[httpx.Response] = []
        thread = threading.Thread(target=upload)
        thread.start()
        assert begun.wait(20)
        while not list((tmp_path / "spool").iterdir()):
            time.sleep(0.01)
        refused = client.post("/v1/datasets/shop/records", json={"records": as_records(1)})
        go_on.set()
        thread.join(20)
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "overloaded", "5")
        assert answers[0].status_code == 202
        client.over(answers[0].json())


def test_no_text_is_in_a_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with keeping(new_file(tmp_path / "textcx.db"), tmp_path, log_level="debug") as client:
        client.put("/v1/datasets/shop", json={})
        client.records("shop", [{"id": "secretword", "text": "secretword broke", "respondent": "secretword"}])
        client.get("/v1/records", params={"dataset": "shop", "source": "secretword"})
        client.delete("/v1/respondents/secretword")
    set_up_logs(form="json", level="error")
    told = capfd.readouterr()
    assert "/v1/respondents/{respondent" in told.err
    assert "secretword" not in told.err + told.out
    assert all(json.loads(line) for line in told.err.splitlines() if line.startswith("{"))
