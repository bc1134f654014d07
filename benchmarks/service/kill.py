"""Kill the worker of the service at random moments during a job, twenty times, and count the records that survive.

    python -m benchmarks.service.kill [--rows 5000] [--kills 20] [--database sqlite] [--database postgresql]

Ingests and analyzes 5,000 synthetic records on each kind of database, with the engines users have. The worker gets
SIGKILL at random moments, half of the times during each job, and is then left alone. Reports how often and during which
stage it was killed, how long everything took, and how many records were lost or stored twice: both must be 0. Writes
``service_kill.json``; exits with 1 if anything was lost, stored twice or not finished.
"""

from __future__ import annotations

import csv
import io
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from benchmarks.run import RESULTS, machine, parser_for, write_result
from tests.databases import new_database, postgres_server, server_folder
from textcx.domain.service.datasets import Job, JobKind
from textcx.jobs.queue.worker import open_context
from textcx.settings.analysis import Settings
from textcx.settings.service import ServiceSettings
from textcx.store.sql.database import Database
from textcx.store.sql.jobs import NewUpload
from textcx.store.sql.migrations import upgrade
from textcx.store.sql.schema.tables import parts, records

if TYPE_CHECKING:
    import argparse

TEXTS = (
    "The parcel came {} days late and nobody told me why.",
    "I love the colour, it looks great on my {} friends too.",
    "The app crashes whenever I open order {} in my history.",
    "They charged my card twice for order {}. When do I get a refund?",
    "Friendly driver, quick delivery, order {} was perfect.",
    "The zip broke after {} days and support never answered my messages.",
)
COLUMNS = {"text_column": ["comment"], "id_column": "id", "date_column": "date", "respondent_column": "customer"}


def upload(rows: int) -> bytes:
    """Return a CSV file of records, the same each time."""
    chance = random.Random(5)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "comment", "date", "customer"])
    for number in range(rows):
        day = f"2026-0{1 + number % 6}-{1 + number % 28:02d}"
        writer.writerow([f"k{number}", chance.choice(TEXTS).format(number), day, f"c{number // 2}"])
    return out.getvalue().encode()


def start(url: str, spool: Path, options: argparse.Namespace) -> subprocess.Popen[str]:
    """Start a worker and wait until it reports that it is running."""
    command = [sys.executable, "-m", "textcx", "worker", "--database-url", url, "--spool", str(spool)]
    command += ["--batch-rows", str(options.batch_rows)]
    with (spool.parent / "worker.txt").open("ab") as log:
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if worker.stdout is not None:
            log.write(worker.stdout.readline().encode())
            threading.Thread(target=lambda: deque(worker.stdout or (), 0), daemon=True).start()
    return worker


def run(url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run the jobs on one database while killing the worker."""
    database = Database(url)
    upgrade(database)
    spool = folder / "spool"
    context = open_context(database, settings=Settings(), service=ServiceSettings(spool=spool))
    context.datasets.put("kill")
    spooled = context.spool.take([upload(options.rows)], name="kill.csv", most_bytes=1 << 30)
    made = NewUpload(name="kill.csv", spooled=spooled, columns=COLUMNS)
    jobs: list[Job] = [context.jobs.ask(JobKind.INGEST, "kill", upload=made)[0]]
    chance = random.Random(options.seed)
    kills, during = 0, []
    began = time.perf_counter()
    worker = start(url, spool, options)
    until = time.perf_counter() + chance.uniform(0.2, options.longest)
    while True:
        state = context.jobs.get(jobs[-1].id).state
        if state.final and len(jobs) == 1:
            jobs.append(context.jobs.ask(JobKind.ANALYZE, "kill")[0])
        elif state.final:
            break
        most = options.kills // 2 if len(jobs) == 1 else options.kills
        if kills < most and time.perf_counter() >= until:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            kills += 1
            during.append(f"{jobs[-1].kind}: {context.jobs.get(jobs[-1].id).progress.get('stage')}")
            worker = start(url, spool, options)
            until = time.perf_counter() + chance.uniform(0.2, options.longest)
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    worker.kill()
    worker.wait()
    with database.read() as connection:
        dataset_id = context.datasets.get("kill").id
        ids = list(
            connection.execute(sa.select(records.c.record_id).where(records.c.dataset_id == dataset_id)).scalars()
        )
        stored = sa.select(sa.func.count()).select_from(parts).where(parts.c.dataset_id == dataset_id)
        batches = connection.execute(stored).scalar_one()
    states = [str(context.jobs.get(one.id).state) for one in jobs]
    database.close()
    return {
        "kills": kills,
        "kills_by_stage": {stage: during.count(stage) for stage in sorted(set(during))},
        "seconds": round(seconds, 1),
        "states": states,
        "lost": options.rows - len(set(ids)),
        "twice": len(ids) - len(set(ids)),
        "batches": batches,
    }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_for(__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--batch-rows", type=int, default=100)
    parser.add_argument("--longest", type=float, default=6.0, help="seconds between two kills at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "service_kill.json")
    return parser.parse_args()


def main() -> None:
    """Measure every kind of database and write the result."""
    options = arguments()
    report: dict[str, Any] = {
        "command": "python -m benchmarks.service.kill",
        "machine": machine(),
        "records": options.rows,
        "databases": {},
    }
    for kind in options.database or ("sqlite", "postgresql"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            if kind == "sqlite":
                url = f"sqlite:///{folder / 'textcx.db'}"
            else:
                server = stack.enter_context(postgres_server(stack.enter_context(server_folder())))
                url = new_database(server)
            report["databases"][kind] = run(url, folder, options)
        print(json.dumps({kind: report["databases"][kind]}, indent=1), flush=True)
        write_result(report, options.out)
    bad = [
        figures
        for figures in report["databases"].values()
        if figures["lost"] or figures["twice"] or set(figures["states"]) != {"done"}
    ]
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
