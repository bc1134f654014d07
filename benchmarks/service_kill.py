"""Kill the worker of the service at random moments during an ingest job and its analysis, and count what is left.

    python benchmarks/service_kill.py --database-url sqlite:////tmp/k/textcx.db --spool /tmp/k/spool --out kill.json

One job of 5,000 made-up records, 20 kills with SIGKILL, then a worker that is left alone. Says how often it was killed,
how long all took, and how many records were lost or stored twice: both must be 0. The engines are the real ones, unless
``--light`` asks for those of the tests.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from textcx.config import Settings
from textcx.domain.datasets import Job, JobKind
from textcx.service.worker import open_bench
from textcx.service_config import ServiceSettings
from textcx.store.sql.database import Database
from textcx.store.sql.jobs import NewUpload
from textcx.store.sql.migrations import upgrade
from textcx.store.sql.schema import parts, records

TESTS = Path(__file__).parents[1] / "tests"
SAID = (
    "The parcel came {} days late and nobody told me why.",
    "I love the colour, it looks great on my {} friends too.",
    "The app crashes whenever I open order {} in my history.",
    "They charged my card twice for order {}. When do I get a refund?",
    "Friendly driver, quick delivery, order {} was perfect.",
    "The zip broke after {} days and support never answered my messages.",
)
COLUMNS = {"text_column": ["comment"], "id_column": "id", "date_column": "date", "respondent_column": "customer"}


def upload(rows: int) -> bytes:
    """Make a file of records, the same each time."""
    chance = random.Random(5)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "comment", "date", "customer"])
    for number in range(rows):
        day = f"2026-0{1 + number % 6}-{1 + number % 28:02d}"
        writer.writerow([f"k{number}", chance.choice(SAID).format(number), day, f"c{number // 2}"])
    return out.getvalue().encode()


def start(options: argparse.Namespace) -> subprocess.Popen[str]:
    """Start a worker and wait until it works."""
    if options.light:
        command = [sys.executable, str(TESTS / "service_worker.py"), options.database_url, str(options.spool)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        wait_for_line(worker.stdout)
        return worker
    command = [sys.executable, "-m", "textcx", "worker", "--database-url", options.database_url]
    command += ["--spool", str(options.spool), "--batch-rows", str(options.batch_rows)]
    worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for_line(worker.stderr)
    return worker


def wait_for_line(pipe: IO[str] | None) -> None:
    """Wait until the worker says something."""
    if pipe is not None:
        pipe.readline()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--spool", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--batch-rows", type=int, default=100)
    parser.add_argument("--longest", type=float, default=20.0, help="seconds between two kills at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--light", action="store_true", help="engines of the tests")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def main() -> None:
    """Run it."""
    options = arguments()
    database = Database(options.database_url)
    upgrade(database)
    bench = open_bench(database, settings=Settings(), service=ServiceSettings(spool=options.spool))
    name = f"kill-{int(time.time())}"
    bench.datasets.put(name)
    spooled = bench.spool.take([upload(options.rows)], name="kill.csv", most_bytes=1 << 30)
    made = NewUpload(
        name="kill.csv", spool=spooled.name, size=spooled.size, sha256=spooled.sha256, columns=COLUMNS
    )  # fmt: skip
    job, _ = bench.jobs.ask(JobKind.INGEST, name, upload=made)
    asked: list[Job] = [job]
    chance = random.Random(options.seed)
    kills, during = 0, []
    began = time.perf_counter()
    worker = start(options)
    until = time.perf_counter() + chance.uniform(0.2, options.longest)
    while True:
        state = bench.jobs.get(asked[-1].id).state
        if state.final and len(asked) == 1:
            asked.append(bench.jobs.ask(JobKind.ANALYZE, name)[0])
        elif state.final:
            break
        if kills < options.kills and time.perf_counter() >= until:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            kills += 1
            during.append(str(bench.jobs.get(asked[-1].id).progress.get("stage")))
            worker = start(options)
            until = time.perf_counter() + chance.uniform(0.2, options.longest)
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    worker.kill()
    worker.wait()
    with database.read() as connection:
        dataset_id = bench.datasets.get(name).id
        ids = list(
            connection.execute(sa.select(records.c.record_id).where(records.c.dataset_id == dataset_id)).scalars()
        )
        stored = sa.select(sa.func.count()).select_from(parts).where(parts.c.dataset_id == dataset_id)
        batches = connection.execute(stored).scalar_one()
    report = {
        "database": database.engine.dialect.name,
        "records": options.rows,
        "kills": kills,
        "kills_by_stage": {stage: during.count(stage) for stage in sorted(set(during))},
        "seconds": round(seconds, 1),
        "states": [str(bench.jobs.get(one.id).state) for one in asked],
        "lost": options.rows - len(set(ids)),
        "twice": len(ids) - len(set(ids)),
        "batches": batches,
    }
    print(json.dumps(report, indent=2))
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    database.close()


if __name__ == "__main__":
    main()
