from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx

from textcx.domain.service import Scope
from textcx.store.sql.keys import SqlKeys
from textcx.wiring import open_database

if TYPE_CHECKING:
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(*flags: str, tmp_path: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "TEXTCX_THREADS": "1"}
    with (tmp_path / "log").open("w") as log:  # a pipe that nobody reads would fill up and stop the service
        return subprocess.Popen(
            [sys.executable, "-m", "textcx", "serve", *flags], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )


def test_the_command_serves_the_shipped_model_to_callers_with_a_key_and_stops_when_told(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/textcx/service.sqlite")
    secret = SqlKeys(database).create("test", scopes=[Scope.ANALYZE]).secret
    database.close()
    port = free_port()
    process = start("--port", str(port), tmp_path=tmp_path)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            end = time.monotonic() + 120
            ready = False
            while not ready and time.monotonic() < end:
                assert process.poll() is None
                time.sleep(0.05)
                try:
                    ready = client.get("/readyz").status_code == 200
                except httpx.TransportError:
                    continue
            assert client.get("/readyz").json()["checks"] == {
                "model": "ok", "queue": "ok", "database": "ok", "jobs": "ok"
            }  # fmt: skip
            body = {"text": "The parcel was lost and nobody answered my secretword calls."}
            assert client.post("/v1/sentiment", json=body).status_code == 401
            answer = client.post("/v1/analyze", json=body, headers={"authorization": f"Bearer {secret}"})
            assert answer.json()["items"][0]["label"] == "negative"
            assert answer.json()["items"][0]["pain_points"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    logged = (tmp_path / "log").read_text()
    assert process.returncode in {0, -signal.SIGTERM}
    assert '"event": "stopped"' in logged
    assert "secretword" not in logged
    assert secret not in logged


def test_the_command_refuses_strangers_without_a_key(tmp_path: Path) -> None:
    process = start("--host", "0.0.0.0", tmp_path=tmp_path)  # noqa: S104 - it is refused
    assert process.wait(timeout=120) == 2
    assert "textcx keys create" in (tmp_path / "log").read_text()
