"""Ten minutes of mixed traffic: does the memory of the service stay constant, and is every answer as expected?

    python -m benchmarks.service.soak --data DATA [--minutes 10]

A service on SQLite with its jobs in the same process, and many kinds of callers at once: single texts, batches, whole
analyses, the drop-in shapes, records sent to a data set, reading with filters, triage, CSV sheets, one analyze job
after another, callers that hang up, and requests that are wrong on purpose. Every few seconds the memory of the process
is read (resident set, from ``/proc``).

The first minute does not count: models, caches and the first analysis are loaded then. Growth is the mean of the last
minute divided by that of the second, minus one. Writes ``service_soak.json``; exits with 1 if an answer was 5xx, a
status was unexpected, or a job failed.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.run import RESULTS, distinct_reviews, free_port, machine, parser_for, write_result
from benchmarks.service.load import ours, server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DATASET = "soak"
PACE = {
    "single": 0.02,
    "batch": 0.5,
    "analyze": 0.7,
    "compat": 0.4,
    "predict": 0.2,
    "records": 1.0,
    "reading": 0.3,
    "triage": 0.7,
    "wrong": 0.3,
    "hang_up": 0.5,
    "job": 15.0,
}
"""Mean seconds between two calls of a kind."""
START, NEW = 2000, 0.2
"""Records at the beginning, and the share of new ones among those that come later."""
SAMPLE_SECONDS = 2.0
"""Between two readings of the memory."""
HALF, A_FIFTH = 0.5, 0.2
MINUTE = 60.0
FAILED = 500
SHEETS = ("themes", "pain-points", "journey", "drivers", "ratings", "trends", "records")


@dataclass
class Soak:
    """What callers share and what they observed."""

    client: httpx.AsyncClient
    texts: list[str]
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    statuses: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    last_job: str = ""

    async def ask(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        expected: tuple[int, ...],
        **more: object,
    ) -> httpx.Response:
        """Call and record the status."""
        answer = await self.client.request(method, path, **more)
        self.statuses[f"{kind} {answer.status_code}"] += 1
        if answer.status_code not in expected:
            self.unexpected[f"{kind} {answer.status_code} {answer.text[:300]}"] += 1
        return answer

    async def finished(self, job_id: str) -> None:
        """Wait until a job ends, and record how."""
        while True:
            found = (await self.ask("job", "GET", f"/v1/jobs/{job_id}", expected=(200,))).json()
            if found["state"] in {"done", "failed", "cancelled"}:
                break
            await asyncio.sleep(1)
        self.statuses[f"job {found['state']}"] += 1
        if found["state"] != "done":
            self.unexpected[f"job {found['state']}: {found.get('errors')}"] += 1

    def some(self, count: int) -> list[str]:
        """Draw texts."""
        return self.chance.choices(self.texts, k=count)


async def single(soak: Soak) -> None:
    """One text."""
    await soak.ask("single", "POST", "/v1/sentiment", expected=(200,), json={"text": soak.some(1)[0]})


async def batch(soak: Soak) -> None:
    """A batch with segments."""
    body = {"items": [{"text": text} for text in soak.some(40)], "segments": True, "offset_encoding": "utf16"}
    await soak.ask("batch", "POST", "/v1/sentiment", expected=(200,), json=body)


async def analyze(soak: Soak) -> None:
    """Whole analyses of a few texts."""
    body = {"items": [{"text": text} for text in soak.some(8)]}
    await soak.ask("analyze", "POST", "/v1/analyze", expected=(200,), json=body)


async def compat(soak: Soak) -> None:
    """The shapes of two vendors."""
    if soak.chance.random() < HALF:
        await soak.ask(
            "comprehend",
            "POST",
            "/compat/comprehend",
            expected=(200,),
            headers={
                "X-Amz-Target": "Comprehend_20171127.BatchDetectSentiment",
                "Content-Type": "application/x-amz-json-1.1",
            },
            content=json.dumps({"LanguageCode": "en", "TextList": [text[:1000] for text in soak.some(5)]}),
        )
        return
    documents = [{"id": str(place), "language": "en", "text": text} for place, text in enumerate(soak.some(4))]
    await soak.ask(
        "azure",
        "POST",
        "/compat/azure/language/:analyze-text?api-version=2023-04-01",
        expected=(200,),
        json={
            "kind": "SentimentAnalysis",
            "parameters": {"opinionMining": True},
            "analysisInput": {"documents": documents},
        },
    )


async def predict(soak: Soak) -> None:
    """The shape of text-embeddings-inference."""
    await soak.ask("predict", "POST", "/predict", expected=(200,), json={"inputs": [[text] for text in soak.some(3)]})


async def records(soak: Soak) -> None:
    """Records for the data set, some of them sent before."""
    new = soak.sent < START or soak.chance.random() < NEW
    first = soak.sent if new else soak.chance.randrange(soak.sent - 10)
    rows = [
        {
            "id": f"s{number}",
            "text": soak.texts[number % len(soak.texts)],
            "created_at": f"2026-{1 + number % 9:02d}-{1 + number % 28:02d}T10:00:00Z",
            "respondent": f"c{number % 500}",
            "ratings": {"nps": number % 11},
            "attributes": {"plan": ("free", "pro")[number % 2]},
        }
        for number in range(first, first + 10)
    ]
    soak.sent = max(soak.sent, first + 10)
    path = f"/v1/datasets/{DATASET}/records"
    soak.last_job = (await soak.ask("records", "POST", path, expected=(202,), json={"records": rows})).json()["id"]


async def reading(soak: Soak) -> None:
    """Findings with filters, in pages or as a sheet."""
    sheet = soak.chance.choice(SHEETS)
    params: dict[str, Any] = {"dataset": DATASET, "limit": 20}
    if sheet in {"themes", "pain-points", "journey", "records"} and soak.chance.random() < HALF:
        params |= {"label": "negative", "attribute": "plan=pro"}
    if soak.chance.random() < A_FIFTH:
        params["format"] = "csv"
    await soak.ask("reading", "GET", f"/v1/{sheet}", expected=(200, 404, 409), params=params)


async def triage(soak: Soak) -> None:
    """The queue, and a change to one entry."""
    path = f"/v1/datasets/{DATASET}/triage"
    answer = await soak.ask("triage", "GET", path, expected=(200,), params={"limit": 5})
    items = answer.json().get("items") or []
    if items:
        entry = f"{path}/{items[-1]['record_id']}"
        await soak.ask("triage", "PATCH", entry, expected=(200, 404), json={"note": "seen", "assignee": "Ana"})


async def wrong(soak: Soak) -> None:
    """Requests that must be refused."""
    for method, path, body in (
        ("POST", "/v1/sentiment", b"{"),
        ("POST", "/v1/sentiment", b'{"items": 3}'),
        ("POST", f"/v1/datasets/{DATASET}/records", b'{"records": [{"text": 5}]}'),
        ("GET", f"/v1/records?dataset={DATASET}&cursor=nonsense", None),
        ("GET", "/v1/datasets/..%2F..%2Fetc", None),
    ):
        headers = {"Content-Type": "application/json"} if body else {}
        await soak.ask("wrong", method, path, expected=(400, 404, 422), content=body, headers=headers)


async def hang_up(soak: Soak) -> None:
    """A caller that hangs up before the answer."""
    try:
        await soak.client.post(
            "/v1/sentiment", json={"items": [{"text": text} for text in soak.some(60)]}, timeout=0.02
        )
        soak.statuses["hang_up answered"] += 1
    except httpx.TimeoutException:
        soak.statuses["hang_up gone"] += 1


async def job(soak: Soak) -> None:
    """An analysis of everything stored; waits until it is done."""
    answer = await soak.ask("job", "POST", "/v1/jobs", expected=(202,), json={"kind": "analyze", "dataset": DATASET})
    await soak.finished(answer.json()["id"])


KINDS: dict[str, Callable[[Soak], Awaitable[None]]] = {
    "single": single,
    "batch": batch,
    "analyze": analyze,
    "compat": compat,
    "predict": predict,
    "records": records,
    "reading": reading,
    "triage": triage,
    "wrong": wrong,
    "hang_up": hang_up,
    "job": job,
}


async def again(soak: Soak, kind: str, end: float) -> None:
    """Repeat one kind of call at its pace until time is up."""
    while time.monotonic() < end:
        try:
            await KINDS[kind](soak)
        except httpx.TransportError as error:
            soak.unexpected[f"{kind} {type(error).__name__}"] += 1
        await asyncio.sleep(soak.chance.expovariate(1 / PACE[kind]))


def resident_mib(pid: int) -> float:
    """Return the memory of a process and its children."""
    total = 0.0
    for each in (pid, *children(pid)):
        status = Path(f"/proc/{each}/status").read_text(encoding="ascii", errors="replace")
        total += next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)
    return total


def children(pid: int) -> list[int]:
    """Return the processes that a process started, and their own children."""
    direct = [
        int(each)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for each in (task / "children").read_text(encoding="ascii").split()
    ]
    return direct + [deeper for each in direct for deeper in children(each)]


async def look(pid: int, begin: float, end: float, seen: list[tuple[float, float]]) -> None:
    """Read the memory every few seconds."""
    while time.monotonic() < end:
        seen.append((time.monotonic() - begin, resident_mib(pid)))
        await asyncio.sleep(SAMPLE_SECONDS)


async def soak_for(port: int, texts: list[str], seconds: float) -> tuple[Soak, list[tuple[float, float]]]:
    """Run all kinds of callers for a while."""
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, timeout=60, limits=httpx.Limits(max_connections=64)) as client:
        soak = Soak(client, texts)
        await soak.ask("dataset", "PUT", f"/v1/datasets/{DATASET}", expected=(200, 201), json={"title": "Soak"})
        while soak.sent < START:
            await records(soak)
        await soak.finished(soak.last_job)
        begin = time.monotonic()
        end = begin + seconds
        seen: list[tuple[float, float]] = []
        pid = listener(port)
        callers = [again(soak, kind, end) for kind in KINDS for _ in range(3 if kind == "single" else 1)]
        await asyncio.gather(look(pid, begin, end, seen), *callers)
    return soak, seen


def listener(port: int) -> int:
    """Return the id of the process whose command line names the port."""
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in words and str(port).encode() in words:
            return int(each.name)
    sys.exit("the service is gone")


def mean(seen: list[tuple[float, float]], since: float, until: float) -> float:
    """Return the mean memory over a period."""
    found = [mib for moment, mib in seen if since <= moment < until]
    return sum(found) / len(found)


def main() -> None:
    """Run the traffic and write the result."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--out", type=Path, default=RESULTS / "service_soak.json")
    options = parser.parse_args()
    texts = distinct_reviews(options.data, "womens_clothing", 5000)
    seconds = options.minutes * MINUTE
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch, server(ours(port, Path(scratch)), port=port, cwd=Path(scratch)):
        soak, seen = asyncio.run(soak_for(port, texts, seconds))
    early, late = mean(seen, MINUTE, 2 * MINUTE), mean(seen, seconds - MINUTE, seconds + 1)
    failed = sum(
        count for name, count in soak.statuses.items() if name.split()[-1].isdigit() and int(name.split()[-1]) >= FAILED
    )
    report = {
        "command": "python -m benchmarks.service.soak --data DATA",
        "machine": machine(),
        "minutes": options.minutes,
        "requests": sum(soak.statuses.values()),
        "records_sent": soak.sent,
        "answers_5xx": failed,
        "unexpected": dict(soak.unexpected),
        "second_minute_mib": round(early),
        "last_minute_mib": round(late),
        "growth": round(late / early - 1, 4),
        "peak_mib": round(max(mib for _, mib in seen)),
        "mib_by_minute": [
            round(mean(seen, MINUTE * minute, MINUTE * (minute + 1))) for minute in range(int(options.minutes))
        ],
        "statuses": dict(sorted(soak.statuses.items())),
    }
    write_result(report, options.out)
    print(json.dumps(report, indent=1))
    sys.exit(1 if failed or soak.unexpected else 0)


if __name__ == "__main__":
    main()
