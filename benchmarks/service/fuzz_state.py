"""The service that ``benchmarks.service.fuzz`` calls: started as users start it, and filled so that routes find data.

Nothing leaves this machine: the one webhook that is kept calls a closed loopback port.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import httpx

from benchmarks.run import ROOT, free_port

if TYPE_CHECKING:
    import random
    from pathlib import Path

SAMPLE = ROOT / "sample" / "feedback.csv"
OVER = {"done", "failed", "cancelled"}
START_SECONDS = 60.0
JOB_SECONDS = 300.0
KEPT, INBOX, SPARE, SMALL = "shop", "inbox", "spare", "small"
"""Data sets: one to analyze and read, one that receives records, one that is replaced, one for jobs."""


@dataclass
class Service:
    """``textcx serve`` in a process of its own, with a log file for each start."""

    folder: Path
    threads: int
    base: str = ""
    process: subprocess.Popen[bytes] | None = None
    logs: list[Path] = field(default_factory=list)
    seconds_to_ready: list[float] = field(default_factory=list)

    @property
    def database(self) -> list[str]:
        """The flag that names the database."""
        return ["--database-url", f"sqlite:///{self.folder / 'service.sqlite'}"]

    def start(self, *flags: str) -> None:
        """Start the service and wait until it is ready."""
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.logs.append(self.folder / f"log-{len(self.logs)}.log")
        command = [
            sys.executable,
            "-m",
            "textcx",
            "serve",
            "--port",
            str(port),
            *self.database,
            "--spool",
            str(self.folder / "spool"),
            "--theme-sets",
            str(self.folder / "themes"),
            "--rate-limit",
            "0",
            "--key-cache-seconds",
            "0",
            "--threads",
            str(self.threads),
            *flags,
        ]
        begin = time.perf_counter()
        with self.logs[-1].open("wb") as file:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        while True:
            try:
                if httpx.get(f"{self.base}/readyz", trust_env=False).is_success:
                    break
            except httpx.TransportError:
                pass
            if time.perf_counter() - begin > START_SECONDS or self.process.poll() is not None:
                msg = f"the service did not start: {self.logs[-1].read_text(encoding='utf-8')[-3000:]}"
                raise RuntimeError(msg)
            time.sleep(0.05)
        self.seconds_to_ready.append(round(time.perf_counter() - begin, 1))

    def stop(self) -> int:
        """Stop the service and return its exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        return self.process.wait(timeout=60)

    def key(self, name: str, *scopes: str) -> str:
        """Create a key."""
        flags = [part for scope in scopes for part in ("--scope", scope)]
        return self._keys("create", name, *flags).split()[-1]

    def revoke(self, secret: str) -> None:
        """Revoke a key by its prefix, as ``keys list`` shows it."""
        shown = next(word for word in self._keys("list").split() if word.startswith("tcx_") and secret.startswith(word))
        self._keys("revoke", shown)

    def _keys(self, *words: str) -> str:
        command = [sys.executable, "-m", "textcx", "keys", *words, *self.database]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@dataclass
