"""A worker in a process of its own, with light engines; killed and started again by the tests.

Usage: service_worker.py DATABASE_URL SPOOL [PAUSE_SECONDS]
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

from job_context import light_context

from textcx.jobs.queue.runner import Runner
from textcx.store.sql.database import Database


def main() -> None:
    url, spool, *rest = sys.argv[1:]
    context = light_context(Database(url), Path(spool), batch_rows=20)
    if rest:
        slow_down(context.batches, pause=float(rest[0]))
    runner = Runner(context)
    runner.start()
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    threading.Event().wait()


def slow_down(batches: Any, *, pause: float) -> None:
    """Take time before each batch is stored and after, so that a kill finds it in the midst of its work."""
    save = batches.save

    def slowly(*args: Any) -> Any:
        time.sleep(pause)
        saved = save(*args)
        time.sleep(pause)
        return saved

    batches.save = slowly


if __name__ == "__main__":
    main()
