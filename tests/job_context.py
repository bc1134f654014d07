"""A job context with light engines, and uploads for it: what the tests of the service's jobs work with."""

from __future__ import annotations

import csv
import io
import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from fakes import (
    NO_MATTERS,
    FakeEncoder,
    FakeLanguageDetector,
    FakePhraseFinder,
    FakeRedactor,
    FakeSplitter,
    FakeThemeModel,
)
from languages import ENGLISH

from textcx.domain.service.datasets import Job, JobKind
from textcx.pipelines.batch import RecordTools
from textcx.pipelines.corpus_tools import CorpusTools
from textcx.pipelines.incoming import IncomingTools
from textcx.settings.analysis import Settings
from textcx.steps.journey import stage_vectors
from textcx.store.sql.jobs import NewUpload
from textcx.wiring.job_context import JobContext
from textcx.wiring.job_tools import JobTools
from textcx.wiring.sources import respondent_key
from textcx.wiring.theme_sets import DirectoryThemeSets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textcx.store.sql.database import Database

T = TypeVar("T")
SAID = (
    "The parcel: {} days late.", "I love colour {}. Great.", "The app crashes: order {}.", "Charged twice, order {}. Refund?",
    "Friendly driver, quick delivery {}.", "The zip broke: {} days.",
)  # fmt: skip
"""What customers say in the rows below: too short for near copies."""


def light_tools() -> JobTools:
    """Return engines that load nothing."""
    encoder, phrases = FakeEncoder(), FakePhraseFinder()
    return JobTools(
        record=RecordTools(
            encoder=encoder,
            language=ENGLISH,
            languages=FakeLanguageDetector(),
            redactor=FakeRedactor(),
            splitter=FakeSplitter(),
            respondent_key=respondent_key(),
        ),
        corpus=CorpusTools(encoder=encoder, themes=FakeThemeModel(), phrases=phrases, language=ENGLISH),
        incoming=IncomingTools(
            phrases=phrases,
            language=ENGLISH,
            stages=stage_vectors(ENGLISH.journey, encoder, NO_MATTERS),
            pain_threshold=0.5,
            offer_words=frozenset(),
        ),
        models=(),
    )


def light_context(
    database: Database, spool: Path, *, batch_rows: int = 20, patience: float = 10.0, named_sets: Path | None = None
) -> JobContext:
    """Return a job context with engines that load nothing."""
    settings = Settings(batch_rows=batch_rows, threads=1)
    sets = None if named_sets is None else DirectoryThemeSets(named_sets)
    return JobContext(
        database=database, settings=settings, spool=spool, tools=light_tools, named_sets=sets, patience=patience
    )  # fmt: skip


def some_rows(count: int, *, first: int = 0) -> list[dict[str, Any]]:
    """Make rows of a file: an id, a text, a date, who said it, a rating and a plan."""
    made = []
    for number in range(first, first + count):
        chance = random.Random(number)
        made.append({
            "id": f"f{number}", "comment": chance.choice(SAID).format(2 + number),
            "date": f"2026-0{1 + number % 6}-{1 + number % 28:02d}", "customer": f"customer-{number // 3}",
            "nps": chance.randint(0, 10), "plan": chance.choice(["free", "pro"]),
        })  # fmt: skip
    return made


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    """Write rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


COLUMNS = {
    "text_column": ["comment"], "id_column": "id", "date_column": "date", "respondent_column": "customer",
    "rating": ["nps=nps:0-10"], "attribute": ["plan"],
}  # fmt: skip


def send(context: JobContext, dataset: str, content: bytes, *, name: str = "feedback.csv", **options: Any) -> Job:
    """Spool a file and ask for its ingest job."""
    spooled = context.spool.take([content], name=name, most_bytes=1 << 30)
    upload = NewUpload(name=name, spooled=spooled, columns=options.pop("columns", COLUMNS))
    return context.jobs.ask(JobKind.INGEST, dataset, upload=upload, **options)[0]


def wait_until(happened: Callable[[], T], *, seconds: float = 60.0) -> T:
    """Wait for something that no event announces, and give what it came to; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline, f"it has not happened within {seconds} seconds"
        time.sleep(0.02)
    return found


def wait_for(context: JobContext, job: Job, *, seconds: float = 60.0) -> Job:
    """Wait until a job is over."""
    wait_until(lambda: context.jobs.get(job.id).state.final, seconds=seconds)
    return context.jobs.get(job.id)


def run_now(context: JobContext, job: Job) -> Job:
    """Run what waits in this thread, the job among it."""
    from textcx.jobs.queue.runner import Runner

    while claimed := context.jobs.claim("here", job.kind):
        Runner(context).run(claimed)
    return context.jobs.get(job.id)
