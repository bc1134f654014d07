"""The service is told to stop while answers are open: a real process and a real signal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from databases import new_file

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[2]


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def process(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    url = new_file(tmp_path / "textcx.db")
    started = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(TESTS / "service_process.py"), str(port), url, str(tmp_path / "spool")],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
    )  # fmt: skip
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_service_ends_event_streams_and_answers_what_it_has_begun(
    process: subprocess.Popen[str], port: int, number: signal.Signals
) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        ready = False
        while not ready:
            assert process.poll() is None
            time.sleep(0.05)
            try:
                ready = client.get("/readyz").status_code == 200
            except httpx.TransportError:
                continue
        client.put("/v1/datasets/shop", json={})
        job = client.post("/v1/jobs", json={"kind": "analyze", "dataset": "shop"}).json()
        scored: list[httpx.Response] = []
        scoring = threading.Thread(
            target=lambda: scored.append(client.post("/v1/sentiment", json={"text": "It goes slowly."}))
        )
        with client.stream("GET", f"/v1/jobs/{job['id']}/events") as events:
            lines = events.iter_lines()
            assert next(lines) == "event: progress"
            scoring.start()
            assert process.stdout is not None
            assert process.stdout.readline() == "scoring\n"
            begin = time.monotonic()
            process.send_signal(number)
            assert not any(line == "event: end" for line in lines), "the job is not over, so it must not be called so"
        scoring.join(20)
        process.wait(timeout=20)
        assert time.monotonic() - begin < 10
    assert [answer.status_code for answer in scored] == [200]
    assert scored[0].json()["items"][0]["label"]