class State:
    """What is known to exist in the service, by the name of the parameter that refers to it.

    Attributes:
        client: Client that created it.
        values: Known values by name of a path or query parameter.
        cursors: Real cursors of several queries.
        record_ids: Records of the data set that is read; ``triage_ids`` those in its queue.
    """

    client: httpx.Client
    values: dict[str, list[Any]] = field(default_factory=dict)
    cursors: list[str] = field(default_factory=list)
    record_ids: list[str] = field(default_factory=list)
    triage_ids: list[str] = field(default_factory=list)
    failed_job: str = ""
    made: int = 0

    def fill(self) -> None:
        """Upload and analyze the sample, and create one of everything."""
        client = self.client
        for name in (KEPT, INBOX, SPARE, SMALL):
            client.put(f"/v1/datasets/{name}", json={"title": name}).raise_for_status()
        closed = f"http://127.0.0.1:{free_port()}/"
        webhook = self._made(
            "/v1/webhooks", {"url": closed, "events": ["record.urgent", "job.finished"], "dataset": KEPT}
        )
        sent = client.post(
            f"/v1/datasets/{KEPT}/records",
            content=SAMPLE.read_bytes(),
            headers={"content-type": "text/csv"},
            params={"rating": "nps=likely_to_recommend:0-10", "attribute": ["plan", "region"]},
        )
        ingest = self._over(sent, "done")
        self._over(self._records(SMALL, [{"text": "Nice.", "respondent": "leaver"}, {"text": "It broke."}]), "done")
        empty = client.post("/v1/jobs", json={"kind": "analyze", "dataset": SPARE})
        self.failed_job = self._over(empty, "failed")
        analysis = self._over(client.post("/v1/jobs", json={"kind": "analyze", "dataset": KEPT}), "done")
        receipt = client.delete("/v1/respondents/leaver").raise_for_status().json()["id"]
        self.values = {
            "dataset": [KEPT],
            "name": [KEPT],
            "job_id": [ingest, analysis, self.failed_job],
            "webhook_id": [webhook],
            "receipt_id": [receipt],
            "respondent": ["leaver"],
            "attribute": ["plan=Pro", "region=South", "plan=none"],
            "rating": ["nps", "csat"],
            "source": ["review", "survey", "support"],
            "label": ["negative", "positive"],
            "since": ["2026-01-15", "2026-02-01T00:00:00Z"],
            "until": ["2026-12-31"],
            "format": ["csv", "json"],
        }
        themes = self._page("themes", 1)
        self.values["theme"] = [each["theme_id"] for each in themes] or ["none"]
        self.values["stage"] = [each["stage"] for each in self._page("journey", 1)] or ["unknown"]
        self.values["measure"] = sorted({each["measure"] for each in self._page("trends", 50)}) or ["share"]
        self.record_ids = [each["record_id"] for each in self._page("records", 5)]
        queue = client.get(f"/v1/datasets/{KEPT}/triage", params={"limit": 2}).raise_for_status().json()
        self.triage_ids = [each["record_id"] for each in queue["items"]]
        self.cursors += [queue["next_cursor"]] if queue["next_cursor"] else []
        self.values["cursor"] = self.cursors
        if not (themes and self.triage_ids and self.cursors):
            msg = "the sample gave no themes, no triage entries or no second page: routes would not be reached"
            raise RuntimeError(msg)

    def known(self, method: str, path: str, name: str, chance: random.Random) -> object:
        """Return a value for which the route finds something; None where there is none.

        Whatever a case deletes, cancels or replaces is created for it, so that later cases find as much.
        """
        self.made += 1
        if method == "DELETE":
            return self._to_lose(path, name)
        if name == "name" and method == "PUT":
            return SPARE
        if name == "name" and method == "POST":
            return INBOX
        if name == "job_id" and method == "PATCH":
            return self.failed_job
        if name == "record_id":
            return chance.choice(self.triage_ids if "triage" in path else self.record_ids)
        values = self.values.get(name)
        return chance.choice(values) if values else None

    def _to_lose(self, path: str, name: str) -> str | None:
        if name == "name":
            lost = f"gone-{self.made}"
            self.client.put(f"/v1/datasets/{lost}", json={}).raise_for_status()
            return lost
        if name == "job_id":
            return str(self.client.post("/v1/jobs", json={"kind": "analyze", "dataset": SMALL}).json()["id"])
        if name == "webhook_id":
            return self._made(
                "/v1/webhooks", {"url": "https://webhook.invalid/", "events": ["job.finished"], "dataset": SPARE}
            )
        return f"nobody-{self.made}" if "respondents" in path else None

    def tidy(self, method: str, path: str, answer: object) -> None:
        """Cancel what would run on by itself: analyses, and webhooks that call other hosts."""
        if method != "POST" or not isinstance(answer, dict):
            return
        if path == "/v1/jobs":
            self.client.delete(f"/v1/jobs/{answer['id']}")
        elif path == "/v1/webhooks":
            self.client.delete(f"/v1/webhooks/{answer['id']}")

    def settle(self, *, seconds: float = JOB_SECONDS) -> int:
        """Wait until no job is queued or running; return how many still are when time is up."""
        until = time.monotonic() + seconds
        while True:
            waiting = sum(
                len(self.client.get("/v1/jobs", params={"state": state, "limit": 1000}).json()["items"])
                for state in ("queued", "running")
            )
            if not waiting or time.monotonic() > until:
                return waiting
            time.sleep(0.5)

    def _made(self, path: str, body: dict[str, Any]) -> str:
        return str(self.client.post(path, json=body).raise_for_status().json()["id"])

    def _records(self, name: str, records: list[dict[str, Any]]) -> httpx.Response:
        return self.client.post(f"/v1/datasets/{name}/records", json={"records": records})

    def _page(self, kind: str, limit: int) -> list[dict[str, Any]]:
        page = self.client.get(f"/v1/{kind}", params={"dataset": KEPT, "limit": limit}).raise_for_status().json()
        self.cursors += [page["next_cursor"]] if page["next_cursor"] else []
        items: list[dict[str, Any]] = page["items"]
        return items

    def _over(self, answer: httpx.Response, wanted: str) -> str:
        job = answer.raise_for_status().json()
        until = time.monotonic() + JOB_SECONDS
        while job["state"] not in OVER and time.monotonic() < until:
            time.sleep(0.2)
            job = self.client.get(f"/v1/jobs/{job['id']}").raise_for_status().json()
        if job["state"] != wanted:
            msg = f"a job of the preparation is {job['state']} and not {wanted}: {json.dumps(job['errors'])}"
            raise RuntimeError(msg)
        return str(job["id"])


def heard(files: list[Path], wanted: str) -> list[str]:
    """Return every leak in the logs: file, line number and the match alone."""
    pattern = re.compile(wanted, re.IGNORECASE)
    found = []
    for file in files:
        for number, line in enumerate(_lines(file.open("rb")), start=1):
            found += [f"{file.name}:{number}: {match}" for match in pattern.findall(line)]
    return found


def _lines(file: IO[bytes]) -> list[str]:
    with file:
        return file.read().decode("utf-8", "replace").splitlines()
