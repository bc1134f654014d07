"""The service in a process of its own, with light engines, as ``textcx serve`` runs it.

Usage: service_process.py PORT DATABASE_URL SPOOL
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from job_context import light_tools
from serving import FakeTools, GatedEncoder

from api.main import create_app
from textcx.settings.analysis import Settings
from textcx.settings.service import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.encoding import Encoding

SLOW = "slowly"
"""A text with this word takes the encoder a second."""


class SlowEncoder(GatedEncoder):
    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        if any(SLOW in text for text in texts):
            print("scoring", flush=True)  # noqa: T201 - the test waits for it
            time.sleep(1.0)
        return super().encode(texts, vectors=vectors, tags=tags)


class SlowTools(FakeTools):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = SlowEncoder(None)


def main() -> None:
    port, url, spool = sys.argv[1:]
    settings = ServiceSettings(
        port=int(port), database_url=url, spool=Path(spool), log_level="error", drain_seconds=60, run_jobs=False
    )
    app = create_app(settings, analysis=Settings(threads=1), make_tools=SlowTools, make_job_tools=light_tools)
    uvicorn.Server(
        uvicorn.Config(
            app,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=settings.drain_seconds,
        )
    ).run()


if __name__ == "__main__":
    main()
