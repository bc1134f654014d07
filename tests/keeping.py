"""The service with a database, a spool and light engines, on a real server on loopback; jobs run in it.

Its threads and files are its own, so there is one such service at a time.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from job_context import light_tools, some_rows
from serving import FakeTools

from api.main import create_app
from textcx.settings.analysis import Settings
from textcx.settings.service import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OVER = {"done", "failed", "cancelled"}


class Kept(httpx.Client):
    """A client that knows what tests do again and again."""

    app: Any

    def records(self, dataset: str, rows: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
        """Send records as JSON and wait until they are stored."""
        answer = self.post(f"/v1/datasets/{dataset}/records", json={"records": rows}, **options)
        assert answer.status_code == 202, answer.text
        return self.over(answer.json())

    def over(self, job: dict[str, Any], *, seconds: float = 120.0) -> dict[str, Any]:
        """Wait until a job is over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found: dict[str, Any] = self.get(f"/v1/jobs/{job['id']}").json()
            if found["state"] in OVER:
                return found
            time.sleep(0.03)
        msg = f"the job is {found['state']} after {seconds} seconds"
        raise AssertionError(msg)

    def analyzed(self, dataset: str) -> dict[str, Any]:
        """Analyze a data set and wait until that is done."""
        answer = self.post("/v1/jobs", json={"kind": "analyze", "dataset": dataset})
        assert answer.status_code == 202, answer.text
        done = self.over(answer.json())
        assert done["state"] == "done", done["errors"]
        return done


def as_records(count: int, *, first: int = 0) -> list[dict[str, Any]]:
    """Make records as callers send them."""
    return [
        {
            "id": row["id"], "text": row["comment"], "created_at": row["date"], "respondent": row["customer"],
            "ratings": {"nps": row["nps"]}, "attributes": {"plan": row["plan"]}, "source": "review",
        }
        for row in some_rows(count, first=first)
    ]  # fmt: skip


@contextmanager
def keeping(url: str, folder: Path, **changes: Any) -> Iterator[Kept]:
    """Serve on a free port until the end of the block; gives a client."""
    app = create_app(
        ServiceSettings(
            **{
                "database_url": url, "spool": folder / "spool", "key_cache_seconds": 0.0, "drain_seconds": 5,
                "log_level": "error", **changes,
            }
        ),
        analysis=Settings(threads=1, batch_rows=20),
        make_tools=FakeTools,
        make_job_tools=light_tools,
    )  # fmt: skip
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.005)
        assert thread.is_alive(), "the server did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with Kept(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            client.app = app
            yield client
    finally:
        server.should_exit = True
        thread.join(40)
    assert not thread.is_alive()
