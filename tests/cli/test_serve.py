from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(*flags: str, tmp_path: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "TEXTCX_THREADS": "1"}
    with (tmp_path / "log").open("w") as log, (tmp_path / "out").open("w") as out:
        # a pipe that nobody reads would fill up and stop the service
        return subprocess.Popen(
            [sys.executable, "-m", "textcx", "serve", *flags], cwd=tmp_path, env=environment, stdout=out, stderr=log
        )


def test_the_command_makes_the_first_key_serves_the_shipped_model_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    process = start("--host", "0.0.0.0", "--port", str(port), "--first-key", tmp_path=tmp_path)  # noqa: S104 - it has a key
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
            (secret,) = (tmp_path / "out").read_text().splitlines()
            answer = client.post("/v1/analyze", json=body, headers={"authorization": f"Bearer {secret}"})
            assert answer.json()["items"][0]["label"] == "negative"
            assert answer.json()["items"][0]["pain_points"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    logged = (tmp_path / "log").read_text()
    assert process.returncode in {0, -signal.SIGTERM}
    assert f"http://0.0.0.0:{port}/openapi.json" in logged
    assert '"event": "stopped"' in logged
    assert "secretword" not in logged
    assert secret not in logged
    assert (tmp_path / "out").read_text() == f"{secret}\n"


def test_the_command_refuses_strangers_without_a_key(tmp_path: Path) -> None:
    process = start("--host", "0.0.0.0", "--port", "0", tmp_path=tmp_path)  # noqa: S104 - it is refused
    assert process.wait(timeout=120) == 2
    assert "--first-key" in (tmp_path / "log").read_text()


def test_help_costs_less_than_half_a_second_of_the_processor() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "textcx", "serve", "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5
